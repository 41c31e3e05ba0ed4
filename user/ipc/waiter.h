/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WAITER_H
#define IPCNSCTL_WAITER_H

#include "print/columns.h"

extern const struct column_set sem_waiter_columns;
extern const struct column_set queue_waiter_columns;
extern const struct column_set undo_columns;

bool waiter_is_truncated(const struct record *rec);
bool waiter_is_undo(const struct record *rec);

#endif
