/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROMETHEUS_TEXT_H
#define IPCNSCTL_PROMETHEUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writer of one text of metrics. All samples of a family follow its head. */
struct exposition {
	FILE *out;
	bool prometheus;	/* the older text format, not OpenMetrics */
	const char *family;
	bool counter;
	bool labelled;		/* the sample has a label already */
};

void exposition_begin(struct exposition *x, FILE *out, bool prometheus);
void exposition_gauge(struct exposition *x, const char *name, const char *unit, const char *help);
void exposition_counter(struct exposition *x, const char *name, const char *help);
void exposition_histogram(struct exposition *x, const char *name, const char *unit,
			  const char *help);
void exposition_sample(struct exposition *x);
void exposition_series(struct exposition *x, const char *suffix);
void exposition_label(struct exposition *x, const char *name, const char *text, size_t len);
void exposition_string(struct exposition *x, const char *name, const char *text);
void exposition_id(struct exposition *x, const char *name, uint64_t id);
void exposition_bound(struct exposition *x, uint64_t ns);
void exposition_number(struct exposition *x, uint64_t value);
void exposition_part(struct exposition *x, double value);
void exposition_seconds(struct exposition *x, uint64_t ns);
void exposition_end(struct exposition *x);

#endif
