// SPDX-License-Identifier: GPL-2.0-only
/* Rows to lines: tables are laid out at the end, raw lines and JSON are written as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print/fit.h"
#include "print/table.h"
#include "progress.h"
#include "util.h"

/* A row that is printed: one that has come, or one that was kept. */
struct source {
	const struct row *row;		/* NULL if it was kept */
	const struct kept_rows *kept;
	size_t index;			/* among those */
};

/* What stands for an empty cell of raw output, and for a text that is the same. */
#define EMPTY "-"
#define ESCAPED_EMPTY "\\x2d"
/* Most of a cell that is cut to fit a terminal. */
#define CUT_SIZE 1024

/* Rows of libsmartcols that are kept: each takes some 600 bytes. */
#define PART_ROWS 16384

/*
 * What a column shows in the last row. Of neighbours much is the same, their namespace, owner,
 * permissions, and need not be formatted again.
 */
struct previous_value {
	enum value_type type;
	uint64_t number;
	size_t end;	/* in the line, with what separates it from the next */
};

static void source_value(const struct source *source, const struct column_choice *columns, size_t i,
			 struct value *value)
{
	if (source->row)
		column_fill(columns->columns[i], source->row, value);
	else
		kept_rows_value(source->kept, source->index, i, value);
}

static const char *row_color(const struct table *out, const struct row *row)
{
	return out->colors ? out->columns->set->color(row) : NULL;
}

static void begin_table(struct table *out)
{
	const struct column *column;
	size_t i;
	int flags;

	out->table = scols_new_table();
	if (!out->table)
		die(STATUS_ERROR, "out of memory");
	scols_table_enable_noheadings(out->table, out->opts->noheadings || out->started);
	/* Cells are escaped before; libsmartcols lets through what reorders text. */
	scols_table_enable_noencoding(out->table, 1);
	out->colors = out->columns->set->color && color_wanted(out->opts->color);
	scols_table_enable_colors(out->table, out->colors);
	for (i = 0; i < out->columns->n; i++) {
		column = out->columns->columns[i];
		flags = column->flags;
		if (column_is_number(column))
			flags |= SCOLS_FL_RIGHT;
		if (out->opts->notruncate)
			flags &= ~SCOLS_FL_TRUNC;
		if (out->opts->tree && !strcmp(column->name, TREE_COLUMN))
			flags |= SCOLS_FL_TREE;
		if (!scols_table_new_column(out->table, column->name, 0, flags))
			die(STATUS_ERROR, "out of memory");
	}
}

/**
 * table_begin - begin a list of rows
 * @out: the list
 * @opts: how to print it
 * @columns: what to print
 * @json: JSON text that the list becomes part of, or NULL if it is all of the output
 */
void table_begin(struct table *out, const struct table_options *opts,
		 const struct column_choice *columns,
		 struct json *json)
{
	*out = (struct table){ .opts = opts, .columns = columns, .json = json };
	if (opts->filter)
		out->filter = row_filter_new(columns->set, opts->filter);
	kept_rows_begin(&out->sorted, columns);
	if (opts->json) {
		if (!json) {
			json_begin(&out->own_json, stdout);
			out->json = &out->own_json;
		}
		json_open(out->json, columns->set->root, '[');
	} else if (!opts->raw && (opts->tree || opts->color == COLOR_ALWAYS ||
				  isatty(STDOUT_FILENO))) {
		begin_table(out);
	} else {
		out->shown = xcalloc(columns->n, sizeof(*out->shown));
		if (!opts->raw)
			plain_table_begin(&out->plain, columns, opts->wide);
	}
}

/* A cell of raw output, or of a table that is laid out here; a plain one has no spaces either. */
static void put_text(struct table *out, size_t i, const char *text, size_t len, bool plain)
{
	struct previous_value *shown = &out->shown[i];
	struct buffer *line = &out->line;

	if (!out->opts->raw) {
		(plain ? plain_table_add_plain : plain_table_add)(&out->plain, text, len);
		return;
	}
	line->len = i ? shown[-1].end : 0;
	if (!len)
		buffer_plain(line, EMPTY, strlen(EMPTY));
	else if (!plain && len == strlen(EMPTY) && !memcmp(text, EMPTY, len))
		buffer_plain(line, ESCAPED_EMPTY, strlen(ESCAPED_EMPTY));
	else
		(plain ? buffer_plain : buffer_raw)(line, text, len);
	*buffer_room(line, 1) = i == out->columns->n - 1 ? '\n' : ' ';
	line->len++;
	out->moved |= line->len != shown->end;
	shown->end = line->len;
}

/* Before the first row: as in libsmartcols, no rows no headings. */
static void put_headings(struct table *out)
{
	const char *name;
	size_t i;

	if (out->started || (out->opts->raw && out->opts->noheadings))
		return;
	for (i = 0; i < out->columns->n; i++) {
		name = out->columns->columns[i]->name;
		put_text(out, i, name, strlen(name), false);
	}
	if (out->opts->raw)
		write_stdout(out->line.bytes, out->line.len);
	out->started = true;
}

/* Raw, what is the same as in the last row, and in the same place, stands there already. */
static void put_cell(struct table *out, size_t i, struct value *value)
{
	struct previous_value *shown = &out->shown[i];
	bool plain = value_is_plain(value), meaningless = value->type == VALUE_MEANINGLESS, empty;

	if (value_same(value, shown->type, shown->number) && !out->moved) {
		if (!out->opts->raw)
			plain_table_repeat(&out->plain);
		return;
	}
	shown->type = value->type;
	shown->number = value->number;
	value_render(value, &out->opts->format);
	empty = value->type == VALUE_UNKNOWN || (meaningless && out->opts->raw);
	put_text(out, i, value->text, empty ? 0 : value->len, plain);
}

/* Prints the rows of libsmartcols that there are, and forgets them. */
static void print_table(struct table *out)
{
	fit_columns(out->table, isatty(STDOUT_FILENO) ?
		    scols_table_get_termwidth(out->table) : 0);
	if (scols_print_table(out->table) < 0)
		die(STATUS_ERROR, "cannot print the table");
	scols_unref_table(out->table);
}

/* A large table is printed in parts, whose columns are as wide as each part needs. */
static void begin_part(struct table *out)
{
	print_table(out);
	out->started = true;
	out->lines = 0;
	out->kept = 0;
	begin_table(out);
}

static struct libscols_line *new_line(struct table *out, const struct source *source,
				      struct libscols_line *parent)
{
	struct libscols_line *line = scols_table_new_line(out->table, parent);
	const char *color = source->row ? row_color(out, source->row) :
					  source->kept->rows[source->index].color;

	if (!line || (color && scols_line_set_color(line, color)))
		die(STATUS_ERROR, "out of memory");
	return line;
}

static void set_cell(struct table *out, struct libscols_line *line, size_t i, struct value *value)
{
	struct buffer text = { 0 };
	char *copy;
	bool cut;

	value_render(value, &out->opts->format);
	if (value->type == VALUE_UNKNOWN || !value->len)
		return;
	/* What is cut to fit a terminal needs no more than the widest one shows. */
	cut = out->columns->columns[i]->flags & SCOLS_FL_TRUNC && !out->opts->notruncate;
	buffer_cell(&text, value->text, value->len,
		    table_cell_size(out->kept, cut ? CUT_SIZE : TABLE_CELL_SIZE));
	out->kept += text.len;
	copy = xrealloc(NULL, text.len + 1, 1);
	if (text.len)
		memcpy(copy, text.bytes, text.len);
	copy[text.len] = '\0';
	free(text.bytes);
	if (scols_line_refer_data(line, i, copy))
		die(STATUS_ERROR, "out of memory");
}

static struct libscols_line *put_row(struct table *out, const struct source *source,
				     struct libscols_line *parent)
{
	struct libscols_line *line = NULL;
	struct value value;
	size_t i;

	if (out->table && !parent && out->lines >= PART_ROWS)
		begin_part(out);
	if (out->table)
		line = new_line(out, source, parent);
	else
		put_headings(out);
	out->lines++;
	out->moved = false;
	for (i = 0; i < out->columns->n; i++) {
		source_value(source, out->columns, i, &value);
		if (line)
			set_cell(out, line, i, &value);
		else
			put_cell(out, i, &value);
	}
	if (out->opts->raw)
		write_stdout(out->line.bytes, out->shown[out->columns->n - 1].end);
	return line;
}

/* Keys of an object are unique, so a column that was asked for twice is written once. */
static void put_json_fields(struct json *json, const struct column_choice *columns,
			    const struct source *source, const struct value_format *format)
{
	struct value value;
	size_t i;

	for (i = 0; i < columns->n; i++) {
		if (columns->again[i])
			continue;
		source_value(source, columns, i, &value);
		value_json(&value, json, columns->columns[i]->name, format);
	}
}

static void put_json_object(struct json *json, const char *key, const struct column_choice *columns,
			    const struct source *source, const struct value_format *format)
{
	json_open(json, key, '{');
	put_json_fields(json, columns, source, format);
	json_close(json, '}');
}

/** table_json_line - write a row as a line of its own, with column names as keys */
void table_json_line(FILE *file, const struct column_choice *columns, const struct row *row,
		     const struct value_format *format)
{
	const struct source source = { .row = row };
	struct json json;

	json_begin_line(&json, file);
	put_json_fields(&json, columns, &source, format);
	json_end(&json);
}


/** table_json_object - write a row as an object, with column names as keys */
void table_json_object(struct json *json, const char *key, const struct column_choice *columns,
		       const struct row *row, const struct value_format *format)
{
	const struct source source = { .row = row };

	put_json_object(json, key, columns, &source, format);
}

/* A row, below the row @parent of a table that is a tree. */
static void write_row(struct table *out, const struct source *source,
		      struct libscols_line *parent)
{
	if (out->json)
		put_json_object(out->json, NULL, out->columns, source, &out->opts->format);
	else
		put_row(out, source, parent);
	if (ferror(stdout))
		check_stdout();
}

static void write_parent(struct table *out, const struct source *source)
{
	if (!out->json) {
		out->parent = put_row(out, source, NULL);
		return;
	}
	json_open(out->json, NULL, '{');
	put_json_fields(out->json, out->columns, source, &out->opts->format);
	json_open(out->json, out->children, '[');
}

static void write_parent_end(struct table *out)
{
	if (!out->json)
		return;
	json_close(out->json, ']');
	json_close(out->json, '}');
}

static bool is_wanted(struct table *out, const struct row *row)
{
	return !out->filter || row_filter_pass(out->filter, row);
}

/* Keeps a row if rows are to be sorted. */
static bool keep(struct table *out, const struct row *row, const struct row *shown, bool child)
{
	const struct kept_row more = { .color = row_color(out, row), .child = child };

	if (!out->columns->n_sort)
		return false;
	kept_rows_add(&out->sorted, row, shown, &more);
	return true;
}

static void add_wanted(struct table *out, const struct row *row)
{
	const struct source source = { .row = row };

	if (!keep(out, row, row, false))
		write_row(out, &source, NULL);
}

/** table_add - add a row; @row is not needed any more when it returns */
void table_add(struct table *out, const struct row *row)
{
	if (is_wanted(out, row))
		add_wanted(out, row);
}

/** table_can_sort - whether rows can be added in any order, by table_add_sorted() */
bool table_can_sort(const struct table *out)
{
	return !out->json && !out->table && !out->opts->raw && !out->columns->n_sort;
}

/** table_add_sorted - table_add() of a row whose place is given by its key */
void table_add_sorted(struct table *out, const struct row *row, sort_key_fn sort_key)
{
	struct sort_key key = { 0 };

	progress_row();
	if (!is_wanted(out, row))
		return;
	sort_key(row, &key);
	put_headings(out);
	plain_table_key(&out->plain, &key);
	add_wanted(out, row);
}

/** table_mark - what table_truncate() needs to forget all rows that come now */
size_t table_mark(struct table *out)
{
	if (!table_can_sort(out))
		return 0;
	put_headings(out);
	return plain_table_mark(&out->plain);
}

/** table_truncate - forget rows that table_add_sorted() added since table_mark() */
void table_truncate(struct table *out, size_t mark)
{
	plain_table_truncate(&out->plain, mark);
	memset(out->shown, 0, out->columns->n * sizeof(*out->shown));
}

/**
 * table_parent - add a row that others come below, with options.tree
 * @out: the list
 * @row: the row, which a filter and the order are about
 * @shown: the row as it is shown
 * @children: JSON name of the list of those
 *
 * table_child() adds them, table_parent_end() ends them. Raw lines do not distinguish the two.
 *
 * Returns false if the row does not match the filter: it has no children then.
 */
bool table_parent(struct table *out, const struct row *row, const struct row *shown,
		  const char *children)
{
	const struct source source = { .row = shown };

	if (!is_wanted(out, row))
		return false;
	out->children = children;
	if (!keep(out, row, shown, false))
		write_parent(out, &source);
	return true;
}

/** table_child - add a row below another one; see table_parent() for @row and @shown */
void table_child(struct table *out, const struct row *row, const struct row *shown)
{
	const struct source source = { .row = shown };

	if (!keep(out, row, shown, true))
		write_row(out, &source, out->parent);
}

/** table_parent_end - no more rows come below the last one that table_parent() added */
void table_parent_end(struct table *out)
{
	if (!out->columns->n_sort)
		write_parent_end(out);
}

/* Writes the rows that were kept, in their order. */
static void write_kept(struct table *out)
{
	size_t *order = kept_rows_order(&out->sorted), i;
	struct source source = { .kept = &out->sorted };
	bool tree = out->children;

	for (i = 0; i < out->sorted.n; i++) {
		source.index = order[i];
		if (!tree) {
			write_row(out, &source, NULL);
		} else if (out->sorted.rows[order[i]].child) {
			write_row(out, &source, out->parent);
		} else {
			if (i)
				write_parent_end(out);
			write_parent(out, &source);
		}
	}
	if (tree && i)
		write_parent_end(out);
	free(order);
}

/** table_end - end of the list */
void table_end(struct table *out)
{
	write_kept(out);
	if (out->json) {
		json_close(out->json, ']');
		if (out->json == &out->own_json)
			json_end(out->json);
	} else if (out->table) {
		print_table(out);
	} else if (!out->opts->raw) {
		plain_table_end(&out->plain, !out->opts->noheadings);
	}
	kept_rows_free(&out->sorted);
	row_filter_free(out->filter);
	free(out->shown);
	free(out->line.bytes);
}
