/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PRESENCE_H
#define IPCNSCTL_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id_set.h"

/* A user who has a task in a namespace. */
struct presence {
	uint64_t inum;		/* of an IPC or a mount namespace: numbers of namespaces are unique */
	uint32_t uid;
};

/* A mount of a tmpfs. */
struct tmpfs_view {
	uint32_t dev;		/* as in struct mount */
	uint64_t mntns;
};

/* Who is where; all zero at first. */
struct presences {
	struct presence *rows;	/* sorted */
	size_t n, allocated;
	struct tmpfs_view *views;	/* sorted */
	size_t n_views, allocated_views;
	struct number_set mntns;	/* mount namespaces whose mounts were read */
	bool complete;			/* whether all tasks could be looked at, and */
	bool views_complete;		/* their mounts */
};

void presences_read(struct presences *all);
bool presences_have(const struct presences *all, uint64_t inum, uint32_t uid);
bool presences_see(const struct presences *all, uint32_t dev, uint32_t uid);
void presences_free(struct presences *all);

#endif
