/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_FINDING_H
#define IPCNSCTL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "print/columns.h"
#include "print/json.h"

enum severity {
	SEVERITY_CRIT,
	SEVERITY_WARN,
	SEVERITY_INFO,
};

/* One thing that is wrong, or that somebody should know. */
struct finding {
	enum severity severity;
	const char *check;	/* which check found it: a constant word */
	uint64_t inum, nsid;	/* the namespace; 0 if it is about none */
	char *subject;
	char *what;
	char *more;		/* a command that shows more, or NULL */
	size_t place;		/* those of one severity stay in the order in which they came */
};

/* Findings that grow in number; all zero at first. */
struct findings {
	struct finding *rows;
	size_t n;
	size_t allocated;
};

extern const char *const severity_names[];
extern const struct table_type finding_columns;

struct finding *findings_add(struct findings *list, enum severity severity, const char *check,
			     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void finding_subject(struct finding *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void finding_more(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void findings_sort(struct findings *list);
bool findings_bad(const struct findings *list);
void findings_json(const struct findings *list, struct json *json, const char *key);
void findings_free(struct findings *list);

#endif
