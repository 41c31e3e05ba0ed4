// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host for the tool, always the same: some mounts, descriptors, processes and user namespaces,
 * instead of those of this machine, which are many and change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/descriptors.h"
#include "host/mounts.h"
#include "host/mqueue_contents.h"
#include "host/posix_shm.h"
#include "host/processes.h"
#include "host/removal.h"
#include "host/user_namespace.h"
#include "util.h"

#define TEXT(text) (text), sizeof(text) - 1

void mounts_read(mount_fn found, void *arg, struct number_set *done)
{
	static const struct mount mounts[] = {
		{ MOUNT_NSFS, 1, 0, 7, TEXT("/run/ns"), 10 },
		{ MOUNT_NSFS, 2, 0, 7, TEXT("/run/\x1b[31m\xff"), 10 },
		{ MOUNT_MQUEUE, 0, 3, 7, TEXT("/dev/mqueue"), 10 },
		{ MOUNT_PROC, 0, 4, 7, TEXT("/proc"), 10 },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		found(&mounts[i], arg);
	if (done)
		number_set_add(done, 7);
}

void descriptors_add_mount(struct descriptor_search *search, const struct mount *mount)
{
	(void)search;
	(void)mount;
}

bool descriptors_read(const struct descriptor_search *search, descriptor_fn found, void *arg)
{
	static const struct descriptor descriptors[] = {
		{ DESCRIPTOR_NSFS, 10, 3, 1, 0, 0, NULL, 0 },
		{ DESCRIPTOR_NSFS, 10, 3, 1, 0, 0, NULL, 0 },
		{ DESCRIPTOR_NSFS, 11, 4, 2, 0, 0, NULL, 0 },
		{ DESCRIPTOR_QUEUE, 11, 5, 0, 3, 8, TEXT("q") },
		{ DESCRIPTOR_QUEUE, 12, 5, 0, 3, 8, TEXT("\n\xff,") },
		{ DESCRIPTOR_SYSVIPC, 12, 6, 0, 0, 0, TEXT("shm") },
	};
	size_t i;

	for (i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
		if (search->kinds & 1U << descriptors[i].kind)
			found(&descriptors[i], arg);
	return true;
}

void descriptors_clear(struct descriptor_search *search)
{
	(void)search;
}

bool posix_shm_permitted(void)
{
	return true;
}

bool posix_shm_is_semaphore(const struct shm_file *file)
{
	return file->len > 4 && file->name[0] == 's' && file->name[3] == '.';
}

void posix_shm_read(struct posix_shm *all, bool users, uint32_t pid)
{
	static const struct shm_folder folders[] = {
		{ .dev = 5, .ino = 1, .pid = 1, .ipc = { 1 }, .n_ipc = 1, .size = 8192, .used = 8192,
		  .whole = true, .dedicated = true },
		{ .dev = 6, .ino = 1, .pid = 2, .ipc = { 2, 1 }, .n_ipc = 2 },
	};
	static const struct {
		struct shm_file file;
		const char *name;
	} files[] = {
		{ { 5, 0, 2, .len = 4, true, 0100600, 1, 1, 4096, 4096, 1, 2, 3 }, "file" },
		{ { 5, 0, 2, .len = 6, true, 0100600, 1, 1, 4096, 4096, 1, 2, 3 }, "\n\x1b[31m" },
		{ { 5, 0, 3, .len = 6, true, 0100666, 0, 0, 32, 4096, 3, 2, 1 }, "sem.\xff," },
		{ { 6, 1, 4, .len = 1, .deleted = true, .mapped = 1 }, "d" },
	};
	uint32_t *pids;
	size_t i;

	all->n_folders = ARRAY_SIZE(folders);
	all->folders = xmemdup(folders, sizeof(folders));
	all->files = xcalloc(ARRAY_SIZE(files), sizeof(*all->files));
	for (; all->n < ARRAY_SIZE(files); all->n++) {
		all->files[all->n] = files[all->n].file;
		all->files[all->n].name = xmemdup(files[all->n].name, files[all->n].file.len);
	}
	all->users = users;
	pids = xcalloc(SHM_FILE_PIDS, sizeof(*pids));
	for (i = 0; i < SHM_FILE_PIDS; i++)
		pids[i] = UINT32_MAX - SHM_FILE_PIDS + i;
	all->files[3].pids = pids;
	all->files[3].n_pids = SHM_FILE_PIDS;
	all->files[3].by_process = pid == 1;
}

void posix_shm_free(struct posix_shm *all)
{
	for (; all->n; all->n--) {
		free(all->files[all->n - 1].name);
		free(all->files[all->n - 1].pids);
	}
	free(all->files);
	free(all->folders);
	*all = (struct posix_shm){ 0 };
}

void processes_read(process_fn found, void *arg)
{
	uint32_t pid;

	for (pid = 1; pid < 4; pid++)
		found(pid, arg);
}

bool process_line(const char *task, const char *file, const char *label, char *rest, size_t size)
{
	(void)file;
	(void)label;
	snprintf(rest, size, "\t%zu\t1000\t1\t1\n", strlen(task) % 3);
	return true;
}

bool task_namespace(const char *task, const char *kind, uint64_t *inum)
{
	*inum = *kind == 'm' ? 7 : 1 + strlen(task) % 2;
	return true;
}

bool process_uid(uint32_t pid, uint32_t *uid)
{
	*uid = pid - 1;
	return pid < 3;
}

bool process_queue_limit(uint32_t pid, uint64_t *bytes)
{
	*bytes = 819200 * (pid - 1);
	return true;
}

int process_namespace_open(uint32_t pid, uint64_t ipc_inum)
{
	(void)pid;
	(void)ipc_inum;
	return -1;
}

int user_namespace_of(int ns)
{
	(void)ns;
	return -1;
}

int user_namespace_parent(int userns)
{
	(void)userns;
	return -1;
}

bool user_namespace_identify(int userns, uint64_t *inum, uint32_t *owner)
{
	(void)userns;
	(void)inum;
	(void)owner;
	return false;
}

bool user_namespace_limit(int userns, uint64_t *limit)
{
	(void)userns;
	(void)limit;
	return false;
}

enum removal_state removals_run(int ns, struct removal *removals, size_t n)
{
	size_t i;

	(void)ns;
	for (i = 0; i < n; i++) {
		removals[i].result = removals[i].id % (REMOVAL_UNKNOWN + 1);
		removals[i].error = removals[i].key % 128;
		removals[i].attached = removals[i].uid;
	}
	return n % (REMOVALS_SILENT + 1);
}

bool mqueue_contents_read(uint32_t pid, const char *path, uint32_t dev,
			  struct mqueue_contents *contents)
{
	(void)path;
	(void)dev;
	contents->queues = 2;
	contents->bytes = 100;
	return pid == 10;
}
