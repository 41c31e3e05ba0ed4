// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of events: multicast groups, and the journal for what did not come through them.
 *
 * Events have numbers without gaps over both groups. With both groups joined a gap means that
 * messages did not arrive; with one, that the socket overran is the only sign. What is missing is
 * asked of the journal, by a second socket, and what came twice is passed over by its number. What
 * the journal does not hold any more it says itself: a loss, with its range.
 */
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/ipcns.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "feed.h"
#include "ipcnsctl.h"
#include "ns.h"

#define BUFFER_SIZE (8 << 20)
#define MESSAGE_SIZE (128 << 10)

/* Datagrams that are read before the caller has its turn. */
#define READS 64

static void join(struct nl_sock *sk, int group, const char *name)
{
	int ret = nl_socket_add_membership(sk, group);

	if (ret == -NLE_PERM)
		die(STATUS_ERROR, "no permission to listen: events need CAP_SYS_ADMIN over the owner of the net namespace");
	if (ret < 0)
		die(STATUS_ERROR, "cannot join group \"%s\": %s", name, nl_geterror(ret));
}

/**
 * feed_open - make ready to listen, with or without a module
 * @f: the feed
 * @take: called for each event
 * @arg: passed to it
 */
void feed_open(struct feed *f, feed_event_fn take, void *arg)
{
	int size = BUFFER_SIZE;
	int ret;

	*f = (struct feed){ .take = take, .arg = arg };
	f->sk = nl_socket_alloc();
	if (!f->sk)
		die(STATUS_ERROR, "out of memory");
	ret = genl_connect(f->sk);
	if (ret < 0)
		die(STATUS_ERROR, "cannot open a netlink socket: %s", nl_geterror(ret));
	f->fd = nl_socket_get_fd(f->sk);
	/* After genl_connect(), which makes it small. Without privilege, up to net.core.rmem_max. */
	if (setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	ret = genl_ctrl_resolve_grp(f->sk, "nlctrl", "notify");
	if (ret < 0)
		die(STATUS_ERROR, "cannot look up group \"notify\": %s", nl_geterror(ret));
	join(f->sk, ret, "notify");
}

static bool join_groups(struct feed *f, bool objects)
{
	uint32_t namespaces = wire_group(f->w, WIRE_NAMESPACES);
	uint32_t group = wire_group(f->w, WIRE_OBJECTS);

	if (!namespaces || !group)
		return false;
	join(f->sk, namespaces, IPCNS_MCGRP_NAMESPACES);
	if (objects)
		join(f->sk, group, IPCNS_MCGRP_OBJECTS);
	f->complete = objects;
	return true;
}

/**
 * feed_join - listen to the module
 * @f: a feed that is open, and has not joined
 * @objects: to events about objects, too
 *
 * Returns false if there is no module.
 */
bool feed_join(struct feed *f, bool objects)
{
	f->w = wire_try_open(f->family);
	f->last = 0;
	f->overrun = false;
	if (!f->w)
		return false;
	if (!join_groups(f, objects))
		die(STATUS_ERROR, "the module does not tell events");
	return true;
}

/**
 * feed_leave - forget the module, which is gone
 *
 * The kernel has taken the feed out of its groups. feed_read() tells when it is back.
 */
void feed_leave(struct feed *f)
{
	wire_close(f->w);
	f->w = NULL;
}

/** feed_close - stop listening */
void feed_close(struct feed *f)
{
	feed_leave(f);
	nl_socket_free(f->sk);
}

/* A request failed: false if that is because the module is gone, otherwise there is no way on. */
static bool failed(struct feed *f, int err)
{
	if (err != -ENODEV)
		die(STATUS_ERROR, "cannot read the journal: %s", wire_error(f->w));
	return false;
}

/* Next event, oldest event, next namespace. */
static void take_state(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *tb[IPCNS_A_EVENT_MAX + 1];
	uint64_t *state = arg;

	if (nla_parse(tb, IPCNS_A_EVENT_MAX, attrs, len, NULL) < 0)
		return;
	wire_uint(tb[IPCNS_A_EVENT_SEQ], &state[0]);
	wire_uint(tb[IPCNS_A_EVENT_FROM], &state[1]);
	wire_uint(tb[IPCNS_A_EVENT_NS_ID], &state[2]);
}

/**
 * feed_state - ask for the state of the journal
 * @f: a feed that has joined: this arms the probes that it needs
 * @next: set to the number that the next event will have
 * @held: set to the number of the oldest event that the journal holds
 *
 * Returns false if the module is gone.
 */
bool feed_state(struct feed *f, uint64_t *next, uint64_t *held)
{
	uint64_t state[3] = { 0 };
	int err;

	err = wire_do(f->w, wire_request(f->w, IPCNS_CMD_JOURNAL_GET), take_state, state);
	if (err)
		return failed(f, err);
	if (!state[0])
		die(STATUS_ERROR, "cannot read the journal: malformed answer");
	*next = state[0];
	*held = state[1];
	f->next_ns_id = state[2];
	return true;
}

/* Passes an event on, unless it was taken before. */
static void take(struct feed *f, struct event *e)
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
	f->take(e, f->arg);
}

static void take_row(struct nlattr *attrs, int len, void *arg)
{
	struct event e;

	if (event_parse(&e, attrs, len))
		take(arg, &e);
}

static bool no_restart(void *arg)
{
	(void)arg;
	return false;
}

/**
 * feed_fetch - take what the journal holds after the last event that was taken
 *
 * Returns false if the module is gone.
 */
bool feed_fetch(struct feed *f)
{
	struct nl_msg *msg;
	uint64_t next = 0, held;
	int err;

	/* Where there is a filter, the last row does not tell how far the journal was read. */
	if (!feed_state(f, &next, &held))
		return false;
	msg = wire_request(f->w, IPCNS_CMD_JOURNAL_GET);
	ns_put(msg, IPCNS_A_EVENT_SINCE, f->last + 1);
	if (f->ns_id)
		ns_put(msg, IPCNS_A_EVENT_NS_ID, f->ns_id);
	if (f->objects && nla_put_u32(msg, IPCNS_A_EVENT_OBJECTS, f->objects) < 0)
		die(STATUS_ERROR, "out of memory");
	err = wire_dump(f->w, msg, take_row, no_restart, f);
	if (err)
		return failed(f, err);
	if (f->last + 1 < next)
		f->last = next - 1;
	return true;
}

/*
 * Messages were dropped. From then on the kernel drops all others, too, until the socket is empty.
 * What is in it now lies before the hole and may be older than what the journal holds.
 */
static bool begin_overrun(struct feed *f)
{
	uint64_t next;

	f->overrun = true;
	return f->complete || feed_state(f, &next, &f->held);
}

/* Takes an event from the socket; false if the module is gone. */
static bool receive(struct feed *f, struct event *e)
{
	uint64_t first = e->seq ?: e->from;

	if (f->overrun) {
		/* Up to the hole; the journal has the rest, which may have holes of its own. */
		if (f->complete ? first > f->last + 1 : first >= f->held)
			return true;
	} else if (f->complete && first > f->last + 1 && !feed_fetch(f)) {
		return false;
	}
	take(f, e);
	return true;
}

/* What a message of nlctrl says about the module. */
static enum feed_state hear_of_module(struct feed *f, struct nlmsghdr *nlh)
{
	struct genlmsghdr *hdr = nlmsg_data(nlh);
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	uint64_t id;

	if (nla_parse(tb, CTRL_ATTR_MAX, genlmsg_attrdata(hdr, 0), genlmsg_attrlen(hdr, 0),
		      NULL) < 0 ||
	    !tb[CTRL_ATTR_FAMILY_NAME] || !wire_uint(tb[CTRL_ATTR_FAMILY_ID], &id) ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], IPCNS_FAMILY_NAME))
		return FEED_MORE;
	if (f->w && hdr->cmd == CTRL_CMD_DELFAMILY && id == wire_family(f->w))
		return FEED_GONE;
	if (f->w || hdr->cmd != CTRL_CMD_NEWFAMILY)
		return FEED_MORE;
	f->family = id;
	return FEED_BACK;
}

/* Takes the messages of one datagram. */
static enum feed_state receive_all(struct feed *f, void *data, int len)
{
	enum feed_state state;
	struct nlmsghdr *nlh;
	struct event e;

	for (nlh = data; nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len)) {
		if (!genlmsg_valid_hdr(nlh, 0))
			continue;
		if (nlh->nlmsg_type == GENL_ID_CTRL) {
			state = hear_of_module(f, nlh);
			if (state != FEED_MORE)
				return state;
			continue;
		}
		if (!f->w || nlh->nlmsg_type != wire_family(f->w))
			continue;
		if (event_parse(&e, genlmsg_attrdata(nlmsg_data(nlh), 0),
				genlmsg_attrlen(nlmsg_data(nlh), 0)) && !receive(f, &e))
			return FEED_GONE;
	}
	return FEED_MORE;
}

/* The socket is empty. Returns false if the module is gone. */
static bool end_overrun(struct feed *f)
{
	f->overrun = false;
	return feed_fetch(f);
}

/** feed_read - take events that have come, without waiting */
enum feed_state feed_read(struct feed *f)
{
	static char data[MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	enum feed_state state;
	struct sockaddr_nl from = { 0 };
	socklen_t size;
	ssize_t len;
	int i;

	for (i = 0; i < READS; i++) {
		size = sizeof(from);
		len = recvfrom(f->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
			       (struct sockaddr *)&from, &size);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!f->overrun)
				return FEED_DRY;
			if (!end_overrun(f))
				return FEED_GONE;
			continue;
		}
		if ((len < 0 && errno == ENOBUFS) || len > (ssize_t)sizeof(data)) {
			if (!f->w) {	/* its return may be what was dropped */
				f->family = 0;
				return FEED_BACK;
			}
			if (!begin_overrun(f))
				return FEED_GONE;
			continue;
		}
		if (len < 0)
			die(STATUS_ERROR, "cannot receive events: %s", strerror(errno));
		if (from.nl_pid)	/* not the kernel */
			continue;
		state = receive_all(f, data, len);
		if (state != FEED_MORE)
			return state;
	}
	return FEED_MORE;
}
