/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TABLE_OPTIONS_H
#define IPCNSCTL_TABLE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "print/color.h"
#include "print/columns.h"

/* Options that all tables have. */
struct table_options {
	bool json;
	bool raw;
	bool noheadings;
	bool notruncate;
	bool wide;	/* no bound for what is written as it comes, nor for widths in a file */
	bool output_all;
	bool list_columns;
	bool help;
	bool tree;	/* rows can have others below them */
	const char *output;
	enum color_when color;
	const char *sort;	/* columns, or NULL */
	const char *filter;	/* an expression, or NULL */
	struct value_format format;
};

/* The column that has the branches of a tree: people see it even if they did not choose it. */
#define TREE_COLUMN "COMMAND"

enum {
	OPTION_OUTPUT_ALL = 256,
	OPTION_TIME_FORMAT,
	OPTION_WIDE,
	OPTION_SORT,
	OPTION_COLOR,
	OPTION_COMMAND,		/* first number for a command's own options */
};

#define VALUE_OPTSTRING "JbhV"
#define VALUE_LONGOPTS \
	{ "json", no_argument, NULL, 'J' }, \
	{ "bytes", no_argument, NULL, 'b' }, \
	{ "time-format", required_argument, NULL, OPTION_TIME_FORMAT }, \
	{ "help", no_argument, NULL, 'h' }, \
	{ "version", no_argument, NULL, 'V' }

#define TABLE_OPTSTRING VALUE_OPTSTRING "rnuo:HQ:q"
#define TABLE_LONGOPTS \
	{ "raw", no_argument, NULL, 'r' }, \
	{ "noheadings", no_argument, NULL, 'n' }, \
	{ "notruncate", no_argument, NULL, 'u' }, \
	{ "output", required_argument, NULL, 'o' }, \
	{ "output-all", no_argument, NULL, OPTION_OUTPUT_ALL }, \
	{ "list-columns", no_argument, NULL, 'H' }, \
	{ "wide", no_argument, NULL, OPTION_WIDE }, \
	{ "color", optional_argument, NULL, OPTION_COLOR }, \
	{ "quiet", no_argument, NULL, 'q' }, \
	{ "sort", required_argument, NULL, OPTION_SORT }, \
	{ "filter", required_argument, NULL, 'Q' }, \
	VALUE_LONGOPTS

void table_options_init(struct table_options *opts);
bool table_options_take(struct table_options *opts, int c);
void table_choose(const struct table_options *opts, struct column_choice *columns,
		  const struct table_type *set);
bool table_options_finish(struct table_options *opts, const char *usage,
			  const struct table_type *set);

#endif
