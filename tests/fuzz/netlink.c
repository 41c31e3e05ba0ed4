// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the netlink interface of the module, in a guest.
 *
 * Requests are made by the spec, from values that the module itself told, and then spoilt: bytes
 * changed, attributes doubled, moved, cut short, tails added. With KCOV in the kernel and the
 * module, a request that reached new code is kept, and others are made of it. Without, all are
 * made blindly, which the first line says.
 *
 * Several processes do that at once, as different users, each with several sockets: some read all
 * answers, some stop in the middle of a dump, some are closed then. An acknowledgement that is
 * asked for must come.
 *
 *	netlink SECONDS [SEED]
 *
 * Ends with a line of figures; exit status 1 if an answer did not come.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/ipcns.h>
#include <linux/netlink.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define WORKERS 5
#define SOCKETS 4
#define FIRST_FD 16	/* sockets are here and above; what ns-open opens comes behind them */
#define REQUEST 1024	/* bytes of a request at most */
#define CORPUS 4096	/* requests that are kept */
#define MAP (1 << 16)	/* places of code, by their address */
#define PATIENCE 120	/* seconds for an answer */

/* linux/kcov.h */
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_TRACE_PC 0
#define COVER (1 << 16)

enum type { U32, U64, NAME };

/* What requests may have, by the spec. */
struct request {
	uint8_t cmd;
	bool dump, once;
	struct {
		uint16_t number;
		uint8_t type;
	} attrs[9];
};

#define NS(set) { IPCNS_A_##set##_NS_INUM, U32 }, { IPCNS_A_##set##_NS_ID, U64 }
#define OBJECT(set) \
	NS(set), { IPCNS_A_##set##_KIND, U32 }, { IPCNS_A_##set##_ID, U32 }, \
	{ IPCNS_A_##set##_NAME, NAME }

static const struct request requests[] = {
	{ IPCNS_CMD_NS_GET, true, true, { { IPCNS_A_NS_INUM, U32 }, { IPCNS_A_NS_ID, U64 } } },
	{ IPCNS_CMD_OBJECT_GET, true, true, { OBJECT(OBJECT), { IPCNS_A_OBJECT_KINDS, U32 },
		{ IPCNS_A_OBJECT_KEY, U32 }, { IPCNS_A_OBJECT_UID, U32 } } },
	{ IPCNS_CMD_ELEMENT_GET, true, false, { OBJECT(ELEMENT) } },
	{ IPCNS_CMD_LIMITS_GET, true, true, { NS(LIMITS) } },
	{ IPCNS_CMD_STATUS_GET, false, true, { { 0 } } },
	{ IPCNS_CMD_JOURNAL_GET, true, true, { NS(EVENT), { IPCNS_A_EVENT_SINCE, U64 },
		{ IPCNS_A_EVENT_OBJECTS, U32 } } },
	{ IPCNS_CMD_HOLDER_GET, true, false, { NS(HOLDER), { IPCNS_A_HOLDER_KINDS, U32 } } },
	{ IPCNS_CMD_WAITER_GET, true, false, { OBJECT(WAITER) } },
	{ IPCNS_CMD_NS_OPEN, false, true, { { IPCNS_A_NS_INUM, U32 }, { IPCNS_A_NS_ID, U64 } } },
};

/* Shared by all workers; they race, and nothing depends on who wins. */
static struct {
	unsigned char seen[MAP];
	struct {
		unsigned int len;
		unsigned char bytes[REQUEST];
	} corpus[CORPUS];
	unsigned int kept;
	unsigned long sent, answers, rows, dumps, cut, refused, covered;
	uint32_t inums[256];
	uint64_t ids[256];
	unsigned int known;
} *shared;

struct socket {
	int fd;
	uint32_t seq;
	bool busy;		/* a dump has not ended */
	bool listens;
	bool silent;		/* about what it had no room for */
	bool full;		/* nothing comes in until it is empty (NETLINK_S_CONGESTED) */
};

static uint16_t family;
static unsigned long *cover;
static uint64_t state;		/* of the random numbers */
static time_t deadline;

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (state >> 32) % below : state >> 32;
}

static bool chance(unsigned int percent)
{
	return rnd(100) < percent;
}

static void fail(const char *what)
{
	fprintf(stderr, "netlink: pid %d: %s: %s\n", getpid(), what, strerror(errno));
	exit(1);
}

/* Requests */

struct message {
	unsigned char bytes[REQUEST];
	unsigned int len;
};

static void put(struct message *m, uint16_t type, const void *data, unsigned int len)
{
	const struct nlattr attr = { .nla_len = sizeof(attr) + len, .nla_type = type };
	unsigned int room = NLA_ALIGN(attr.nla_len);

	if (m->len + room > sizeof(m->bytes))
		return;
	memset(m->bytes + m->len, 0, room);
	memcpy(m->bytes + m->len, &attr, sizeof(attr));
	memcpy(m->bytes + m->len + sizeof(attr), data, len);
	m->len += room;
}

static uint64_t some_number(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 4, 5, 7, 15, 127, 255, 256, 32767, 32768, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX,
	};

	return chance(70) ? rnd(8) : chance(80) ? odd[rnd(ARRAY_SIZE(odd))] :
	       (uint64_t)rnd(0) << 32 | rnd(0);
}

static void put_value(struct message *m, uint16_t number, enum type type, unsigned int place)
{
	static const char *const names[] = { "q", "queue", "a", "", "../q", "q/q" };
	uint64_t value = some_number();
	char name[300];
	uint32_t small;

	/* The first two attributes say which namespace. */
	if (place < 2 && chance(85)) {
		small = rnd(shared->known < 256 ? shared->known : 256);
		value = type == U64 ? shared->ids[small] : shared->inums[small];
	}
	small = value;
	switch (type) {
	case U32:
		put(m, number, &small, sizeof(small));
		break;
	case U64:
		put(m, number, &value, sizeof(value));
		break;
	case NAME:
		if (chance(80)) {
			value = rnd(ARRAY_SIZE(names));
			put(m, number, names[value], strlen(names[value]));
		} else {
			value = rnd(sizeof(name));
			memset(name, chance(50) ? 'n' : 0, sizeof(name));
			put(m, number, name, value);
		}
		break;
	}
}

/* A request as somebody who knows the spec would make it. */
static void make(struct message *m)
{
	const struct request *r = &requests[rnd(ARRAY_SIZE(requests))];
	bool dump = r->dump && (!r->once || chance(60));
	struct nlmsghdr nlh = { .nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK) };
	struct genlmsghdr genl = { .cmd = r->cmd, .version = IPCNS_PROTOCOL_VERSION };
	unsigned int i;

	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	memcpy(m->bytes, &nlh, sizeof(nlh));
	memcpy(m->bytes + NLMSG_HDRLEN, &genl, sizeof(genl));
	for (i = 0; i < ARRAY_SIZE(r->attrs) && r->attrs[i].number; i++) {
		/* Inode number and id exclude each other, mostly. */
		if (i == 1 && m->len > NLMSG_HDRLEN + GENL_HDRLEN && chance(90))
			continue;
		if (chance(i < 2 ? 50 : r->cmd == IPCNS_CMD_OBJECT_GET ? 25 : 75))
			put_value(m, r->attrs[i].number, r->attrs[i].type, i);
	}
}

static struct nlattr *some_attribute(struct message *m)
{
	unsigned int at = NLMSG_HDRLEN + GENL_HDRLEN, n = rnd(6);
	struct nlattr *attr;

	for (;; at += NLA_ALIGN(attr->nla_len)) {
		attr = (void *)(m->bytes + at);
		if (at + sizeof(*attr) > m->len || attr->nla_len < sizeof(*attr) ||
		    at + attr->nla_len > m->len)
			return NULL;
		if (!n--)
			return attr;
	}
}

static void spoil(struct message *m)
{
	static const unsigned int lengths[] = { 0, 1, 3, 4, 5, 8, 12, 0x7fff, 0xffff };
	unsigned int head = NLMSG_HDRLEN + GENL_HDRLEN, i;
	struct nlattr *attr = some_attribute(m);
	struct message copy;

	switch (rnd(10)) {
	case 0:
		m->bytes[6 + rnd(m->len - 6)] ^= 1 << rnd(8);
		break;
	case 1:
		m->bytes[6 + rnd(m->len - 6)] = rnd(256);
		break;
	case 2:		/* a tail */
		for (i = rnd(24); i && m->len < REQUEST; i--)
			m->bytes[m->len++] = rnd(256);
		break;
	case 3:
		if (m->len > head)
			m->len = head + rnd(m->len - head);
		break;
	case 4:
		if (attr)
			attr->nla_len = lengths[rnd(ARRAY_SIZE(lengths))];
		break;
	case 5:
		if (attr)
			attr->nla_type = chance(50) ? rnd(40) :
					 attr->nla_type ^ 0x8000U >> rnd(2);
		break;
	case 6:		/* the same once more, or what another request has */
		if (attr)
			put(m, attr->nla_type, attr + 1, attr->nla_len - sizeof(*attr));
		break;
	case 7:
		make(&copy);
		if (m->len + copy.len - head <= REQUEST) {
			memcpy(m->bytes + m->len, copy.bytes + head, copy.len - head);
			m->len += copy.len - head;
		}
		break;
	case 8:
		put_value(m, rnd(40), rnd(3), rnd(3));
		break;
	case 9:		/* flags, command, version */
		m->bytes[chance(50) ? 6 + rnd(2) : NLMSG_HDRLEN + rnd(4)] = rnd(16);
		break;
	}
}

static void next_request(struct message *m)
{
	unsigned int kept = __atomic_load_n(&shared->kept, __ATOMIC_RELAXED), i;

	if (kept > CORPUS)
		kept = CORPUS;
	if (kept && chance(60)) {
		i = rnd(kept);
		m->len = shared->corpus[i].len;
		memcpy(m->bytes, shared->corpus[i].bytes, REQUEST);
		if (m->len < NLMSG_HDRLEN + GENL_HDRLEN || m->len > REQUEST)
			make(m);	/* is just being written */
		spoil(m);
	} else {
		make(m);
	}
	while (chance(45))
		spoil(m);
}

/* Coverage */

static void open_cover(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (ioctl(fd, KCOV_INIT_TRACE, COVER))
		fail("KCOV_INIT_TRACE");
	cover = mmap(NULL, COVER * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED)
		fail("mmap of kcov");
	if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		fail("KCOV_ENABLE");
}

static void begin_cover(void)
{
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
}

/* Keeps a request that reached what none did before. */
static void end_cover(const struct message *m)
{
	unsigned long i, n, place, found = 0;

	if (!cover)
		return;
	n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	for (i = 0; i < n && i + 1 < COVER; i++) {
		place = (cover[i + 1] * 0x9e3779b97f4a7c15) >> 48;
		if (!shared->seen[place]) {
			shared->seen[place] = 1;
			found++;
		}
	}
	if (!found)
		return;
	__atomic_add_fetch(&shared->covered, found, __ATOMIC_RELAXED);
	i = __atomic_fetch_add(&shared->kept, 1, __ATOMIC_RELAXED) % CORPUS;
	memcpy(shared->corpus[i].bytes, m->bytes, m->len);
	shared->corpus[i].len = m->len;
}

/* Answers */

/* Namespaces that the module told of, so that requests mean something. */
static void learn(const struct nlmsghdr *nlh)
{
	const unsigned char *at = (const unsigned char *)nlh + NLMSG_HDRLEN + GENL_HDRLEN;
	const unsigned char *end = (const unsigned char *)nlh + nlh->nlmsg_len;
	unsigned int place = rnd(256);
	struct nlattr attr;
	bool both = false;
	uint32_t inum = 0;

	for (; at + sizeof(attr) <= end; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || at + attr.nla_len > end)
			fail("an answer is malformed");
		if (attr.nla_type == IPCNS_A_NS_INUM && attr.nla_len == 8)
			memcpy(&inum, at + sizeof(attr), sizeof(inum));
		if (attr.nla_type == IPCNS_A_NS_ID && attr.nla_len == 12 && inum) {
			memcpy(&shared->ids[place], at + sizeof(attr), sizeof(uint64_t));
			both = true;
		}
	}
	if (!both)
		return;
	shared->inums[place] = inum;
	if (shared->known < 256) {
		shared->inums[shared->known] = inum;
		shared->ids[shared->known] = shared->ids[place];
		shared->known++;
	}
}

static void look(struct socket *s, const unsigned char *data, ssize_t len, uint8_t cmd,
		 bool *answered)
{
	const struct nlmsghdr *nlh;

	for (nlh = (const void *)data; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_seq != s->seq)
			continue;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
			s->busy = false;
			*answered = true;
			shared->refused += *(const int *)NLMSG_DATA(nlh) != 0;
		} else if (nlh->nlmsg_type == family) {
			shared->rows++;
			if (cmd == IPCNS_CMD_NS_GET)
				learn(nlh);
		}
	}
}

/* Reads what comes; waits for the answer, if there must be one. */
static void receive(struct socket *s, uint8_t cmd, bool must, unsigned int most)
{
	static unsigned char data[1 << 17] __attribute__((aligned(8)));
	struct pollfd wait = { .fd = s->fd, .events = POLLIN };
	time_t begin = time(NULL);
	bool answered = false;
	ssize_t len;

	while (most) {
		len = recv(s->fd, data, sizeof(data), MSG_DONTWAIT);
		if (len >= 0) {
			shared->answers++;
			look(s, data, len, cmd, &answered);
			most--;
			if (answered && !s->listens)
				return;
			continue;
		}
		if (errno == ENOBUFS) {	/* the answer may be what was dropped */
			must = false;
			s->full = true;
		}
		if (errno == ENOBUFS || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			fail("recv");
		s->full = false;
		if (!must || answered)
			return;
		poll(&wait, 1, 1000);
		errno = ETIMEDOUT;
		if (time(NULL) - begin > PATIENCE)
			fail("no answer");
	}
	shared->cut += s->busy;
}

/* Sockets */

static void open_socket(struct socket *s, unsigned int place)
{
	static const int options[] = {
		NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK,
	};
	int fd, value = 1;
	unsigned int i;

	if (s->fd)
		close(s->fd);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || dup2(fd, FIRST_FD + place) < 0)
		fail("socket");
	if (fd != (int)(FIRST_FD + place))
		close(fd);
	*s = (struct socket){ .fd = FIRST_FD + place, .seq = rnd(0) };
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (chance(70))
			setsockopt(s->fd, SOL_NETLINK, options[i], &value, sizeof(value));
	s->silent = chance(20) && !setsockopt(s->fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &value,
					      sizeof(value));
	if (chance(40)) {
		value = 1 << (8 + rnd(10));
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
	}
	/* any request may be a subscription */
	s->listens = !geteuid();
}

static void send_one(struct socket *s)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct nlmsghdr *nlh;
	struct message m;
	uint8_t cmd;
	bool must;

	next_request(&m);
	nlh = (void *)m.bytes;
	nlh->nlmsg_len = m.len;
	nlh->nlmsg_type = family;
	nlh->nlmsg_seq = ++s->seq;
	nlh->nlmsg_pid = 0;
	cmd = m.bytes[NLMSG_HDRLEN];
	if (chance(1))		/* not what it says */
		nlh->nlmsg_len = rnd(2 * REQUEST);
	must = nlh->nlmsg_len == m.len && nlh->nlmsg_flags & NLM_F_REQUEST &&
	       (nlh->nlmsg_flags & NLM_F_ACK || (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
	begin_cover();
	if (sendto(s->fd, m.bytes, m.len, 0, (void *)&to, sizeof(to)) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			fail("sendto");
		must = false;
	}
	shared->sent++;
	shared->dumps += (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	s->busy = must;
	receive(s, cmd, must && !s->listens && !s->silent && !s->full, chance(90) ? 100000 : rnd(4));
	end_cover(&m);
}

/* Who asks: root; root in other namespaces; a user; root of a user namespace of his own. */
static void become(unsigned int worker)
{
	int ret = 0;

	switch (worker) {
	case 1:
		ret = unshare(CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID);
		break;
	case 2:
		ret = setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000);
		break;
	case 3:
		ret = setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000) ||
		      unshare(CLONE_NEWUSER | CLONE_NEWIPC);
		break;
	}
	if (ret && (worker == 1 || worker == 2))
		fail("to become another");
}

static void work(unsigned int worker, uint64_t seed)
{
	struct socket sockets[SOCKETS] = { { 0 } };
	unsigned int i, n;

	state = (seed + worker + 1) * 0x9e3779b97f4a7c15;
	open_cover();
	become(worker);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (dup(2) < FIRST_FD - 1)
		;
	for (i = 0; i < SOCKETS; i++)
		open_socket(&sockets[i], i);
	for (n = 0; n % 64 || time(NULL) < deadline; n++) {
		i = rnd(SOCKETS);
		if (chance(sockets[i].busy ? 30 : 1))
			open_socket(&sockets[i], i);
		/* A reader that reads on: the rest of a dump, events. */
		if (sockets[i].busy && chance(50))
			receive(&sockets[i], 0, false, 1 + rnd(20));
		else
			send_one(&sockets[i]);
		if (n % 256 == 0)	/* descriptors of namespaces */
			syscall(SYS_close_range, FIRST_FD + SOCKETS, ~0U, 0);
	}
	exit(0);
}

/* The number of the family, from the words of nlctrl. */
static void find_family(void)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[8];
	} ask = {
		.nlh = { .nlmsg_len = sizeof(ask), .nlmsg_type = GENL_ID_CTRL,
			 .nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = 4 + sizeof(IPCNS_FAMILY_NAME),
			  .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name = IPCNS_FAMILY_NAME,
	};
	unsigned char data[8192], *at, *end;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct nlattr attr;
	ssize_t len;

	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0)
		fail("nlctrl");
	len = recv(fd, data, sizeof(data), 0);
	close(fd);
	if (len < 0 || ((struct nlmsghdr *)data)->nlmsg_type != GENL_ID_CTRL)
		fail("there is no family ipcns");
	end = data + len;
	for (at = data + NLMSG_HDRLEN + GENL_HDRLEN; at + sizeof(attr) <= end;
	     at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&family, at + sizeof(attr), sizeof(family));
	}
	if (!family)
		fail("the family has no number");
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 0, i;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	int status, bad = 0;

	if (!seconds) {
		fprintf(stderr, "usage: netlink SECONDS [SEED]\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	shared->known = 1;
	find_family();
	deadline = time(NULL) + seconds;
	printf("seed %llu, %s\n", (unsigned long long)seed,
	       access("/sys/kernel/debug/kcov", F_OK) ?
	       "no KCOV in this kernel: requests are made blindly" : "guided by KCOV");
	fflush(stdout);
	for (i = 0; i < WORKERS; i++)
		if (!fork())
			work(i, seed);
	while (wait(&status) > 0)
		bad |= status;
	printf("sent=%lu answers=%lu rows=%lu dumps=%lu cut=%lu refused=%lu kept=%u covered=%lu\n",
	       shared->sent, shared->answers, shared->rows, shared->dumps, shared->cut,
	       shared->refused, shared->kept, shared->covered);
	return bad ? 1 : 0;
}
