// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces as metrics have them: what is known of each, and which are shown. */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "commands/metrics_rows.h"
#include "ipc/actor.h"
#include "ipc/limit.h"
#include "ipc/namespace.h"
#include "util.h"

static uint64_t number(const struct row *row, unsigned int attr)
{
	uint64_t value = 0;

	if (attr)
		ipcns_uint(row->attr[attr], &value);
	return value;
}

/* Seconds since something was done, by an attribute that says when; false if not known. */
static bool get_age(const struct row *row, unsigned int attr, uint64_t now, uint64_t *age)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];
	uint64_t then;

	if (!actor_parse(row->attr[attr], tb) || !ipcns_uint(tb[IPCNS_A_ACTOR_TIME], &then))
		return false;
	*age = now > then ? (now - then) / NS_PER_SECOND : 0;	/* clocks can be set back */
	return true;
}

/* The limits of the namespace that @f is of; both stores are sorted as ns_compare() has it. */
static void find_limits(const struct row_store *limits, const struct stored_row *row,
			struct figures *f)
{
	const struct stored_row *found = NULL;

	if (limits->n)
		found = bsearch(row, limits->rows, limits->n, sizeof(*row), ns_compare);
	f->has_limits = found && row_parse(&f->limits, found->attrs, found->len);
}

static void take_namespace(const struct metrics *m, const struct stored_row *row, struct figures *f)
{
	const char *name;
	unsigned int i;
	double part;

	f->inum = row->key.number[0];
	f->id = row->key.number[1];
	f->state = number(&f->row, IPCNS_A_NS_STATE);
	f->sums = &m->sums[row - m->namespaces.rows];
	f->files = m->files ? &m->files[row - m->namespaces.rows] : NULL;
	f->has_age = get_age(&f->row, f->state == IPCNS_STATE_DYING ? IPCNS_A_NS_DYING :
			     IPCNS_A_NS_BORN, m->now, &f->age);
	find_limits(&m->limits, row, f);
	f->use = -1;
	for (i = 0; f->has_limits && limits_use(&f->limits, i, &name, &part); i++)
		f->use = part > f->use ? part : f->use;
}

/** metric_rows_make - make rows of what was read; for metric_rows_free() */
void metric_rows_make(struct metric_rows *t, const struct metrics *m)
{
	struct figures *f;
	size_t i;

	t->n = 0;
	t->rows = xrealloc(NULL, m->namespaces.n + 1, sizeof(*t->rows));
	t->by_rank = xrealloc(NULL, m->namespaces.n + 1, sizeof(*t->by_rank));
	for (i = 0; i < m->namespaces.n; i++) {
		f = &t->rows[t->n];
		memset(f, 0, sizeof(*f));
		if (!row_parse(&f->row, m->namespaces.rows[i].attrs, m->namespaces.rows[i].len))
			continue;
		take_namespace(m, &m->namespaces.rows[i], f);
		t->by_rank[t->n++] = f;
	}
}

static int compare_ranks(const void *p, const void *q)
{
	const struct figures *const *a = p, *const *b = q;

	if ((*a)->rank != (*b)->rank)
		return (*a)->rank > (*b)->rank ? -1 : 1;
	return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
}

/**
 * metric_rows_sort - sort namespaces by rank
 *
 * Returns how many are to be shown: not those with a rank below 0.
 */
size_t metric_rows_sort(struct metric_rows *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += t->rows[i].rank >= 0;
	if (t->n)
		qsort(t->by_rank, t->n, sizeof(*t->by_rank), compare_ranks);
	return n;
}

/** metric_rows_choose - rank and sort namespaces; returns how many are to be shown */
size_t metric_rows_choose(struct metric_rows *t, size_t top, rank_fn rank)
{
	size_t i, n;

	for (i = 0; i < t->n; i++)
		t->rows[i].rank = rank(&t->rows[i]);
	n = metric_rows_sort(t);
	return n < top ? n : top;
}

/** metric_rows_sample - begin a sample with the labels that name a namespace */
void metric_rows_sample(struct prometheus *x, const struct figures *f)
{
	static const struct column *unit;
	struct value value;

	if (!unit)
		unit = column_find(&ns_columns, "UNIT", 4);
	prometheus_sample(x);
	prometheus_id(x, "nsid", f->id);
	prometheus_id(x, "ns", f->inum);
	column_fill(unit, &f->row, &value);
	prometheus_label(x, "unit", value.text, value.type == VALUE_UNKNOWN ? 0 : value.len);
}

/** metric_rows_free - free what metric_rows_make() allocated */
void metric_rows_free(struct metric_rows *t)
{
	free(t->rows);
	free(t->by_rank);
}
