// SPDX-License-Identifier: GPL-2.0-only
/* Holders of namespaces, one row for all of a kind that belong to one unit. */
#include <stdlib.h>
#include <string.h>

#include "host/process.h"
#include "ipc/holder_summary.h"
#include "util.h"

/* At first one for each holder, then those that are alike are one. */
struct summary {
	uint64_t inum, nsid;
	enum holder_kind kind;
	bool kernel;		/* threads of the kernel, which have no unit */
	const char *unit;	/* or NULL */
	size_t unit_len;
	uint32_t pid;		/* the lowest, or 0 */
	uint64_t rows, processes, refs;
	bool has_refs;		/* else other rows have them, or they are unknown */
};

/*
 * Units that rows point to. Rows can be as many as descriptors, which come by process: one that is
 * the same as the last one is kept once.
 */
struct units {
	char **texts;
	size_t n, allocated;
	size_t last_len;
};

static const char *keep_unit(struct units *units, const char *text, size_t len)
{
	if (units->n && units->last_len == len && !memcmp(units->texts[units->n - 1], text, len))
		return units->texts[units->n - 1];
	units->texts = xgrow(units->texts, units->n, &units->allocated, sizeof(*units->texts));
	units->texts[units->n++] = xmemdup(text, len);
	units->last_len = len;
	return units->texts[units->n - 1];
}

static void free_units(struct units *units)
{
	while (units->n)
		free(units->texts[--units->n]);
	free(units->texts);
}

static int compare_places(const struct summary *a, const struct summary *b)
{
	const uint64_t x[] = { a->inum, a->nsid, a->kind }, y[] = { b->inum, b->nsid, b->kind };

	return holder_compare_numbers(x, y, ARRAY_SIZE(x));
}

static int compare_units(const struct summary *a, const struct summary *b)
{
	size_t len = a->unit_len < b->unit_len ? a->unit_len : b->unit_len;
	int ret = a->kernel - b->kernel;

	if (!ret && len)
		ret = memcmp(a->unit, b->unit, len);
	return ret ?: (a->unit_len > b->unit_len) - (a->unit_len < b->unit_len);
}

static int compare_groups(const void *p, const void *q)
{
	return compare_places(p, q) ?: compare_units(p, q);
}

/* What is alike side by side, the lowest process first. */
static int compare_rows(const void *p, const void *q)
{
	const struct summary *a = p, *b = q;

	return compare_groups(p, q) ?: (a->pid > b->pid) - (a->pid < b->pid);
}

/* Units with the most processes first. */
static int compare_sizes(const void *p, const void *q)
{
	const struct summary *a = p, *b = q;
	int ret = compare_places(p, q);

	return ret ?: (a->processes < b->processes) - (a->processes > b->processes) ?:
	       compare_units(p, q);
}

static struct summary summarize(const struct holder *h, struct units *units)
{
	struct summary s = {
		.inum = h->inum, .nsid = h->nsid, .kind = h->kind, .pid = h->pid,
		.rows = 1, .processes = h->pid != 0, .refs = h->refs,
		.has_refs = h->has & HOLDER_HAS_REFS,
	};
	struct value unit = { .type = VALUE_UNKNOWN };

	value_unit(&unit, h->pid);
	if (unit.type != VALUE_UNKNOWN) {
		s.unit = keep_unit(units, unit.text, unit.len);
		s.unit_len = unit.len;
	} else {
		s.kernel = h->pid && proc_is_kernel_thread(h->pid);
	}
	return s;
}

/* Makes one of those that are alike; returns how many are left. */
static size_t merge(struct summary *rows, size_t n)
{
	struct summary *sum = rows, *row;
	uint32_t last;

	if (!n)
		return 0;
	last = rows->pid;
	for (row = rows + 1; row < rows + n; row++) {
		if (compare_groups(sum, row)) {
			*++sum = *row;
		} else {
			sum->rows++;
			sum->processes += row->pid && row->pid != last;
			sum->refs += row->refs;
			sum->has_refs |= row->has_refs;
		}
		last = row->pid;
	}
	return sum + 1 - rows;
}

/**
 * holder_summary_print - print one row for all holders of a kind that belong to one unit
 * @holders: the holders
 * @out: where they go
 */
void holder_summary_print(const struct holders *holders, struct table *out)
{
	struct summary *rows = xcalloc(holders->n, sizeof(*rows));
	struct units units = { 0 };
	struct row row = { 0 };
	size_t i, n;

	for (i = 0; i < holders->n; i++)
		rows[i] = summarize(&holders->rows[i], &units);
	qsort(rows, holders->n, sizeof(*rows), compare_rows);
	n = merge(rows, holders->n);
	qsort(rows, n, sizeof(*rows), compare_sizes);
	for (i = 0; i < n; i++) {
		row.data = &rows[i];
		table_add(out, &row);
	}
	free_units(&units);
	free(rows);
}

static const struct summary *summary_of(const struct row *row)
{
	return row->data;
}

static void fill_ns(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, summary_of(row)->inum);
}

static void fill_nsid(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, summary_of(row)->nsid);
}

static void fill_kind(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_word(value, holder_names[summary_of(row)->kind]);
}

static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (summary_of(row)->unit)
		value_bytes(value, summary_of(row)->unit, summary_of(row)->unit_len);
}

static void fill_processes(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (summary_of(row)->processes)
		value_number(value, summary_of(row)->processes);
}

static void fill_holders(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, summary_of(row)->rows);
}

static void fill_refs(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (summary_of(row)->has_refs)
		value_number(value, summary_of(row)->refs);
}

static void fill_pid(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (summary_of(row)->pid)
		value_number(value, summary_of(row)->pid);
}

static void fill_command(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (summary_of(row)->kernel)
		value_text(value, HOLDER_KERNEL_THREADS);
	else
		value_command(value, summary_of(row)->pid);
}

static const struct column columns[] = {
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .fill = fill_ns },
	{ "KIND", "task, nsfs, mount, shm; sysvipc; mq, mqueue-mount", AS_TEXT,
	  .fill = fill_kind },
	{ "UNIT", "service, session, container or job", AS_TEXT, .fill = fill_unit,
	  .flags = SCOLS_FL_TRUNC },
	{ "NPROCS", "number of its processes", AS_NUMBER, .fill = fill_processes },
	{ "HOLDERS", "number of rows without --summary", AS_NUMBER, .fill = fill_holders },
	{ "REFS", "references; empty if an earlier row has them; unknown of sysvipc", AS_NUMBER, .fill = fill_refs },
	{ "PID", "the lowest PID", AS_NUMBER, .fill = fill_pid },
	{ "COMMAND", "command line of the PID", AS_COMMAND, .fill = fill_command,
	  .flags = SCOLS_FL_TRUNC },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .fill = fill_nsid },
};

/** holder_summary_columns - columns of one row for a kind and a unit */
const struct table_type holder_summary_columns = {
	.root = "summary",
	.defaults = "KIND,UNIT,NPROCS,HOLDERS,REFS,PID,COMMAND",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
};
