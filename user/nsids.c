// SPDX-License-Identifier: GPL-2.0-only
/* Sets of namespaces that were named on the command line. */
#include <string.h>

#include "ipcnsctl.h"
#include "nsids.h"

/* Where @id is, or would be. */
static size_t place(const struct nsids *set, uint64_t id)
{
	size_t low = 0, high = set->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (set->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/** nsids_has - whether the namespace with identity @id is in @set */
bool nsids_has(const struct nsids *set, uint64_t id)
{
	size_t at = place(set, id);

	return at < set->n && set->ids[at] == id;
}

/** nsids_add - add the namespace with identity @id to @set, all zero at first */
void nsids_add(struct nsids *set, uint64_t id)
{
	size_t at = place(set, id);

	if (at < set->n && set->ids[at] == id)
		return;
	set->ids = xrealloc(set->ids, set->n + 1, sizeof(*set->ids));
	memmove(set->ids + at + 1, set->ids + at, (set->n - at) * sizeof(*set->ids));
	set->ids[at] = id;
	set->n++;
}
