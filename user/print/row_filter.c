// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows that match an expression, see scols-filter(5): libsmartcols evaluates it, row by row, so that
 * no row is kept. Older versions have no filters: the Makefile defines HAVE_SCOLS_FILTER.
 */
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "print/row_filter.h"
#include "print/text.h"
#include "util.h"

#ifdef HAVE_SCOLS_FILTER

/* A column that the expression names. */
struct filter_column {
	const struct column *column;
	int type;		/* SCOLS_DATA_* */
	/* What the row has there, if that is a number; texts are in the cell. */
	bool known;
	unsigned long long number;
	long double fraction;
};

struct row_filter {
	const struct table_type *set;
	struct libscols_filter *filter;
	struct libscols_table *table;
	struct libscols_line *line;	/* the row that is looked at */
	struct filter_column *columns;
	size_t n;
	struct buffer text;
};

static int data_type(const struct column *column)
{
	switch (column->as) {
	case AS_NUMBER:
	case AS_SIZE:
	case AS_AGE:
		return SCOLS_DATA_U64;
	case AS_SIGNED:
	case AS_PERCENT:
		return SCOLS_DATA_FLOAT;
	default:
		return SCOLS_DATA_STRING;
	}
}

/* Called by libsmartcols for columns of numbers; NULL if the value is unknown. */
static void *get_number(const struct libscols_column *scols_column, struct libscols_cell *value,
			void *arg)
{
	struct row_filter *filter = arg;
	const char *name = scols_column_get_name((struct libscols_column *)scols_column);
	size_t i;

	(void)value;
	for (i = 0; i < filter->n; i++) {
		if (strcmp(filter->columns[i].column->name, name))
			continue;
		if (!filter->columns[i].known)
			return NULL;
		return filter->columns[i].type == SCOLS_DATA_FLOAT ?
		       (void *)&filter->columns[i].fraction : &filter->columns[i].number;
	}
	return NULL;
}

/* The column of the table for a name in the expression. */
static struct libscols_column *add_column(struct row_filter *filter, const char *name)
{
	const struct column *column = column_get(filter->set, name, strlen(name));
	struct libscols_column *scols_column;
	struct filter_column *added;
	size_t i;

	for (i = 0; i < filter->n; i++)
		if (filter->columns[i].column == column)
			return scols_table_get_column(filter->table, i);
	filter->columns = xrealloc(filter->columns, filter->n + 1, sizeof(*filter->columns));
	added = &filter->columns[filter->n++];
	*added = (struct filter_column){ .column = column, .type = data_type(column) };
	scols_column = scols_table_new_column(filter->table, column->name, 0, 0);
	if (!scols_column)
		die(STATUS_ERROR, "out of memory");
	/* What the first of these returns differs between versions; they fail for no column only. */
	scols_column_set_data_type(scols_column, added->type);
	if (added->type != SCOLS_DATA_STRING)
		scols_column_set_data_func(scols_column, get_number, filter);
	return scols_column;
}

static void assign_columns(struct row_filter *filter)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	const char *name;

	if (!iter)
		die(STATUS_ERROR, "out of memory");
	while (!scols_filter_next_holder(filter->filter, iter, &name, 0))
		if (scols_filter_assign_column(filter->filter, iter, name,
					       add_column(filter, name)))
			die(STATUS_ERROR, "out of memory");
	scols_free_iter(iter);
}

/**
 * row_filter_new - a filter for the rows of a table, or die
 * @set: the columns that there are
 * @expression: the expression
 */
struct row_filter *row_filter_new(const struct table_type *set, const char *expression)
{
	struct row_filter *filter = xcalloc(1, sizeof(*filter));
	const char *message;

	filter->set = set;
	filter->filter = scols_new_filter(NULL);
	filter->table = scols_new_table();
	if (!filter->filter || !filter->table)
		die(STATUS_ERROR, "out of memory");
	if (scols_filter_parse_string(filter->filter, expression)) {
		message = scols_filter_get_errmsg(filter->filter);
		die(STATUS_ERROR, "invalid filter \"%s\": %s", expression,
		    message ?: "not an expression");
	}
	assign_columns(filter);
	filter->line = scols_table_new_line(filter->table, NULL);
	if (!filter->line)
		die(STATUS_ERROR, "out of memory");
	return filter;
}

/** row_filter_note_columns - have @columns know the columns that the filter reads */
void row_filter_note_columns(const struct row_filter *filter, struct column_choice *columns)
{
	size_t i;

	for (i = 0; i < filter->n; i++)
		column_choice_filter(columns, filter->columns[i].column);
}

static void take_number(struct filter_column *to, const struct value *value)
{
	long long number = value->number;

	switch (value->type) {
	case VALUE_PERCENT:
		to->fraction = value->percent;
		break;
	case VALUE_SIGNED:
		to->number = number;
		to->fraction = number;
		break;
	case VALUE_NUMBER:
	case VALUE_SIZE:
	case VALUE_AGE:
		to->number = value->number;
		to->fraction = value->number;
		break;
	default:
		return;
	}
	to->known = to->type == SCOLS_DATA_FLOAT || value->type != VALUE_SIGNED || number >= 0;
}

/* As raw output has it, but without escapes. */
static const char *value_string(struct row_filter *filter, struct value *value)
{
	static const struct value_format format = { .bytes = true, .seconds = true,
						    .time = TIME_ISO };

	if (value->type == VALUE_UNKNOWN || value->type == VALUE_MEANINGLESS)
		return NULL;
	value_render(value, &format);
	filter->text.len = 0;
	buffer_plain(&filter->text, value->text, value->len);
	buffer_plain(&filter->text, "", 1);
	return filter->text.bytes;
}

/** row_filter_pass - whether a row matches, or die if that cannot be said */
bool row_filter_pass(struct row_filter *filter, const struct row *row)
{
	int matches = 0;
	struct value value;
	size_t i;

	for (i = 0; i < filter->n; i++) {
		filter->columns[i].known = false;
		column_fill(filter->columns[i].column, row, &value);
		if (filter->columns[i].type != SCOLS_DATA_STRING)
			take_number(&filter->columns[i], &value);
		else if (scols_line_set_data(filter->line, i, value_string(filter, &value)))
			die(STATUS_ERROR, "out of memory");
	}
	if (scols_line_apply_filter(filter->line, filter->filter, &matches))
		die(STATUS_ERROR, "the filter compares what cannot be compared: see "
		    "scols-filter(5)");
	return matches;
}

/** row_filter_free - free a filter; NULL is none */
void row_filter_free(struct row_filter *filter)
{
	if (!filter)
		return;
	scols_unref_filter(filter->filter);
	scols_unref_table(filter->table);
	free(filter->columns);
	free(filter->text.bytes);
	free(filter);
}

#else

struct row_filter *row_filter_new(const struct table_type *set, const char *expression)
{
	(void)set;
	(void)expression;
	die(STATUS_ERROR, "no filters here: --filter requires libsmartcols 2.40 or newer, and "
	    PROGRAM " was built with " LIBSMARTCOLS_VERSION);
}

void row_filter_note_columns(const struct row_filter *filter, struct column_choice *columns)
{
	(void)filter;
	(void)columns;
}

bool row_filter_pass(struct row_filter *filter, const struct row *row)
{
	(void)filter;
	(void)row;
	return true;
}

void row_filter_free(struct row_filter *filter)
{
	(void)filter;
}

#endif
