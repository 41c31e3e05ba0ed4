/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ORPHANS_H
#define IPCNSCTL_ORPHANS_H

#include "ipc/orphan.h"
#include "print/table.h"

extern const struct table_type orphan_sum_columns;

void orphans_print(struct ipcns *w, const struct row_store *namespaces,
		   const struct orphan_filter *filter, bool sums, struct table *out);

#endif
