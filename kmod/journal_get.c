// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events from the journal, for those who ask for them.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>

#include "dump.h"
#include "events.h"
#include "nl_gen.h"
#include "registry.h"
#include "stream.h"

static const struct ipcns_scope *scope_of(const struct ipcns_reader *r,
					  struct netlink_ext_ack *extack)
{
	const struct ipcns_scope *scope = ipcns_reader_scope(r);

	if (!scope)
		NL_SET_ERR_MSG(extack, "events need CAP_SYS_ADMIN over the owner of the net namespace");
	return scope;
}

/**
 * struct journal_get - progress of a request for events
 * @cursor:	place in the journal
 * @objects:	mask of what events are wanted about
 */
struct journal_get {
	struct ipcns_cursor	cursor;
	u32			objects;
};

static int journal_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *id = attrs[IPCNS_A_EVENT_NS_ID], *objects = attrs[IPCNS_A_EVENT_OBJECTS];
	const struct ipcns_scope *scope = scope_of(&d->reader, extack);
	struct nlattr *since = attrs[IPCNS_A_EVENT_SINCE];
	struct journal_get *get = d->priv;
	int err;

	if (!scope)
		return -EPERM;
	err = ipcns_parse_ns(d, attrs[IPCNS_A_EVENT_NS_INUM], id, false, extack);
	if (err)
		return err;
	get->objects = objects ? nla_get_u32(objects) : U32_MAX;
	ipcns_events_listen();
	/* what comes while the dump goes on is for the next one, or the groups */
	ipcns_cursor_init(&get->cursor, scope, since ? nla_get_u64(since) : 1);
	return 0;
}

static bool event_wanted(const struct ipcns_dump *d, const struct ipcns_notice *n)
{
	const struct journal_get *get = d->priv;

	if (n->from || n->slots->object == IPCNS_EVENT_OBJECT_LOST)
		return true;
	return (get->objects & BIT(n->slots->object)) &&
	       !(d->id && n->slots->ns != d->id) && !(d->inum && n->inum != d->inum);
}

static int journal_collect_events(struct ipcns_dump *d)
{
	struct journal_get *get = d->priv;
	struct ipcns_notice *n;

	for (;;) {
		n = ipcns_buf_reserve(&d->buf, sizeof(*n));
		if (IS_ERR(n))
			return PTR_ERR(n) == -ENOBUFS ? 1 : PTR_ERR(n);
		if (!ipcns_stream_next(&get->cursor, n))
			return ipcns_buf_peek(&d->buf) ? 1 : 0;
		n->user_ns = d->reader.user_ns;
		n->pids = get->cursor.scope == &ipcns_scope_all &&
			  d->reader.pid_ns == &init_pid_ns;
		if (event_wanted(d, n))
			ipcns_buf_commit(&d->buf, offsetof(struct ipcns_notice, slots) +
					 (n->from ? 1 : n->slots->slots) * sizeof(*n->slots));
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static const struct ipcns_dump_ops journal_ops = {
	.cmd		= IPCNS_CMD_JOURNAL_GET,
	.priv_size	= sizeof(struct journal_get),
	.parse		= journal_parse,
	.collect_events	= journal_collect_events,
	.fill		= ipcns_notice_fill,
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
