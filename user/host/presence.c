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

/* A mount of a tmpfs. */
struct view {
	uint64_t mntns;		/* mount namespace that it is in */
	uint32_t dev;		/* as in struct mount */
};

/* What a reading needs, besides its result. */
struct reading {
	struct presences *all;
	struct number_set mntns;	/* mount namespaces whose mounts were read */
	struct view *views;		/* sorted by mount namespace */
	size_t n_views, allocated;
};

/* A user at a place: a namespace by its inode number, or a tmpfs by its device. */
static uint64_t user_at(uint32_t place, uint32_t uid)
{
	return (uint64_t)place << 32 | uid;
}

static int compare_views(const void *p, const void *q)
{
	const struct view *a = p, *b = q;

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

/* A user in a mount namespace may use all of its tmpfs. */
static void add_viewer(struct reading *reading, uint64_t mntns, uint32_t uid)
{
	const struct view wanted = { .mntns = mntns }, *end = reading->views + reading->n_views;
	const struct view *view = NULL;

	if (!number_set_add(&reading->all->users, user_at(mntns, uid)))
		return;
	if (reading->n_views)
		view = bsearch(&wanted, reading->views, reading->n_views, sizeof(*view),
			       compare_views);
	if (!view)
		return;
	while (view > reading->views && view[-1].mntns == mntns)
		view--;
	for (; view < end && view->mntns == mntns; view++)
		number_set_add(&reading->all->viewers, user_at(view->dev, uid));
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
			add_viewer(reading, mnt, uids[i]);
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

static void take_mount(const struct mount *mount, void *arg)
{
	struct reading *reading = arg;

	number_set_add(&reading->mntns, mount->mntns);
	if (mount->kind != MOUNT_TMPFS)
		return;
	reading->views = xgrow(reading->views, reading->n_views, &reading->allocated,
			       sizeof(*reading->views));
	reading->views[reading->n_views++] = (struct view){ mount->mntns, mount->dev };
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
	mounts_read(take_mount, &reading);
	if (reading.n_views)
		qsort(reading.views, reading.n_views, sizeof(*reading.views), compare_views);
	processes_read(read_process, &reading);
	number_set_clear(&reading.mntns);
	free(reading.views);
}

/** presences_have - whether a user has a task in an IPC or mount namespace: their numbers differ */
bool presences_have(const struct presences *all, uint64_t inum, uint32_t uid)
{
	return number_set_has(&all->users, user_at(inum, uid));
}

/** presences_see - whether a user has a task in a mount namespace that has a tmpfs, by its device */
bool presences_see(const struct presences *all, uint32_t dev, uint32_t uid)
{
	return number_set_has(&all->viewers, user_at(dev, uid));
}

/** presences_free - free what presences_read() found */
void presences_free(struct presences *all)
{
	number_set_clear(&all->users);
	number_set_clear(&all->viewers);
	*all = (struct presences){ 0 };
}
