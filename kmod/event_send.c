// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events to subscribers, by multicast.
 *
 * A group is no sign of a listener: every user with a net namespace of their own
 * can join it there. So administrators subscribe, and messages go to the net
 * namespaces that have a subscriber, and that the initial user namespace owns.
 * Nothing of this module runs when a net namespace is created or destroyed.
 */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "attr.h"
#include "event_read.h"
#include "event_send.h"
#include "nl_gen.h"

/* Room for about a hundred events. */
#define BATCH_BYTES (16 << 10)

/* Subscriptions at a time; one administrator needs few. */
#define MAX_SUBSCRIBERS 256

#define OBJECT_MASK (~(u32)BIT(IPCNS_EVENT_OBJECT_NS))

/**
 * struct subscriber - a socket that asked for events
 * @list:	in the list of all
 * @net:	net namespace of the socket: a key to compare, never looked into. As
 *		long as the socket is open, no other one can have this address.
 * @portid:	address of the socket there
 * @objects:	mask of 1 << enum ipcns_event_object
 */
struct subscriber {
	struct list_head	list;
	const struct net	*net;
	u32			portid;
	u32			objects;
};

/* Held for a walk over a bounded list, by requests and by sockets that are closed. */
static DEFINE_SPINLOCK(subscriber_lock);
static LIST_HEAD(subscribers);
static unsigned int n_subscribers;
static void (*on_subscription)(void);

/* The sender: the worker, and the family's coming and going. */
static DEFINE_MUTEX(send_mutex);

/* The family is registered: before and after, its groups are not its own. */
static bool open;

static struct ipcns_cursor *cursor;

/* Messages that are not sent yet, or NULL, and the group that they are for. */
static struct sk_buff *batch;
static unsigned int batch_group;

static struct subscriber *lookup_subscriber(const struct net *net, u32 portid)
{
	struct subscriber *s;

	lockdep_assert_held(&subscriber_lock);
	list_for_each_entry(s, &subscribers, list)
		if (s->net == net && s->portid == portid)
			return s;
	return NULL;
}

/**
 * ipcns_subscribe() - send events to a socket's net namespace
 * @net:	net namespace of the socket
 * @portid:	address of the socket, which sends this request
 * @objects:	mask of 1 << enum ipcns_event_object; replaces an earlier one
 *
 * The subscription ends when the socket is closed.
 *
 * Context: process context, may sleep; the socket is open.
 * Return: 0, -EOPNOTSUPP if another user namespace than the initial one owns
 * @net, -ENOSPC if there are too many subscriptions, or -ENOMEM.
 */
int ipcns_subscribe(const struct net *net, u32 portid, u32 objects)
{
	struct subscriber *new, *s;
	int err = 0;

	if (net->user_ns != &init_user_ns)
		return -EOPNOTSUPP;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	spin_lock(&subscriber_lock);
	s = lookup_subscriber(net, portid);
	if (s) {
		s->objects = objects;
	} else if (n_subscribers == MAX_SUBSCRIBERS) {
		err = -ENOSPC;
	} else {
		new->net = net;
		new->portid = portid;
		new->objects = objects;
		list_add_tail(&new->list, &subscribers);
		n_subscribers++;
		new = NULL;
	}
	spin_unlock(&subscriber_lock);
	kfree(new);
	if (!err)
		on_subscription();
	return err;
}

/*
 * net/netlink/af_netlink.c netlink_release(): in the context of whoever closes the
 * socket, of any protocol.
 */
static int on_release(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;
	struct subscriber *s;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC ||
	    !READ_ONCE(n_subscribers))
		return NOTIFY_DONE;
	spin_lock(&subscriber_lock);
	s = lookup_subscriber(n->net, n->portid);
	if (s) {
		list_del(&s->list);
		n_subscribers--;
	}
	spin_unlock(&subscriber_lock);
	kfree(s);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = { .notifier_call = on_release };

/**
 * ipcns_subscribed() - events that somebody subscribed to
 *
 * Return: mask of 1 << enum ipcns_event_object.
 */
u32 ipcns_subscribed(void)
{
	struct subscriber *s;
	u32 objects = 0;

	spin_lock(&subscriber_lock);
	list_for_each_entry(s, &subscribers, list)
		objects |= s->objects;
	spin_unlock(&subscriber_lock);
	return objects;
}

static bool is_group_wanted(u32 objects, unsigned int group)
{
	u32 mask = group == IPCNS_NLGRP_OBJECTS ? OBJECT_MASK : BIT(IPCNS_EVENT_OBJECT_NS);

	return objects & mask;
}

static bool has_subscriber(const struct net *net, unsigned int group)
{
	struct subscriber *s;
	bool found = false;

	spin_lock(&subscriber_lock);
	list_for_each_entry(s, &subscribers, list)
		if (s->net == net && is_group_wanted(s->objects, group)) {
			found = true;
			break;
		}
	spin_unlock(&subscriber_lock);
	return found;
}

/*
 * Sends the batch, or, where there is none or no memory to copy it, the error of a
 * buffer that is full, so that subscribers read the journal. A net namespace that
 * is found here has its sockets until a grace period later (net/core/net_namespace.c
 * cleanup_net()), so RCU is enough, and no lock is held that others wait for.
 */
static void multicast(struct sk_buff *skb, unsigned int group)
{
	struct sk_buff *copy;
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net) {
		if (net->user_ns != &init_user_ns || !has_subscriber(net, group))
			continue;
		copy = skb ? skb_clone(skb, GFP_ATOMIC) : NULL;
		if (copy)
			genlmsg_multicast_netns(&ipcns_nl_family, net, copy, 0, group, GFP_ATOMIC);
		else
			genl_set_err(&ipcns_nl_family, net, 0, group, -ENOBUFS);
	}
	rcu_read_unlock();
}

/*
 * A socket in both groups gets all events in their order: the messages of a batch
 * are for one group, and it ends where that changes.
 */
static void flush(void)
{
	if (!batch)
		return;
	multicast(batch, batch_group);
	consume_skb(batch);
	batch = NULL;
}

static int append(const struct ipcns_event_report *r)
{
	u8 cmd = batch_group == IPCNS_NLGRP_OBJECTS ? IPCNS_CMD_OBJECT_NTF : IPCNS_CMD_NS_NTF;
	void *hdr;

	if (!batch)
		batch = genlmsg_new(BATCH_BYTES, GFP_KERNEL);
	if (!batch)
		return -ENOMEM;
	hdr = ipcns_attr_message(batch, 0, 0, &ipcns_nl_family, 0, cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (ipcns_event_fill(batch, r)) {
		genlmsg_cancel(batch, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(batch, hdr);
	return 0;
}

static void send_to_group(const struct ipcns_event_report *r, unsigned int group)
{
	int err;

	if (batch_group != group) {
		flush();
		batch_group = group;
	}
	err = append(r);
	if (err == -EMSGSIZE) {
		flush();
		err = append(r);
	}
	if (err)
		multicast(NULL, group);
}

/* Losses go to both groups. */
static void send_event(struct ipcns_event_report *r, u32 wanted)
{
	bool loss = r->from || r->slots->object == IPCNS_EVENT_OBJECT_LOST;
	bool about_ns = r->slots->object == IPCNS_EVENT_OBJECT_NS;

	r->user_ns = &init_user_ns;
	r->pids = true;
	r->names = true;
	if ((loss || about_ns) && is_group_wanted(wanted, IPCNS_NLGRP_NAMESPACES))
		send_to_group(r, IPCNS_NLGRP_NAMESPACES);
	if ((loss || !about_ns) && is_group_wanted(wanted, IPCNS_NLGRP_OBJECTS))
		send_to_group(r, IPCNS_NLGRP_OBJECTS);
}

/**
 * ipcns_send() - send the published events that were not sent yet
 *
 * Nothing is built without a subscriber.
 *
 * Context: process context, may sleep.
 */
void ipcns_send(void)
{
	struct ipcns_event_report r;
	u32 wanted;

	mutex_lock(&send_mutex);
	wanted = open ? ipcns_subscribed() : 0;
	if (!wanted) {
		/* a new subscriber reads older events from the journal */
		cursor->next = ipcns_journal_next();
		cursor->pos = cursor->n;
	} else {
		ipcns_cursor_extend(cursor);
		while (ipcns_event_next(cursor, &r)) {
			send_event(&r, wanted);
			cond_resched();
		}
		flush();
	}
	mutex_unlock(&send_mutex);
}

/**
 * ipcns_send_init() - make ready to send
 * @subscribed:	called when somebody subscribed; may not sleep
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_send_init(void (*subscribed)(void))
{
	int err;

	cursor = kvzalloc(sizeof(*cursor), GFP_KERNEL);
	if (!cursor)
		return -ENOMEM;
	on_subscription = subscribed;
	ipcns_cursor_init(cursor, 1);
	err = netlink_register_notifier(&release_notifier);
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
 *
 * The family is unregistered: nobody subscribes any more.
 */
void ipcns_send_exit(void)
{
	struct subscriber *s, *next;

	netlink_unregister_notifier(&release_notifier);
	list_for_each_entry_safe(s, next, &subscribers, list)
		kfree(s);
	INIT_LIST_HEAD(&subscribers);
	n_subscribers = 0;
	kvfree(cursor);
}
