/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_REMOVAL_H
#define IPCNSCTL_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum removal_result {
	REMOVAL_NOT_TRIED,
	REMOVAL_DONE,
	REMOVAL_MARKED,		/* a segment: it goes when nobody has it attached any more */
	REMOVAL_GONE,		/* it is not there any more */
	REMOVAL_CHANGED,	/* it is not as it was listed */
	REMOVAL_ATTACHED,	/* a segment that is attached was not to be removed */
	REMOVAL_OPEN,		/* a file that is open or mapped was not to be removed */
	REMOVAL_HIDDEN,		/* a file: no process sees its folder at /dev/shm as it was listed */
	REMOVAL_MISPLACED,	/* another file, which could not get its name back */
	REMOVAL_FAILED,		/* errno in error */
	REMOVAL_UNKNOWN,	/* nobody reported what came of it */
};

/* One object that is to be removed, as it was listed. */
struct removal {
	unsigned int kind;	/* enum ipcns_kind; any other for a file of /dev/shm */
	uint64_t id;		/* of a POSIX queue or a file, its inode number */
	uint32_t key, uid;
	int64_t ctime;
	int64_t last[2];	/* of a set, its otime; of a System V queue, stime and rtime */
	char *name;		/* of a POSIX queue or a file */
	uint32_t dev, pid;	/* of a file: its device, and a process that sees it */
	uint64_t folder;	/* of a file: inode number of its folder */
	bool in_use;		/* remove it although it is used */
	enum removal_result result;
	int error;
	uint64_t attached;	/* attachments of a segment just before */
};

/* Why the removals of a namespace did not take place, or not all of them. */
enum removal_state {
	REMOVALS_DONE,
	REMOVALS_NO_PROCESS,	/* errno */
	REMOVALS_REFUSED,	/* errno: the namespace cannot be entered */
	REMOVALS_KILLED,	/* the process in there was killed */
	REMOVALS_STOPPED,
	REMOVALS_SILENT,
};

enum removal_state removals_run(int ns, struct removal *removals, size_t n);

#endif
