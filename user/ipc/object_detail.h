/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_DETAIL_H
#define IPCNSCTL_OBJECT_DETAIL_H

#include "print/table.h"

/* Parts of what is shown of one object in depth. */
enum depth_part {
	DEPTH_FIRST,	/* the semaphores of a set, else the object itself */
	DEPTH_MESSAGES,
	DEPTH_WAITERS,
	DEPTH_UNDO,
	DEPTH_PARTS,
};

/* Which object, and what of it. */
struct depth {
	unsigned int kind;	/* enum ipcns_kind */
	uint64_t nsid;
	const char *ns;		/* the namespace as the user named it */
	uint32_t id;
	const char *name;	/* of a POSIX queue, instead of the id */
	enum depth_part part;
	bool only;		/* only that part */
};

bool depth_has(unsigned int kind, enum depth_part part);
const struct column_set *depth_columns(unsigned int kind, enum depth_part part);
int depth_print(struct ipcns *w, const struct depth *depth, const struct options *opts);

#endif
