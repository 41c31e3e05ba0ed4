/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_LONG_OUTPUT_H
#define IPCNSCTL_LONG_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum output_state {
	LONG_OUTPUT_OPEN,
	LONG_OUTPUT_STOPPED,	/* SIGINT or SIGTERM */
	LONG_OUTPUT_CLOSED,	/* nobody reads stdout any more */
};

void long_output_signals(void);
FILE *long_output_open(void (*progress)(void *arg), void *arg);
void long_output_mark(FILE *out, uint64_t position);
size_t long_output_pending(uint64_t *position);
bool long_output_is_complete(void);
enum output_state long_output_poll(int fd, int seconds);
bool long_output_room(int fd);
enum output_state long_output_flush(FILE *out);

#endif
