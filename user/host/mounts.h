/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MOUNTS_H
#define IPCNSCTL_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "id_set.h"

enum mount_kind {
	MOUNT_NSFS,	/* of an IPC namespace itself */
	MOUNT_MQUEUE,	/* of an mqueue filesystem */
	MOUNT_PROC,	/* of a proc filesystem, which may show /proc/sysvipc */
	MOUNT_TMPFS,	/* of a tmpfs, which may have POSIX shared memory */
};

/* A mount that has to do with an IPC namespace or with POSIX shared memory. */
struct mount {
	enum mount_kind kind;
	uint64_t inum;		/* of the namespace, MOUNT_NSFS */
	uint32_t dev;		/* of the other filesystems; encoded as IPCNS_A_NS_MQ_DEV */
	uint64_t mntns;		/* inode number of the mount namespace that it is in */
	const char *path;	/* where, any bytes; gone when mount_fn returns */
	size_t len;
	uint32_t pid;		/* the process whose mounts were read */
	/* Of a tmpfs: number of the mount, as in statx(2), and what is mounted, "/" for all. */
	uint64_t id;
	const char *root;
	size_t root_len;
};

/** mount_dev - a device number as the kernel's new_encode_dev() makes one of 32 bits */
static inline uint32_t mount_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

typedef void (*mount_fn)(const struct mount *mount, void *arg);

bool mount_parse(char *line, size_t len, struct mount *mount);
bool mount_namespace(uint32_t pid, uint64_t *inum);
void mounts_read(mount_fn found, void *arg, struct number_set *done);

#endif
