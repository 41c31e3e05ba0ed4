// SPDX-License-Identifier: GPL-2.0-only
/* Names of namespaces on the command line. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "nsarg.h"
#include "text.h"

static bool parse_inode(const char *text, size_t len, struct nsarg *ns, char *why, size_t size)
{
	if (parse_uint(text, len, 10, UINT32_MAX, &ns->value) && ns->value)
		return true;
	snprintf(why, size, "an inode number of a namespace is 1 to %u", UINT32_MAX);
	return false;
}

static bool parse_id(const char *text, struct nsarg *ns, char *why, size_t size)
{
	ns->by_id = true;
	if (parse_uint(text, strlen(text), 10, UINT64_MAX, &ns->value) && ns->value)
		return true;
	snprintf(why, size, "after id= comes a positive number");
	return false;
}

/* Looks, and does not open: an open file would be a reference on the namespace. */
static bool parse_pid(const char *text, struct nsarg *ns, char *why, size_t size)
{
	struct stat st;
	char path[64];
	uint64_t pid;

	if (!parse_uint(text, strlen(text), 10, INT32_MAX, &pid) || !pid) {
		snprintf(why, size, "after pid= comes a process id");
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", (unsigned int)pid);
	if (stat(path, &st)) {
		snprintf(why, size, "%s", errno == ENOENT ? "no such process" : strerror(errno));
		return false;
	}
	ns->exists = true;
	ns->value = st.st_ino;
	return true;
}

static bool parse_path(const char *path, struct nsarg *ns, char *why, size_t size)
{
	struct stat st;
	bool ret = false;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT && !strchr(path, '/'))
			snprintf(why, size, "no inode number, ipc:[N], id=N, pid=PID or path");
		else
			snprintf(why, size, "%s", strerror(errno));
		return false;
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWIPC) {
		snprintf(why, size, "not an IPC namespace");
	} else if (fstat(fd, &st)) {
		snprintf(why, size, "%s", strerror(errno));
	} else {
		ns->exists = true;
		ns->value = st.st_ino;
		ret = true;
	}
	close(fd);
	return ret;
}

/**
 * nsarg_parse - which namespace an argument means
 * @arg: N or ipc:[N] (inode), id=N, pid=PID, or a path
 * @ns: the result
 * @why: buffer for what is wrong with @arg
 * @size: size of @why
 *
 * Returns false, with @why set, if @arg means none. The kernel has not been asked yet.
 */
bool nsarg_parse(const char *arg, struct nsarg *ns, char *why, size_t size)
{
	size_t len = strlen(arg);

	*ns = (struct nsarg){ 0 };
	if (!strncmp(arg, "id=", 3))
		return parse_id(arg + 3, ns, why, size);
	if (!strncmp(arg, "pid=", 4))
		return parse_pid(arg + 4, ns, why, size);
	if (!strncmp(arg, "ipc:[", 5)) {
		if (arg[len - 1] == ']')
			return parse_inode(arg + 5, len - 6, ns, why, size);
		snprintf(why, size, "no closing bracket");
		return false;
	}
	if (len && strspn(arg, "0123456789") == len)
		return parse_inode(arg, len, ns, why, size);
	return parse_path(arg, ns, why, size);
}
