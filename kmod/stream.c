// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as they are told: read from the journal with what belongs to them, as
 * far as a scope is told of them, and put into messages.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include <net/netlink.h>

#include "registry.h"
#include "stream.h"

static void forget_window(struct ipcns_cursor *c)
{
	c->window.n = 0;
	c->pos = 0;
}

/**
 * ipcns_cursor_init() - begin to read the journal
 * @c:		the cursor
 * @scope:	whose events
 * @since:	number to begin with
 *
 * What comes from now on is not read.
 *
 * Context: process context, may sleep.
 */
void ipcns_cursor_init(struct ipcns_cursor *c, const struct ipcns_scope *scope, u64 since)
{
	c->scope = scope;
	c->since = max_t(u64, since, 1);
	forget_window(c);
	if (scope == &ipcns_scope_all) {
		c->next = c->since;
		c->number = c->since;
	} else {
		c->next = scope->since;
		c->number = 1;
	}
	ipcns_cursor_extend(c);
}

/**
 * ipcns_cursor_extend() - read what came meanwhile, too
 * @c:		the cursor
 *
 * Context: process context, may sleep.
 */
void ipcns_cursor_extend(struct ipcns_cursor *c)
{
	ipcns_registry_now(c->scope, &c->end, &c->end_number);
}

static u64 seq_of(const struct ipcns_event *e)
{
	return ipcns_journal_seq(e, ipcns_journal_next());
}

/* Is an event older than all that the journal has? */
static bool overwritten(u64 seq)
{
	struct ipcns_journal_state state;

	ipcns_journal_state(&state);
	return seq < state.first;
}

/*
 * Reads events from @from on and finds out which of them the scope is told of.
 * Returns false if they were overwritten meanwhile.
 */
static bool read_window(const struct ipcns_cursor *c, struct ipcns_window *w, u64 from)
{
	w->n = ipcns_journal_read(w->event, ARRAY_SIZE(w->event), from);
	if (c->scope == &ipcns_scope_all)
		bitmap_fill(w->told, w->n);
	else if (!ipcns_registry_told(c->scope, w->event, w->n, w->told))
		return !overwritten(seq_of(w->event));
	return true;
}

/*
 * The number of the event at which the window is: the number at the end less the
 * events from there to the end. Returns 0 if these were overwritten meanwhile.
 */
static u64 number_here(struct ipcns_cursor *c)
{
	u64 at = seq_of(&c->window.event[c->pos]), number = c->end_number;
	struct ipcns_window *w = &c->window;
	u32 i = c->pos;

	if (c->scope == &ipcns_scope_all)
		return at;
	for (;;) {
		for (; i < w->n && at < c->end; i += w->event[i].slots) {
			u64 seq = seq_of(&w->event[i]);

			/* where events were dropped, each scope left a number out */
			if (seq > at) {
				if (overwritten(seq - 1))
					return 0;
				number--;
			}
			if (seq < c->end && test_bit(i, w->told))
				number--;
			at = seq + 1;
		}
		if (at >= c->end)
			return number;
		w = &c->ahead;
		i = 0;
		if (!read_window(c, w, at))
			return 0;
		if (!w->n)
			return number - 1;
		cond_resched();
	}
}

/*
 * Events before @seq are missing: those before the oldest one that the journal
 * has were overwritten, others were dropped. Fills in the loss, as far as the
 * scope is told; returns false if there is nothing to tell.
 */
static bool lose(struct ipcns_cursor *c, u64 seq, u64 time, struct ipcns_notice *out)
{
	u64 number, from = max(c->number, c->since);
	bool dropped = !overwritten(seq - 1);

	if (seq >= c->end)
		number = c->end_number;
	else if (dropped && c->scope != &ipcns_scope_all)
		number = c->number + 1;
	else
		number = number_here(c);
	if (!number) {
		forget_window(c);
		return false;
	}
	c->next = seq;
	c->number = number;
	if (from >= number)
		return false;
	out->from = from;
	out->to = number - 1;
	out->cause = dropped ? IPCNS_LOST_CAUSE_DROPPED : IPCNS_LOST_CAUSE_OVERWRITTEN;
	out->slots->time = time;
	return true;
}

/**
 * ipcns_stream_next() - the next event of the journal that a scope is told of, or loss
 * @c:		where to go on; moved on
 * @out:	filled in, but for user_ns and pids
 *
 * Context: process context, may sleep.
 * Return: false if there are no more.
 */
bool ipcns_stream_next(struct ipcns_cursor *c, struct ipcns_notice *out)
{
	const struct ipcns_event *e;
	struct ipcns_known known;
	u64 seq;

	memset(out, 0, offsetof(struct ipcns_notice, slots));
	while (c->next < c->end) {
		if (c->pos == c->window.n) {
			c->pos = 0;
			if (!read_window(c, &c->window, c->next))
				forget_window(c);
			else if (!c->window.n)	/* what came last was dropped */
				return lose(c, c->end, ktime_get_boottime_ns(), out);
			continue;
		}
		e = &c->window.event[c->pos];
		seq = seq_of(e);
		if (seq > c->next) {
			if (lose(c, seq, e->time, out))
				return true;
			continue;
		}
		c->next = seq + 1;
		c->pos += e->slots;
		if (!test_bit(e - c->window.event, c->window.told) || c->number++ < c->since)
			continue;
		out->seq = c->number - 1;
		memcpy(out->slots, e, e->slots * sizeof(*e));
		if (e->object != IPCNS_EVENT_OBJECT_NS && e->ns == c->ns) {
			out->inum = c->inum;
		} else if (ipcns_registry_lookup(e->ns, &known)) {
			out->inum = known.inum;
			out->inventory = known.inventory;
			out->inventory_known = known.dying.time;
			c->ns = e->ns;
			c->inum = known.inum;
		}
		return true;
	}
	return false;
}

/**
 * ipcns_stream_range() - what the journal has for a scope
 * @scope:	the scope
 * @first:	set to the number of its oldest event, and
 * @next:	to the number that its next one will have
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcns_stream_range(const struct ipcns_scope *scope, u64 *first, u64 *next)
{
	struct ipcns_journal_state state;
	struct ipcns_cursor *c;
	struct ipcns_notice n;

	if (scope == &ipcns_scope_all) {
		ipcns_registry_sync();
		ipcns_journal_state(&state);
		*first = state.first;
		*next = state.next;
		return 0;
	}
	c = kvzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	ipcns_cursor_init(c, scope, 1);
	*next = c->end_number;
	/* a loss may come first */
	do
		*first = ipcns_stream_next(c, &n) ? n.seq : *next;
	while (!*first);
	kvfree(c);
	return 0;
}

static int lost_fill(struct sk_buff *skb, const struct ipcns_notice *n)
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

static int ns_fill(struct sk_buff *skb, const struct ipcns_notice *n)
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
	    nla_put_u64_64bit(skb, IPCNS_A_EVENT_DURATION, e->bytes, IPCNS_A_EVENT_PAD))
		return -EMSGSIZE;
	return 0;
}

/* A name goes on over several slots; it ends where they do, or with a NUL. */
static int name_fill(struct sk_buff *skb, const struct ipcns_event *e)
{
	const u32 part = sizeof_field(struct ipcns_event_more, data);
	char name[IPCNS_EVENT_SLOTS * sizeof_field(struct ipcns_event_more, data)];
	u32 i;

	if (e->slots == 1)
		return 0;
	for (i = 1; i < e->slots; i++)
		memcpy(name + (i - 1) * part, ((const struct ipcns_event_more *)(e + i))->data, part);
	return nla_put(skb, IPCNS_A_EVENT_NAME, strnlen(name, (e->slots - 1) * part), name);
}

static int object_fill(struct sk_buff *skb, const struct ipcns_notice *n)
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
		return nla_put_u32(skb, IPCNS_A_EVENT_MODE, e->bytes);
	if (e->object == IPCNS_EVENT_OBJECT_SHM)
		return nla_put_u64_64bit(skb, IPCNS_A_EVENT_BYTES, e->bytes, IPCNS_A_EVENT_PAD);
	return 0;
}

/**
 * ipcns_notice_fill() - put an event, or a loss, into a message
 * @skb:	the message
 * @record:	a struct ipcns_notice
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_notice_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_notice *n = record;
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
	if (e->comm[0] &&
	    (nla_put_u32(skb, IPCNS_A_EVENT_PID, n->pids ? e->pid : 0) ||
	     nla_put(skb, IPCNS_A_EVENT_COMM, strnlen(e->comm, sizeof(e->comm)), e->comm)))
		return -EMSGSIZE;
	return e->object == IPCNS_EVENT_OBJECT_NS ? ns_fill(skb, n) : object_fill(skb, n);
}
