// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the kernel's headers have. Not part of the module: the build
 * compiles this file once, in which each test is in order or has an error, and
 * compat.h goes by IPCNS_HAS_*, 1 or 0 (see features.mk). A test is
 *
 *	HAS(NAME, SINCE, ...)	an interface that differs between kernels;
 *	EXPORTED(NAME, SINCE)	a function that has to be declared, and exported to modules;
 *	NEEDS(NAME, WHAT, ...)	what the module cannot do without: the build ends, and says WHAT.
 *
 * A distribution's kernel can have interfaces of newer ones, so that its version
 * says nothing. SINCE is mainline's, for readers of the status.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/ftrace.h>
#include <linux/hugetlb.h>
#include <linux/idr.h>
#include <linux/ipc_namespace.h>
#include <linux/kprobes.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <asm/unistd.h>

#define USE(expression) ((void)(expression))
#define MEMBER(type, member) USE(sizeof(((type *)NULL)->member))
#define TEST(name, ...) static void name(void) { __VA_ARGS__; }
#define HAS(name, since, ...) TEST(has_##name, USE(since); __VA_ARGS__)
#define EXPORTED(name, since) TEST(exported_##name, USE(since); USE(&name))
#define NEEDS(name, what, ...) TEST(needs_##name, USE(what); __VA_ARGS__)

/* Requirements that no option stands for. Debian 11's 5.10 has all of them. */
NEEDS(ipc_ids, "struct ipc_ids with an idr and a hash table of keys (4.16)",
	MEMBER(struct ipc_ids, ipcs_idr);
	MEMBER(struct ipc_ids, key_ht.tbl);
	MEMBER(struct ipc_namespace, ids[2].in_use))
NEEDS(mq_mnt, "the mount of POSIX message queues in struct ipc_namespace (2.6.30)",
	MEMBER(struct ipc_namespace, mq_mnt->mnt_sb))
NEEDS(get_ipc_ns_not_zero, "get_ipc_ns_not_zero() (5.6)",
	USE(get_ipc_ns_not_zero((struct ipc_namespace *)NULL)))
NEEDS(nofault, "copy_from_kernel_nofault() (5.8)",
	USE(copy_from_kernel_nofault(NULL, NULL, 0)))
NEEDS(op_policy, "policies of single generic netlink commands (5.10)",
	MEMBER(struct genl_ops, policy))
NEEDS(policy_mask, "NLA_POLICY_MASK() (5.10)",
	static const struct nla_policy __maybe_unused policy = NLA_POLICY_MASK(NLA_U32, 1))
NEEDS(arguments, "regs_get_kernel_argument() on this architecture (amd64: 4.20, arm64: 5.1)",
	USE(regs_get_kernel_argument((struct pt_regs *)NULL, 0)))
NEEDS(permanent, "permanent ftrace_ops (5.5)",
	USE(FTRACE_OPS_FL_PERMANENT))

/* The new name of a workqueue; 7.x complains about the old one. */
HAS(system_dfl_wq, "6.17", USE(system_dfl_wq))

/* Entries for do and dump of a command, each by itself. */
HAS(genl_split_ops, "6.2", MEMBER(struct genl_family, split_ops))

/* Attributes of a dump request. */
HAS(genl_info_dump, "6.6", USE(genl_info_dump((struct netlink_callback *)NULL)->attrs))

/* The id that listns(2) gives; 6.18 has the member alone. */
HAS(ns_id, "6.18", MEMBER(struct ns_common, ns_id))
HAS(listns, "6.19", USE(__NR_listns))

/* Where references on a namespace are counted: ipc_namespace.count until 5.10. */
HAS(ns_count, "5.11", MEMBER(struct ns_common, count))
HAS(ns_ref, "6.18", MEMBER(struct ns_common, __ns_ref))

/* References on initial namespaces are not counted. */
HAS(ns_init_id, "6.18", USE(is_ns_init_id((struct ns_common *)NULL)))

/* Bytes and messages in queues: per processor, before in an atomic_t. */
HAS(percpu_msg_bytes, "6.1",
	MEMBER(struct ipc_namespace, percpu_msg_bytes);
	MEMBER(struct ipc_namespace, percpu_msg_hdrs))

/* The last step in the life of a namespace, where sysctls are its own. */
HAS(retire_ipc_sysctls, "5.19", USE(retire_ipc_sysctls((struct ipc_namespace *)NULL)))

/*
 * Came with the change that made the page cache of hugetlbfs count small pages
 * (mm/filemap: remove hugetlb special casing).
 */
HAS(hugetlb_small_pages, "6.7",
	USE(filemap_lock_hugetlb_folio((struct hstate *)NULL, (struct address_space *)NULL, 0)))

/* Before, inode->i_ctime. */
HAS(inode_get_ctime, "6.6", USE(inode_get_ctime((struct inode *)NULL)))

/* A path instead of a dentry and a mount. */
HAS(file_open_root_path, "5.12", USE(file_open_root((struct path *)NULL, "", 0, 0)))

/* The type of a callback's last argument, struct pt_regs before. */
HAS(ftrace_regs, "5.11",
	((ftrace_func_t)NULL)(0, 0, (struct ftrace_ops *)NULL, (struct ftrace_regs *)NULL))

/* An inline function on arm64, a macro elsewhere. */
HAS(ftrace_regs_get_argument, "6.2", USE(ftrace_regs_get_argument((struct ftrace_regs *)NULL, 0)))

EXPORTED(cgroup_get_from_id, "5.15")
EXPORTED(find_ge_pid, "5.14")
EXPORTED(ftrace_free_filter, "5.13")
