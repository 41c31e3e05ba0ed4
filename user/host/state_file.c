// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files in which services of the system keep their state. They are read only where nobody but root
 * can have written them, and where reading cannot wait for somebody: no links are followed, and no
 * filesystem is touched that a process or another machine serves.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include "host/state_file.h"
#include "util.h"

/* Filesystems of disks and memory. */
static const char *const local[] = {
	"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "reiserfs",
	"rootfs", "tmpfs", "xfs", "zfs",
};

static bool is_local(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(local); i++)
		if (!strcmp(type, local[i]))
			return true;
	return false;
}

/* Whether @path, which has no blanks, lies at or below @dir. */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strcmp(dir, "/") ||
	       (!strncmp(path, dir, len) && (path[len] == '/' || !path[len]));
}

/* Places where other filesystems are mounted, read once. */
static struct {
	bool read, failed;
	char **dirs;
	size_t n, allocated;
} foreign;

/* See proc_pid_mountinfo(5). */
static void read_mounts(void)
{
	char *line = NULL, *dir, *type, *rest;
	size_t size = 0;
	FILE *in;
	int i;

	foreign.read = true;
	in = fopen("/proc/self/mountinfo", "re");
	foreign.failed = !in;
	if (!in)
		return;
	while (getline(&line, &size, in) > 0) {
		rest = line;
		for (i = 0, dir = NULL; i < 5; i++)
			dir = strsep(&rest, " ");
		type = rest ? strstr(rest, " - ") : NULL;
		if (!dir || !type)
			continue;
		type += strlen(" - ");
		type[strcspn(type, " ")] = '\0';
		if (is_local(type))
			continue;
		foreign.dirs = xgrow(foreign.dirs, foreign.n, &foreign.allocated,
				     sizeof(*foreign.dirs));
		foreign.dirs[foreign.n++] = xmemdup(dir, strlen(dir) + 1);
	}
	free(line);
	fclose(in);
}

/*
 * Whether all filesystems on the way to a file are local ones. Mounts whose place has blanks, which
 * come escaped, are on the way to none of the files that are looked for.
 */
static bool way_is_local(const char *path)
{
	size_t i;

	if (!foreign.read)
		read_mounts();
	for (i = 0; i < foreign.n; i++)
		if (is_below(path, foreign.dirs[i]))
			return false;
	return !foreign.failed;
}

/* Opens a regular file that only root can have written; -1 if it is none. */
static int open_file(const char *path, size_t max, size_t *size)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	int fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_uid && !(st.st_mode & 022) &&
	    st.st_size > 0 && (size_t)st.st_size <= max) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

/**
 * state_file_read - read a file of a service of the system
 * @path: the file, absolute
 * @max: the longest that it may be
 * @len: set to its length
 *
 * Returns its text, which the caller frees; or NULL if it is not there, is too long, is not root's
 * alone, or lies where it is not looked for.
 */
char *state_file_read(const char *path, size_t max, size_t *len)
{
	size_t size = 0, n = 0;
	ssize_t part = 1;
	char *text;
	int fd;

	if (!way_is_local(path))
		return NULL;
	fd = open_file(path, max, &size);
	if (fd < 0)
		return NULL;
	text = xrealloc(NULL, size, 1);
	while (n < size && part > 0) {
		part = read(fd, text + n, size - n);
		n += part > 0 ? part : 0;
	}
	close(fd);
	*len = n;
	return text;
}
