/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_GRID_H
#define IPCNSCTL_GRID_H

#include "column.h"
#include "text.h"

/* A table for a file or a pipe. Its first row are the headings. */
struct grid {
	const struct selection *sel;
	size_t *widths;		/* of columns */
	size_t column;		/* of the next cell */
	struct buffer rows;	/* see grid.c */
	struct buffer keys;	/* see there */
	struct buffer cell;	/* one that is being added */
	size_t n_keys;		/* rows with keys */
	struct sort_key last;	/* the last one's */
	size_t last_text;	/* where in @rows its text is */
	bool unsorted;		/* keys are not in order */
};

void grid_begin(struct grid *grid, const struct selection *sel);
void grid_add(struct grid *grid, const char *text, size_t len);
void grid_add_plain(struct grid *grid, const char *text, size_t len);
void grid_repeat(struct grid *grid);
void grid_key(struct grid *grid, const struct sort_key *key);
void grid_truncate(struct grid *grid, size_t n);
void grid_end(struct grid *grid, bool headings);

#endif
