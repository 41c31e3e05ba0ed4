// SPDX-License-Identifier: GPL-2.0-only
/* Prints how many thousand times a second the time stamp counter of this machine counts. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define PAUSE_NS 200000000

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t begin = now(), ns;
	uint64_t ticks = __rdtsc();

	nanosleep(&pause, NULL);
	ticks = __rdtsc() - ticks;
	ns = now() - begin;
	printf("%.0f\n", (double)ticks * 1000000 / ns);
	return 0;
}
