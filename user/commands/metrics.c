// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipcnsctl metrics: metrics for Prometheus.
 *
 * Totals are always there. Of single namespaces each family shows those with the largest values
 * only, and the sum of the others, so that a machine with very many of them does not make as many
 * time series.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "command.h"
#include "commands/metrics.h"
#include "host/process.h"
#include "ipc/actor.h"
#include "ipc/limit.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "print/output_file.h"
#include "print/prometheus_text.h"
#include "print/table_options.h"
#include "util.h"

#define TOP 20
#define OTHERS "other"	/* what stands for namespaces that are not named */
#define USER_NAMESPACES 64	/* whose limit is read at most */
#define NS_PER_SECOND 1000000000ULL

static const char usage[] =
	"Usage: " PROGRAM " metrics [OPTION...]\n\n"
	"Prints figures about IPC namespaces and about the module, for Prometheus.\n\n"
	"Options:\n"
	"     --top N        of single namespaces, the N with the largest values (20)\n"
	"     --format NAME  openmetrics (the default), or prometheus: the older format,\n"
	"                    which node_exporter reads\n"
	" -o, --output FILE  write to a file, which is replaced in one step; - is stdout\n"
	"     --listen ADDR  answer HTTP requests for /metrics at HOST:PORT, [HOST]:PORT,\n"
	"                    or systemd: the socket that it passes\n"
	" -h, --help  -V, --version\n";

enum {
	OPTION_TOP = OPTION_COMMAND,
	OPTION_FORMAT,
	OPTION_LISTEN,
};

static const struct option longopts[] = {
	{ "top", required_argument, NULL, OPTION_TOP },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

static const struct {
	unsigned int objects, bytes;	/* attributes; 0 if there is none */
} kinds[MODULE_KINDS] = {
	[IPCNS_KIND_SHM] = { IPCNS_A_NS_SHM, IPCNS_A_NS_SHM_BYTES },
	[IPCNS_KIND_SEM] = { IPCNS_A_NS_SEM, 0 },
	[IPCNS_KIND_MSG] = { IPCNS_A_NS_MSG, IPCNS_A_NS_MSG_BYTES },
	[IPCNS_KIND_MQ] = { IPCNS_A_NS_MQ, IPCNS_A_NS_MQ_BYTES },
};

/* One namespace. */
struct figures {
	struct row row;
	uint64_t inum, id, state;
	struct row limits;
	bool has_limits;
	const struct object_sums *sums;
	const struct file_sums *files;	/* NULL if not known */
	double use;		/* of the limit that is used most; below 0 if not known */
	uint64_t age;		/* seconds since its birth, or its death if it is dying */
	bool has_age;
	double rank;
};

struct metric_rows {
	struct figures *rows;
	struct figures **by_rank;
	size_t n;
};

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

static void metric_rows_make(struct metric_rows *t, const struct metrics *m)
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

/* Sorts namespaces by rank; returns how many are to be shown: not those with a rank below 0. */
static size_t sort_ranks(struct metric_rows *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += t->rows[i].rank >= 0;
	if (t->n)
		qsort(t->by_rank, t->n, sizeof(*t->by_rank), compare_ranks);
	return n;
}

typedef double (*rank_fn)(const struct figures *f);

/* Ranks and sorts namespaces; returns how many are to be shown. */
static size_t choose(struct metric_rows *t, size_t top, rank_fn rank)
{
	size_t i, n;

	for (i = 0; i < t->n; i++)
		t->rows[i].rank = rank(&t->rows[i]);
	n = sort_ranks(t);
	return n < top ? n : top;
}

static double rank_use(const struct figures *f)
{
	return f->use;
}

static double rank_pinned(const struct figures *f)
{
	return f->state == IPCNS_STATE_PINNED && f->has_age ? (double)f->age : -1;
}

static double rank_dying(const struct figures *f)
{
	return f->state == IPCNS_STATE_DYING && f->has_age ? (double)f->age : -1;
}

/* A sample with the labels that name a namespace. */
static void begin_sample(struct prometheus *x, const struct figures *f)
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

static void write_states(struct prometheus *x, const struct metric_rows *t)
{
	uint64_t count[NS_STATES] = { 0 };
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->rows[i].state < NS_STATES)
			count[t->rows[i].state]++;
	prometheus_gauge(x, "ipcns_namespaces", NULL, "IPC namespaces.");
	for (i = 0; i < NS_STATES; i++) {
		prometheus_sample(x);
		prometheus_string(x, "state", ns_state_names[i]);
		prometheus_number(x, count[i]);
	}
}

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
		begin_sample(x, f);
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
	n = sort_ranks(t);
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

/* The most that any namespace uses of a limit, below 0 if it is not known; false after the last. */
static bool get_most(const struct metric_rows *t, unsigned int line, const char **name,
		     double *most)
{
	bool there = false;
	double part;
	size_t i;

	*most = -1;
	for (i = 0; i < t->n; i++) {
		if (!t->rows[i].has_limits || !limits_use(&t->rows[i].limits, line, name, &part))
			continue;
		there = true;
		*most = part > *most ? part : *most;
	}
	return there;
}

static int compare_use(const void *p, const void *q)
{
	const struct user_limit *const *a = p, *const *b = q;
	double x = user_limit_use(*a), y = user_limit_use(*b);

	if (x != y)
		return x > y ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

/* Limits of users: those that are used most, and the most of each. */
static void write_users(struct prometheus *x, const struct user_limits *users, size_t top)
{
	const struct user_limit **by_use = xrealloc(NULL, users->n, sizeof(*by_use)), *row;
	size_t i;

	for (i = 0; i < users->n; i++)
		by_use[i] = &users->rows[i];
	if (users->n)
		qsort(by_use, users->n, sizeof(*by_use), compare_use);
	prometheus_gauge(x, "ipcns_user_limit_use_ratio", "ratio",
			 "Part of a limit that a user uses, in a user namespace or anywhere.");
	for (i = 0; i < users->n && i < top && user_limit_use(by_use[i]) >= 0; i++) {
		row = by_use[i];
		prometheus_sample(x);
		prometheus_string(x, "user", user_name(row->uid));
		prometheus_id(x, "userns", row->userns);
		prometheus_string(x, "limit", user_limit_names[row->kind]);
		prometheus_part(x, user_limit_use(row));
	}
	free(by_use);
}

/* The most that any user uses of a limit, below 0 if it is not known. */
static double get_most_of_users(const struct user_limits *users, enum user_limit_kind kind)
{
	double most = -1, part;
	size_t i;

	for (i = 0; i < users->n; i++) {
		part = users->rows[i].kind == kind ? user_limit_use(&users->rows[i]) : -1;
		most = part > most ? part : most;
	}
	return most;
}

static void write_limits(struct prometheus *x, struct metric_rows *t,
			 const struct user_limits *users, size_t top)
{
	enum user_limit_kind kind;
	size_t n = choose(t, top, rank_use), i;
	const char *name;
	unsigned int line;
	double part;

	prometheus_gauge(x, "ipcns_namespace_limit_use_ratio", "ratio",
			 "Part of a limit that a namespace uses.");
	for (i = 0; i < n; i++) {
		for (line = 0; limits_use(&t->by_rank[i]->limits, line, &name, &part); line++) {
			if (part < 0)
				continue;
			begin_sample(x, t->by_rank[i]);
			prometheus_string(x, "limit", name);
			prometheus_part(x, part);
		}
	}
	prometheus_gauge(x, "ipcns_limit_use_max_ratio", "ratio",
			 "Part of a limit used by the namespace or user that uses most of it.");
	for (line = 0; get_most(t, line, &name, &part); line++) {
		if (part < 0)
			continue;
		prometheus_sample(x);
		prometheus_string(x, "limit", name);
		prometheus_part(x, part);
	}
	for (kind = 0; kind < USER_LIMIT_KINDS; kind++) {
		part = get_most_of_users(users, kind);
		if (part < 0)
			continue;
		prometheus_sample(x);
		prometheus_string(x, "limit", user_limit_names[kind]);
		prometheus_part(x, part);
	}
	write_users(x, users, top);
}

/* Ages of namespaces in a state, and the largest of them: 0 if none is known. */
static void write_ages(struct prometheus *x, struct metric_rows *t, size_t top, bool dying)
{
	size_t n = choose(t, top, dying ? rank_dying : rank_pinned), i;

	prometheus_gauge(x, dying ? "ipcns_namespace_dying_age_seconds" :
			 "ipcns_namespace_pinned_age_seconds", "seconds",
			 dying ? "Time since the last reference of a dying namespace went." :
			 "Time since the creation of a namespace that has no member.");
	for (i = 0; i < n; i++) {
		begin_sample(x, t->by_rank[i]);
		prometheus_number(x, t->by_rank[i]->age);
	}
	prometheus_gauge(x, dying ? "ipcns_dying_age_max_seconds" : "ipcns_pinned_age_max_seconds",
			 "seconds", dying ?
			 "The largest of all dying namespaces, 0 if there is none." :
			 "The largest of all namespaces without a member, 0 if there is none.");
	prometheus_sample(x);
	prometheus_number(x, t->n && t->by_rank[0]->rank >= 0 ? t->by_rank[0]->age : 0);
}

/* Figures of the module; what a reader may not know is not there. */
static const struct {
	const char *name, *unit, *help;
	unsigned int attr;
	bool counter;
	unsigned int less;	/* what the attribute is too large by */
} module_figures[] = {
	{ "ipcns_events", NULL, "Events that were recorded.",
	  IPCNS_A_STATUS_JOURNAL_NEXT, true, 1 },
	{ "ipcns_events_dropped", NULL, "Events for which the journal had no room.",
	  IPCNS_A_STATUS_DROPPED, true },
	{ "ipcns_namespaces_missed", NULL, "Namespaces that came or went without an event.",
	  IPCNS_A_STATUS_MISSED, true },
	{ "ipcns_walks", NULL, "Walks over all namespaces.", IPCNS_A_STATUS_WALKS, true },
	{ "ipcns_walks_cut", NULL, "Walks that were cut short and done again.",
	  IPCNS_A_STATUS_WALKS_CUT, true },
	{ "ipcns_events_live", NULL, "1 if probes fire, 0 if they do not.",
	  IPCNS_A_STATUS_EVENTS_LIVE },
	{ "ipcns_journal_size_bytes", "bytes", "Size of the journal.",
	  IPCNS_A_STATUS_JOURNAL_SIZE },
	{ "ipcns_journal_used_bytes", "bytes", "What is used of the journal.",
	  IPCNS_A_STATUS_JOURNAL_USED },
	{ "ipcns_dumps_open", NULL, "Dumps that are open now.", IPCNS_A_STATUS_DUMPS },
	{ "ipcns_dump_memory_bytes", "bytes", "Memory that open dumps hold.",
	  IPCNS_A_STATUS_DUMP_BYTES },
};

static void write_probes(struct prometheus *x, const struct stored_row *status)
{
	struct nlattr *tb[IPCNS_A_PROBE_MAX + 1], *attr;
	const char *symbol;
	bool begun = false;
	uint64_t missed;
	size_t len;
	int rest;

	nla_for_each_attr(attr, status->attrs, status->len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_PROBE ||
		    nla_parse_nested(tb, IPCNS_A_PROBE_MAX, attr, NULL) < 0 ||
		    tb[IPCNS_A_PROBE_ERROR] || !tb[IPCNS_A_PROBE_SYMBOL] ||
		    !ipcns_uint(tb[IPCNS_A_PROBE_MISSED], &missed))
			continue;
		if (!begun)
			prometheus_counter(x, "ipcns_probe_missed",
					   "Times that a probe could not run.");
		begun = true;
		prometheus_sample(x);
		symbol = ipcns_text(tb[IPCNS_A_PROBE_SYMBOL], &len);
		prometheus_label(x, "symbol", symbol, len);
		prometheus_number(x, missed);
	}
}

/* Bounds rise, or those that do not are left out. */
static void write_teardowns(struct prometheus *x, const struct stored_row *status,
			    const struct row *row)
{
	struct nlattr *tb[IPCNS_A_TEARDOWNS_MAX + 1], *attr;
	uint64_t all, sum, bound, count, last = 0;
	int rest;

	if (!ipcns_uint(row->attr[IPCNS_A_STATUS_TEARDOWN_COUNT], &all) ||
	    !ipcns_uint(row->attr[IPCNS_A_STATUS_TEARDOWN_SUM], &sum))
		return;
	prometheus_histogram(x, "ipcns_namespace_teardown_seconds", "seconds",
			     "Time from the last reference of a namespace to its end; those that "
			     "began to die before the module was loaded, or were lost, are not in it.");
	nla_for_each_attr(attr, status->attrs, status->len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_TEARDOWNS ||
		    nla_parse_nested(tb, IPCNS_A_TEARDOWNS_MAX, attr, NULL) < 0 ||
		    !ipcns_uint(tb[IPCNS_A_TEARDOWNS_BOUND], &bound) || bound <= last ||
		    !ipcns_uint(tb[IPCNS_A_TEARDOWNS_COUNT], &count))
			continue;
		last = bound;
		prometheus_series(x, "_bucket");
		prometheus_bound(x, bound);
		prometheus_number(x, count);
	}
	prometheus_series(x, "_bucket");
	prometheus_string(x, "le", "+Inf");
	prometheus_number(x, all);
	prometheus_series(x, "_count");
	prometheus_number(x, all);
	prometheus_series(x, "_sum");
	prometheus_seconds(x, sum);
}

static void write_module(struct prometheus *x, const struct stored_row *status)
{
	const char *version;
	struct row row;
	uint64_t value;
	size_t i, len = 0;

	if (!row_parse(&row, status->attrs, status->len))
		return;
	version = ipcns_text(row.attr[IPCNS_A_STATUS_VERSION], &len);
	prometheus_gauge(x, "ipcns_build_info", NULL, "Versions; the value is 1.");
	prometheus_sample(x);
	prometheus_label(x, "module", version ?: "", len);
	prometheus_string(x, "tool", IPCNS_VERSION);
	prometheus_number(x, 1);
	for (i = 0; i < ARRAY_SIZE(module_figures); i++) {
		if (!ipcns_uint(row.attr[module_figures[i].attr], &value))
			continue;
		if (module_figures[i].counter)
			prometheus_counter(x, module_figures[i].name, module_figures[i].help);
		else
			prometheus_gauge(x, module_figures[i].name, module_figures[i].unit,
					 module_figures[i].help);
		prometheus_sample(x);
		prometheus_number(x, value - module_figures[i].less);
	}
	write_teardowns(x, status, &row);
	write_probes(x, status);
}

/** metrics_write - write all that was read to @out */
void metrics_write(const struct metrics *m, FILE *out)
{
	struct prometheus x;
	struct metric_rows t;
	size_t i;

	metric_rows_make(&t, m);
	prometheus_begin(&x, out, m->prometheus);
	write_states(&x, &t);
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i].all)
			write_total(&x, m, &t, &families[i]);
		else
			write_orphans(&x, m, &t);
		write_largest(&x, &t, m->top, &families[i]);
	}
	write_limits(&x, &t, &m->users, m->top);
	write_ages(&x, &t, m->top, false);
	write_ages(&x, &t, m->top, true);
	if (m->status.n)
		write_module(&x, m->status.rows);
	prometheus_end(&x);
	free(t.rows);
	free(t.by_rank);
}

static void take_status(struct nlattr *attrs, int len, void *arg)
{
	row_store_add(arg, attrs, len, NULL);
}

/** metrics_read - read all that there is to show, or die */
void metrics_read(struct metrics *m)
{
	struct ipcns *w = module_open();
	struct timespec now;
	int ret;

	ns_select_all(w, &m->namespaces);
	limits_get_all(w, &m->limits);
	row_store_sort(&m->limits);
	user_limits_get(&m->users, w, &m->namespaces, NULL, USER_NAMESPACES);
	m->sums = object_sums_get(w, &m->namespaces, ALL_MODULE_KINDS);
	m->files = file_sums_read(&m->namespaces, &m->all_files);
	ret = ipcns_status(w, take_status, &m->status);
	if (ret)
		module_die(w, ret, "cannot get the status");
	clock_gettime(CLOCK_REALTIME, &now);
	m->now = now.tv_sec * NS_PER_SECOND + now.tv_nsec;
	ipcns_free(w);
}

static void fill(FILE *out, const void *arg)
{
	metrics_write(arg, out);
}

static bool is_prometheus(const char *format)
{
	if (strcmp(format, "prometheus") && strcmp(format, "openmetrics"))
		die_usage("unknown format: %s (openmetrics or prometheus)", format);
	return !strcmp(format, "prometheus");
}

/** cmd_metrics - the command */
int cmd_metrics(int argc, char **argv)
{
	struct metrics m = { .top = TOP };
	const char *path = NULL, *address = NULL;
	bool has_format = false;
	uint64_t top;
	int c;

	while ((c = getopt_long(argc, argv, "o:hV", longopts, NULL)) != -1) {
		switch (c) {
		case OPTION_TOP:
			if (!parse_uint(optarg, strlen(optarg), 10, UINT32_MAX, &top))
				die_usage("invalid number: %s", optarg);
			m.top = top;
			break;
		case OPTION_FORMAT:
			m.prometheus = is_prometheus(optarg);
			has_format = true;
			break;
		case OPTION_LISTEN:
			address = optarg;
			break;
		case 'o':
			path = optarg;
			break;
		default:
			option_common(c, usage);
		}
	}
	if (optind < argc)
		die_usage("unexpected argument: %s", argv[optind]);

	if (address) {
		if (path || has_format)
			die_usage("--listen goes with neither --output nor --format");
		metrics_listen(&m, address);
		return STATUS_OK;
	}
	metrics_read(&m);
	if (path)
		outfile_write(path, fill, &m);
	else
		metrics_write(&m, stdout);
	row_store_clear(&m.namespaces);
	row_store_clear(&m.limits);
	row_store_clear(&m.status);
	user_limits_free(&m.users);
	free(m.sums);
	free(m.files);
	return STATUS_OK;
}
