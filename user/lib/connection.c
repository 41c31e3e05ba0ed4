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
#define RECEIVE_SIZE (64UL << 10)

static const char *const group_names[GROUPS] = {
	[GROUP_NAMESPACES] = IPCNS_MCGRP_NAMESPACES,
	[GROUP_OBJECTS] = IPCNS_MCGRP_OBJECTS,
};

struct ipcns {
	struct nl_sock *sk;
	uint16_t family;
	uint32_t groups[GROUPS];	/* ids of its multicast groups, 0 if there is none */

	/* The exchange that runs. */
	ipcns_row_fn row;
	void *arg;
	bool done;
	bool interrupted;
	int err;		/* errno of the kernel's answer */
	bool explained;		/* it came with a text */
	char text[256];		/* what it says about it */
};

struct ipcns_request {
	struct nl_msg *msg;
	bool failed;		/* there was no memory for all of it */
};

struct family {
	bool found;
	uint16_t id;
	uint32_t version;
	uint32_t groups[GROUPS];
};

/* Keeps the errno, and the text of the extended ack if there is one. */
static void set_error(struct ipcns *c, int err, const struct nlattr *tlv, int len)
{
	c->err = err;
	snprintf(c->text, sizeof(c->text), "%s", strerror(err));
	for (; nla_ok(tlv, len); tlv = nla_next(tlv, &len)) {
		if (nla_type(tlv) == NLMSGERR_ATTR_MSG && nla_len(tlv) > 1) {
			snprintf(c->text, sizeof(c->text), "%.*s", nla_len(tlv),
				 (const char *)nla_data(tlv));
			c->explained = true;
			return;
		}
	}
}

/* The answer to a request that has no rows, or no more: an error, or 0 for none. */
static int take_error(struct ipcns *c, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	int skip = NLMSG_ALIGN(sizeof(*e));

	if (nlmsg_datalen(nlh) < (int)sizeof(*e))
		return -NLE_MSG_TRUNC;
	c->done = true;
	if (!e->error)
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > nlmsg_datalen(nlh))
		skip = nlmsg_datalen(nlh);
	set_error(c, -e->error, (const void *)((const char *)e + skip),
		  nlmsg_datalen(nlh) - skip);
	return 0;
}

/* A dump can fail after its first rows; only the payload of its last message says so. */
static void take_end(struct ipcns *c, const struct nlmsghdr *nlh)
{
	int skip = NLMSG_ALIGN(sizeof(int));
	int len = nlmsg_datalen(nlh);
	int err = 0;

	c->done = true;
	if (len >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err >= 0)
		return;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	set_error(c, -err, (const void *)((const char *)nlmsg_data(nlh) + skip), len - skip);
}

static void take_row(struct ipcns *c, struct nlmsghdr *nlh)
{
	const int head = NLMSG_HDRLEN + GENL_HDRLEN;

	if (c->row && nlh->nlmsg_type == c->family && nlh->nlmsg_len >= (unsigned int)head)
		c->row((struct nlattr *)((char *)nlh + head), nlh->nlmsg_len - head, c->arg);
}

/* Takes one message of the answer to request @seq; 0, or an error of libnl. */
static int take_message(struct ipcns *c, struct nlmsghdr *nlh, uint32_t seq)
{
	if (nlh->nlmsg_seq != seq)
		return -NLE_SEQ_MISMATCH;
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
		take_end(c, nlh);
		return 0;
	}
	take_row(c, nlh);
	return 0;
}

/*
 * Takes what comes in one datagram; 0, or an error of libnl. Rows are passed on where they lie:
 * nl_recvmsgs() would make a copy of each in memory of its own, which took as long as to read it.
 */
static int receive(struct ipcns *c, uint32_t seq)
{
	unsigned char *datagram = NULL;
	struct sockaddr_nl from;
	struct nlmsghdr *nlh;
	int len, ret = 0;

	len = nl_recv(c->sk, &from, &datagram, NULL);
	if (len <= 0)
		return len;
	for (nlh = (void *)datagram; !ret && nlmsg_ok(nlh, len); nlh = nlmsg_next(nlh, &len))
		ret = take_message(c, nlh, seq);
	free(datagram);
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

	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	ret = nl_send_auto(c->sk, msg);
	while (ret >= 0 && !c->done)
		ret = receive(c, nlmsg_hdr(msg)->nlmsg_seq);
	if (ret < 0 && !c->err)
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

/* Whether @r can be sent; then it is addressed. */
static bool ready(struct ipcns *c, struct ipcns_request *r)
{
	if (!r || r->failed) {
		connection_error(c, -ENOMEM, "out of memory");
		return false;
	}
	if (c->family == GENL_ID_CTRL) {
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
 * Returns 0 or a negative errno; ipcns_error() has its text.
 */
int ipcns_do(struct ipcns *c, struct ipcns_request *r, ipcns_row_fn row, void *arg)
{
	int ret = ready(c, r) ? exchange(c, r->msg, row, arg) : -c->err;

	free_request(r);
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
 * Returns 0 or a negative errno, -EINTR if no try gave a consistent answer; ipcns_error() has its
 * text. Rows may have been passed on before an error.
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

static void take_groups(struct nlattr *list, struct family *family)
{
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1], *group;
	uint64_t id;
	int rest, i;

	nla_for_each_nested(group, list, rest) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, NULL) < 0 ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !ipcns_uint(tb[CTRL_ATTR_MCAST_GRP_ID], &id))
			continue;
		for (i = 0; i < GROUPS; i++)
			if (!nla_strcmp(tb[CTRL_ATTR_MCAST_GRP_NAME], group_names[i]))
				family->groups[i] = id;
	}
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
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		take_groups(tb[CTRL_ATTR_MCAST_GROUPS], family);
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
	memcpy(c->groups, family.groups, sizeof(c->groups));
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
	nl_socket_set_msg_buf_size(c->sk, RECEIVE_SIZE);
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
 * Asked by name, and not by number, the kernel may load the module. Returns as ipcns_connect().
 */
int connection_open(struct ipcns *c, uint16_t family)
{
	int ret = c->sk ? 0 : open_socket(c);

	return ret ?: resolve_family(c, family);
}

/**
 * ipcns_connect - connect to the module
 * @c: from ipcns_new(), or a connection whose module went
 *
 * The kernel may load the module for it. Returns 0, -ENODEV if there is none, -EPROTONOSUPPORT if
 * it speaks another version of the protocol, or another negative errno.
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

/** connection_group - id of one of its multicast groups, 0 if there is none */
uint32_t connection_group(const struct ipcns *c, enum group group)
{
	return c->groups[group];
}

/** ipcns_free - end a connection and free it; NULL is fine */
void ipcns_free(struct ipcns *c)
{
	if (!c)
		return;
	nl_socket_free(c->sk);
	free(c);
}
