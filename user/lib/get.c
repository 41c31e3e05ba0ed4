// SPDX-License-Identifier: LGPL-2.1-only
/* Requests for namespaces, objects, limits, holders and status. */
#include <errno.h>
#include <sched.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "lib.h"

/* Of one namespace, which is an error if it is not there, or of all. */
static int one_or_all(struct ipcns *c, uint8_t cmd, int attr, uint64_t ns_id, ipcns_row_fn row,
		      ipcns_restart_fn restart, void *arg)
{
	struct ipcns_request *r = ipcns_request(cmd);

	if (!ns_id)
		return ipcns_dump(c, r, row, restart, arg);
	ipcns_put_u64(r, attr, ns_id);
	return ipcns_do(c, r, row, arg);
}

/**
 * ipcns_namespaces - one row for each namespace, of attributes IPCNS_A_NS_*
 * @c: the connection
 * @ns_id: identity of the only one wanted, 0 for all
 * @row: takes a row
 * @restart: see ipcns_dump()
 * @arg: passed to both
 *
 * Returns 0 or a negative errno, -ENOENT if there is no namespace @ns_id, or none that the caller
 * may see.
 */
int ipcns_namespaces(struct ipcns *c, uint64_t ns_id, ipcns_row_fn row, ipcns_restart_fn restart,
		     void *arg)
{
	return one_or_all(c, IPCNS_CMD_NS_GET, IPCNS_A_NS_ID, ns_id, row, restart, arg);
}

/**
 * ipcns_objects_sized - one row for each object, of attributes IPCNS_A_OBJECT_*
 * @c: the connection
 * @filter: which are wanted; NULL for all
 * @filter_size: size of @filter
 * @row: takes a row
 * @restart: see ipcns_dump()
 * @arg: passed to both
 *
 * Returns 0 or a negative errno, -ENOENT if the namespace of the filter is not there, -E2BIG if the
 * filter has a condition that this version of the library does not know.
 */
int ipcns_objects_sized(struct ipcns *c, const struct ipcns_object_filter *filter,
			size_t filter_size, ipcns_row_fn row, ipcns_restart_fn restart, void *arg)
{
	struct ipcns_object_filter known = { 0 };
	struct ipcns_request *r;

	if (filter && !struct_take(&known, sizeof(known), filter, filter_size))
		return connection_error(c, -E2BIG, "the library is too old for this filter");
	r = ipcns_request(IPCNS_CMD_OBJECT_GET);
	if (known.ns_id)
		ipcns_put_u64(r, IPCNS_A_OBJECT_NS_ID, known.ns_id);
	if (known.kinds)
		ipcns_put_u32(r, IPCNS_A_OBJECT_KINDS, known.kinds);
	if (known.key)
		ipcns_put_u32(r, IPCNS_A_OBJECT_KEY, *known.key);
	if (known.uid)
		ipcns_put_u32(r, IPCNS_A_OBJECT_UID, *known.uid);
	return ipcns_dump(c, r, row, restart, arg);
}

/**
 * ipcns_holders - processes and attached segments that keep a namespace, and its count of references
 * @c: the connection
 * @ns_id: identity of the only namespace wanted, 0 for all
 * @kinds: mask of 1 << enum ipcns_holder_kind, 0 for all
 * @row: takes a row, of attributes IPCNS_A_HOLDER_*
 * @restart: see ipcns_dump()
 * @arg: passed to both
 *
 * Returns 0 or a negative errno, -ENOENT if the namespace is not there, -EPERM if the caller may
 * not know.
 */
int ipcns_holders(struct ipcns *c, uint64_t ns_id, uint32_t kinds, ipcns_row_fn row,
		  ipcns_restart_fn restart, void *arg)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_HOLDER_GET);

	if (ns_id)
		ipcns_put_u64(r, IPCNS_A_HOLDER_NS_ID, ns_id);
	if (kinds)
		ipcns_put_u32(r, IPCNS_A_HOLDER_KINDS, kinds);
	return ipcns_dump(c, r, row, restart, arg);
}

/** ipcns_limits - as ipcns_namespaces(), of attributes IPCNS_A_LIMITS_* */
int ipcns_limits(struct ipcns *c, uint64_t ns_id, ipcns_row_fn row, ipcns_restart_fn restart,
		 void *arg)
{
	return one_or_all(c, IPCNS_CMD_LIMITS_GET, IPCNS_A_LIMITS_NS_ID, ns_id, row, restart, arg);
}

/** ipcns_status - the state of the module as one row, of attributes IPCNS_A_STATUS_* */
int ipcns_status(struct ipcns *c, ipcns_row_fn row, void *arg)
{
	return ipcns_do(c, ipcns_request(IPCNS_CMD_STATUS_GET), row, arg);
}

/* What ns-open answers. */
struct opened {
	uint64_t inum, id;
	int fd;			/* -1 if there is none */
};

static void take_opened(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *table[IPCNS_A_NS_MAX + 1];
	struct opened *opened = arg;
	uint64_t fd;

	if (ipcns_index(table, IPCNS_A_NS_MAX + 1, attrs, len) &&
	    ipcns_uint(table[IPCNS_A_NS_INUM], &opened->inum) &&
	    ipcns_uint(table[IPCNS_A_NS_ID], &opened->id) &&
	    ipcns_uint(table[IPCNS_A_NS_FD], &fd) && fd <= INT32_MAX)
		opened->fd = fd;
}

/* Whether @fd is an IPC namespace with inode number @inum: a number alone says nothing. */
static bool is_namespace(int fd, uint64_t inum)
{
	struct statfs fs;
	struct stat st;

	return !fstat(fd, &st) && st.st_ino == inum && !fstatfs(fd, &fs) &&
	       fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWIPC;
}

/**
 * ipcns_open_namespace - open a namespace, for setns(2)
 * @c: the connection
 * @ns_id: its identity
 *
 * Returns a descriptor, close-on-exec, or a negative errno: -EPERM for a caller without
 * CAP_SYS_ADMIN over the namespace, -EBADMSG if what the answer names is not that namespace. The
 * descriptor keeps the namespace until it is closed.
 */
int ipcns_open_namespace(struct ipcns *c, uint64_t ns_id)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_NS_OPEN);
	struct opened opened = { .fd = -1 };
	bool good;
	int ret;

	ipcns_put_u64(r, IPCNS_A_NS_ID, ns_id);
	ret = ipcns_do(c, r, take_opened, &opened);
	good = opened.fd >= 0 && opened.id == ns_id && is_namespace(opened.fd, opened.inum);
	if (!ret && good)
		return opened.fd;
	/* Any other number may be a descriptor that the caller uses. */
	if (good)
		close(opened.fd);
	return ret ?: connection_error(c, -EBADMSG, "malformed answer");
}

/**
 * ipcns_lookup_sized - look up the namespace that a name means
 * @c: the connection
 * @name: from ipcns_name_parse()
 * @name_size: size of @name
 * @row: takes its row, of attributes IPCNS_A_NS_*
 * @arg: passed to it
 *
 * Returns 0 or a negative errno, -ENOENT if there is none or, where @name->exists, if the caller
 * may not see it; -ENOTUNIQ if several have that inode number, -E2BIG if this version of the library
 * does not know all of @name.
 */
int ipcns_lookup_sized(struct ipcns *c, const struct ipcns_name *name, size_t name_size,
		       ipcns_row_fn row, void *arg)
{
	struct ipcns_request *r;
	struct ipcns_name known;

	if (!struct_take(&known, sizeof(known), name, name_size))
		return connection_error(c, -E2BIG, "the library is too old for this name");
	r = ipcns_request(IPCNS_CMD_NS_GET);
	if (known.by_id)
		ipcns_put_u64(r, IPCNS_A_NS_ID, known.value);
	else
		ipcns_put_u32(r, IPCNS_A_NS_INUM, known.value);
	return ipcns_do(c, r, row, arg);
}
