// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libipcns(3) says of threads, for ThreadSanitizer: each with connections of its own, and one
 * connection that all use in turn. The kernel is the test's own; a reply depends on the request
 * that the thread sent last.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "check.h"
#include "libipcns.h"

#define THREADS 4
#define ROUNDS 300
#define FAMILY 0x42
#define ROWS 3

static _Thread_local struct nlmsghdr asked;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct ipcns *shared;

/* In place of libnl's. */
int nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	nl_complete_msg(sk, msg);
	asked = *nlmsg_hdr(msg);
	return asked.nlmsg_len;
}

static char *put(char *at, int type, const void *payload, size_t len)
{
	struct nlmsghdr *nlh = (void *)at;

	*nlh = (struct nlmsghdr){
		.nlmsg_len = NLMSG_HDRLEN + len, .nlmsg_type = type, .nlmsg_seq = asked.nlmsg_seq,
	};
	memcpy(at + NLMSG_HDRLEN, payload, len);
	return at + NLMSG_ALIGN(nlh->nlmsg_len);
}

static char *put_family(char *at)
{
	const struct {
		struct genlmsghdr genl;
		struct nlattr id;
		uint16_t family, pad;
		struct nlattr attr;
		uint32_t version;
	} row = {
		.id = { .nla_len = 6, .nla_type = CTRL_ATTR_FAMILY_ID }, .family = FAMILY,
		.attr = { .nla_len = 8, .nla_type = CTRL_ATTR_VERSION },
		.version = IPCNS_PROTOCOL_VERSION,
	};

	return put(at, GENL_ID_CTRL, &row, sizeof(row));
}

static char *put_row(char *at, uint32_t value)
{
	const struct {
		struct genlmsghdr genl;
		struct nlattr attr;
		uint32_t value;
	} row = { { .cmd = 1 }, { .nla_len = 8, .nla_type = 1 }, value };

	return put(at, FAMILY, &row, sizeof(row));
}

/* In place of the C library's: all of an answer in one datagram; every other ack is an error. */
ssize_t recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from, socklen_t *len)
{
	struct nlmsgerr error = { .error = asked.nlmsg_seq & 1 ? -ESRCH : 0 };
	char *at = buf;
	uint32_t i;

	(void)fd;
	(void)size;
	(void)flags;
	*(struct sockaddr_nl *)from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*len = sizeof(struct sockaddr_nl);
	if (asked.nlmsg_type == GENL_ID_CTRL) {
		error.error = 0;
		at = put_family(at);
	} else {
		for (i = 1; i <= ROWS; i++)
			at = put_row(at, i);
	}
	if (asked.nlmsg_flags & NLM_F_DUMP)
		at = put(at, NLMSG_DONE, &error.error, sizeof(error.error));
	else
		at = put(at, NLMSG_ERROR, &error, sizeof(error));
	return at - (char *)buf;
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *table[2];
	uint64_t value = 0;

	if (ipcns_index(table, 2, attrs, len) && ipcns_uint(table[1], &value))
		*(uint64_t *)arg += value;
}

/* Whether an answer is right: its rows, and an error that has its text. */
static bool ask(struct ipcns *c)
{
	uint64_t sum = 0;
	int ret = ipcns_namespaces(c, 0, add, NULL, &sum);

	if (sum != ROWS * (ROWS + 1) / 2)
		return false;
	return !ret || (ret == -ESRCH && !strcmp(ipcns_error(c), "No such process"));
}

static void *work(void *arg)
{
	bool *good = arg;
	struct ipcns_name name;
	struct ipcns_feed *f;
	struct ipcns *c;
	char why[64];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		c = ipcns_new();
		*good &= c && !ipcns_connect(c) && ask(c) && ask(c);
		ipcns_free(c);
		f = ipcns_feed_new(NULL, NULL);
		*good &= f != NULL;
		ipcns_feed_free(f);
		*good &= ipcns_name_parse("/proc/self/ns/ipc", &name, why, sizeof(why)) &&
			 !ipcns_name_parse("/nonexistent/x", &name, why, sizeof(why)) &&
			 !strcmp(why, "No such file or directory");
		pthread_mutex_lock(&turn);
		*good &= ask(shared);
		pthread_mutex_unlock(&turn);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	bool good[THREADS], all = true;
	int i;

	shared = ipcns_new();
	check(shared && !ipcns_connect(shared), "a connection");
	for (i = 0; i < THREADS; i++) {
		good[i] = true;
		if (pthread_create(&threads[i], NULL, work, &good[i]))
			return 1;
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all &= good[i];
	}
	ipcns_free(shared);
	check(all, "threads with connections of their own, and one that they share in turn");
	return failures != 0;
}
