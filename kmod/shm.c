// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory segments.
 */
#include <linux/magic.h>
#include <linux/shmem_fs.h>

#include <net/netlink.h>

#include "attr.h"
#include "layout.h"
#include "object.h"

/*
 * As ipc/shm.c shm_add_rss_swap(). is_file_hugepages() needs a symbol that 6.1
 * does not export; the filesystem tells as well.
 */
static void read_memory(struct inode *inode, struct ipcns_object *o)
{
	o->shm.swap = 0;
	if (inode->i_sb->s_magic == HUGETLBFS_MAGIC) {
		o->shm.rss = ipcns_hugetlb_pages(inode) << PAGE_SHIFT;
		o->shm.status |= IPCNS_SHM_STATUS_HUGETLB;
		return;
	}
	o->shm.rss = (u64)READ_ONCE(inode->i_mapping->nrpages) << PAGE_SHIFT;
	if (IS_ENABLED(CONFIG_SHMEM))
		o->shm.swap = (u64)READ_ONCE(SHMEM_I(inode)->swapped) << PAGE_SHIFT;
}

static void shm_read(const struct ipcns_reader *r, struct kern_ipc_perm *perm,
		     struct ipcns_object *o)
{
	struct shmid_kernel *shp = container_of(perm, struct shmid_kernel, shm_perm);
	bool gone;

	o->kind = IPCNS_KIND_SHM;
	o->ctime = shp->shm_ctim;
	o->shm.size = shp->shm_segsz;
	o->shm.nattch = shp->shm_nattch;
	o->shm.atime = shp->shm_atim;
	o->shm.dtime = shp->shm_dtim;
	o->shm.cpid = ipcns_reader_pid(r, shp->shm_cprid);
	o->shm.lpid = ipcns_reader_pid(r, shp->shm_lprid);
	ipcns_remember(r, shp->shm_cprid, IPCNS_REMEMBERED_CPID, &o->gone, &o->there);
	ipcns_remember(r, shp->shm_lprid, IPCNS_REMEMBERED_LPID, &o->gone, &o->there);
	/* a caller who cannot see a process is not told that it ended, unless they are root */
	gone = r->admin ? !pid_task(shp->shm_cprid, PIDTYPE_TGID) :
			  o->gone & IPCNS_REMEMBERED_CPID;
	o->shm.orphan = !shp->shm_nattch && gone;
	o->shm.status = 0;
	if (perm->mode & SHM_DEST)
		o->shm.status |= IPCNS_SHM_STATUS_DEST;
	if (perm->mode & SHM_LOCKED)
		o->shm.status |= IPCNS_SHM_STATUS_LOCKED;
	/* shm_file stays while the segment is not deleted, ipc/shm.c shm_destroy() */
	read_memory(file_inode(shp->shm_file), o);
}

static int shm_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	if (ipcns_attr_u64(skb, IPCNS_A_SHM_SIZE, o->shm.size) ||
	    ipcns_attr_u64(skb, IPCNS_A_SHM_NATTCH, o->shm.nattch) ||
	    ipcns_attr_u64(skb, IPCNS_A_SHM_RSS, o->shm.rss) ||
	    ipcns_attr_u64(skb, IPCNS_A_SHM_SWAP, o->shm.swap) ||
	    ipcns_attr_u32(skb, IPCNS_A_SHM_STATUS, o->shm.status) ||
	    ipcns_attr_u64(skb, IPCNS_A_SHM_ATIME, o->shm.atime) ||
	    ipcns_attr_u64(skb, IPCNS_A_SHM_DTIME, o->shm.dtime) ||
	    ipcns_attr_u32(skb, IPCNS_A_SHM_CPID, o->shm.cpid) ||
	    ipcns_attr_u32(skb, IPCNS_A_SHM_LPID, o->shm.lpid) ||
	    (o->shm.orphan && nla_put_flag(skb, IPCNS_A_SHM_ORPHAN)))
		return -EMSGSIZE;
	return 0;
}

const struct ipcns_kind_ops ipcns_shm_ops = {
	.name		= "shm",
	.ids		= IPC_SHM_IDS,
	.collect	= ipcns_sysv_collect,
	.read		= shm_read,
	.fill		= shm_fill,
};
