/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_METRICS_ROWS_H
#define IPCNSCTL_METRICS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "commands/metrics.h"
#include "print/prometheus_text.h"
#include "print/rows.h"

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

/* All namespaces, and their order. */
struct metric_rows {
	struct figures *rows;
	struct figures **by_rank;
	size_t n;
};

/* What namespaces are ranked by; below 0 for one that is not shown. */
typedef double (*rank_fn)(const struct figures *f);

void metric_rows_make(struct metric_rows *t, const struct metrics *m);
size_t metric_rows_sort(struct metric_rows *t);
size_t metric_rows_choose(struct metric_rows *t, size_t top, rank_fn rank);
void metric_rows_sample(struct prometheus *x, const struct figures *f);
void metric_rows_free(struct metric_rows *t);

void metrics_write_objects(struct prometheus *x, const struct metrics *m, struct metric_rows *t);
void metrics_write_limits(struct prometheus *x, struct metric_rows *t,
			  const struct user_limits *users, size_t top);
void metrics_write_module(struct prometheus *x, const struct stored_row *status);

#endif
