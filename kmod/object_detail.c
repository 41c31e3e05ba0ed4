// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is in one object: semaphores, messages, and who waits for them.
 */
#include <linux/err.h>
#include <linux/msg.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "dump.h"
#include "layout.h"
#include "nl_gen.h"
#include "object.h"

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
 * @record:	a struct ipcns_element
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_element_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_element *e = record;
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
 * @record:	a struct ipcns_waiter
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_waiter_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_waiter *w = record;
	const struct ipcns_process *p = &w->process;

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

/**
 * struct detail_get - progress of a request for what is in one object
 * @filter:	the object
 * @attr:	attribute that names it
 * @kind:	its kind
 * @next:	position to go on with
 * @undos:	of a request for waiters: those who sleep are done
 */
struct detail_get {
	struct ipcns_filter	filter;
	const struct nlattr	*attr;
	u32			kind;
	u64			next;
	bool			undos;
};

static int detail_parse(struct ipcns_dump *d, struct nlattr *inum, struct nlattr *ns_id,
			struct nlattr *kind, struct nlattr *id, struct nlattr *name,
			struct netlink_ext_ack *extack)
{
	struct detail_get *get = d->priv;
	int err;

	err = ipcns_parse_ns(d, inum, ns_id, true, extack);
	if (err)
		return err;
	if (!kind || (nla_get_u32(kind) == IPCNS_KIND_MQ ? !name : !id)) {
		NL_SET_ERR_MSG(extack, "kind, or id of the object or name of the queue, is missing");
		return -EINVAL;
	}
	if (id && name) {
		NL_SET_ERR_MSG_ATTR(extack, name, "id and name exclude each other");
		return -EINVAL;
	}
	if (!ipcns_kinds[nla_get_u32(kind)]->detail) {
		NL_SET_ERR_MSG_ATTR(extack, kind, "objects of this kind have no elements or waiters");
		return -EOPNOTSUPP;
	}
	get->attr = id ?: name;
	get->kind = nla_get_u32(kind);
	err = ipcns_parse_kinds(&get->filter, kind, NULL, extack);
	if (!err)
		err = ipcns_parse_id(&get->filter, id, extack);
	return err ?: ipcns_parse_name(&get->filter, name, extack);
}

static int check_depth(const struct detail_get *get, struct nlattr *kind, struct netlink_ext_ack *extack)
{
	if (ipcns_layout_depth_ok(get->kind))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, kind, "not readable on this kernel, see status");
	return -EOPNOTSUPP;
}

static int element_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_ELEMENT_KIND];
	struct detail_get *get = d->priv;
	int err;

	err = detail_parse(d, attrs[IPCNS_A_ELEMENT_NS_INUM], attrs[IPCNS_A_ELEMENT_NS_ID], kind,
			   attrs[IPCNS_A_ELEMENT_ID], attrs[IPCNS_A_ELEMENT_NAME], extack);
	/* semaphores need no more than their sets do */
	if (err || get->kind == IPCNS_KIND_SEM)
		return err;
	return check_depth(get, kind, extack);
}

static int element_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	struct detail_get *get = d->priv;
	const struct ipcns_collect c = { .r = &d->reader, .filter = &get->filter, .buf = &d->buf };
	const struct ipcns_kind_ops *ops = ipcns_kinds[get->kind];
	int err;

	if (!refs->ns)
		return -EIDRM;
	/* messages are for those who receive them */
	if (refs->sight < IPCNS_SIGHT_ALL && get->kind != IPCNS_KIND_SEM)
		return -EPERM;
	err = ops->detail(&c, ops, &ops->elements, refs, &get->next);
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static bool detail_error(const struct ipcns_dump *d, struct netlink_ext_ack *extack, int err)
{
	return ipcns_object_error(d, ((struct detail_get *)d->priv)->attr, extack, err);
}

static const struct ipcns_dump_ops element_ops = {
	.cmd		= IPCNS_CMD_ELEMENT_GET,
	.priv_size	= sizeof(struct detail_get),
	.sight		= IPCNS_SIGHT_OWN,
	.parse		= element_parse,
	.collect	= element_collect,
	.fill		= ipcns_element_fill,
	.set_error_text	= detail_error,
};

static int waiter_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_WAITER_KIND];
	int err;

	err = detail_parse(d, attrs[IPCNS_A_WAITER_NS_INUM], attrs[IPCNS_A_WAITER_NS_ID], kind,
			   attrs[IPCNS_A_WAITER_ID], attrs[IPCNS_A_WAITER_NAME], extack);
	return err ?: check_depth(d->priv, kind, extack);
}

/* First those who sleep, then those whose end changes it. */
static int waiter_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	struct detail_get *get = d->priv;
	const struct ipcns_collect c = { .r = &d->reader, .filter = &get->filter, .buf = &d->buf };
	const struct ipcns_kind_ops *ops = ipcns_kinds[get->kind];
	int err;

	if (!refs->ns)
		return -EIDRM;
	if (!get->undos) {
		err = ops->detail(&c, ops, &ops->waiters, refs, &get->next);
		if (err)
			return err == -ENOBUFS ? 0 : err;
		get->undos = true;
		get->next = 0;
	}
	err = ops->undos ? ops->undos(&c, refs, &get->next) : 0;
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static const struct ipcns_dump_ops waiter_ops = {
	.cmd		= IPCNS_CMD_WAITER_GET,
	.priv_size	= sizeof(struct detail_get),
	.sight		= IPCNS_SIGHT_ALL,
	.parse		= waiter_parse,
	.collect	= waiter_collect,
	.fill		= ipcns_waiter_fill,
	.set_error_text	= detail_error,
};

int ipcns_nl_element_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &element_ops);
}

int ipcns_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &waiter_ops);
}
