// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel for the tool, in its own process: the system calls that libnl makes on netlink sockets
 * end here. The family is there, and what it answers is the fuzzer's. The tool's exit() comes back
 * to run_command(), which takes down what the tool left.
 */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/ipcns.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

#define DATAGRAM 65536
#define SOCKETS 8
#define NOTIFY 1	/* number of the group "notify" of nlctrl */
#define GONE 1000	/* receives after the last record: the tool does not stop asking */

static struct {
	const uint8_t *next, *end;
	struct nlmsghdr request;
	unsigned int idle;
	bool asked;
	bool forged;		/* the datagram is another process's */
	char bytes[DATAGRAM] __attribute__((aligned(8)));
	size_t len;
} kernel;

static struct nl_sock *sockets[SOCKETS];
static jmp_buf ended;
static int fd = -1;
static char *output;

/* The tool is built with these in place of exit(), nl_socket_alloc() and nl_socket_free(). */
void fuzz_exit(int status) __attribute__((noreturn));
struct nl_sock *fuzz_socket_alloc(void);
void fuzz_socket_free(struct nl_sock *sk);

void fuzz_exit(int status)
{
	longjmp(ended, status + 1);
}

struct nl_sock *fuzz_socket_alloc(void)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++)
		if (!sockets[i])
			return sockets[i] = nl_socket_alloc();
	return NULL;
}

void fuzz_socket_free(struct nl_sock *sk)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++)
		if (sk && sockets[i] == sk)
			sockets[i] = NULL;
	nl_socket_free(sk);
}

/* In place of libnl's, which waits for acks in datagrams of their own. */
int genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group)
{
	(void)sk;
	(void)family;
	(void)group;
	return NOTIFY;
}

/* What follows stands in for the C library's. All sockets are one, that nothing comes from. */

int socket(int domain, int type, int protocol)
{
	int pair[2];

	(void)domain;
	(void)type;
	(void)protocol;
	if (fd < 0 && !socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		fd = pair[0];
	return fd;
}

int bind(int sk, const struct sockaddr *address, socklen_t len)
{
	(void)sk;
	(void)address;
	(void)len;
	return 0;
}

int getsockname(int sk, struct sockaddr *address, socklen_t *len)
{
	struct sockaddr_nl *nl = (void *)address;

	(void)sk;
	*len = sizeof(*nl);
	*nl = (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = getpid() };
	return 0;
}

int setsockopt(int sk, int level, int name, const void *value, socklen_t len)
{
	(void)sk;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

/* Whoever gives the kernel time for something here would wait in vain. */
int nanosleep(const struct timespec *pause, struct timespec *rest)
{
	(void)pause;
	(void)rest;
	return 0;
}

/* Nor does anything change from one sample to the next. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *pause, struct timespec *rest)
{
	(void)clock;
	(void)flags;
	(void)pause;
	(void)rest;
	return 0;
}

int close(int n)
{
	return n == fd ? 0 : syscall(SYS_close, n);
}

ssize_t sendmsg(int sk, const struct msghdr *msg, int flags)
{
	(void)sk;
	(void)flags;
	memcpy(&kernel.request, msg->msg_iov[0].iov_base, sizeof(kernel.request));
	kernel.asked = true;
	return msg->msg_iov[0].iov_len;
}

/* Appends a message to the datagram. */
static void put(int type, int flags, const void *head, size_t head_len, const void *payload,
		size_t len)
{
	struct nlmsghdr *nlh = (void *)(kernel.bytes + kernel.len);
	size_t whole = NLMSG_ALIGN(NLMSG_HDRLEN + head_len + len);

	if (whole > DATAGRAM - kernel.len)
		return;
	memset(nlh, 0, whole);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_len = NLMSG_HDRLEN + head_len + len;
	nlh->nlmsg_seq = kernel.request.nlmsg_seq;
	memcpy(nlmsg_data(nlh), head, head_len);
	if (len)
		memcpy((char *)nlmsg_data(nlh) + head_len, payload, len);
	kernel.len += whole;
}

static void put_error(int error, const void *attrs, size_t len)
{
	const struct nlmsgerr head = {
		.error = error, .msg = { .nlmsg_len = kernel.request.nlmsg_len },
	};

	put(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &head, sizeof(head), attrs, len);
}

/* Whatever the tool asks nlctrl: there is such a family. */
static void put_family(void)
{
	struct {
		struct genlmsghdr genl;
		struct nlattr name;
		char text[8];
		struct nlattr id;
		uint16_t family, pad;
		struct nlattr version;
		uint32_t number;
	} row = {
		.genl = { .cmd = CTRL_CMD_NEWFAMILY },
		.name = { .nla_len = 10, .nla_type = CTRL_ATTR_FAMILY_NAME }, .text = "ipcns",
		.id = { .nla_len = 6, .nla_type = CTRL_ATTR_FAMILY_ID }, .family = FAMILY,
		.version = { .nla_len = 8, .nla_type = CTRL_ATTR_VERSION },
		.number = IPCNS_PROTOCOL_VERSION,
	};

	put(GENL_ID_CTRL, 0, &row, sizeof(row), NULL, 0);
	put_error(0, NULL, 0);
}

/* The fuzzer does not know what numbers requests have; a stray message has another one. */
static void put_raw(const uint8_t *data, size_t len, bool stray)
{
	struct nlmsghdr *nlh = (void *)(kernel.bytes + kernel.len);
	int rest = len;

	if (NLMSG_ALIGN(len) > DATAGRAM - kernel.len)
		return;
	memcpy(nlh, data, len);
	for (; nlmsg_ok(nlh, rest); nlh = nlmsg_next(nlh, &rest))
		nlh->nlmsg_seq = kernel.request.nlmsg_seq - stray;
	kernel.len += NLMSG_ALIGN(len);
}

static void put_record(unsigned int kind, const uint8_t *data, size_t len)
{
	static const struct genlmsghdr genl = { .cmd = 1 };
	int error = 0, skip = len < sizeof(error) ? len : sizeof(error);

	if (skip)
		memcpy(&error, data, skip);
	error = -(error & 0xff);
	switch (kind % RECORD_KINDS) {
	case RECORD_ROW:
		put(FAMILY, NLM_F_MULTI, &genl, sizeof(genl), data, len);
		break;
	case RECORD_INTERRUPTED:
		put(FAMILY, NLM_F_MULTI | NLM_F_DUMP_INTR, &genl, sizeof(genl), data, len);
		break;
	case RECORD_DONE:
		put(NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS, &error, sizeof(error), data + skip,
		    len - skip);
		break;
	case RECORD_ERROR:
		put_error(error, data + skip, len - skip);
		break;
	case RECORD_FORGED:
		kernel.forged = true;
		/* fall through */
	case RECORD_RAW:
		put_raw(data, len, false);
		break;
	case RECORD_STRAY:
		put_raw(data, len, true);
		break;
	}
}

/* The next datagram; when there are no more records, every answer is at its end. */
static void make_datagram(void)
{
	unsigned int kind;
	size_t len, left;

	kernel.len = 0;
	kernel.forged = false;
	if (kernel.request.nlmsg_type == GENL_ID_CTRL) {
		put_family();
		return;
	}
	do {
		left = kernel.end - kernel.next;
		if (left < 3)
			break;
		kind = kernel.next[0];
		len = kernel.next[1] | kernel.next[2] << 8;
		kernel.next += 3;
		left -= 3;
		if (len > left)
			len = left;
		put_record(kind & ~RECORD_JOINED, kernel.next, len);
		kernel.next += len;
	} while (kind & RECORD_JOINED);
	if (kernel.len)
		return;
	if (++kernel.idle > GONE)
		abort();
	if ((kernel.request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		put_record(RECORD_DONE, (const uint8_t *)"", 0);
	else
		put_error(0, NULL, 0);
}

/* Receives a datagram into @size bytes at @buf; returns its length, or -1. */
static ssize_t receive(void *buf, size_t size, struct sockaddr_nl *from)
{
	if (!kernel.asked) {
		errno = EAGAIN;
		return -1;
	}
	make_datagram();
	if (from)
		*from = (struct sockaddr_nl){
			.nl_family = AF_NETLINK, .nl_pid = kernel.forged ? 4711 : 0,
		};
	memcpy(buf, kernel.bytes, kernel.len < size ? kernel.len : size);
	return kernel.len;
}

ssize_t recvmsg(int sk, struct msghdr *msg, int flags)
{
	ssize_t len = receive(msg->msg_iov[0].iov_base, msg->msg_iov[0].iov_len, msg->msg_name);

	(void)sk;
	if (len < 0)
		return len;
	msg->msg_namelen = sizeof(struct sockaddr_nl);
	msg->msg_controllen = 0;
	msg->msg_flags = (size_t)len > msg->msg_iov[0].iov_len ? MSG_TRUNC : 0;
	if (msg->msg_flags && !(flags & MSG_TRUNC))
		len = msg->msg_iov[0].iov_len;
	return len;
}

/* Reads of events do not wait: there, the end of the records is that of what has come. */
ssize_t recvfrom(int sk, void *buf, size_t size, int flags, struct sockaddr *from,
		 socklen_t *from_len)
{
	ssize_t len;

	(void)sk;
	if (flags & MSG_DONTWAIT && kernel.end - kernel.next < 3) {
		errno = EAGAIN;
		return -1;
	}
	len = receive(buf, size, (void *)from);
	*from_len = sizeof(struct sockaddr_nl);
	return len;
}

/**
 * kernel_answers - what is received from now on
 * @answers: records
 * @len: their length
 */
void kernel_answers(const uint8_t *answers, size_t len)
{
	kernel.next = len ? answers : (const uint8_t *)"";
	kernel.end = kernel.next + len;
	kernel.idle = 0;
	kernel.asked = false;
}

/** kernel_forged - whether the datagram that was received last is not from the kernel */
bool kernel_forged(void)
{
	return kernel.forged;
}

/**
 * run_command - run a command of the tool
 * @run: it
 * @argv: its name and arguments, NULL at the end
 * @answers: records
 * @len: their length
 * @as_json: it prints JSON, if all is well; so does what begins with a brace
 *
 * Returns its exit status.
 */
int run_command(int (*run)(int argc, char **argv), char **argv, const uint8_t *answers, size_t len,
		bool as_json)
{
	static FILE *terminal;
	size_t size, i;
	int argc, status;

	kernel_answers(answers, len);
	for (argc = 0; argv[argc]; argc++)
		;
	optind = 0;
	opterr = 0;
	if (!terminal)
		terminal = stdout;
	free(output);
	stdout = open_memstream(&output, &size);
	if (!stdout)
		abort();
	status = setjmp(ended);
	if (!status)
		status = run(argc, argv) + 1;
	fclose(stdout);
	stdout = terminal;
	if (status == 1 && (as_json || *output == '{'))
		check_json(output, size);
	for (i = 0; i < SOCKETS; i++) {
		nl_socket_free(sockets[i]);
		sockets[i] = NULL;
	}
	return status - 1;
}

/** command_output - what the last command printed, until the next one runs */
const char *command_output(void)
{
	return output;
}

/* A reader of JSON that knows no more than what is right. */

static const char *space(const char *at)
{
	while (*at == ' ' || *at == '\n' || *at == '\t')
		at++;
	return at;
}

static const char *string(const char *at)
{
	if (*at++ != '"')
		abort();
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			abort();
		if (*at == '\\' && !strchr("\"\\/bfnrtu", *++at))
			abort();
	}
	return at + 1;
}

static const char *value(const char *at, int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	char close, *end;
	size_t i;

	if (depth > 20)
		abort();
	at = space(at);
	if (*at == '"')
		return string(at);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(at, words[i], strlen(words[i])))
			return at + strlen(words[i]);
	if (*at != '{' && *at != '[') {
		strtod(at, &end);
		if (end == at)
			abort();
		return end;
	}
	close = *at == '{' ? '}' : ']';
	at = space(at + 1);
	while (*at != close) {
		if (close == '}') {
			at = space(string(space(at)));
			if (*at++ != ':')
				abort();
		}
		at = space(value(at, depth + 1));
		if (*at == ',')
			at = space(at + 1);
		else if (*at != close)
			abort();
	}
	return at + 1;
}

/** check_json - end the program unless a text is one JSON value */
void check_json(const char *text, size_t len)
{
	const char *end = space(value(text, 0));

	if (end != text + len)
		abort();
}
