// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on the wire: to those who ask for the journal, and to those who listen.
 */
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include <net/genetlink.h>

#include "nl_gen.h"
#include "registry.h"
#include "stream.h"

/* Room for about a hundred events. */
#define BATCH_BYTES (16 << 10)

/* The family is registered: before and after, its groups are not its own. */
static bool open;

/**
 * ipcns_stream_next() - the next event of the journal, or loss
 * @c:		where to go on; moved on
 * @out:	filled in
 *
 * Numbers that are missing are a loss: before the oldest event that the journal
 * holds the ring was overwritten, elsewhere events were dropped.
 *
 * Context: process context, may sleep.
 * Return: false if there are no more.
 */
bool ipcns_stream_next(struct ipcns_cursor *c, struct ipcns_notice *out)
{
	struct ipcns_journal_state state;
	const struct ipcns_event *e;
	struct ipcns_known known;
	u64 seq;

	if (c->pos == c->n) {
		c->pos = 0;
		c->n = ipcns_journal_read(c->window, ARRAY_SIZE(c->window), c->next);
		if (!c->n)
			return false;
	}
	e = &c->window[c->pos];
	seq = ipcns_journal_seq(e, ipcns_journal_next());

	memset(out, 0, offsetof(struct ipcns_notice, slots));
	if (seq > c->next) {
		ipcns_journal_state(&state);
		out->from = c->next;
		out->to = seq - 1;
		out->cause = out->to < state.first ? IPCNS_LOST_CAUSE_OVERWRITTEN :
						     IPCNS_LOST_CAUSE_DROPPED;
		out->slots->time = e->time;
		c->next = seq;
		return true;
	}
	out->seq = seq;
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
	c->pos += e->slots;
	c->next = seq + 1;
	return true;
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

static int object_fill(struct sk_buff *skb, const struct ipcns_event *e)
{
	uid_t uid = from_kuid_munged(&init_user_ns, KUIDT_INIT(e->uid));

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
 * @n:		the event
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_notice_fill(struct sk_buff *skb, const struct ipcns_notice *n)
{
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
	    (nla_put_u32(skb, IPCNS_A_EVENT_PID, e->pid) ||
	     nla_put(skb, IPCNS_A_EVENT_COMM, strnlen(e->comm, sizeof(e->comm)), e->comm)))
		return -EMSGSIZE;
	return e->object == IPCNS_EVENT_OBJECT_NS ? ns_fill(skb, n) : object_fill(skb, e);
}

/**
 * ipcns_stream_wanted() - does anybody listen to a group?
 * @group:	IPCNS_NLGRP_NAMESPACES or IPCNS_NLGRP_OBJECTS
 */
bool ipcns_stream_wanted(unsigned int group)
{
	return READ_ONCE(open) && genl_has_listeners(&ipcns_nl_family, &init_net, group) > 0;
}

/**
 * struct batch - messages for one group that are not sent yet
 * @skb:	the messages, or NULL
 * @group:	the group
 *
 * Who listens to both groups gets all events in their order, so a batch ends
 * where the group changes.
 */
struct batch {
	struct sk_buff	*skb;
	unsigned int	group;
};

static struct ipcns_cursor *cursor;

static void flush(struct batch *b)
{
	if (b->skb)
		genlmsg_multicast_netns(&ipcns_nl_family, &init_net, b->skb, 0, b->group,
					GFP_KERNEL);
	b->skb = NULL;
}

static int append(struct batch *b, const struct ipcns_notice *n)
{
	u8 cmd = b->group == IPCNS_NLGRP_OBJECTS ? IPCNS_CMD_OBJECT_NTF : IPCNS_CMD_NS_NTF;
	void *hdr;

	if (!b->skb)
		b->skb = genlmsg_new(BATCH_BYTES, GFP_KERNEL);
	if (!b->skb)
		return -ENOMEM;
	hdr = genlmsg_put(b->skb, 0, 0, &ipcns_nl_family, 0, cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (ipcns_notice_fill(b->skb, n)) {
		genlmsg_cancel(b->skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(b->skb, hdr);
	return 0;
}

/*
 * Without memory a message is left out. Listeners get the error of a buffer
 * that is full, so that they fetch it from the journal, even if it was the last
 * for a long time.
 */
static void send(struct batch *b, const struct ipcns_notice *n, unsigned int group)
{
	int err;

	if (b->group != group) {
		flush(b);
		b->group = group;
	}
	err = append(b, n);
	if (err == -EMSGSIZE) {
		flush(b);
		err = append(b, n);
	}
	if (err)
		genl_set_err(&ipcns_nl_family, &init_net, 0, group, -ENOBUFS);
}

/**
 * ipcns_stream_send() - send the settled events that were not sent yet
 *
 * Nothing is built where nobody listens.
 *
 * Context: process context, may sleep; one caller at a time.
 */
void ipcns_stream_send(void)
{
	bool ns = ipcns_stream_wanted(IPCNS_NLGRP_NAMESPACES);
	bool objects = ipcns_stream_wanted(IPCNS_NLGRP_OBJECTS);
	struct ipcns_notice n;
	struct batch b = { };

	if (!ns && !objects) {
		cursor->next = ipcns_journal_next();
		cursor->pos = cursor->n;
		return;
	}
	while (ipcns_stream_next(cursor, &n)) {
		bool loss = n.from || n.slots->object == IPCNS_EVENT_OBJECT_LOST;

		if (ns && (loss || n.slots->object == IPCNS_EVENT_OBJECT_NS))
			send(&b, &n, IPCNS_NLGRP_NAMESPACES);
		if (objects && (loss || n.slots->object != IPCNS_EVENT_OBJECT_NS))
			send(&b, &n, IPCNS_NLGRP_OBJECTS);
		cond_resched();
	}
	flush(&b);
}

/**
 * ipcns_stream_init() - make ready to send
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_stream_init(void)
{
	cursor = kzalloc(sizeof(*cursor), GFP_KERNEL);
	if (!cursor)
		return -ENOMEM;
	cursor->next = 1;
	return 0;
}

/**
 * ipcns_stream_open() - begin or stop to send
 * @on:		the family is registered, and stays so until this is called
 *		with false and the worker that sends was waited for
 */
void ipcns_stream_open(bool on)
{
	WRITE_ONCE(open, on);
}

/**
 * ipcns_stream_exit() - undo ipcns_stream_init()
 */
void ipcns_stream_exit(void)
{
	kfree(cursor);
}
