/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_MEMBER_H
#define _IPCNS_MEMBER_H

#include <linux/sched.h>
#include <linux/types.h>

#include "access.h"
#include "walk.h"

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

int ipcns_members(const struct ipcns_reader *r, const struct ipcns_ref *refs, u32 n,
		  struct ipcns_members *members);

#endif /* _IPCNS_MEMBER_H */
