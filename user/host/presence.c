// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which users have tasks in which IPC and mount namespaces. Each thread has namespaces and
 * credentials of its own. What cannot be read of one that exists leaves the answer incomplete.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/mounts.h"
#include "host/posix_shm.h"
#include "host/presence.h"
#include "host/processes.h"
#include "print/text.h"
#include "util.h"

/* Real, effective, saved and filesystem user of a task. */
#define UIDS 4

static int compare_presences(const void *p, const void *q)
{
	const struct presence *a = p, *b = q;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	return (a->uid > b->uid) - (a->uid < b->uid);
}

static int compare_views(const void *p, const void *q)
{
	const struct tmpfs_view *a = p, *b = q;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->mntns > b->mntns) - (a->mntns < b->mntns);
}

static void add(struct presences *all, uint64_t inum, uint32_t uid)
{
	const struct presence row = { .inum = inum, .uid = uid };

	all->rows = xgrow(all->rows, all->n, &all->allocated, sizeof(*all->rows));
	all->rows[all->n++] = row;
}

/* Takes note that a task could not be looked at, unless it has ended or is about to. */
static void take_error(struct presences *all)
{
	if (errno != ENOENT && errno != ESRCH)
		all->complete = false;
}

/* Inode number of a namespace of a task; 0 if it has ended, or cannot be looked at. */
static uint64_t read_namespace(struct presences *all, const char *task, const char *kind)
{
	char path[96], text[64];
	uint64_t inum = 0;
	const char *at;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/ns/%s", task, kind);
	len = readlink(path, text, sizeof(text) - 1);
	if (len < 0) {
		take_error(all);
		return 0;
	}
	text[len] = '\0';
	at = strchr(text, '[');
	if (!at || !parse_uint(at + 1, strcspn(at + 1, "]"), 10, UINT32_MAX, &inum))
		all->complete = false;
	return inum;
}

/* The numbers of a line of /proc/PID/status, after its name. */
static bool parse_uids(const char *text, uint32_t uids[UIDS])
{
	uint64_t value;
	unsigned int i;
	size_t len;

	for (i = 0; i < UIDS; i++, text += len) {
		text += strspn(text, " \t");
		len = strcspn(text, " \t\n");
		if (!parse_uint(text, len, 10, UINT32_MAX, &value))
			return false;
		uids[i] = value;
	}
	return true;
}

static bool read_uids(struct presences *all, const char *task, uint32_t uids[UIDS])
{
	bool found = false;
	char path[96], line[256];
	FILE *in;

	snprintf(path, sizeof(path), "%s/status", task);
	in = fopen(path, "re");
	if (!in) {
		take_error(all);
		return false;
	}
	while (!found && fgets(line, sizeof(line), in))
		found = !strncmp(line, "Uid:", 4) && parse_uids(line + 4, uids);
	fclose(in);
	return found;	/* what has ended while it was read has no such line */
}

static void read_task(struct presences *all, const char *task)
{
	uint64_t ipc = read_namespace(all, task, "ipc"), mnt = read_namespace(all, task, "mnt");
	uint32_t uids[UIDS];
	unsigned int i;

	if ((!ipc && !mnt) || !read_uids(all, task, uids))
		return;
	for (i = 0; i < UIDS; i++) {
		if (i && uids[i] == uids[i - 1])
			continue;
		if (ipc)
			add(all, ipc, uids[i]);
		if (mnt)
			add(all, mnt, uids[i]);
	}
	all->views_complete &= !mnt || number_set_has(&all->mntns, mnt);
}

static void read_process(uint32_t pid, void *arg)
{
	struct presences *all = arg;
	const struct dirent *entry;
	char path[64], task[64];
	uint64_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir) {
		take_error(all);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, &tid))
			continue;
		snprintf(task, sizeof(task), "/proc/%u/task/%u", pid, (uint32_t)tid);
		read_task(all, task);
	}
	closedir(dir);
}

static void take_mount(const struct mount *mount, void *arg)
{
	struct presences *all = arg;

	number_set_add(&all->mntns, mount->mntns);
	if (mount->kind != MOUNT_TMPFS)
		return;
	all->views = xgrow(all->views, all->n_views, &all->allocated_views, sizeof(*all->views));
	all->views[all->n_views++] = (struct tmpfs_view){ mount->dev, mount->mntns };
}

/* Sorts, and drops what is there before; returns how many are left. */
static size_t sort_once(void *rows, size_t n, size_t size,
			int (*compare)(const void *, const void *))
{
	char *row = rows;
	size_t i, kept = n ? 1 : 0;

	if (n)
		qsort(rows, n, size, compare);
	for (i = 1; i < n; i++)
		if (compare(row + (kept - 1) * size, row + i * size))
			memmove(row + kept++ * size, row + i * size, size);
	return kept;
}

/**
 * presences_read - find out which users have tasks in which namespaces
 * @all: the result, all zero at first; for presences_free()
 *
 * A task that begins meanwhile may be missed.
 */
void presences_read(struct presences *all)
{
	all->complete = posix_shm_permitted();
	all->views_complete = true;
	mounts_read(take_mount, all);
	processes_read(read_process, all);
	all->n = sort_once(all->rows, all->n, sizeof(*all->rows), compare_presences);
	all->n_views = sort_once(all->views, all->n_views, sizeof(*all->views), compare_views);
}

/** presences_have - whether a user has a task in an IPC or mount namespace */
bool presences_have(const struct presences *all, uint64_t inum, uint32_t uid)
{
	const struct presence wanted = { .inum = inum, .uid = uid };

	return all->n && bsearch(&wanted, all->rows, all->n, sizeof(wanted), compare_presences);
}

/** presences_see - whether a user has a task in a mount namespace that has a tmpfs, by its device */
bool presences_see(const struct presences *all, uint32_t dev, uint32_t uid)
{
	size_t low = 0, high = all->n_views, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (all->views[middle].dev < dev)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < all->n_views && all->views[low].dev == dev; low++)
		if (presences_have(all, all->views[low].mntns, uid))
			return true;
	return false;
}

/** presences_free - free what presences_read() found */
void presences_free(struct presences *all)
{
	free(all->rows);
	free(all->views);
	number_set_clear(&all->mntns);
	*all = (struct presences){ 0 };
}
