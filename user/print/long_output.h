/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_LONG_OUTPUT_H
#define IPCNSCTL_LONG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sink_end {
	SINK_OPEN,
	SINK_STOPPED,	/* SIGINT or SIGTERM */
	SINK_CLOSED,	/* nobody reads stdout any more */
};

void sink_signals(void);
FILE *sink_open(void (*progress)(void *arg), void *arg);
void sink_mark(FILE *out, uint64_t position);
size_t sink_pending(uint64_t *position);
bool sink_is_complete(void);
enum sink_end sink_poll(int fd, bool wait);
bool sink_room(int fd);
enum sink_end sink_flush(FILE *out);

#endif
