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

#include "host/mounts.h"
#include "host/posix_shm.h"
#include "host/presence.h"
#include "host/processes.h"
#include "print/text.h"
#include "util.h"

/* Real, effective, saved and filesystem user of a task. */
#define UIDS 4

/* What a reading needs, besides its result. */
struct reading {
	struct presences *all;
	struct number_set mntns;	/* mount namespaces whose mounts were read */
	size_t allocated;
};

/* A user in a namespace, by its inode number. */
static uint64_t user_at(uint32_t inum, uint32_t uid)
{
	return (uint64_t)inum << 32 | uid;
}

/* By device, and by mount namespace. */
static int compare_views(const void *p, const void *q)
{
	const struct tmpfs_view *a = p, *b = q;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->mntns > b->mntns) - (a->mntns < b->mntns);
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
	uint64_t inum;

	if (task_namespace(task, kind, &inum))
		return inum;
	take_error(all);
	return 0;
}

static bool read_uids(struct presences *all, const char *task, uint32_t uids[UIDS])
{
	const char *text;
	char rest[128];
	uint64_t value;
	unsigned int i;
	size_t len;

	if (!process_line(task, "status", "Uid:", rest, sizeof(rest))) {
		take_error(all);
		return false;
	}
	for (i = 0, text = rest; i < UIDS; i++, text += len) {
		text += strspn(text, " \t");
		len = strcspn(text, " \t\n");
		if (!parse_uint(text, len, 10, UINT32_MAX, &value))
			return false;
		uids[i] = value;
	}
	return true;
}

static void read_task(struct reading *reading, const char *task)
{
	struct presences *all = reading->all;
	uint64_t ipc = read_namespace(all, task, "ipc"), mnt = read_namespace(all, task, "mnt");
	uint32_t uids[UIDS];
	unsigned int i;

	if ((!ipc && !mnt) || !read_uids(all, task, uids))
		return;
	for (i = 0; i < UIDS; i++) {
		if (ipc)
			number_set_add(&all->users, user_at(ipc, uids[i]));
		if (mnt)
			number_set_add(&all->users, user_at(mnt, uids[i]));
	}
	all->views_complete &= !mnt || number_set_has(&reading->mntns, mnt);
}

static void read_process(uint32_t pid, void *arg)
{
	struct reading *reading = arg;
	const struct dirent *entry;
	char path[64], task[64];
	uint64_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir) {
		take_error(reading->all);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, &tid))
			continue;
		snprintf(task, sizeof(task), "/proc/%u/task/%u", pid, (uint32_t)tid);
		read_task(reading, task);
	}
	closedir(dir);
}

/* Drops mounts of one tmpfs in one mount namespace but one of them. */
static void unify_views(struct presences *all)
{
	size_t i, kept = 0;

	if (all->n_views)
		qsort(all->views, all->n_views, sizeof(*all->views), compare_views);
	for (i = 0; i < all->n_views; i++)
		if (!kept || compare_views(&all->views[kept - 1], &all->views[i]))
			all->views[kept++] = all->views[i];
	all->n_views = kept;
}

static void take_mount(const struct mount *mount, void *arg)
{
	struct reading *reading = arg;
	struct presences *all = reading->all;

	if (mount->kind != MOUNT_TMPFS)
		return;
	all->views = xgrow(all->views, all->n_views, &reading->allocated, sizeof(*all->views));
	all->views[all->n_views++] = (struct tmpfs_view){ mount->mntns, mount->dev };
}

/**
 * presences_read - find out which users have tasks in which namespaces
 * @all: the result, all zero at first; for presences_free()
 *
 * A task that begins meanwhile may be missed.
 */
void presences_read(struct presences *all)
{
	struct reading reading = { .all = all };

	all->complete = posix_shm_permitted();
	all->views_complete = true;
	mounts_read(take_mount, &reading, &reading.mntns);
	unify_views(all);
	processes_read(read_process, &reading);
	number_set_clear(&reading.mntns);
}

/** presences_have - whether a user has a task in an IPC or mount namespace: their numbers differ */
bool presences_have(const struct presences *all, uint64_t inum, uint32_t uid)
{
	return number_set_has(&all->users, user_at(inum, uid));
}

/** presences_see - whether a user has a task in a mount namespace that has a tmpfs, by its device */
bool presences_see(const struct presences *all, uint32_t dev, uint32_t uid)
{
	const struct tmpfs_view wanted = { .dev = dev };
	size_t i = first_not_below(&wanted, all->views, all->n_views, sizeof(wanted),
				   compare_views);

	for (; i < all->n_views && all->views[i].dev == dev; i++)
		if (presences_have(all, all->views[i].mntns, uid))
			return true;
	return false;
}

/** presences_free - free what presences_read() found */
void presences_free(struct presences *all)
{
	number_set_clear(&all->users);
	free(all->views);
	*all = (struct presences){ 0 };
}
