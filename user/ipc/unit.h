/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_UNIT_H
#define IPCNSCTL_UNIT_H

#include "print/rows.h"

const struct stored_row *unit_find(const struct row_store *all, const char *unit);
void units_read(struct ipcns *w);
const char *units_name(uint64_t inum, uint64_t nsid);
bool units_known(void);
void units_clear(void);

#endif
