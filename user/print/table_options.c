// SPDX-License-Identifier: GPL-2.0-only
/* The options that all tables have. */
#include <stdio.h>
#include <stdlib.h>

#include "host/process.h"
#include "print/help.h"
#include "print/row_filter.h"
#include "print/table_options.h"
#include "util.h"

static const char table_help[] =
	"\nTable options:\n"
	" -J, --json         JSON output            -b, --bytes         sizes in bytes\n"
	" -r, --raw          for scripts            -u, --notruncate    don't cut text\n"
	" -n, --noheadings   no headings            -H, --list-columns  describe columns\n"
	" -o, --output LIST  columns; +LIST adds        --output-all    all columns\n"
	"     --sort LIST    by columns; -COL: down -Q, --filter EXPR   rows that match\n"
	"     --wide         long texts too             --time-format iso|full|short\n"
	"     --color[=WHEN] auto, always, never    -q, --quiet         no remarks\n"
	" -h, --help         display this help      -V, --version\n";

/** table_options_init - defaults */
void table_options_init(struct table_options *opts)
{
	time_t now = time(NULL);

	*opts = (struct table_options){ 0 };
	localtime_r(&now, &opts->format.now);
}

/**
 * table_options_take - take one option of a table
 * @opts: where it goes
 * @c: what getopt_long(3) returned
 *
 * Returns false if it is none of them: the command's own.
 */
bool table_options_take(struct table_options *opts, int c)
{
	switch (c) {
	case 'J':
		opts->json = true;
		break;
	case 'r':
		opts->raw = true;
		opts->format.seconds = true;
		opts->format.bytes = true;
		break;
	case 'n':
		opts->noheadings = true;
		break;
	case 'u':
		opts->notruncate = true;
		break;
	case 'o':
		opts->output = optarg;
		break;
	case OPTION_OUTPUT_ALL:
		opts->output_all = true;
		break;
	case OPTION_COLOR:
		if (!color_parse(optarg, &opts->color))
			die_usage("unknown color mode: %s (auto, always or never)", optarg);
		break;
	case 'q':
		quiet = true;
		break;
	case OPTION_SORT:
		opts->sort = optarg;
		break;
	case 'Q':
		opts->filter = optarg;
		break;
	case 'H':
		opts->list_columns = true;
		break;
	case 'b':
		opts->format.bytes = true;
		break;
	case OPTION_WIDE:
		opts->wide = true;
		break;
	case OPTION_TIME_FORMAT:
		if (!parse_time_format(optarg, &opts->format.time))
			die_usage("unknown time format: %s", optarg);
		break;
	case 'h':
		opts->help = true;
		break;
	case 'V':
		print_version();
	default:
		return false;
	}
	if (opts->json && opts->raw)
		die_usage("--json and --raw are mutually exclusive");
	return true;
}

/* Options are one section. */
static void print_help(const char *usage, const struct table_type *set)
{
	char *section;

	if (!set) {
		help_print(usage);
		return;
	}
	if (asprintf(&section, "%s%s", usage, table_help) < 0)
		die(STATUS_ERROR, "out of memory");
	if (help_print(section))
		help_print_columns(set);
	free(section);
}

/**
 * table_options_finish - do what --help and --list-columns ask for
 * @opts: options
 * @usage: of the command, above the table options
 * @set: columns of the table, NULL if the command prints none
 *
 * Returns true if that was all there is to do.
 */
bool table_options_finish(struct table_options *opts, const char *usage,
			  const struct table_type *set)
{
	if (opts->raw && opts->format.time == TIME_DEFAULT)
		opts->format.time = TIME_ISO;
	if (opts->help) {
		print_help(usage, set);
		return true;
	}
	/* A table is kept until its end, and must not grow with what others can make long. */
	if (opts->wide && (opts->raw || opts->json))
		proc_command_wide();
	if (set && opts->list_columns) {
		columns_print(set, opts->json);
		return true;
	}
	return false;
}

/**
 * table_choose - choose the columns of a table, or die
 * @opts: options
 * @columns: the result, for column_choice_free()
 * @set: columns there are
 */
void table_choose(const struct table_options *opts, struct column_choice *columns,
		  const struct table_type *set)
{
	struct row_filter *filter;

	column_choice_parse(columns, set, opts->output, opts->output_all);
	if (opts->tree && !opts->json && !opts->raw)
		column_choice_show(columns, TREE_COLUMN);
	if (opts->sort)
		column_choice_sort(columns, opts->sort);
	if (!opts->filter)
		return;
	filter = row_filter_new(set, opts->filter);
	row_filter_note_columns(filter, columns);
	row_filter_free(filter);
}
