// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host for the tool, always the same: some mounts, descriptors, processes and user namespaces,
 * instead of those of this machine, which are many and change.
 */
#include "host/descriptors.h"
#include "host/mounts.h"
#include "host/processes.h"
#include "host/user_namespace.h"

#define TEXT(text) (text), sizeof(text) - 1

void mounts_read(mount_fn found, void *arg)
{
	static const struct mount mounts[] = {
		{ MOUNT_NSFS, 1, 0, 7, TEXT("/run/ns") },
		{ MOUNT_NSFS, 2, 0, 7, TEXT("/run/\x1b[31m\xff") },
		{ MOUNT_MQUEUE, 0, 3, 7, TEXT("/dev/mqueue") },
		{ MOUNT_PROC, 0, 4, 7, TEXT("/proc") },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		found(&mounts[i], arg);
}

void descriptors_add_mount(struct descriptor_search *search, const struct mount *mount)
{
	(void)search;
	(void)mount;
}

void descriptors_read(const struct descriptor_search *search, descriptor_fn found, void *arg)
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
}

void descriptors_clear(struct descriptor_search *search)
{
	(void)search;
}

void processes_read(process_fn found, void *arg)
{
	uint32_t pid;

	for (pid = 1; pid < 4; pid++)
		found(pid, arg);
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
