// SPDX-License-Identifier: GPL-2.0-only
/*
 * Columns of a table that is wider than the terminal.
 *
 * libsmartcols takes what is missing from one column after the other, so that a command line can
 * leave nothing of a unit, and each version does it differently. Here the columns that may be cut
 * share what the others leave: none is cut as long as another one is wider.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <libsmartcols.h>

#include "print/fit.h"
#include "util.h"

#define SHORT_CELL 24	/* characters of a cell that is shown in one line on any terminal */

/*
 * How wide @text is. Sets @cut, unless it is NULL, to the length of what fits into @room. Cells
 * have been escaped: all characters can be printed.
 */
static size_t text_width(const char *text, size_t room, size_t *cut)
{
	size_t len = text ? strlen(text) : 0, width = 0, n, i;
	mbstate_t state = { 0 };
	wchar_t wc;
	int w;

	if (cut)
		*cut = 0;
	for (i = 0; i < len; i += n) {
		n = mbrtowc(&wc, text + i, len - i, &state);
		if (!n || n > len - i) {
			memset(&state, 0, sizeof(state));
			n = 1;
			w = 1;
		} else {
			w = wcwidth(wc);
		}
		width += w > 0 ? w : 0;
		if (cut && width <= room)
			*cut = i + n;
	}
	return width;
}

static size_t heading_width(struct libscols_column *column)
{
	return text_width(scols_cell_get_data(scols_column_get_header(column)), 0, NULL);
}

/* Lines are found one after the other: by number, each one is counted from the first on. */
static struct libscols_iter *begin_lines(void)
{
	struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);

	if (!lines)
		die(STATUS_ERROR, "out of memory");
	return lines;
}

static size_t column_width(struct libscols_table *table, size_t i)
{
	size_t width = heading_width(scols_table_get_column(table, i)), of_cell;
	struct libscols_iter *lines = begin_lines();
	struct libscols_line *line;

	while (!scols_table_next_line(table, lines, &line)) {
		of_cell = text_width(scols_cell_get_data(scols_line_get_cell(line, i)), 0, NULL);
		width = of_cell > width ? of_cell : width;
	}
	scols_free_iter(lines);
	return width;
}

static void cut_column(struct libscols_table *table, size_t i, size_t width)
{
	struct libscols_iter *lines = begin_lines();
	struct libscols_line *line;
	const char *text;
	size_t cut;
	char *copy;

	while (!scols_table_next_line(table, lines, &line)) {
		text = scols_cell_get_data(scols_line_get_cell(line, i));
		if (text_width(text, width, &cut) <= width)
			continue;
		copy = strndup(text, cut);
		if (!copy || scols_line_refer_data(line, i, copy))
			die(STATUS_ERROR, "out of memory");
	}
	scols_free_iter(lines);
}

/* The width up to which columns are not cut, if all of them have @room together. */
static size_t fair_share(const size_t *widths, const bool *cuttable, size_t n, size_t room)
{
	size_t share = 0, sum, i;

	for (;;) {
		for (sum = 0, i = 0; i < n; i++)
			if (cuttable[i])
				sum += widths[i] < share + 1 ? widths[i] : share + 1;
		if (sum > room || share > room)
			return share;
		share++;
	}
}

/*
 * Since util-linux 2.40, libsmartcols breaks the cells of a column without extremes on any terminal
 * that is too narrow, be they as short as a key. The flag is for names that are really long.
 */
static void keep_short_cells(struct libscols_column *column, size_t width)
{
	int flags = scols_column_get_flags(column);

	if (flags & SCOLS_FL_NOEXTREMES && width <= SHORT_CELL)
		scols_column_set_flags(column, flags & ~SCOLS_FL_NOEXTREMES);
}

static void share_room(struct libscols_table *table, const size_t *widths, const bool *cuttable,
		       size_t n, size_t room)
{
	size_t share = fair_share(widths, cuttable, n, room), last = n, i, width;
	struct libscols_column *column;

	for (i = 0; i < n; i++)
		if (cuttable[i])
			last = i;
	/* libsmartcols cuts the last one, where the branches of a tree may be, to what is left. */
	for (i = 0; i < last; i++) {
		if (!cuttable[i])
			continue;
		column = scols_table_get_column(table, i);
		width = heading_width(column);
		cut_column(table, i, share > width ? share : width);
		scols_column_set_flags(column, scols_column_get_flags(column) & ~SCOLS_FL_TRUNC);
	}
}

/**
 * fit_columns - make the columns of a table fit a terminal, as far as they can be cut
 * @table: the table, with all rows
 * @room: width of the terminal, 0 if it is none
 */
void fit_columns(struct libscols_table *table, size_t room)
{
	size_t n = scols_table_get_ncols(table), fixed = n - 1, wanted = 0, i;
	size_t *widths = xcalloc(n, sizeof(*widths));
	bool *cuttable = xcalloc(n, sizeof(*cuttable));
	struct libscols_column *column;

	for (i = 0; i < n; i++) {
		column = scols_table_get_column(table, i);
		widths[i] = column_width(table, i);
		cuttable[i] = scols_column_get_flags(column) & SCOLS_FL_TRUNC;
		keep_short_cells(column, widths[i]);
		if (cuttable[i])
			wanted += widths[i];
		else
			fixed += widths[i];
	}
	if (room && fixed + wanted > room)
		share_room(table, widths, cuttable, n, room > fixed ? room - fixed : 0);
	free(cuttable);
	free(widths);
}
