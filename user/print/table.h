/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TABLE_H
#define IPCNSCTL_TABLE_H

#include "print/plain_table.h"
#include "print/table_options.h"

struct libscols_table;
struct shown;

/* Where rows go: a table, raw lines as they come, or a JSON list. */
struct output {
	const struct options *opts;
	const struct selection *sel;
	struct libscols_table *table;	/* on a terminal, and for trees */
	struct libscols_line *parent;	/* the row that others come below */
	struct grid grid;		/* elsewhere */
	struct buffer line;		/* raw */
	struct shown *shown;		/* of each column, but for libsmartcols and JSON */
	struct json *json;
	struct json own_json;
	bool started;			/* headings are there */
	bool moved;			/* a cell of the row ends elsewhere than that above it */
	bool colors;
};

void output_begin(struct output *out, const struct options *opts, const struct selection *sel,
		  struct json *json);
void output_row(struct output *out, const struct record *rec);
bool output_sorts(const struct output *out);
void output_sorted(struct output *out, const struct record *rec, sort_key_fn sort_key);
size_t output_mark(struct output *out);
void output_truncate(struct output *out, size_t mark);
void output_parent(struct output *out, const struct record *rec, const char *children);
void output_child(struct output *out, const struct record *rec);
void output_parent_end(struct output *out);
void output_end(struct output *out);

void output_json_object(struct json *json, const char *key, const struct selection *sel,
			const struct record *rec, const struct cell_format *format);

#endif
