// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events to those who listen, in each net namespace.
 *
 * Who may join a group there netlink decides: he needs CAP_SYS_ADMIN over the
 * net namespace's owner. What is sent there is what that owner's scope is told.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "attr.h"
#include "nl_gen.h"
#include "access.h"
#include "registry.h"
#include "send.h"
#include "stream.h"

/* Room for about a hundred events. */
#define BATCH_BYTES (16 << 10)

/**
 * struct net_data - a net namespace
 * @list:	in its scope's list
 * @net:	itself
 * @scope:	what is told there, NULL for nothing
 */
struct net_data {
	struct list_head	list;
	struct net		*net;
	struct ipcns_scope	*scope;
};

static unsigned int net_id;

/* Who sends, and the lists of net namespaces; taken before the registry's. */
static DEFINE_MUTEX(send_mutex);

/* The family is registered: before and after, its groups are not its own. */
static bool open;

static struct ipcns_cursor *cursor;

static int __net_init net_init(struct net *net)
{
	struct net_data *d = net_generic(net, net_id);

	d->net = net;
	if (net->user_ns != &init_user_ns && !ipcns_access_owners())
		return 0;
	mutex_lock(&send_mutex);
	d->scope = ipcns_registry_open_scope(net->user_ns);
	if (d->scope)
		list_add_tail(&d->list, &d->scope->nets);
	mutex_unlock(&send_mutex);
	return d->scope ? 0 : -ENOMEM;
}

static void __net_exit net_exit(struct net *net)
{
	struct net_data *d = net_generic(net, net_id);

	if (!d->scope)
		return;
	mutex_lock(&send_mutex);
	list_del(&d->list);
	ipcns_registry_close_scope(d->scope);
	d->scope = NULL;
	mutex_unlock(&send_mutex);
}

static struct pernet_operations net_ops = {
	.init	= net_init,
	.exit	= net_exit,
	.id	= &net_id,
	.size	= sizeof(struct net_data),
};

/**
 * ipcns_send_scope() - what events is a net namespace told of?
 * @net:	the net namespace, referenced
 *
 * Return: NULL for none.
 */
struct ipcns_scope *ipcns_send_scope(const struct net *net)
{
	return ((struct net_data *)net_generic(net, net_id))->scope;
}

/* Who listens in the net namespaces of a scope; returns a mask of groups. */
static unsigned long find_listeners(struct ipcns_scope *s)
{
	struct net_data *d;
	unsigned int group;

	s->wanted = 0;
	list_for_each_entry(d, &s->nets, list)
		for (group = IPCNS_NLGRP_NAMESPACES; group <= IPCNS_NLGRP_OBJECTS; group++)
			if (genl_has_listeners(&ipcns_nl_family, d->net, group) > 0)
				s->wanted |= BIT(group);
	return s->wanted;
}

static unsigned long find_all_listeners(void)
{
	unsigned long wanted;
	struct ipcns_scope *s;

	lockdep_assert_held(&send_mutex);
	if (!open)
		return 0;
	wanted = find_listeners(&ipcns_scope_all);
	list_for_each_entry(s, &ipcns_scopes, list)
		wanted |= find_listeners(s);
	return wanted;
}

/**
 * ipcns_send_wanted() - does anybody listen to a group?
 * @group:	IPCNS_NLGRP_NAMESPACES or IPCNS_NLGRP_OBJECTS
 *
 * Context: process context, may sleep.
 */
bool ipcns_send_wanted(unsigned int group)
{
	unsigned long wanted;

	mutex_lock(&send_mutex);
	wanted = find_all_listeners();
	mutex_unlock(&send_mutex);
	return wanted & BIT(group);
}

/*
 * Sends the messages of a scope. Who listens to both groups gets all events in
 * their order, so they are for one group, and end where it changes.
 */
static void flush(struct ipcns_scope *s)
{
	struct net_data *d;
	struct sk_buff *skb;

	if (!s->skb)
		return;
	list_for_each_entry(d, &s->nets, list) {
		if (genl_has_listeners(&ipcns_nl_family, d->net, s->group) <= 0)
			continue;
		skb = skb_clone(s->skb, GFP_KERNEL);
		if (skb)
			genlmsg_multicast_netns(&ipcns_nl_family, d->net, skb, 0, s->group,
						GFP_KERNEL);
		else
			genl_set_err(&ipcns_nl_family, d->net, 0, s->group, -ENOBUFS);
	}
	consume_skb(s->skb);
	s->skb = NULL;
}

/* Says that messages are missing, so that listeners look into the journal. */
static void say_missing(struct ipcns_scope *s, unsigned int group)
{
	struct net_data *d;

	list_for_each_entry(d, &s->nets, list)
		genl_set_err(&ipcns_nl_family, d->net, 0, group, -ENOBUFS);
}

static int append(struct ipcns_scope *s, const struct ipcns_notice *n)
{
	u8 cmd = s->group == IPCNS_NLGRP_OBJECTS ? IPCNS_CMD_OBJECT_NTF : IPCNS_CMD_NS_NTF;
	void *hdr;

	if (!s->skb)
		s->skb = genlmsg_new(BATCH_BYTES, GFP_KERNEL);
	if (!s->skb)
		return -ENOMEM;
	hdr = ipcns_attr_message(s->skb, 0, 0, &ipcns_nl_family, 0, cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (ipcns_notice_fill(s->skb, n)) {
		genlmsg_cancel(s->skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(s->skb, hdr);
	return 0;
}

/*
 * Without memory a message is left out. Listeners get the error of a buffer
 * that is full, so that they fetch it from the journal, even if it was the last
 * for a long time.
 */
static void send_group(struct ipcns_scope *s, const struct ipcns_notice *n, unsigned int group)
{
	int err;

	if (!(s->wanted & BIT(group)))
		return;
	if (s->group != group) {
		flush(s);
		s->group = group;
	}
	err = append(s, n);
	if (err == -EMSGSIZE) {
		flush(s);
		err = append(s, n);
	}
	if (err)
		say_missing(s, group);
}

/* Losses go to both groups. */
static void send_scope(struct ipcns_scope *s, struct ipcns_notice *n)
{
	bool loss = n->from || n->slots->object == IPCNS_EVENT_OBJECT_LOST;

	n->user_ns = s->user_ns;
	n->pids = s == &ipcns_scope_all;
	if (loss || n->slots->object == IPCNS_EVENT_OBJECT_NS)
		send_group(s, n, IPCNS_NLGRP_NAMESPACES);
	if (loss || n->slots->object != IPCNS_EVENT_OBJECT_NS)
		send_group(s, n, IPCNS_NLGRP_OBJECTS);
}

/* What every scope is told of, with the number that each has for it. */
static void send_all(struct ipcns_notice *n, u64 seq)
{
	struct ipcns_scope *s;

	list_for_each_entry(s, &ipcns_scopes, list) {
		if (s->from > seq)
			continue;
		if (n->from)
			n->from = n->to = s->number++;
		else
			n->seq = s->number++;
		send_scope(s, n);
	}
}

/*
 * The sender is so late that events were overwritten. How many of them a scope
 * was to be told of is not known here; the journal tells those who ask it.
 */
static void catch_up(void)
{
	struct ipcns_scope *s;

	ipcns_registry_skip();
	list_for_each_entry(s, &ipcns_scopes, list) {
		say_missing(s, IPCNS_NLGRP_NAMESPACES);
		say_missing(s, IPCNS_NLGRP_OBJECTS);
	}
}

static void send_scopes(struct ipcns_notice *n)
{
	struct ipcns_scope *scopes[IPCNS_MAX_OWNERS];
	u32 i, count;

	if (n->from) {
		if (n->cause == IPCNS_LOST_CAUSE_OVERWRITTEN)
			catch_up();
		else
			send_all(n, n->to);
		return;
	}
	if (n->slots->object == IPCNS_EVENT_OBJECT_LOST) {
		send_all(n, n->seq);
		return;
	}
	count = ipcns_registry_scopes(n->slots->ns, n->seq, scopes);
	for (i = 0; i < count; i++) {
		n->seq = scopes[i]->number++;
		send_scope(scopes[i], n);
	}
}

/**
 * ipcns_send() - send the settled events that were not sent yet
 *
 * Nothing is built where nobody listens.
 *
 * Context: process context, may sleep.
 */
void ipcns_send(void)
{
	struct ipcns_scope *s;
	struct ipcns_notice n;

	mutex_lock(&send_mutex);
	if (!find_all_listeners()) {
		ipcns_cursor_init(cursor, &ipcns_scope_all, ipcns_registry_skip());
	} else {
		ipcns_cursor_extend(cursor);
		while (ipcns_stream_next(cursor, &n)) {
			send_scope(&ipcns_scope_all, &n);
			if (!list_empty(&ipcns_scopes))
				send_scopes(&n);
			cond_resched();
		}
		flush(&ipcns_scope_all);
		list_for_each_entry(s, &ipcns_scopes, list)
			flush(s);
	}
	mutex_unlock(&send_mutex);
}

/**
 * ipcns_send_init() - make ready to send
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_send_init(void)
{
	int err;

	cursor = kvzalloc(sizeof(*cursor), GFP_KERNEL);
	if (!cursor)
		return -ENOMEM;
	ipcns_cursor_init(cursor, &ipcns_scope_all, 1);
	err = register_pernet_subsys(&net_ops);
	if (err)
		kvfree(cursor);
	return err;
}

/**
 * ipcns_send_open() - begin or stop to send
 * @on:		the family is registered, and stays so until this is called
 *		with false
 *
 * Context: process context, may sleep.
 */
void ipcns_send_open(bool on)
{
	mutex_lock(&send_mutex);
	open = on;
	mutex_unlock(&send_mutex);
}

/**
 * ipcns_send_exit() - undo ipcns_send_init()
 */
void ipcns_send_exit(void)
{
	unregister_pernet_subsys(&net_ops);
	kvfree(cursor);
}
