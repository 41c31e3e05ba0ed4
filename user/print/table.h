/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TABLE_H
#define IPCNSCTL_TABLE_H

#include "print/kept_rows.h"
#include "print/plain_table.h"
#include "print/row_filter.h"
#include "print/table_options.h"

struct libscols_table;
struct previous_value;

/* Where rows go: a table, raw lines as they come, or a JSON list. */
struct table {
	const struct table_options *opts;
	const struct column_choice *columns;
	struct libscols_table *table;	/* on a terminal, and for trees */
	struct libscols_line *parent;	/* the row that others come below */
	size_t kept;			/* bytes of text in it */
	size_t lines;			/* rows in it */
	struct plain_table plain;		/* elsewhere */
	struct buffer line;		/* raw */
	struct previous_value *shown;		/* of each column, but for libsmartcols and JSON */
	struct json *json;
	struct json own_json;
	struct row_filter *filter;	/* NULL if all rows are wanted */
	struct kept_rows sorted;	/* none unless they are to be sorted */
	const char *children;		/* JSON name of rows below others, once there is one */
	bool started;			/* headings are there */
	bool moved;			/* a cell of the row ends elsewhere than that above it */
	bool colors;
};

void table_begin(struct table *out, const struct table_options *opts,
		 const struct column_choice *columns,
		 struct json *json);
void table_add(struct table *out, const struct row *row);
bool table_can_sort(const struct table *out);
void table_add_sorted(struct table *out, const struct row *row, sort_key_fn sort_key);
size_t table_mark(struct table *out);
void table_truncate(struct table *out, size_t mark);
bool table_parent(struct table *out, const struct row *row, const struct row *shown,
		  const char *children);
void table_child(struct table *out, const struct row *row, const struct row *shown);
void table_parent_end(struct table *out);
void table_end(struct table *out);

void table_json_line(FILE *file, const struct column_choice *columns, const struct row *row,
		     const struct value_format *format);
void table_json_object(struct json *json, const char *key, const struct column_choice *columns,
		       const struct row *row, const struct value_format *format);

#endif
