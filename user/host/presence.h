/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PRESENCE_H
#define IPCNSCTL_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "id_set.h"

/* A tmpfs that is mounted in a mount namespace. */
struct tmpfs_view {
	uint64_t mntns;
	uint32_t dev;		/* as in struct mount */
};

/* Who is where; all zero at first. */
struct presences {
	struct number_set users;	/* by namespace, see presences_have() */
	struct tmpfs_view *views;	/* sorted by device; each once */
	size_t n_views;
	bool complete;			/* whether all tasks could be looked at, and */
	bool views_complete;		/* their mounts */
};

void presences_read(struct presences *all);
bool presences_have(const struct presences *all, uint64_t inum, uint32_t uid);
bool presences_see(const struct presences *all, uint32_t dev, uint32_t uid);
void presences_free(struct presences *all);

#endif
