/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SNAPSHOT_H
#define IPCNSCTL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "id_set.h"
#include "ipc/event_line.h"
#include "ipc/snapshot_filter.h"

bool snapshot_write(struct ipcns *w, const struct number_set *only, uint32_t objects,
		    struct snapshot_filter *filter, struct event_writer *writer);

#endif
