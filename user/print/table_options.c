// SPDX-License-Identifier: GPL-2.0-only
/* The options that all tables have. */
#include <stdio.h>

#include "host/process.h"
#include "print/table_options.h"
#include "util.h"

static const char table_help[] =
	"\nTable options:\n"
	" -J, --json         JSON output            -b, --bytes         sizes in bytes\n"
	" -r, --raw          for scripts            -u, --notruncate    don't cut text\n"
	" -n, --noheadings   no headings            -H, --list-columns  describe columns\n"
	" -o, --output LIST  columns; +LIST adds        --output-all    all columns\n"
	" -h, --help  -V, --version  --wide  long texts too --time-format iso|full|short\n";

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
		die_usage("--json and --raw exclude each other");
	return true;
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
		fputs(usage, stdout);
		if (set) {
			fputs(table_help, stdout);
			columns_print_names(set);
		}
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
 * table_options_table - take the options of a command that prints one table and has none of its own
 * @opts: options
 * @sel: columns that were chosen, for column_choice_free()
 * @argc: of the command; the arguments begin at optind
 * @argv: of the command
 * @usage: of the command, above the table options
 * @set: columns there are
 *
 * Returns false if there is nothing left to do.
 */
bool table_options_table(struct table_options *opts, struct column_choice *sel, int argc,
			 char **argv,
			 const char *usage, const struct table_type *set)
{
	static const struct option longopts[] = {
		TABLE_LONGOPTS,
		{ 0 }
	};
	int c;

	table_options_init(opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1)
		if (!table_options_take(opts, c))
			die_usage(NULL);
	if (table_options_finish(opts, usage, set))
		return false;
	column_choice_parse(sel, set, opts->output, opts->output_all);
	return true;
}
