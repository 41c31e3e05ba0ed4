// SPDX-License-Identifier: GPL-2.0-only
/* Tables of columns: looking them up, choosing and describing them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "print/columns.h"
#include "util.h"

/** column_is_number - whether cells of @column are aligned to the right, and numbers in JSON */
bool column_is_number(const struct column *column)
{
	switch (column->as) {
	case AS_NUMBER:
	case AS_PID:
	case AS_SIGNED:
	case AS_SIZE:
	case AS_PERCENT:
	case AS_AGE:
		return true;
	default:
		return false;
	}
}

/** column_fill - fill @value with what @column shows of @row */
void column_fill(const struct column *column, const struct row *row, struct value *value)
{
	value->type = VALUE_UNKNOWN;
	value->number = 0;
	if (column->fill)
		column->fill(column, row, value);
	else if (column->nest)
		value_attr(value, column->as, row->nest[column->nest]);
	else if (column->attr)
		value_attr(value, column->as, row->attr[column->attr]);
}

/** column_find - column by name, in whatever case; NULL if there is none */
const struct column *column_find(const struct table_type *set, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (!strncasecmp(set->columns[i].name, name, len) && !set->columns[i].name[len])
			return &set->columns[i];
	return NULL;
}

static bool is_shown(const struct column_choice *columns, const struct column *column)
{
	size_t i;

	for (i = 0; i < columns->n; i++)
		if (columns->columns[i] == column)
			return true;
	return false;
}

static void append(struct column_choice *columns, const struct column *column)
{
	bool again = is_shown(columns, column);

	columns->columns = xrealloc(columns->columns, columns->n + 1, sizeof(*columns->columns));
	columns->again = xrealloc(columns->again, columns->n + 1, sizeof(*columns->again));
	columns->columns[columns->n] = column;
	columns->again[columns->n++] = again;
}

/** column_get - column_find(), or die */
const struct column *column_get(const struct table_type *set, const char *name, size_t len)
{
	const struct column *column = column_find(set, name, len);

	if (!column)
		die(STATUS_ERROR, "unknown column \"%.*s\", --list-columns shows all", (int)len,
		    name);
	return column;
}

/* Of columns that are added to the defaults, those that are there already stay where they are. */
static void append_list(struct column_choice *columns, const char *list, bool once)
{
	const struct column *column;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		column = column_get(columns->set, list, len);
		if (!once || !is_shown(columns, column))
			append(columns, column);
		if (!list[len])
			return;
	}
}

/**
 * column_choice_parse - choose columns
 * @columns: the result, for column_choice_free()
 * @set: columns there are
 * @list: NAME,..., or +NAME,... for what to append to the defaults; NULL for the defaults
 * @all: all columns there are, whatever @list says
 */
void column_choice_parse(struct column_choice *columns, const struct table_type *set,
			 const char *list, bool all)
{
	size_t i;

	*columns = (struct column_choice){ .set = set };
	if (all) {
		for (i = 0; i < set->n; i++)
			append(columns, &set->columns[i]);
		return;
	}
	if (!list || *list == '+')
		append_list(columns, set->defaults, false);
	if (list)
		append_list(columns, *list == '+' ? list + 1 : list, *list == '+');
}

/** column_choice_show - show the column @name, last unless it was chosen already */
void column_choice_show(struct column_choice *columns, const char *name)
{
	append_list(columns, name, true);
}

/**
 * column_choice_sort - choose columns that rows are sorted by
 * @columns: columns that are shown, to which these need not belong
 * @list: [-]NAME,..., the most significant one first; "-" is for descending order
 */
void column_choice_sort(struct column_choice *columns, const char *list)
{
	struct sort_column *sort;
	size_t len;

	for (;; list += len + 1) {
		columns->sort = xrealloc(columns->sort, columns->n_sort + 1,
					 sizeof(*columns->sort));
		sort = &columns->sort[columns->n_sort++];
		sort->descending = *list == '-';
		list += sort->descending;
		len = strcspn(list, ",");
		sort->column = column_get(columns->set, list, len);
		if (!list[len])
			return;
	}
}

/** column_choice_filter - take note of a column that a filter reads */
void column_choice_filter(struct column_choice *columns, const struct column *column)
{
	columns->filtered = xrealloc(columns->filtered, columns->n_filtered + 1,
				     sizeof(*columns->filtered));
	columns->filtered[columns->n_filtered++] = column;
}

/** column_choice_has - whether the column @name is needed: to be shown, to sort or to filter by */
bool column_choice_has(const struct column_choice *columns, const char *name)
{
	const struct column *column = column_find(columns->set, name, strlen(name));
	size_t i;

	for (i = 0; i < columns->n_sort; i++)
		if (columns->sort[i].column == column)
			return true;
	for (i = 0; i < columns->n_filtered; i++)
		if (columns->filtered[i] == column)
			return true;
	return is_shown(columns, column);
}

/** column_choice_free - free what column_choice_parse() allocated */
void column_choice_free(struct column_choice *columns)
{
	free(columns->columns);
	free(columns->again);
	free(columns->sort);
	free(columns->filtered);
	*columns = (struct column_choice){ 0 };
}

static const char *column_type(const struct column *column)
{
	if (column_is_number(column))
		return "number";
	return column->as == AS_LIST ? "array" : "string";
}

/** columns_print - all columns with type and description, for --list-columns */
void columns_print(const struct table_type *set, bool as_json)
{
	const struct column *column;
	struct json json;
	const char *type;

	if (as_json) {
		json_begin(&json, stdout);
		json_open(&json, "columns", '[');
	}
	for (column = set->columns; column < set->columns + set->n; column++) {
		type = column_type(column);
		if (!as_json) {
			printf("%14s  <%s>  %s\n", column->name, type, column->help);
			continue;
		}
		json_open(&json, NULL, '{');
		json_string(&json, "name", column->name);
		json_string(&json, "type", type);
		json_string(&json, "description", column->help);
		json_close(&json, '}');
	}
	if (as_json) {
		json_close(&json, ']');
		json_end(&json);
	}
}
