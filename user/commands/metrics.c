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
#include "commands/metrics_rows.h"
#include "ipc/limit.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "print/output_file.h"
#include "print/prometheus_text.h"
#include "print/table_options.h"
#include "util.h"

#define TOP 20
#define USER_NAMESPACES 64	/* whose limit is read at most */

static const char usage[] =
	"Usage: " PROGRAM " metrics [OPTION...]\n\n"
	"Prints metrics of IPC namespaces and of the module, for Prometheus.\n\n"
	"Options:\n"
	"     --top N        of single namespaces, the N with the largest values (20)\n"
	"     --format NAME  openmetrics (the default), or prometheus: the older format,\n"
	"                    which node_exporter reads\n"
	" -o, --output FILE  write to a file, which is replaced in one step; - is stdout\n"
	"     --listen ADDR  answer HTTP requests for /metrics at HOST:PORT, [HOST]:PORT,\n"
	"                    or systemd: the socket that it passes\n"
	" -q, --quiet        do not report that only a part is visible\n"
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
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

static double rank_pinned(const struct figures *f)
{
	return f->state == IPCNS_STATE_PINNED && f->has_age ? (double)f->age : -1;
}

static double rank_dying(const struct figures *f)
{
	return f->state == IPCNS_STATE_DYING && f->has_age ? (double)f->age : -1;
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

static bool has_state(const struct metric_rows *t, uint64_t state)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->rows[i].state == state)
			return true;
	return false;
}

/* Ages of namespaces in a state, and the largest of them unless none of these is known. */
static void write_ages(struct prometheus *x, struct metric_rows *t, size_t top, bool dying)
{
	size_t n = metric_rows_choose(t, top, dying ? rank_dying : rank_pinned), i;

	prometheus_gauge(x, dying ? "ipcns_namespace_dying_age_seconds" :
			 "ipcns_namespace_pinned_age_seconds", "seconds",
			 dying ? "Time since the last reference of a dying namespace was dropped." :
			 "Time since the creation of a namespace that has no member.");
	for (i = 0; i < n; i++) {
		metric_rows_sample(x, t->by_rank[i]);
		prometheus_number(x, t->by_rank[i]->age);
	}
	prometheus_gauge(x, dying ? "ipcns_dying_age_max_seconds" : "ipcns_pinned_age_max_seconds",
			 "seconds", dying ?
			 "The largest of all dying namespaces, 0 if there is none." :
			 "The largest of all namespaces without a member, 0 if there is none; "
			 "left out if no age is known.");
	if (t->n && t->by_rank[0]->rank >= 0) {
		prometheus_sample(x);
		prometheus_number(x, t->by_rank[0]->age);
	} else if (!has_state(t, dying ? IPCNS_STATE_DYING : IPCNS_STATE_PINNED)) {
		prometheus_sample(x);
		prometheus_number(x, 0);
	}
}

/** metrics_write - write all that was read to @out */
void metrics_write(const struct metrics *m, FILE *out)
{
	struct prometheus x;
	struct metric_rows t;

	metric_rows_make(&t, m);
	prometheus_begin(&x, out, m->prometheus);
	write_states(&x, &t);
	metrics_write_objects(&x, m, &t);
	metrics_write_limits(&x, &t, &m->users, m->top);
	write_ages(&x, &t, m->top, false);
	write_ages(&x, &t, m->top, true);
	if (m->status.n)
		metrics_write_module(&x, m->status.rows);
	prometheus_end(&x);
	metric_rows_free(&t);
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

	while ((c = getopt_long(argc, argv, "o:qhV", longopts, NULL)) != -1) {
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
		case 'q':
			quiet = true;
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
		report_part(true);
		metrics_listen(&m, address);
		return STATUS_OK;
	}
	metrics_read(&m);
	report_part(true);
	user_limits_report(&m.users);
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
