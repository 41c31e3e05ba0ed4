/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_NSARG_H
#define IPCNSCTL_NSARG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a user named a namespace. */
struct nsarg {
	bool by_id;
	bool exists;		/* it has been seen in /proc, or behind a path */
	uint64_t value;		/* id, or inode number */
};

bool nsarg_parse(const char *arg, struct nsarg *ns, char *why, size_t size);

#endif
