// SPDX-License-Identifier: LGPL-2.1-only
/* Requests for what there is. */
#include <errno.h>
#include <unistd.h>

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
 * ipcns_objects - one row for each object, of attributes IPCNS_A_OBJECT_*
 * @c: the connection
 * @filter: which are wanted; NULL for all
 * @row: takes a row
 * @restart: see ipcns_dump()
 * @arg: passed to both
 *
 * Returns 0 or a negative errno, -ENOENT if the namespace of the filter is not there.
 */
int ipcns_objects(struct ipcns *c, const struct ipcns_object_filter *filter, ipcns_row_fn row,
		  ipcns_restart_fn restart, void *arg)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_OBJECT_GET);

	if (filter && filter->ns_id)
		ipcns_put_u64(r, IPCNS_A_OBJECT_NS_ID, filter->ns_id);
	if (filter && filter->kinds)
		ipcns_put_u32(r, IPCNS_A_OBJECT_KINDS, filter->kinds);
	if (filter && filter->key)
		ipcns_put_u32(r, IPCNS_A_OBJECT_KEY, *filter->key);
	if (filter && filter->uid)
		ipcns_put_u32(r, IPCNS_A_OBJECT_UID, *filter->uid);
	return ipcns_dump(c, r, row, restart, arg);
}

/**
 * ipcns_holders - one row for each thing that keeps a namespace, and rows of how many there are
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

static void take_fd(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *table[IPCNS_A_NS_MAX + 1];
	uint64_t value;
	int *fd = arg;

	if (ipcns_index(table, IPCNS_A_NS_MAX + 1, attrs, len) &&
	    ipcns_uint(table[IPCNS_A_NS_FD], &value) && value <= INT32_MAX)
		*fd = value;
}

/**
 * ipcns_open_namespace - open a namespace, for setns(2)
 * @c: the connection
 * @ns_id: its identity
 *
 * Returns a descriptor, close-on-exec, or a negative errno: -EPERM for a caller without
 * CAP_SYS_ADMIN over the namespace. The descriptor keeps the namespace until it is closed.
 */
int ipcns_open_namespace(struct ipcns *c, uint64_t ns_id)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_NS_OPEN);
	int fd = -1;
	int ret;

	ipcns_put_u64(r, IPCNS_A_NS_ID, ns_id);
	ret = ipcns_do(c, r, take_fd, &fd);
	if (!ret)
		return fd >= 0 ? fd : connection_error(c, -EBADMSG, "malformed answer");
	if (fd >= 0)
		close(fd);
	return ret;
}

/**
 * ipcns_lookup - look up the namespace that a name means
 * @c: the connection
 * @name: from ipcns_name_parse()
 * @row: takes its row, of attributes IPCNS_A_NS_*
 * @arg: passed to it
 *
 * Returns 0 or a negative errno, -ENOENT if there is none or, where @name->exists, if the caller
 * may not see it; -ENOTUNIQ if several have that inode number.
 */
int ipcns_lookup(struct ipcns *c, const struct ipcns_name *name, ipcns_row_fn row, void *arg)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_NS_GET);

	if (name->by_id)
		ipcns_put_u64(r, IPCNS_A_NS_ID, name->value);
	else
		ipcns_put_u32(r, IPCNS_A_NS_INUM, name->value);
	return ipcns_do(c, r, row, arg);
}
