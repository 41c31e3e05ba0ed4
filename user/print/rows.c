// SPDX-License-Identifier: GPL-2.0-only
/* Messages as rows: attributes by number, and a sorted store of them. */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "print/rows.h"
#include "progress.h"
#include "util.h"

_Static_assert(IPCNS_A_NS_MAX < ROW_ATTRS && IPCNS_A_OBJECT_MAX < ROW_ATTRS &&
	       IPCNS_A_LIMITS_MAX < ROW_ATTRS && IPCNS_A_HOLDER_MAX < ROW_ATTRS &&
	       IPCNS_A_WAITER_MAX < ROW_ATTRS && IPCNS_A_ELEMENT_MAX < ROW_ATTRS &&
	       IPCNS_A_SHM_MAX < ROW_NEST && IPCNS_A_SEM_MAX < ROW_NEST &&
	       IPCNS_A_MSG_MAX < ROW_NEST && IPCNS_A_MQ_MAX < ROW_NEST &&
	       IPCNS_A_ACTOR_MAX < ROW_NEST,
	       "room for all attributes");

/** row_parse - index the attributes of a message; false if it is malformed */
bool row_parse(struct row *row, struct nlattr *attrs, int len)
{
	memset(row->nest, 0, sizeof(row->nest));
	row->line = 0;
	row->data = NULL;
	return ipcns_index(row->attr, ROW_ATTRS, attrs, len);
}

/** row_nest - index the attributes inside attribute @attr, if it is there */
void row_nest(struct row *row, unsigned int attr)
{
	ipcns_index_nested(row->nest, ROW_NEST, attr < ROW_ATTRS ? row->attr[attr] : NULL);
}

/**
 * row_store_add - keep a copy of a message
 * @store: the store, all zero at first
 * @attrs: attributes of the message
 * @len: their length
 * @sort_key: fills in what rows are sorted by; NULL if they stay as they come
 */
void row_store_add(struct row_store *store, struct nlattr *attrs, int len, sort_key_fn sort_key)
{
	struct stored_row *stored;
	struct row row;

	store->rows = xgrow(store->rows, store->n, &store->allocated, sizeof(*store->rows));
	stored = &store->rows[store->n];
	memset(stored, 0, sizeof(*stored));
	stored->attrs = xmemdup(attrs, len);
	stored->len = len;
	if (!row_parse(&row, stored->attrs, stored->len)) {
		free(stored->attrs);
		return;
	}
	if (sort_key)
		sort_key(&row, &stored->key);
	store->n++;
	progress_row();
}

/** sort_key_compare - less than 0 if the row of @a comes before that of @b, 0 if they are equal */
int sort_key_compare(const struct sort_key *a, const struct sort_key *b)
{
	size_t i, len;
	int ret;

	for (i = 0; i < ARRAY_SIZE(a->number); i++)
		if (a->number[i] != b->number[i])
			return a->number[i] < b->number[i] ? -1 : 1;
	len = a->text_len < b->text_len ? a->text_len : b->text_len;
	ret = len ? memcmp(a->text, b->text, len) : 0;
	return ret ?: (a->text_len > b->text_len) - (a->text_len < b->text_len);
}

/** stored_row_compare - sort_key_compare() of two struct stored_row, for qsort(3) */
int stored_row_compare(const void *p, const void *q)
{
	return sort_key_compare(&((const struct stored_row *)p)->key,
				&((const struct stored_row *)q)->key);
}

/** row_store_sort - sort rows by their keys, now that all are there */
void row_store_sort(struct row_store *store)
{
	size_t i = 1;

	progress_end();
	/* Often they came in this order. */
	while (i < store->n && stored_row_compare(&store->rows[i - 1], &store->rows[i]) <= 0)
		i++;
	if (i < store->n)
		qsort(store->rows, store->n, sizeof(*store->rows), stored_row_compare);
}

/** row_store_unique - of rows with equal keys, keep the first; the store is sorted */
void row_store_unique(struct row_store *store)
{
	size_t i, kept = 0;

	for (i = 0; i < store->n; i++) {
		if (kept && !stored_row_compare(&store->rows[kept - 1], &store->rows[i]))
			free(store->rows[i].attrs);
		else
			store->rows[kept++] = store->rows[i];
	}
	store->n = kept;
}

/** row_store_truncate - forget all rows but the first @n */
void row_store_truncate(struct row_store *store, size_t n)
{
	while (store->n > n)
		free(store->rows[--store->n].attrs);
}

/** row_store_restart - for ipcns_dump(): forget all rows of the store @arg */
bool row_store_restart(void *arg)
{
	row_store_clear(arg);
	return true;
}

/** row_store_clear - forget all rows */
void row_store_clear(struct row_store *store)
{
	row_store_truncate(store, 0);
	free(store->rows);
	memset(store, 0, sizeof(*store));
}
