// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits of namespaces, and what is used of them.
 */
#include <linux/err.h>

#include "attr.h"
#include "dump.h"
#include "layout.h"
#include "nl_gen.h"

/* ipc/sem.c: sc_semmsl and so on */
enum { SEMMSL_CTL, SEMMNS_CTL, SEMOPM_CTL, SEMMNI_CTL };

/*
 * Members of struct ipc_namespace, and the attributes that report them: what
 * /proc/sys/kernel and /proc/sys/fs/mqueue show inside the namespace, see
 * ipc_namespaces(7), and what is used of that.
 */
#define MEMBER(bits, name, member) {						\
	.attr	= IPCNS_A_LIMITS_##name,					\
	.wide	= (bits) == 64,							\
	.size	= sizeof_field(struct ipc_namespace, member),			\
	.offset	= offsetof(struct ipc_namespace, member),			\
}

static const struct {
	u8	attr;
	bool	wide;
	u8	size;
	u16	offset;
} members[] = {
	MEMBER(64, SHMMAX, shm_ctlmax),
	MEMBER(64, SHMALL, shm_ctlall),
	MEMBER(32, SHMMNI, shm_ctlmni),
	MEMBER(32, SHM_RMID_FORCED, shm_rmid_forced),
	MEMBER(32, MSGMAX, msg_ctlmax),
	MEMBER(32, MSGMNB, msg_ctlmnb),
	MEMBER(32, MSGMNI, msg_ctlmni),
	MEMBER(32, SEMMSL, sem_ctls[SEMMSL_CTL]),
	MEMBER(32, SEMMNS, sem_ctls[SEMMNS_CTL]),
	MEMBER(32, SEMOPM, sem_ctls[SEMOPM_CTL]),
	MEMBER(32, SEMMNI, sem_ctls[SEMMNI_CTL]),
	MEMBER(32, MQ_QUEUES_MAX, mq_queues_max),
	MEMBER(32, MQ_MSG_MAX, mq_msg_max),
	MEMBER(32, MQ_MSGSIZE_MAX, mq_msgsize_max),
	MEMBER(32, MQ_MSG_DEFAULT, mq_msg_default),
	MEMBER(32, MQ_MSGSIZE_DEFAULT, mq_msgsize_default),
	MEMBER(32, SHM, ids[IPC_SHM_IDS].in_use),
	MEMBER(64, SHM_PAGES, shm_tot),
	MEMBER(32, SEM, ids[IPC_SEM_IDS].in_use),
	MEMBER(32, SEMS, used_sems),
	MEMBER(32, MSG, ids[IPC_MSG_IDS].in_use),
	MEMBER(32, MQ, mq_queues_count),
};

/**
 * struct limits - the limits of one namespace and what is used of them
 * @ns_id:	the namespace, and
 * @ns_inum:	its inode number
 * @whole:	the reader may know all of it
 * @value:	values of @members
 */
struct limits {
	u64	ns_id;
	u32	ns_inum;
	bool	whole;
	u64	value[ARRAY_SIZE(members)];
};

static void read_limits(const struct ipcns_ns_ref *ref, struct limits *out)
{
	unsigned int i;

	out->ns_id = ref->id;
	out->ns_inum = ref->ns->ns.inum;
	out->whole = ref->access == IPCNS_ACCESS_FULL;
	for (i = 0; i < ARRAY_SIZE(members); i++) {
		const void *member = (const void *)ref->ns + members[i].offset;

		out->value[i] = members[i].size == sizeof(u64) ? READ_ONCE(*(const u64 *)member) :
								 READ_ONCE(*(const u32 *)member);
	}
}

static int limits_fill(struct sk_buff *skb, const void *record)
{
	const struct limits *l = record;
	unsigned int i;
	int err;

	if (nla_put_u32(skb, IPCNS_A_LIMITS_NS_INUM, l->ns_inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_LIMITS_NS_ID, l->ns_id) ||
	    nla_put_u32(skb, IPCNS_A_LIMITS_PAGE_SIZE, PAGE_SIZE))
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(members); i++) {
		u8 attr = members[i].attr;

		/* ipcs(1) shows queues only as far as the filesystem does */
		if (attr == IPCNS_A_LIMITS_MQ && !l->whole)
			continue;
		err = members[i].wide ? ipcns_attr_u64(skb, attr, l->value[i]) :
					ipcns_attr_u32(skb, attr, l->value[i]);
		if (err)
			return err;
	}
	return 0;
}

static int limits_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct limits *out;
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
	.fill		= limits_fill,
};

IPCNS_DO(limits_get, limits_ops)
IPCNS_DUMP(limits_get, limits_ops)
