/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_KEPT_ROWS_H
#define IPCNSCTL_KEPT_ROWS_H

#include "print/columns.h"
#include "print/text.h"

/* Rows that are kept until all are there, to be printed in the order of some columns. */
struct kept_rows {
	const struct column_choice *columns;
	struct buffer values;	/* of all rows; see kept_rows.c */
	struct buffer text;	/* texts among them */
	uint64_t *last;		/* of each column, where its last text is */
	struct kept_row *rows;
	size_t n, allocated;
};

/* One of them. */
struct kept_row {
	const char *color;	/* or NULL */
	bool child;		/* stands below the last row before it that is no child */
};

void kept_rows_begin(struct kept_rows *kept, const struct column_choice *columns);
void kept_rows_add(struct kept_rows *kept, const struct row *row, const struct row *shown,
		   const struct kept_row *more);
void kept_rows_value(const struct kept_rows *kept, size_t row, size_t column, struct value *value);
size_t *kept_rows_order(const struct kept_rows *kept);
void kept_rows_free(struct kept_rows *kept);

#endif
