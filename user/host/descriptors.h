/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_DESCRIPTORS_H
#define IPCNSCTL_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

#include "host/mounts.h"
#include "id_set.h"

struct statx;

enum descriptor_kind {
	DESCRIPTOR_NSFS,	/* of an IPC namespace itself */
	DESCRIPTOR_QUEUE,	/* of a POSIX queue */
	DESCRIPTOR_SYSVIPC,	/* of a file in /proc/sysvipc, of whichever namespace */
	DESCRIPTOR_TMPFS,	/* of a regular file that may be on a tmpfs */
};

/* An open descriptor that has to do with an IPC namespace. */
struct descriptor {
	enum descriptor_kind kind;
	uint32_t pid;		/* process, by its id in /proc */
	uint32_t fd;
	uint64_t inum;		/* of the namespace, DESCRIPTOR_NSFS */
	uint32_t dev;		/* of the filesystem, DESCRIPTOR_QUEUE and _TMPFS; as in struct mount */
	uint64_t ino;		/* of the queue or the file */
	/* Of the queue or the file, any bytes; gone when descriptor_fn returns. NULL for others. */
	const char *name;
	size_t len;
	const struct statx *stat;	/* DESCRIPTOR_TMPFS; gone when descriptor_fn returns */
};

/* What is wanted, and where it can be; all zero but @kinds at first. */
struct descriptor_search {
	unsigned int kinds;	/* mask of 1 << enum descriptor_kind */
	uint32_t hash_keys[2];	/* random */
	struct number_set proc_devs;	/* device numbers of proc filesystems */
	struct number_set namespaces;	/* mount points of IPC namespaces, hashed */
	struct number_set queues;	/* mount points of mqueue filesystems, hashed */
	struct number_set tmpfs;	/* folders whose files are wanted, hashed */
};

typedef void (*descriptor_fn)(const struct descriptor *descriptor, void *arg);

void descriptors_add_mount(struct descriptor_search *search, const struct mount *mount);
void descriptors_add_folder(struct descriptor_search *search, const char *path, size_t len);
bool descriptors_read(const struct descriptor_search *search, descriptor_fn found, void *arg);
void descriptors_clear(struct descriptor_search *search);

#endif
