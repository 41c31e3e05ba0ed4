// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics as text: OpenMetrics 1.0, or the format that Prometheus had before and that the textfile
 * collector of node_exporter reads.
 *
 * They differ in little: the older one knows neither units nor the end, and the head of a counter
 * has the name of its samples, with "_total" at the end.
 */
#include <string.h>

#include "print/prometheus_text.h"
#include "print/text.h"
#include "util.h"

/* Nanoseconds, printed as seconds. */
#define SECONDS_FORMAT "%llu.%09llu"
#define SECONDS(ns) (unsigned long long)(ns) / NS_PER_SECOND, (unsigned long long)(ns) % NS_PER_SECOND

/** prometheus_begin - begin a text on @out */
void prometheus_begin(struct prometheus *x, FILE *out, bool prometheus)
{
	*x = (struct prometheus){ .out = out, .prometheus = prometheus };
}

static void put_head(struct prometheus *x, const char *type, const char *unit, const char *help)
{
	const char *suffix = x->counter && x->prometheus ? "_total" : "";

	fprintf(x->out, "# HELP %s%s %s\n", x->family, suffix, help);
	fprintf(x->out, "# TYPE %s%s %s\n", x->family, suffix, type);
	if (unit && !x->prometheus)
		fprintf(x->out, "# UNIT %s %s\n", x->family, unit);
}

/**
 * prometheus_gauge - begin a family of values that go up and down
 * @x: the text
 * @name: of the family; it ends in the unit, if there is one
 * @unit: base unit, or NULL
 * @help: one line without quotes and backslashes
 */
void prometheus_gauge(struct prometheus *x, const char *name, const char *unit, const char *help)
{
	x->family = name;
	x->counter = false;
	put_head(x, "gauge", unit, help);
}

/** prometheus_counter - begin a family of values that only go up; @name is without "_total" */
void prometheus_counter(struct prometheus *x, const char *name, const char *help)
{
	x->family = name;
	x->counter = true;
	put_head(x, "counter", NULL, help);
}

/**
 * prometheus_histogram - begin a histogram
 *
 * As prometheus_gauge(). Series follow: "_bucket" for each bound, rising, and for no bound, then
 * "_count" and "_sum".
 */
void prometheus_histogram(struct prometheus *x, const char *name, const char *unit,
			  const char *help)
{
	x->family = name;
	x->counter = false;
	put_head(x, "histogram", unit, help);
}

/** prometheus_series - begin a sample of the series that has the family's name and a suffix */
void prometheus_series(struct prometheus *x, const char *suffix)
{
	fprintf(x->out, "%s%s", x->family, suffix);
	x->labelled = false;
}

/** prometheus_sample - begin a sample: labels follow, and then its value */
void prometheus_sample(struct prometheus *x)
{
	prometheus_series(x, x->counter ? "_total" : "");
}

/**
 * prometheus_label - a label
 *
 * The format has escapes for a quote, a backslash and a line break only. All other unsafe
 * characters, and bytes that are not UTF-8, become the four characters \xHH, and so does a
 * backslash before an x, so that nothing reads like an escape that is none.
 */
void prometheus_label(struct prometheus *x, const char *name, const char *text, size_t len)
{
	uint32_t c;
	size_t n, i;

	fprintf(x->out, "%c%s=\"", x->labelled ? ',' : '{', name);
	x->labelled = true;
	for (; len; text += n, len -= n) {
		n = utf8_read(text, len, &c);
		if (n && c == '\n') {
			fputs("\\n", x->out);
		} else if (!n || is_unsafe(c) || (c == '\\' && len > 1 && text[1] == 'x')) {
			n = n ?: 1;
			for (i = 0; i < n; i++)
				fprintf(x->out, "\\\\x%02x", (unsigned char)text[i]);
		} else {
			if (*text == '"' || *text == '\\')
				fputc('\\', x->out);
			fwrite(text, n, 1, x->out);
		}
	}
	fputc('"', x->out);
}

/** prometheus_string - a label that is a string */
void prometheus_string(struct prometheus *x, const char *name, const char *text)
{
	prometheus_label(x, name, text, strlen(text));
}

/** prometheus_id - a label that is a number */
void prometheus_id(struct prometheus *x, const char *name, uint64_t id)
{
	char buf[24], *end = buf + sizeof(buf), *begin = format_number(end, id);

	prometheus_label(x, name, begin, end - begin);
}

/** prometheus_bound - the label of a bucket: nanoseconds, in seconds as short as can be */
void prometheus_bound(struct prometheus *x, uint64_t ns)
{
	char buf[32];
	int len = snprintf(buf, sizeof(buf), SECONDS_FORMAT, SECONDS(ns));

	while (buf[len - 1] == '0' && buf[len - 2] != '.')
		len--;
	prometheus_label(x, "le", buf, len);
}

static void put_space(struct prometheus *x)
{
	fputs(x->labelled ? "} " : " ", x->out);
}

/** prometheus_number - the value of a sample */
void prometheus_number(struct prometheus *x, uint64_t value)
{
	put_space(x);
	fprintf(x->out, "%llu\n", (unsigned long long)value);
}

/** prometheus_part - the value of a sample, up to 1e13, six decimals, a point in every locale */
void prometheus_part(struct prometheus *x, double value)
{
	uint64_t millionths = (value < 1e13 ? value : 1e13) * 1e6 + 0.5;

	put_space(x);
	fprintf(x->out, "%llu.%06llu\n", (unsigned long long)millionths / 1000000,
		(unsigned long long)millionths % 1000000);
}

/** prometheus_seconds - the value of a sample: nanoseconds, in seconds */
void prometheus_seconds(struct prometheus *x, uint64_t ns)
{
	put_space(x);
	fprintf(x->out, SECONDS_FORMAT "\n", SECONDS(ns));
}

/** prometheus_end - end of the text */
void prometheus_end(struct prometheus *x)
{
	if (!x->prometheus)
		fputs("# EOF\n", x->out);
}
