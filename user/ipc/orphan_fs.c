// SPDX-License-Identifier: GPL-2.0-only
/*
 * mqueue filesystems that live on after their namespace, because they are mounted somewhere: the
 * queues in them stay, though nobody can open them by mq_open(3) any more.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/ipcns.h>
#include <netlink/msg.h>

#include "host/mounts.h"
#include "host/mqueue_contents.h"
#include "id_set.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/orphan_fs.h"
#include "print/text.h"
#include "util.h"

/* Users make as many mounts as they like, at paths as long as can be: bytes of paths that are kept. */
#define PATHS_SIZE (16UL << 20)

struct orphan_fs {
	uint32_t dev;
	uint32_t pid;		/* a process that sees the first mount that was found */
	uint64_t mntns;		/* where that is */
	char *path;		/* NULL if there are too many */
	uint64_t more;		/* other mounts of it */
};

static struct {
	struct number_set known;	/* device numbers of filesystems that have a namespace */
	void *tree;		/* the rows, by device number */
	struct orphan_fs **rows;
	size_t n, allocated;
	size_t paths_len;
} found;

static int compare_devs(const void *p, const void *q)
{
	const struct orphan_fs *a = p, *b = q;

	return (a->dev > b->dev) - (a->dev < b->dev);
}

static struct orphan_fs *find_orphan(uint32_t dev)
{
	const struct orphan_fs wanted = { .dev = dev };
	struct orphan_fs **orphan = tfind(&wanted, &found.tree, compare_devs);

	return orphan ? *orphan : NULL;
}

static struct orphan_fs *add_orphan(const struct mount *mount)
{
	struct orphan_fs *orphan = xcalloc(1, sizeof(*orphan));

	*orphan = (struct orphan_fs){ .dev = mount->dev, .pid = mount->pid, .mntns = mount->mntns };
	if (!tsearch(orphan, &found.tree, compare_devs))
		die(STATUS_ERROR, "out of memory");
	found.rows = xgrow(found.rows, found.n, &found.allocated, sizeof(*found.rows));
	found.rows[found.n++] = orphan;
	return orphan;
}

static void take_mount(const struct mount *mount, void *arg)
{
	struct orphan_fs *orphan;

	(void)arg;
	if (mount->kind != MOUNT_MQUEUE || number_set_has(&found.known, mount->dev))
		return;
	orphan = find_orphan(mount->dev);
	if (orphan) {
		orphan->more++;
		return;
	}
	orphan = add_orphan(mount);
	if (found.paths_len + mount->len > PATHS_SIZE)
		return;
	found.paths_len += mount->len;
	orphan->path = xrealloc(NULL, mount->len + 1, 1);
	memcpy(orphan->path, mount->path, mount->len);
	orphan->path[mount->len] = '\0';
}

static void take_pending(struct nlattr *attrs, int len, void *arg)
{
	struct row row;

	if (row_parse(&row, attrs, len))
		ipcns_uint(row.attr[IPCNS_A_STATUS_PENDING], arg);
}

/*
 * Whether the module has met mqueue filesystems without a namespace. Without that nobody has to
 * look at mounts. A caller who may not know does without.
 */
static bool is_pending(struct ipcns *w)
{
	uint64_t pending = 0;

	return !ipcns_status(w, take_pending, &pending) && pending;
}

static void put(bool added)
{
	if (!added)
		die(STATUS_ERROR, "out of memory");
}

/* Adds a row such as the module's are, of what is known. */
static void add_row(const struct orphan_fs *orphan, struct row_store *store)
{
	struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_MIN_TYPE, 0);
	struct mqueue_contents contents = { 0 };
	struct stat st;
	char path[64];

	put(msg);
	put(nla_put_u32(msg, IPCNS_A_NS_STATE, ORPHAN_FS_STATE) >= 0);
	put(nla_put_u32(msg, IPCNS_A_NS_MQ_DEV, orphan->dev) >= 0);
	put(nla_put_u32(msg, IPCNS_A_NS_PID, orphan->pid) >= 0);
	snprintf(path, sizeof(path), "/proc/%u", orphan->pid);
	if (!stat(path, &st))
		put(nla_put_u32(msg, IPCNS_A_NS_UID, st.st_uid) >= 0);
	if (orphan->path &&
	    mqueue_contents_read(orphan->pid, orphan->path, orphan->dev, &contents)) {
		put(nla_put_u32(msg, IPCNS_A_NS_MQ, contents.queues) >= 0);
		put(nla_put_u64(msg, IPCNS_A_NS_MQ_BYTES, contents.bytes) >= 0);
	}
	row_store_add(store, nlmsg_attrdata(nlmsg_hdr(msg), 0), nlmsg_attrlen(nlmsg_hdr(msg), 0),
		      ns_sort_key);
	nlmsg_free(msg);
}

/**
 * orphan_fs_find - find mqueue filesystems that live on after their namespace
 * @w: the connection
 * @namespaces: all namespaces
 * @store: a row of each such filesystem is added
 *
 * Found are those that are mounted where a process is that the caller can look into.
 */
void orphan_fs_find(struct ipcns *w, const struct row_store *namespaces, struct row_store *store)
{
	struct row row;
	uint64_t dev;
	size_t i;

	if (!is_pending(w))
		return;
	for (i = 0; i < namespaces->n; i++)
		if (row_parse(&row, namespaces->rows[i].attrs, namespaces->rows[i].len) &&
		    ipcns_uint(row.attr[IPCNS_A_NS_MQ_DEV], &dev))
			number_set_add(&found.known, dev);
	mounts_read(take_mount, NULL, NULL);
	for (i = 0; i < found.n; i++)
		add_row(found.rows[i], store);
}

/**
 * orphan_fs_mount - where a filesystem is mounted that orphan_fs_find() found
 * @dev: its device number
 * @len: set to the length of the text
 *
 * Returns text that the next call overwrites, NULL for other filesystems.
 */
const char *orphan_fs_mount(uint32_t dev, size_t *len)
{
	const struct orphan_fs *orphan = find_orphan(dev);
	static struct buffer text;
	char part[64];

	if (!orphan)
		return NULL;
	text.len = 0;
	buffer_plain(&text, part, snprintf(part, sizeof(part), "mnt namespace %llu%s",
					   (unsigned long long)orphan->mntns,
					   orphan->path ? " at " : ""));
	if (orphan->path)
		buffer_plain(&text, orphan->path, strlen(orphan->path));
	if (orphan->more)
		buffer_plain(&text, part, snprintf(part, sizeof(part), ", %llu more",
						   (unsigned long long)orphan->more));
	*len = text.len;
	return text.bytes;
}

static void free_orphan(void *orphan)
{
	free(((struct orphan_fs *)orphan)->path);
	free(orphan);
}

/** orphan_fs_clear - forget what orphan_fs_find() found */
void orphan_fs_clear(void)
{
	tdestroy(found.tree, free_orphan);
	free(found.rows);
	number_set_clear(&found.known);
	memset(&found, 0, sizeof(found));
}
