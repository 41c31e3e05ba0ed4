// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events from the journal, and subscriptions to those to come.
 */
#include <linux/bsearch.h>
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "dump.h"
#include "event_read.h"
#include "event_send.h"
#include "event_worker.h"
#include "nl_gen.h"
#include "registry.h"

/**
 * struct journal_get - progress of a request for events
 * @cursor:	place in the journal
 * @objects:	mask of events that are wanted
 * @ids_known:	d->list has the ids of the namespaces that the reader may see
 */
struct journal_get {
	struct ipcns_cursor	cursor;
	u32			objects;
	bool			ids_known;
};

static int journal_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *id = attrs[IPCNS_A_EVENT_NS_ID], *objects = attrs[IPCNS_A_EVENT_OBJECTS];
	struct nlattr *since = attrs[IPCNS_A_EVENT_SINCE];
	struct journal_get *get = d->priv;
	int err;

	err = ipcns_parse_ns(d, attrs[IPCNS_A_EVENT_NS_INUM], id, false, extack);
	if (err)
		return err;
	get->objects = objects ? nla_get_u32(objects) : U32_MAX;
	/* events during the dump are for the next one, or for subscribers */
	ipcns_cursor_init(&get->cursor, since ? nla_get_u64(since) : 1);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Replaces cookies in d->list with ids; namespaces that have ended meanwhile get id 0. */
static int cookies_to_ids(struct ipcns_dump *d, struct ipcns_ns_ref *refs, u32 pos, u32 n)
{
	u32 i;
	int err;

	memset(refs, 0, n * sizeof(*refs));
	for (i = 0; i < n; i++)
		refs[i].cookie = d->list.cookie[pos + i];
	err = ipcns_walk_get(refs, n, &d->view);
	if (!err)
		err = ipcns_registry_name(refs, n);
	for (i = 0; i < n; i++) {
		d->list.cookie[pos + i] = refs[i].id;
		ipcns_put(&refs[i]);
	}
	return err;
}

/*
 * Finds the namespaces that a reader who is no administrator may see now. None
 * can say any more who owned a namespace that has ended, so its events are not
 * for them.
 */
static int list_visible(struct ipcns_dump *d)
{
	struct ipcns_ns_ref *refs;
	u32 n, pos;
	int err;

	err = ipcns_walk_cookies(&d->list, &d->view);
	if (!err)
		err = ipcns_dump_charge(d, d->list.max * sizeof(*d->list.cookie));
	if (err)
		return err;
	refs = kvmalloc_array(IPCNS_BATCH, sizeof(*refs), GFP_KERNEL_ACCOUNT);
	if (!refs)
		return -ENOMEM;
	for (pos = 0; pos < d->list.n && !err; pos += n) {
		n = min_t(u32, d->list.n - pos, IPCNS_BATCH);
		err = cookies_to_ids(d, refs, pos, n);
	}
	kvfree(refs);
	sort(d->list.cookie, d->list.n, sizeof(*d->list.cookie), compare_ids, NULL);
	return err;
}

static bool event_wanted(const struct ipcns_dump *d, const struct ipcns_event_report *r)
{
	const struct journal_get *get = d->priv;
	u64 id = r->slots->ns;

	if (r->from || r->slots->object == IPCNS_EVENT_OBJECT_LOST)
		return true;
	if (!(get->objects & BIT(r->slots->object)) || (d->id && id != d->id) ||
	    (d->inum && r->inum != d->inum))
		return false;
	return d->reader.admin ||
	       bsearch(&id, d->list.cookie, d->list.n, sizeof(id), compare_ids);
}

static int journal_collect_events(struct ipcns_dump *d)
{
	struct journal_get *get = d->priv;
	struct ipcns_event_report *r;
	int err;

	if (!d->reader.admin && !get->ids_known) {
		err = list_visible(d);
		if (err)
			return err;
		get->ids_known = true;
	}
	for (;;) {
		r = ipcns_buf_reserve(&d->buf, sizeof(*r));
		if (IS_ERR(r))
			return PTR_ERR(r) == -ENOBUFS ? 1 : PTR_ERR(r);
		if (!ipcns_event_next(&get->cursor, r))
			return ipcns_buf_peek(&d->buf) ? 1 : 0;
		r->user_ns = d->reader.user_ns;
		r->pids = d->reader.admin && d->reader.pid_ns == &init_pid_ns;
		/* to others the process may be one that they cannot see */
		r->names = d->reader.admin;
		if (event_wanted(d, r))
			ipcns_buf_commit(&d->buf, offsetof(struct ipcns_event_report, slots) +
					 (r->from ? 1 : r->slots->slots) * sizeof(*r->slots));
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static const struct ipcns_dump_ops journal_ops = {
	.cmd		= IPCNS_CMD_JOURNAL_GET,
	.priv_size	= sizeof(struct journal_get),
	.access		= IPCNS_ACCESS_FULL,
	.parse		= journal_parse,
	.collect_events	= journal_collect_events,
	.fill		= ipcns_event_fill,
};

/* The answer to requests that do not ask for events: where the journal is, and what is recorded. */
static int reply_state(struct sk_buff *skb, struct genl_info *info, u8 cmd)
{
	bool admin = ipcns_access_admin(skb);
	struct ipcns_journal_state state;
	struct sk_buff *reply;
	u64 next_id;
	void *hdr;

	ipcns_registry_wait();
	ipcns_journal_state(&state);
	/* the number of namespaces so far is for those who may see them all */
	next_id = admin ? ipcns_registry_next_id() : 0;
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &ipcns_nl_family, 0, cmd);
	if (!hdr ||
	    nla_put_u64_64bit(reply, IPCNS_A_EVENT_SEQ, state.next, IPCNS_A_EVENT_PAD) ||
	    nla_put_u64_64bit(reply, IPCNS_A_EVENT_FROM, state.first, IPCNS_A_EVENT_PAD) ||
	    (next_id &&
	     nla_put_u64_64bit(reply, IPCNS_A_EVENT_NS_ID, next_id, IPCNS_A_EVENT_PAD)) ||
	    nla_put_u32(reply, IPCNS_A_EVENT_OBJECTS, ipcns_events_recorded())) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int ipcns_nl_journal_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ipcns_access_check(skb, info->extack) ?:
	       reply_state(skb, info, IPCNS_CMD_JOURNAL_GET);
}

int ipcns_nl_journal_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &journal_ops);
}

int ipcns_nl_subscribe_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *objects = info->attrs[IPCNS_A_EVENT_OBJECTS];
	int err;

	if (!ipcns_access_admin(skb)) {
		NL_SET_ERR_MSG(info->extack, "needs CAP_SYS_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (!objects || !nla_get_u32(objects)) {
		NL_SET_ERR_MSG(info->extack, "objects are missing");
		return -EINVAL;
	}
	err = ipcns_subscribe(genl_info_net(info), info->snd_portid, nla_get_u32(objects));
	if (err == -EOPNOTSUPP)
		NL_SET_ERR_MSG(info->extack, "no events in net namespaces that the initial user namespace does not own");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack, "too many subscriptions");
	return err ?: reply_state(skb, info, IPCNS_CMD_SUBSCRIBE);
}
