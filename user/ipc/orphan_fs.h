/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ORPHAN_FS_H
#define IPCNSCTL_ORPHAN_FS_H

#include "libipcns.h"
#include "print/rows.h"

/* The state of a row that is an mqueue filesystem without a namespace: none that the module has. */
#define ORPHAN_FS_STATE 1000
#define ORPHAN_FS_NAME "orphan-fs"

void orphan_fs_find(struct ipcns *w, const struct row_store *namespaces, struct row_store *store);
const char *orphan_fs_mount(uint32_t dev, size_t *len);
void orphan_fs_clear(void);

#endif
