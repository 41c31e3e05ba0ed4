// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which processes have each POSIX queue open. A descriptor is matched by the device number of the
 * namespace's mqueue filesystem, which the module reports, and by the queue's inode number.
 */
#include <errno.h>
#include <stdlib.h>
#include <linux/ipcns.h>

#include "host/descriptors.h"
#include "ipc/module.h"
#include "ipc/queue_openers.h"
#include "print/rows.h"
#include "print/text.h"
#include "util.h"

/* One process that has one queue open. */
struct opener {
	uint64_t nsid, ino;
	uint32_t pid;
};

struct filesystem {
	uint32_t dev;
	uint64_t nsid;
};

/* All of the machine. */
static struct {
	struct opener *rows;
	size_t n, allocated, kept;
	struct filesystem *filesystems;
	size_t n_filesystems, allocated_filesystems;
	struct descriptor_search search;
	bool known;
} openers;

static int compare_filesystems(const void *p, const void *q)
{
	const struct filesystem *a = p, *b = q;

	return (a->dev > b->dev) - (a->dev < b->dev);
}

static int compare_queues(const void *p, const void *q)
{
	const struct opener *a = p, *b = q;

	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

static int compare_openers(const void *p, const void *q)
{
	const struct opener *a = p, *b = q;

	return compare_queues(p, q) ?: (a->pid > b->pid) - (a->pid < b->pid);
}

static void add_filesystem(struct nlattr *attrs, int len, void *arg)
{
	struct row row;
	uint64_t dev, nsid;

	(void)arg;
	if (!row_parse(&row, attrs, len) || !ipcns_uint(row.attr[IPCNS_A_NS_MQ_DEV], &dev) ||
	    !ipcns_uint(row.attr[IPCNS_A_NS_ID], &nsid))
		return;
	openers.filesystems = xgrow(openers.filesystems, openers.n_filesystems,
				    &openers.allocated_filesystems, sizeof(*openers.filesystems));
	openers.filesystems[openers.n_filesystems++] = (struct filesystem){ dev, nsid };
}

static bool restart_filesystems(void *arg)
{
	(void)arg;
	openers.n_filesystems = 0;
	return true;
}

static void add_mount(const struct mount *mount, void *arg)
{
	(void)arg;
	descriptors_add_mount(&openers.search, mount);
}

/* Rows of queues that were met so far; a process counts once, whatever it has open. */
static void drop_doubles(void)
{
	size_t i, kept = 0;

	if (openers.n)
		qsort(openers.rows, openers.n, sizeof(*openers.rows), compare_openers);
	for (i = 0; i < openers.n; i++)
		if (!kept || compare_openers(&openers.rows[kept - 1], &openers.rows[i]))
			openers.rows[kept++] = openers.rows[i];
	openers.n = kept;
}

static void add_opener(const struct descriptor *descriptor, void *arg)
{
	const struct filesystem wanted = { .dev = descriptor->dev }, *found = NULL;

	(void)arg;
	if (openers.n_filesystems)
		found = bsearch(&wanted, openers.filesystems, openers.n_filesystems,
				sizeof(wanted), compare_filesystems);
	if (!found)
		return;
	/* descriptors are cheap to have: what they need here is bounded by processes and queues */
	if (openers.n == openers.allocated && openers.n >= 2 * openers.kept) {
		drop_doubles();
		openers.kept = openers.n;
	}
	openers.rows = xgrow(openers.rows, openers.n, &openers.allocated, sizeof(*openers.rows));
	openers.rows[openers.n++] = (struct opener){
		.nsid = found->nsid, .ino = descriptor->ino, .pid = descriptor->pid,
	};
}

/**
 * openers_read - find the processes that have POSIX queues open, or die
 * @w: the connection
 *
 * Of all queues at once, since all descriptors of the machine have to be looked at.
 */
void openers_read(struct ipcns *w)
{
	int ret = ipcns_namespaces(w, 0, add_filesystem, restart_filesystems, NULL);

	if (ret)
		module_die(w, ret, "cannot list namespaces");
	if (openers.n_filesystems)
		qsort(openers.filesystems, openers.n_filesystems, sizeof(*openers.filesystems),
		      compare_filesystems);
	openers.search.kinds = 1U << DESCRIPTOR_QUEUE;
	mounts_read(add_mount, NULL, NULL);
	descriptors_read(&openers.search, add_opener, NULL);
	drop_doubles();
	openers.known = true;
}

/* The first row of a queue; NULL if it has none. */
static const struct opener *first_of(uint64_t nsid, uint64_t ino)
{
	const struct opener wanted = { .nsid = nsid, .ino = ino };
	const size_t i = first_not_below(&wanted, openers.rows, openers.n, sizeof(wanted),
					 compare_queues);

	return i < openers.n && !compare_queues(&openers.rows[i], &wanted) ?
	       &openers.rows[i] : NULL;
}

static bool is_of(const struct opener *row, uint64_t nsid, uint64_t ino)
{
	return row && row < openers.rows + openers.n && row->nsid == nsid && row->ino == ino;
}

/**
 * openers_of - the processes that have a queue open
 * @nsid: identity of its namespace
 * @ino: its inode number
 * @pids: filled with their numbers in ascending order
 * @room: how many at most
 * @more: set if there are more
 *
 * Returns their number.
 */
size_t openers_of(uint64_t nsid, uint64_t ino, uint32_t *pids, size_t room, bool *more)
{
	const struct opener *row;
	size_t n = 0;

	for (row = first_of(nsid, ino); is_of(row, nsid, ino) && n < room; row++)
		pids[n++] = row->pid;
	*more = is_of(row, nsid, ino);
	return n;
}

/**
 * openers_list - the processes that have a queue open
 * @nsid: identity of its namespace
 * @ino: its inode number
 * @pids: set to their numbers in ascending order, with commas between; the next call overwrites it
 * @len: set to its length
 *
 * Returns false if openers_read() was not called.
 */
bool openers_list(uint64_t nsid, uint64_t ino, const char **pids, size_t *len)
{
	static struct buffer text;
	const struct opener *row;
	char number[24], *begin;

	if (!openers.known)
		return false;
	text.len = 0;
	for (row = first_of(nsid, ino); is_of(row, nsid, ino); row++) {
		if (text.len)
			buffer_plain(&text, ",", 1);
		begin = format_number(number + sizeof(number), row->pid);
		buffer_plain(&text, begin, number + sizeof(number) - begin);
	}
	*pids = text.len ? text.bytes : "";
	*len = text.len;
	return true;
}

/** openers_has - whether a process has a queue open, as openers_read() found */
bool openers_has(uint64_t nsid, uint64_t ino, uint32_t pid)
{
	const struct opener wanted = { .nsid = nsid, .ino = ino, .pid = pid };

	return openers.n && bsearch(&wanted, openers.rows, openers.n, sizeof(wanted),
				    compare_openers);
}

/** openers_clear - forget what openers_read() found */
void openers_clear(void)
{
	free(openers.rows);
	free(openers.filesystems);
	descriptors_clear(&openers.search);
	memset(&openers, 0, sizeof(openers));
}
