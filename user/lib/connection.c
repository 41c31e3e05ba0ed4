// SPDX-License-Identifier: LGPL-2.1-only
/* Connections: one generic netlink socket, requests and dumps on it, errors with their text. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "lib.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define DUMP_TRIES 10

/* The kernel puts at most 32 KiB of a dump into one datagram. */
#define RECEIVE_SIZE (64UL << 10)

/* The largest errno of the kernel, MAX_ERRNO of include/linux/err.h. */
#define ERRNO_MAX 4095

struct ipcns {
	struct nl_sock *sk;
	uint16_t family;
	bool busy;		/* an exchange is in progress */
	bool held;		/* a feed's callback is running */
	bool broken;		/* an exchange ended before its answer did */

	/* The current exchange. */
	ipcns_row_fn row;
	void *arg;
	bool done;
	bool interrupted;
	int err;		/* errno of the kernel's answer */
	bool explained;		/* it came with a text */
	char text[256];		/* what it says about it */
	char *datagram;		/* the last one received, RECEIVE_SIZE bytes */
};

struct ipcns_request {
	struct nl_msg *msg;
	bool failed;		/* there was no memory for all of it */
};

struct family {
	bool found;
	uint16_t id;
	uint32_t version;
};

/* Copies the text of an extended ack, of which @len bytes at @attrs are attributes. */
static bool find_text(struct ipcns *c, const char *attrs, size_t len)
{
	struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
	const char *text;
	size_t size;

	if (len > RECEIVE_SIZE || !ipcns_index(table, NLMSGERR_ATTR_MSG + 1,
					       (struct nlattr *)attrs, len))
		return false;
	text = ipcns_text(table[NLMSGERR_ATTR_MSG], &size);
	if (!text || !size)
		return false;
	if (size > sizeof(c->text) - 1)
		size = sizeof(c->text) - 1;
	memcpy(c->text, text, size);
	c->text[size] = '\0';
	return true;
}

/*
 * Keeps the errno that the kernel answered, and its text. @skip bytes of the payload of @nlh come
 * before the attributes of the extended ack, if there are any. Returns 0, or an error of libnl if
 * the answer is none.
 */
static int set_error(struct ipcns *c, const struct nlmsghdr *nlh, int err, size_t skip)
{
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN;

	if (err > 0 || err < -ERRNO_MAX)
		return -NLE_PARSE_ERR;
	c->done = true;
	c->err = -err;
	if (!err)
		return 0;
	/* strerror(3) may share a buffer between threads, and there are two strerror_r(3). */
	errno = c->err;
	snprintf(c->text, sizeof(c->text), "%m");
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && skip < len)
		c->explained = find_text(c, (const char *)nlh + NLMSG_HDRLEN + skip, len - skip);
	return 0;
}

/* The answer to a request that has no rows, or no more: an error, or 0 for none. */
static int take_error(struct ipcns *c, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	size_t len = nlh->nlmsg_len - NLMSG_HDRLEN, skip = NLMSG_ALIGN(sizeof(*e));

	if (len < sizeof(*e))
		return -NLE_MSG_TRUNC;
	/* Unless it was cut off, what follows is the payload of the request. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN || e->msg.nlmsg_len > len)
			skip = len;
		else
			skip += NLMSG_ALIGN((size_t)e->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	return set_error(c, nlh, e->error, skip);
}

/* A dump can fail after its first rows; only the payload of its last message says so. */
static int take_end(struct ipcns *c, const struct nlmsghdr *nlh)
{
	int err = 0;

	if (nlh->nlmsg_len - NLMSG_HDRLEN >= sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	return set_error(c, nlh, err, NLMSG_ALIGN(sizeof(err)));
}

static void take_row(struct ipcns *c, struct nlmsghdr *nlh)
{
	const int head = NLMSG_HDRLEN + GENL_HDRLEN;

	if (c->row && nlh->nlmsg_type == c->family && nlh->nlmsg_len >= (unsigned int)head)
		c->row((struct nlattr *)((char *)nlh + head), nlh->nlmsg_len - head, c->arg);
}

/*
 * Takes one message, if it belongs to the answer to request @seq; others are left over from an
 * exchange that failed. Returns 0, or an error of libnl.
 */
static int take_message(struct ipcns *c, struct nlmsghdr *nlh, uint32_t seq)
{
	if (nlh->nlmsg_seq != seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		c->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return -NLE_MSG_OVERFLOW;
	case NLMSG_ERROR:
		return take_error(c, nlh);
	case NLMSG_DONE:
		return take_end(c, nlh);
	}
	take_row(c, nlh);
	return 0;
}

/*
 * Takes the messages of one datagram; 0, or an error of libnl. Rows are passed on where they lie:
 * nl_recvmsgs() copies each into memory of its own, which takes as long as reading it.
 *
 * A process with CAP_NET_ADMIN over the net namespace can send to any netlink socket in it
 * (netlink_allowed() in net/netlink/af_netlink.c), and its port is the only sign of that. Whatever
 * is not from the kernel is dropped, too long or not.
 */
static int receive(struct ipcns *c, uint32_t seq)
{
	struct sockaddr_nl from = { .nl_pid = UINT32_MAX };
	socklen_t size = sizeof(from);
	struct nlmsghdr *nlh;
	int len, ret = 0;

	len = recvfrom(nl_socket_get_fd(c->sk), c->datagram, RECEIVE_SIZE, MSG_TRUNC,
		       (struct sockaddr *)&from, &size);
	if (len < 0)
		return errno == EINTR ? 0 : -nl_syserr2nlerr(errno);
	if (size != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid)
		return 0;
	if ((size_t)len > RECEIVE_SIZE)
		return -NLE_MSG_TRUNC;
	for (nlh = (void *)c->datagram; !ret && !c->done && nlmsg_ok(nlh, len);
	     nlh = nlmsg_next(nlh, &len))
		ret = take_message(c, nlh, seq);
	return ret;
}

/* Keeps an error of ours; returns it. */
int connection_error(struct ipcns *c, int err, const char *fmt, ...)
{
	va_list ap;

	c->err = -err;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	return err;
}

/* Sends @msg and takes what comes until the answer is complete; 0 or -errno. */
static int exchange(struct ipcns *c, struct nl_msg *msg, ipcns_row_fn row, void *arg)
{
	int ret;

	c->row = row;
	c->arg = arg;
	c->done = false;
	c->interrupted = false;
	c->err = 0;
	c->explained = false;
	c->text[0] = '\0';

	c->datagram = malloc(RECEIVE_SIZE);	/* an idle connection needs none */
	if (!c->datagram)
		return connection_error(c, -ENOMEM, "out of memory");
	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	c->busy = true;
	ret = nl_send_auto(c->sk, msg);
	while (ret >= 0 && !c->done)
		ret = receive(c, nlmsg_hdr(msg)->nlmsg_seq);
	c->busy = false;
	free(c->datagram);
	c->datagram = NULL;
	c->broken = !c->done;
	if (c->broken)
		connection_error(c, -EIO, "netlink: %s", nl_geterror(ret));
	/*
	 * The module explains its own ENOENT. Without that it is generic netlink's: the family was
	 * there when it was looked up, and is gone, or about to go.
	 */
	if (c->family != GENL_ID_CTRL && !c->explained &&
	    (c->err == ENOENT || c->err == EPROTONOSUPPORT))
		connection_error(c, -ENODEV, "module unloaded");
	return -c->err;
}

/**
 * ipcns_request - begin a request
 * @cmd: enum ipcns_cmd of <linux/ipcns.h>
 *
 * Add attributes with ipcns_put_*(), then hand it to ipcns_do() or ipcns_dump(), which free it and
 * say so if there was no memory for any of this.
 */
struct ipcns_request *ipcns_request(uint8_t cmd)
{
	struct ipcns_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->msg = nlmsg_alloc();
	r->failed = !r->msg || !genlmsg_put(r->msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, cmd,
					    IPCNS_PROTOCOL_VERSION);
	return r;
}

/** ipcns_put_u32 - add a number of 32 bits to a request */
void ipcns_put_u32(struct ipcns_request *r, int attr, uint32_t value)
{
	ipcns_put_bytes(r, attr, &value, sizeof(value));
}

/** ipcns_put_u64 - add a number of 64 bits to a request */
void ipcns_put_u64(struct ipcns_request *r, int attr, uint64_t value)
{
	ipcns_put_bytes(r, attr, &value, sizeof(value));
}

/** ipcns_put_bytes - add bytes, or a text without its end, to a request */
void ipcns_put_bytes(struct ipcns_request *r, int attr, const void *bytes, size_t len)
{
	if (r && !r->failed)
		r->failed = len > UINT16_MAX || nla_put(r->msg, attr, len, bytes) < 0;
}

static void free_request(struct ipcns_request *r)
{
	if (!r)
		return;
	nlmsg_free(r->msg);
	free(r);
}

/* Whether this is a callback, whose caller still uses the connection; sets the error then. */
static bool is_busy(struct ipcns *c)
{
	if (c->busy || c->held)
		connection_error(c, -EBUSY, "the connection is in use by the caller of this callback");
	return c->busy || c->held;
}

/**
 * connection_hold - refuse requests for as long as a callback of a feed runs
 * @c: the connection of the feed
 * @hold: refuse them, with -EBUSY, or not any more
 *
 * The same callback runs while the journal is read by @c, where no other request is possible. It
 * must not work at other times only.
 */
void connection_hold(struct ipcns *c, bool hold)
{
	c->held = hold;
}

/* Whether @r can be sent; then it is addressed. */
static bool ready(struct ipcns *c, struct ipcns_request *r)
{
	if (is_busy(c))
		return false;
	if (!r || r->failed) {
		connection_error(c, -ENOMEM, "out of memory");
		return false;
	}
	if (c->family == GENL_ID_CTRL || c->broken) {
		connection_error(c, -ENOTCONN, "not connected");
		return false;
	}
	nlmsg_hdr(r->msg)->nlmsg_type = c->family;
	return true;
}

/**
 * ipcns_do - send a request, pass the answer on
 * @c: the connection
 * @r: the request, which is freed; NULL counts as one that there was no memory for
 * @row: takes the answer; NULL if it does not matter
 * @arg: passed to it
 *
 * Returns 0 or a negative errno, -EBUSY in a callback of another request on @c; ipcns_error() has
 * its text.
 */
int ipcns_do(struct ipcns *c, struct ipcns_request *r, ipcns_row_fn row, void *arg)
{
	int ret = ready(c, r) ? exchange(c, r->msg, row, arg) : -c->err;

	free_request(r);
	return ret;
}

/**
 * connection_do_on - as ipcns_do(), by another socket, which the request is about
 * @c: the connection
 * @sk: the socket; what else comes there until the answer is complete is dropped
 * @r: as for ipcns_do()
 * @row: as for ipcns_do()
 * @arg: as for ipcns_do()
 */
int connection_do_on(struct ipcns *c, struct nl_sock *sk, struct ipcns_request *r,
		     ipcns_row_fn row, void *arg)
{
	struct nl_sock *own = c->sk;
	int ret;

	c->sk = sk;
	ret = ipcns_do(c, r, row, arg);
	c->sk = own;
	return ret;
}

/**
 * ipcns_dump - send a request as a dump, pass each row on
 * @c: the connection
 * @r: the request, which is freed; NULL counts as one that there was no memory for
 * @row: takes a row
 * @restart: called before the dump is done again because the kernel says that the rows so far are
 *	not consistent (NLM_F_DUMP_INTR); when it returns false, or is NULL, there is no other try
 * @arg: passed to both
 *
 * Returns 0 or a negative errno, -EINTR if no try gave a consistent answer, -EBUSY in a callback of
 * another request on @c; ipcns_error() has its text. Rows may have been passed on before an error.
 */
int ipcns_dump(struct ipcns *c, struct ipcns_request *r, ipcns_row_fn row,
	       ipcns_restart_fn restart, void *arg)
{
	int ret = ready(c, r) ? 0 : -c->err;
	bool again = !ret;
	int tries = 0;

	while (again) {
		nlmsg_hdr(r->msg)->nlmsg_flags |= NLM_F_DUMP;
		ret = exchange(c, r->msg, row, arg);
		again = !ret && c->interrupted;
		if (again && (++tries == DUMP_TRIES || !restart || !restart(arg))) {
			ret = connection_error(c, -EINTR,
				"namespaces changed while they were listed, try again");
			again = false;
		}
	}
	free_request(r);
	return ret;
}

/** ipcns_error - text for the last error: the module's own words, or strerror(3) */
const char *ipcns_error(const struct ipcns *c)
{
	return c->text;
}

static void take_family(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	struct family *family = arg;
	uint64_t id, version;

	if (nla_parse(tb, CTRL_ATTR_MAX, attrs, len, NULL) < 0 ||
	    !ipcns_uint(tb[CTRL_ATTR_FAMILY_ID], &id) ||
	    !ipcns_uint(tb[CTRL_ATTR_VERSION], &version))
		return;
	family->found = true;
	family->id = id;
	family->version = version;
}

/* The request for the module's family, by its name or, unless 0, by its number. */
static struct nl_msg *family_request(uint16_t id)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0, 0, CTRL_CMD_GETFAMILY,
			1) &&
	    (id ? nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, id) :
		  nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, IPCNS_FAMILY_NAME)) >= 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int resolve_family(struct ipcns *c, uint16_t id)
{
	struct family family = { .found = false };
	struct nl_msg *msg = family_request(id);
	char why[sizeof(c->text)];
	int ret;

	c->family = GENL_ID_CTRL;
	if (!msg)
		return connection_error(c, -ENOMEM, "out of memory");
	ret = exchange(c, msg, take_family, &family);
	nlmsg_free(msg);
	if (ret == -ENOENT)
		return connection_error(c, -ENODEV, "module not loaded");
	if (ret || !family.found) {
		snprintf(why, sizeof(why), "%s", ret ? c->text : "malformed answer");
		return connection_error(c, ret ?: -EBADMSG,
			"cannot look up netlink family \"%s\": %s", IPCNS_FAMILY_NAME, why);
	}
	if (family.version != IPCNS_PROTOCOL_VERSION)
		return connection_error(c, -EPROTONOSUPPORT,
			"the module speaks protocol version %u, not %u", family.version,
			IPCNS_PROTOCOL_VERSION);
	c->family = family.id;
	return 0;
}

/** ipcns_new - a connection that is not connected yet; NULL if there is no memory */
struct ipcns *ipcns_new(void)
{
	struct ipcns *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->family = GENL_ID_CTRL;
	return c;
}

/**
 * connection_refuse_senders - make the kernel refuse what other processes send to a netlink socket
 * @fd: the socket
 *
 * A socket that is connected to the kernel's port gets no message from another one
 * (netlink_getsockbyportid() in net/netlink/af_netlink.c), so that others cannot fill its buffer
 * either. Messages to multicast groups, as "notify" of nlctrl, come as before, from processes too: a
 * reader still looks at the port
 * of the sender. Without effect where it fails.
 */
void connection_refuse_senders(int fd)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)))
		errno = 0;
}

static int open_socket(struct ipcns *c)
{
	int on = 1;
	int ret;

	c->sk = nl_socket_alloc();
	if (!c->sk)
		return connection_error(c, -ENOMEM, "out of memory");
	ret = genl_connect(c->sk); /* close-on-exec */
	if (ret < 0) {
		nl_socket_free(c->sk);
		c->sk = NULL;
		return connection_error(c, -EIO, "cannot open a netlink socket: %s",
					nl_geterror(ret));
	}
	connection_refuse_senders(nl_socket_get_fd(c->sk));
	/* Older kernels lack some of these; nothing depends on them. */
	setsockopt(nl_socket_get_fd(c->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(c->sk), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(c->sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

/**
 * connection_open - connect to the module
 * @c: the connection
 * @family: number of its family, 0 if that is not known
 *
 * Returns as ipcns_connect().
 */
int connection_open(struct ipcns *c, uint16_t family)
{
	int ret = 0;

	if (is_busy(c))
		return -EBUSY;
	/* A dump that was not read to its end keeps the socket from any other. */
	if (c->broken) {
		nl_socket_free(c->sk);
		c->sk = NULL;
		c->broken = false;
	}
	if (!c->sk)
		ret = open_socket(c);
	return ret ?: resolve_family(c, family);
}

/**
 * ipcns_connect - connect to the module
 * @c: from ipcns_new(), or a connection whose module was unloaded, or one that failed
 *
 * After -EIO of any request it is not connected: this opens another socket, with the caller's
 * credentials of now. Returns 0, -ENODEV if the module is not loaded, -EPROTONOSUPPORT if it speaks
 * another version of the protocol, -EBUSY in a callback of a request on @c, or another negative
 * errno.
 */
int ipcns_connect(struct ipcns *c)
{
	return connection_open(c, 0);
}

/** connection_family - number of the module's family: the type of its messages */
uint16_t connection_family(const struct ipcns *c)
{
	return c->family;
}

/** ipcns_free - end a connection and free it; NULL is fine */
void ipcns_free(struct ipcns *c)
{
	if (!c)
		return;
	nl_socket_free(c->sk);
	free(c);
}
