/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_CGROUP_H
#define _IPCNS_CGROUP_H

#include <linux/cgroup.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

struct sk_buff;

/**
 * ipcns_cgroup_current() - the control group of the present task
 *
 * That of the unified hierarchy: its root, where that hierarchy is not in use.
 *
 * Context: any with preemption off, which keeps the task's css_set
 * (kernel/cgroup/cgroup.c put_css_set_locked()), and that its group.
 * Return: its id, 0 without control groups. The low half numbers directories and files, the
 * other one counts restarts of that (fs/kernfs/dir.c __kernfs_new_node()).
 */
static __always_inline u64 ipcns_cgroup_current(void)
{
#ifdef CONFIG_CGROUPS
	return cgroup_id(rcu_dereference_raw(current->cgroups)->dfl_cgrp);
#else
	return 0;
#endif
}

void ipcns_cgroups_exit(void);
u32 ipcns_cgroup_place(u64 id, u64 seq);
int ipcns_cgroup_fill(struct sk_buff *skb, u32 place, u64 seq);

#endif /* _IPCNS_CGROUP_H */
