/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_FILE_OBJECT_H
#define IPCNSCTL_FILE_OBJECT_H

#include "host/posix_shm.h"
#include "print/rows.h"

/*
 * POSIX shared memory and named semaphores as rows: messages as the module would send them, with
 * attributes of the tool's own, in a nest that no message of the module has.
 */
#define FILE_ATTRS (ROW_ATTRS - 1)

enum file_attr {
	FILE_SIZE = 1,
	FILE_USED,		/* bytes allocated */
	FILE_ATIME,
	FILE_MTIME,
	FILE_DEV,
	FILE_STATUS,		/* bits: deleted, mounted */
	FILE_MAPPED,		/* processes; this and what follows only if it is known of all */
	FILE_OPEN,
	FILE_PIDS,		/* text: numbers with commas between */
	FILE_PID,		/* the lowest of these */
	FILE_BY_PROCESS,	/* the process that was asked for is one of them */
	FILE_VIEWER,		/* the lowest process that sees the folder */
	FILE_NAMESPACES,	/* text: numbers with commas between */
	FILE_ORPHAN,		/* flag: see file_is_unused() */
	FILE_FOLDER,		/* inode number of the folder */
	FILE_ATTRS_END,
};

/* What the files of one namespace come to. */
struct file_sums {
	uint64_t n[2];		/* objects: pshm, psem */
	uint64_t bytes[2];	/* allocated */
	bool has_users;		/* whether it is known who uses them; else there are no orphans */
	uint64_t orphans[2], orphan_bytes[2];
};

struct column;
struct value;

typedef void (*file_object_fn)(struct nlattr *attrs, int len, void *arg);

void file_objects_get(const struct posix_shm *found, const struct row_store *namespaces,
		      unsigned int kinds, file_object_fn add, void *arg);
struct file_sums *file_sums_read(const struct row_store *namespaces, struct file_sums *total);
ssize_t *file_namespaces(const struct posix_shm *found, const struct row_store *namespaces);
bool file_is_unused(const struct posix_shm *found, const struct shm_file *file);
void file_fill_status(const struct column *column, const struct row *row, struct value *value);
void file_fill_numbers(const struct column *column, const struct row *row, struct value *value);
void file_fill_unit(const struct column *column, const struct row *row, struct value *value);

#endif
