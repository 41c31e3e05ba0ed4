// SPDX-License-Identifier: LGPL-2.1-only
/*
 * The stream of events: a subscription, and the journal for events that did not arrive by it.
 *
 * Events have numbers without gaps. With a subscription to all of them a gap means that messages
 * did not arrive; otherwise, that the socket overran is the only sign. Missing events are read
 * from the journal, by a second socket, and events that arrive twice are skipped by their
 * number. The journal reports events that it does not hold any more as a loss, with its range.
 *
 * A caller who may not subscribe polls the journal, which then has only events of namespaces that
 * the caller may see at that moment: gaps mean nothing, and the end of a namespace is that it is not
 * listed any more.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "feed.h"

#define BUFFER_SIZE (8 << 20)

/* Datagrams that are read before the caller has its turn. */
#define READS 64

/* How often, and how many times, it is checked whether all that was subscribed to is recorded. */
#define ARM_MS 10L
#define ARM_TRIES 500

/** feed_fail - keep the text of an error; returns it */
int feed_fail(struct ipcns_feed *f, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return err;
}

/** ipcns_feed_error - text for the last error of a feed */
const char *ipcns_feed_error(const struct ipcns_feed *f)
{
	return f->text;
}

/**
 * ipcns_feed_new - a stream of events
 * @take: called for each event, in their order, once for each
 * @arg: passed to it
 *
 * While @take runs, the feed and its connection are in use: all that would read or ask returns
 * -EBUSY, and neither may be freed. A program keeps what it wants to ask for until
 * ipcns_feed_read() has returned, or has another connection for it.
 *
 * Then come ipcns_feed_open(), ipcns_feed_join(), ipcns_feed_journal() and ipcns_feed_seek() to
 * where it is to begin, and ipcns_feed_read() whenever ipcns_feed_fd() is readable. Returns NULL
 * if there is no memory.
 */
struct ipcns_feed *ipcns_feed_new(ipcns_event_fn take, void *arg)
{
	struct ipcns_feed *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->take = take;
	f->arg = arg;
	f->fd = -1;
	f->epoll = -1;
	f->timer = -1;
	f->c = ipcns_new();
	f->sk = nl_socket_alloc();
	if (f->c && f->sk)
		return f;
	ipcns_feed_free(f);
	return NULL;
}

/** ipcns_feed_free - stop listening, and free; NULL is fine */
void ipcns_feed_free(struct ipcns_feed *f)
{
	if (!f)
		return;
	ipcns_free(f->c);
	nl_socket_free(f->sk);
	if (f->timer >= 0)
		close(f->timer);
	if (f->epoll >= 0)
		close(f->epoll);
	free(f->seen.ns);
	free(f);
}

/* A descriptor that is readable when one of the two is. */
static int wait_for(struct ipcns_feed *f, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event))
		return feed_fail(f, -errno, "cannot wait for events: %s", strerror(errno));
	return 0;
}

/**
 * ipcns_feed_open - make ready to listen, with or without a module
 *
 * Its buffer is large where the caller may have that, and up to net.core.rmem_max otherwise.
 * Returns 0 or a negative errno.
 */
int ipcns_feed_open(struct ipcns_feed *f)
{
	int size = BUFFER_SIZE;
	int ret = genl_connect(f->sk);

	if (ret < 0)
		return feed_fail(f, -EIO, "cannot open a netlink socket: %s", nl_geterror(ret));
	f->fd = nl_socket_get_fd(f->sk);
	connection_refuse_senders(f->fd);
	/* After genl_connect(), which makes it small. */
	if (setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (f->epoll < 0 || f->timer < 0)
		return feed_fail(f, -errno, "cannot wait for events: %s", strerror(errno));
	ret = wait_for(f, f->fd);
	if (!ret)
		ret = wait_for(f, f->timer);
	if (ret)
		return ret;
	ret = genl_ctrl_resolve_grp(f->sk, "nlctrl", "notify");
	if (ret < 0)
		return feed_fail(f, -EIO, "cannot look up group \"notify\": %s", nl_geterror(ret));
	ret = nl_socket_add_membership(f->sk, ret);
	if (ret < 0)
		return feed_fail(f, -EIO, "cannot join group \"notify\": %s", nl_geterror(ret));
	return 0;
}

/** ipcns_feed_fd - descriptor that is readable when there is something to read; for poll(2) */
int ipcns_feed_fd(const struct ipcns_feed *f)
{
	return f->epoll;
}

static void take_recorded(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *attr[IPCNS_EVENT_ATTRS];
	uint64_t objects;

	if (ipcns_index(attr, IPCNS_EVENT_ATTRS, attrs, len) &&
	    ipcns_uint(attr[IPCNS_A_EVENT_OBJECTS], &objects))
		*(uint32_t *)arg = objects;
}

/*
 * Events go to the socket that subscribes. The module arms its hooks after it has answered, so it
 * is asked until it has. Where one cannot be armed, which its status reports, events are missing,
 * and the feed goes on without them.
 */
static int subscribe(struct ipcns_feed *f, bool objects)
{
	static const struct timespec pause = { .tv_nsec = ARM_MS * 1000000 };
	uint32_t mask = 1U << IPCNS_EVENT_OBJECT_NS, recorded = 0;
	struct ipcns_request *r;
	int i, ret;

	if (objects)
		mask |= 1U << IPCNS_EVENT_OBJECT_SHM | 1U << IPCNS_EVENT_OBJECT_SEM |
			1U << IPCNS_EVENT_OBJECT_MSG | 1U << IPCNS_EVENT_OBJECT_MQ;
	r = ipcns_request(IPCNS_CMD_SUBSCRIBE);
	ipcns_put_u32(r, IPCNS_A_EVENT_OBJECTS, mask);
	ret = connection_do_on(f->c, f->sk, r, take_recorded, &recorded);
	for (i = 0; !ret && (mask & ~recorded) && i < ARM_TRIES; i++) {
		nanosleep(&pause, NULL);
		ret = ipcns_do(f->c, ipcns_request(IPCNS_CMD_JOURNAL_GET), take_recorded,
			       &recorded);
	}
	f->complete = !ret && objects;
	return ret ? feed_fail(f, ret, "cannot subscribe to events: %s", ipcns_error(f->c)) : 0;
}

/**
 * ipcns_feed_join - receive events from the module
 * @f: a feed that is open, and has not joined
 * @objects: also those about objects
 *
 * A caller who may not subscribe, but may read the journal, gets events a little later, only of
 * namespaces that they may see, and without the creations of objects that nobody else made the
 * module record. Returns 0, -ENODEV if there is no module, or another negative errno.
 */
int ipcns_feed_join(struct ipcns_feed *f, bool objects)
{
	int ret = connection_open(f->c, f->family);

	f->last = 0;
	f->overrun = false;
	f->polling = false;
	f->complete = false;
	f->seen.n = 0;
	if (ret)
		return feed_fail(f, ret, "%s", ipcns_error(f->c));
	ret = subscribe(f, objects);
	if (ret == -EPERM || ret == -EOPNOTSUPP)
		ret = feed_start_polling(f);
	f->joined = !ret;
	return ret;
}

/**
 * ipcns_feed_leave - forget the module, which is gone
 *
 * The module has forgotten the subscription. ipcns_feed_read() tells when it is back, for
 * ipcns_feed_join().
 */
void ipcns_feed_leave(struct ipcns_feed *f)
{
	if (f->polling)
		feed_set_timer(f, 0);
	f->joined = false;
	f->polling = false;
}

/** ipcns_feed_connection - the connection of a feed that has joined, for requests */
struct ipcns *ipcns_feed_connection(const struct ipcns_feed *f)
{
	return f->c;
}

/**
 * ipcns_feed_filter - what the journal is asked for
 * @f: the feed
 * @objects: mask of 1 << enum ipcns_event_object, 0 for all
 * @ns_id: the only namespace, 0 for all
 *
 * This saves work; events that were not asked for may come.
 */
void ipcns_feed_filter(struct ipcns_feed *f, uint32_t objects, uint64_t ns_id)
{
	f->objects = objects;
	f->ns_id = ns_id;
}

/** ipcns_feed_last - number of the last event that was taken, or is lost */
uint64_t ipcns_feed_last(const struct ipcns_feed *f)
{
	return f->last;
}

/** ipcns_feed_seek - go on after the event with number @last; ipcns_feed_fetch() gets older ones */
void ipcns_feed_seek(struct ipcns_feed *f, uint64_t last)
{
	f->last = last;
}

/*
 * Messages were dropped. From then on the kernel drops all others, too, until the socket is empty.
 * What is in it now lies before the hole and may be older than what the journal holds.
 */
static int begin_overrun(struct ipcns_feed *f)
{
	struct ipcns_journal journal;
	int err;

	f->overrun = true;
	if (f->complete)
		return 0;
	err = ipcns_feed_journal(f, &journal);
	f->held = journal.held;
	return err;
}

/* Takes an event from the socket. */
static int receive(struct ipcns_feed *f, struct ipcns_event *e)
{
	uint64_t first = e->seq ?: e->from;
	int err;

	if (f->overrun) {
		/* Up to the hole; the journal has the rest, which may have holes of its own. */
		if (f->complete ? first > f->last + 1 : first >= f->held)
			return 0;
	} else if (f->complete && first > f->last + 1) {
		err = ipcns_feed_fetch(f);
		if (err)
			return err;
	}
	feed_take(f, e);
	return 0;
}

/* What a message of nlctrl says about the module. */
static int hear_of_module(struct ipcns_feed *f, struct nlmsghdr *nlh)
{
	struct genlmsghdr *hdr = nlmsg_data(nlh);
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint64_t id;

	if (!ipcns_index(tb, CTRL_ATTR_MAX + 1, genlmsg_attrdata(hdr, 0),
			 genlmsg_attrlen(hdr, 0)) ||
	    !tb[CTRL_ATTR_FAMILY_NAME] || !ipcns_uint(tb[CTRL_ATTR_FAMILY_ID], &id) ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], IPCNS_FAMILY_NAME))
		return IPCNS_FEED_MORE;
	if (f->joined && hdr->cmd == CTRL_CMD_DELFAMILY && id == connection_family(f->c))
		return IPCNS_FEED_GONE;
	if (f->joined || hdr->cmd != CTRL_CMD_NEWFAMILY)
		return IPCNS_FEED_MORE;
	f->family = id;
	return IPCNS_FEED_BACK;
}

/* A request failed: that the module is gone is a state, and no error. */
static int state_of(int err)
{
	return err == -ENODEV ? IPCNS_FEED_GONE : err;
}

/* Takes one message; a state, or a negative errno. */
static int receive_message(struct ipcns_feed *f, struct nlmsghdr *nlh)
{
	struct ipcns_event e;

	if (!genlmsg_valid_hdr(nlh, 0))
		return IPCNS_FEED_MORE;
	if (nlh->nlmsg_type == GENL_ID_CTRL)
		return hear_of_module(f, nlh);
	if (!f->joined || nlh->nlmsg_type != connection_family(f->c) ||
	    !ipcns_event_parse(&e, genlmsg_attrdata(nlmsg_data(nlh), 0),
			       genlmsg_attrlen(nlmsg_data(nlh), 0)))
		return IPCNS_FEED_MORE;
	return state_of(receive(f, &e));
}

/* Takes the messages of one datagram. */
static int receive_all(struct ipcns_feed *f, int len)
{
	int state = IPCNS_FEED_MORE;
	struct nlmsghdr *nlh;

	for (nlh = (void *)f->data; state == IPCNS_FEED_MORE && nlmsg_ok(nlh, len);
	     nlh = nlmsg_next(nlh, &len))
		state = receive_message(f, nlh);
	return state;
}

/* The socket is empty. */
static int end_overrun(struct ipcns_feed *f)
{
	f->overrun = false;
	return ipcns_feed_fetch(f);
}

/* There was no room for all that came. */
static int receive_overrun(struct ipcns_feed *f)
{
	if (f->joined)
		return state_of(begin_overrun(f));
	f->family = 0;	/* its return may be what was dropped */
	return IPCNS_FEED_BACK;
}

/* One datagram, if there is one; a state, or a negative errno. */
static int receive_one(struct ipcns_feed *f)
{
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t len;

	len = recvfrom(f->fd, f->data, sizeof(f->data), MSG_DONTWAIT | MSG_TRUNC,
		       (struct sockaddr *)&from, &size);
	if (len < 0 && errno == EINTR)
		return IPCNS_FEED_MORE;
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return f->overrun ? state_of(end_overrun(f)) : IPCNS_FEED_DRY;
	if ((len < 0 && errno == ENOBUFS) || len > (ssize_t)sizeof(f->data))
		return receive_overrun(f);
	if (len < 0)
		return feed_fail(f, -errno, "cannot receive events: %m");
	if (from.nl_pid)	/* not the kernel */
		return IPCNS_FEED_MORE;
	return receive_all(f, len);
}

/**
 * ipcns_feed_read - take events that have arrived, without waiting
 *
 * Returns enum ipcns_feed_state, or a negative errno; -EBUSY in the feed's callback.
 */
int ipcns_feed_read(struct ipcns_feed *f)
{
	int state = IPCNS_FEED_MORE;
	int i, err;

	if (f->busy)
		return feed_fail(f, -EBUSY, "the feed is in use by the caller of this callback");
	for (i = 0; state == IPCNS_FEED_MORE && i < READS; i++)
		state = receive_one(f);
	if (state == IPCNS_FEED_DRY && f->polling && feed_timer_expired(f)) {
		err = feed_poll(f);
		if (err)
			return state_of(err);
	}
	return state;
}
