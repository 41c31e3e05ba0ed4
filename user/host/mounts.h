/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MOUNTS_H
#define IPCNSCTL_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mount_kind {
	MOUNT_NSFS,	/* of an IPC namespace itself */
	MOUNT_MQUEUE,	/* of an mqueue filesystem */
};

/* A mount that has to do with an IPC namespace. */
struct mount {
	enum mount_kind kind;
	uint64_t inum;		/* of the namespace, MOUNT_NSFS */
	uint32_t dev;		/* of the filesystem, MOUNT_MQUEUE; encoded as IPCNS_A_NS_MQ_DEV */
	uint64_t mntns;		/* inode number of the mount namespace that it is in */
	const char *path;	/* where, any bytes; gone when mount_fn returns */
	size_t len;
};

typedef void (*mount_fn)(const struct mount *mount, void *arg);

bool mount_parse(char *line, size_t len, struct mount *mount);
void mounts_read(mount_fn found, void *arg);

#endif
