/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_COLUMNS_H
#define IPCNSCTL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include <libsmartcols.h>

#include "print/rows.h"
#include "print/value.h"

/* What columns NSID say of themselves. */
#define NS_ID_HELP "identity, never reused while the module is loaded"

/*
 * One column of one kind of row. Headers, --help, --output, --list-columns and JSON types come
 * from it. Its cells are an attribute, or what @fill makes of the row.
 */
struct column {
	const char *name;
	const char *help;
	enum value_kind as;
	unsigned int attr;	/* attribute of the message */
	unsigned int nest;	/* or attribute in the nest of its kind */
	void (*fill)(const struct column *column, const struct row *row, struct value *value);
	int flags;		/* SCOLS_FL_TRUNC: may be cut to fit a terminal */
};

struct table_type {
	const char *root;	/* JSON name of the list */
	const char *defaults;
	const struct column *columns;
	size_t n;
	const char *(*color)(const struct row *row);	/* of a row on a terminal; or NULL */
};

/* A column that rows are sorted by. */
struct sort_column {
	const struct column *column;
	bool descending;
};

/* Columns that were chosen, in the order of output. */
struct column_choice {
	const struct table_type *set;
	const struct column **columns;
	bool *again;	/* the column has come before */
	size_t n;
	struct sort_column *sort;	/* the most significant first */
	size_t n_sort;
	const struct column **filtered;	/* columns that a filter reads */
	size_t n_filtered;
};

bool column_is_number(const struct column *column);
void column_fill(const struct column *column, const struct row *row, struct value *value);
const struct column *column_get(const struct table_type *set, const char *name, size_t len);
const struct column *column_find(const struct table_type *set, const char *name, size_t len);
void column_choice_parse(struct column_choice *columns, const struct table_type *set,
			 const char *list, bool all);
void column_choice_show(struct column_choice *columns, const char *name);
void column_choice_sort(struct column_choice *columns, const char *list);
void column_choice_filter(struct column_choice *columns, const struct column *column);
bool column_choice_has(const struct column_choice *columns, const char *name);
void column_choice_free(struct column_choice *columns);
void columns_print(const struct table_type *set, bool as_json);

#endif
