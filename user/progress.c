// SPDX-License-Identifier: GPL-2.0-only
/* What a person sees who waits for many rows: how many there are so far, on a terminal. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"
#include "util.h"

/* Rows between two looks at the clock. */
#define ROWS 256

/* Before it is worth a line, and between two lines. */
#define FIRST_MS 500
#define NEXT_MS 100

static struct {
	unsigned long long rows;
	int64_t next;		/* when there is something to say, 0 before the first row */
	bool said;
} progress;

/** progress_row - one more row was read */
void progress_row(void)
{
	int64_t now;

	if (progress.rows++ % ROWS)
		return;
	now = monotonic_ms();
	if (!progress.next)
		progress.next = now + FIRST_MS;
	if (now < progress.next || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%llu rows read", progress.rows);
	progress.next = now + NEXT_MS;
	progress.said = true;
}

/** progress_end - nobody waits any more: takes the line away, if there is one */
void progress_end(void)
{
	if (progress.said)
		fputs("\r\033[K", stderr);
	progress.rows = 0;
	progress.next = 0;
	progress.said = false;
}
