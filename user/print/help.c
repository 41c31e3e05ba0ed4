// SPDX-License-Identifier: GPL-2.0-only
/* Help texts, in sections that a screen of 24 lines has room for. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "print/columns.h"
#include "print/help.h"
#include "util.h"

/* Lines that are on the screen. */
static size_t shown;

static bool is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Waits for Enter; false if the reader has seen enough. */
static bool ask_for_more(void)
{
	int c, first;

	fputs("-- Enter shows the next section, q ends -- ", stdout);
	fflush(stdout);
	first = c = getchar();
	while (c != '\n' && c != EOF)
		c = getchar();
	return first != 'q' && c != EOF;
}

/* Makes room for a section; false if the reader has seen enough. */
static bool make_room(size_t lines)
{
	struct winsize size;

	if (shown && is_interactive() && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
	    shown + lines >= size.ws_row) {
		if (!ask_for_more())
			return false;
		shown = 0;
	}
	shown += lines;
	return true;
}

/**
 * help_print - print a section of a help text
 * @section: whole lines
 *
 * On a terminal that has no room for it below the sections before, waits for Enter. Returns false
 * if no more is to be printed.
 */
bool help_print(const char *section)
{
	const char *at;
	size_t lines = 0;

	for (at = section; *at; at++)
		lines += *at == '\n';
	if (!make_room(lines))
		return false;
	fputs(section, stdout);
	return true;
}

/* Columns that a section has room for, below its heading. */
#define SECTION_COLUMNS 20

/* Prints the default columns, or all others from @column on; returns where the next ones begin. */
static const struct column *print_columns(const struct column_choice *defaults, bool others,
					  const struct column *column)
{
	const struct column *end = defaults->set->columns + defaults->set->n;
	char *section;
	size_t len, n = 0;
	FILE *out;
	bool more;

	out = open_memstream(&section, &len);
	if (!out)
		die(STATUS_ERROR, "out of memory");
	fprintf(out, "\n%s columns:\n", others ? "More" : "Default");
	for (; column < end && n < SECTION_COLUMNS; column++) {
		if (column_choice_has(defaults, column->name) == others)
			continue;
		fprintf(out, "%11s  %s\n", column->name, column->help);
		n++;
	}
	if (fclose(out))
		die(STATUS_ERROR, "out of memory");
	more = !n || help_print(section);
	free(section);
	return more ? column : NULL;
}

/** help_print_columns - print what columns a table has: the default ones, then the others */
void help_print_columns(const struct table_type *set)
{
	const struct column *end = set->columns + set->n, *column = set->columns;
	struct column_choice defaults;

	column_choice_parse(&defaults, set, NULL, false);
	if (print_columns(&defaults, false, column))
		while (column && column < end)
			column = print_columns(&defaults, true, column);
	column_choice_free(&defaults);
}
