// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: descriptors of every sort, and those that are on their way through sockets.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>

#include "world.h"

static const char *const paths[] = {
	"/proc/thread-self/ns/ipc", "/proc/self/ns/ipc", "/proc/sysvipc/shm", "/proc/sysvipc/sem",
	"/proc/sysvipc/msg", "/proc/self/maps", "/proc/self/fd", "/dev/null", HOME, "/proc/1/ns/ipc",
	"/proc/sys/kernel/shmmax", "/proc/sys/fs/mqueue/queues_max",
};

static const char *some_path(struct actor *a)
{
	return paths[rnd(a, ARRAY_SIZE(paths))];
}

static long open_some(struct actor *a)
{
	return keep_fd(a, open(some_path(a), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static long open_path(struct actor *a)
{
	char link[64];
	int fd;

	/* of a path, or of what is open already: sockets, contexts, queues */
	if (chance(a, 40))
		return keep_fd(a, open(some_path(a), O_PATH | O_CLOEXEC));
	fd = some_fd(a);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return keep_fd(a, open(link, O_PATH | O_CLOEXEC));
}

static long read_some(struct actor *a)
{
	char text[512];

	return read(some_fd(a), text, 1 + rnd(a, sizeof(text)));
}

static long duplicate(struct actor *a)
{
	return keep_fd(a, dup(some_fd(a)));
}

static long close_some(struct actor *a)
{
	return close(some_fd(a));
}

static long close_many(struct actor *a)
{
	unsigned int first = 3 + rnd(a, FDS_END - 3), last = first + rnd(a, 20);

	return syscall(SYS_close_range, first, last < FDS_END ? last : FDS_END - 1,
		       chance(a, 30) ? 2 /* CLOSE_RANGE_UNSHARE */ : 0);
}

static long pidfd(struct actor *a)
{
	return keep_fd(a, syscall(SYS_pidfd_open, chance(a, 50) ? getpid() : some_pid(a), 0));
}

static long pidfd_get(struct actor *a)
{
	int fd = syscall(SYS_pidfd_open, some_pid(a), 0);
	int got;

	if (fd < 0)
		return -1;
	got = syscall(SYS_pidfd_getfd, fd, 3 + rnd(a, 20), 0);
	close(fd);
	return keep_fd(a, got);
}

static long memfd(struct actor *a)
{
	char name[64];

	random_name(a, name, sizeof(name));
	return keep_fd(a, memfd_create(name, MFD_CLOEXEC));
}

static long event(struct actor *a)
{
	return keep_fd(a, eventfd(0, EFD_NONBLOCK));
}

static long poll_some(struct actor *a)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC);
	unsigned int i;

	if (fd < 0)
		return -1;
	for (i = 0; i < 4; i++)
		epoll_ctl(fd, EPOLL_CTL_ADD, some_fd(a), &event);
	return keep_fd(a, fd);
}

static long watch(struct actor *a)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -1;
	if (inotify_add_watch(fd, some_path(a), IN_OPEN | IN_DELETE_SELF) < 0) {
		close(fd);
		return -1;
	}
	return keep_fd(a, fd);
}

static long fault(struct actor *a)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);

	if (fd < 0)
		return -1;
	ioctl(fd, UFFDIO_API, &api);
	return keep_fd(a, fd);
}

static long ring(struct actor *a)
{
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, 2, &params), fixed[3];
	unsigned int i;
	long result;

	if (fd < 0)
		return -1;
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		fixed[i] = some_fd(a);
	result = syscall(SYS_io_uring_register, fd, IORING_REGISTER_FILES, fixed, ARRAY_SIZE(fixed));
	/* what it holds stays when the descriptors are closed */
	keep_fd(a, fd);
	return result;
}

static long by_handle(struct actor *a)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u;
	int id, from = some_fd(a);

	u.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(from, "", &u.handle, &id, AT_EMPTY_PATH))
		return -1;
	return keep_fd(a, open_by_handle_at(from, &u.handle, O_RDONLY | O_CLOEXEC));
}

const struct action descriptor_actions[] = {
	{ "open", open_some, 5 },
	{ "open O_PATH", open_path, 4 },
	{ "read", read_some, 1 },
	{ "dup", duplicate, 2 },
	{ "close", close_some, 4 },
	{ "close_range", close_many, 1 },
	{ "pidfd", pidfd, 2 },
	{ "pidfd_getfd", pidfd_get, 1 },
	{ "memfd", memfd, 1 },
	{ "eventfd", event, 1 },
	{ "epoll", poll_some, 1 },
	{ "inotify", watch, 2 },
	{ "userfaultfd", fault, 1 },
	{ "io_uring with files", ring, 2 },
	{ "file handle", by_handle, 1 },
	{ 0 }
};

/* A pair that all threads of the process share; parts of messages stay in it. */
static int pair[2] = { -1, -1 };

static long socket_pair(struct actor *a)
{
	int fds[2];

	if (socketpair(AF_UNIX, (chance(a, 50) ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_NONBLOCK |
		       SOCK_CLOEXEC, 0, fds))
		return -1;
	pair[0] = keep_fd(a, fds[0]);
	pair[1] = keep_fd(a, fds[1]);
	return 0;
}

#define PASSED 4

static long send_fds(struct actor *a)
{
	char text[32] = { 0 }, control[CMSG_SPACE(sizeof(int) * PASSED)] = { 0 };
	struct iovec part = { .iov_base = text, .iov_len = 1 + rnd(a, sizeof(text)) };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * PASSED),
	};
	struct cmsghdr *message = CMSG_FIRSTHDR(&header);
	int fds[PASSED];
	unsigned int i;

	message->cmsg_level = SOL_SOCKET;
	message->cmsg_type = SCM_RIGHTS;
	message->cmsg_len = CMSG_LEN(sizeof(fds));
	for (i = 0; i < PASSED; i++)
		fds[i] = chance(a, 10) ? pair[1] : some_fd(a);	/* a socket through itself, too */
	memcpy(CMSG_DATA(message), fds, sizeof(fds));
	return sendmsg(pair[0], &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long receive_part(struct actor *a)
{
	char text[4], control[CMSG_SPACE(sizeof(int) * PASSED)];
	struct iovec part = { .iov_base = text, .iov_len = 1 + rnd(a, sizeof(text)) };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		/* with too little room for all, what does not fit is closed */
		.msg_controllen = chance(a, 70) ? sizeof(control) : CMSG_SPACE(sizeof(int)),
	};
	struct cmsghdr *message;
	long result = recvmsg(pair[1], &header, MSG_DONTWAIT | (chance(a, 20) ? MSG_PEEK : 0));
	int fd;

	if (result < 0)
		return -1;
	for (message = CMSG_FIRSTHDR(&header); message; message = CMSG_NXTHDR(&header, message)) {
		size_t i, n = (message->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (i = 0; message->cmsg_type == SCM_RIGHTS && i < n; i++) {
			memcpy(&fd, CMSG_DATA(message) + i * sizeof(int), sizeof(fd));
			keep_fd(a, fd);
		}
	}
	return result;
}

/* Sockets that nobody holds but a message in themselves: for the collector of garbage. */
static long in_flight_only(struct actor *a)
{
	long result = socket_pair(a) ?: send_fds(a);

	close(pair[0]);
	if (chance(a, 50))
		close(pair[1]);
	return result;
}

static long bound_socket(struct actor *a)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), HOME "/w%u/s%u", a->worker, rnd(a, 4));
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		keep_fd(a, open(address.sun_path, O_PATH | O_CLOEXEC));
	return keep_fd(a, fd);
}

const struct action socket_actions[] = {
	{ "socketpair", socket_pair, 2 },
	{ "send descriptors", send_fds, 4 },
	{ "receive in parts", receive_part, 3 },
	{ "descriptors in flight only", in_flight_only, 1 },
	{ "socket with a path", bound_socket, 1 },
	{ 0 }
};
