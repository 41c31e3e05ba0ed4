/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every walk over tasks.
 */
#ifndef _IPCNS_TASK_H
#define _IPCNS_TASK_H

#include <linux/sched.h>
#include <linux/types.h>

#include "access.h"
#include "walk.h"

/**
 * struct ipcns_process - a process as the reader sees it
 * @known:	a process was found
 * @pid:	its process id, 0 if the reader cannot see it
 * @comm:	its command name, for those who see the process
 */
struct ipcns_process {
	bool	known;
	u32	pid;
	char	comm[TASK_COMM_LEN];
};

/**
 * struct ipcns_shared_thing - a thing that processes have or share, such as an
 * address space
 * @key:	its address, to be compared only
 * @process:	filled in: a process that has it
 * @user:	the caller's own
 */
struct ipcns_shared_thing {
	const void		*key;
	struct ipcns_process	process;
	u32			user;
};

/**
 * struct ipcns_members - the processes inside one namespace
 * @nprocs:	processes with at least one thread inside
 * @pid:	lowest process id that the reader can see, 0 if none; with its
 * @ppid:	parent,
 * @uid:	effective user id, and
 * @comm:	command name
 */
struct ipcns_members {
	u32	nprocs;
	u32	pid;
	u32	ppid;
	u32	uid;
	char	comm[TASK_COMM_LEN];
};

void ipcns_process_read(const struct ipcns_reader *r, struct task_struct *t,
			struct ipcns_process *process);
int ipcns_process_fill(struct sk_buff *skb, int pid, int comm, const struct ipcns_process *process);
int ipcns_members(const struct ipcns_reader *r, const struct ipcns_ns_ref *refs, u32 n,
		  struct ipcns_members *members);
int ipcns_next_member(const struct ipcns_index *x, pid_t *nr, struct task_struct **member,
		      const void **nsproxy);
int ipcns_find_processes(const struct ipcns_reader *r, struct ipcns_shared_thing *things, u32 *n,
			 u32 max, const void *(*key)(struct task_struct *t));

/**
 * ipcns_process_hidden() - is a process to be counted only, not shown?
 * @r:		the reader
 * @process:	the process
 *
 * Of what no process was found for, it depends on whether the reader would
 * have seen any process.
 */
static inline bool ipcns_process_hidden(const struct ipcns_reader *r,
					const struct ipcns_process *process)
{
	return process->known ? !process->pid : r->pid_ns != &init_pid_ns;
}

#endif /* _IPCNS_TASK_H */
