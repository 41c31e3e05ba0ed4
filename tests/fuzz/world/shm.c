// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: System V shared memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "world.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGE 4096UL
#define TOUCHED 16	/* pages that are written at most */

static long create(struct actor *a)
{
	size_t size = chance(a, 80) ? 1 + rnd(a, 16 * PAGE) : 1 + rnd(a, 2 << 20);
	int flags = IPC_CREAT | (chance(a, 80) ? 0600 : rnd(a, 01000));

	if (chance(a, 20))
		flags |= SHM_NORESERVE;
	if (chance(a, 4))
		flags |= SHM_HUGETLB;
	return keep_id(a, SHM, shmget(some_key(a), size, flags));
}

static long create_monstrous(struct actor *a)
{
	/* no page of it is ever there */
	return keep_id(a, SHM, shmget(some_key(a), (size_t)1 << (30 + rnd(a, 34)),
				      IPC_CREAT | SHM_NORESERVE | 0600));
}

static long remove_one(struct actor *a)
{
	return shmctl(some_id(a, SHM), IPC_RMID, NULL);
}

static long attach_at(struct actor *a, const void *where, int flags)
{
	struct shmid_ds info = { 0 };
	int id = some_id(a, SHM);
	void *address = shmat(id, where, flags);

	if (address == (void *)-1)
		return -1;
	if (shmctl(id, IPC_STAT, &info))
		info.shm_segsz = PAGE;
	keep_map(a, address, info.shm_segsz);
	return 0;
}

static long attach(struct actor *a)
{
	return attach_at(a, NULL, (chance(a, 30) ? SHM_RDONLY : 0) | (chance(a, 10) ? SHM_EXEC : 0));
}

static long attach_fixed(struct actor *a)
{
	char *address;
	size_t size;

	/* beside, or over, one that is there */
	if (!some_map(a, &address, &size)) {
		errno = ENOENT;
		return -1;
	}
	return attach_at(a, address + rnd(a, 4) * PAGE, (chance(a, 70) ? SHM_REMAP : 0) | SHM_RND);
}

static long detach(struct actor *a)
{
	char *address;
	size_t size;

	if (!drop_map(a, &address, &size)) {
		errno = ENOENT;
		return -1;
	}
	return shmdt(address);
}

static long unmap_part(struct actor *a)
{
	char *address;
	size_t size;

	if (!some_map(a, &address, &size) || size <= PAGE) {
		errno = ENOENT;
		return -1;
	}
	return munmap(address + rnd(a, size / PAGE) * PAGE, PAGE);
}

static long remap_part(struct actor *a)
{
	char *address;
	void *moved;
	size_t size;

	if (!some_map(a, &address, &size)) {
		errno = ENOENT;
		return -1;
	}
	/* an old size of 0 makes a second mapping */
	moved = mremap(address, chance(a, 30) ? 0 : PAGE, PAGE * (1 + rnd(a, 3)), MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		return -1;
	keep_map(a, moved, PAGE);
	return 0;
}

static long protect_part(struct actor *a)
{
	char *address;
	size_t size;

	if (!some_map(a, &address, &size)) {
		errno = ENOENT;
		return -1;
	}
	return mprotect(address, PAGE, rnd(a, 8) & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

/* A segment that was taken away meanwhile must not end the process: the kernel writes. */
static long touch(struct actor *a)
{
	char *address;
	size_t size, i;
	long result = -1;
	int fds[2];

	if (!some_map(a, &address, &size) || pipe2(fds, 0)) {
		errno = ENOENT;
		return -1;
	}
	for (i = 0; i < size && i < TOUCHED * PAGE; i += PAGE) {
		if (write(fds[1], "x", 1) != 1)
			break;
		result = read(fds[0], address + i, 1);
		if (result < 0)
			break;
	}
	close(fds[0]);
	close(fds[1]);
	return result;
}

static long page_out(struct actor *a)
{
	char *address;
	size_t size;

	if (!some_map(a, &address, &size)) {
		errno = ENOENT;
		return -1;
	}
	return madvise(address, size & ~(PAGE - 1), chance(a, 50) ? MADV_PAGEOUT : MADV_REMOVE);
}

static long lock(struct actor *a)
{
	return shmctl(some_id(a, SHM), chance(a, 50) ? SHM_LOCK : SHM_UNLOCK, NULL);
}

static long set(struct actor *a)
{
	struct shmid_ds info;
	int id = some_id(a, SHM);

	if (shmctl(id, IPC_STAT, &info))
		return -1;
	info.shm_perm.mode = rnd(a, 01000);
	if (chance(a, 30))
		info.shm_perm.uid = rnd(a, 3);
	return shmctl(id, IPC_SET, &info);
}

static long look(struct actor *a)
{
	struct shminfo limits;
	struct shm_info used;
	struct shmid_ds info;

	switch (rnd(a, 3)) {
	case 0:
		return shmctl(0, IPC_INFO, (struct shmid_ds *)&limits);
	case 1:
		return shmctl(0, SHM_INFO, (struct shmid_ds *)&used);
	default:
		return shmctl(rnd(a, 64), SHM_STAT_ANY, &info);
	}
}

static void hold(struct actor *a)
{
	sleep_ms(rnd(a, 20));
	some_actions(a, 3);
}

/* What is attached is attached to the child, too, until it ends or is killed. */
static long attached_child(struct actor *a)
{
	return with_child(a, 0, hold, rnd(a, 30));
}

static void attach_and_end(struct actor *a)
{
	int id = shmget(IPC_PRIVATE, PAGE * (1 + rnd(a, 4)), IPC_CREAT | 0600);

	if (shmat(id, NULL, 0) != (void *)-1)
		shmctl(id, IPC_RMID, NULL);	/* ends with the last attachment */
}

static long marked(struct actor *a)
{
	return with_child(a, 0, attach_and_end, 30);
}

static long forced_removal(struct actor *a)
{
	return write_file("/proc/sys/kernel/shm_rmid_forced", "%u", rnd(a, 2));
}

const struct action shm_actions[] = {
	{ "shm create", create, 12 },
	{ "shm create monstrous", create_monstrous, 1 },
	{ "shm remove", remove_one, 4 },
	{ "shm attach", attach, 14 },
	{ "shm attach at an address", attach_fixed, 3 },
	{ "shm detach", detach, 5 },
	{ "shm unmap a part", unmap_part, 2 },
	{ "shm remap a part", remap_part, 2 },
	{ "shm protect a part", protect_part, 1 },
	{ "shm touch", touch, 3 },
	{ "shm page out", page_out, 1 },
	{ "shm lock", lock, 1 },
	{ "shm set", set, 2 },
	{ "shm look", look, 1 },
	{ "shm child attached", attached_child, 3 },
	{ "shm marked", marked, 3 },
	{ "shm_rmid_forced", forced_removal, 1 },
	{ 0 }
};
