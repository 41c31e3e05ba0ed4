// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all kinds of objects have in common.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "attr.h"
#include "creator.h"
#include "dump.h"
#include "layout.h"
#include "nl_gen.h"
#include "ns.h"
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
	o->gone = 0;
	o->there = 0;
}

/**
 * ipcns_sysv_may_read() - may the reader see what ipcs(1) shows to readers of an object only?
 * @c:		the collection
 * @perm:	the object
 *
 * Context: as for ipcns_reader_may_read().
 */
bool ipcns_sysv_may_read(const struct ipcns_collect *c, const struct kern_ipc_perm *perm)
{
	return c->ref->access == IPCNS_ACCESS_FULL ||
	       ipcns_reader_may_read(c->r, c->ref->ns->user_ns, perm->uid, perm->cuid, perm->gid,
				     perm->cgid, perm->mode);
}

/**
 * ipcns_remember() - does a process exist that an object remembers?
 * @r:		the reader
 * @pid:	the process, or NULL; its number may be in use again
 * @which:	added to @gone or @there, enum ipcns_remembered; to neither if there is
 *		no such process, or the reader cannot see it
 * @gone:	those that have ended
 * @there:	those that exist, zombies included
 *
 * Context: RCU read side, and as for ipcns_reader_pid().
 */
void ipcns_remember(const struct ipcns_reader *r, struct pid *pid, u32 which, u32 *gone,
		    u32 *there)
{
	if (!ipcns_reader_pid(r, pid))
		return;
	if (pid_task(pid, PIDTYPE_TGID))
		*there |= which;
	else
		*gone |= which;
}

/* What ipcs(1) and semctl(2) do not show without read permission. */
static void leave_out(const struct ipcns_collect *c, const struct kern_ipc_perm *perm,
		      struct ipcns_object *o)
{
	bool may_read = ipcns_sysv_may_read(c, perm);

	o->creator.time = 0;
	if (o->kind == IPCNS_KIND_SEM) {
		o->sem.undos = IPCNS_UNKNOWN;
		if (!may_read) {
			o->sem.waiters = IPCNS_UNKNOWN;
			o->gone = 0;
			o->there = 0;
		}
	} else if (o->kind == IPCNS_KIND_MSG && !may_read) {
		o->msg.receivers = IPCNS_UNKNOWN;
		o->msg.senders = IPCNS_UNKNOWN;
	}
}

/**
 * ipcns_sysv_collect() - collect of all System V kinds
 * @c:		the collection
 * @next:	index in the kind's idr to continue at
 *
 * As the *_STAT commands of ipc/shm.c and its like: an object found under RCU
 * stays until the section ends, and is read under its own lock unless it was
 * deleted meanwhile. The table's rwsem is not needed.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOBUFS if the buffer is full, -ENOMEM, or -EINTR.
 */
int ipcns_sysv_collect(const struct ipcns_collect *c, u64 *next)
{
	const struct ipcns_ns_ref *ref = c->ref;
	struct ipc_ids *ids = &ref->ns->ids[c->ops->ids];
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
			c->ops->read(c->r, perm, o);
			if (ref->access == IPCNS_ACCESS_FULL)
				ipcns_creator_read(c->r, perm, &o->creator, &o->gone, &o->there);
			else
				leave_out(c, perm, o);
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
 * ipcns_object_fill() - put an object into a message
 * @skb:	the message
 * @record:	a struct ipcns_object
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_object_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_object *o = record;
	struct nlattr *nest;

	if (ipcns_attr_u32(skb, IPCNS_A_OBJECT_NS_INUM, o->ns_inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_OBJECT_NS_ID, o->ns_id) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_KIND, o->kind) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_ID, o->id) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_MODE, o->mode) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_UID, o->uid) ||
	    ipcns_attr_u32(skb, IPCNS_A_OBJECT_GID, o->gid) ||
	    ipcns_attr_u64(skb, IPCNS_A_OBJECT_CTIME, o->ctime))
		return -EMSGSIZE;
	if (o->kind == IPCNS_KIND_MQ) {
		if (nla_put(skb, IPCNS_A_OBJECT_NAME, o->name_len, o->name))
			return -EMSGSIZE;
	} else if (ipcns_attr_u32(skb, IPCNS_A_OBJECT_KEY, o->key) ||
		   ipcns_attr_u32(skb, IPCNS_A_OBJECT_CUID, o->cuid) ||
		   ipcns_attr_u32(skb, IPCNS_A_OBJECT_CGID, o->cgid)) {
		return -EMSGSIZE;
	}
	if ((o->gone && ipcns_attr_u32(skb, IPCNS_A_OBJECT_GONE, o->gone)) ||
	    (o->there && ipcns_attr_u32(skb, IPCNS_A_OBJECT_THERE, o->there)) ||
	    ipcns_actor_fill(skb, IPCNS_A_OBJECT_CREATOR, &o->creator))
		return -EMSGSIZE;

	/* the nests have the numbers of the kinds */
	BUILD_BUG_ON(IPCNS_A_OBJECT_MQ - IPCNS_A_OBJECT_SHM != IPCNS_KIND_MQ - IPCNS_KIND_SHM);
	nest = ipcns_attr_nest(skb, IPCNS_A_OBJECT_SHM + o->kind);
	if (!nest || ipcns_kinds[o->kind]->fill(skb, o))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u32 readable_kinds(void)
{
	u32 kind, mask = 0;

	for (kind = 0; kind < IPCNS_N_KINDS; kind++)
		if (ipcns_layout_ok(kind))
			mask |= BIT(kind);
	return mask;
}

/**
 * ipcns_parse_kinds() - take the kinds of objects wanted from a request
 * @f:		kinds is filled in
 * @kind:	attribute that names one kind, or NULL
 * @kinds:	attribute with a mask of kinds, or NULL
 * @extack:	gets the reason for an error
 *
 * Kinds that a request names must be readable. Where all kinds are wanted,
 * those that are not readable are left out, as status-get reports.
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int ipcns_parse_kinds(struct ipcns_filter *f, struct nlattr *kind, struct nlattr *kinds,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *attr = kind ?: kinds;

	if (kind && kinds) {
		NL_SET_ERR_MSG_ATTR(extack, kinds, "kind and kinds exclude each other");
		return -EINVAL;
	}
	f->kinds = readable_kinds();
	if (!attr)
		return 0;
	f->kinds = kind ? BIT(nla_get_u32(kind)) : nla_get_u32(kinds);
	if (!f->kinds) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "kinds is empty");
		return -EINVAL;
	}
	if (f->kinds & ~readable_kinds()) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "kind not readable on this kernel, see status");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * ipcns_parse_id() - take the identifier of an object from a request
 * @f:		by_id and id are filled in
 * @id:		the attribute, or NULL
 * @extack:	gets the reason for an error
 *
 * Return: 0 or -EINVAL.
 */
int ipcns_parse_id(struct ipcns_filter *f, struct nlattr *id, struct netlink_ext_ack *extack)
{
	if (!id)
		return 0;
	f->by_id = true;
	f->id = nla_get_u32(id);
	if (f->id > INT_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, id, "id of an object is negative");
		return -EINVAL;
	}
	return 0;
}

/**
 * ipcns_parse_name() - take the name of a POSIX queue from a request
 * @f:		by_name, name and kinds are filled in
 * @name:	the attribute, or NULL
 * @extack:	gets the reason for an error
 *
 * Return: 0 or -EINVAL.
 */
int ipcns_parse_name(struct ipcns_filter *f, struct nlattr *name, struct netlink_ext_ack *extack)
{
	if (!name)
		return 0;
	if (!nla_len(name) || nla_len(name) > NAME_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, name, "name must have 1 to 255 bytes");
		return -EINVAL;
	}
	f->by_name = true;
	f->name_len = nla_len(name);
	memcpy(f->name, nla_data(name), f->name_len);
	f->kinds &= BIT(IPCNS_KIND_MQ);
	return 0;
}

/**
 * struct object_get - progress of a request for objects
 * @filter:	the objects wanted
 * @attr:	attribute that names the only object wanted, or NULL
 * @kind:	kind of objects to continue with in the present namespace
 * @next:	position among those
 */
struct object_get {
	struct ipcns_filter	filter;
	const struct nlattr	*attr;
	u32			kind;
	u64			next;
};

static int object_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_OBJECT_KIND], *id = attrs[IPCNS_A_OBJECT_ID];
	struct nlattr *name = attrs[IPCNS_A_OBJECT_NAME], *uid = attrs[IPCNS_A_OBJECT_UID];
	struct object_get *get = d->priv;
	struct ipcns_filter *f = &get->filter;
	int err;

	err = ipcns_parse_kinds(f, kind, attrs[IPCNS_A_OBJECT_KINDS], extack);
	if (err)
		return err;
	if (one) {
		if (!kind) {
			NL_SET_ERR_MSG(extack, "kind of the object is missing");
			return -EINVAL;
		}
		if (f->kinds == BIT(IPCNS_KIND_MQ) ? !name : !id) {
			NL_SET_ERR_MSG(extack, "id of the object, or name of the queue, is missing");
			return -EINVAL;
		}
	}
	if (id && name) {
		NL_SET_ERR_MSG_ATTR(extack, name, "id and name exclude each other");
		return -EINVAL;
	}
	get->attr = id ?: name;
	err = ipcns_parse_id(f, id, extack);
	if (err)
		return err;
	if (attrs[IPCNS_A_OBJECT_KEY]) {
		f->by_key = true;
		f->key = nla_get_u32(attrs[IPCNS_A_OBJECT_KEY]);
	}
	if (uid) {
		f->by_uid = true;
		f->uid = make_kuid(d->reader.user_ns, nla_get_u32(uid));
		if (!uid_valid(f->uid)) {
			NL_SET_ERR_MSG_ATTR(extack, uid, "uid is not mapped in your user namespace");
			return -EINVAL;
		}
	}
	return ipcns_parse_name(f, name, extack);
}

/* All kinds of one namespace, from get->kind and get->next on. */
static int object_collect_ns(struct object_get *get, struct ipcns_collect *c)
{
	int err;

	for (; get->kind < IPCNS_N_KINDS; get->kind++, get->next = 0) {
		if (!(get->filter.kinds & BIT(get->kind)))
			continue;
		c->ops = ipcns_kinds[get->kind];
		err = c->ops->collect(c, &get->next);
		if (err)
			return err;
	}
	return 0;
}

static int object_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct object_get *get = d->priv;
	struct ipcns_collect c = { .r = &d->reader, .filter = &get->filter, .buf = &d->buf };
	int err;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns) {
			c.ref = &refs[i];
			err = object_collect_ns(get, &c);
			if (err)
				return err == -ENOBUFS ? 0 : err;
		}
		d->pos++;
		get->kind = 0;
		get->next = 0;
	}
	return 0;
}

/**
 * ipcns_object_error() - say why a request for an object failed
 * @d:		the request
 * @attr:	its attribute that names the object, or NULL
 * @extack:	gets the reason
 * @err:	the error
 *
 * Return: false if the error does not concern an object.
 */
bool ipcns_object_error(const struct ipcns_dump *d, const struct nlattr *attr,
			struct netlink_ext_ack *extack, int err)
{
	switch (err) {
	case -ENOENT:
		if (!d->found)
			return false;
		NL_SET_ERR_MSG_ATTR(extack, attr, "the namespace has no object with this id or name");
		return true;
	case -EACCES:
		NL_SET_ERR_MSG_ATTR(extack, attr, "needs read permission on the object");
		return true;
	case -EIDRM:
		NL_SET_ERR_MSG_ATTR(extack, attr, "object removed while it was read");
		return true;
	}
	return false;
}

static bool object_error(const struct ipcns_dump *d, struct netlink_ext_ack *extack, int err)
{
	return ipcns_object_error(d, ((struct object_get *)d->priv)->attr, extack, err);
}

static const struct ipcns_dump_ops object_ops = {
	.cmd		= IPCNS_CMD_OBJECT_GET,
	.priv_size	= sizeof(struct object_get),
	.ns_attr	= IPCNS_A_OBJECT_NS_INUM,
	.access		= IPCNS_ACCESS_OWN,
	.parse		= object_parse,
	.collect	= object_collect,
	.fill		= ipcns_object_fill,
	.set_error_text	= object_error,
	.seq_attr	= IPCNS_A_OBJECT_SEQ,
};

IPCNS_DO(object_get, object_ops)
IPCNS_DUMP(object_get, object_ops)
