// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl objects --orphans: a row for each orphan, or sums of them by unit and user. */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "commands/orphans.h"
#include "ipc/object.h"
#include "ipc/unit.h"
#include "util.h"

/* What the orphans of one user in one unit come to. */
struct sum {
	char *unit;		/* NULL if it is not known */
	uint64_t uid;
	bool has_uid;
	uint64_t n, sure, bytes;
	uint64_t age;		/* of the one that was used last the longest ago */
	bool has_age;
};

/* Sums that grow in number. */
struct sums {
	void *tree;
	struct sum **list;
	size_t n, allocated;
	uint64_t now;
};

static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	const struct sum *sum = row->data;

	(void)column;
	if (sum->unit)
		value_text(value, sum->unit);
}

static void fill_owner(const struct column *column, const struct row *row, struct value *value)
{
	const struct sum *sum = row->data;

	if (!sum->has_uid)
		return;
	value->type = column->as == AS_USER ? VALUE_USER : VALUE_NUMBER;
	value->number = sum->uid;
}

static void fill_number(const struct column *column, const struct row *row, struct value *value)
{
	const struct sum *sum = row->data;

	value_number(value, column->nest ? sum->sure : sum->n);
}

static void fill_bytes(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_size(value, ((const struct sum *)row->data)->bytes);
}

static void fill_age(const struct column *column, const struct row *row, struct value *value)
{
	const struct sum *sum = row->data;

	(void)column;
	if (sum->has_age)
		value_age(value, sum->age);
}

static const struct column columns[] = {
	{ "UNIT", "unit of the lowest process in the namespace", AS_TEXT, .fill = fill_unit,
	  .flags = SCOLS_FL_TRUNC },
	{ "OWNER", "owner's username or UID", AS_USER, .fill = fill_owner },
	{ "UID", "owner's user ID", AS_NUMBER, .fill = fill_owner },
	{ "ORPHANS", "number of orphans", AS_NUMBER, .fill = fill_number },
	{ "SURE", "how many of them are sure", AS_NUMBER, .nest = 1, .fill = fill_number },
	{ "BYTES", "their bytes", AS_SIZE, .fill = fill_bytes },
	{ "AGE", "longest time since a last use; seconds with -J and -r", AS_AGE,
	  .fill = fill_age },
};

/** orphan_sum_columns - columns of sums of orphans */
const struct table_type orphan_sum_columns = {
	.root = "summary",
	.defaults = "UNIT,OWNER,ORPHANS,SURE,BYTES,AGE",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
};

static int compare_groups(const void *p, const void *q)
{
	const struct sum *a = p, *b = q;

	if (a->has_uid != b->has_uid || a->uid != b->uid)
		return a->has_uid != b->has_uid ? a->has_uid - b->has_uid :
		       a->uid < b->uid ? -1 : 1;
	return strcmp(a->unit ?: "", b->unit ?: "");
}

/* The most bytes first. */
static int compare_sums(const void *p, const void *q)
{
	const struct sum *a = *(struct sum *const *)p, *b = *(struct sum *const *)q;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return compare_groups(a, b);
}

/* The text of the column UNIT; NULL if it has none. For free(3). */
static char *unit_of(const struct row *row)
{
	static const struct column *column;
	struct value value;

	if (!column)
		column = column_find(&object_columns, OBJECT_UNIT, strlen(OBJECT_UNIT));
	column_fill(column, row, &value);
	return value.type == VALUE_UNKNOWN ? NULL : strndup(value.text, value.len);
}

static struct sum *find_sum(struct sums *sums, const struct row *row)
{
	struct sum *sum = xcalloc(1, sizeof(*sum)), **found;

	sum->has_uid = ipcns_uint(row->attr[IPCNS_A_OBJECT_UID], &sum->uid);
	sum->unit = unit_of(row);
	found = tsearch(sum, &sums->tree, compare_groups);
	if (!found)
		die(STATUS_ERROR, "out of memory");
	if (*found != sum) {
		free(sum->unit);
		free(sum);
		return *found;
	}
	sums->list = xgrow(sums->list, sums->n, &sums->allocated, sizeof(*sums->list));
	sums->list[sums->n++] = sum;
	return sum;
}

static void add_up(struct sums *sums, const struct row *row)
{
	struct sum *sum = find_sum(sums, row);
	uint64_t bytes, last, age;
	const char *why;

	sum->n++;
	sum->sure += orphan_judge(row, &why) == ORPHAN_SURE;
	if (orphan_bytes(row, &bytes))
		sum->bytes += bytes;
	if (!orphan_last_use(row, &last))
		return;
	age = sums->now > last ? sums->now - last : 0;
	sum->age = age > sum->age ? age : sum->age;
	sum->has_age = true;
}

static void print_sums(struct sums *sums, struct table *out)
{
	struct row row = { 0 };
	size_t i;

	if (sums->n)
		qsort(sums->list, sums->n, sizeof(*sums->list), compare_sums);
	for (i = 0; i < sums->n; i++) {
		row.data = sums->list[i];
		table_add(out, &row);
	}
	for (i = 0; i < sums->n; i++)
		free(sums->list[i]->unit);
	tdestroy(sums->tree, free);	/* and what the list points to */
	free(sums->list);
}

/**
 * orphans_print - print orphans
 * @w: the connection
 * @namespaces: those to look in, sorted; empty for all
 * @filter: which are wanted
 * @sums: whether to print sums by unit and user instead
 * @out: where rows go
 */
void orphans_print(struct ipcns *w, const struct row_store *namespaces,
		   const struct orphan_filter *filter, bool sums, struct table *out)
{
	struct sums all = { .now = time(NULL) };
	struct row_store store = { 0 };
	struct row row;
	size_t i;

	orphans_read(w, namespaces, filter, &store);
	for (i = 0; i < store.n; i++) {
		if (!object_parse(&row, store.rows[i].attrs, store.rows[i].len))
			continue;
		if (sums)
			add_up(&all, &row);
		else
			table_add(out, &row);
	}
	if (sums)
		print_sums(&all, out);
	row_store_clear(&store);
}
