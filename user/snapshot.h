/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SNAPSHOT_H
#define IPCNSCTL_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "numberset.h"
#include "told.h"

bool snapshot_write(struct ipcns *w, const struct number_set *only, uint32_t objects,
		    struct told *told, struct event_writer *writer);

#endif
