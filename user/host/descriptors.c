// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open descriptors of IPC namespaces, POSIX queues and files in /proc/sysvipc, in all processes.
 *
 * The text of a link in /proc/PID/fd comes from memory and says enough about most descriptors.
 * Following a link asks its filesystem, which can hang on a server that does not answer. So only
 * links whose text can mean a queue, a file in /proc/sysvipc or shared memory are followed, without
 * a request to a server where the filesystem permits that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <linux/kcmp.h>
#include <linux/limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/descriptors.h"
#include "host/processes.h"
#include "print/text.h"
#include "util.h"

/* Entries of a folder of /proc whose names are numbers. */
struct numbers {
	int fd;
	ssize_t len;
	ssize_t at;
	char buf[32768] __attribute__((aligned(__alignof__(struct dirent64))));
};

/* A reading of all descriptors. */
struct reading {
	const struct descriptor_search *search;
	descriptor_fn found;
	void *arg;
	uint32_t nsfs_dev;
	bool partial;	/* some processes do not show their descriptors to the caller */
};

/* Threads of one process, no two of which share a table of descriptors, in the order of kcmp(2). */
struct tables {
	uint32_t *tids;
	size_t n;
	size_t allocated;
};

static bool numbers_open(struct numbers *dir, const char *path)
{
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir->len = 0;
	dir->at = 0;
	return dir->fd >= 0;
}

/* The next number as text, and its value; NULL if there are no more. */
static const char *numbers_next(struct numbers *dir, uint64_t *value)
{
	const struct dirent64 *entry;

	for (;;) {
		if (dir->at >= dir->len) {
			dir->len = getdents64(dir->fd, (void *)dir->buf, sizeof(dir->buf));
			dir->at = 0;
			if (dir->len <= 0)
				return NULL;
		}
		entry = (const void *)(dir->buf + dir->at);
		dir->at += entry->d_reclen;
		if (parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, value))
			return entry->d_name;
	}
}

/* Takes note of a process that may not be looked into; one that has ended is none. */
static void take_error(struct reading *reading)
{
	if (errno == EACCES || errno == EPERM)
		reading->partial = true;
}

/*
 * Mount points are made by users, as many and as long as they like, and are kept as hashes. These
 * are polynomials modulo a prime, in which a random number is put in: a user who does not know that
 * number cannot give another file a path that passes for a mount point, so that it is looked at.
 */
static uint64_t hash_path(const struct descriptor_search *search, const char *path, size_t len)
{
	const uint32_t prime = INT32_MAX;
	uint64_t high = 1, low = 1;
	size_t i;

	for (i = 0; i < len; i++) {
		high = (high * search->hash_keys[0] + (unsigned char)path[i]) % prime;
		low = (low * search->hash_keys[1] + (unsigned char)path[i]) % prime;
	}
	return high << 32 | low;
}

static void choose_keys(struct descriptor_search *search)
{
	if (search->hash_keys[0])
		return;
	if (getrandom(search->hash_keys, sizeof(search->hash_keys), 0) < 0)
		die(STATUS_ERROR, "no random numbers: %s", strerror(errno));
	search->hash_keys[0] |= 1;	/* not zero, which means that there is none */
}

/** descriptors_add_folder - take note of a folder of a tmpfs whose files are DESCRIPTOR_TMPFS */
void descriptors_add_folder(struct descriptor_search *search, const char *path, size_t len)
{
	choose_keys(search);
	number_set_add(&search->tmpfs, hash_path(search, path, len));
}

/**
 * descriptors_add_mount - take note of a mount that descriptors can be on
 * @search: the search
 * @mount: a mount of mounts_read()
 *
 * What was opened by a path on a mount has that path in /proc, not a name of its own.
 */
void descriptors_add_mount(struct descriptor_search *search, const struct mount *mount)
{
	uint64_t hash;

	if (mount->kind == MOUNT_TMPFS) {
		if (search->kinds & 1U << DESCRIPTOR_TMPFS)
			descriptors_add_folder(search, mount->path, mount->len);
		return;
	}
	choose_keys(search);
	hash = hash_path(search, mount->path, mount->len);
	switch (mount->kind) {
	case MOUNT_NSFS:
		number_set_add(&search->namespaces, hash);
		break;
	case MOUNT_MQUEUE:
		number_set_add(&search->queues, hash);
		break;
	case MOUNT_PROC:
		number_set_add(&search->proc_devs, mount->dev);
		break;
	case MOUNT_TMPFS:
		break;
	}
}

/** descriptors_clear - forget mounts, so that others can be added */
void descriptors_clear(struct descriptor_search *search)
{
	number_set_clear(&search->namespaces);
	number_set_clear(&search->queues);
	number_set_clear(&search->tmpfs);
	number_set_clear(&search->proc_devs);
	*search = (struct descriptor_search){ .kinds = search->kinds };
}

static bool wanted(const struct reading *reading, enum descriptor_kind kind)
{
	return reading->search->kinds & 1U << kind;
}

/* Follows the link @number in @dir, as far as the kernel knows without asking a server. */
static bool look_up_file(int dir, const char *number, struct statx *stx)
{
	if (!statx(dir, number, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		   STATX_BASIC_STATS, stx))
		return S_ISREG(stx->stx_mode);
	/* The links were read, so the process may be looked into: the file's server refuses. */
	return false;
}

static void report(struct reading *reading, struct descriptor *descriptor,
		   enum descriptor_kind kind)
{
	if (!wanted(reading, kind))
		return;
	descriptor->kind = kind;
	reading->found(descriptor, reading->arg);
}

/* What was opened by its path on a mount, or has a name of one slash. */
static void look_at_mounted(struct reading *reading, int dir, const char *number,
			    struct descriptor *descriptor)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	struct statx stx;

	if (!look_up_file(dir, number, &stx))
		return;
	descriptor->dev = mount_dev(stx.stx_dev_major, stx.stx_dev_minor);
	if (descriptor->dev == reading->nsfs_dev) {
		descriptor->inum = stx.stx_ino;
		descriptor->name = NULL;
		descriptor->len = 0;
		report(reading, descriptor, DESCRIPTOR_NSFS);
		return;
	}
	/* A queue may have a name that ends so; the kernel adds it to those that are unlinked. */
	if (!stx.stx_nlink && descriptor->len > suffix &&
	    !memcmp(descriptor->name + descriptor->len - suffix, deleted, suffix))
		descriptor->len -= suffix;
	descriptor->ino = stx.stx_ino;
	report(reading, descriptor, DESCRIPTOR_QUEUE);
	descriptor->stat = &stx;
	report(reading, descriptor, DESCRIPTOR_TMPFS);
	descriptor->stat = NULL;
}

static void look_at_sysvipc(struct reading *reading, int dir, const char *number,
			    struct descriptor *descriptor)
{
	struct statx stx;

	if (look_up_file(dir, number, &stx) &&
	    number_set_has(&reading->search->proc_devs,
		      mount_dev(stx.stx_dev_major, stx.stx_dev_minor)))
		report(reading, descriptor, DESCRIPTOR_SYSVIPC);
}

/* PATH/sysvipc/NAME, where @name is what follows the last slash */
static bool is_sysvipc(const char *text, const char *name, size_t len)
{
	static const char folder[] = "/sysvipc/";
	const size_t n = sizeof(folder) - 1;

	return len == 3 && (!memcmp(name, "shm", 3) || !memcmp(name, "sem", 3) ||
			    !memcmp(name, "msg", 3)) &&
	       (size_t)(name - text) >= n && !memcmp(name - n, folder, n);
}

/* One descriptor, by the text of its link, which has no slash in front if it is no path. */
static void look_at_descriptor(struct reading *reading, uint32_t pid, int dir, const char *number,
			       uint32_t fd, const char *text, size_t len)
{
	const struct descriptor_search *search = reading->search;
	struct descriptor descriptor = { .pid = pid, .fd = fd };
	const char *slash;

	if (len > 6 && !memcmp(text, "ipc:[", 5) && text[len - 1] == ']') {
		if (parse_uint(text + 5, len - 6, 10, UINT32_MAX, &descriptor.inum))
			report(reading, &descriptor, DESCRIPTOR_NSFS);
		return;
	}
	if (text[0] != '/')
		return;
	slash = memrchr(text, '/', len);
	descriptor.name = slash + 1;
	descriptor.len = text + len - descriptor.name;
	if (slash == text ||
	    (wanted(reading, DESCRIPTOR_QUEUE) &&
	     number_set_has(&search->queues, hash_path(search, text, slash - text))) ||
	    (wanted(reading, DESCRIPTOR_TMPFS) &&
	     number_set_has(&search->tmpfs, hash_path(search, text, slash - text))) ||
	    (wanted(reading, DESCRIPTOR_NSFS) &&
	     number_set_has(&search->namespaces, hash_path(search, text, len))))
		look_at_mounted(reading, dir, number, &descriptor);
	else if (wanted(reading, DESCRIPTOR_SYSVIPC) &&
		 is_sysvipc(text, descriptor.name, descriptor.len))
		look_at_sysvipc(reading, dir, number, &descriptor);
}

/* All descriptors in the table of one thread; @path is that of its folder fd. */
static void read_table(struct reading *reading, uint32_t pid, const char *path)
{
	static char text[PATH_MAX];
	struct numbers dir;
	const char *number;
	uint64_t fd;
	ssize_t len;

	if (!numbers_open(&dir, path)) {
		take_error(reading);
		return;
	}
	while ((number = numbers_next(&dir, &fd))) {
		len = readlinkat(dir.fd, number, text, sizeof(text));
		if (len > 0)
			look_at_descriptor(reading, pid, dir.fd, number, fd, text, len);
		else if (len < 0)
			take_error(reading);
	}
	if (dir.len < 0)
		take_error(reading);
	close(dir.fd);
}

/*
 * Adds the table of a thread; false if another thread of the process has the same. Where kcmp(2)
 * cannot say, the table counts as another: it is read twice at worst.
 */
static bool add_table(struct tables *tables, uint32_t tid)
{
	size_t low = 0, high = tables->n, middle;
	long order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = syscall(SYS_kcmp, tid, tables->tids[middle], KCMP_FILES, 0, 0);
		if (!order)
			return false;
		if (order == 2)
			low = middle + 1;
		else
			high = middle;
	}
	tables->tids = xgrow(tables->tids, tables->n, &tables->allocated, sizeof(*tables->tids));
	memmove(tables->tids + low + 1, tables->tids + low,
		(tables->n - low) * sizeof(*tables->tids));
	tables->tids[low] = tid;
	tables->n++;
	return true;
}

/* The tables of threads that do not share that of the first one. */
static void read_threads(struct reading *reading, uint32_t pid, struct tables *tables)
{
	struct numbers dir;
	char path[64];
	uint64_t tid;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	if (!numbers_open(&dir, path)) {
		take_error(reading);
		return;
	}
	tables->n = 0;
	add_table(tables, pid);
	while (numbers_next(&dir, &tid)) {
		if (tid == pid || !add_table(tables, tid))
			continue;
		snprintf(path, sizeof(path), "/proc/%u/task/%u/fd", pid, (unsigned int)tid);
		read_table(reading, pid, path);
	}
	close(dir.fd);
}

/* A process's folder of threads has one link for each, and two of its own. */
static bool has_threads(uint32_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	return !stat(path, &st) && st.st_nlink != 3;
}

static void say_partial(void)
{
	static bool said;

	if (!said && !quiet)
		error("not all descriptors were searched: that takes CAP_SYS_PTRACE, and the "
		      "/proc of the initial pid namespace");
	said = true;
}

/**
 * descriptors_read - find descriptors that have to do with IPC namespaces
 * @search: what is wanted; descriptors_add_mount() was called for all mounts
 * @found: called for each descriptor
 * @arg: for @found
 *
 * Threads are looked at where they have a table of their own. Descriptors that are opened, closed
 * or sent meanwhile may be missed, or found twice. Memory does not depend on the number of
 * processes and descriptors. If the caller may not look into some processes, or if /proc does not
 * have all, a line on stderr says so, and this returns false.
 */
bool descriptors_read(const struct descriptor_search *search, descriptor_fn found, void *arg)
{
	struct reading reading = { .search = search, .found = found, .arg = arg };
	struct tables tables = { 0 };
	struct numbers proc;
	struct stat st;
	char path[64];
	uint64_t pid;

	if (!stat("/proc/self/ns/ipc", &st))
		reading.nsfs_dev = mount_dev(major(st.st_dev), minor(st.st_dev));
	if (!numbers_open(&proc, "/proc"))
		die(STATUS_ERROR, "cannot read /proc: %s", strerror(errno));
	while (numbers_next(&proc, &pid)) {
		snprintf(path, sizeof(path), "/proc/%u/fd", (unsigned int)pid);
		read_table(&reading, pid, path);
		if (has_threads(pid))
			read_threads(&reading, pid, &tables);
	}
	close(proc.fd);
	free(tables.tids);
	if (!reading.partial && processes_complete())
		return true;
	say_partial();
	return false;
}
