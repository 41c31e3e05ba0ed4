// SPDX-License-Identifier: LGPL-2.1-only
/* How people name a namespace. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib.h"

/* Digits only, from end to end. */
static bool parse_number(const char *text, size_t len, uint64_t max, uint64_t *value)
{
	if (!len || strspn(text, "0123456789") < len)
		return false;
	errno = 0;
	*value = strtoull(text, NULL, 10);
	return *value && !errno && *value <= max;
}

static bool parse_inode(const char *text, size_t len, struct ipcns_name *name, char *why, size_t size)
{
	if (parse_number(text, len, UINT32_MAX, &name->value))
		return true;
	snprintf(why, size, "an inode number of a namespace is 1 to %u", UINT32_MAX);
	return false;
}

static bool parse_id(const char *text, struct ipcns_name *name, char *why, size_t size)
{
	name->by_id = true;
	if (parse_number(text, strlen(text), UINT64_MAX, &name->value))
		return true;
	snprintf(why, size, "after id= comes a positive number");
	return false;
}

/* Looks, and does not open: an open file would be a reference on the namespace. */
static bool parse_pid(const char *text, struct ipcns_name *name, char *why, size_t size)
{
	struct stat st;
	char path[64];
	uint64_t pid;

	if (!parse_number(text, strlen(text), INT32_MAX, &pid)) {
		snprintf(why, size, "after pid= comes a process id");
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", (unsigned int)pid);
	if (stat(path, &st)) {
		if (errno == ENOENT)
			snprintf(why, size, "no such process");
		else
			snprintf(why, size, "%m");
		return false;
	}
	name->exists = true;
	name->value = st.st_ino;
	return true;
}

static bool parse_path(const char *path, struct ipcns_name *name, char *why, size_t size)
{
	struct stat st;
	bool ret = false;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ENOENT && !strchr(path, '/'))
			snprintf(why, size, "no inode number, ipc:[N], id=N, pid=PID or path");
		else
			snprintf(why, size, "%m");
		return false;
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWIPC) {
		snprintf(why, size, "not an IPC namespace");
	} else if (fstat(fd, &st)) {
		snprintf(why, size, "%m");
	} else {
		name->exists = true;
		name->value = st.st_ino;
		ret = true;
	}
	close(fd);
	return ret;
}

static bool parse_name(const char *text, struct ipcns_name *name, char *why, size_t size)
{
	size_t len = strlen(text);

	if (!strncmp(text, "id=", 3))
		return parse_id(text + 3, name, why, size);
	if (!strncmp(text, "pid=", 4))
		return parse_pid(text + 4, name, why, size);
	if (!strncmp(text, "ipc:[", 5)) {
		if (text[len - 1] == ']')
			return parse_inode(text + 5, len - 6, name, why, size);
		snprintf(why, size, "no closing bracket");
		return false;
	}
	if (len && strspn(text, "0123456789") == len)
		return parse_inode(text, len, name, why, size);
	return parse_path(text, name, why, size);
}

/**
 * ipcns_name_parse_sized - which namespace a name means
 * @text: N or ipc:[N] (inode), id=N, pid=PID, or a path
 * @name: the result
 * @name_size: size of @name
 * @why: buffer for what is wrong with @text
 * @size: size of @why
 *
 * Returns false, with @why set, if @text means none. The kernel has not been asked yet.
 */
bool ipcns_name_parse_sized(const char *text, struct ipcns_name *name, size_t name_size, char *why,
			    size_t size)
{
	struct ipcns_name known = { 0 };
	bool good = parse_name(text, &known, why, size);

	struct_give(name, name_size, &known, sizeof(known));
	return good;
}
