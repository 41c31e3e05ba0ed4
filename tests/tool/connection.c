// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of the library, with a kernel of the test's own: what is sent is dropped, and what is
 * received is what a test has laid out. Results go to stderr.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netlink/netlink.h>

#include "../../user/lib/connection.c"
#include "check.h"

#define FAMILY 0x42
#define REPLIES 64

/* One datagram each; their messages have sequence numbers relative to the request's. */
static struct {
	unsigned char bytes[1024];
	int len;
	uint32_t port;		/* of the sender; the kernel's is 0 */
	bool too_long;		/* for the buffer of whoever receives it */
} replies[REPLIES];
static int queued, taken, sent;
static uint32_t seq;

/* In place of libnl's. */
int nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	nl_complete_msg(sk, msg);
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	sent++;
	return nlmsg_hdr(msg)->nlmsg_len;
}

/* In place of the C library's. */
ssize_t recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from, socklen_t *len)
{
	struct sockaddr_nl *address = (void *)from;
	struct nlmsghdr *nlh = buf;
	int rest;

	(void)fd;
	if (taken == queued) {
		errno = EAGAIN;
		return -1;
	}
	*address = (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = replies[taken].port };
	*len = sizeof(*address);
	rest = replies[taken].len;
	memset(buf, 0xff, size);
	memcpy(buf, replies[taken].bytes, rest);
	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		nlh->nlmsg_seq += seq;
	rest = replies[taken].too_long && flags & MSG_TRUNC ? (int)size + 1 : replies[taken].len;
	taken++;
	return rest;
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
		memset(&replies[reply], 0, sizeof(replies[reply]));
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

static void fake_connect(struct ipcns *w)
{
	nl_socket_free(w->sk);
	w->sk = nl_socket_alloc();
	w->family = FAMILY;
	w->broken = false;
}

static struct ipcns *fake_open(void)
{
	struct ipcns *w = ipcns_new();

	fake_connect(w);
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
	fake_connect(w);
	put_row(0, NLM_F_MULTI, 1);
	ret = dump(w, &rows, 0);
	check(ret == -EIO && *ipcns_error(w), "a socket that fails in the middle");
	reset();
	put_row(0, 0, 1);
	put_error(0, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -ENOTCONN && !sent, "is not connected any more");

	reset();
	fake_connect(w);
	put(0, NLMSG_ERROR, 0, "", 1);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EIO && *ipcns_error(w), "an error that is cut short");

	reset();
	fake_connect(w);
	put(0, NLMSG_OVERRUN, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(ret == -EIO && *ipcns_error(w), "an overrun");

	reset();
	fake_connect(w);
	put_row(0, NLM_F_MULTI, 1);
	replies[0].too_long = true;
	put_end(1, 0, NULL);
	ret = dump(w, &rows, 0);
	check(ret == -EIO && !rows.n, "a datagram that is too long");
}

/* Errors are 0 or below, and no length in them is believed. */
static void crafted(struct ipcns *w)
{
	static const int errors[] = { 1, ENOENT, INT32_MAX, INT32_MIN, -4096 };
	static const uint32_t lengths[] = { 0, 1, NLMSG_HDRLEN - 1, 64, 0x7fffffff, 0x80000000,
					    0xfffffff0, UINT32_MAX };
	struct {
		struct nlmsgerr e;
		struct nlattr attr;
		char text[12];
	} message = { .e.error = -EACCES };
	bool good = true;
	struct rows rows;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		reset();
		fake_connect(w);
		put_error(0, errors[i], "text", 0);
		ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
		good &= ret == -EIO && *ipcns_error(w);
		reset();
		fake_connect(w);
		put_end(0, errors[i], "text");
		ret = dump(w, &rows, 0);
		good &= ret == -EIO && *ipcns_error(w);
	}
	check(good, "an answer whose error is no errno");

	good = true;
	put_text(&message.attr, "a text");
	fake_connect(w);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		message.e.msg.nlmsg_len = lengths[i];
		reset();
		put(0, NLMSG_ERROR, NLM_F_ACK_TLVS, &message, sizeof(message));
		ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
		good &= ret == -EACCES && *ipcns_error(w);
	}
	check(good, "an error that echoes a request of any length");

	good = true;
	message.e.msg.nlmsg_len = NLMSG_HDRLEN;
	for (i = 0; i < 32; i++) {
		message.attr.nla_len = i < 16 ? i : UINT16_MAX - i;
		reset();
		put(0, NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, &message, sizeof(message));
		ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
		good &= ret == -EACCES && *ipcns_error(w);
	}
	check(good, "a text of any length");
}

/* Another process answers, with the right sequence number. */
static void forged(struct ipcns *w)
{
	struct rows rows = { 0 };
	int ret, i;

	reset();
	fake_connect(w);
	put_row(0, 0, 100);
	put_error(0, 0, NULL, 0);
	put_error(1, -ENOENT, "forged", 0);
	put_error(2, INT32_MIN, NULL, 0);
	put(3, NLMSG_OVERRUN, 0, NULL, 0);
	put_end(4, 0, NULL);
	for (i = 0; i < 5; i++)
		replies[i].port = 1 + i * 1000;
	replies[4].too_long = true;
	put_row(5, 0, 7);
	put_error(5, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(!ret && rows.n == 1 && rows.sum == 7 && taken == queued,
	      "what another process sends is dropped");
}

/* What is left of an exchange before this one. */
static void stray(struct ipcns *w)
{
	struct nlmsghdr *nlh;
	struct rows rows;
	int ret;

	reset();
	fake_connect(w);
	put_row(0, NLM_F_MULTI, 1);
	put_end(0, -EPERM, "another");
	nlh = (void *)replies[0].bytes;
	nlh->nlmsg_seq = -1;
	nlh = (void *)(replies[0].bytes + NLMSG_ALIGN(nlh->nlmsg_len));
	nlh->nlmsg_seq = -1;
	put_row(1, NLM_F_MULTI, 2);
	put_end(1, 0, NULL);
	ret = dump(w, &rows, 0);
	check(!ret && rows.n == 1 && rows.sum == 2, "an answer to another request is skipped");
	reset();
	put_row(0, NLM_F_MULTI, 5);
	put_end(0, 0, NULL);
	ret = dump(w, &rows, 0);
	check(!ret && rows.n == 1 && rows.sum == 5, "and the next answer is that to its request");
}

struct nested {
	struct ipcns *c;
	struct ipcns_feed *feed;
	int calls, request, connect, read, fetch;
};

static void ask_again(struct nested *n)
{
	n->calls++;
	n->request = ipcns_do(n->c, ipcns_request(1), NULL, NULL);
	n->connect = ipcns_connect(n->c);
	if (!n->feed)
		return;
	n->read = ipcns_feed_read(n->feed);
	n->fetch = ipcns_feed_fetch(n->feed);
}

static void ask_in_row(struct nlattr *attrs, int len, void *arg)
{
	(void)attrs;
	(void)len;
	ask_again(arg);
}

static void ask_in_event(const struct ipcns_event *e, void *arg)
{
	(void)e;
	ask_again(arg);
}

/* A request from a callback. */
static void nested(struct ipcns *w)
{
	struct nested n = { .c = w };
	struct rows rows = { 0 };
	int ret;

	reset();
	fake_connect(w);
	put_row(0, NLM_F_MULTI, 1);
	put_row(0, NLM_F_MULTI, 2);
	put_end(1, 0, NULL);
	ret = ipcns_dump(w, ipcns_request(1), ask_in_row, NULL, &n);
	check(!ret && n.calls == 2 && n.request == -EBUSY && n.connect == -EBUSY && sent == 1,
	      "a request from a callback is refused");
	reset();
	put_row(0, 0, 3);
	put_error(0, 0, NULL, 0);
	ret = ipcns_do(w, ipcns_request(1), take_sum, &rows);
	check(!ret && rows.sum == 3, "and harms no other");
}

/* Two numbers, of 64 and of 32 bits. */
static void put_numbers(int reply, int type64, uint64_t a, int type32, uint32_t b)
{
	struct {
		struct genlmsghdr genl;
		struct nlattr x;
		uint64_t a;
		struct nlattr y;
		uint32_t b;
	} __attribute__((packed)) row = {
		{ .cmd = 1 }, { .nla_len = 12, .nla_type = type64 }, a,
		{ .nla_len = 8, .nla_type = type32 }, b,
	};

	put(reply, FAMILY, 0, &row, sizeof(row));
}

static void nested_in_feed(void)
{
	struct nested n = { 0 };
	int ret;

	n.feed = ipcns_feed_new(ask_in_event, &n);
	n.c = ipcns_feed_connection(n.feed);
	fake_connect(n.c);
	reset();
	put_numbers(0, IPCNS_A_EVENT_SEQ, 9, IPCNS_A_EVENT_OBJECT, 0);
	put_error(0, 0, NULL, 0);
	put_numbers(1, IPCNS_A_EVENT_SEQ, 8, IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_SHM);
	put_end(1, 0, NULL);
	ret = ipcns_feed_fetch(n.feed);
	check(!ret && n.calls == 1 && n.request == -EBUSY && n.connect == -EBUSY &&
	      n.read == -EBUSY && n.fetch == -EBUSY, "a callback of a feed is refused, too");
	ipcns_feed_free(n.feed);
}

/* Structs of programs that were built with another version of the library. */
static void sizes(struct ipcns *w)
{
	struct {
		struct ipcns_object_filter filter;
		uint64_t more;
	} newer = { .filter.ns_id = 1 };
	struct {
		struct ipcns_name name;
		uint64_t more;
	} name = { .more = 1 };
	struct {
		struct ipcns_event event;
		uint64_t more;
	} event = { .more = 1 };
	struct rows rows = { 0 };
	unsigned char bytes[sizeof(struct ipcns_event)];
	char why[32];

	reset();
	fake_connect(w);
	put_end(0, 0, NULL);
	check(!ipcns_objects_sized(w, &newer.filter, sizeof(newer), take_sum, NULL, &rows),
	      "a longer struct whose rest is 0 is understood");
	newer.more = 1;
	check(ipcns_objects_sized(w, &newer.filter, sizeof(newer), take_sum, NULL, &rows) == -E2BIG &&
	      sent == 1 && *ipcns_error(w), "with anything else it is refused");
	reset();
	put_end(0, 0, NULL);
	newer.filter.kinds = UINT32_MAX;
	check(!ipcns_objects_sized(w, &newer.filter, sizeof(uint64_t), take_sum, NULL, &rows),
	      "a shorter one is understood");
	check(ipcns_name_parse_sized("17", &name.name, sizeof(name), why, sizeof(why)) &&
	      name.name.value == 17 && !name.more, "what is not known is 0");
	memset(bytes, 0xff, sizeof(bytes));
	check(ipcns_name_parse_sized("id=17", (void *)bytes, 1, why, sizeof(why)) && bytes[0] == 1 &&
	      bytes[1] == 0xff, "nothing is written beyond a struct");
	ipcns_event_parse_sized(&event.event, sizeof(event), NULL, 0);
	memset(bytes, 0xff, sizeof(bytes));
	ipcns_event_parse_sized((void *)bytes, 8, NULL, 0);
	check(!event.more && !bytes[7] && bytes[8] == 0xff, "nor beyond an event");
}

/* What ns-open answers: a namespace that has identity 17. */
static int open_answer(struct ipcns *w, uint64_t id, uint64_t inum, int fd)
{
	struct {
		struct genlmsghdr genl;
		struct nlattr a;
		uint64_t id;
		struct nlattr b;
		uint32_t inum;
		struct nlattr c;
		uint32_t fd;
	} __attribute__((packed)) row = {
		{ .cmd = IPCNS_CMD_NS_OPEN }, { .nla_len = 12, .nla_type = IPCNS_A_NS_ID }, id,
		{ .nla_len = 8, .nla_type = IPCNS_A_NS_INUM }, inum,
		{ .nla_len = 8, .nla_type = IPCNS_A_NS_FD }, fd,
	};

	reset();
	fake_connect(w);
	put(0, FAMILY, 0, &row, sizeof(row));
	put_error(0, 0, NULL, 0);
	return ipcns_open_namespace(w, 17);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void descriptors(struct ipcns *w)
{
	int ns = open("/proc/self/ns/ipc", O_RDONLY), other = open("/proc/self/ns/uts", O_RDONLY);
	int file = open("/proc/self/stat", O_RDONLY);
	struct stat st;

	fstat(ns, &st);
	check(open_answer(w, 17, st.st_ino, ns) == ns, "a namespace is opened");
	check(open_answer(w, 18, st.st_ino, ns) == -EBADMSG && is_open(ns),
	      "not that of another identity");
	check(open_answer(w, 17, st.st_ino + 1, ns) == -EBADMSG && is_open(ns),
	      "not that of another inode");
	fstat(other, &st);
	check(open_answer(w, 17, st.st_ino, other) == -EBADMSG && is_open(other),
	      "not one of another type");
	fstat(file, &st);
	check(open_answer(w, 17, st.st_ino, file) == -EBADMSG && is_open(file), "not a file");
	check(open_answer(w, 17, 1, 1000) == -EBADMSG, "not what is not open");
	fstat(ns, &st);
	check(open_answer(w, 17, st.st_ino, ns) == ns, "and the namespace again");
	close(file);
	close(other);
	close(ns);
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
	fake_connect(w);
	put_row(0, 0, 1);
	check(ipcns_do(w, ipcns_request(1), take_sum, &rows) == -EIO, "a connection that fails");
	reset();
	put_family(IPCNS_PROTOCOL_VERSION);
	put_row(1, 0, 4);
	put_error(1, 0, NULL, 0);
	rows = (struct rows){ 0 };
	check(!ipcns_connect(w) && !ipcns_do(w, ipcns_request(1), take_sum, &rows) && rows.sum == 4,
	      "works again when it is connected again");
	reset();
	put_error(0, -ENOENT, NULL, 0);
	check(ipcns_connect(w) == -ENODEV, "no family any more");
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
	crafted(w);
	forged(w);
	stray(w);
	nested(w);
	nested_in_feed();
	sizes(w);
	descriptors(w);
	ipcns_free(w);
	return failures != 0;
}
