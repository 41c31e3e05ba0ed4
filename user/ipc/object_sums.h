/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_SUMS_H
#define IPCNSCTL_OBJECT_SUMS_H

#include "ipc/object.h"
#include "print/rows.h"

/* Sums over the objects of one namespace that the kernel does not count itself. */
struct object_sums {
	bool unknown;		/* memory of one of the segments */
	uint64_t rss, swap;	/* of segments, bytes */
	uint64_t mq_messages;	/* in POSIX queues */
	uint64_t orphans[MODULE_KINDS], sure[MODULE_KINDS];	/* all, and the sure ones */
	uint64_t orphan_bytes[MODULE_KINDS];
};

struct object_sums *object_sums_get(struct ipcns *w, const struct row_store *namespaces,
				    unsigned int kinds);

#endif
