/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TABLE_OPTIONS_H
#define IPCNSCTL_TABLE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "print/columns.h"

/* Options that all tables have. */
struct options {
	bool json;
	bool raw;
	bool noheadings;
	bool notruncate;
	bool wide;	/* no bound for what is written as it comes */
	bool output_all;
	bool list_columns;
	bool help;
	bool tree;	/* rows can have others below them */
	const char *output;
	struct cell_format format;
};

enum {
	OPTION_OUTPUT_ALL = 256,
	OPTION_TIME_FORMAT,
	OPTION_WIDE,
	OPTION_COMMAND,		/* first number for a command's own options */
};

#define VALUE_OPTSTRING "JbhV"
#define VALUE_LONGOPTS \
	{ "json", no_argument, NULL, 'J' }, \
	{ "bytes", no_argument, NULL, 'b' }, \
	{ "time-format", required_argument, NULL, OPTION_TIME_FORMAT }, \
	{ "help", no_argument, NULL, 'h' }, \
	{ "version", no_argument, NULL, 'V' }

#define TABLE_OPTSTRING VALUE_OPTSTRING "rnuo:H"
#define TABLE_LONGOPTS \
	{ "raw", no_argument, NULL, 'r' }, \
	{ "noheadings", no_argument, NULL, 'n' }, \
	{ "notruncate", no_argument, NULL, 'u' }, \
	{ "output", required_argument, NULL, 'o' }, \
	{ "output-all", no_argument, NULL, OPTION_OUTPUT_ALL }, \
	{ "list-columns", no_argument, NULL, 'H' }, \
	{ "wide", no_argument, NULL, OPTION_WIDE }, \
	VALUE_LONGOPTS

void options_init(struct options *opts);
bool options_take(struct options *opts, int c);
bool options_table(struct options *opts, struct selection *sel, int argc, char **argv,
		   const char *usage, const struct column_set *set);
bool options_finish(const struct options *opts, const char *usage, const struct column_set *set);

#endif
