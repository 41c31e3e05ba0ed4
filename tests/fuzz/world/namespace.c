// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: namespaces of every kind, made, entered and left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/nsfs.h>

#include "world.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const unsigned long mixed[] = {
	CLONE_NEWIPC, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID,
	CLONE_NEWCGROUP, CLONE_NEWTIME,
};

static const char *const names[] = { "ipc", "ipc", "mnt", "user", "pid", "uts", "cgroup" };

/* A mix of namespaces. Those of networks take long to end, so they are rare. */
static unsigned long random_flags(struct actor *a)
{
	unsigned long flags = 0;
	unsigned int i;

	for (i = rnd(a, 4); i; i--)
		flags |= mixed[rnd(a, ARRAY_SIZE(mixed))];
	if (chance(a, 2))
		flags |= CLONE_NEWNET;
	return flags ?: CLONE_NEWIPC;
}

static long unshare_ipc(struct actor *a)
{
	(void)a;
	return unshare(CLONE_NEWIPC);
}

static long unshare_mixed(struct actor *a)
{
	return unshare(random_flags(a) & ~CLONE_NEWUSER);
}

static long unshare_undo(struct actor *a)
{
	(void)a;
	return unshare(CLONE_SYSVSEM);
}

static long unshare_files(struct actor *a)
{
	return unshare(chance(a, 50) ? CLONE_FILES : CLONE_FILES | CLONE_NEWIPC);
}

/* In a child: a process with threads cannot have a new user namespace. */
static void in_user_namespace(struct actor *a)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | (chance(a, 50) ? CLONE_NEWIPC : 0)) == 0) {
		map_self(uid, gid);
		some_actions(a, 12);
	}
}

static long user_namespace(struct actor *a)
{
	return with_child(a, 0, in_user_namespace, 40);
}

static void live_a_little(struct actor *a)
{
	some_actions(a, 1 + rnd(a, 12));
}

static long clone_mixed(struct actor *a)
{
	return with_child(a, random_flags(a), live_a_little, rnd(a, 50));
}

/* Many that end at the same moment. */
static void several_namespaces(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (unshare(CLONE_NEWIPC) == 0)
			some_actions(a, 2);
}

static long namespaces_in_row(struct actor *a)
{
	return with_child(a, 0, several_namespaces, 80);
}

static int open_namespace(struct actor *a, const char *name)
{
	char path[64];

	if (chance(a, 50))
		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", name);
	else
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", some_pid(a), name);
	return open(path, O_RDONLY | (chance(a, 80) ? O_CLOEXEC : 0));
}

static long keep_namespace(struct actor *a)
{
	return keep_fd(a, open_namespace(a, names[rnd(a, ARRAY_SIZE(names))]));
}

static long enter_kept(struct actor *a)
{
	return setns(some_fd(a), chance(a, 50) ? CLONE_NEWIPC : 0);
}

static long enter_process(struct actor *a)
{
	int fd = syscall(SYS_pidfd_open, some_pid(a), 0);
	long result;

	if (fd < 0)
		return -1;
	result = setns(fd, CLONE_NEWIPC | (chance(a, 30) ? CLONE_NEWUTS : 0));
	close(fd);
	return result;
}

/* There and back again, as nsenter does in between. */
static void leave_and_return(struct actor *a)
{
	int here = open_namespace(a, "ipc"), i;

	for (i = 0; i < 4 && here >= 0; i++) {
		unshare(CLONE_NEWIPC);
		some_actions(a, 2);
		setns(here, CLONE_NEWIPC);
	}
}

static long back_and_forth(struct actor *a)
{
	return with_child(a, 0, leave_and_return, 60);
}

static void *apart(void *arg)
{
	struct actor *up = arg, a = { .random = (uint64_t)(uintptr_t)&a ^ now_ms(), .depth = 2 };

	a.worker = up->worker;
	a.role = up->role;
	if (unshare(CLONE_NEWIPC) == 0)
		some_actions(&a, 4);
	return NULL;
}

/* A thread in another namespace than the rest of its process. */
static long thread_apart(struct actor *a)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	if (a->depth) {		/* a child of a process with threads makes none */
		errno = EAGAIN;
		return -1;
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	err = pthread_create(&thread, &attr, apart, a);
	pthread_attr_destroy(&attr);
	if (err) {
		errno = err;
		return -1;
	}
	pthread_join(thread, NULL);
	return 0;
}

static long relatives(struct actor *a)
{
	static const unsigned long requests[] = { NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE };
	int fd = open_namespace(a, "ipc"), found;
	unsigned long request = requests[rnd(a, ARRAY_SIZE(requests))];

	if (fd < 0)
		return -1;
	found = ioctl(fd, request);
	close(fd);
	return request == NS_GET_NSTYPE ? found : keep_fd(a, found);
}

const struct action namespace_actions[] = {
	{ "unshare ipc", unshare_ipc, 6 },
	{ "unshare a mix", unshare_mixed, 3 },
	{ "unshare undo lists", unshare_undo, 2 },
	{ "unshare descriptors", unshare_files, 1 },
	{ "user namespace", user_namespace, 3 },
	{ "clone a mix", clone_mixed, 5 },
	{ "namespaces in a row", namespaces_in_row, 2 },
	{ "keep a namespace open", keep_namespace, 4 },
	{ "enter a kept namespace", enter_kept, 3 },
	{ "enter a process's namespace", enter_process, 3 },
	{ "leave and return", back_and_forth, 2 },
	{ "thread apart", thread_apart, 3 },
	{ "relatives of a namespace", relatives, 1 },
	{ 0 }
};
