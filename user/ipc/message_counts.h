/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MESSAGE_COUNTS_H
#define IPCNSCTL_MESSAGE_COUNTS_H

#include "print/columns.h"
#include "print/table.h"

/* Messages of one type or priority: the row of a record. */
struct message_count {
	int64_t type;
	uint64_t n;
	uint64_t bytes;
};

/* The messages of one queue; all zero at first. */
struct message_list {
	struct message_count *rows;
	size_t n;
	size_t allocated;
	uint64_t truncated;	/* messages that the kernel did not look at */
};

extern const struct table_type type_columns;
extern const struct table_type prio_columns;

void message_list_add(struct message_list *list, const struct row *row);
void message_list_sort(struct message_list *list, bool descending);
void message_list_print(const struct message_list *list, struct table *out);
void message_list_free(struct message_list *list);

#endif
