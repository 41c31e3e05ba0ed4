// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the module itself: versions, layouts, hooks, counters.
 */
#include <linux/utsname.h>

#include "attr.h"
#include "creator.h"
#include "dump.h"
#include "event_worker.h"
#include "hook.h"
#include "journal.h"
#include "layout.h"
#include "nl_gen.h"
#include "registry.h"

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
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_WALKS, stats.walks) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_WALKS_CUT, stats.cut) ||
	    nla_put_u32(skb, IPCNS_A_STATUS_DUMPS, ipcns_dumps_open()) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_DUMP_BYTES, ipcns_buf_total()))
		return -EMSGSIZE;
	return 0;
}

static int hook_fill(struct sk_buff *skb, const struct ipcns_hook_state *p)
{
	struct nlattr *nest = nla_nest_start(skb, IPCNS_A_STATUS_PROBE);

	if (!nest ||
	    nla_put_string(skb, IPCNS_A_PROBE_SYMBOL, p->symbol) ||
	    nla_put_u32(skb, IPCNS_A_PROBE_ARMED, p->armed) ||
	    ipcns_attr_u64(skb, IPCNS_A_PROBE_MISSED, p->missed) ||
	    nla_put_u32(skb, IPCNS_A_PROBE_KIND, p->kind) ||
	    (p->error && nla_put_u32(skb, IPCNS_A_PROBE_ERROR, -p->error)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* As in cumulative histograms: each bound counts what is below it, too. */
static int teardowns_fill(struct sk_buff *skb, const struct ipcns_registry_stats *r)
{
	struct nlattr *nest;
	u64 count = 0;
	u32 i;

	for (i = 0; i < IPCNS_N_BOUNDS; i++) {
		count += r->teardowns[i];
		nest = nla_nest_start(skb, IPCNS_A_STATUS_TEARDOWNS);
		if (!nest ||
		    ipcns_attr_u64(skb, IPCNS_A_TEARDOWNS_BOUND, ipcns_bounds[i]) ||
		    ipcns_attr_u64(skb, IPCNS_A_TEARDOWNS_COUNT, count))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	count += r->teardowns[i];
	if (ipcns_attr_u64(skb, IPCNS_A_STATUS_TEARDOWN_COUNT, count) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_TEARDOWN_SUM, r->teardown_sum))
		return -EMSGSIZE;
	return 0;
}

static int creators_fill(struct sk_buff *skb)
{
	u64 dropped;
	u32 n;

	if (!ipcns_hooks_armed(IPCNS_HOOKS_CREATORS))
		return 0;
	n = ipcns_creators_count(&dropped);
	return nla_put_u32(skb, IPCNS_A_STATUS_CREATORS, n) ?:
	       ipcns_attr_u64(skb, IPCNS_A_STATUS_CREATORS_DROPPED, dropped);
}

static int events_fill(struct sk_buff *skb)
{
	struct ipcns_registry_stats r;
	struct ipcns_journal_state j;
	struct ipcns_hook_state p;
	const u64 slot_size = sizeof(struct ipcns_event);
	unsigned int i;

	ipcns_registry_stats(&r);
	ipcns_journal_state(&j);
	for (i = 0; ipcns_hook_state(i, &p); i++)
		if ((p.error || ipcns_hooks[i].group != IPCNS_HOOKS_CREATORS) && hook_fill(skb, &p))
			return -EMSGSIZE;
	if (nla_put_u32(skb, IPCNS_A_STATUS_DYING, r.dying) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_MISSED, r.missed) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_JOURNAL_FIRST, j.first) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_JOURNAL_NEXT, j.next) ||
	    nla_put_s64(skb, IPCNS_A_STATUS_JOURNAL_SINCE, ipcns_real_time(j.since),
			IPCNS_A_STATUS_PAD) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_DROPPED, j.dropped) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_JOURNAL_SIZE, j.slots * slot_size) ||
	    ipcns_attr_u64(skb, IPCNS_A_STATUS_JOURNAL_USED, j.used * slot_size) ||
	    nla_put_u32(skb, IPCNS_A_STATUS_RECORDED, ipcns_events_recorded()) ||
	    (ipcns_hooks_stuck() && nla_put_string(skb, IPCNS_A_STATUS_STUCK, ipcns_hooks_stuck())))
		return -EMSGSIZE;
	return creators_fill(skb) ?: teardowns_fill(skb, &r);
}

static int status_fill(struct sk_buff *skb, bool counters)
{
	unsigned int i;

	if (nla_put_string(skb, IPCNS_A_STATUS_VERSION, IPCNS_VERSION) ||
	    nla_put_string(skb, IPCNS_A_STATUS_KERNEL, init_utsname()->release) ||
	    nla_put_string(skb, IPCNS_A_STATUS_MACHINE, init_utsname()->machine) ||
	    nla_put_string(skb, IPCNS_A_STATUS_INTERFACES, IPCNS_INTERFACES))
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
	int err = ipcns_access_check(skb, info->extack);
	struct sk_buff *reply;
	void *hdr;

	if (err)
		return err;
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &ipcns_nl_family, 0, IPCNS_CMD_STATUS_GET);
	if (!hdr || status_fill(reply, ipcns_access_admin(skb))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
