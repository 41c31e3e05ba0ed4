/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_TASK_H
#define _IPCNS_TASK_H

#include <linux/sched.h>
#include <linux/types.h>

#include "access.h"

/**
 * struct ipcns_name - a process as the reader sees it
 * @known:	there is one
 * @pid:	its process id, 0 if the reader cannot see it
 * @comm:	its command name
 */
struct ipcns_name {
	bool	known;
	u32	pid;
	char	comm[TASK_COMM_LEN];
};

/**
 * struct ipcns_claim - something that belongs to processes, by the address of
 * a thing that they share
 * @key:	that address, to be compared only
 * @name:	filled in: a process that has it
 * @user:	the caller's own
 */
struct ipcns_claim {
	const void		*key;
	struct ipcns_name	name;
	u32			user;
};

struct task_struct *ipcns_thread_get(pid_t *nr);
void ipcns_name(const struct ipcns_reader *r, struct task_struct *t, struct ipcns_name *name);
int ipcns_claims_name(const struct ipcns_reader *r, struct ipcns_claim *claims, u32 *n, u32 max,
		      const void *(*key)(struct task_struct *t));

#endif /* _IPCNS_TASK_H */
