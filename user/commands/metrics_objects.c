// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of what is in namespaces: objects, memory, messages, orphans. */
#include <linux/ipcns.h>

#include "commands/metrics_rows.h"
#include "ipc/object.h"
#include "util.h"

#define OTHERS "other"	/* what stands for namespaces that are not named */

static const struct {
	unsigned int objects, bytes;	/* attributes; 0 if there is none */
} kinds[MODULE_KINDS] = {
	[IPCNS_KIND_SHM] = { IPCNS_A_NS_SHM, IPCNS_A_NS_SHM_BYTES },
	[IPCNS_KIND_SEM] = { IPCNS_A_NS_SEM, 0 },
	[IPCNS_KIND_MSG] = { IPCNS_A_NS_MSG, IPCNS_A_NS_MSG_BYTES },
	[IPCNS_KIND_MQ] = { IPCNS_A_NS_MQ, IPCNS_A_NS_MQ_BYTES },
};

/* A figure of a namespace, by kind or not; false if it is not known. */
typedef bool (*figure_fn)(const struct figures *f, unsigned int kind, uint64_t *value);

static bool get_objects(const struct figures *f, unsigned int kind, uint64_t *value)
{
	if (kind < MODULE_KINDS)
		return ipcns_uint(f->row.attr[kinds[kind].objects], value);
	if (f->files)
		*value = f->files->n[kind - KIND_PSHM];
	return f->files;
}

static bool get_bytes(const struct figures *f, unsigned int kind, uint64_t *value)
{
	if (kind < MODULE_KINDS)
		return kinds[kind].bytes && ipcns_uint(f->row.attr[kinds[kind].bytes], value);
	if (f->files)
		*value = f->files->bytes[kind - KIND_PSHM];
	return f->files;
}

static bool get_semaphores(const struct figures *f, unsigned int kind, uint64_t *value)
{
	(void)kind;
	return ipcns_uint(f->row.attr[IPCNS_A_NS_SEMS], value);
}

static bool get_messages(const struct figures *f, unsigned int kind, uint64_t *value)
{
	if (kind == IPCNS_KIND_MSG)
		return ipcns_uint(f->row.attr[IPCNS_A_NS_MSGS], value);
	*value = f->sums->mq_messages;
	return f->row.attr[IPCNS_A_NS_MQ];
}

static bool get_resident(const struct figures *f, unsigned int kind, uint64_t *value)
{
	(void)kind;
	*value = f->sums->rss;
	return !f->sums->unknown && f->row.attr[IPCNS_A_NS_SHM];
}

static bool get_swapped(const struct figures *f, unsigned int kind, uint64_t *value)
{
	(void)kind;
	*value = f->sums->swap;
	return !f->sums->unknown && f->row.attr[IPCNS_A_NS_SHM];
}

static bool get_orphans(const struct figures *f, unsigned int kind, uint64_t *value)
{
	if (kind < MODULE_KINDS) {
		*value = f->sums->orphans[kind];
		return f->row.attr[kinds[kind].objects];
	}
	if (f->files)
		*value = f->files->orphans[kind - KIND_PSHM];
	return f->files && f->files->has_users;
}

static bool get_orphan_bytes(const struct figures *f, unsigned int kind, uint64_t *value)
{
	if (kind < MODULE_KINDS) {
		*value = f->sums->orphan_bytes[kind];
		return kinds[kind].bytes && f->row.attr[kinds[kind].objects];
	}
	if (f->files)
		*value = f->files->orphan_bytes[kind - KIND_PSHM];
	return f->files && f->files->has_users;
}

#define ONE_KIND 0
#define ALL_KINDS (ALL_MODULE_KINDS | FILE_KINDS)
#define MESSAGE_KINDS (1U << IPCNS_KIND_MSG | 1U << IPCNS_KIND_MQ)

/* Figures that are there as a sum of all namespaces, and of the namespaces with the largest ones. */
static const struct family {
	const char *all, *each;		/* names; @all may be NULL */
	const char *unit;
	const char *all_help, *each_help;
	unsigned int kinds;		/* mask; ONE_KIND: there is no label for it */
	bool some;			/* namespaces in which it is 0 are left out */
	figure_fn get;
} families[] = {
	{ "ipcns_objects", "ipcns_namespace_objects", NULL,
	  "IPC objects, all namespaces.", "IPC objects of a namespace.",
	  ALL_KINDS, false, get_objects },
	{ "ipcns_object_bytes", "ipcns_namespace_object_bytes", "bytes",
	  "Memory of segments and files, and bytes in queues, all namespaces.",
	  "Memory of segments and files, and bytes in queues of a namespace.",
	  ALL_KINDS, false, get_bytes },
	{ "ipcns_semaphores", "ipcns_namespace_semaphores", NULL,
	  "Semaphores in all sets, all namespaces.", "Semaphores in all sets of a namespace.",
	  ONE_KIND, false, get_semaphores },
	{ "ipcns_messages", "ipcns_namespace_messages", NULL,
	  "Messages in queues, all namespaces.", "Messages in queues of a namespace.",
	  MESSAGE_KINDS, false, get_messages },
	{ "ipcns_shm_resident_bytes", "ipcns_namespace_shm_resident_bytes", "bytes",
	  "Memory of segments that is resident, all namespaces.",
	  "Memory of segments of a namespace that is resident.",
	  ONE_KIND, false, get_resident },
	{ "ipcns_shm_swapped_bytes", "ipcns_namespace_shm_swapped_bytes", "bytes",
	  "Memory of segments that is swapped out, all namespaces.",
	  "Memory of segments of a namespace that is swapped out.",
	  ONE_KIND, false, get_swapped },
	{ NULL, "ipcns_namespace_orphans", NULL, NULL,
	  "Objects of a namespace that nobody seems to use any more.",
	  ALL_KINDS, true, get_orphans },
	{ "ipcns_orphan_bytes", "ipcns_namespace_orphan_bytes", "bytes",
	  "Memory of orphaned segments and files, and bytes in orphaned queues, all namespaces.",
	  "Memory of orphaned segments and files, and bytes in orphaned queues of a namespace.",
	  ALL_KINDS, true, get_orphan_bytes },
};

/* Whether the family has the kind, or is without kinds and this is the first. */
static bool has_kind(const struct family *family, unsigned int kind)
{
	return family->kinds ? family->kinds & 1U << kind : !kind;
}

static void put_kind(struct prometheus *x, const struct family *family, unsigned int kind)
{
	if (family->kinds)
		prometheus_string(x, "kind", kind_names[kind]);
}

/* The figure of all namespaces; false if it is unknown of one that is not dying. */
static bool get_total(const struct metrics *m, const struct metric_rows *t,
		      const struct family *family, unsigned int kind, uint64_t *sum)
{
	/* The namespace of some files is not known: they belong to the total, and to no namespace. */
	const struct figures files = { .files = m->files ? &m->all_files : NULL };
	uint64_t value;
	size_t i;

	*sum = 0;
	if (kind >= MODULE_KINDS)
		return family->get(&files, kind, sum);
	for (i = 0; i < t->n; i++) {
		if (family->get(&t->rows[i], kind, &value))
			*sum += value;
		else if (t->rows[i].state != IPCNS_STATE_DYING)
			return false;
	}
	return true;
}

static void write_total(struct prometheus *x, const struct metrics *m, const struct metric_rows *t,
			const struct family *family)
{
	unsigned int kind;
	uint64_t sum;

	prometheus_gauge(x, family->all, family->unit, family->all_help);
	for (kind = 0; kind < KINDS; kind++) {
		if (!has_kind(family, kind) || !get_total(m, t, family, kind, &sum))
			continue;
		prometheus_sample(x);
		put_kind(x, family, kind);
		prometheus_number(x, sum);
	}
}

/* A sample for each kind of a figure of a namespace. */
static void write_figures(struct prometheus *x, const struct figures *f,
			  const struct family *family)
{
	unsigned int kind;
	uint64_t value;

	for (kind = 0; kind < KINDS; kind++) {
		if (!has_kind(family, kind) || !family->get(f, kind, &value))
			continue;
		metric_rows_sample(x, f);
		put_kind(x, family, kind);
		prometheus_number(x, value);
	}
}

/* The same of all namespaces that have no samples of their own, from place @n on. */
static void write_others(struct prometheus *x, const struct metric_rows *t, size_t n, size_t end,
			 const struct family *family)
{
	uint64_t sum, value;
	unsigned int kind;
	bool known;
	size_t i;

	for (kind = 0; kind < KINDS; kind++) {
		known = false;
		for (sum = 0, i = n; has_kind(family, kind) && i < end; i++) {
			if (!family->get(t->by_rank[i], kind, &value))
				continue;
			known = true;
			sum += value;
		}
		if (!known)
			continue;
		prometheus_sample(x);
		prometheus_string(x, "nsid", OTHERS);
		prometheus_string(x, "ns", OTHERS);
		prometheus_string(x, "unit", OTHERS);
		put_kind(x, family, kind);
		prometheus_number(x, sum);
	}
}

static double rank_family(const struct figures *f, const struct family *family)
{
	double sum = 0;
	unsigned int kind;
	uint64_t value;

	for (kind = 0; kind < KINDS; kind++)
		if (has_kind(family, kind) && family->get(f, kind, &value))
			sum += value;
	return family->some && sum <= 0 ? -1 : sum;
}

static void write_largest(struct prometheus *x, struct metric_rows *t, size_t top,
			  const struct family *family)
{
	size_t n, i;

	for (i = 0; i < t->n; i++)
		t->rows[i].rank = rank_family(&t->rows[i], family);
	n = metric_rows_sort(t);
	prometheus_gauge(x, family->each, family->unit, family->each_help);
	for (i = 0; i < n && i < top; i++)
		write_figures(x, t->by_rank[i], family);
	if (top && top < n)
		write_others(x, t, top, n, family);
}

static void write_orphans(struct prometheus *x, const struct metrics *m,
			  const struct metric_rows *t)
{
	const struct family family = { .get = get_orphans };
	uint64_t sum, sure;
	unsigned int kind;
	size_t i;

	prometheus_gauge(x, "ipcns_orphans", NULL,
			 "IPC objects that nobody seems to use any more, all namespaces.");
	for (kind = 0; kind < KINDS; kind++) {
		if (!get_total(m, t, &family, kind, &sum))
			continue;
		for (sure = 0, i = 0; kind < MODULE_KINDS && i < t->n; i++)
			sure += t->rows[i].sums->sure[kind];
		for (i = 0; i < 2; i++) {
			prometheus_sample(x);
			prometheus_string(x, "kind", kind_names[kind]);
			prometheus_string(x, "certainty", i ? "sure" : "likely");
			prometheus_number(x, i ? sure : sum - sure);
		}
	}
}

/** metrics_write_objects - write what is in namespaces: objects, memory, messages, orphans */
void metrics_write_objects(struct prometheus *x, const struct metrics *m, struct metric_rows *t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i].all)
			write_total(x, m, t, &families[i]);
		else
			write_orphans(x, m, t);
		write_largest(x, t, m->top, &families[i]);
	}
}
