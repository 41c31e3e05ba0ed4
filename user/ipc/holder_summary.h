/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_HOLDER_SUMMARY_H
#define IPCNSCTL_HOLDER_SUMMARY_H

#include "ipc/holder.h"
#include "print/table.h"

extern const struct table_type holder_summary_columns;

void holder_summary_print(const struct holders *holders, struct table *out);

#endif
