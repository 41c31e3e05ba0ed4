/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_GRID_H
#define IPCNSCTL_GRID_H

#include "column.h"
#include "text.h"

struct grid_key;

/* A table for a file or a pipe. Its first row are the headings. */
struct grid {
	const struct selection *sel;
	size_t *widths;		/* of columns */
	struct buffer cells;	/* texts */
	size_t *rows;		/* where in there a cell is, row by row */
	size_t n, allocated;	/* of all rows */
	struct grid_key *keys;	/* of rows, if they are to be sorted */
	size_t n_keys, keys_allocated;
};

void grid_begin(struct grid *grid, const struct selection *sel);
void grid_add(struct grid *grid, const char *text, size_t len);
void grid_repeat(struct grid *grid);
void grid_key(struct grid *grid, const struct sort_key *key);
void grid_truncate(struct grid *grid, size_t n);
void grid_end(struct grid *grid, bool headings);

#endif
