/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_RECORDING_H
#define IPCNSCTL_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/event_line.h"

/* What the module records. */
struct recording {
	uint64_t next;		/* number that the next event will have */
	uint64_t held;		/* of the oldest event in its journal, @next if there is none */
	uint32_t objects;	/* mask of 1 << enum ipcns_event_object: all events about them, now */
	bool always;		/* all events, without a monitor too: record=objects */
	bool blind;		/* hooks were seen not to fire */
};

bool recording_get(struct ipcns *c, struct recording *r);
bool recording_misses(const struct recording *r, const struct event_mask *mask);
void recording_report_now(const struct recording *r);
void recording_report_past(const struct recording *r, const struct event_mask *mask);

#endif
