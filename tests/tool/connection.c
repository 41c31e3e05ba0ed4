// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of the library, with a kernel of the test's own: what is sent is dropped, and what is
 * received is what a test has laid out. Results go to stderr.
 */
#include <sys/wait.h>
#include <unistd.h>

#include <netlink/netlink.h>

/* In place of libnl's. */
static int fake_receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf,
			struct ucred **creds);

#define nl_recv fake_receive
#include "../../user/lib/connection.c"
#include "check.h"

#define FAMILY 0x42
#define REPLIES 64

/* Messages of the kernel, one received buffer each. */
static struct {
	unsigned char bytes[1024];
	int len;
} replies[REPLIES];
static int queued, taken, sent;
static uint32_t seq;

static int fake_send(struct nl_sock *sk, struct nl_msg *msg)
{
	(void)sk;
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	sent++;
	return nlmsg_hdr(msg)->nlmsg_len;
}

static int fake_receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf,
			struct ucred **creds)
{
	struct nlmsghdr *nlh;
	int rest;

	(void)sk;
	(void)creds;
	memset(from, 0, sizeof(*from));
	if (taken == queued)
		return -NLE_AGAIN;
	rest = replies[taken].len;
	*buf = malloc(rest);
	memcpy(*buf, replies[taken++].bytes, rest);
	for (nlh = (void *)*buf; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		nlh->nlmsg_seq += seq;
	return replies[taken - 1].len;
}

static void reset(void)
{
	queued = taken = sent = 0;
}

/* Appends a message to reply number @reply. */
static void put(int reply, int type, int flags, const void *payload, int len)
{
	struct nlmsghdr *nlh = (void *)(replies[reply].bytes + replies[reply].len);

	if (reply == queued) {
		replies[reply].len = 0;
		nlh = (void *)replies[reply].bytes;
		queued++;
	}
	memset(nlh, 0, NLMSG_HDRLEN);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_len = NLMSG_HDRLEN + len;
	if (len)
		memcpy(nlmsg_data(nlh), payload, len);
	replies[reply].len += NLMSG_ALIGN(nlh->nlmsg_len);
}

/* A row that holds one number. */
static void put_row(int reply, int flags, uint32_t value)
{
	struct {
		struct genlmsghdr genl;
		struct nlattr attr;
		uint32_t value;
	} row = { { .cmd = 1 }, { .nla_len = 8, .nla_type = 1 }, value };

	put(reply, FAMILY, flags, &row, sizeof(row));
}

/* The module's words at @attr; returns what they take. */
static int put_text(struct nlattr *attr, const char *text)
{
	attr->nla_type = NLMSGERR_ATTR_MSG;
	attr->nla_len = NLA_HDRLEN + strlen(text) + 1;
	strcpy(nla_data(attr), text);
	return NLA_ALIGN(attr->nla_len);
}

/* The end of a dump, or an error, with the module's words if there are any. */
static void put_end(int reply, int err, const char *text)
{
	char payload[256] = { 0 };
	struct nlattr *attr = (void *)(payload + 4);
	int len = 4, flags = NLM_F_MULTI;

	memcpy(payload, &err, sizeof(err));
	if (text) {
		flags |= NLM_F_ACK_TLVS;
		len += put_text(attr, text);
	}
	put(reply, NLMSG_DONE, flags, payload, len);
}

static void put_error(int reply, int err, const char *text, int echoed)
{
	char payload[256] = { 0 };
	struct nlmsgerr *e = (void *)payload;
	struct nlattr *attr = (void *)(payload + sizeof(*e) + echoed);
	int len = sizeof(*e) + echoed, flags = echoed ? 0 : NLM_F_CAPPED;

	e->error = err;
	e->msg.nlmsg_len = NLMSG_HDRLEN + (echoed ?: 8);
	if (text) {
		flags |= NLM_F_ACK_TLVS;
		len += put_text(attr, text);
	}
	put(reply, NLMSG_ERROR, flags, payload, len);
}

static struct ipcns *fake_open(void)
{
	struct ipcns *w = ipcns_new();
	struct nl_cb *cb;

	w->sk = nl_socket_alloc();
	cb = nl_socket_get_cb(w->sk);
	nl_cb_overwrite_send(cb, fake_send);
	nl_cb_put(cb);
	w->family = FAMILY;
	return w;
}

struct rows {
	int n, restarts, allowed;
	uint64_t sum;
};

static void take_sum(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *tb[4];
	struct rows *rows = arg;
	uint64_t value = 0;

	nla_parse(tb, 3, attrs, len, NULL);
	ipcns_uint(tb[1], &value);
	rows->n++;
	rows->sum += value;
}

static bool again(void *arg)
{
	struct rows *rows = arg;

	rows->n = 0;
	rows->sum = 0;
	rows->restarts++;
	return rows->restarts <= rows->allowed;
}

static int dump(struct ipcns *w, struct rows *rows, int allowed)
{
	*rows = (struct rows){ .allowed = allowed };
	return ipcns_dump(w, ipcns_request(1), take_sum, again, rows);
}

static void dumps(struct ipcns *w)
{
	struct rows rows;
	int ret, i;

	reset();
	put_row(0, NLM_F_MULTI, 1);
	put_row(0, NLM_F_MULTI, 2);
	put(1, NLMSG_NOOP, 0, NULL, 0);
	put_row(1, NLM_F_MULTI, 3);
	put_end(2, 0, NULL);
	ret = dump(w, &rows, 0);
	check(!ret && rows.n == 3 && rows.sum == 6, "a dump in several parts");

	reset();
	put_row(0, NLM_F_MULTI, 1);
	put_end(0, -EPERM, NULL);
	ret = dump(w, &rows, 0);
	check(ret == -EPERM, "an error at the end of a dump");
	check_text(ipcns_error(w), strerror(EPERM), "its text is the system's");

	reset();
	put_end(0, -ENOENT, "no such namespace");
	ret = dump(w, &rows, 0);
	check(ret == -ENOENT, "an error instead of rows");
	check_text(ipcns_error(w), "no such namespace", "its text is the module's");

	reset();
	put_row(0, NLM_F_MULTI, 1);
	put_row(0, NLM_F_MULTI | NLM_F_DUMP_INTR, 2);
	put_end(1, 0, NULL);
	put_row(2, NLM_F_MULTI, 5);
	put_end(2, 0, NULL);
	ret = dump(w, &rows, 10);
	check(!ret && rows.restarts == 1 && rows.n == 1 && rows.sum == 5 && sent == 2,
	      "an interrupted dump is done again");

	reset();
	put_row(0, NLM_F_MULTI | NLM_F_DUMP_INTR, 1);
	put_row(1, NLM_F_MULTI, 2);
	put_end(2, 0, NULL);
	ret = dump(w, &rows, 0);
	check(ret == -EINTR && rows.restarts == 1 && sent == 1 && *ipcns_error(w),
	      "or fails, if it is too late for that");

	reset();
	for (i = 0; i < DUMP_TRIES; i++) {
		put_row(2 * i, NLM_F_MULTI | NLM_F_DUMP_INTR, 1);
		put_end(2 * i + 1, 0, NULL);
	}
	ret = dump(w, &rows, 1000);
	check(ret == -EINTR && sent == DUMP_TRIES && taken == queued, "or after some tries");

	reset();
	put_row(0, NLM_F_MULTI | NLM_F_DUMP_INTR, 1);
	put_end(0, -EACCES, NULL);
	ret = dump(w, &rows, 10);
	check(ret == -EACCES && sent == 1, "an error is one, interrupted or not");

	reset();
	put(0, FAMILY, NLM_F_MULTI, "\1", 2);
	put(0, FAMILY + 1, NLM_F_MULTI, "\1\0\0\0", 4);
	put_row(0, NLM_F_MULTI, 4);
	put_end(0, 0, NULL);
	ret = dump(w, &rows, 0);
	check(!ret && rows.n == 1 && rows.sum == 4, "short and foreign messages are passed over");
}

static void failures_of_socket(struct ipcns *w)
{
	struct rows rows;
	int ret;

	reset();
	w->family = FAMILY;
	put_row(0, NLM_F_MULTI, 1);
	ret = dump(w, &rows, 0);
	check(ret == -EIO && *ipcns_error(w), "a socket that fails in the middle");

	reset();
	put_row(0, NLM_F_MULTI, 1);
	put_end(0, 0, NULL);
	((struct nlmsghdr *)replies[0].bytes)->nlmsg_seq = 1;
	ret = dump(w, &rows, 0);
	check(ret == -EIO && !rows.n && *ipcns_error(w), "an answer to another request");

	reset();
	put(0, NLMSG_ERROR, 0, "", 1);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EIO && *ipcns_error(w), "an error that is cut short");

	reset();
	put(0, NLMSG_OVERRUN, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EIO && *ipcns_error(w), "an overrun");
}

static void requests(struct ipcns *w)
{
	struct rows rows = { 0 };
	int ret;

	reset();
	put_row(0, 0, 9);
	put_error(1, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(!ret && rows.n == 1 && rows.sum == 9, "an answer and its ack");

	reset();
	put_error(0, -ENOTUNIQ, "two of them", 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -ENOTUNIQ, "an error");
	check_text(ipcns_error(w), "two of them", "with its text, the request cut off");

	reset();
	put_error(0, -EINVAL, "bad attribute", 24);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EINVAL, "an error that echoes the request");
	check_text(ipcns_error(w), "bad attribute", "with its text behind that");

	reset();
	put_error(0, -EACCES, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EACCES && !strcmp(ipcns_error(w), strerror(EACCES)), "an error without text");

	reset();
	put_row(0, 0, 1);
	put_error(0, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), NULL, NULL);
	check(!ret, "and the next request works again");
}

static void integers(void)
{
	struct {
		struct nlattr attr;
		unsigned char bytes[8];
	} a = { .bytes = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	uint64_t v = 0;

	a.attr.nla_len = NLA_HDRLEN + 8;
	check(ipcns_uint(&a.attr, &v) && v == 0x0807060504030201, "a number of 8 bytes");
	a.attr.nla_len = NLA_HDRLEN + 4;
	check(ipcns_uint(&a.attr, &v) && v == 0x04030201, "of 4 bytes");
	a.attr.nla_len = NLA_HDRLEN + 3;
	check(!ipcns_uint(&a.attr, &v), "not of 3");
	a.attr.nla_len = NLA_HDRLEN;
	check(!ipcns_uint(&a.attr, &v) && !ipcns_uint(NULL, &v), "none of 0, or of nothing");
}

static void put_family(uint32_t version)
{
	struct {
		struct genlmsghdr genl;
		struct nlattr id;
		uint16_t family, pad;
		struct nlattr attr;
		uint32_t version;
	} row = {
		.id = { .nla_len = 6, .nla_type = CTRL_ATTR_FAMILY_ID }, .family = FAMILY,
		.attr = { .nla_len = 8, .nla_type = CTRL_ATTR_VERSION }, .version = version,
	};

	put(0, GENL_ID_CTRL, 0, &row, sizeof(row));
	put_error(0, 0, NULL, 0);
}

static void families(struct ipcns *w)
{
	struct rows rows;

	reset();
	put_family(IPCNS_PROTOCOL_VERSION);
	check(!ipcns_connect(w) && w->family == FAMILY, "the family is found");
	reset();
	put_error(0, -ENOENT, NULL, 0);
	check(ipcns_do(w, ipcns_request(1), take_sum, &rows) == -ENODEV, "a family that has gone");
	check_text(ipcns_error(w), "module unloaded", "its text");
	reset();
	put_family(IPCNS_PROTOCOL_VERSION + 1);
	check(ipcns_connect(w) == -EPROTONOSUPPORT, "another version");
	reset();
	put_error(0, -ENOENT, NULL, 0);
	check(ipcns_connect(w) == -ENODEV, "no family");
	check_text(ipcns_error(w), "module not loaded", "its text");
	reset();
	put_error(0, -EPERM, NULL, 0);
	check(ipcns_connect(w) == -EPERM, "another error");
	reset();
	check(ipcns_do(w, ipcns_request(1), take_sum, &rows) == -ENOTCONN && !sent,
	      "what is not connected sends nothing");
	check(ipcns_do(w, NULL, take_sum, &rows) == -ENOMEM, "a request without memory");
}

int main(void)
{
	struct ipcns *w = fake_open();

	dumps(w);
	requests(w);
	integers();
	families(w);
	failures_of_socket(w);
	ipcns_free(w);
	return failures != 0;
}
