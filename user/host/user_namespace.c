// SPDX-License-Identifier: GPL-2.0-only
/* User namespaces: which owns what, their owners, and how many IPC namespaces they may have. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "host/user_namespace.h"
#include "host/visitor.h"
#include "print/text.h"
#include "util.h"

#define PATIENCE_MS 1000
#define MAX_SILENT 3	/* children that did not answer, until no more are asked */

#define MAX_IPC_NAMESPACES "/proc/sys/user/max_ipc_namespaces"

/**
 * process_namespace_open - open the IPC namespace of a process
 * @pid: a process
 * @ipc_inum: inode number of the namespace that it should be in
 *
 * Returns a descriptor, or -1 if the process is not in that namespace, or may not be looked into.
 */
int process_namespace_open(uint32_t pid, uint64_t ipc_inum)
{
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && st.st_ino == ipc_inum)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/** user_namespace_of - open the user namespace that owns the namespace @ns; -1 if not permitted */
int user_namespace_of(int ns)
{
	return ioctl(ns, NS_GET_USERNS);
}

/** user_namespace_parent - open the parent; -1 for the initial one, and if not permitted */
int user_namespace_parent(int userns)
{
	return ioctl(userns, NS_GET_PARENT);
}

/** user_namespace_identify - inode number of a user namespace, and the user who created it */
bool user_namespace_identify(int userns, uint64_t *inum, uint32_t *owner)
{
	struct stat st;
	uid_t uid;

	if (fstat(userns, &st) || ioctl(userns, NS_GET_OWNER_UID, &uid))
		return false;
	*inum = st.st_ino;
	*owner = uid;
	return true;
}

/** user_namespace_is_own - whether a user namespace is the caller's */
bool user_namespace_is_own(int userns)
{
	struct stat st, own;

	return !fstat(userns, &st) && !stat("/proc/self/ns/user", &own) &&
	       st.st_ino == own.st_ino;
}

/* Reads the sysctl as a process of the caller's user namespace sees it; the length of its text. */
static ssize_t read_sysctl(char *text, size_t size)
{
	int fd = open(MAX_IPC_NAMESPACES, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, size);
	close(fd);
	return len;
}

/* In the child: reads one file of the caller's /proc. */
static void read_inside(int end, void *arg)
{
	char text[32];
	ssize_t len;

	if (!visitor_enter_user(*(const int *)arg))
		return;
	len = read_sysctl(text, sizeof(text));
	if (len > 0 && write(end, text, len) != len)
		_exit(1);
}

/*
 * It takes no time by itself, so a child that is not done soon is not waited for, and after some of
 * these no more limits are read in this way.
 */
static ssize_t read_in_child(int userns, char *text, size_t size)
{
	static unsigned int silent;
	struct visitor visitor;
	ssize_t len = -1;

	if (silent == MAX_SILENT || !visitor_start(&visitor, &userns, 1, read_inside, &userns))
		return -1;
	switch (visitor_read(&visitor, text, size, &len, PATIENCE_MS)) {
	case VISITOR_STOPPED:
	case VISITOR_SILENT:
		silent++;
		break;
	default:
		break;
	}
	visitor_end(&visitor);
	return len;
}

/**
 * user_namespace_limit - read the limit user.max_ipc_namespaces of a user namespace
 * @userns: the namespace
 * @limit: set to it
 *
 * The kernel shows a process the limit of its own user namespace, so for others a child enters
 * them. Returns false if it cannot be read.
 */
bool user_namespace_limit(int userns, uint64_t *limit)
{
	char text[32];
	ssize_t len;

	if (user_namespace_is_own(userns))
		len = read_sysctl(text, sizeof(text));
	else
		len = read_in_child(userns, text, sizeof(text));
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return len > 0 && parse_uint(text, len, 10, UINT64_MAX, limit);
}
