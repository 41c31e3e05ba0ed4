/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_JOURNAL_POSITION_H
#define IPCNSCTL_JOURNAL_POSITION_H

#include <stdbool.h>
#include <stdint.h>

/* How far a reader of events came, which a file keeps from one run to the next. */
struct journal_position {
	char boot[40];		/* identity of the boot */
	uint64_t module;	/* of the module that was loaded, whose numbers these are */
	uint64_t seq;		/* last event that was taken */
};

void journal_position_now(struct journal_position *state, uint64_t seq);
bool journal_position_same(const struct journal_position *a, const struct journal_position *b);
bool journal_position_open(struct journal_position *state, const char *path);
void journal_position_write(const struct journal_position *state);

#endif
