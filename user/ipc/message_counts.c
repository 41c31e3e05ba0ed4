// SPDX-License-Identifier: GPL-2.0-only
/* Messages in a queue as rows: how many there are of each type or priority, never what they say. */
#include <stdlib.h>
#include <linux/ipcns.h>

#include "ipc/message_counts.h"
#include "util.h"

/** message_list_add - count a message, a row of element-get */
void message_list_add(struct message_list *list, const struct row *row)
{
	struct message_count *last;
	uint64_t size = 0, prio;
	int64_t type;

	ipcns_uint(row->attr[IPCNS_A_ELEMENT_TRUNCATED], &list->truncated);
	if (!ipcns_int(row->attr[IPCNS_A_ELEMENT_MTYPE], &type)) {
		if (!ipcns_uint(row->attr[IPCNS_A_ELEMENT_PRIO], &prio))
			return;
		type = prio;
	}
	ipcns_uint(row->attr[IPCNS_A_ELEMENT_SIZE], &size);
	if (list->n && list->rows[list->n - 1].type == type) {
		last = &list->rows[list->n - 1];
		last->n++;
		last->bytes += size;
		return;
	}
	list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
	list->rows[list->n++] = (struct message_count){ .type = type, .n = 1, .bytes = size };
}

static int ascending_order(const void *p, const void *q)
{
	const struct message_count *a = p, *b = q;

	return (a->type > b->type) - (a->type < b->type);
}

static int descending_order(const void *p, const void *q)
{
	return ascending_order(q, p);
}

/** message_list_sort - one row for each type, by type */
void message_list_sort(struct message_list *list, bool descending)
{
	struct message_count *row;
	size_t i, kept = 0;

	if (list->n)
		qsort(list->rows, list->n, sizeof(*row),
		      descending ? descending_order : ascending_order);
	for (i = 0; i < list->n; i++) {
		row = &list->rows[i];
		if (kept && list->rows[kept - 1].type == row->type) {
			list->rows[kept - 1].n += row->n;
			list->rows[kept - 1].bytes += row->bytes;
		} else {
			list->rows[kept++] = *row;
		}
	}
	list->n = kept;
}

/** message_list_print - print the rows */
void message_list_print(const struct message_list *list, struct table *out)
{
	struct row row = { 0 };
	size_t i;

	for (i = 0; i < list->n; i++) {
		row.data = &list->rows[i];
		table_add(out, &row);
	}
}

/** message_list_free - forget all rows */
void message_list_free(struct message_list *list)
{
	free(list->rows);
	*list = (struct message_list){ 0 };
}

static void fill_type(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_signed(value, ((const struct message_count *)row->data)->type);
}

static void fill_n(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, ((const struct message_count *)row->data)->n);
}

static void fill_bytes(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_size(value, ((const struct message_count *)row->data)->bytes);
}

#define COLUMNS_MESSAGES \
	{ "MSGS", "number of messages", AS_NUMBER, .fill = fill_n }, \
	{ "BYTES", "bytes in them", AS_SIZE, .fill = fill_bytes }

static const struct column types[] = {
	{ "TYPE", "type of message", AS_SIGNED, .fill = fill_type },
	COLUMNS_MESSAGES,
};

static const struct column prios[] = {
	{ "PRIO", "priority of message", AS_SIGNED, .fill = fill_type },
	COLUMNS_MESSAGES,
};

/** type_columns - columns of one type of System V message per row */
const struct table_type type_columns = {
	.root = "messages",
	.defaults = "TYPE,MSGS,BYTES",
	.columns = types,
	.n = ARRAY_SIZE(types),
};

/** prio_columns - columns of one priority of POSIX message per row */
const struct table_type prio_columns = {
	.root = "messages",
	.defaults = "PRIO,MSGS,BYTES",
	.columns = prios,
	.n = ARRAY_SIZE(prios),
};
