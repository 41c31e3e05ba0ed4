/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_NSIDS_H
#define IPCNSCTL_NSIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of identities of namespaces, sorted. */
struct nsids {
	uint64_t *ids;
	size_t n;
};

void nsids_add(struct nsids *set, uint64_t id);
bool nsids_has(const struct nsids *set, uint64_t id);

#endif
