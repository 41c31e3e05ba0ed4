/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TOLD_H
#define IPCNSCTL_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "record.h"

struct told_thing;

/* What the reader was told of, by a snapshot and since. */
struct told {
	struct told_thing *things;
	size_t n, size;
};

void told_ns(struct told *told, const struct record *rec);
void told_object(struct told *told, const struct event_object *o);
bool told_admit(struct told *told, const struct ipcns_event *e);
void told_clear(struct told *told);

#endif
