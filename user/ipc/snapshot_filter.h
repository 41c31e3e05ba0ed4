/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SNAPSHOT_FILTER_H
#define IPCNSCTL_SNAPSHOT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/event_line.h"
#include "ipc/object_set.h"
#include "print/rows.h"

struct known_thing;

/* What was reported, by a snapshot and since. */
struct snapshot_filter {
	struct object_set objects;	/* of the snapshot; those that were reported are marked */
	struct known_thing *things;	/* others, and what became of these */
	size_t n, size;
};

void snapshot_filter_ns(struct snapshot_filter *filter, const struct row *row);
bool snapshot_filter_pass(struct snapshot_filter *filter, const struct ipcns_event *e);
void snapshot_filter_clear(struct snapshot_filter *filter);

#endif
