/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_HOLDER_H
#define IPCNSCTL_HOLDER_H

#include "print/columns.h"

/* What has to do with a namespace staying, in the order of rows. */
enum holder_kind {
	HOLDER_TASK,
	HOLDER_NSFS,		/* all of these and the next have one reference together */
	HOLDER_MOUNT,
	HOLDER_SHM,
	HOLDER_UNATTRIBUTED,
	HOLDER_SYSVIPC,		/* may have one of the unattributed references */
	HOLDER_MQ,		/* this and what follows keeps queues, not the namespace */
	HOLDER_MQUEUE_MOUNT,
	HOLDER_KINDS,
};

/* Which members of a holder are known. */
enum {
	HOLDER_HAS_PID = 1 << 0,
	HOLDER_HAS_FD = 1 << 1,
	HOLDER_HAS_ID = 1 << 2,
	HOLDER_HAS_NATTCH = 1 << 3,
	HOLDER_HAS_SIZE = 1 << 4,
	HOLDER_HAS_RANGE = 1 << 5,
	HOLDER_HAS_MNTNS = 1 << 6,
	HOLDER_HAS_REFS = 1 << 7,
};

/* One holder. Rows are made of it: it is the row of a record. */
struct holder {
	uint64_t inum, nsid;
	enum holder_kind kind;
	unsigned int has;
	uint64_t token;		/* one per reference, of tasks and attachments; hash of a cut text */
	uint64_t refs;		/* 1 in the first row of a reference */
	uint64_t start, end, size, nattch, mm;
	uint64_t mntns;
	uint64_t folded;	/* threads of the kernel that this row stands for, or 0 */
	uint64_t hidden;	/* processes or attachments that are not visible from here, or 0 */
	uint32_t pid;
	uint32_t fd, id;
	bool read_only;
	bool truncated;		/* the segment has attachments that no row stands for */
	unsigned char comm_len;
	char comm[16];
	char *text;		/* name of a queue or a file, path of a mount, note; or NULL */
	size_t text_len;
};

/* Holders that grow in number; all zero at first. */
struct holders {
	struct holder *rows;
	size_t n;
	size_t allocated;
	size_t text_len;	/* of all texts that holders_keep_text() kept */
};

typedef int (*holder_compare_fn)(const void *p, const void *q);

/* What stands for the command of threads of the kernel: as long as a name of the kernel's. */
#define HOLDER_KERNEL_THREADS "[kernel threads]"

extern const char *const holder_names[HOLDER_KINDS];
extern const struct table_type holder_columns;
extern const struct table_type attachment_columns;

bool holder_parse(struct holder *h, const struct row *row);
int holder_compare(const void *p, const void *q);
int holder_compare_numbers(const uint64_t *a, const uint64_t *b, size_t n);

void holders_reserve(struct holders *list, size_t n);
struct holder *holders_add(struct holders *list, const struct holder *h);
void holders_sort(struct holders *list, holder_compare_fn compare);
void holders_set_text(struct holder *h, const char *text, size_t len);
void holders_keep_text(struct holders *list, struct holder *h, const char *text, size_t len);
void holders_fold_kernel_threads(struct holders *list);
void holders_clear(struct holders *list);
void holders_free(struct holders *list);

#endif
