// SPDX-License-Identifier: GPL-2.0-only
/*
 * The namespaces themselves: who owns them, what is in them, their limits.
 */
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/percpu_counter.h>
#include <linux/user_namespace.h>

#include <net/netlink.h>
#include <uapi/linux/ipcns.h>

#include "attr.h"
#include "layout.h"
#include "ns.h"
#include "object.h"

/* ipc/sem.c: sc_semmsl and so on */
enum { SEMMSL_CTL, SEMMNS_CTL, SEMOPM_CTL, SEMMNI_CTL };

/*
 * Who did something, as the reader sees it. Where a process is in the reader's
 * pid namespace cannot be told once it is gone.
 */
static void actor(const struct ipcns_reader *r, const struct ipcns_actor *in,
		  struct ipcns_actor *out)
{
	*out = *in;
	out->uid = ipcns_reader_uid(r, KUIDT_INIT(in->uid));
	if (r->pid_ns != &init_pid_ns)
		out->pid = 0;
}

/**
 * ipcns_ns_read() - read what is known of a namespace
 * @r:		who asks
 * @ref:	the namespace, referenced
 * @members:	the processes inside
 * @out:	filled in
 *
 * Counts are read without the locks that change them: each is right for some
 * moment during the call.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcns_ns_read(const struct ipcns_reader *r, const struct ipcns_ref *ref,
		  const struct ipcns_members *members, struct ipcns_ns *out)
{
	struct ipc_namespace *ns = ref->ns;
	struct ipcns_known known;

	out->id = ref->id;
	out->inum = ns->ns.inum;
	out->refs = ref->refs;
	out->counted = ipcns_is_counted(ns);
	out->whole = ref->sight == IPCNS_SIGHT_ALL;
	out->mq_dev = new_encode_dev(ns->mq_mnt->mnt_sb->s_dev);
	out->owner_inum = ns->user_ns->ns.inum;
	out->owner_uid = ipcns_reader_uid(r, ns->user_ns->owner);
	out->shm = READ_ONCE(ns->ids[IPC_SHM_IDS].in_use);
	out->sem = READ_ONCE(ns->ids[IPC_SEM_IDS].in_use);
	out->msg = READ_ONCE(ns->ids[IPC_MSG_IDS].in_use);
	out->mq = READ_ONCE(ns->mq_queues_count);
	out->sems = READ_ONCE(ns->used_sems);
	out->msgs = percpu_counter_sum_positive(&ns->percpu_msg_hdrs);
	out->shm_bytes = (u64)READ_ONCE(ns->shm_tot) << PAGE_SHIFT;
	out->msg_bytes = percpu_counter_sum_positive(&ns->percpu_msg_bytes);
	out->mq_bytes_known = ipcns_layout_ok(IPCNS_KIND_MQ);
	out->members = *members;
	memset(&out->dying, 0, sizeof(out->dying));
	memset(&out->born, 0, sizeof(out->born));
	if (ipcns_registry_lookup(ref->id, &known))
		actor(r, &known.born, &out->born);
	return out->mq_bytes_known ? ipcns_mq_bytes(ns, &out->mq_bytes) : 0;
}

/**
 * ipcns_ns_dying() - describe a namespace whose last reference is gone
 * @r:		who asks
 * @known:	what the registry knows of it
 * @out:	filled in
 */
void ipcns_ns_dying(const struct ipcns_reader *r, const struct ipcns_known *known,
		    struct ipcns_ns *out)
{
	memset(out, 0, sizeof(*out));
	out->whole = true;
	out->id = known->id;
	out->inum = known->inum;
	out->owner_inum = known->owner_inum;
	out->owner_uid = ipcns_reader_uid(r, KUIDT_INIT(known->owner_uid));
	out->shm = known->inventory.count[IPCNS_KIND_SHM];
	out->sem = known->inventory.count[IPCNS_KIND_SEM];
	out->msg = known->inventory.count[IPCNS_KIND_MSG];
	out->mq = known->inventory.count[IPCNS_KIND_MQ];
	out->shm_bytes = known->inventory.bytes[IPCNS_KIND_SHM];
	out->msg_bytes = known->inventory.bytes[IPCNS_KIND_MSG];
	actor(r, &known->born, &out->born);
	actor(r, &known->dying, &out->dying);
}

static enum ipcns_state state(const struct ipcns_ns *n)
{
	if (n->dying.time)
		return IPCNS_STATE_DYING;
	/* whose own it is he is a member */
	return n->members.nprocs || !n->whole ? IPCNS_STATE_ACTIVE : IPCNS_STATE_PINNED;
}

static int actor_fill(struct sk_buff *skb, int type, const struct ipcns_actor *a)
{
	struct nlattr *nest;

	if (!a->time)
		return 0;
	nest = ipcns_attr_nest(skb, type);
	if (!nest ||
	    ipcns_attr_u64(skb, IPCNS_A_ACTOR_TIME, ipcns_real_time(a->time), IPCNS_A_ACTOR_PAD))
		return -EMSGSIZE;
	if (a->comm[0] &&
	    (ipcns_attr_u32(skb, IPCNS_A_ACTOR_PID, a->pid) ||
	     ipcns_attr_u32(skb, IPCNS_A_ACTOR_UID, a->uid) ||
	     nla_put(skb, IPCNS_A_ACTOR_COMM, strnlen(a->comm, sizeof(a->comm)), a->comm)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * ipcns_ns_fill() - put a namespace into a message
 * @skb:	the message
 * @n:		the namespace
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_ns_fill(struct sk_buff *skb, const struct ipcns_ns *n)
{
	const struct ipcns_members *m = &n->members;

	if (ipcns_attr_u32(skb, IPCNS_A_NS_INUM, n->inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_ID, n->id, IPCNS_A_NS_PAD) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_STATE, state(n)) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_OWNER_INUM, n->owner_inum) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_OWNER_UID, n->owner_uid) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_SHM, n->shm) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_SEM, n->sem) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_MSG, n->msg) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_SHM_BYTES, n->shm_bytes, IPCNS_A_NS_PAD) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_MSG_BYTES, n->msg_bytes, IPCNS_A_NS_PAD))
		return -EMSGSIZE;
	/* of one that is dying only what its last event told is known */
	if (!n->dying.time &&
	    (ipcns_attr_u32(skb, IPCNS_A_NS_SEMS, n->sems) ||
	     ipcns_attr_u64(skb, IPCNS_A_NS_MSGS, n->msgs, IPCNS_A_NS_PAD)))
		return -EMSGSIZE;
	/* ipcs(1) knows no processes, and of queues what is in the filesystem */
	if (!n->whole)
		return 0;
	if (ipcns_attr_u32(skb, IPCNS_A_NS_NPROCS, m->nprocs) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_MQ, n->mq))
		return -EMSGSIZE;
	if (!n->dying.time &&
	    ((n->counted && ipcns_attr_u32(skb, IPCNS_A_NS_REFS, n->refs)) ||
	     ipcns_attr_u32(skb, IPCNS_A_NS_MQ_DEV, n->mq_dev)))
		return -EMSGSIZE;
	if (n->mq_bytes_known &&
	    ipcns_attr_u64(skb, IPCNS_A_NS_MQ_BYTES, n->mq_bytes, IPCNS_A_NS_PAD))
		return -EMSGSIZE;
	if (m->pid && (ipcns_attr_u32(skb, IPCNS_A_NS_PID, m->pid) ||
		       ipcns_attr_u32(skb, IPCNS_A_NS_PPID, m->ppid) ||
		       ipcns_attr_u32(skb, IPCNS_A_NS_UID, m->uid) ||
		       nla_put(skb, IPCNS_A_NS_COMM, strnlen(m->comm, sizeof(m->comm)), m->comm)))
		return -EMSGSIZE;
	if (actor_fill(skb, IPCNS_A_NS_BORN, &n->born) ||
	    actor_fill(skb, IPCNS_A_NS_DYING, &n->dying))
		return -EMSGSIZE;
	return 0;
}

/**
 * ipcns_limits_read() - read the limits of a namespace
 * @ref:	the namespace, referenced
 * @out:	filled in
 *
 * What /proc/sys/kernel and /proc/sys/fs/mqueue show inside it, see
 * ipc_namespaces(7).
 */
void ipcns_limits_read(const struct ipcns_ref *ref, struct ipcns_limits *out)
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
	out->whole = ref->sight == IPCNS_SIGHT_ALL;
}

/**
 * ipcns_limits_fill() - put the limits of a namespace into a message
 * @skb:	the message
 * @l:		the limits
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_limits_fill(struct sk_buff *skb, const struct ipcns_limits *l)
{
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
