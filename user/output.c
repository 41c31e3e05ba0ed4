// SPDX-License-Identifier: GPL-2.0-only
/* Rows to lines: tables are laid out at the end, raw lines and JSON are written as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipcnsctl.h"
#include "output.h"

/* See no-color.org, and terminfo(5) for the terminal that can do nothing. */
static bool wants_colors(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

static void begin_table(struct output *out)
{
	const struct column *column;
	size_t i;
	int flags;

	out->table = scols_new_table();
	if (!out->table)
		die(STATUS_ERROR, "out of memory");
	scols_table_enable_noheadings(out->table, out->opts->noheadings);
	out->colors = out->sel->set->color && wants_colors();
	scols_table_enable_colors(out->table, out->colors);
	for (i = 0; i < out->sel->n; i++) {
		column = out->sel->columns[i];
		flags = column->flags;
		if (column_is_number(column))
			flags |= SCOLS_FL_RIGHT;
		if (out->opts->notruncate)
			flags &= ~SCOLS_FL_TRUNC;
		if (out->opts->tree && i == out->sel->n - 1)
			flags |= SCOLS_FL_TREE;
		if (!scols_table_new_column(out->table, column->name, 0, flags))
			die(STATUS_ERROR, "out of memory");
	}
}

/**
 * output_begin - begin a list of rows
 * @out: the list
 * @opts: how to print it
 * @sel: what to print
 * @json: JSON text that the list becomes part of, or NULL if it is all of the output
 */
void output_begin(struct output *out, const struct options *opts, const struct selection *sel,
		  struct json *json)
{
	*out = (struct output){ .opts = opts, .sel = sel, .json = json };
	if (opts->json) {
		if (!json) {
			json_begin(&out->own_json, stdout);
			out->json = &out->own_json;
		}
		json_open(out->json, sel->set->root, '[');
	} else if (!opts->raw) {
		if (opts->tree || isatty(STDOUT_FILENO))
			begin_table(out);
		else
			grid_begin(&out->grid, sel);
	}
}

static void put_cell(struct output *out, struct libscols_line *line, size_t i, const char *text,
		     size_t len)
{
	char *copy;

	if (out->opts->raw) {
		buffer_raw(&out->line, text, len, i == out->sel->n - 1 ? '\n' : ' ');
	} else if (!out->table) {
		grid_add(&out->grid, i, text, len);
	} else if (len) {
		copy = xrealloc(NULL, len + 1, 1);
		memcpy(copy, text, len);
		copy[len] = '\0';
		if (scols_line_refer_data(line, i, copy))
			die(STATUS_ERROR, "out of memory");
	}
}

/* As in libsmartcols, no rows no headings. */
static void put_headings(struct output *out)
{
	const char *name;
	size_t i;

	for (i = 0; i < out->sel->n; i++) {
		name = out->sel->columns[i]->name;
		put_cell(out, NULL, i, name, strlen(name));
	}
}

static struct libscols_line *put_row(struct output *out, const struct record *rec,
				     struct libscols_line *parent)
{
	struct libscols_line *line = NULL;
	const char *color;
	struct cell cell;
	size_t i;

	if (out->table) {
		line = scols_table_new_line(out->table, parent);
		if (!line)
			die(STATUS_ERROR, "out of memory");
		color = out->colors ? out->sel->set->color(rec) : NULL;
		if (color && scols_line_set_color(line, color))
			die(STATUS_ERROR, "out of memory");
	} else if (!out->started && !(out->opts->raw && out->opts->noheadings)) {
		put_headings(out);
	}
	for (i = 0; i < out->sel->n; i++) {
		column_fill(out->sel->columns[i], rec, &cell);
		cell_render(&cell, &out->opts->format);
		put_cell(out, line, i, cell.text, cell.type == CELL_UNKNOWN ? 0 : cell.len);
	}
	if (out->opts->raw)
		write_stdout(out->line.bytes, out->line.len);
	out->line.len = 0;
	return line;
}

/* Keys of an object are unique, so a column that was asked for twice is written once. */
static bool first_of_its_name(const struct selection *sel, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (sel->columns[k] == sel->columns[i])
			return false;
	return true;
}

static void put_json_fields(struct json *json, const struct selection *sel,
			    const struct record *rec, const struct cell_format *format)
{
	struct cell cell;
	size_t i;

	for (i = 0; i < sel->n; i++) {
		if (!first_of_its_name(sel, i))
			continue;
		column_fill(sel->columns[i], rec, &cell);
		cell_json(&cell, json, sel->columns[i]->name, format);
	}
}

/** output_json_object - write a row as an object, with column names as keys */
void output_json_object(struct json *json, const char *key, const struct selection *sel,
			const struct record *rec, const struct cell_format *format)
{
	json_open(json, key, '{');
	put_json_fields(json, sel, rec, format);
	json_close(json, '}');
}

static void end_row(struct output *out)
{
	out->started = true;
	if (ferror(stdout))
		check_stdout();
}

/** output_row - add a row; @rec is not needed any more when it returns */
void output_row(struct output *out, const struct record *rec)
{
	if (out->json)
		output_json_object(out->json, NULL, out->sel, rec, &out->opts->format);
	else
		put_row(out, rec, NULL);
	end_row(out);
}

/**
 * output_parent - add a row that others come below, with options.tree
 * @out: the list
 * @rec: the row
 * @children: JSON name of the list of those
 *
 * output_child() adds them, output_parent_end() ends them. Raw lines do not tell the one from the
 * other.
 */
void output_parent(struct output *out, const struct record *rec, const char *children)
{
	if (out->json) {
		json_open(out->json, NULL, '{');
		put_json_fields(out->json, out->sel, rec, &out->opts->format);
		json_open(out->json, children, '[');
	} else {
		out->parent = put_row(out, rec, NULL);
	}
	end_row(out);
}

/** output_child - add a row below another one */
void output_child(struct output *out, const struct record *rec)
{
	if (out->json)
		output_json_object(out->json, NULL, out->sel, rec, &out->opts->format);
	else
		put_row(out, rec, out->parent);
	end_row(out);
}

/** output_parent_end - no more rows come below the last one that output_parent() added */
void output_parent_end(struct output *out)
{
	if (!out->json)
		return;
	json_close(out->json, ']');
	json_close(out->json, '}');
}

/** output_end - end of the list */
void output_end(struct output *out)
{
	if (out->json) {
		json_close(out->json, ']');
		if (out->json == &out->own_json)
			json_end(out->json);
	} else if (out->table) {
		if (scols_print_table(out->table) < 0)
			die(STATUS_ERROR, "cannot print the table");
		scols_unref_table(out->table);
	} else if (!out->opts->raw) {
		grid_end(&out->grid, !out->opts->noheadings);
	}
	free(out->line.bytes);
}
