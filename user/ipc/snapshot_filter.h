/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SNAPSHOT_FILTER_H
#define IPCNSCTL_SNAPSHOT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/event_line.h"
#include "ipc/object_set.h"
#include "print/rows.h"

struct told_thing;

/* What the reader was told of, by a snapshot and since. */
struct told {
	struct objset objects;		/* of the snapshot; those that he was told of are marked */
	struct told_thing *things;	/* others, and what became of these */
	size_t n, size;
};

void told_ns(struct told *told, const struct record *rec);
bool told_admit(struct told *told, const struct ipcns_event *e);
void told_clear(struct told *told);

#endif
