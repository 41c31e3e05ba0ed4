/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernel versions. Included before every file
 * of the module (see Kbuild), so that the rest reads as if written for the
 * newest kernel only.
 */
#ifndef _IPCNS_COMPAT_H
#define _IPCNS_COMPAT_H

#include <linux/version.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/hugetlb.h>
#include <linux/ipc_namespace.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

/* 6.17 gave the workqueue a new name, and 7.x complains about the old one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq system_unbound_wq
#endif

/**
 * ipcns_merge_ops() - join do and dump of each command in one entry
 * @ops:	the entries
 * @n_ops:	how many
 * @merged:	room for as many
 *
 * Before 6.2 there is one struct genl_ops for do and dump of a command. The
 * generated table has an entry for each, and net/netlink/genetlink.c
 * genl_validate_ops() refuses a command that is there twice.
 *
 * The two have the same attributes, or only one has any (the spec sees to it),
 * so one policy serves.
 *
 * Return: entries in @merged.
 */
static inline unsigned int ipcns_merge_ops(const struct genl_ops *ops, unsigned int n_ops,
					   struct genl_ops *merged)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_ops; i++) {
		const struct genl_ops *op = &ops[i];

		if (n && merged[n - 1].cmd == op->cmd) {
			merged[n - 1].start = op->start;
			merged[n - 1].dumpit = op->dumpit;
			merged[n - 1].done = op->done;
			merged[n - 1].flags |= op->flags;
			if (op->policy) {
				merged[n - 1].policy = op->policy;
				merged[n - 1].maxattr = op->maxattr;
			}
		} else {
			merged[n++] = *op;
		}
	}
	return n;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define genl_split_ops genl_ops
#define split_ops ops
#define n_split_ops n_ops

static inline void ipcns_nl_merge_ops(struct genl_family *family, struct genl_ops *merged)
{
	family->n_ops = ipcns_merge_ops(family->ops, family->n_ops, merged);
	family->ops = merged;
}
#else
static inline void ipcns_nl_merge_ops(struct genl_family *family, struct genl_split_ops *merged)
{
}
#endif

/**
 * ipcns_dump_attrs() - the parsed attributes of a dump request
 * @cb:		state of the dump
 */
static inline struct nlattr **ipcns_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->attrs;
#else
	return genl_info_dump(cb)->attrs;
#endif
}

/**
 * ipcns_native_id() - identity that the kernel itself gives a namespace
 * @ns:		an IPC namespace
 *
 * 6.18 has ids, but no listns(2), and gives them only after shm_init_ns(), at
 * which births are recorded.
 *
 * Return: the id of listns(2), or 0 where the kernel has none (before 6.19).
 */
static inline u64 ipcns_native_id(const struct ipc_namespace *ns)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return 0;
#else
	return ns->ns.ns_id;
#endif
}

/* For namespaces that unit tests make up; 6.18 and later look at the id when they count. */
static inline void ipcns_set_native_id(struct ipc_namespace *ns, u64 id)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	ns->ns.ns_id = id;
#endif
}

/* The member of struct ns_common that counts references. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define IPCNS_COUNT count
#else
#define IPCNS_COUNT __ns_ref
#endif

/**
 * ipcns_ref_count() - the reference count of a namespace
 * @ns:		an IPC namespace
 */
static inline unsigned int ipcns_ref_count(const struct ipc_namespace *ns)
{
	return refcount_read(&ns->ns.IPCNS_COUNT);
}

/**
 * ipcns_is_counted() - does the kernel count references on a namespace?
 * @ns:		an IPC namespace
 *
 * Since 6.18 those on the initial one are not (include/linux/ns_common.h).
 */
static inline bool ipcns_is_counted(const struct ipc_namespace *ns)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	return true;
#else
	return !is_ns_init_id(to_ns_common(ns));
#endif
}

/* ipc/sem.c struct sem_undo has its adjustments within itself since 6.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define IPCNS_SEMADJ_IS_POINTER
#endif

/**
 * ipcns_hugetlb_pages() - resident memory of a hugetlbfs file
 * @inode:	inode of the file
 *
 * mm/hugetlb.c counts huge pages in the page cache of 6.1, small ones since
 * 6.7; compare shm_add_rss_swap() of both.
 *
 * Return: pages of PAGE_SIZE.
 */
static inline u64 ipcns_hugetlb_pages(struct inode *inode)
{
	u64 pages = READ_ONCE(inode->i_mapping->nrpages);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	pages *= pages_per_huge_page(hstate_inode(inode));
#endif
	return pages;
}

/**
 * ipcns_inode_ctime() - time of the last change of an inode
 * @inode:	an inode
 *
 * Return: seconds since the epoch.
 */
static inline time64_t ipcns_inode_ctime(const struct inode *inode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	return inode->i_ctime.tv_sec;
#else
	return inode_get_ctime(inode).tv_sec;
#endif
}

/*
 * Arguments of a function at its entry. Where ftrace saves them in any case, there
 * is ftrace_regs_get_argument() from 6.2 on; 6.1 has them on amd64, in registers
 * (arch/x86/kernel/ftrace_64.S save_mcount_regs). Elsewhere all registers are
 * asked for, which a kernel that saves arguments only would refuse.
 */
#if defined(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS)
#define IPCNS_FTRACE_FLAGS 0
#else
#define IPCNS_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#endif

/**
 * ipcns_argument() - an argument of a function at its entry
 * @regs:	what ftrace saved
 * @n:		number of the argument, from 0 to 5
 */
static __always_inline unsigned long ipcns_argument(struct ftrace_regs *regs, unsigned int n)
{
#if defined(ftrace_regs_get_argument) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return ftrace_regs_get_argument(regs, n);
#elif defined(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS)
	return regs_get_kernel_argument(&regs->regs, n);
#else
	return regs_get_kernel_argument(ftrace_get_regs(regs), n);
#endif
}

#endif /* _IPCNS_COMPAT_H */
