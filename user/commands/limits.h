/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_LIMITS_H
#define IPCNSCTL_LIMITS_H

#include "print/rows.h"
#include "print/table.h"

extern const struct column_set limit_columns;

bool limits_use(const struct record *rec, unsigned int line, const char **name, double *part);
void limits_get(struct ipcns *w, uint64_t id, struct store *store);
void limits_get_all(struct ipcns *w, struct store *store);
void limits_print(const struct store *store, const struct store *only, struct output *out);

#endif
