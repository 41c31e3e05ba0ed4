/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included first where the tool is built with counters of lines. Child processes that end by
 * _exit() write their counts, too.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <unistd.h>

void __gcov_dump(void);

static inline _Noreturn void counted_exit(int status)
{
	__gcov_dump();
	(_exit)(status);
}

#define _exit(status) counted_exit(status)

#endif
