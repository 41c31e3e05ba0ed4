/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_FIT_H
#define IPCNSCTL_FIT_H

#include <stddef.h>

struct libscols_table;

void fit_columns(struct libscols_table *table, size_t room);

#endif
