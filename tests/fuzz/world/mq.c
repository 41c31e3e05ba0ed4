// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: POSIX message queues, and the mqueue filesystem.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "world.h"

#define LONGEST 64
#define COOKIE 32	/* NOTIFY_COOKIE_LEN of the kernel */

/* System calls, which take names without the slash that mq_open(3) wants. */

static void queue_name(struct actor *a, char *name, size_t size)
{
	if (chance(a, 80))
		snprintf(name, size, "q%u", rnd(a, 8));
	else
		random_name(a, name, size);
}

static long create(struct actor *a)
{
	struct mq_attr attr = { .mq_maxmsg = 1 + rnd(a, 8), .mq_msgsize = 1 + rnd(a, LONGEST) };
	char name[256];

	queue_name(a, name, sizeof(name));
	return keep_fd(a, syscall(SYS_mq_open, name, O_CREAT | O_NONBLOCK | O_RDWR |
				  (chance(a, 10) ? O_EXCL : 0), 0600 | rnd(a, 0100),
				  chance(a, 80) ? &attr : NULL));
}

static int open_one(struct actor *a, int flags)
{
	char name[256];

	queue_name(a, name, sizeof(name));
	return syscall(SYS_mq_open, name, flags, 0, NULL);
}

static long unlink_one(struct actor *a)
{
	char name[256];

	queue_name(a, name, sizeof(name));
	return syscall(SYS_mq_unlink, name);
}

static long send_one(struct actor *a)
{
	char text[LONGEST] = { 0 };
	int fd = open_one(a, O_WRONLY | O_NONBLOCK);
	long result;

	if (fd < 0)
		return -1;
	result = syscall(SYS_mq_timedsend, fd, text, rnd(a, LONGEST), rnd(a, 9), NULL);
	close(fd);
	return result;
}

static long receive_one(struct actor *a)
{
	char text[8192];
	unsigned int priority;
	int fd = open_one(a, O_RDONLY | O_NONBLOCK);
	long result;

	if (fd < 0)
		return -1;
	result = syscall(SYS_mq_timedreceive, fd, text, sizeof(text), &priority, NULL);
	close(fd);
	return result;
}

static void wait_for_message(struct actor *a)
{
	char text[8192] = { 0 };
	int fd = open_one(a, O_RDWR), i;

	if (chance(a, 50)) {
		syscall(SYS_mq_timedreceive, fd, text, sizeof(text), NULL, NULL);
		return;
	}
	for (i = 0; i < 32; i++)
		syscall(SYS_mq_timedsend, fd, text, 1, 0, NULL);
}

static long killed_waiter(struct actor *a)
{
	return with_child(a, 0, wait_for_message, rnd(a, 20));
}

static void wait_notified(struct actor *a)
{
	static const char cookie[COOKIE];
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG };
	int fd = open_one(a, O_RDONLY);

	switch (rnd(a, 4)) {
	case 0:
		event.sigev_notify = SIGEV_NONE;
		break;
	case 1:		/* as mq_notify(3) does for a thread: a netlink socket and a cookie */
		event.sigev_notify = SIGEV_THREAD;
		event.sigev_signo = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		event.sigev_value.sival_ptr = (void *)cookie;
		break;
	default:
		break;
	}
	syscall(SYS_mq_notify, fd, &event);
	if (chance(a, 50))
		close(fd);
	sleep_ms(rnd(a, 20));
}

static long notify(struct actor *a)
{
	return with_child(a, 0, wait_notified, rnd(a, 30));
}

static long attributes(struct actor *a)
{
	struct mq_attr attr = { .mq_flags = chance(a, 50) ? O_NONBLOCK : 0 };
	int fd = open_one(a, O_RDONLY);
	long result;

	if (fd < 0)
		return -1;
	result = syscall(SYS_mq_getsetattr, fd, &attr, &attr);
	close(fd);
	return result;
}

/* Open, and without a name. */
static long unlinked(struct actor *a)
{
	int fd = syscall(SYS_mq_open, "short-lived", O_CREAT | O_RDWR | O_NONBLOCK, 0600, NULL);

	syscall(SYS_mq_unlink, "short-lived");
	return keep_fd(a, fd);
}

const struct action mq_actions[] = {
	{ "mq create", create, 8 },
	{ "mq unlink", unlink_one, 5 },
	{ "mq send", send_one, 5 },
	{ "mq receive", receive_one, 4 },
	{ "mq killed while waiting", killed_waiter, 3 },
	{ "mq notify", notify, 4 },
	{ "mq attributes", attributes, 1 },
	{ "mq unlinked and open", unlinked, 2 },
	{ 0 }
};

/* The filesystem. */

static void mount_point(const struct actor *a, char *path, size_t size)
{
	snprintf(path, size, HOME "/w%u/mq%u", a->worker, (unsigned int)(a->random & 3));
	mkdir(path, 0777);
}

/* Calls that need a mount namespace of the caller's own; it may have one, or gets one here. */
static long mount_mqueue(struct actor *a)
{
	char path[64];

	unshare(CLONE_NEWNS);
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount_point(a, path, sizeof(path));
	return mount("mqueue", path, "mqueue", 0, NULL);
}

static void use_mount(struct actor *a)
{
	char path[64], file[128], text[256];
	int fd;

	if (mount_mqueue(a))
		return;
	mount_point(a, path, sizeof(path));
	snprintf(file, sizeof(file), "%s/made%u", path, rnd(a, 4));
	fd = open(file, O_CREAT | O_RDWR, 0600);
	if (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		keep_fd(a, fd);
	snprintf(text, sizeof(text), "%s/renamed", path);
	rename(file, text);
	link(file, text);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (syscall(SYS_getdents64, fd, text, sizeof(text)) > 0)
		;
	close(fd);
	snprintf(text, sizeof(text), HOME "/w%u/bound", a->worker);
	close(open(text, O_CREAT | O_WRONLY, 0666));
	mount(file, text, NULL, MS_BIND, NULL);
	if (chance(a, 50))
		unlink(file);
	/* the mount outlives the namespace that it shows */
	if (chance(a, 50))
		unshare(CLONE_NEWIPC);
	if (chance(a, 50))
		umount2(path, MNT_DETACH);
	some_actions(a, 3);
}

static long use_mqueue(struct actor *a)
{
	return with_child(a, 0, use_mount, 80);
}

static long context(struct actor *a)
{
	return keep_fd(a, syscall(SYS_fsopen, chance(a, 80) ? "mqueue" : "tmpfs", 1));
}

static long context_mount(struct actor *a)
{
	int fd = syscall(SYS_fsopen, "mqueue", 1);
	int mounted;

	if (fd < 0)
		return -1;
	if (chance(a, 30))
		unshare(CLONE_NEWIPC);
	syscall(SYS_fsconfig, fd, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
	mounted = syscall(SYS_fsmount, fd, 1, 0);
	if (chance(a, 50))
		keep_fd(a, fd);
	else
		close(fd);
	return keep_fd(a, mounted);
}

static long pick_context(struct actor *a)
{
	char path[64];

	mount_point(a, path, sizeof(path));
	return keep_fd(a, syscall(SYS_fspick, AT_FDCWD, path, 1));
}

static long open_tree_fd(struct actor *a)
{
	char path[64];

	mount_point(a, path, sizeof(path));
	return keep_fd(a, syscall(SYS_open_tree, AT_FDCWD, path,
				  O_CLOEXEC | (chance(a, 50) ? 1 /* OPEN_TREE_CLONE */ : 0)));
}

/* A namespace kept by nothing but a bind mount. */
static void bind_and_wait(struct actor *a)
{
	char path[64];

	unshare(CLONE_NEWNS);
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(path, sizeof(path), HOME "/w%u/ns", a->worker);
	close(open(path, O_CREAT | O_WRONLY, 0666));
	unshare(CLONE_NEWIPC);
	if (mount("/proc/self/ns/ipc", path, NULL, MS_BIND, NULL) == 0)
		unshare(CLONE_NEWIPC);
	some_actions(a, 4);
	sleep_ms(rnd(a, 30));
}

static long bind_namespace(struct actor *a)
{
	return with_child(a, 0, bind_and_wait, 80);
}

const struct action mqueue_fs_actions[] = {
	{ "mqueue mount", mount_mqueue, 1 },
	{ "mqueue use a mount", use_mqueue, 2 },
	{ "mqueue context", context, 2 },
	{ "mqueue mount of a context", context_mount, 2 },
	{ "mqueue fspick", pick_context, 1 },
	{ "mqueue open_tree", open_tree_fd, 1 },
	{ "bind mount of a namespace", bind_namespace, 2 },
	{ 0 }
};
