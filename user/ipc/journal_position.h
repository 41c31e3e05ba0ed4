/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_JOURNAL_POSITION_H
#define IPCNSCTL_JOURNAL_POSITION_H

#include <stdbool.h>
#include <stdint.h>

/* How far a reader of events came, which a file keeps from one run to the next. */
struct state {
	char boot[40];		/* identity of the boot */
	uint64_t module;	/* of the module that was loaded, whose numbers these are */
	uint64_t seq;		/* last event that was taken */
};

void state_now(struct state *state, uint64_t seq);
bool state_same(const struct state *a, const struct state *b);
bool state_open(struct state *state, const char *path);
void state_write(const struct state *state);

#endif
