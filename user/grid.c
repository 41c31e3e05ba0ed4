// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables where there is no terminal: byte for byte what libsmartcols prints there, in less time.
 *
 * Tables in files can be large. Of 59,000 instructions for each of 30,000 objects, ten columns,
 * libsmartcols took 44,000: mbrtowc(3) for each character, once to find the widths and once more to
 * print, fputs(3) for each space, an allocation for each cell; no option of a table changes that.
 * This takes 1,100. A terminal is another matter: there columns are made to fit, by libsmartcols.
 *
 * Rows are kept one after the other, each cell as
 *	0				shows what the cell above it does
 *	2 * length + 1, text		as many columns wide as it has bytes
 *	2 * length + 2, width, text
 * and keys, where rows are to be sorted, as what each number adds to that of the key above, the
 * length of the text, and the text. A number takes a byte for each 7 bits of it. So a row of
 * objects takes 30 bytes. With a pointer for each cell it took 170, and to touch memory for the
 * first time took longer than all that is done with it.
 */
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "ipcnsctl.h"

static void put_number(struct buffer *buf, uint64_t n)
{
	char *to = buffer_room(buf, 10);

	for (; n > 0x7f; n >>= 7)
		*to++ = n | 0x80;
	*to++ = n;
	buf->len = to - buf->bytes;
}

static uint64_t get_number(const char **at)
{
	unsigned int shift = 0;
	uint64_t n = 0;

	for (; **at & 0x80; shift += 7)
		n |= (uint64_t)(*(*at)++ & 0x7f) << shift;
	return n | (uint64_t)*(*at)++ << shift;
}

/* Numbers with a sign, near 0: the sign is the lowest bit. */
static void put_difference(struct buffer *buf, uint64_t n)
{
	put_number(buf, n << 1 ^ -(n >> 63));
}

static uint64_t get_difference(const char **at)
{
	uint64_t n = get_number(at);

	return n >> 1 ^ -(n & 1);
}

/** grid_begin - begin a table of the columns in @sel */
void grid_begin(struct grid *grid, const struct selection *sel)
{
	*grid = (struct grid){ .sel = sel };
	grid->widths = xcalloc(sel->n, sizeof(*grid->widths));
}

static void widen(struct grid *grid, size_t column, size_t width)
{
	if (width > grid->widths[column])
		grid->widths[column] = width;
}

/* Cells come row by row, from left to right. */
static void end_cell(struct grid *grid)
{
	if (++grid->column == grid->sel->n)
		grid->column = 0;
}

static void append(struct grid *grid, const char *text, size_t len, size_t width)
{
	put_number(&grid->rows, 2 * len + (width == len ? 1 : 2));
	if (width != len)
		put_number(&grid->rows, width);
	buffer_plain(&grid->rows, text, len);
	widen(grid, grid->column, width);
	end_cell(grid);
}

/** grid_add - append a cell of @len bytes, whatever they are */
void grid_add(struct grid *grid, const char *text, size_t len)
{
	size_t width;

	grid->cell.len = 0;
	width = buffer_safe(&grid->cell, text, len);
	append(grid, grid->cell.bytes, grid->cell.len, width);
}

/** grid_add_plain - append a cell whose bytes are characters that every locale prints */
void grid_add_plain(struct grid *grid, const char *text, size_t len)
{
	append(grid, text, len, len);
}

/** grid_repeat - append a cell that shows what the one above it does */
void grid_repeat(struct grid *grid)
{
	*buffer_room(&grid->rows, 1) = 0;
	grid->rows.len++;
	end_cell(grid);
}

/* The last key is the one above @key, whose text is at @text; rows are in order if it is not less. */
static void take_key(struct grid *grid, const struct sort_key *key, size_t text)
{
	grid->last.text = grid->keys.bytes + grid->last_text;
	grid->unsorted |= sort_key_compare(&grid->last, key) > 0;
	grid->last = *key;
	grid->last_text = text;
	grid->n_keys++;
}

/** grid_key - what the row that is complete now is sorted by; for all rows but the headings */
void grid_key(struct grid *grid, const struct sort_key *key)
{
	struct buffer *keys = &grid->keys;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(key->number); i++)
		put_difference(keys, key->number[i] - grid->last.number[i]);
	put_number(keys, key->text_len);
	buffer_plain(keys, key->text, key->text_len);
	take_key(grid, key, keys->len - key->text_len);
}

/* Reads the key at @at, to which @key is that above; returns where it ends. */
static const char *get_key(const char *at, struct sort_key *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(key->number); i++)
		key->number[i] += get_difference(&at);
	key->text_len = get_number(&at);
	key->text = at;
	return at + key->text_len;
}

/* Reads the cell at @at; returns where its text is. */
static const char *get_cell(const char *at, size_t *len, size_t *width)
{
	uint64_t n = get_number(&at);

	*len = (n - 1) / 2;
	*width = n & 1 ? *len : get_number(&at);
	return at;
}

static const char *skip_cell(const char *at)
{
	size_t len, width;

	at = get_cell(at, &len, &width);
	return at + len;
}

/* Finds the cells of the row at @at, where those of the row above are; returns where it ends. */
static const char *get_row(const struct grid *grid, const char *at, const char **cells)
{
	size_t i;

	for (i = 0; i < grid->sel->n; i++) {
		if (!*at) {
			at++;
			continue;
		}
		cells[i] = at;
		at = skip_cell(at);
	}
	return at;
}

/** grid_truncate - forget all rows with keys but the first @n */
void grid_truncate(struct grid *grid, size_t n)
{
	const char *at = grid->rows.bytes, *key_at = grid->keys.bytes;
	size_t columns = grid->sel->n, i, j, len, width;
	struct sort_key key = { 0 };
	const char **cells;

	if (grid->n_keys == n)
		return;
	cells = xcalloc(columns, sizeof(*cells));
	memset(grid->widths, 0, columns * sizeof(*grid->widths));
	grid->last = key;
	grid->n_keys = 0;
	grid->unsorted = false;
	for (i = 0; i <= n; i++) {	/* the first are the headings */
		at = get_row(grid, at, cells);
		for (j = 0; j < columns; j++) {
			get_cell(cells[j], &len, &width);
			widen(grid, j, width);
		}
		if (!i)
			continue;
		key_at = get_key(key_at, &key);
		take_key(grid, &key, (const char *)key.text - grid->keys.bytes);
	}
	grid->rows.len = at - grid->rows.bytes;
	grid->keys.len = key_at - grid->keys.bytes;
	free(cells);
}

static int compare_rows(const void *p, const void *q, void *arg)
{
	const struct sort_key *keys = arg;

	return sort_key_compare(&keys[*(const size_t *)p], &keys[*(const size_t *)q]);
}

/* Appends a row of @cells, below one of @above. */
static void copy_row(size_t n, const char **cells, const char **above, struct buffer *rows)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (cells[i] == above[i])
			buffer_plain(rows, "", 1);
		else
			buffer_plain(rows, cells[i], skip_cell(cells[i]) - cells[i]);
		above[i] = cells[i];
	}
}

/* Puts the rows in the order of their keys. */
static void sort(struct grid *grid)
{
	size_t n = grid->n_keys, columns = grid->sel->n, i;
	const char *at = grid->rows.bytes, *key_at = grid->keys.bytes;
	const char **all = xcalloc(n + 1, columns * sizeof(*all));	/* cells */
	const char **above = xcalloc(columns, sizeof(*above)), **cells = all;
	size_t *order = xcalloc(n, sizeof(*order));
	struct sort_key *keys = xcalloc(n, sizeof(*keys));
	struct buffer rows = { 0 };

	at = get_row(grid, at, cells);
	copy_row(columns, cells, above, &rows);
	for (i = 0; i < n; i++, cells += columns) {
		memcpy(cells + columns, cells, columns * sizeof(*cells));
		at = get_row(grid, at, cells + columns);
		keys[i] = keys[i ? i - 1 : 0];
		key_at = get_key(key_at, &keys[i]);
		order[i] = i;
	}
	qsort_r(order, n, sizeof(*order), compare_rows, keys);
	for (i = 0; i < n; i++)
		copy_row(columns, all + (order[i] + 1) * columns, above, &rows);
	free(keys);
	free(order);
	free(above);
	free(all);
	free(grid->rows.bytes);
	grid->rows = rows;
}

/* Puts a cell at the end of @line, with what separates it from the next one; returns its end. */
static const char *put_cell(const struct grid *grid, size_t column, const char *cell,
			    struct buffer *line)
{
	bool last = column == grid->sel->n - 1;
	size_t left = 0, right, len, width;
	char *to;

	cell = get_cell(cell, &len, &width);
	right = grid->widths[column] - width;
	if (column_is_number(grid->sel->columns[column]) && len) {
		left = right;
		right = 0;
	}
	if (last)
		right = 0;
	to = buffer_room(line, left + len + right + 1);
	line->len += left + len + right + 1;
	memset(to, ' ', left);
	to = mempcpy(to + left, cell, len);
	memset(to, ' ', right);
	to[right] = last ? '\n' : ' ';
	return cell + len;
}

/*
 * Makes the line of the row at @at from that of the row above it: what is the same, in the same
 * place, stays. @cells and @ends have its cells, and where they end in the line. Returns where the
 * row ends.
 */
static const char *lay_out(const struct grid *grid, const char *at, const char **cells,
			   struct buffer *line, size_t *ends)
{
	bool moved = false;
	size_t i;

	for (i = 0; i < grid->sel->n; i++) {
		if (!*at) {
			at++;
			if (!moved)
				continue;
			line->len = ends[i - 1];
			put_cell(grid, i, cells[i], line);
		} else {
			line->len = i ? ends[i - 1] : 0;
			cells[i] = at;
			at = put_cell(grid, i, at, line);
		}
		moved |= line->len != ends[i];
		ends[i] = line->len;
	}
	line->len = ends[grid->sel->n - 1];
	return at;
}

static void print(const struct grid *grid, bool headings)
{
	const char *at = grid->rows.bytes, *end = at + grid->rows.len;
	const char **cells = xcalloc(grid->sel->n, sizeof(*cells));
	size_t *ends = xcalloc(grid->sel->n, sizeof(*ends));
	struct buffer line = { 0 };

	at = lay_out(grid, at, cells, &line, ends);
	if (headings && at < end)	/* no rows no headings */
		write_stdout(line.bytes, line.len);
	while (at < end) {
		at = lay_out(grid, at, cells, &line, ends);
		write_stdout(line.bytes, line.len);
	}
	free(line.bytes);
	free(ends);
	free(cells);
}

/** grid_end - print the table, with or without headings, and free what it holds */
void grid_end(struct grid *grid, bool headings)
{
	if (grid->unsorted)
		sort(grid);
	if (grid->rows.len)
		print(grid, headings);
	free(grid->cell.bytes);
	free(grid->keys.bytes);
	free(grid->rows.bytes);
	free(grid->widths);
}
