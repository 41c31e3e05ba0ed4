// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events to subscribers.
 *
 * There are no multicast groups: generic netlink asks for rights when a group is
 * joined, but lets everybody join one that no family has yet, so whoever was there
 * before the module was loaded would get all events. Administrators subscribe, and
 * messages go to their sockets alone. Nothing of this module runs when a net
 * namespace is created or destroyed.
 */
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "attr.h"
#include "event_read.h"
#include "event_send.h"
#include "nl_gen.h"

/* Room for some dozens of events. */
#define BATCH_BYTES (16 << 10)

/* Subscriptions at a time; one administrator needs few. */
#define MAX_SUBSCRIBERS 256

/* What messages are about: namespaces, objects, or, as losses are, both. */
#define NS_MASK ((u32)BIT(IPCNS_EVENT_OBJECT_NS))
#define OBJECT_MASK (~NS_MASK)

/**
 * struct subscriber - a socket that asked for events
 * @list:	in the list of all, in ascending order of @nr
 * @nr:		never used again
 * @net:	net namespace of the socket, which keeps it as long as it is open
 * @portid:	address of the socket there
 * @objects:	mask of 1 << enum ipcns_event_object
 * @foreign:	it is in another pid namespace than the initial one, so that process ids
 *		of that one would name others
 */
struct subscriber {
	struct list_head	list;
	u64			nr;
	struct net		*net;
	u32			portid;
	u32			objects;
	bool			foreign;
};

/* Held for a walk over a bounded list, by requests and by sockets that are closed. */
static DEFINE_SPINLOCK(subscriber_lock);
static LIST_HEAD(subscribers);
static unsigned int n_subscribers, n_foreign;
static u64 last_nr;
static void (*on_subscription)(void);

/* The sender: the worker, and the family's coming and going. */
static DEFINE_MUTEX(send_mutex);

/* The family is registered: before and after, its number is not its own. */
static bool open;

static struct ipcns_cursor *cursor;

/* Messages that are not sent yet, or NULL, and what they are about. */
static struct sk_buff *batch;
static u32 batch_mask;

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
 * ipcns_subscribe() - send events to a socket
 * @net:	net namespace of the socket
 * @portid:	address of the socket, which sends this request
 * @objects:	mask of 1 << enum ipcns_event_object; replaces an earlier one
 *
 * The subscription ends when the socket is closed.
 *
 * Context: that of the subscriber, may sleep; the socket is open.
 * Return: 0, -EOPNOTSUPP if another user namespace than the initial one owns
 * @net, -ENOSPC if there are too many subscriptions, or -ENOMEM.
 */
int ipcns_subscribe(struct net *net, u32 portid, u32 objects)
{
	bool foreign = task_active_pid_ns(current) != &init_pid_ns;
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
		n_foreign += foreign - s->foreign;
		s->foreign = foreign;
	} else if (n_subscribers == MAX_SUBSCRIBERS) {
		err = -ENOSPC;
	} else {
		new->nr = ++last_nr;
		new->net = net;
		new->portid = portid;
		new->objects = objects;
		new->foreign = foreign;
		list_add_tail(&new->list, &subscribers);
		n_subscribers++;
		n_foreign += foreign;
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
		n_foreign -= s->foreign;
	}
	spin_unlock(&subscriber_lock);
	kfree(s);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = { .notifier_call = on_release };

/**
 * ipcns_subscribed() - events to which there are subscriptions
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

/*
 * Sends a message to the next subscriber after @nr that wants it, one of those that are
 * foreign or one of the others; sets @nr. A socket that is closed waits for the lock in
 * on_release(), and until then keeps its net namespace, and with it the kernel's socket
 * that sends. A subscriber whose buffer is full gets ENOBUFS
 * (net/netlink/af_netlink.c netlink_attachskb()), and reads the journal.
 */
static bool send_next(struct sk_buff *skb, u32 mask, bool foreign, u64 *nr)
{
	bool found = false;
	struct subscriber *s;

	spin_lock(&subscriber_lock);
	list_for_each_entry(s, &subscribers, list)
		if (s->nr > *nr && (s->objects & mask) && s->foreign == foreign) {
			*nr = s->nr;
			genlmsg_unicast(s->net, skb, s->portid);
			found = true;
			break;
		}
	spin_unlock(&subscriber_lock);
	return found;
}

/* Sends clones of the batch. */
static void send_batch(bool foreign)
{
	struct sk_buff *copy;
	u64 nr = 0;

	/* waits for memory: a message that was not sent could not be reported */
	do
		copy = skb_clone(batch, GFP_KERNEL | __GFP_NOFAIL);
	while (send_next(copy, batch_mask, foreign, &nr));
	kfree_skb(copy);
}

/* Makes process ids of the batch 0. It has no clones. */
static void hide_pids(void)
{
	struct nlmsghdr *nlh = nlmsg_hdr(batch);
	int left = batch->len;
	struct nlattr *pid;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		pid = nlmsg_find_attr(nlh, GENL_HDRLEN, IPCNS_A_EVENT_PID);
		if (pid)
			memset(nla_data(pid), 0, nla_len(pid));
	}
}

static void flush(void)
{
	struct sk_buff *copy;

	if (!batch)
		return;
	send_batch(false);
	if (READ_ONCE(n_foreign)) {
		/* as much as is in it, which is less than it has room for */
		while (!(copy = skb_copy_expand(batch, 0, 0, GFP_KERNEL | __GFP_NOWARN)))
			schedule_timeout_uninterruptible(1);
		consume_skb(batch);
		batch = copy;
		hide_pids();
		send_batch(true);
	}
	consume_skb(batch);
	batch = NULL;
}

static int append(const struct ipcns_event_report *r)
{
	u8 cmd = batch_mask == OBJECT_MASK ? IPCNS_CMD_OBJECT_NTF : IPCNS_CMD_NS_NTF;
	void *hdr;

	if (!batch)
		batch = genlmsg_new(BATCH_BYTES, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY) ?:
			genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL | __GFP_NOFAIL);
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

/*
 * All messages of a batch are for the same subscribers, and it ends where these
 * change. So a subscriber to everything gets all events in their order.
 */
static void send_event(struct ipcns_event_report *r, u32 wanted)
{
	u32 mask = OBJECT_MASK;

	if (r->from || r->slots->object == IPCNS_EVENT_OBJECT_LOST)
		mask = NS_MASK | OBJECT_MASK;
	else if (r->slots->object == IPCNS_EVENT_OBJECT_NS)
		mask = NS_MASK;
	if (!(wanted & mask))
		return;
	if (batch_mask != mask) {
		flush();
		batch_mask = mask;
	}
	r->user_ns = &init_user_ns;
	r->pids = true;
	r->names = true;
	if (append(r)) {
		flush();
		append(r);	/* every event has room in an empty one */
	}
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
	/* before subscribers are looked at: the answer to a later one has a later number */
	ipcns_cursor_extend(cursor);
	wanted = open ? ipcns_subscribed() : 0;
	if (!wanted) {
		/* a new subscriber reads older events from the journal */
		cursor->next = cursor->end;
		cursor->pos = cursor->n;
	} else {
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
 * @subscribed:	called after each subscription; may not sleep
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
 * ipcns_send_open() - start or stop sending
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
 * The family is unregistered: no more subscriptions arrive.
 */
void ipcns_send_exit(void)
{
	struct subscriber *s, *next;

	netlink_unregister_notifier(&release_notifier);
	list_for_each_entry_safe(s, next, &subscribers, list)
		kfree(s);
	INIT_LIST_HEAD(&subscribers);
	n_subscribers = 0;
	n_foreign = 0;
	kvfree(cursor);
}
