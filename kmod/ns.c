// SPDX-License-Identifier: GPL-2.0-only
/*
 * The namespaces themselves: their owners, members and contents, and opening one.
 */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include <net/netlink.h>
#include <uapi/linux/ipcns.h>

#include "attr.h"
#include "dump.h"
#include "layout.h"
#include "nl_gen.h"
#include "ns.h"
#include "object.h"

/*
 * Who did something, as the reader sees it. Where a process is in the reader's
 * pid namespace is unknown once it has ended.
 */
static void actor(const struct ipcns_reader *r, const struct ipcns_actor *in,
		  struct ipcns_actor *out)
{
	*out = *in;
	out->uid = ipcns_reader_uid(r, KUIDT_INIT(in->uid));
	if (r->pid_ns != &init_pid_ns) {
		out->pid = 0;
		/* the process may be one that the reader cannot see */
		if (!r->admin)
			memset(out->comm, 0, sizeof(out->comm));
	}
}

/*
 * Reads what is known of a namespace. Counts are read without the locks that change
 * them: each is right for some moment during the call. May sleep.
 */
static int read_ns(const struct ipcns_reader *r, const struct ipcns_ns_ref *ref,
		   const struct ipcns_members *members, struct ipcns_ns *out)
{
	struct ipc_namespace *ns = ref->ns;
	struct ipcns_ns_info known;

	out->id = ref->id;
	out->inum = ns->ns.inum;
	out->refs = ref->refs;
	out->counted = ipcns_is_counted(ns);
	out->whole = ref->access == IPCNS_ACCESS_FULL;
	out->mq_dev = new_encode_dev(ns->mq_mnt->mnt_sb->s_dev);
	out->owner_inum = ns->user_ns->ns.inum;
	out->owner_uid = ipcns_reader_uid(r, ns->user_ns->owner);
	out->shm = READ_ONCE(ns->ids[IPC_SHM_IDS].in_use);
	out->sem = READ_ONCE(ns->ids[IPC_SEM_IDS].in_use);
	out->msg = READ_ONCE(ns->ids[IPC_MSG_IDS].in_use);
	out->mq = READ_ONCE(ns->mq_queues_count);
	out->sems = READ_ONCE(ns->used_sems);
	out->msgs = ipcns_msg_count(ns);
	out->shm_bytes = (u64)READ_ONCE(ns->shm_tot) << PAGE_SHIFT;
	out->msg_bytes = ipcns_msg_bytes(ns);
	out->mq_bytes_known = out->whole && ipcns_layout_ok(IPCNS_KIND_MQ);
	out->members = *members;
	memset(&out->dying, 0, sizeof(out->dying));
	memset(&out->born, 0, sizeof(out->born));
	if (ipcns_registry_lookup(ref->id, &known))
		actor(r, &known.born, &out->born);
	return out->mq_bytes_known ? ipcns_mq_bytes(ns, &out->mq_bytes) : 0;
}

/* Describes a namespace without references: what the registry knows of it. */
static void describe_dying(const struct ipcns_reader *r, const struct ipcns_ns_info *known,
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
	/* the caller's own namespace: the caller is a member */
	return n->members.nprocs || !n->whole ? IPCNS_STATE_ACTIVE : IPCNS_STATE_PINNED;
}

/**
 * ipcns_actor_fill() - put who did something into a message
 * @skb:	the message
 * @type:	the attribute
 * @a:		who; nothing is put if its time is 0
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_actor_fill(struct sk_buff *skb, int type, const struct ipcns_actor *a)
{
	struct nlattr *nest;

	if (!a->time)
		return 0;
	nest = ipcns_attr_nest(skb, type);
	if (!nest ||
	    ipcns_attr_u64(skb, IPCNS_A_ACTOR_TIME, ipcns_real_time(a->time)))
		return -EMSGSIZE;
	if ((a->pid || a->comm[0]) &&
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
 * @record:	a struct ipcns_ns
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_ns_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_ns *n = record;
	const struct ipcns_members *m = &n->members;

	if (ipcns_attr_u32(skb, IPCNS_A_NS_INUM, n->inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_ID, n->id) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_STATE, state(n)) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_OWNER_INUM, n->owner_inum) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_OWNER_UID, n->owner_uid) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_SHM, n->shm) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_SEM, n->sem) ||
	    ipcns_attr_u32(skb, IPCNS_A_NS_MSG, n->msg) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_SHM_BYTES, n->shm_bytes) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_MSG_BYTES, n->msg_bytes))
		return -EMSGSIZE;
	/* of a dying namespace only what its last event reported is known */
	if (!n->dying.time &&
	    (ipcns_attr_u32(skb, IPCNS_A_NS_SEMS, n->sems) ||
	     ipcns_attr_u64(skb, IPCNS_A_NS_MSGS, n->msgs)))
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
	    ipcns_attr_u64(skb, IPCNS_A_NS_MQ_BYTES, n->mq_bytes))
		return -EMSGSIZE;
	if (m->pid && (ipcns_attr_u32(skb, IPCNS_A_NS_PID, m->pid) ||
		       ipcns_attr_u32(skb, IPCNS_A_NS_PPID, m->ppid) ||
		       ipcns_attr_u32(skb, IPCNS_A_NS_UID, m->uid) ||
		       nla_put(skb, IPCNS_A_NS_COMM, strnlen(m->comm, sizeof(m->comm)), m->comm)))
		return -EMSGSIZE;
	if (ipcns_actor_fill(skb, IPCNS_A_NS_BORN, &n->born) ||
	    ipcns_actor_fill(skb, IPCNS_A_NS_DYING, &n->dying))
		return -EMSGSIZE;
	return 0;
}

/* Progress of a dump of namespaces: dying ones up to this one have been collected. */
struct ns_get {
	u64	last_death;
};

static int ns_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct ipcns_members *members;
	struct ipcns_ns *out;
	bool whole = false;
	int err = 0;
	u32 i;

	/* a batch has room in the buffer: note_found() counts all of it as collected */
	BUILD_BUG_ON(IPCNS_NS_BATCH * (sizeof(*out) + sizeof(u64)) > IPCNS_BUF_MAX / 16 * 15);
	members = kvcalloc(n, sizeof(*members), GFP_KERNEL_ACCOUNT);
	if (!members)
		return -ENOMEM;
	/* a caller who sees only their own namespace is told of no processes: none are looked for */
	for (i = 0; i < n; i++)
		whole |= refs[i].ns && refs[i].access == IPCNS_ACCESS_FULL;
	if (whole)
		err = ipcns_members(&d->reader, refs, n, members);
	for (i = 0; i < n && !err; i++) {
		if (refs[i].ns) {
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out)) {
				err = PTR_ERR(out);
				break;
			}
			err = read_ns(&d->reader, &refs[i], &members[i], out);
			if (err)
				break;
			ipcns_buf_commit(&d->buf, sizeof(*out));
		}
		d->pos++;
		cond_resched();
	}
	kvfree(members);
	return err == -ENOBUFS ? 0 : err;
}

static int ns_collect_dying(struct ipcns_dump *d)
{
	struct ns_get *get = d->priv;
	struct ipcns_ns_info *known;
	struct ipcns_ns *out;
	u32 i, n;
	int added = 0;

	if (!d->reader.admin)
		return 0;
	known = kvmalloc_array(IPCNS_DYING_WINDOW, sizeof(*known), GFP_KERNEL_ACCOUNT);
	if (!known)
		return -ENOMEM;
	while (!added && (n = ipcns_registry_dying(known, IPCNS_DYING_WINDOW, &get->last_death))) {
		for (i = 0; i < n; i++) {
			if ((d->id && known[i].id != d->id) || (d->inum && known[i].inum != d->inum))
				continue;
			/* its last reference was dropped during the dump */
			if (ipcns_dump_collected(d, known[i].cookie))
				continue;
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out)) {
				added = PTR_ERR(out);
				break;
			}
			describe_dying(&d->reader, &known[i], out);
			ipcns_buf_commit(&d->buf, sizeof(*out));
			added++;
		}
	}
	kvfree(known);
	return added;
}

static const struct ipcns_dump_ops ns_ops = {
	.cmd		= IPCNS_CMD_NS_GET,
	.priv_size	= sizeof(struct ns_get),
	.ns_attr	= IPCNS_A_NS_INUM,
	.access		= IPCNS_ACCESS_OWN,
	.batch		= IPCNS_NS_BATCH,
	.collect	= ns_collect,
	.collect_dying	= ns_collect_dying,
	.fill		= ipcns_ns_fill,
	.seq_attr	= IPCNS_A_NS_SEQ,
};

IPCNS_DO(ns_get, ns_ops)
IPCNS_DUMP(ns_get, ns_ops)

/* What was opened, for the process that asks. */
struct opened {
	u64	id;
	u32	inum;
	int	fd;
};

static struct ns_common *get_self(struct ns_common *common)
{
	get_ipc_ns(container_of(common, struct ipc_namespace, ns));
	return common;
}

static int open_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct opened *out = ipcns_buf_reserve(&d->buf, sizeof(*out));

	if (IS_ERR(out))
		return PTR_ERR(out);
	out->id = refs->id;
	out->inum = refs->ns->ns.inum;
	/* close-on-exec, in the caller, who sent the request */
	out->fd = open_related_ns(&refs->ns->ns, get_self);
	if (out->fd < 0)
		return out->fd;
	ipcns_buf_commit(&d->buf, sizeof(*out));
	d->pos++;
	return 0;
}

static int open_fill(struct sk_buff *skb, const void *record)
{
	const struct opened *o = record;

	if (nla_put_u32(skb, IPCNS_A_NS_INUM, o->inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_NS_ID, o->id) ||
	    nla_put_u32(skb, IPCNS_A_NS_FD, o->fd))
		return -EMSGSIZE;
	return 0;
}

static void open_undo(const void *record)
{
	close_fd(((const struct opened *)record)->fd);
}

static const struct ipcns_dump_ops open_ops = {
	.cmd		= IPCNS_CMD_NS_OPEN,
	.ns_attr	= IPCNS_A_NS_INUM,
	.access		= IPCNS_ACCESS_FULL,
	.collect	= open_collect,
	.fill		= open_fill,
	.undo		= open_undo,
};

IPCNS_DO(ns_open, open_ops)
