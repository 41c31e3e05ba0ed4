// SPDX-License-Identifier: GPL-2.0-only
/* Rows to lines: libsmartcols lays out tables, raw lines and JSON are written as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipcnsctl.h"
#include "output.h"

static void begin_table(struct output *out)
{
	const struct column *column;
	size_t i;
	int flags;

	out->table = scols_new_table();
	if (!out->table)
		die(STATUS_ERROR, "out of memory");
	scols_table_enable_noheadings(out->table, out->opts->noheadings);
	for (i = 0; i < out->sel->n; i++) {
		column = out->sel->columns[i];
		flags = column->flags;
		if (column_is_number(column))
			flags |= SCOLS_FL_RIGHT;
		if (out->opts->notruncate)
			flags &= ~SCOLS_FL_TRUNC;
		if (!scols_table_new_column(out->table, column->name, column->width, flags))
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
		begin_table(out);
	}
}

static void raw_header(const struct output *out)
{
	const char *name;
	size_t i;

	for (i = 0; i < out->sel->n; i++) {
		if (i)
			putchar_unlocked(' ');
		name = out->sel->columns[i]->name;
		put_raw(stdout, name, strlen(name));
	}
	putchar_unlocked('\n');
}

static void raw_row(struct output *out, const struct record *rec)
{
	struct cell cell;
	size_t i;

	/* As in libsmartcols, no rows no header. */
	if (!out->started && !out->opts->noheadings)
		raw_header(out);
	for (i = 0; i < out->sel->n; i++) {
		if (i)
			putchar_unlocked(' ');
		column_fill(out->sel->columns[i], rec, &cell);
		cell_render(&cell, &out->opts->format);
		if (cell.type != CELL_UNKNOWN)
			put_raw(stdout, cell.text, cell.len);
	}
	putchar_unlocked('\n');
}

static void table_row(struct output *out, const struct record *rec)
{
	struct libscols_line *line = scols_table_new_line(out->table, NULL);
	struct cell cell;
	char *text;
	size_t i;

	if (!line)
		die(STATUS_ERROR, "out of memory");
	for (i = 0; i < out->sel->n; i++) {
		column_fill(out->sel->columns[i], rec, &cell);
		cell_render(&cell, &out->opts->format);
		if (cell.type == CELL_UNKNOWN)
			continue;
		text = xrealloc(NULL, cell.len + 1, 1);
		memcpy(text, cell.text, cell.len);
		text[cell.len] = '\0';
		if (scols_line_refer_data(line, i, text))
			die(STATUS_ERROR, "out of memory");
	}
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

/** output_json_object - write a row as an object, with column names as keys */
void output_json_object(struct json *json, const char *key, const struct selection *sel,
			const struct record *rec, const struct cell_format *format)
{
	struct cell cell;
	size_t i;

	json_open(json, key, '{');
	for (i = 0; i < sel->n; i++) {
		if (!first_of_its_name(sel, i))
			continue;
		column_fill(sel->columns[i], rec, &cell);
		cell_json(&cell, json, sel->columns[i]->name, format);
	}
	json_close(json, '}');
}

/** output_row - add a row; @rec is not needed any more when it returns */
void output_row(struct output *out, const struct record *rec)
{
	if (out->table) {
		table_row(out, rec);
		return;
	}
	if (out->json)
		output_json_object(out->json, NULL, out->sel, rec, &out->opts->format);
	else
		raw_row(out, rec);
	out->started = true;
	if (ferror(stdout))
		check_stdout();
}

/** output_end - end of the list */
void output_end(struct output *out)
{
	if (out->table) {
		if (scols_print_table(out->table) < 0)
			die(STATUS_ERROR, "cannot print the table");
		scols_unref_table(out->table);
	} else if (out->json) {
		json_close(out->json, ']');
		if (out->json == &out->own_json)
			json_end(out->json);
	}
}
