/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WAIT_CYCLE_H
#define IPCNSCTL_WAIT_CYCLE_H

#include <stddef.h>

#include "ipc/waiter.h"

/* A message of waiter-get about a process that waits, and what is known beyond it. */
struct stored_wait {
	struct wait wait;
	struct nlattr *attrs;
	int len;
};

void wait_cycles_find(struct stored_wait *waits, size_t n, struct awaited **things,
		      size_t n_things);

#endif
