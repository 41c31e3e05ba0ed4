/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_DETAIL_H
#define IPCNSCTL_OBJECT_DETAIL_H

#include "print/table.h"

/* Parts of what is shown of one object in depth. */
enum object_detail_part {
	OBJECT_DETAIL_FIRST,	/* the semaphores of a set, else the object itself */
	OBJECT_DETAIL_MESSAGES,
	OBJECT_DETAIL_WAITERS,
	OBJECT_DETAIL_UNDO,
	OBJECT_DETAIL_PARTS,
};

/* Which object, and what of it. */
struct object_detail {
	unsigned int kind;	/* enum ipcns_kind */
	uint64_t nsid;
	const char *ns;		/* the namespace as the user named it */
	uint32_t id;
	const char *name;	/* of a POSIX queue, instead of the id */
	enum object_detail_part part;
	bool only;		/* only that part */
};

bool object_detail_has(unsigned int kind, enum object_detail_part part);
const struct table_type *object_detail_columns(unsigned int kind, enum object_detail_part part);
int object_detail_print(struct ipcns *w, const struct object_detail *detail,
			const struct table_options *opts);

#endif
