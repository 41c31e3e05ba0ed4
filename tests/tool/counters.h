/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included first where the tool is built with counters of lines. Child processes that end by
 * _exit() write their counts, too, and a parent that is done with one gives it time for that.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <bits/types/idtype_t.h>	/* not <sys/wait.h>: wait is a name of the tool's */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void);

static inline _Noreturn void counted_exit(int status)
{
	__gcov_dump();
	(_exit)(status);
}

static inline int counted_kill(pid_t pid, int number)
{
	siginfo_t info = { .si_pid = 0 };
	int tries;

	for (tries = 0; number == SIGKILL && !info.si_pid && tries < 100; tries++)
		if (syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, NULL) ||
		    usleep(10000))
			break;
	return (kill)(pid, number);
}

#define _exit(status) counted_exit(status)
#define kill(pid, number) counted_kill(pid, number)

#endif
