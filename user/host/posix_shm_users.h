/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two parts of the search for POSIX shared memory share: posix_shm.c and posix_shm_users.c. */
#ifndef IPCNSCTL_POSIX_SHM_USERS_H
#define IPCNSCTL_POSIX_SHM_USERS_H

#include <sys/stat.h>

#include "host/descriptors.h"
#include "host/posix_shm.h"
#include "id_set.h"

/* Users make as many files as they like: no more are kept than take so much. */
#define FILES_SIZE (24UL << 20)

/* Folders by device number, those first that are all of their filesystem. */
struct by_dev {
	uint32_t dev;
	size_t folder;
	bool whole;
};

/* What is gathered on the way. */
struct shm_reading {
	struct posix_shm *all;
	struct descriptor_search search;
	void *places;			/* a tree of struct place */
	struct by_dev *by_dev;		/* of each folder, sorted */
	size_t named;			/* files that have a name: they come first, and are sorted */
	void *deleted;			/* a tree of struct deleted: the others */
	struct number_set tmpfs;	/* device numbers */
	struct number_set whole;	/* mounts of the root of a tmpfs */
	struct number_set shared;	/* device numbers: an administrator mounted it at /dev/shm */
	struct number_set other;	/* or at a path of another kind */
	struct number_set mounted;	/* files that are mounted, see shm_hash_name() */
	uint64_t mntns;			/* the mount namespace that was looked at last */
	bool own_mntns;			/* the caller's user namespace owns it */
	uint64_t userns;		/* the caller's */
	uint32_t pid;			/* the process that was asked for, or 0 */
	bool partial;
};

bool shm_has_suffix(const char *path, size_t len, const char *suffix);
uint64_t shm_hash_name(uint32_t dev, const char *name, size_t len);
void shm_take_error(struct shm_reading *reading);
int shm_files_compare(const void *p, const void *q);
void shm_add_file(struct shm_reading *reading, size_t folder, const char *name, size_t len,
		  uint64_t ino, const struct statx *stx);
void shm_read_users(struct shm_reading *reading);

#endif
