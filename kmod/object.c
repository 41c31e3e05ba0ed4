// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all kinds of objects have in common.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/sched/signal.h>

#include <net/netlink.h>

#include "layout.h"
#include "object.h"

const struct ipcns_kind_ops *const ipcns_kinds[IPCNS_N_KINDS] = {
	[IPCNS_KIND_SHM] = &ipcns_shm_ops,
	[IPCNS_KIND_SEM] = &ipcns_sem_ops,
	[IPCNS_KIND_MSG] = &ipcns_msg_ops,
	[IPCNS_KIND_MQ] = &ipcns_mq_ops,
};

static bool wanted(const struct ipcns_filter *f, const struct kern_ipc_perm *perm)
{
	return !(f->by_id && f->id != (u32)perm->id) &&
	       !(f->by_key && f->key != (u32)perm->key) &&
	       !(f->by_uid && !uid_eq(f->uid, perm->uid));
}

static void read_perm(const struct ipcns_reader *r, const struct kern_ipc_perm *perm,
		      struct ipcns_object *o)
{
	o->id = perm->id;
	o->key = perm->key;
	o->mode = perm->mode & 0777;
	o->uid = ipcns_reader_uid(r, perm->uid);
	o->gid = ipcns_reader_gid(r, perm->gid);
	o->cuid = ipcns_reader_uid(r, perm->cuid);
	o->cgid = ipcns_reader_gid(r, perm->cgid);
}

/**
 * ipcns_sysv_find() - find a System V object by its identifier
 * @ids:	the namespace's table of the kind
 * @id:		the identifier
 *
 * ipc/util.h ipcid_to_idx(): how many low bits of an identifier are the index
 * depends on the boot option ipcmni_extend; the whole identifier decides.
 *
 * Context: RCU read side; the object stays until it ends, but may be deleted.
 * Return: the object, not locked, or NULL.
 */
struct kern_ipc_perm *ipcns_sysv_find(struct ipc_ids *ids, u32 id)
{
	static const u8 index_bits[] = { 15, 24 };
	struct kern_ipc_perm *perm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(index_bits); i++) {
		perm = idr_find(&ids->ipcs_idr, id & (BIT(index_bits[i]) - 1));
		if (perm && perm->id == id)
			return perm;
	}
	return NULL;
}

/**
 * ipcns_sysv_collect() - collect of all System V kinds
 * @c:		the collection
 * @ops:	the kind
 * @ref:	a namespace
 * @next:	index in the kind's idr to go on at
 *
 * As the *_STAT commands of ipc/shm.c and its like: an object found under RCU
 * stays until the section ends, and is read under its own lock unless it was
 * deleted meanwhile. The table's rwsem is not needed.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOBUFS if the buffer is full, -ENOMEM, or -EINTR.
 */
int ipcns_sysv_collect(const struct ipcns_collect *c, const struct ipcns_kind_ops *ops,
		       const struct ipcns_ref *ref, u64 *next)
{
	struct ipc_ids *ids = &ref->ns->ids[ops->ids];
	const struct ipcns_filter *f = c->filter;
	int idx = *next;

	for (;; idx++) {
		struct kern_ipc_perm *perm;
		struct ipcns_object *o;
		bool found = false;

		*next = idx;
		o = ipcns_buf_reserve(c->buf, sizeof(*o));
		if (IS_ERR(o))
			return PTR_ERR(o);

		rcu_read_lock();
		perm = f->by_id ? ipcns_sysv_find(ids, f->id) : idr_get_next(&ids->ipcs_idr, &idx);
		if (!perm) {
			rcu_read_unlock();
			return 0;
		}
		spin_lock(&perm->lock);
		if (!perm->deleted && wanted(f, perm)) {
			read_perm(c->r, perm, o);
			ops->read(c->r, perm, o);
			found = true;
		}
		spin_unlock(&perm->lock);
		rcu_read_unlock();

		if (found) {
			o->ns_id = ref->id;
			o->ns_inum = ref->ns->ns.inum;
			o->name_len = 0;
			ipcns_buf_commit(c->buf, sizeof(*o));
		}
		if (f->by_id)
			return 0;
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

/**
 * ipcns_list_length() - count the entries of a list
 * @list:	head of a list that the caller has locked
 */
u32 ipcns_list_length(const struct list_head *list)
{
	const struct list_head *pos;
	u32 n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

/**
 * ipcns_object_fill() - put an object into a message
 * @skb:	the message
 * @o:		the object
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_object_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	struct nlattr *nest;

	if (nla_put_u32(skb, IPCNS_A_OBJECT_NS_INUM, o->ns_inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_OBJECT_NS_ID, o->ns_id, IPCNS_A_OBJECT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_OBJECT_KIND, o->kind) ||
	    nla_put_u32(skb, IPCNS_A_OBJECT_MODE, o->mode) ||
	    nla_put_u32(skb, IPCNS_A_OBJECT_UID, o->uid) ||
	    nla_put_u32(skb, IPCNS_A_OBJECT_GID, o->gid) ||
	    nla_put_s64(skb, IPCNS_A_OBJECT_CTIME, o->ctime, IPCNS_A_OBJECT_PAD))
		return -EMSGSIZE;
	if (o->kind == IPCNS_KIND_MQ) {
		if (nla_put(skb, IPCNS_A_OBJECT_NAME, o->name_len, o->name))
			return -EMSGSIZE;
	} else if (nla_put_u32(skb, IPCNS_A_OBJECT_ID, o->id) ||
		   nla_put_u32(skb, IPCNS_A_OBJECT_KEY, o->key) ||
		   nla_put_u32(skb, IPCNS_A_OBJECT_CUID, o->cuid) ||
		   nla_put_u32(skb, IPCNS_A_OBJECT_CGID, o->cgid)) {
		return -EMSGSIZE;
	}

	/* the nests have the numbers of the kinds */
	BUILD_BUG_ON(IPCNS_A_OBJECT_MQ - IPCNS_A_OBJECT_SHM != IPCNS_KIND_MQ - IPCNS_KIND_SHM);
	nest = nla_nest_start(skb, IPCNS_A_OBJECT_SHM + o->kind);
	if (!nest || ipcns_kinds[o->kind]->fill(skb, o))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
