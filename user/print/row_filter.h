/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ROW_FILTER_H
#define IPCNSCTL_ROW_FILTER_H

#include "print/columns.h"

struct row_filter;

struct row_filter *row_filter_new(const struct table_type *set, const char *expression);
void row_filter_note_columns(const struct row_filter *filter, struct column_choice *columns);
bool row_filter_pass(struct row_filter *filter, const struct row *row);
void row_filter_free(struct row_filter *filter);

#endif
