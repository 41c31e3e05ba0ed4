// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables where there is no terminal: byte for byte what libsmartcols prints there, in less time.
 *
 * Tables in files can be large. Of 59,000 instructions for each of 30,000 objects, ten columns,
 * libsmartcols took 44,000: mbrtowc(3) for each character, once to find the widths and once more to
 * print, fputs(3) for each space, an allocation for each cell; no option of a table changes that.
 * This takes 3,000. A terminal is another matter: there columns are made to fit, by libsmartcols.
 */
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "ipcnsctl.h"

/* Stands before the text of each cell, in no particular alignment. */
struct head {
	uint32_t len;
	uint32_t width;
};

/** grid_begin - begin a table of the columns in @sel */
void grid_begin(struct grid *grid, const struct selection *sel)
{
	*grid = (struct grid){ .sel = sel };
	grid->widths = xrealloc(NULL, sel->n, sizeof(*grid->widths));
	memset(grid->widths, 0, sel->n * sizeof(*grid->widths));
}

/**
 * grid_add - append a cell
 * @grid: the table
 * @column: its column; cells come row by row, from left to right
 * @text: any bytes
 * @len: their number
 */
void grid_add(struct grid *grid, size_t column, const char *text, size_t len)
{
	struct buffer *cells = &grid->cells;
	size_t at = cells->len;
	struct head head;

	buffer_room(cells, sizeof(head));
	cells->len += sizeof(head);
	head.width = buffer_safe(cells, text, len);
	head.len = cells->len - at - sizeof(head);
	memcpy(cells->bytes + at, &head, sizeof(head));
	if (head.width > grid->widths[column])
		grid->widths[column] = head.width;
}

/* Appends a row to @line; returns where in the cells the next one begins. */
static const char *lay_out(const struct grid *grid, const char *at, struct buffer *line)
{
	const struct selection *sel = grid->sel;
	size_t i, left, right;
	struct head head;
	char *to;

	for (i = 0; i < sel->n; i++) {
		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		left = 0;
		right = grid->widths[i] - head.width;
		if (column_is_number(sel->columns[i]) && head.len) {
			left = right;
			right = 0;
		}
		if (i == sel->n - 1)
			right = 0;
		to = buffer_room(line, left + head.len + right + 1);
		memset(to, ' ', left);
		memcpy(to + left, at, head.len);
		memset(to + left + head.len, ' ', right);
		to[left + head.len + right] = i == sel->n - 1 ? '\n' : ' ';
		line->len += left + head.len + right + 1;
		at += head.len;
	}
	return at;
}

/** grid_end - print the table, with or without headings, and free what it holds */
void grid_end(struct grid *grid, bool headings)
{
	const char *at = grid->cells.bytes;
	struct buffer line = { 0 };

	while (at && at < grid->cells.bytes + grid->cells.len) {
		at = lay_out(grid, at, &line);
		if (headings)
			write_stdout(line.bytes, line.len);
		headings = true;
		line.len = 0;
	}
	free(line.bytes);
	free(grid->cells.bytes);
	free(grid->widths);
}
