/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_LIMIT_H
#define IPCNSCTL_LIMIT_H

#include "print/rows.h"
#include "print/table.h"

extern const struct table_type limit_columns;

bool limits_amount(const struct row *row, unsigned int line, uint64_t *used, uint64_t *max);
bool limits_use(const struct row *row, unsigned int line, const char **name, double *part);
void limits_get(struct ipcns *w, uint64_t id, struct row_store *store);
void limits_try(struct ipcns *w, uint64_t id, struct row_store *store);
void limits_get_all(struct ipcns *w, struct row_store *store);
size_t limits_print_notable(const struct row_store *store, struct table *out);
void limits_print(const struct row_store *store, struct table *out);
void limits_print_above(const struct row_store *store, const struct row_store *only, double above,
			struct table *out);

#endif
