// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables where there is no terminal: byte for byte what libsmartcols prints there, in less time.
 *
 * Tables in files can be large. Of 59,000 instructions for each of 30,000 objects, ten columns,
 * libsmartcols took 44,000: mbrtowc(3) for each character, once to find the widths and once more to
 * print, fputs(3) for each space, an allocation for each cell; no option of a table changes that.
 * This takes 1,300. A terminal is another matter: there columns are made to fit, by libsmartcols.
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

struct grid_key {
	struct sort_key key;
	size_t text;	/* where in the cells it is; in @key only when these do not move any more */
};

/** grid_begin - begin a table of the columns in @sel */
void grid_begin(struct grid *grid, const struct selection *sel)
{
	*grid = (struct grid){ .sel = sel };
	grid->widths = xrealloc(NULL, sel->n, sizeof(*grid->widths));
	memset(grid->widths, 0, sel->n * sizeof(*grid->widths));
}

/* Appends a cell whose text is at @at; cells come row by row, from left to right. */
static void append(struct grid *grid, size_t at)
{
	grid->rows = xgrow(grid->rows, grid->n, &grid->allocated, sizeof(*grid->rows));
	grid->rows[grid->n++] = at;
}

/** grid_add - append a cell of @len bytes, whatever they are */
void grid_add(struct grid *grid, const char *text, size_t len)
{
	size_t *width = &grid->widths[grid->n % grid->sel->n];
	struct buffer *cells = &grid->cells;
	size_t at = cells->len;
	struct head head;

	append(grid, at);
	buffer_room(cells, sizeof(head));
	cells->len += sizeof(head);
	head.width = buffer_safe(cells, text, len);
	head.len = cells->len - at - sizeof(head);
	memcpy(cells->bytes + at, &head, sizeof(head));
	if (head.width > *width)
		*width = head.width;
}

/** grid_repeat - append a cell that shows what the one above it does */
void grid_repeat(struct grid *grid)
{
	append(grid, grid->rows[grid->n - grid->sel->n]);
}

/** grid_key - what the row that is complete now is sorted by; for all rows but the headings */
void grid_key(struct grid *grid, const struct sort_key *key)
{
	grid->keys = xgrow(grid->keys, grid->n_keys, &grid->keys_allocated, sizeof(*grid->keys));
	grid->keys[grid->n_keys++] = (struct grid_key){ *key, grid->cells.len };
	if (!key->text_len)
		return;
	memcpy(buffer_room(&grid->cells, key->text_len), key->text, key->text_len);
	grid->cells.len += key->text_len;
}

/** grid_truncate - forget all rows with keys but the first @n */
void grid_truncate(struct grid *grid, size_t n)
{
	size_t columns = grid->sel->n, i;
	struct head head;

	grid->n -= (grid->n_keys - n) * columns;
	grid->n_keys = n;
	memset(grid->widths, 0, columns * sizeof(*grid->widths));
	for (i = 0; i < grid->n; i++) {
		memcpy(&head, grid->cells.bytes + grid->rows[i], sizeof(head));
		if (head.width > grid->widths[i % columns])
			grid->widths[i % columns] = head.width;
	}
}

static int compare_rows(const void *p, const void *q, void *arg)
{
	const struct grid_key *keys = arg;

	return sort_key_compare(&keys[*(const size_t *)p].key, &keys[*(const size_t *)q].key);
}

/* Puts the rows in the order of their keys. */
static void sort(struct grid *grid)
{
	size_t columns = grid->sel->n, size = columns * sizeof(*grid->rows), i;
	struct grid_key *keys = grid->keys;
	size_t *order, *rows, *to;

	for (i = 0; i < grid->n_keys; i++)
		if (keys[i].key.text_len)
			keys[i].key.text = grid->cells.bytes + keys[i].text;
	/* Often they came in this order. */
	for (i = 1; i < grid->n_keys; i++)
		if (sort_key_compare(&keys[i - 1].key, &keys[i].key) > 0)
			break;
	if (i >= grid->n_keys)
		return;
	order = xrealloc(NULL, grid->n_keys, sizeof(*order));
	for (i = 0; i < grid->n_keys; i++)
		order[i] = i;
	qsort_r(order, grid->n_keys, sizeof(*order), compare_rows, keys);
	rows = xrealloc(NULL, grid->n, sizeof(*rows));
	to = mempcpy(rows, grid->rows, size);	/* headings */
	for (i = 0; i < grid->n_keys; i++, to += columns)
		memcpy(to, grid->rows + (order[i] + 1) * columns, size);
	free(order);
	free(grid->rows);
	grid->rows = rows;
}

/* Puts a cell at the end of @line, with what separates it from the next one. */
static void put_cell(const struct grid *grid, size_t column, size_t at, struct buffer *line)
{
	bool last = column == grid->sel->n - 1;
	size_t left = 0, right;
	struct head head;
	char *to;

	memcpy(&head, grid->cells.bytes + at, sizeof(head));
	right = grid->widths[column] - head.width;
	if (column_is_number(grid->sel->columns[column]) && head.len) {
		left = right;
		right = 0;
	}
	if (last)
		right = 0;
	to = buffer_room(line, left + head.len + right + 1);
	line->len += left + head.len + right + 1;
	memset(to, ' ', left);
	to = mempcpy(to + left, grid->cells.bytes + at + sizeof(head), head.len);
	memset(to, ' ', right);
	to[right] = last ? '\n' : ' ';
}

/*
 * Makes the line of a row from that of the row above it: what is the same, in the same place, stays.
 * @ends has where cells end.
 */
static void lay_out(const struct grid *grid, const size_t *row, const size_t *above,
		    struct buffer *line, size_t *ends)
{
	bool moved = !above;
	size_t i;

	for (i = 0; i < grid->sel->n; i++) {
		if (!moved && row[i] == above[i])
			continue;
		line->len = i ? ends[i - 1] : 0;
		put_cell(grid, i, row[i], line);
		moved |= line->len != ends[i];
		ends[i] = line->len;
	}
	line->len = ends[grid->sel->n - 1];
}

/** grid_end - print the table, with or without headings, and free what it holds */
void grid_end(struct grid *grid, bool headings)
{
	size_t n = grid->sel->n, i = headings && grid->n > n ? 0 : n;	/* no rows no headings */
	size_t *ends = xrealloc(NULL, n, sizeof(*ends));
	const size_t *above = NULL;
	struct buffer line = { 0 };

	memset(ends, 0, n * sizeof(*ends));
	sort(grid);
	for (; grid->rows && i < grid->n; i += n) {
		lay_out(grid, grid->rows + i, above, &line, ends);
		write_stdout(line.bytes, line.len);
		above = grid->rows + i;
	}
	free(ends);
	free(line.bytes);
	free(grid->cells.bytes);
	free(grid->keys);
	free(grid->rows);
	free(grid->widths);
}
