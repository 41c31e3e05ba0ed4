/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SHM_MEMORY_H
#define IPCNSCTL_SHM_MEMORY_H

#include "print/rows.h"

/* What the segments of one namespace have in memory. */
struct shm_memory {
	bool unknown;		/* of one of the segments */
	uint64_t rss, swap;	/* bytes */
};

struct shm_memory *shm_memory_get(struct ipcns *w, const struct row_store *namespaces);

#endif
