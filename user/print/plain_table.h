/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PLAIN_TABLE_H
#define IPCNSCTL_PLAIN_TABLE_H

#include "print/columns.h"
#include "print/text.h"

struct plain_table_block;

/* A table for a file or a pipe. Its first row are the headings. */
struct plain_table {
	const struct column_choice *columns;
	bool wide;		/* every cell counts for its column's width */
	size_t *widths;		/* of columns */
	size_t n;		/* rows */
	size_t column;		/* of the next cell */
	size_t *above;		/* of columns: where in @rows the cell above the next one is */
	struct buffer rows;	/* see plain_table.c */
	struct buffer keys;	/* see there */
	struct buffer cell;	/* one that is being added */
	struct plain_table_block *blocks;
	size_t n_blocks, blocks_allocated;
	size_t *states;		/* what @above was where blocks begin */
	size_t states_allocated;
	struct sort_key last;	/* of the row before */
	size_t last_text;	/* where in @keys its text is */
	bool marked;		/* see plain_table_mark() */
	bool fresh;		/* there is no row above the next one */
};

void plain_table_begin(struct plain_table *table, const struct column_choice *columns, bool wide);
void plain_table_add(struct plain_table *table, const char *text, size_t len);
void plain_table_add_plain(struct plain_table *table, const char *text, size_t len);
void plain_table_repeat(struct plain_table *table);
void plain_table_key(struct plain_table *table, const struct sort_key *key);
size_t plain_table_mark(struct plain_table *table);
void plain_table_truncate(struct plain_table *table, size_t n);
void plain_table_end(struct plain_table *table, bool headings);

#endif
