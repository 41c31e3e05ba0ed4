// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether output is coloured: by --color, the terminal, NO_COLOR, and files that switch colours off
 * or on, see terminal-colors.d(5). Colour schemes are not read.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print/color.h"
#include "util.h"

#define FOLDER "terminal-colors.d"

/** color_parse - the argument of --color; NULL is auto */
bool color_parse(const char *text, enum color_when *when)
{
	if (!text || !strcmp(text, "auto"))
		*when = COLOR_AUTO;
	else if (!strcmp(text, "always"))
		*when = COLOR_ALWAYS;
	else if (!strcmp(text, "never"))
		*when = COLOR_NEVER;
	else
		return false;
	return true;
}

/*
 * How specific the name of a file is, "[[PROGRAM][@TERM].]TYPE"; 0 if it is about something else.
 * The name of the program counts for more than that of the terminal.
 */
static int file_score(const char *name, const char *type, const char *term)
{
	size_t len = strlen(name), type_len = strlen(type), program_len;
	const char *at;
	int score = 1;

	if (len < type_len || strcmp(name + len - type_len, type))
		return 0;
	len -= type_len;
	if (!len)
		return score;
	if (name[--len] != '.')
		return 0;
	at = memchr(name, '@', len);
	program_len = at ? (size_t)(at - name) : len;
	if (program_len) {
		if (program_len != strlen(PROGRAM) || memcmp(name, PROGRAM, program_len))
			return 0;
		score += 20;
	}
	if (at) {
		len -= program_len + 1;
		if (len != strlen(term) || memcmp(at + 1, term, len))
			return 0;
		score += 2;
	}
	return score;
}

/* Looks for files in a folder; false if there is none. */
static bool read_folder(const char *path, const char *term, bool *disabled)
{
	int disable = 0, enable = 0, score;
	struct dirent *entry;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		score = file_score(entry->d_name, "disable", term);
		disable = score > disable ? score : disable;
		score = file_score(entry->d_name, "enable", term);
		enable = score > enable ? score : enable;
	}
	closedir(dir);
	*disabled = disable > enable;
	return true;
}

/* A folder of the user's own counts instead of that of the system. */
static bool is_disabled(const char *term)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	bool disabled = false, found = false;
	char *path = NULL;

	if (config && *config == '/' && asprintf(&path, "%s/" FOLDER, config) < 0)
		die(STATUS_ERROR, "out of memory");
	if (!path && home && *home == '/' && asprintf(&path, "%s/.config/" FOLDER, home) < 0)
		die(STATUS_ERROR, "out of memory");
	if (path)
		found = read_folder(path, term, &disabled);
	free(path);
	if (!found)
		read_folder("/etc/" FOLDER, term, &disabled);
	return disabled;
}

/**
 * color_wanted - whether standard output is coloured
 *
 * Unless asked for, only on a terminal; see no-color.org, and terminfo(5) for the terminal that can
 * do nothing.
 */
bool color_wanted(enum color_when when)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") &&
	       !is_disabled(term);
}
