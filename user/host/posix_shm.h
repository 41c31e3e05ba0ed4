/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_POSIX_SHM_H
#define IPCNSCTL_POSIX_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers that are kept of a set that any user can make large: the lowest PIDs. */
#define SHM_FILE_PIDS 16

/* One tmpfs at /dev/shm, for the processes that see it there. */
struct shm_folder {
	uint32_t dev;		/* as in struct mount */
	uint64_t ino;		/* of the folder */
	uint32_t pid;		/* the lowest process that sees it */
	uint64_t ipc[SHM_FILE_PIDS];	/* IPC namespaces of those processes, of the lowest first */
	size_t n_ipc;
	uint64_t size, used;	/* bytes that the filesystem can have, 0 if it has no limit, and has */
	bool whole;		/* it is the root of its filesystem */
	/* And that is there for shared memory: anybody can mount any other at /dev/shm. */
	bool dedicated;
};

/* A regular file in such a folder, or one that was there and is still mapped or open. */
struct shm_file {
	uint32_t dev;		/* as in struct mount */
	uint32_t folder;	/* place in the list of folders */
	uint64_t ino;
	char *name;		/* any bytes but a slash */
	size_t len;
	bool known;		/* whether the file could be looked at; else what follows is 0 */
	uint32_t mode, uid, gid;
	uint64_t size, used;	/* bytes; used: allocated, in memory or swapped out */
	int64_t atime, mtime, ctime;
	bool deleted;		/* has no name any more */
	bool mounted;		/* something was mounted from the file, or a loop device stands on it */
	uint32_t mapped, open;	/* processes, see posix_shm.users */
	uint32_t last_mapped, last_open;	/* processes that were counted last */
	uint32_t *pids;		/* the lowest that have it mapped or open */
	size_t n_pids;
	bool by_process;	/* the process that was asked for is one of them */
};

/* All that was found; all zero at first, but for what is asked for. */
struct posix_shm {
	bool folders_only;	/* asked for: no files are looked at */
	struct shm_folder *folders;
	size_t n_folders, allocated_folders;
	struct shm_file *files;	/* sorted by device and inode number: links are neighbours */
	size_t n, allocated;
	bool partial;		/* something could not be looked at, or there is too much */
	size_t bytes;		/* that they take */
	bool cut;		/* there are more files with a name */
	bool users;		/* whether it was read who has files mapped and open, completely */
};

bool posix_shm_permitted(void);
int posix_shm_open_folder(int root);
void posix_shm_read(struct posix_shm *all, bool users, uint32_t pid);
bool posix_shm_is_semaphore(const struct shm_file *file);
void posix_shm_free(struct posix_shm *all);

#endif
