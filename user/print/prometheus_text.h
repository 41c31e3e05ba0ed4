/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROMETHEUS_TEXT_H
#define IPCNSCTL_PROMETHEUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writer of one text of metrics. All samples of a family follow its head. */
struct prometheus {
	FILE *out;
	bool prometheus;	/* the older text format, not OpenMetrics */
	const char *family;
	bool counter;
	bool labelled;		/* the sample has a label already */
};

void prometheus_begin(struct prometheus *x, FILE *out, bool prometheus);
void prometheus_gauge(struct prometheus *x, const char *name, const char *unit, const char *help);
void prometheus_counter(struct prometheus *x, const char *name, const char *help);
void prometheus_histogram(struct prometheus *x, const char *name, const char *unit,
			  const char *help);
void prometheus_sample(struct prometheus *x);
void prometheus_series(struct prometheus *x, const char *suffix);
void prometheus_label(struct prometheus *x, const char *name, const char *text, size_t len);
void prometheus_string(struct prometheus *x, const char *name, const char *text);
void prometheus_id(struct prometheus *x, const char *name, uint64_t id);
void prometheus_bound(struct prometheus *x, uint64_t ns);
void prometheus_number(struct prometheus *x, uint64_t value);
void prometheus_part(struct prometheus *x, double value);
void prometheus_seconds(struct prometheus *x, uint64_t ns);
void prometheus_end(struct prometheus *x);

#endif
