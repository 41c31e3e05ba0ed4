// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as readers get them: read from the journal, with what the registry knows
 * of their namespaces, and put into messages.
 */
#include <linux/user_namespace.h>

#include <net/netlink.h>

#include "cgroup.h"
#include "event_read.h"
#include "registry.h"

/**
 * ipcns_cursor_init() - start reading the journal
 * @c:		the cursor
 * @since:	first sequence number
 *
 * Events that happen from now on are not read.
 *
 * Context: process context, may sleep.
 */
void ipcns_cursor_init(struct ipcns_cursor *c, u64 since)
{
	c->next = max_t(u64, since, 1);
	c->n = 0;
	c->pos = 0;
	ipcns_cursor_extend(c);
}

/**
 * ipcns_cursor_extend() - read events that happened meanwhile, too
 * @c:		the cursor
 *
 * Context: process context, may sleep.
 */
void ipcns_cursor_extend(struct ipcns_cursor *c)
{
	c->end = ipcns_registry_now();
}

/* Is an event older than all that the journal holds? */
static bool overwritten(u64 seq)
{
	struct ipcns_journal_state state;

	ipcns_journal_state(&state);
	return seq < state.first;
}

/*
 * Reports that events from the cursor up to @seq are missing: those older than the
 * journal's oldest one were overwritten, others were dropped.
 */
static bool report_missing(struct ipcns_cursor *c, u64 seq, u64 time,
			   struct ipcns_event_report *out)
{
	out->from = c->next;
	out->to = seq - 1;
	out->cause = overwritten(seq - 1) ? IPCNS_LOST_CAUSE_OVERWRITTEN : IPCNS_LOST_CAUSE_DROPPED;
	out->slots->time = time;
	c->next = seq;
	return true;
}

/**
 * ipcns_event_next() - the next event of the journal, or loss
 * @c:		where to continue; moved on
 * @out:	filled in, but for user_ns, pids and names
 *
 * Context: process context, may sleep.
 * Return: false if there are no more.
 */
bool ipcns_event_next(struct ipcns_cursor *c, struct ipcns_event_report *out)
{
	const struct ipcns_event *e;
	struct ipcns_ns_info info;
	u32 i;

	memset(out, 0, offsetof(struct ipcns_event_report, slots));
	if (c->next >= c->end)
		return false;
	if (c->pos == c->n) {
		c->pos = 0;
		c->n = ipcns_journal_read(c->window, ARRAY_SIZE(c->window), c->next);
		if (!c->n)	/* the last events were dropped */
			return report_missing(c, c->end, ktime_get_boottime_ns(), out);
	}
	e = &c->window[c->pos];
	out->seq = ipcns_journal_seq(e, ipcns_journal_next());
	if (out->seq > c->next) {
		u64 seq = min(out->seq, c->end);

		out->seq = 0;
		return report_missing(c, seq, e->time, out);
	}
	c->next++;
	c->pos += e->slots;
	for (i = 0; i < min_t(u32, e->slots, IPCNS_EVENT_SLOTS); i++)
		out->slots[i] = e[i];
	if (e->object != IPCNS_EVENT_OBJECT_NS && e->ns == c->ns) {
		out->inum = c->inum;
	} else if (ipcns_registry_lookup(e->ns, &info)) {
		out->inum = info.inum;
		out->inventory = info.inventory;
		out->inventory_known = info.dying.time;
		c->ns = e->ns;
		c->inum = info.inum;
	}
	return true;
}

static int lost_fill(struct sk_buff *skb, const struct ipcns_event_report *n)
{
	if (nla_put_s64(skb, IPCNS_A_EVENT_TIME, ipcns_real_time(n->slots->time),
			IPCNS_A_EVENT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_LOST) ||
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_FROM, n->from, IPCNS_A_EVENT_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_TO, n->to, IPCNS_A_EVENT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_CAUSE, n->cause))
		return -EMSGSIZE;
	return 0;
}

static int ns_fill(struct sk_buff *skb, const struct ipcns_event_report *n)
{
	const struct ipcns_event_inventory *inv = &n->inventory;
	const struct ipcns_event *e = n->slots;

	if (e->what == IPCNS_EVENT_KIND_CREATED || !n->inventory_known)
		return 0;
	if (nla_put_u32(skb, IPCNS_A_EVENT_SHM, inv->count[IPCNS_KIND_SHM]) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_SEM, inv->count[IPCNS_KIND_SEM]) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_MSG, inv->count[IPCNS_KIND_MSG]) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_MQ, inv->count[IPCNS_KIND_MQ]) ||
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_SHM_BYTES, inv->bytes[IPCNS_KIND_SHM],
			      IPCNS_A_EVENT_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_MSG_BYTES, inv->bytes[IPCNS_KIND_MSG],
			      IPCNS_A_EVENT_PAD))
		return -EMSGSIZE;
	if (e->what == IPCNS_EVENT_KIND_DESTROYED &&
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_DURATION, e->value, IPCNS_A_EVENT_PAD))
		return -EMSGSIZE;
	return 0;
}

/* A name spans several slots; it ends where they do, or with a NUL. */
static int name_fill(struct sk_buff *skb, const struct ipcns_event *e)
{
	const u32 part = sizeof_field(struct ipcns_event_more, data);
	char name[IPCNS_EVENT_SLOTS * sizeof_field(struct ipcns_event_more, data)];
	u32 i, n = min_t(u32, e->slots, IPCNS_EVENT_SLOTS);

	if (n == 1)
		return 0;
	for (i = 1; i < n; i++)
		memcpy(name + (i - 1) * part, ((const struct ipcns_event_more *)(e + i))->data, part);
	return nla_put(skb, IPCNS_A_EVENT_NAME, strnlen(name, (n - 1) * part), name);
}

static int object_fill(struct sk_buff *skb, const struct ipcns_event_report *n)
{
	const struct ipcns_event *e = n->slots;
	uid_t uid = from_kuid_munged(n->user_ns, KUIDT_INIT(e->uid));

	if (nla_put_u32(skb, IPCNS_A_EVENT_ID, e->id) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_UID, uid))
		return -EMSGSIZE;
	if (e->reason && nla_put_u32(skb, IPCNS_A_EVENT_REASON, e->reason))
		return -EMSGSIZE;
	if (e->object == IPCNS_EVENT_OBJECT_MQ)
		return name_fill(skb, e);
	if (nla_put_u32(skb, IPCNS_A_EVENT_KEY, e->key))
		return -EMSGSIZE;
	if (e->what == IPCNS_EVENT_KIND_CHANGED)
		return nla_put_u32(skb, IPCNS_A_EVENT_MODE, e->value);
	if (e->object == IPCNS_EVENT_OBJECT_SHM)
		return nla_put_u64_64bit(skb, IPCNS_A_EVENT_BYTES, e->value, IPCNS_A_EVENT_PAD);
	return 0;
}

/* The task that caused it; its name may be empty. */
static int actor_fill(struct sk_buff *skb, const struct ipcns_event_report *n)
{
	const struct ipcns_event *e = n->slots;

	if (nla_put_u32(skb, IPCNS_A_EVENT_PID, n->pids ? ipcns_event_pid(e) : 0))
		return -EMSGSIZE;
	if (!n->names)
		return 0;
	/* of others, uid is the owner */
	if (e->object == IPCNS_EVENT_OBJECT_NS &&
	    nla_put_u32(skb, IPCNS_A_EVENT_UID, from_kuid_munged(n->user_ns, KUIDT_INIT(e->uid))))
		return -EMSGSIZE;
	return nla_put(skb, IPCNS_A_EVENT_COMM, strnlen(e->comm, sizeof(e->comm) - 1), e->comm) ?:
	       ipcns_cgroup_fill(skb, ipcns_event_cgroup(e), n->seq);
}

/**
 * ipcns_event_fill() - put an event, or a loss, into a message
 * @skb:	the message
 * @record:	a struct ipcns_event_report
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_event_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_event_report *n = record;
	const struct ipcns_event *e = n->slots;

	if (n->from)
		return lost_fill(skb, n);
	if (nla_put_u64_64bit(skb, IPCNS_A_EVENT_SEQ, n->seq, IPCNS_A_EVENT_PAD) ||
	    nla_put_s64(skb, IPCNS_A_EVENT_TIME, ipcns_real_time(e->time), IPCNS_A_EVENT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_OBJECT, e->object))
		return -EMSGSIZE;
	if (e->object == IPCNS_EVENT_OBJECT_LOST)
		return nla_put_u32(skb, IPCNS_A_EVENT_CAUSE, e->what);
	if (nla_put_u32(skb, IPCNS_A_EVENT_EVENT, e->what) ||
	    nla_put_u32(skb, IPCNS_A_EVENT_NS_INUM, n->inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_NS_ID, e->ns, IPCNS_A_EVENT_PAD))
		return -EMSGSIZE;
	if (ipcns_event_pid(e) && actor_fill(skb, n))
		return -EMSGSIZE;
	return e->object == IPCNS_EVENT_OBJECT_NS ? ns_fill(skb, n) : object_fill(skb, n);
}
