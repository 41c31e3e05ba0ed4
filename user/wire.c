// SPDX-License-Identifier: GPL-2.0-only
/* Transport: one generic netlink socket, requests and dumps on it, errors with their text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/ipcns.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "ipcnsctl.h"
#include "wire.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

#define DUMP_TRIES 10
#define RECEIVE_SIZE (64UL << 10)
#define GROUPS 2

static const char *const group_names[GROUPS] = {
	[WIRE_NAMESPACES] = IPCNS_MCGRP_NAMESPACES,
	[WIRE_OBJECTS] = IPCNS_MCGRP_OBJECTS,
};

struct wire {
	struct nl_sock *sk;
	struct nl_cb *cb;
	uint16_t family;
	uint32_t groups[GROUPS];	/* ids of its multicast groups, 0 if there is none */
	bool may_go;		/* the module may be unloaded meanwhile */

	/* The exchange that runs. */
	wire_row_fn row;
	void *arg;
	bool done;
	bool interrupted;
	int err;		/* errno of the kernel's answer */
	bool explained;		/* it came with a text */
	char text[256];		/* what it says about it */
};

struct family {
	bool found;
	uint16_t id;
	uint32_t version;
	uint32_t groups[GROUPS];
};

/* Keeps the errno, and the text of the extended ack if there is one. */
static void set_error(struct wire *w, int err, const struct nlattr *tlv, int len)
{
	w->err = err;
	snprintf(w->text, sizeof(w->text), "%s", strerror(err));
	for (; nla_ok(tlv, len); tlv = nla_next(tlv, &len)) {
		if (nla_type(tlv) == NLMSGERR_ATTR_MSG && nla_len(tlv) > 1) {
			snprintf(w->text, sizeof(w->text), "%.*s", nla_len(tlv),
				 (const char *)nla_data(tlv));
			w->explained = true;
			return;
		}
	}
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	const struct nlmsghdr *nlh = (const void *)((const char *)e - NLMSG_HDRLEN);
	int skip = NLMSG_ALIGN(sizeof(*e));
	struct wire *w = arg;

	(void)from;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > nlmsg_datalen(nlh))
		skip = nlmsg_datalen(nlh);
	set_error(w, -e->error, (const void *)((const char *)e + skip),
		  nlmsg_datalen(nlh) - skip);
	w->done = true;
	return NL_SKIP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct wire *w = arg;

	(void)msg;
	w->done = true;
	return NL_OK;
}

/* A dump can fail after its first rows; only the payload of its last message says so. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct wire *w = arg;
	int skip = NLMSG_ALIGN(sizeof(int));
	int len = nlmsg_datalen(nlh);
	int err = 0;

	w->done = true;
	if (len >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err >= 0)
		return NL_OK;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || skip > len)
		skip = len;
	set_error(w, -err, (const void *)((const char *)nlmsg_data(nlh) + skip), len - skip);
	return NL_OK;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct wire *w = arg;

	(void)msg;
	w->interrupted = true;
	return NL_OK;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct wire *w = arg;

	if (nlh->nlmsg_type != w->family || !genlmsg_valid_hdr(nlh, 0))
		return NL_SKIP;
	if (w->row)
		w->row(genlmsg_attrdata(nlmsg_data(nlh), 0), genlmsg_attrlen(nlmsg_data(nlh), 0),
		       w->arg);
	return NL_OK;
}

static void set_callbacks(struct wire *w)
{
	nl_cb_set(w->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, w);
	nl_cb_set(w->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, w);
	nl_cb_set(w->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, w);
	nl_cb_set(w->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, w);
	nl_cb_err(w->cb, NL_CB_CUSTOM, on_error, w);
}

static _Noreturn void no_module(void)
{
	die(STATUS_NO_MODULE, "module not loaded: try \"modprobe ipcns\"");
}

/* Sends @msg and takes what comes until the answer is complete; 0 or -errno. */
static int exchange(struct wire *w, struct nl_msg *msg, wire_row_fn row, void *arg)
{
	int ret;

	w->row = row;
	w->arg = arg;
	w->done = false;
	w->interrupted = false;
	w->err = 0;
	w->explained = false;
	w->text[0] = '\0';

	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	ret = nl_send_auto(w->sk, msg);
	while (ret >= 0 && !w->done)
		ret = nl_recvmsgs(w->sk, w->cb);
	if (ret < 0 && !w->err) {
		w->err = EIO;
		snprintf(w->text, sizeof(w->text), "netlink: %s", nl_geterror(ret));
	}
	/*
	 * The module explains its own ENOENT. Without that it is generic netlink's: the family was
	 * there when it was looked up, and is gone, or about to go.
	 */
	if (w->family != GENL_ID_CTRL && !w->explained &&
	    (w->err == ENOENT || w->err == EPROTONOSUPPORT)) {
		if (!w->may_go)
			no_module();
		w->err = ENODEV;
		snprintf(w->text, sizeof(w->text), "module unloaded");
	}
	return -w->err;
}

/**
 * wire_request - begin a request of the module's family
 * @w: the connection
 * @cmd: IPCNS_CMD_*
 *
 * Add attributes, then hand it to wire_do() or wire_dump(), which free it.
 */
struct nl_msg *wire_request(struct wire *w, uint8_t cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, w->family, 0, 0, cmd,
				 IPCNS_FAMILY_VERSION))
		die(STATUS_ERROR, "out of memory");
	return msg;
}

/**
 * wire_do - send @msg, pass the answer to @row, free @msg
 *
 * Returns 0, or the kernel's negative errno; wire_error() has its text.
 */
int wire_do(struct wire *w, struct nl_msg *msg, wire_row_fn row, void *arg)
{
	int ret = exchange(w, msg, row, arg);

	nlmsg_free(msg);
	return ret;
}

/**
 * wire_dump - send @msg as a dump, pass each row to @row, free @msg
 * @restart: called before the dump is done again because the kernel says that the rows so far are
 *	not consistent (NLM_F_DUMP_INTR); when it returns false there is no other try
 *
 * Returns 0 or a negative errno, -EINTR if no try gave a consistent answer; wire_error() has the
 * text.
 */
int wire_dump(struct wire *w, struct nl_msg *msg, wire_row_fn row, wire_restart_fn restart,
	      void *arg)
{
	int tries = 0;
	int ret;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_DUMP;
	for (;;) {
		ret = exchange(w, msg, row, arg);
		if (ret || !w->interrupted)
			break;
		if (++tries == DUMP_TRIES || !restart(arg)) {
			ret = -EINTR;
			snprintf(w->text, sizeof(w->text),
				 "namespaces changed while they were listed, try again");
			break;
		}
	}
	nlmsg_free(msg);
	return ret;
}

/** wire_error - text for the last error: the module's own words, or strerror(3) */
const char *wire_error(const struct wire *w)
{
	return w->text;
}

/**
 * wire_uint - read an unsigned integer of whatever width
 * @attr: attribute, or NULL
 * @value: set if there is one
 *
 * Returns false if @attr is absent or no integer: the value is unknown.
 */
bool wire_uint(const struct nlattr *attr, uint64_t *value)
{
	if (!attr)
		return false;
	switch (nla_len(attr)) {
	case sizeof(uint8_t):
		*value = nla_get_u8(attr);
		return true;
	case sizeof(uint16_t):
		*value = nla_get_u16(attr);
		return true;
	case sizeof(uint32_t):
		*value = nla_get_u32(attr);
		return true;
	case sizeof(uint64_t):
		*value = nla_get_u64(attr);
		return true;
	}
	return false;
}

/** wire_int - wire_uint() for a number with a sign, of 32 or 64 bits */
bool wire_int(const struct nlattr *attr, int64_t *value)
{
	if (!attr)
		return false;
	switch (nla_len(attr)) {
	case sizeof(int32_t):
		*value = nla_get_s32(attr);
		return true;
	case sizeof(int64_t):
		*value = nla_get_s64(attr);
		return true;
	}
	return false;
}

static void take_groups(struct nlattr *list, struct family *family)
{
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1], *group;
	uint64_t id;
	int rest, i;

	nla_for_each_nested(group, list, rest) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, NULL) < 0 ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !wire_uint(tb[CTRL_ATTR_MCAST_GRP_ID], &id))
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
	    !wire_uint(tb[CTRL_ATTR_FAMILY_ID], &id) ||
	    !wire_uint(tb[CTRL_ATTR_VERSION], &version))
		return;
	family->found = true;
	family->id = id;
	family->version = version;
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		take_groups(tb[CTRL_ATTR_MCAST_GROUPS], family);
}

/*
 * Looks for the module; false if it is not there. Dies if they do not understand each other.
 * Being asked for the family by name, and not by its number @id, the kernel may load the module.
 */
static bool try_resolve_family(struct wire *w, uint16_t id)
{
	struct family family = { .found = false };
	struct nl_msg *msg = nlmsg_alloc();
	int ret;

	w->family = GENL_ID_CTRL;
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0, 0,
				 CTRL_CMD_GETFAMILY, 1) ||
	    (id ? nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, id) :
		  nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, IPCNS_FAMILY_NAME)) < 0)
		die(STATUS_ERROR, "out of memory");
	ret = wire_do(w, msg, take_family, &family);
	if (ret == -ENOENT)
		return false;
	if (ret || !family.found)
		die(STATUS_ERROR, "cannot look up netlink family \"%s\": %s", IPCNS_FAMILY_NAME,
		    ret ? wire_error(w) : "malformed answer");
	if (family.version != IPCNS_FAMILY_VERSION)
		die(STATUS_NO_MODULE,
		    "the module speaks protocol version %u, not %u: use the ipcnsctl made for it",
		    family.version, IPCNS_FAMILY_VERSION);
	w->family = family.id;
	memcpy(w->groups, family.groups, sizeof(w->groups));
	return true;
}

static void resolve_family(struct wire *w)
{
	if (!try_resolve_family(w, 0))
		no_module();
}

static struct wire *connect_wire(void)
{
	struct wire *w = calloc(1, sizeof(*w));
	int on = 1;
	int ret;

	if (!w)
		die(STATUS_ERROR, "out of memory");
	w->sk = nl_socket_alloc();
	w->cb = nl_cb_alloc(NL_CB_CUSTOM);
	if (!w->sk || !w->cb)
		die(STATUS_ERROR, "out of memory");
	set_callbacks(w);

	ret = genl_connect(w->sk); /* close-on-exec */
	if (ret < 0)
		die(STATUS_ERROR, "cannot open a netlink socket: %s", nl_geterror(ret));
	nl_socket_set_msg_buf_size(w->sk, RECEIVE_SIZE);
	/* Older kernels lack some of these; nothing depends on them. */
	setsockopt(nl_socket_get_fd(w->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(w->sk), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(w->sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return w;
}

/**
 * wire_open - connect to the module
 *
 * Does not return if there is no module, or one that speaks another version: exit status 2.
 */
struct wire *wire_open(void)
{
	struct wire *w = connect_wire();

	resolve_family(w);
	return w;
}

/**
 * wire_try_open - connect to the module, if there is one
 * @id: number of its family, 0 if that is not known
 *
 * Returns NULL if there is none. If it is unloaded later, requests return -ENODEV.
 */
struct wire *wire_try_open(uint16_t id)
{
	struct wire *w = connect_wire();

	w->may_go = true;
	if (try_resolve_family(w, id))
		return w;
	wire_close(w);
	return NULL;
}

/** wire_family - number of the module's family: the type of its messages */
uint16_t wire_family(const struct wire *w)
{
	return w->family;
}

/** wire_group - id of one of its multicast groups, 0 if there is none */
uint32_t wire_group(const struct wire *w, enum wire_group group)
{
	return w->groups[group];
}

/** wire_close - end the connection and free @w */
void wire_close(struct wire *w)
{
	nl_socket_free(w->sk);
	nl_cb_put(w->cb);
	free(w);
}
