/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PLAIN_TABLE_H
#define IPCNSCTL_PLAIN_TABLE_H

#include "print/columns.h"
#include "print/text.h"

struct grid_block;

/* A table for a file or a pipe. Its first row are the headings. */
struct grid {
	const struct selection *sel;
	size_t *widths;		/* of columns */
	size_t n;		/* rows */
	size_t column;		/* of the next cell */
	size_t *above;		/* of columns: where in @rows the cell above the next one is */
	struct buffer rows;	/* see grid.c */
	struct buffer keys;	/* see there */
	struct buffer cell;	/* one that is being added */
	struct grid_block *blocks;
	size_t n_blocks, blocks_allocated;
	size_t *states;		/* what @above was where blocks begin */
	size_t states_allocated;
	struct sort_key last;	/* of the row before */
	size_t last_text;	/* where in @keys its text is */
	bool marked;		/* see grid_mark() */
	bool fresh;		/* there is no row above the next one */
};

void grid_begin(struct grid *grid, const struct selection *sel);
void grid_add(struct grid *grid, const char *text, size_t len);
void grid_add_plain(struct grid *grid, const char *text, size_t len);
void grid_repeat(struct grid *grid);
void grid_key(struct grid *grid, const struct sort_key *key);
size_t grid_mark(struct grid *grid);
void grid_truncate(struct grid *grid, size_t n);
void grid_end(struct grid *grid, bool headings);

#endif
