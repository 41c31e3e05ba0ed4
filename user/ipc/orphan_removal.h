/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ORPHAN_REMOVAL_H
#define IPCNSCTL_ORPHAN_REMOVAL_H

#include "ipc/orphan.h"

size_t orphans_remove(struct ipcns *w, const struct row_store *namespaces,
		      const struct orphan_filter *filter, bool force);

#endif
