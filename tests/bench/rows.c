// SPDX-License-Identifier: GPL-2.0
/*
 * Reads netlink dumps and throws them away, which leaves what the kernel takes for them: rows
 * ns|object|unix|udp|listns TURNS. The first two are the module's; the next are what ss(8) asks
 * for with -a; the last is listns(2) of IPC namespaces, where there is one. For each turn a line
 * "ROWS BYTES NANOSECONDS".
 */
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcns.h>

#include "bench.h"

#define NR_LISTNS 470

static char data[32768];	/* as much as a dump puts into one message */

static struct {
	struct nlmsghdr head;
	union {
		struct {
			struct genlmsghdr genl;
			struct nlattr attr;
			char name[8];
		};
		struct unix_diag_req un;
		struct inet_diag_req_v2 inet;
	};
} request = { .head = { .nlmsg_flags = NLM_F_REQUEST } };

static int family(int fd)
{
	struct nlattr *attr;
	int len, n;

	request.head.nlmsg_type = GENL_ID_CTRL;
	request.genl.cmd = CTRL_CMD_GETFAMILY;
	request.attr.nla_type = CTRL_ATTR_FAMILY_NAME;
	request.attr.nla_len = NLA_HDRLEN + sizeof(IPCNS_FAMILY_NAME);
	strcpy(request.name, IPCNS_FAMILY_NAME);
	request.head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN + NLA_ALIGN(request.attr.nla_len));
	ok(send(fd, &request, request.head.nlmsg_len, 0));
	len = ok(recv(fd, data, sizeof(data), 0)) - NLMSG_HDRLEN - GENL_HDRLEN;
	attr = (struct nlattr *)(data + NLMSG_HDRLEN + GENL_HDRLEN);
	for (; len > 0; len -= n, attr = (struct nlattr *)((char *)attr + n)) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(attr + 1);
		n = NLA_ALIGN(attr->nla_len);
	}
	fprintf(stderr, "rows: no family %s\n", IPCNS_FAMILY_NAME);
	exit(1);
}

static int prepare(const char *what)
{
	int fd, command = !strcmp(what, "object") ? IPCNS_CMD_OBJECT_GET : IPCNS_CMD_NS_GET;

	if (!strcmp(what, "unix") || !strcmp(what, "udp")) {
		fd = ok(socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG));
		request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
		request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		if (!strcmp(what, "unix")) {
			request.head.nlmsg_len = NLMSG_LENGTH(sizeof(request.un));
			request.un.sdiag_family = AF_UNIX;
			request.un.udiag_states = -1;
			request.un.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN;
		} else {
			request.head.nlmsg_len = NLMSG_LENGTH(sizeof(request.inet));
			request.inet.sdiag_family = AF_INET;
			request.inet.sdiag_protocol = IPPROTO_UDP;
			request.inet.idiag_states = -1;
		}
		return fd;
	}
	fd = ok(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC));
	request.head.nlmsg_type = family(fd);
	request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request.head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request.genl.cmd = command;
	request.genl.version = IPCNS_PROTOCOL_VERSION;
	return fd;
}

/* One dump; how many rows it had. */
static long long dump(int fd, long long *bytes)
{
	struct nlmsghdr *head;
	long long found = 0;
	int len;

	ok(send(fd, &request, request.head.nlmsg_len, 0));
	for (;;) {
		len = ok(recv(fd, data, sizeof(data), 0));
		*bytes += len;
		for (head = (void *)data; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			if (head->nlmsg_type == NLMSG_DONE)
				return found;
			if (head->nlmsg_type == NLMSG_ERROR) {
				fprintf(stderr, "rows: refused\n");
				exit(1);
			}
			found++;
		}
	}
}

static long long list(long long *bytes)
{
	struct {
		uint32_t size, spare;
		uint64_t after;
		uint32_t type, spare2;
		uint64_t user_ns;
	} from = { .size = sizeof(from), .type = CLONE_NEWIPC };
	uint64_t *ids = (void *)data;
	long long found = 0, n;

	do {
		n = syscall(NR_LISTNS, &from, ids, sizeof(data) / sizeof(*ids), 0);
		ok(n);
		found += n;
		*bytes += n * sizeof(*ids);
		if (n)
			from.after = ids[n - 1];
	} while (n == sizeof(data) / sizeof(*ids));
	return found;
}

int main(int argc, char **argv)
{
	long long begin, found, bytes;
	int fd = -1, turns;

	if (argc != 3) {
		fprintf(stderr, "usage: rows ns|object|unix|udp|listns TURNS\n");
		return 1;
	}
	if (strcmp(argv[1], "listns"))
		fd = prepare(argv[1]);
	for (turns = atoi(argv[2]); turns > 0; turns--) {
		bytes = 0;
		begin = now();
		found = fd < 0 ? list(&bytes) : dump(fd, &bytes);
		printf("%lld %lld %lld\n", found, bytes, now() - begin);
	}
	return 0;
}
