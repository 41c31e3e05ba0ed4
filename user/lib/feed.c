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

#include "lib.h"

#define BUFFER_SIZE (8 << 20)
#define MESSAGE_SIZE (128 << 10)

/* Datagrams that are read before the caller has its turn. */
#define READS 64

/* Time between two looks at the journal without a subscription. */
#define POLL_MS 500

/* How often, and how many times, it is checked whether all that was subscribed to is recorded. */
#define ARM_MS 10L
#define ARM_TRIES 500

/* A namespace that the caller can see. */
struct seen {
	uint64_t id;
	uint32_t inum;
};

struct seen_list {
	struct seen *ns;
	size_t n, max;
	bool failed;		/* there was no memory */
};

struct ipcns_feed {
	struct ipcns *c;	/* for requests */
	ipcns_event_fn take;
	void *arg;
	uint32_t objects;	/* mask of objects to ask the journal for, 0 for all */
	uint64_t ns_id;		/* the only namespace to ask the journal for, 0 for all */
	uint64_t last;		/* number of the last event that was taken, or is lost */

	struct nl_sock *sk;
	int fd;
	int epoll;		/* readable when the socket is, or when it is time to poll */
	int timer;
	bool joined;
	bool busy;		/* a callback is running */
	bool polling;		/* there is no subscription */
	struct seen_list seen;	/* what the last poll found */
	uint16_t family;	/* of a module that was loaded meanwhile, 0 if not known */
	bool complete;		/* all is subscribed to, so that numbers have no gaps */
	bool overrun;		/* the socket had no room, and is not empty yet */
	uint64_t held;		/* oldest event in the journal when that was seen */
	char text[256];		/* what the last error was */
	char data[MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static bool parse_event(struct ipcns_event *e, struct nlattr *attrs, int len)
{
	e->attrs = attrs;
	e->len = len;
	if (!ipcns_index(e->attr, IPCNS_EVENT_ATTRS, attrs, len))
		return false;
	ipcns_uint(e->attr[IPCNS_A_EVENT_SEQ], &e->seq);
	if (!ipcns_uint(e->attr[IPCNS_A_EVENT_OBJECT], &e->object))
		return false;
	ipcns_uint(e->attr[IPCNS_A_EVENT_EVENT], &e->kind);
	ipcns_uint(e->attr[IPCNS_A_EVENT_NS_ID], &e->ns_id);
	ipcns_uint(e->attr[IPCNS_A_EVENT_FROM], &e->from);
	ipcns_uint(e->attr[IPCNS_A_EVENT_TO], &e->to);
	return e->seq || (e->from && e->to >= e->from);
}

/**
 * ipcns_event_parse_sized - read a message of attributes IPCNS_A_EVENT_*
 * @e: the result, which points into the message
 * @size: size of @e
 * @attrs: the message
 * @len: its length
 *
 * Returns false if it is none that can be understood.
 */
bool ipcns_event_parse_sized(struct ipcns_event *e, size_t size, struct nlattr *attrs, int len)
{
	struct ipcns_event known = { .kind = UINT64_MAX };
	bool good = parse_event(&known, attrs, len);

	struct_give(e, size, &known, sizeof(known));
	return good;
}

/* Keeps the text of an error; returns it. */
static int __attribute__((format(printf, 3, 4)))
fail(struct ipcns_feed *f, int err, const char *fmt, ...)
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
		return fail(f, -errno, "cannot wait for events: %s", strerror(errno));
	return 0;
}

static int set_timer(struct ipcns_feed *f, unsigned int ms)
{
	struct itimerspec spec = { 0 };

	spec.it_interval.tv_sec = spec.it_value.tv_sec = ms / 1000;
	spec.it_interval.tv_nsec = spec.it_value.tv_nsec = ms % 1000 * 1000000L;
	if (timerfd_settime(f->timer, 0, &spec, NULL))
		return fail(f, -errno, "cannot set a timer: %s", strerror(errno));
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
		return fail(f, -EIO, "cannot open a netlink socket: %s", nl_geterror(ret));
	f->fd = nl_socket_get_fd(f->sk);
	connection_refuse_senders(f->fd);
	/* After genl_connect(), which makes it small. */
	if (setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (f->epoll < 0 || f->timer < 0)
		return fail(f, -errno, "cannot wait for events: %s", strerror(errno));
	ret = wait_for(f, f->fd);
	if (!ret)
		ret = wait_for(f, f->timer);
	if (ret)
		return ret;
	ret = genl_ctrl_resolve_grp(f->sk, "nlctrl", "notify");
	if (ret < 0)
		return fail(f, -EIO, "cannot look up group \"notify\": %s", nl_geterror(ret));
	ret = nl_socket_add_membership(f->sk, ret);
	if (ret < 0)
		return fail(f, -EIO, "cannot join group \"notify\": %s", nl_geterror(ret));
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
	return ret ? fail(f, ret, "cannot subscribe to events: %s", ipcns_error(f->c)) : 0;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void take_seen(struct nlattr *attrs, int len, void *arg)
{
	struct seen_list *list = arg;
	struct nlattr *attr[IPCNS_A_NS_MAX + 1];
	struct seen *bigger;
	uint64_t id, inum;

	if (!ipcns_index(attr, IPCNS_A_NS_MAX + 1, attrs, len) ||
	    !ipcns_uint(attr[IPCNS_A_NS_ID], &id) || !ipcns_uint(attr[IPCNS_A_NS_INUM], &inum))
		return;
	if (list->n == list->max) {
		bigger = realloc(list->ns, (2 * list->max + 64) * sizeof(*bigger));
		list->failed |= !bigger;
		if (!bigger)
			return;
		list->ns = bigger;
		list->max = 2 * list->max + 64;
	}
	list->ns[list->n++] = (struct seen){ .id = id, .inum = inum };
}

static bool forget_seen(void *arg)
{
	((struct seen_list *)arg)->n = 0;
	return true;
}

/* Lists the namespaces that the caller can see, by their ids. */
static int list_seen(struct ipcns_feed *f, struct seen_list *list)
{
	int err = ipcns_namespaces(f->c, 0, take_seen, forget_seen, list);

	if (err)
		return fail(f, err, "cannot list namespaces: %s", ipcns_error(f->c));
	if (list->failed)
		return fail(f, -ENOMEM, "out of memory");
	if (list->n)
		qsort(list->ns, list->n, sizeof(*list->ns), compare_seen);
	return 0;
}

static int start_polling(struct ipcns_feed *f)
{
	struct ipcns_journal journal;
	int ret = ipcns_feed_journal(f, &journal);

	if (!ret)
		ret = list_seen(f, &f->seen);
	f->polling = !ret;
	return ret ?: set_timer(f, POLL_MS);
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
		return fail(f, ret, "%s", ipcns_error(f->c));
	ret = subscribe(f, objects);
	if (ret == -EPERM || ret == -EOPNOTSUPP)
		ret = start_polling(f);
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
		set_timer(f, 0);
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

static int journal_failed(struct ipcns_feed *f, int err)
{
	if (err == -ENODEV)
		return fail(f, err, "%s", ipcns_error(f->c));
	return fail(f, err, "cannot read the journal: %s", ipcns_error(f->c));
}

static void take_journal(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *attr[IPCNS_EVENT_ATTRS];
	struct ipcns_journal *journal = arg;

	if (!ipcns_index(attr, IPCNS_EVENT_ATTRS, attrs, len))
		return;
	ipcns_uint(attr[IPCNS_A_EVENT_SEQ], &journal->next);
	ipcns_uint(attr[IPCNS_A_EVENT_FROM], &journal->held);
	ipcns_uint(attr[IPCNS_A_EVENT_NS_ID], &journal->next_ns_id);
}

/**
 * ipcns_feed_journal_sized - ask for the state of the journal
 * @f: a feed that has joined
 * @journal: the result
 * @size: size of @journal
 *
 * All later events are reported, or reported as lost. Returns 0 or a negative errno.
 */
int ipcns_feed_journal_sized(struct ipcns_feed *f, struct ipcns_journal *journal, size_t size)
{
	struct ipcns_journal known = { 0 };
	int err;

	err = ipcns_do(f->c, ipcns_request(IPCNS_CMD_JOURNAL_GET), take_journal, &known);
	struct_give(journal, size, &known, sizeof(known));
	if (err)
		return journal_failed(f, err);
	if (!known.next)
		return fail(f, -EBADMSG, "cannot read the journal: malformed answer");
	return 0;
}

/* Passes an event on, unless it was taken before. */
static void take(struct ipcns_feed *f, struct ipcns_event *e)
{
	if (e->seq) {
		if (e->seq <= f->last)
			return;
		f->last = e->seq;
	} else {
		if (e->to <= f->last)
			return;
		if (e->from <= f->last)
			e->from = f->last + 1;
		f->last = e->to;
	}
	f->busy = true;
	connection_hold(f->c, true);
	f->take(e, f->arg);
	connection_hold(f->c, false);
	f->busy = false;
}

static void take_row(struct nlattr *attrs, int len, void *arg)
{
	struct ipcns_event e;

	if (ipcns_event_parse(&e, attrs, len))
		take(arg, &e);
}

/**
 * ipcns_feed_fetch - take what the journal holds after the last event that was taken
 *
 * Returns 0 or a negative errno; -EBUSY in the feed's callback.
 */
int ipcns_feed_fetch(struct ipcns_feed *f)
{
	struct ipcns_journal journal;
	struct ipcns_request *r;
	int err;

	/* Where there is a filter, the last row does not tell how far the journal was read. */
	err = ipcns_feed_journal(f, &journal);
	if (err)
		return err;
	r = ipcns_request(IPCNS_CMD_JOURNAL_GET);
	ipcns_put_u64(r, IPCNS_A_EVENT_SINCE, f->last + 1);
	if (f->ns_id)
		ipcns_put_u64(r, IPCNS_A_EVENT_NS_ID, f->ns_id);
	if (f->objects)
		ipcns_put_u32(r, IPCNS_A_EVENT_OBJECTS, f->objects);
	err = ipcns_dump(f->c, r, take_row, NULL, f);
	if (err)
		return journal_failed(f, err);
	if (f->last + 1 < journal.next)
		f->last = journal.next - 1;
	return 0;
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
	take(f, e);
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
		return fail(f, -errno, "cannot receive events: %m");
	if (from.nl_pid)	/* not the kernel */
		return IPCNS_FEED_MORE;
	return receive_all(f, len);
}

static struct nlattr *put_attr(char **at, int type, const void *data, uint16_t len)
{
	struct nlattr *attr = (void *)*at;

	*attr = (struct nlattr){ .nla_len = NLA_HDRLEN + len, .nla_type = type };
	memcpy(*at + NLA_HDRLEN, data, len);
	*at += NLA_HDRLEN + NLA_ALIGN(len);
	return attr;
}

/* The end of a namespace, of which nothing is known but that it is not there any more. */
static void report_absent(struct ipcns_feed *f, const struct seen *ns)
{
	const uint32_t object = IPCNS_EVENT_OBJECT_NS, kind = IPCNS_EVENT_KIND_DESTROYED;
	struct ipcns_event e = { .object = object, .kind = kind, .ns_id = ns->id };
	char data[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct timespec now;
	char *at = data;
	int64_t time;

	clock_gettime(CLOCK_REALTIME, &now);
	time = now.tv_sec * 1000000000LL + now.tv_nsec;
	e.attr[IPCNS_A_EVENT_TIME] = put_attr(&at, IPCNS_A_EVENT_TIME, &time, sizeof(time));
	e.attr[IPCNS_A_EVENT_OBJECT] = put_attr(&at, IPCNS_A_EVENT_OBJECT, &object, sizeof(object));
	e.attr[IPCNS_A_EVENT_EVENT] = put_attr(&at, IPCNS_A_EVENT_EVENT, &kind, sizeof(kind));
	e.attr[IPCNS_A_EVENT_NS_INUM] =
		put_attr(&at, IPCNS_A_EVENT_NS_INUM, &ns->inum, sizeof(ns->inum));
	e.attr[IPCNS_A_EVENT_NS_ID] = put_attr(&at, IPCNS_A_EVENT_NS_ID, &ns->id, sizeof(ns->id));
	f->take(&e, f->arg);
}

/* Takes what happened since the last poll. */
static int poll_journal(struct ipcns_feed *f)
{
	struct seen_list now = { 0 };
	int err = list_seen(f, &now);
	size_t i;

	if (!err)
		err = ipcns_feed_fetch(f);
	if (err) {
		free(now.ns);
		return err;
	}
	for (i = 0; i < f->seen.n; i++)
		if (!now.n || !bsearch(&f->seen.ns[i], now.ns, now.n, sizeof(*now.ns), compare_seen))
			report_absent(f, &f->seen.ns[i]);
	free(f->seen.ns);
	f->seen = now;
	return 0;
}

/* Whether it is time to poll. */
static bool timer_expired(struct ipcns_feed *f)
{
	uint64_t times;

	return read(f->timer, &times, sizeof(times)) == sizeof(times);
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
		return fail(f, -EBUSY, "the feed is in use by the caller of this callback");
	for (i = 0; state == IPCNS_FEED_MORE && i < READS; i++)
		state = receive_one(f);
	if (state == IPCNS_FEED_DRY && f->polling && timer_expired(f)) {
		err = poll_journal(f);
		if (err)
			return state_of(err);
	}
	return state;
}
