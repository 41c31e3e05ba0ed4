// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of namespaces, and what is used of them.
 */
#include <linux/err.h>

#include "dump.h"
#include "layout.h"
#include "nl_gen.h"
#include "ns.h"

/* ipc/sem.c: sc_semmsl and so on */
enum { SEMMSL_CTL, SEMMNS_CTL, SEMOPM_CTL, SEMMNI_CTL };

/**
 * read_limits() - read the limits of a namespace
 * @ref:	the namespace, referenced
 * @out:	filled in
 *
 * What /proc/sys/kernel and /proc/sys/fs/mqueue show inside it, see
 * ipc_namespaces(7).
 */
static void read_limits(const struct ipcns_ns_ref *ref, struct ipcns_limits *out)
{
	const struct ipc_namespace *ns = ref->ns;

	out->ns_id = ref->id;
	out->ns_inum = ns->ns.inum;
	out->shmmax = READ_ONCE(ns->shm_ctlmax);
	out->shmall = READ_ONCE(ns->shm_ctlall);
	out->shmmni = READ_ONCE(ns->shm_ctlmni);
	out->shm_rmid_forced = READ_ONCE(ns->shm_rmid_forced);
	out->msgmax = READ_ONCE(ns->msg_ctlmax);
	out->msgmnb = READ_ONCE(ns->msg_ctlmnb);
	out->msgmni = READ_ONCE(ns->msg_ctlmni);
	out->semmsl = READ_ONCE(ns->sem_ctls[SEMMSL_CTL]);
	out->semmns = READ_ONCE(ns->sem_ctls[SEMMNS_CTL]);
	out->semopm = READ_ONCE(ns->sem_ctls[SEMOPM_CTL]);
	out->semmni = READ_ONCE(ns->sem_ctls[SEMMNI_CTL]);
	out->mq_queues_max = READ_ONCE(ns->mq_queues_max);
	out->mq_msg_max = READ_ONCE(ns->mq_msg_max);
	out->mq_msgsize_max = READ_ONCE(ns->mq_msgsize_max);
	out->mq_msg_default = READ_ONCE(ns->mq_msg_default);
	out->mq_msgsize_default = READ_ONCE(ns->mq_msgsize_default);
	out->shm = READ_ONCE(ns->ids[IPC_SHM_IDS].in_use);
	out->shm_pages = READ_ONCE(ns->shm_tot);
	out->sem = READ_ONCE(ns->ids[IPC_SEM_IDS].in_use);
	out->sems = READ_ONCE(ns->used_sems);
	out->msg = READ_ONCE(ns->ids[IPC_MSG_IDS].in_use);
	out->mq = READ_ONCE(ns->mq_queues_count);
	out->whole = ref->access == IPCNS_ACCESS_FULL;
}

/**
 * ipcns_limits_fill() - put the limits of a namespace into a message
 * @skb:	the message
 * @record:	a struct ipcns_limits
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_limits_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_limits *l = record;
	const struct {
		int	attr;
		u32	value;
	} u32s[] = {
		{ IPCNS_A_LIMITS_NS_INUM, l->ns_inum },
		{ IPCNS_A_LIMITS_SHMMNI, l->shmmni },
		{ IPCNS_A_LIMITS_SHM_RMID_FORCED, l->shm_rmid_forced },
		{ IPCNS_A_LIMITS_MSGMAX, l->msgmax },
		{ IPCNS_A_LIMITS_MSGMNB, l->msgmnb },
		{ IPCNS_A_LIMITS_MSGMNI, l->msgmni },
		{ IPCNS_A_LIMITS_SEMMSL, l->semmsl },
		{ IPCNS_A_LIMITS_SEMMNS, l->semmns },
		{ IPCNS_A_LIMITS_SEMOPM, l->semopm },
		{ IPCNS_A_LIMITS_SEMMNI, l->semmni },
		{ IPCNS_A_LIMITS_MQ_QUEUES_MAX, l->mq_queues_max },
		{ IPCNS_A_LIMITS_MQ_MSG_MAX, l->mq_msg_max },
		{ IPCNS_A_LIMITS_MQ_MSGSIZE_MAX, l->mq_msgsize_max },
		{ IPCNS_A_LIMITS_MQ_MSG_DEFAULT, l->mq_msg_default },
		{ IPCNS_A_LIMITS_MQ_MSGSIZE_DEFAULT, l->mq_msgsize_default },
		{ IPCNS_A_LIMITS_SHM, l->shm },
		{ IPCNS_A_LIMITS_SEM, l->sem },
		{ IPCNS_A_LIMITS_SEMS, l->sems },
		{ IPCNS_A_LIMITS_MSG, l->msg },
		{ IPCNS_A_LIMITS_PAGE_SIZE, PAGE_SIZE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(u32s); i++)
		if (nla_put_u32(skb, u32s[i].attr, u32s[i].value))
			return -EMSGSIZE;
	if (l->whole && nla_put_u32(skb, IPCNS_A_LIMITS_MQ, l->mq))
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, IPCNS_A_LIMITS_NS_ID, l->ns_id, IPCNS_A_LIMITS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_LIMITS_SHMMAX, l->shmmax, IPCNS_A_LIMITS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_LIMITS_SHMALL, l->shmall, IPCNS_A_LIMITS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_LIMITS_SHM_PAGES, l->shm_pages, IPCNS_A_LIMITS_PAD))
		return -EMSGSIZE;
	return 0;
}

static int limits_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct ipcns_limits *out;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns) {
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out))
				return PTR_ERR(out) == -ENOBUFS ? 0 : PTR_ERR(out);
			read_limits(&refs[i], out);
			ipcns_buf_commit(&d->buf, sizeof(*out));
		}
		d->pos++;
		cond_resched();
	}
	return 0;
}

static const struct ipcns_dump_ops limits_ops = {
	.cmd		= IPCNS_CMD_LIMITS_GET,
	.ns_attr	= IPCNS_A_LIMITS_NS_INUM,
	.access		= IPCNS_ACCESS_OWN,
	.batch		= IPCNS_NS_BATCH,
	.collect	= limits_collect,
	.fill		= ipcns_limits_fill,
};

int ipcns_nl_limits_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_reply_one(skb, info, &limits_ops);
}

int ipcns_nl_limits_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &limits_ops);
}
