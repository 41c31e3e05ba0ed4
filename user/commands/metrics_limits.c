// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of limits: of namespaces, and of users. */
#include <stdlib.h>

#include "commands/metrics_rows.h"
#include "host/process.h"
#include "ipc/limit.h"
#include "util.h"

static double rank_use(const struct figures *f)
{
	return f->use;
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

/** metrics_write_limits - write which parts of limits namespaces and users use */
void metrics_write_limits(struct prometheus *x, struct metric_rows *t,
			  const struct user_limits *users, size_t top)
{
	enum user_limit_kind kind;
	size_t n = metric_rows_choose(t, top, rank_use), i;
	const char *name;
	unsigned int line;
	double part;

	prometheus_gauge(x, "ipcns_namespace_limit_use_ratio", "ratio",
			 "Part of a limit that a namespace uses.");
	for (i = 0; i < n; i++) {
		for (line = 0; limits_use(&t->by_rank[i]->limits, line, &name, &part); line++) {
			if (part < 0)
				continue;
			metric_rows_sample(x, t->by_rank[i]);
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
