// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of an mqueue filesystem that is mounted somewhere, as the filesystem itself shows them.
 *
 * The way to it leads through whatever the owner of that mount namespace has put there, a server
 * that does not answer, say. So a child goes, and is not waited for longer than a moment.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/openat2.h>

#include "host/mounts.h"
#include "host/mqueue_contents.h"
#include "print/text.h"
#include "util.h"

/* From ipc/mqueue.c of the kernel. */
#define MQUEUE_MAGIC 0x19800202

/* For one child, and for all: users make such filesystems, as many as they may have namespaces. */
#define PATIENCE_MS 1000
#define ALL_NS 3000000000LL

/* Opens the root of the filesystem; -1 if another one is there now, or a link is on the way. */
static int open_root(uint32_t pid, const char *path, uint32_t dev)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	struct statfs fs;
	struct stat st;
	char text[64];
	int root, fd;

	snprintf(text, sizeof(text), "/proc/%u/root", pid);
	root = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	if (fd < 0 || fstatfs(fd, &fs) || fs.f_type != MQUEUE_MAGIC || fstat(fd, &st) ||
	    mount_dev(major(st.st_dev), minor(st.st_dev)) != dev)
		return -1;
	return fd;
}

/* See mq_overview(7). */
static bool read_queue(int dir, const char *name, uint64_t *bytes)
{
	static const char key[] = "QSIZE:";
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *number;
	char text[128];
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	if (strncmp(text, key, strlen(key)))
		return false;
	number = text + strlen(key);
	return parse_uint(number, strcspn(number, " \n"), 10, UINT64_MAX, bytes);
}

static bool read_all(int fd, struct mqueue_contents *contents)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	uint64_t bytes;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && entry->d_type == DT_DIR)
			continue;
		if (!read_queue(fd, entry->d_name, &bytes))
			continue;	/* it is gone by now */
		contents->queues++;
		contents->bytes += bytes;
	}
	return true;
}

static _Noreturn void answer(uint32_t pid, const char *path, uint32_t dev, int to)
{
	struct mqueue_contents contents = { 0 };
	int fd = open_root(pid, path, dev);

	if (fd >= 0 && read_all(fd, &contents) &&
	    write(to, &contents, sizeof(contents)) != sizeof(contents))
		_exit(1);
	_exit(0);
}

/* Whether the time for all children is not over, which starts with the first of them. */
static bool is_in_time(void)
{
	const int64_t now = monotonic_ns();
	static int64_t end;

	end = end ?: now + ALL_NS;
	return now < end;
}

/**
 * mqueue_contents_read - count the queues of an mqueue filesystem, and the bytes in them
 * @pid: a process that sees the mount
 * @path: where it is mounted, below the root directory of the process
 * @dev: its device number, by mount_dev()
 * @contents: the result
 *
 * Returns false if it cannot be read.
 */
bool mqueue_contents_read(uint32_t pid, const char *path, uint32_t dev,
			  struct mqueue_contents *contents)
{
	struct pollfd reply = { .events = POLLIN };
	ssize_t len = -1;
	pid_t child;
	int ends[2];

	if (!is_in_time() || pipe2(ends, O_CLOEXEC))
		return false;
	child = fork();
	if (!child)
		answer(pid, path, dev, ends[1]);
	close(ends[1]);
	if (child > 0) {
		reply.fd = ends[0];
		if (poll(&reply, 1, PATIENCE_MS) == 1)
			len = read(ends[0], contents, sizeof(*contents));
		kill(child, SIGKILL);
		/* one that waits for a disk for ever is left behind */
		waitpid(child, NULL, len < 0 ? WNOHANG : 0);
	}
	close(ends[0]);
	return len == sizeof(*contents);
}
