// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic-netlink family: what each command takes and gives. Policies and
 * the table of commands are generated from Documentation/netlink/specs.
 */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/utsname.h>

#include "dump.h"
#include "events.h"
#include "layout.h"
#include "netlink.h"
#include "nl_gen.h"
#include "journal.h"
#include "ns.h"
#include "probe.h"
#include "registry.h"
#include "stream.h"

static int parse_ns(struct ipcns_dump *d, struct nlattr *inum, struct nlattr *id, bool one,
		    struct netlink_ext_ack *extack)
{
	if (inum && id) {
		NL_SET_ERR_MSG_ATTR(extack, id, "inum and id of a namespace exclude each other");
		return -EINVAL;
	}
	if (one && !inum && !id) {
		NL_SET_ERR_MSG(extack, "inum or id of the namespace is missing");
		return -EINVAL;
	}
	if (inum) {
		d->inum = nla_get_u32(inum);
		if (!d->inum) {
			NL_SET_ERR_MSG_ATTR(extack, inum, "inum of a namespace is never 0");
			return -EINVAL;
		}
	}
	if (id)
		d->id = nla_get_u64(id);
	d->ns_attr = inum ?: id;
	return 0;
}

/* namespaces */

static int ns_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
		    struct netlink_ext_ack *extack)
{
	return parse_ns(d, attrs[IPCNS_A_NS_INUM], attrs[IPCNS_A_NS_ID], one, extack);
}

static int ns_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	struct ipcns_members *members;
	struct ipcns_ns *out;
	int err;
	u32 i;

	members = kvmalloc_array(n, sizeof(*members), GFP_KERNEL);
	if (!members)
		return -ENOMEM;
	err = ipcns_members(&d->reader, refs, n, members);
	for (i = 0; i < n && !err; i++) {
		if (refs[i].ns) {
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out)) {
				err = PTR_ERR(out);
				break;
			}
			err = ipcns_ns_read(&d->reader, &refs[i], &members[i], out);
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

#define DYING_WINDOW 64

static int ns_gone(struct ipcns_dump *d)
{
	const struct ipcns_scope *scope = ipcns_reader_dying(&d->reader);
	struct ipcns_known *known;
	struct ipcns_ns *out;
	u32 i, n;
	int added = 0;

	if (!scope)
		return 0;
	known = kvmalloc_array(DYING_WINDOW, sizeof(*known), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	while (!added && (n = ipcns_registry_dying(scope, known, DYING_WINDOW, &d->next))) {
		for (i = 0; i < n; i++) {
			if ((d->id && known[i].id != d->id) || (d->inum && known[i].inum != d->inum))
				continue;
			/* its last reference went while the dump went on */
			if (ipcns_dump_collected(d, known[i].cookie))
				continue;
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out)) {
				added = PTR_ERR(out);
				break;
			}
			ipcns_ns_dying(&d->reader, &known[i], out);
			ipcns_buf_commit(&d->buf, sizeof(*out));
			added++;
		}
	}
	kvfree(known);
	return added;
}

static int ns_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_ns_fill(skb, record);
}

static const struct ipcns_dump_ops ns_ops = {
	.cmd		= IPCNS_CMD_NS_GET,
	.sight		= IPCNS_SIGHT_OWN,
	.batch		= IPCNS_NS_BATCH,
	.parse		= ns_parse,
	.collect	= ns_collect,
	.gone		= ns_gone,
	.fill		= ns_fill,
	.seq_attr	= IPCNS_A_NS_SEQ,
	.pad_attr	= IPCNS_A_NS_PAD,
};

/* objects */

static u32 readable_kinds(void)
{
	u32 kind, mask = 0;

	for (kind = 0; kind < IPCNS_N_KINDS; kind++)
		if (ipcns_layout_ok(kind))
			mask |= BIT(kind);
	return mask;
}

/*
 * Kinds that are asked for by name must be readable. Where all are asked for,
 * those that are not are left out; status-get tells.
 */
static int parse_kinds(struct ipcns_filter *f, struct nlattr *kind, struct nlattr *kinds,
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

static int parse_id(struct ipcns_filter *f, struct nlattr *id, struct netlink_ext_ack *extack)
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

static int parse_name(struct ipcns_filter *f, struct nlattr *name, struct netlink_ext_ack *extack)
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

static int object_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_OBJECT_KIND], *id = attrs[IPCNS_A_OBJECT_ID];
	struct nlattr *name = attrs[IPCNS_A_OBJECT_NAME], *uid = attrs[IPCNS_A_OBJECT_UID];
	struct ipcns_filter *f = &d->filter;
	int err;

	err = parse_ns(d, attrs[IPCNS_A_OBJECT_NS_INUM], attrs[IPCNS_A_OBJECT_NS_ID], one, extack);
	if (err)
		return err;
	err = parse_kinds(f, kind, attrs[IPCNS_A_OBJECT_KINDS], extack);
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
	d->object_attr = id ?: name;
	err = parse_id(f, id, extack);
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
	return parse_name(f, name, extack);
}

/* All kinds of one namespace, from d->kind and d->next on. */
static int object_collect_ns(struct ipcns_dump *d, const struct ipcns_collect *c,
			     const struct ipcns_ref *ref)
{
	int err;

	for (; d->kind < IPCNS_N_KINDS; d->kind++, d->next = 0) {
		if (!(d->filter.kinds & BIT(d->kind)))
			continue;
		err = ipcns_kinds[d->kind]->collect(c, ipcns_kinds[d->kind], ref, &d->next);
		if (err)
			return err;
	}
	return 0;
}

static int object_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	const struct ipcns_collect c = { .r = &d->reader, .filter = &d->filter, .buf = &d->buf };
	int err;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns) {
			err = object_collect_ns(d, &c, &refs[i]);
			if (err)
				return err == -ENOBUFS ? 0 : err;
		}
		d->pos++;
		d->kind = 0;
		d->next = 0;
	}
	return 0;
}

static int object_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_object_fill(skb, record);
}

static const struct ipcns_dump_ops object_ops = {
	.cmd		= IPCNS_CMD_OBJECT_GET,
	.sight		= IPCNS_SIGHT_OWN,
	.parse		= object_parse,
	.collect	= object_collect,
	.fill		= object_fill,
	.seq_attr	= IPCNS_A_OBJECT_SEQ,
	.pad_attr	= IPCNS_A_OBJECT_PAD,
};

/* what there is in one object */

static int detail_parse(struct ipcns_dump *d, struct nlattr *inum, struct nlattr *ns_id,
			struct nlattr *kind, struct nlattr *id, struct nlattr *name,
			struct netlink_ext_ack *extack)
{
	int err;

	err = parse_ns(d, inum, ns_id, true, extack);
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
	d->object_attr = id ?: name;
	d->kind = nla_get_u32(kind);
	err = parse_kinds(&d->filter, kind, NULL, extack);
	if (!err)
		err = parse_id(&d->filter, id, extack);
	return err ?: parse_name(&d->filter, name, extack);
}

static int check_depth(struct ipcns_dump *d, struct nlattr *kind, struct netlink_ext_ack *extack)
{
	if (ipcns_layout_depth_ok(d->kind))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, kind, "not readable on this kernel, see status");
	return -EOPNOTSUPP;
}

static int element_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_ELEMENT_KIND];
	int err;

	err = detail_parse(d, attrs[IPCNS_A_ELEMENT_NS_INUM], attrs[IPCNS_A_ELEMENT_NS_ID], kind,
			   attrs[IPCNS_A_ELEMENT_ID], attrs[IPCNS_A_ELEMENT_NAME], extack);
	/* semaphores need no more than their sets do */
	if (err || d->kind == IPCNS_KIND_SEM)
		return err;
	return check_depth(d, kind, extack);
}

static int element_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	const struct ipcns_collect c = { .r = &d->reader, .filter = &d->filter, .buf = &d->buf };
	const struct ipcns_kind_ops *ops = ipcns_kinds[d->kind];
	int err;

	if (!refs->ns)
		return -EIDRM;
	/* messages are for those who receive them */
	if (refs->sight < IPCNS_SIGHT_ALL && d->kind != IPCNS_KIND_SEM)
		return -EPERM;
	err = ops->detail(&c, ops, &ops->elements, refs, &d->next);
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static int element_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_element_fill(skb, record);
}

static const struct ipcns_dump_ops element_ops = {
	.cmd		= IPCNS_CMD_ELEMENT_GET,
	.sight		= IPCNS_SIGHT_OWN,
	.parse		= element_parse,
	.collect	= element_collect,
	.fill		= element_fill,
};

static int waiter_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_WAITER_KIND];
	int err;

	err = detail_parse(d, attrs[IPCNS_A_WAITER_NS_INUM], attrs[IPCNS_A_WAITER_NS_ID], kind,
			   attrs[IPCNS_A_WAITER_ID], attrs[IPCNS_A_WAITER_NAME], extack);
	return err ?: check_depth(d, kind, extack);
}

/* First those who sleep, then those whose end changes it. */
static int waiter_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	const struct ipcns_collect c = { .r = &d->reader, .filter = &d->filter, .buf = &d->buf };
	const struct ipcns_kind_ops *ops = ipcns_kinds[d->kind];
	int err;

	if (!refs->ns)
		return -EIDRM;
	if (!d->place.phase) {
		err = ops->detail(&c, ops, &ops->waiters, refs, &d->next);
		if (err)
			return err == -ENOBUFS ? 0 : err;
		d->place.phase++;
		d->next = 0;
	}
	err = ops->undos ? ops->undos(&c, refs, &d->next) : 0;
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static int waiter_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_waiter_fill(skb, record);
}

static const struct ipcns_dump_ops waiter_ops = {
	.cmd		= IPCNS_CMD_WAITER_GET,
	.sight		= IPCNS_SIGHT_ALL,
	.parse		= waiter_parse,
	.collect	= waiter_collect,
	.fill		= waiter_fill,
};

/* holders */

static int holder_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kinds = attrs[IPCNS_A_HOLDER_KINDS];

	d->kinds = ipcns_layout_holders();
	if (kinds) {
		d->kinds = nla_get_u32(kinds);
		if (d->kinds & ~ipcns_layout_holders()) {
			NL_SET_ERR_MSG_ATTR(extack, kinds, "kind cannot be found on this kernel, see status");
			return -EOPNOTSUPP;
		}
	}
	return parse_ns(d, attrs[IPCNS_A_HOLDER_NS_INUM], attrs[IPCNS_A_HOLDER_NS_ID], false,
			extack);
}

static int holder_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	const struct ipcns_holders h = {
		.r	= &d->reader,
		.kinds	= d->kinds,
		.refs	= refs,
		.n	= n,
		.buf	= &d->buf,
		.place	= &d->place,
	};
	int err = ipcns_holders_collect(&h);

	if (!err) {
		d->pos += n;
		d->place = (struct ipcns_holder_place) { };
	}
	return err == -ENOBUFS ? 0 : err;
}

static int holder_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_holder_fill(skb, record);
}

static const struct ipcns_dump_ops holder_ops = {
	.cmd		= IPCNS_CMD_HOLDER_GET,
	.sight		= IPCNS_SIGHT_ALL,
	.batch		= IPCNS_HOLDER_BATCH,
	.parse		= holder_parse,
	.collect	= holder_collect,
	.fill		= holder_fill,
};

/* a way in */

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

static int open_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
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
	    nla_put_u64_64bit(skb, IPCNS_A_NS_ID, o->id, IPCNS_A_NS_PAD) ||
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
	.sight		= IPCNS_SIGHT_ALL,
	.parse		= ns_parse,
	.collect	= open_collect,
	.fill		= open_fill,
	.undo		= open_undo,
};

/* limits */

static int limits_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	return parse_ns(d, attrs[IPCNS_A_LIMITS_NS_INUM], attrs[IPCNS_A_LIMITS_NS_ID], one, extack);
}

static int limits_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	struct ipcns_limits *out;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns) {
			out = ipcns_buf_reserve(&d->buf, sizeof(*out));
			if (IS_ERR(out))
				return PTR_ERR(out) == -ENOBUFS ? 0 : PTR_ERR(out);
			ipcns_limits_read(&refs[i], out);
			ipcns_buf_commit(&d->buf, sizeof(*out));
		}
		d->pos++;
		cond_resched();
	}
	return 0;
}

static int limits_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_limits_fill(skb, record);
}

static const struct ipcns_dump_ops limits_ops = {
	.cmd		= IPCNS_CMD_LIMITS_GET,
	.sight		= IPCNS_SIGHT_OWN,
	.batch		= IPCNS_NS_BATCH,
	.parse		= limits_parse,
	.collect	= limits_collect,
	.fill		= limits_fill,
};

/* events */

static const struct ipcns_scope *scope_of(const struct ipcns_reader *r,
					  struct netlink_ext_ack *extack)
{
	const struct ipcns_scope *scope = ipcns_reader_scope(r);

	if (!scope)
		NL_SET_ERR_MSG(extack, "events need CAP_SYS_ADMIN over the owner of the net namespace");
	return scope;
}

static int journal_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *id = attrs[IPCNS_A_EVENT_NS_ID], *objects = attrs[IPCNS_A_EVENT_OBJECTS];
	const struct ipcns_scope *scope = scope_of(&d->reader, extack);
	struct nlattr *since = attrs[IPCNS_A_EVENT_SINCE];
	int err;

	if (!scope)
		return -EPERM;
	err = parse_ns(d, attrs[IPCNS_A_EVENT_NS_INUM], id, false, extack);
	if (err)
		return err;
	d->objects = objects ? nla_get_u32(objects) : U32_MAX;
	d->cursor = kvzalloc(sizeof(*d->cursor), GFP_KERNEL);
	if (!d->cursor)
		return -ENOMEM;
	ipcns_events_listen();
	/* what comes while the dump goes on is for the next one, or the groups */
	ipcns_cursor_init(d->cursor, scope, since ? nla_get_u64(since) : 1);
	return 0;
}

static bool event_wanted(const struct ipcns_dump *d, const struct ipcns_notice *n)
{
	if (n->from || n->slots->object == IPCNS_EVENT_OBJECT_LOST)
		return true;
	return (d->objects & BIT(n->slots->object)) &&
	       !(d->id && n->slots->ns != d->id) && !(d->inum && n->inum != d->inum);
}

static int journal_produce(struct ipcns_dump *d)
{
	struct ipcns_notice *n;

	for (;;) {
		n = ipcns_buf_reserve(&d->buf, sizeof(*n));
		if (IS_ERR(n))
			return PTR_ERR(n) == -ENOBUFS ? 1 : PTR_ERR(n);
		if (!ipcns_stream_next(d->cursor, n))
			return ipcns_buf_peek(&d->buf) ? 1 : 0;
		n->user_ns = d->reader.user_ns;
		n->pids = d->cursor->scope == &ipcns_scope_all &&
			  d->reader.pid_ns == &init_pid_ns;
		if (event_wanted(d, n))
			ipcns_buf_commit(&d->buf, offsetof(struct ipcns_notice, slots) +
					 (n->from ? 1 : n->slots->slots) * sizeof(*n->slots));
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static int journal_fill(struct sk_buff *skb, const void *record)
{
	return ipcns_notice_fill(skb, record);
}

static const struct ipcns_dump_ops journal_ops = {
	.cmd		= IPCNS_CMD_JOURNAL_GET,
	.parse		= journal_parse,
	.produce	= journal_produce,
	.fill		= journal_fill,
};

int ipcns_nl_journal_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct ipcns_scope *scope;
	struct ipcns_reader reader;
	struct sk_buff *reply;
	u64 next_id, first, next;
	void *hdr;
	int err;

	ipcns_reader_get(&reader, skb);
	scope = scope_of(&reader, info->extack);
	ipcns_reader_put(&reader);
	if (!scope)
		return -EPERM;
	ipcns_events_listen();
	err = ipcns_stream_range(scope, &first, &next);
	if (err)
		return err;
	/* how many namespaces there were is for those who are told of all */
	next_id = scope == &ipcns_scope_all ? ipcns_registry_next_id() : 0;

	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &ipcns_nl_family, 0, IPCNS_CMD_JOURNAL_GET);
	if (!hdr ||
	    nla_put_u64_64bit(reply, IPCNS_A_EVENT_SEQ, next, IPCNS_A_EVENT_PAD) ||
	    nla_put_u64_64bit(reply, IPCNS_A_EVENT_FROM, first, IPCNS_A_EVENT_PAD) ||
	    (next_id &&
	     nla_put_u64_64bit(reply, IPCNS_A_EVENT_NS_ID, next_id, IPCNS_A_EVENT_PAD))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int ipcns_nl_journal_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &journal_ops);
}

/* status */

static int layout_fill(struct sk_buff *skb, const struct ipcns_layout *l)
{
	struct nlattr *nest = nla_nest_start(skb, IPCNS_A_STATUS_LAYOUT);

	if (!nest ||
	    nla_put_string(skb, IPCNS_A_LAYOUT_NAME, l->name) ||
	    nla_put_u32(skb, IPCNS_A_LAYOUT_STATE, l->state) ||
	    nla_put_u32(skb, IPCNS_A_LAYOUT_KINDS, l->kinds) ||
	    (l->holders && nla_put_u32(skb, IPCNS_A_LAYOUT_HOLDERS, l->holders)) ||
	    (l->depth && nla_put_u32(skb, IPCNS_A_LAYOUT_DEPTH, l->depth)) ||
	    (l->mismatch && nla_put_string(skb, IPCNS_A_LAYOUT_MEMBER, l->mismatch)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Counters show what others do: only for those who see all others. */
static int counters_fill(struct sk_buff *skb)
{
	struct ipcns_walk_stats stats;

	ipcns_walk_stats(&stats);
	if (nla_put_u32(skb, IPCNS_A_STATUS_NAMESPACES, stats.namespaces) ||
	    nla_put_u32(skb, IPCNS_A_STATUS_PENDING, stats.pending) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_WALKS, stats.walks, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_WALKS_CUT, stats.cut, IPCNS_A_STATUS_PAD) ||
	    nla_put_u32(skb, IPCNS_A_STATUS_DUMPS, ipcns_dumps_open()) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_DUMP_BYTES, ipcns_buf_total(),
			      IPCNS_A_STATUS_PAD))
		return -EMSGSIZE;
	return 0;
}

static int probe_fill(struct sk_buff *skb, const struct ipcns_probe_state *p)
{
	struct nlattr *nest = nla_nest_start(skb, IPCNS_A_STATUS_PROBE);

	if (!nest ||
	    nla_put_string(skb, IPCNS_A_PROBE_SYMBOL, p->symbol) ||
	    nla_put_u32(skb, IPCNS_A_PROBE_ARMED, p->armed) ||
	    nla_put_u64_64bit(skb, IPCNS_A_PROBE_MISSED, p->missed, IPCNS_A_PROBE_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* As histograms are told: each bound counts what is below it, too. */
static int teardowns_fill(struct sk_buff *skb, const struct ipcns_registry_stats *r)
{
	struct nlattr *nest;
	u64 count = 0;
	u32 i;

	for (i = 0; i < IPCNS_N_BOUNDS; i++) {
		count += r->teardowns[i];
		nest = nla_nest_start(skb, IPCNS_A_STATUS_TEARDOWNS);
		if (!nest ||
		    nla_put_u64_64bit(skb, IPCNS_A_TEARDOWNS_BOUND, ipcns_bounds[i],
				      IPCNS_A_TEARDOWNS_PAD) ||
		    nla_put_u64_64bit(skb, IPCNS_A_TEARDOWNS_COUNT, count, IPCNS_A_TEARDOWNS_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	count += r->teardowns[i];
	if (nla_put_u64_64bit(skb, IPCNS_A_STATUS_TEARDOWN_COUNT, count, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_TEARDOWN_SUM, r->teardown_sum,
			      IPCNS_A_STATUS_PAD))
		return -EMSGSIZE;
	return 0;
}

static int events_fill(struct sk_buff *skb)
{
	struct ipcns_registry_stats r;
	struct ipcns_journal_state j;
	struct ipcns_probe_state p;
	unsigned int i;

	ipcns_registry_stats(&r);
	ipcns_journal_state(&j);
	for (i = 0; ipcns_probe_state(i, &p); i++)
		if (probe_fill(skb, &p))
			return -EMSGSIZE;
	if (nla_put_u32(skb, IPCNS_A_STATUS_DYING, r.dying) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_MISSED, r.missed, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_JOURNAL_FIRST, j.first, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_JOURNAL_NEXT, j.next, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_DROPPED, j.dropped, IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_JOURNAL_SIZE,
			      (u64)j.slots * sizeof(struct ipcns_event), IPCNS_A_STATUS_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_STATUS_JOURNAL_USED,
			      (u64)j.used * sizeof(struct ipcns_event), IPCNS_A_STATUS_PAD))
		return -EMSGSIZE;
	return teardowns_fill(skb, &r);
}

static int status_fill(struct sk_buff *skb, bool counters)
{
	unsigned int i;

	if (nla_put_string(skb, IPCNS_A_STATUS_VERSION, IPCNS_VERSION) ||
	    nla_put_string(skb, IPCNS_A_STATUS_KERNEL, init_utsname()->release))
		return -EMSGSIZE;
	for (i = 0; i < ipcns_n_layouts; i++)
		if (layout_fill(skb, &ipcns_layouts[i]))
			return -EMSGSIZE;
	if (nla_put_u32(skb, IPCNS_A_STATUS_EVENTS_LIVE, ipcns_events_live()))
		return -EMSGSIZE;
	return counters ? counters_fill(skb) ?: events_fill(skb) : 0;
}

int ipcns_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *hdr;

	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &ipcns_nl_family, 0, IPCNS_CMD_STATUS_GET);
	if (!hdr || status_fill(reply, netlink_ns_capable(skb, &init_user_ns, CAP_SYS_ADMIN))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* the handlers that the generated table names */

int ipcns_nl_dump_start(struct netlink_callback *cb)
{
	return ipcns_dump_start(cb);
}

int ipcns_nl_dump_done(struct netlink_callback *cb)
{
	return ipcns_dump_done(cb);
}

int ipcns_nl_ns_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_reply_one(skb, info, &ns_ops);
}

int ipcns_nl_ns_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &ns_ops);
}

int ipcns_nl_object_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_reply_one(skb, info, &object_ops);
}

int ipcns_nl_object_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &object_ops);
}

int ipcns_nl_element_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &element_ops);
}

int ipcns_nl_waiter_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &waiter_ops);
}

int ipcns_nl_holder_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &holder_ops);
}

int ipcns_nl_ns_open_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_reply_one(skb, info, &open_ops);
}

int ipcns_nl_limits_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_reply_one(skb, info, &limits_ops);
}

int ipcns_nl_limits_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &limits_ops);
}

/* The generator leaves the flags of groups out. */
static const struct genl_multicast_group groups[] = {
	[IPCNS_NLGRP_NAMESPACES] = { IPCNS_MCGRP_NAMESPACES, .flags = GENL_MCAST_CAP_SYS_ADMIN },
	[IPCNS_NLGRP_OBJECTS] = { IPCNS_MCGRP_OBJECTS, .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

static struct genl_split_ops merged_ops[2 * IPCNS_CMD_MAX];

/**
 * ipcns_netlink_init() - register the family
 *
 * Requests can come in before this returns.
 */
int __init ipcns_netlink_init(void)
{
	ipcns_nl_family.mcgrps = groups;
	ipcns_nl_merge_ops(&ipcns_nl_family, merged_ops);
	return genl_register_family(&ipcns_nl_family);
}

/**
 * ipcns_netlink_exit() - unregister the family
 *
 * No handler runs any more when this returns. Dumps that are open hold a
 * reference on the module, so there are none.
 */
void ipcns_netlink_exit(void)
{
	genl_unregister_family(&ipcns_nl_family);
}
