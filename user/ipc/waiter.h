/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WAITER_H
#define IPCNSCTL_WAITER_H

#include "print/columns.h"

extern const struct table_type sem_waiter_columns;
extern const struct table_type queue_waiter_columns;
extern const struct table_type undo_columns;

bool waiter_is_truncated(const struct row *rec);
bool waiter_is_undo(const struct row *rec);

#endif
