// SPDX-License-Identifier: GPL-2.0-only
/* A list of findings of check: what was found, how bad it is, the command that shows more. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/finding.h"
#include "util.h"

/** severity_names - names of enum severity, the worst first */
const char *const severity_names[] = {
	[SEVERITY_CRIT] = "crit",
	[SEVERITY_WARN] = "warn",
	[SEVERITY_INFO] = "info",
};

static char *format(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		die(STATUS_ERROR, "out of memory");
	return text;
}

/**
 * findings_add - add a finding about the module
 * @list: where it goes
 * @severity: how bad it is
 * @check: which check found it: a constant word
 * @fmt: what was found, as for printf(3); it may have any bytes
 *
 * Returns the finding, for a subject, a namespace and a command, until the next one is added.
 */
struct finding *findings_add(struct findings *list, enum severity severity, const char *check,
			     const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
	f = &list->rows[list->n];
	*f = (struct finding){ .severity = severity, .check = check, .place = list->n++ };
	va_start(ap, fmt);
	f->what = format(fmt, ap);
	va_end(ap);
	finding_subject(f, "module");
	return f;
}

/** finding_subject - say what a finding is about */
void finding_subject(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	free(f->subject);
	va_start(ap, fmt);
	f->subject = format(fmt, ap);
	va_end(ap);
}

/** finding_more - name the command that shows more */
void finding_more(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	free(f->more);
	va_start(ap, fmt);
	f->more = format(fmt, ap);
	va_end(ap);
}

static int compare(const void *p, const void *q)
{
	const struct finding *a = p, *b = q;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

/** findings_sort - the most severe first */
void findings_sort(struct findings *list)
{
	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), compare);
}

/** findings_bad - whether one of them is worse than SEVERITY_INFO */
bool findings_bad(const struct findings *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->rows[i].severity < SEVERITY_INFO)
			return true;
	return false;
}

/** findings_json - write them as a list */
void findings_json(const struct findings *list, struct json *json, const char *key)
{
	const struct finding *f;
	size_t i;

	json_open(json, key, '[');
	for (i = 0; i < list->n; i++) {
		f = &list->rows[i];
		json_open(json, NULL, '{');
		json_string(json, "severity", severity_names[f->severity]);
		json_string(json, "check", f->check);
		json_string(json, "subject", f->subject);
		if (f->nsid) {
			json_number(json, "ns", f->inum);
			json_number(json, "nsid", f->nsid);
		} else {
			json_null(json, "ns");
			json_null(json, "nsid");
		}
		json_string(json, "what", f->what);
		if (f->more)
			json_string(json, "more", f->more);
		else
			json_null(json, "more");
		json_close(json, '}');
	}
	json_close(json, ']');
}

/** findings_free - free what they hold */
void findings_free(struct findings *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->rows[i].subject);
		free(list->rows[i].what);
		free(list->rows[i].more);
	}
	free(list->rows);
	*list = (struct findings){ 0 };
}

static const struct finding *finding_of(const struct row *row)
{
	return row->data;
}

static void fill_severity(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_word(value, severity_names[finding_of(row)->severity]);
}

static void fill_check(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_word(value, finding_of(row)->check);
}

static void fill_ns(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (finding_of(row)->nsid)
		value_number(value, finding_of(row)->inum);
}

static void fill_nsid(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (finding_of(row)->nsid)
		value_number(value, finding_of(row)->nsid);
}

static void fill_subject(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_text(value, finding_of(row)->subject);
}

static void fill_what(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_text(value, finding_of(row)->what);
}

static void fill_more(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (finding_of(row)->more)
		value_text(value, finding_of(row)->more);
}

static const struct column columns[] = {
	{ "SEVERITY", "crit, warn, info", AS_TEXT, .fill = fill_severity },
	{ "CHECK", "which check found it", AS_TEXT, .fill = fill_check },
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .fill = fill_ns },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .fill = fill_nsid },
	{ "SUBJECT", "what it is about", AS_TEXT, .fill = fill_subject },
	{ "WHAT", "what was found", AS_TEXT, .fill = fill_what },
	{ "MORE", "command that shows more", AS_TEXT, .fill = fill_more },
};

static const char *severity_color(const struct row *row)
{
	static const char *const colors[] = {
		[SEVERITY_CRIT] = "red",
		[SEVERITY_WARN] = "yellow",
		[SEVERITY_INFO] = NULL,
	};

	return colors[finding_of(row)->severity];
}

/** finding_columns - columns of one finding per row */
const struct table_type finding_columns = {
	.root = "findings",
	.defaults = "SEVERITY,CHECK,NS,NSID,SUBJECT,WHAT,MORE",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
	.color = severity_color,
};
