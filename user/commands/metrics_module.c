// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of the module itself. */
#include <linux/ipcns.h>

#include "commands/metrics_rows.h"
#include "util.h"

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
	{ "ipcns_namespaces_missed", NULL, "Namespaces that were created or destroyed without an event.",
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

/** metrics_write_module - write figures of the module; @status is of status-get */
void metrics_write_module(struct prometheus *x, const struct stored_row *status)
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
