/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels. Included before every file of the
 * module (see features.mk), so that the rest reads as if written for the newest
 * kernel only. What the kernel at hand has was found out from its headers, see
 * features.c: distributions put newer interfaces into older kernels, so versions
 * say nothing.
 */
#ifndef _IPCNS_COMPAT_H
#define _IPCNS_COMPAT_H

#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/hugetlb.h>
#include <linux/idr.h>
#include <linux/ipc_namespace.h>
#include <linux/mount.h>
#include <linux/percpu_counter.h>
#include <linux/pid_namespace.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

#if !IPCNS_HAS_SYSTEM_DFL_WQ
#define system_dfl_wq system_unbound_wq
#endif

/**
 * ipcns_merge_ops() - join do and dump of each command in one entry
 * @ops:	the entries
 * @n_ops:	how many
 * @merged:	room for as many
 *
 * Without genl_split_ops there is one struct genl_ops for do and dump of a command. The
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

#if !IPCNS_HAS_GENL_SPLIT_OPS
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
#if IPCNS_HAS_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/**
 * ipcns_native_id() - identity that the kernel itself gives a namespace
 * @ns:		an IPC namespace
 *
 * A kernel with ids, but without listns(2), 6.18, gives them only after
 * shm_init_ns(), where creations are recorded.
 *
 * Return: the id of listns(2), or 0 where the kernel has none.
 */
static inline u64 ipcns_native_id(const struct ipc_namespace *ns)
{
#if IPCNS_HAS_NS_ID && IPCNS_HAS_LISTNS
	return ns->ns.ns_id;
#else
	return 0;
#endif
}

/* For namespaces that unit tests make up; kernels with ids look at them when they count. */
static inline void ipcns_set_native_id(struct ipc_namespace *ns, u64 id)
{
#if IPCNS_HAS_NS_ID
	ns->ns.ns_id = id;
#endif
}

/* The member of struct ipc_namespace that counts references. */
#if IPCNS_HAS_NS_REF
#define IPCNS_COUNT ns.__ns_ref
#elif IPCNS_HAS_NS_COUNT
#define IPCNS_COUNT ns.count
#else
#define IPCNS_COUNT count
#endif

/**
 * ipcns_ref_count() - the reference count of a namespace
 * @ns:		an IPC namespace
 */
static inline unsigned int ipcns_ref_count(const struct ipc_namespace *ns)
{
	return refcount_read(&ns->IPCNS_COUNT);
}

/**
 * ipcns_is_counted() - does the kernel count references on a namespace?
 * @ns:		an IPC namespace
 *
 * Newer kernels leave out those on the initial one (include/linux/ns_common.h).
 */
static inline bool ipcns_is_counted(const struct ipc_namespace *ns)
{
#if IPCNS_HAS_NS_INIT_ID
	return !is_ns_init_id(to_ns_common(ns));
#else
	return true;
#endif
}

/**
 * ipcns_msg_count() - messages in the System V queues of a namespace
 * @ns:		an IPC namespace
 */
static inline u64 ipcns_msg_count(struct ipc_namespace *ns)
{
#if IPCNS_HAS_PERCPU_MSG_BYTES
	return percpu_counter_sum_positive(&ns->percpu_msg_hdrs);
#else
	return max(atomic_read(&ns->msg_hdrs), 0);
#endif
}

/**
 * ipcns_msg_bytes() - bytes in the System V queues of a namespace
 * @ns:		an IPC namespace
 *
 * Counters that are one for each processor are added up as percpu_counter_sum()
 * does, but without its lock: the sum is exact if it does not change meanwhile.
 *
 * Context: any, also in a hook.
 */
static inline u64 ipcns_msg_bytes(const struct ipc_namespace *ns)
{
#if IPCNS_HAS_PERCPU_MSG_BYTES
	s64 n = READ_ONCE(ns->percpu_msg_bytes.count);
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(*per_cpu_ptr(ns->percpu_msg_bytes.counters, cpu));
	return max_t(s64, n, 0);
#else
	return max(atomic_read(&ns->msg_bytes), 0);
#endif
}

#define IPCNS_CGROUPS_FOUND (IPCNS_HAS_CGROUP_GET_FROM_ID && IS_ENABLED(CONFIG_CGROUPS))

/**
 * ipcns_cgroup_path() - the path of a control group of the unified hierarchy, from its root
 * @id:		id of the group
 * @buf:	where the path goes
 * @size:	room there
 *
 * kernfs_path(), which does it, takes time in square proportion to how deep a group lies,
 * with interrupts off. So a group that lies too deep for @size is left out.
 *
 * Return: the length of the path; negative if there is no such group any more, or no room.
 */
static inline int ipcns_cgroup_path(u64 id, char *buf, size_t size)
{
	int len = -ENOENT;
#if IPCNS_CGROUPS_FOUND
	struct cgroup *cgrp = cgroup_get_from_id(id);

	if (IS_ERR_OR_NULL(cgrp))
		return len;
	if (cgrp->level < size / 2)
		len = cgroup_path(cgrp, buf, size);
	cgroup_put(cgrp);
	/* some kernels return the length of what they have cut off */
	if (len >= (int)size - 1)
		len = -ENAMETOOLONG;
#endif
	return len;
}

#if !IPCNS_HAS_FIND_GE_PID
/* kernel/pid.c find_ge_pid(), which is not for modules there */
#define find_ge_pid ipcns_find_ge_pid
static inline struct pid *ipcns_find_ge_pid(int nr, struct pid_namespace *ns)
{
	return idr_get_next(&ns->idr, &nr);
}
#endif

/**
 * ipcns_open_root() - open a file below a directory
 * @root:	the directory
 * @path:	path of the file from there
 */
static inline struct file *ipcns_open_root(const struct path *root, const char *path)
{
#if IPCNS_HAS_FILE_OPEN_ROOT_PATH
	return file_open_root(root, path, O_RDONLY, 0);
#else
	return file_open_root(root->dentry, root->mnt, path, O_RDONLY, 0);
#endif
}

/**
 * ipcns_hugetlb_pages() - resident memory of a hugetlbfs file
 * @inode:	inode of the file
 *
 * Older kernels count huge pages in their page cache, newer ones small pages;
 * compare ipc/shm.c shm_add_rss_swap() of both.
 *
 * Return: pages of PAGE_SIZE.
 */
static inline u64 ipcns_hugetlb_pages(struct inode *inode)
{
	u64 pages = READ_ONCE(inode->i_mapping->nrpages);

#if !IPCNS_HAS_HUGETLB_SMALL_PAGES
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
#if IPCNS_HAS_INODE_GET_CTIME
	return inode_get_ctime(inode).tv_sec;
#else
	return inode->i_ctime.tv_sec;
#endif
}

/*
 * The last step in the life of a namespace. Where no function for it alone is called, it
 * is that its inode number is freed, after ipc/shm.c shm_exit_ns().
 */
#if IPCNS_HAS_RETIRE_IPC_SYSCTLS && defined(CONFIG_SYSVIPC_SYSCTL)
#define IPCNS_EXIT_HOOKED 0
#define IPCNS_DESTROYED_HOOKS [DESTROYED] = ENTRY(IPCNS_HOOKS_ALWAYS, "retire_ipc_sysctls")
#else
#define IPCNS_EXIT_HOOKED 1
#define IPCNS_DESTROYED_HOOKS [DESTROYED] = ENTRY(IPCNS_HOOKS_ALWAYS, "proc_free_inum"), \
			      [EXIT] = ENTRY(IPCNS_HOOKS_ALWAYS, "shm_exit_ns")
#endif

/* Callbacks of ftrace get a struct pt_regs where there is no struct ftrace_regs. */
#if !IPCNS_HAS_FTRACE_REGS
#define ftrace_regs pt_regs
#endif

/*
 * Arguments of a function at its entry. Where ftrace saves them in any case, there
 * is ftrace_regs_get_argument() or, on amd64, struct pt_regs with the arguments
 * (arch/x86/kernel/ftrace_64.S save_mcount_regs). Elsewhere all registers are
 * asked for, which a kernel that saves arguments only would refuse.
 */
#if IPCNS_HAS_FTRACE_REGS && defined(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS)
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
#if !IPCNS_HAS_FTRACE_REGS
	return regs_get_kernel_argument(regs, n);
#elif IPCNS_HAS_FTRACE_REGS_GET_ARGUMENT
	return ftrace_regs_get_argument(regs, n);
#elif defined(CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS)
	return regs_get_kernel_argument(&regs->regs, n);
#else
	return regs_get_kernel_argument(ftrace_get_regs(regs), n);
#endif
}

/**
 * ipcns_free_filter() - free the filter of ftrace_ops
 * @ops:	the ops, not registered
 */
static inline void ipcns_free_filter(struct ftrace_ops *ops)
{
#if IPCNS_HAS_FTRACE_FREE_FILTER
	ftrace_free_filter(ops);
#else
	ftrace_set_filter(ops, NULL, 0, 1);
#endif
}

#endif /* _IPCNS_COMPAT_H */
