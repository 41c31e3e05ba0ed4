/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WHEN_H
#define IPCNSCTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "libipcns.h"

/* A place in the stream of events. */
struct when {
	uint64_t seq;		/* sequence number; 0 if it is a time */
	int64_t time;		/* nanoseconds since the epoch */
};

bool when_parse(const char *text, int64_t now, struct when *when);
bool when_parse_span(const char *text, int64_t *ns);
uint64_t when_parse_age(const char *text);
int64_t when_now(void);

/* Which part of the stream is asked for. */
struct event_span {
	struct when since, until;
	bool has_since, has_until;
	bool over;		/* an event came that is later */
};

void event_span_since(struct event_span *span, const char *text);
void event_span_until(struct event_span *span, const char *text);
void event_span_check(const struct event_span *span);
uint64_t event_span_first(const struct event_span *span);
bool event_span_has(struct event_span *span, const struct ipcns_event *e);

#endif
