// SPDX-License-Identifier: GPL-2.0-only
/* Errors that end the tool, failed writes to standard output, and memory. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "print/text.h"
#include "progress.h"
#include "util.h"

/** command_name - the sub-command that runs, for hints to its --help; NULL before there is one */
const char *command_name;

/** quiet - say nothing of what an answer leaves out: --quiet */
bool quiet;

/* Arguments may be names that anybody made, in a terminal of root's. */
static void verror(const char *fmt, va_list ap)
{
	char *text;
	int len = vasprintf(&text, fmt, ap);

	progress_end();
	fputs(PROGRAM ": ", stderr);
	if (len >= 0) {
		put_safe(stderr, text, len);
		free(text);
	} else {
		fputs("out of memory", stderr);
	}
	fputc('\n', stderr);
}

/** error - print one line on stderr, with the program's name in front */
void error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verror(fmt, ap);
	va_end(ap);
}

/** die - print one line on stderr and exit with @status */
void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verror(fmt, ap);
	va_end(ap);
	exit(status);
}

/** die_usage - print @fmt, unless NULL (getopt has spoken), and a hint to --help; exit */
void die_usage(const char *fmt, ...)
{
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		verror(fmt, ap);
		va_end(ap);
	}
	fprintf(stderr, "Try '" PROGRAM "%s%s --help' for more information.\n",
		command_name ? " " : "", command_name ?: "");
	exit(STATUS_ERROR);
}

/* A reader that closed the pipe (EPIPE, where SIGPIPE is ignored) is not reported. */
static void die_of_stdout(void)
{
	if (errno == EPIPE)
		exit(STATUS_ERROR);
	die(STATUS_ERROR, "write error%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
}

/** write_stdout - write @len bytes, more than none, or exit with an error */
void write_stdout(const char *bytes, size_t len)
{
	if (!fwrite_unlocked(bytes, len, 1, stdout))
		die_of_stdout();
}

/** check_stdout - exit with an error if something written so far did not get out */
void check_stdout(void)
{
	int failed = ferror(stdout);

	if (fflush(stdout))
		die_of_stdout();
	if (failed) {
		errno = 0;	/* nobody knows any more why */
		die_of_stdout();
	}
}

/** print_version - -V of every command */
void print_version(void)
{
	puts(PROGRAM " " IPCNS_VERSION);
	check_stdout();
	exit(STATUS_OK);
}

/**
 * option_common - take --help or --version, or refuse, where there are no options of tables
 * @c: what getopt_long(3) returned
 * @usage: of the command
 */
void option_common(int c, const char *usage)
{
	if (c == 'V')
		print_version();
	if (c != 'h')
		die_usage(NULL);
	fputs(usage, stdout);
	check_stdout();
	exit(STATUS_OK);
}

/** xrealloc - reallocarray(3) that does not fail */
void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p && n && size)
		die(STATUS_ERROR, "out of memory");
	return p;
}

/**
 * xgrow - make room for one more element at the end of an array
 * @p: the array, NULL at first
 * @n: how many elements it has
 * @allocated: how many it has room for, adjusted here
 * @size: bytes of an element
 *
 * Returns the array, which may have moved; never NULL.
 */
void *xgrow(void *p, size_t n, size_t *allocated, size_t size)
{
	if (n < *allocated)
		return p;
	*allocated = n ? 2 * n : 64;
	return xrealloc(p, *allocated, size);
}

/** xcalloc - calloc(3), or exit with an error */
void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ?: 1, size);

	if (!p)
		die(STATUS_ERROR, "out of memory");
	return p;
}

/** xmemdup - copy of @size bytes at @p; never NULL */
void *xmemdup(const void *p, size_t size)
{
	void *copy = xrealloc(NULL, size ?: 1, 1);

	return size ? memcpy(copy, p, size) : copy;
}

/**
 * first_not_below - where a key would go in a sorted array, before its equals
 * @key: an element to compare with
 * @base: the array; may be NULL if it is empty
 * @n: how many elements it has
 * @size: bytes of an element
 * @compare: what the array is sorted by, or its most significant part
 *
 * Returns the index of the first element that is not below @key; @n if there is none.
 */
size_t first_not_below(const void *key, const void *base, size_t n, size_t size,
		       int (*compare)(const void *p, const void *q))
{
	size_t low = 0, high = n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare((const char *)base + middle * size, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/** monotonic_ns - nanoseconds by a clock that nobody sets */
int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/** monotonic_ms - milliseconds by the same clock */
int64_t monotonic_ms(void)
{
	return monotonic_ns() / 1000000;
}
