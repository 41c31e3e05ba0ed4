/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_METRICS_H
#define IPCNSCTL_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "ipc/file_object.h"
#include "ipc/object_sums.h"
#include "ipc/user_limit.h"
#include "print/rows.h"

/* What was read, and how it is shown. */
struct metrics {
	struct row_store namespaces;	/* of ns-get */
	struct row_store limits;		/* of limits-get */
	struct row_store status;		/* one message of status-get */
	struct user_limits users;
	struct object_sums *sums;	/* of each namespace */
	struct file_sums *files;	/* of each namespace; NULL if not known */
	struct file_sums all_files;
	uint64_t now;			/* nanoseconds since the epoch */
	size_t top;			/* namespaces that a family names at most */
	bool prometheus;
};

void metrics_read(struct metrics *m);
void metrics_listen(const struct metrics *how, const char *address);
void metrics_write(const struct metrics *m, FILE *out);

#endif
