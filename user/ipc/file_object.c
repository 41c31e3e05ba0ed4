// SPDX-License-Identifier: GPL-2.0-only
/* POSIX shared memory and named semaphores as objects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>
#include <netlink/msg.h>

#include "ipc/file_object.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "print/columns.h"
#include "util.h"

_Static_assert(IPCNS_A_OBJECT_MAX < FILE_ATTRS && FILE_ATTRS_END <= ROW_NEST, "room for attributes");

/* Bits of FILE_STATUS. */
enum {
	STATUS_DELETED,
	STATUS_MOUNTED,
};

static unsigned int kind_of(const struct shm_file *file)
{
	return posix_shm_is_semaphore(file) ? KIND_PSEM : KIND_PSHM;
}

/*
 * Place of the namespace that a folder belongs to: that of the lowest process that sees it. Others
 * may see it as well: anybody can enter an IPC namespace of their own and keep their mounts.
 */
static ssize_t find_namespace(const struct row_store *namespaces, const struct shm_folder *folder)
{
	const struct stored_row *found = folder->n_ipc ?
					 ns_find_live(namespaces, folder->ipc[0]) : NULL;

	return found ? found - namespaces->rows : -1;
}

/**
 * file_is_unused - whether nobody seems to use a file any more
 * @found: what posix_shm_read() found, with users
 * @file: the file
 *
 * Unknown counts as used, and so do files of a tmpfs that may have others than shared memory.
 */
bool file_is_unused(const struct posix_shm *found, const struct shm_file *file)
{
	return found->users && found->folders[file->folder].dedicated && !file->mapped &&
	       !file->open && !file->mounted && !file->deleted;
}

static void put_list(struct nl_msg *msg, int attr, const uint64_t *numbers, size_t n)
{
	char text[SHM_FILE_PIDS * 21];
	size_t len = 0, i;

	for (i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%llu", i ? "," : "",
				(unsigned long long)numbers[i]);
	nla_put(msg, attr, len, text);
}

static void put_users(struct nl_msg *msg, const struct posix_shm *found,
		      const struct shm_file *file)
{
	uint64_t pids[SHM_FILE_PIDS];
	size_t i;

	for (i = 0; i < file->n_pids; i++)
		pids[i] = file->pids[i];
	if (file->n_pids)
		nla_put_u32(msg, FILE_PID, file->pids[0]);
	if (file->by_process)
		nla_put_flag(msg, FILE_BY_PROCESS);
	if (!found->users)
		return;
	nla_put_u32(msg, FILE_MAPPED, file->mapped);
	nla_put_u32(msg, FILE_OPEN, file->open);
	put_list(msg, FILE_PIDS, pids, file->n_pids);
	if (file_is_unused(found, file))
		nla_put_flag(msg, FILE_ORPHAN);
}

static void put_file(struct nl_msg *msg, const struct posix_shm *found, const struct shm_file *file)
{
	const struct shm_folder *folder = &found->folders[file->folder];
	struct nlattr *nest = nla_nest_start(msg, FILE_ATTRS);

	if (file->known) {
		nla_put_u64(msg, FILE_SIZE, file->size);
		nla_put_u64(msg, FILE_USED, file->used);
		nla_put_u64(msg, FILE_ATIME, file->atime);
		nla_put_u64(msg, FILE_MTIME, file->mtime);
	}
	nla_put_u32(msg, FILE_DEV, file->dev);
	nla_put_u64(msg, FILE_FOLDER, folder->ino);
	nla_put_u32(msg, FILE_STATUS, file->deleted << STATUS_DELETED |
		    file->mounted << STATUS_MOUNTED);
	put_users(msg, found, file);
	if (folder->pid)
		nla_put_u32(msg, FILE_VIEWER, folder->pid);
	put_list(msg, FILE_NAMESPACES, folder->ipc, folder->n_ipc);
	nla_nest_end(msg, nest);
}

/* One file as a message, which must be freed. */
static struct nl_msg *make_message(const struct posix_shm *found, const struct shm_file *file,
				   const struct stored_row *ns)
{
	struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_MIN_TYPE, 0);
	const unsigned int prefix = posix_shm_is_semaphore(file) ? 4 : 0;	/* sem. */

	if (!msg)
		die(STATUS_ERROR, "out of memory");
	if (ns) {
		nla_put_u64(msg, IPCNS_A_OBJECT_NS_INUM, ns->key.number[0]);
		nla_put_u64(msg, IPCNS_A_OBJECT_NS_ID, ns_id(ns));
	}
	nla_put_u32(msg, IPCNS_A_OBJECT_KIND, kind_of(file));
	nla_put_u64(msg, IPCNS_A_OBJECT_ID, file->ino);
	nla_put(msg, IPCNS_A_OBJECT_NAME, file->len - prefix, file->name + prefix);
	if (file->known) {
		nla_put_u32(msg, IPCNS_A_OBJECT_MODE, file->mode & 0777);
		nla_put_u32(msg, IPCNS_A_OBJECT_UID, file->uid);
		nla_put_u32(msg, IPCNS_A_OBJECT_GID, file->gid);
		nla_put_u64(msg, IPCNS_A_OBJECT_CTIME, file->ctime);
	}
	put_file(msg, found, file);
	return msg;
}

/**
 * file_namespaces - the namespaces that folders belong to
 * @found: what posix_shm_read() found
 * @namespaces: all namespaces, sorted
 *
 * Returns the place of the namespace of each folder, or -1, for free(3).
 */
ssize_t *file_namespaces(const struct posix_shm *found, const struct row_store *namespaces)
{
	ssize_t *places = xcalloc(found->n_folders, sizeof(*places));
	size_t i;

	for (i = 0; i < found->n_folders; i++)
		places[i] = find_namespace(namespaces, &found->folders[i]);
	return places;
}

/**
 * file_objects_get - call back for each file, with a message as ipcns_objects() would have it
 * @found: what posix_shm_read() found
 * @namespaces: all namespaces, sorted
 * @kinds: mask of 1 << KIND_PSHM and 1 << KIND_PSEM
 * @add: called for each
 * @arg: for @add
 */
void file_objects_get(const struct posix_shm *found, const struct row_store *namespaces,
		      unsigned int kinds, file_object_fn add, void *arg)
{
	ssize_t *places = file_namespaces(found, namespaces), place;
	struct nl_msg *msg;
	size_t i;

	for (i = 0; i < found->n; i++) {
		if (!(kinds & 1U << kind_of(&found->files[i])))
			continue;
		place = places[found->files[i].folder];
		msg = make_message(found, &found->files[i],
				   place < 0 ? NULL : &namespaces->rows[place]);
		add(nlmsg_attrdata(nlmsg_hdr(msg), 0), nlmsg_attrlen(nlmsg_hdr(msg), 0), arg);
		nlmsg_free(msg);
	}
	free(places);
}

static void add_file(struct file_sums *sum, unsigned int kind, uint64_t bytes, bool orphan)
{
	sum->n[kind]++;
	sum->bytes[kind] += bytes;
	sum->orphans[kind] += orphan;
	sum->orphan_bytes[kind] += orphan ? bytes : 0;
}

/* Adds up files by the namespace of their folder. A file with several names counts once. */
static void add_up(const struct posix_shm *found, const ssize_t *places, struct file_sums *sums,
		   struct file_sums *total)
{
	const struct shm_file *file;
	unsigned int kind;
	uint64_t bytes;
	ssize_t place;
	bool orphan;
	size_t i;

	total->has_users = found->users;
	for (i = 0; i < found->n_folders; i++)
		if (places[i] >= 0)
			sums[places[i]].has_users = found->users;
	for (i = 0; i < found->n; i++) {
		file = &found->files[i];
		bytes = i && file[-1].dev == file->dev && file[-1].ino == file->ino ? 0 : file->used;
		orphan = file_is_unused(found, file);
		kind = kind_of(file) - KIND_PSHM;
		place = places[file->folder];
		add_file(total, kind, bytes, orphan);
		if (place >= 0)
			add_file(&sums[place], kind, bytes, orphan);
	}
}

/**
 * file_sums_read - add up the files of namespaces
 * @namespaces: some or all namespaces, sorted
 * @total: set to the sums of all files of the machine
 *
 * Returns the sums of each namespace, for free(3); NULL if they are not known: the caller may not
 * look into all processes and folders, or there are too many files.
 */
struct file_sums *file_sums_read(const struct row_store *namespaces, struct file_sums *total)
{
	struct posix_shm found = { 0 };
	struct file_sums *sums;
	ssize_t *places;

	*total = (struct file_sums){ 0 };
	if (!posix_shm_permitted())
		return NULL;
	posix_shm_read(&found, true, 0);
	places = file_namespaces(&found, namespaces);
	sums = xcalloc(namespaces->n, sizeof(*sums));
	add_up(&found, places, sums, total);
	free(places);
	if (found.partial) {
		free(sums);
		sums = NULL;
	}
	posix_shm_free(&found);
	return sums;
}

/** file_fill_status - fill @value with what is special about a file */
void file_fill_status(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[] = {
		[1 << STATUS_DELETED] = "deleted",
		[1 << STATUS_MOUNTED] = "mounted",
		[1 << STATUS_DELETED | 1 << STATUS_MOUNTED] = "deleted,mounted",
	};
	uint64_t bits;

	if (ipcns_uint(row->nest[column->nest], &bits) && bits < ARRAY_SIZE(names) && names[bits])
		value_text(value, names[bits]);
}

/** file_fill_numbers - fill @value with an attribute that is a list of numbers */
void file_fill_numbers(const struct column *column, const struct row *row, struct value *value)
{
	struct nlattr *attr = row->nest[column->nest];

	if (attr)
		value_numbers(value, nla_data(attr), nla_len(attr));
}

/**
 * file_fill_unit - fill @value with the unit of the lowest process that uses the file
 *
 * Of a file that nobody uses, that of the lowest process that sees it.
 */
void file_fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t pid;

	(void)column;
	if (ipcns_uint(row->nest[FILE_PID], &pid) || ipcns_uint(row->nest[FILE_VIEWER], &pid))
		value_unit(value, pid);
}
