// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all kinds of objects have in common.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/msg.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "attr.h"
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
 * ipcns_sysv_visit() - look at one System V object
 * @ids:	the namespace's table of the kind
 * @id:		the identifier
 * @visit:	called with the object locked, under RCU, and not deleted
 * @arg:	for @visit
 *
 * Return: false if there is no such object.
 */
bool ipcns_sysv_visit(struct ipc_ids *ids, u32 id,
		      void (*visit)(struct kern_ipc_perm *perm, void *arg), void *arg)
{
	struct kern_ipc_perm *perm;
	bool found = false;

	rcu_read_lock();
	perm = ipcns_sysv_find(ids, id);
	if (perm) {
		spin_lock(&perm->lock);
		found = !perm->deleted;
		if (found)
			visit(perm, arg);
		spin_unlock(&perm->lock);
	}
	rcu_read_unlock();
	return found;
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
 * ipcns_detail_add() - add what was read of an object
 * @c:		the collection
 * @detail:	what it is
 * @ref:	the namespace
 * @records:	the records, whose namespace and name are filled in here
 * @n:		how many
 * @next:	counts those that were added
 *
 * Return: 0, -ENOBUFS if the buffer is full, or -ENOMEM.
 */
int ipcns_detail_add(const struct ipcns_collect *c, const struct ipcns_detail *detail,
		     const struct ipcns_ref *ref, const void *records, u32 n, u64 *next)
{
	const struct ipcns_filter *f = c->filter;
	u32 i, name_len = f->by_name ? f->name_len : 0;
	struct ipcns_element *out;

	/* both begin alike */
	BUILD_BUG_ON(offsetof(struct ipcns_element, name_len) !=
		     offsetof(struct ipcns_waiter, name_len));
	for (i = 0; i < n; i++, (*next)++) {
		out = ipcns_buf_reserve(c->buf, detail->size + name_len);
		if (IS_ERR(out))
			return PTR_ERR(out);
		memcpy(out, records + i * detail->size, detail->size);
		out->ns_id = ref->id;
		out->ns_inum = ref->ns->ns.inum;
		out->id = f->id;
		out->name_len = name_len;
		memcpy((void *)out + detail->size, f->name, name_len);
		ipcns_buf_commit(c->buf, detail->size + name_len);
	}
	return 0;
}

/* A part of what there is in an object. */
struct window {
	const struct ipcns_reader	*r;
	const struct ipcns_ref		*ref;
	const struct ipcns_detail	*detail;
	void				*records;
	u64				first;
	u32				n;
	bool				refused;
};

static void read_window(struct kern_ipc_perm *perm, void *arg)
{
	struct window *w = arg;

	if (w->ref->sight < IPCNS_SIGHT_ALL &&
	    !ipcns_reader_may_read(w->r, w->ref->ns->user_ns, perm->uid, perm->cuid, perm->gid,
				   perm->cgid, perm->mode)) {
		w->refused = true;
		return;
	}
	w->n = w->detail->read(w->r, perm, w->records, w->first, IPCNS_DETAIL_WINDOW);
}

/**
 * ipcns_sysv_detail() - collect what there is in one System V object
 * @c:		the collection; its filter has an id
 * @ops:	the kind
 * @detail:	what is wanted
 * @ref:	the namespace
 * @next:	number of the record to go on with
 *
 * Context: process context, may sleep.
 * Return: 0 when done, -ENOENT if there is no such object, -EACCES if the reader
 * may not look into it, -EIDRM if it was removed meanwhile, -ENOBUFS if the buffer is full, -ENOMEM, -EINTR.
 */
int ipcns_sysv_detail(const struct ipcns_collect *c, const struct ipcns_kind_ops *ops,
		      const struct ipcns_detail *detail, const struct ipcns_ref *ref, u64 *next)
{
	struct window w = { .r = c->r, .ref = ref, .detail = detail };
	int err = 0;

	w.records = kvcalloc(IPCNS_DETAIL_WINDOW, detail->size, GFP_KERNEL);
	if (!w.records)
		return -ENOMEM;
	do {
		w.first = *next;
		if (!ipcns_sysv_visit(&ref->ns->ids[ops->ids], c->filter->id, read_window, &w)) {
			err = *next ? -EIDRM : -ENOENT;
			break;
		}
		if (w.refused) {
			err = -EACCES;
			break;
		}
		err = ipcns_detail_add(c, detail, ref, w.records, w.n, next);
		cond_resched();
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	} while (!err && w.n == IPCNS_DETAIL_WINDOW);
	kvfree(w.records);
	return err;
}

/**
 * ipcns_messages_read() - describe messages
 * @messages:	list of struct msg_msg, locked by the caller
 * @out:	filled in
 * @skip:	messages to pass over; counted down
 * @max:	room in @out
 *
 * Return: how many were described.
 */
u32 ipcns_messages_read(const struct list_head *messages, struct ipcns_element *out, u64 *skip,
			u32 max)
{
	const struct msg_msg *m;
	u32 n = 0;

	list_for_each_entry(m, messages, m_list) {
		if (n == max)
			break;
		if (*skip) {
			(*skip)--;
			continue;
		}
		out[n].mtype = m->m_type;
		out[n].size = m->m_ts;
		n++;
	}
	return n;
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

	if (ipcns_attr_u32(skb, IPCNS_A_OBJECT_NS_INUM, o->ns_inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_OBJECT_NS_ID, o->ns_id, IPCNS_A_OBJECT_PAD) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_KIND, o->kind) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_ID, o->id) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_MODE, o->mode) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_UID, o->uid) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_GID, o->gid) ||
	    ipcns_attr_u64(skb, IPCNS_A_OBJECT_CTIME, o->ctime, IPCNS_A_OBJECT_PAD))
		return -EMSGSIZE;
	if (o->kind == IPCNS_KIND_MQ) {
		if (nla_put(skb, IPCNS_A_OBJECT_NAME, o->name_len, o->name))
			return -EMSGSIZE;
	} else if (ipcns_attr_u32(skb, IPCNS_A_OBJECT_KEY, o->key) ||
		   ipcns_attr_u32(skb, IPCNS_A_OBJECT_CUID, o->cuid) ||
		   ipcns_attr_u32(skb, IPCNS_A_OBJECT_CGID, o->cgid)) {
		return -EMSGSIZE;
	}

	/* the nests have the numbers of the kinds */
	BUILD_BUG_ON(IPCNS_A_OBJECT_MQ - IPCNS_A_OBJECT_SHM != IPCNS_KIND_MQ - IPCNS_KIND_SHM);
	nest = ipcns_attr_nest(skb, IPCNS_A_OBJECT_SHM + o->kind);
	if (!nest || ipcns_kinds[o->kind]->fill(skb, o))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* The object that a detail is of. */
static int of_fill(struct sk_buff *skb, u32 kind, int id_type, u32 id, int name_type, u32 name_len,
		   const char *name)
{
	if (kind == IPCNS_KIND_MQ)
		return nla_put(skb, name_type, name_len, name);
	return nla_put_u32(skb, id_type, id);
}

/**
 * ipcns_element_fill() - put a semaphore or a message into a message
 * @skb:	the message
 * @e:		the element
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_element_fill(struct sk_buff *skb, const struct ipcns_element *e)
{
	if (nla_put_u32(skb, IPCNS_A_ELEMENT_NS_INUM, e->ns_inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_ELEMENT_NS_ID, e->ns_id, IPCNS_A_ELEMENT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_KIND, e->kind) ||
	    of_fill(skb, e->kind, IPCNS_A_ELEMENT_ID, e->id, IPCNS_A_ELEMENT_NAME, e->name_len,
		    e->name))
		return -EMSGSIZE;
	switch (e->kind) {
	case IPCNS_KIND_SEM:
		if (nla_put_u32(skb, IPCNS_A_ELEMENT_SEMNUM, e->semnum) ||
		    nla_put_u32(skb, IPCNS_A_ELEMENT_SEMVAL, e->semval) ||
		    nla_put_u32(skb, IPCNS_A_ELEMENT_NCOUNT, e->ncount) ||
		    nla_put_u32(skb, IPCNS_A_ELEMENT_ZCOUNT, e->zcount) ||
		    nla_put_u32(skb, IPCNS_A_ELEMENT_PID, e->pid))
			return -EMSGSIZE;
		return 0;
	case IPCNS_KIND_MSG:
		if (nla_put_s64(skb, IPCNS_A_ELEMENT_MTYPE, e->mtype, IPCNS_A_ELEMENT_PAD))
			return -EMSGSIZE;
		break;
	default:
		if (nla_put_u32(skb, IPCNS_A_ELEMENT_PRIO, e->prio))
			return -EMSGSIZE;
	}
	return nla_put_u64_64bit(skb, IPCNS_A_ELEMENT_SIZE, e->size, IPCNS_A_ELEMENT_PAD);
}

/**
 * ipcns_waiter_fill() - put what a process has to do with an object into a
 * message
 * @skb:	the message
 * @w:		the process
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_waiter_fill(struct sk_buff *skb, const struct ipcns_waiter *w)
{
	const struct ipcns_name *p = &w->process;

	if (nla_put_u32(skb, IPCNS_A_WAITER_NS_INUM, w->ns_inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_WAITER_NS_ID, w->ns_id, IPCNS_A_WAITER_PAD) ||
	    nla_put_u32(skb, IPCNS_A_WAITER_KIND, w->kind) ||
	    of_fill(skb, w->kind, IPCNS_A_WAITER_ID, w->id, IPCNS_A_WAITER_NAME, w->name_len,
		    w->name) ||
	    nla_put_u32(skb, IPCNS_A_WAITER_ROLE, w->role))
		return -EMSGSIZE;
	if (p->known && (nla_put_u32(skb, IPCNS_A_WAITER_PID, p->pid) ||
			 nla_put(skb, IPCNS_A_WAITER_COMM, strnlen(p->comm, sizeof(p->comm)),
				 p->comm)))
		return -EMSGSIZE;
	if (w->kind == IPCNS_KIND_SEM) {
		if (nla_put_u32(skb, IPCNS_A_WAITER_SEMNUM, w->semnum) ||
		    nla_put_s32(skb, IPCNS_A_WAITER_SEMOP, w->semop) ||
		    (w->nsops && nla_put_u32(skb, IPCNS_A_WAITER_NSOPS, w->nsops)))
			return -EMSGSIZE;
		return 0;
	}
	if (w->kind == IPCNS_KIND_MSG && w->role == IPCNS_ROLE_RECEIVER &&
	    (nla_put_s64(skb, IPCNS_A_WAITER_MTYPE, w->mtype, IPCNS_A_WAITER_PAD) ||
	     nla_put_u32(skb, IPCNS_A_WAITER_MODE, w->mode)))
		return -EMSGSIZE;
	if (w->kind == IPCNS_KIND_MSG)
		return nla_put_u64_64bit(skb, IPCNS_A_WAITER_SIZE, w->size, IPCNS_A_WAITER_PAD);
	return 0;
}
