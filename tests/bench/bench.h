/* SPDX-License-Identifier: GPL-2.0 */
/* What programs of the benchmarks share. */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What a system call returned, unless it failed. */
static inline int ok(int ret)
{
	if (ret >= 0)
		return ret;
	perror(program_invocation_short_name);
	exit(1);
}

/* Nanoseconds of a clock. */
static inline long long time_of(clockid_t clock)
{
	struct timespec ts;

	ok(clock_gettime(clock, &ts));
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline long long now(void)
{
	return time_of(CLOCK_MONOTONIC);
}

/* Order of times, for qsort(3). */
static inline int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

#endif
