/* SPDX-License-Identifier: GPL-2.0-only */
/* Results as TAP without numbers, which tests/tool/run adds. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int failures;

static inline void check(int good, const char *name)
{
	fprintf(stderr, "%sok - %s\n", good ? "" : "not ", name);
	failures += !good;
}

static inline void check_text(const char *got, const char *want, const char *name)
{
	check(!strcmp(got, want), name);
	if (strcmp(got, want))
		fprintf(stderr, "#  got \"%s\"\n# want \"%s\"\n", got, want);
}

#endif
