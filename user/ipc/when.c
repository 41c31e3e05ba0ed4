// SPDX-License-Identifier: GPL-2.0-only
/*
 * WHEN: what --since and --until take. A sequence number, or a time as systemd.time(7) has it: a
 * date, a time of day, or so long ago.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <linux/ipcns.h>

#include "ipc/event_line.h"
#include "ipc/when.h"
#include "print/text.h"
#include "util.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)

/* Times beyond this many years do not fit into nanoseconds. */
#define LAST_YEAR 2200

/** when_now - nanoseconds since the epoch */
int64_t when_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	++*text;
	return true;
}

/* Digits, at least @min and at most @max of them. */
static bool take_digits(const char **text, size_t min, size_t max, uint64_t limit, uint64_t *value)
{
	size_t n = strspn(*text, "0123456789");

	if (n < min || n > max || !parse_uint(*text, n, 10, limit, value))
		return false;
	*text += n;
	return true;
}

/* What follows a point, in units of 1 / @one; nothing if there is no point. */
static bool take_fraction(const char **text, int64_t one, int64_t *value)
{
	*value = 0;
	if (**text != '.')
		return true;
	if (!isdigit((unsigned char)*++*text))
		return false;
	while (isdigit((unsigned char)**text)) {
		one /= 10;
		*value += (*(*text)++ - '0') * one;
	}
	return true;
}

static const struct {
	const char *names;	/* each with a blank after it */
	int64_t ns;
} units[] = {
	{ "seconds second sec s ", NS_PER_SECOND },
	{ "minutes minute min m ", 60 * NS_PER_SECOND },
	{ "hours hour hr h ", 3600 * NS_PER_SECOND },
	{ "days day d ", NS_PER_DAY },
	{ "weeks week w ", 7 * NS_PER_DAY },
	{ "months month M ", 2629800 * NS_PER_SECOND },
	{ "years year y ", 31557600 * NS_PER_SECOND },
	{ "msec ms ", NS_PER_SECOND / 1000 },
	{ "usec us ", NS_PER_SECOND / 1000000 },
};

/* The length of a unit with this name, 0 if there is none. */
static int64_t find_unit(const char *word, size_t len)
{
	const char *name;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		for (name = units[i].names; *name; name += n + 1) {
			n = strcspn(name, " ");
			if (n == len && !strncmp(name, word, len))
				return units[i].ns;
		}
	}
	return 0;
}

/* 1h 30min, 10 min, 1.5h: a sum up to @end. */
static bool parse_span(const char *text, const char *end, int64_t *ns)
{
	const int64_t most = (LAST_YEAR - 1970) * 366LL * NS_PER_DAY;
	int64_t part, rest, unit;
	const char *number;
	uint64_t whole;
	size_t len;

	*ns = 0;
	text = skip_blanks(text);
	do {
		number = text;
		if (!take_digits(&text, 1, 18, UINT64_MAX, &whole) ||
		    !take_fraction(&text, NS_PER_SECOND, &rest))
			return false;
		text = skip_blanks(text);
		for (len = 0; text + len < end && isalpha((unsigned char)text[len]); len++)
			;
		unit = find_unit(text, len);
		if (text > end || number == text || !unit || whole > (uint64_t)(most / unit))
			return false;
		part = whole * unit + (int64_t)((double)rest / NS_PER_SECOND * unit);
		if (part > most - *ns)
			return false;
		*ns += part;
		text = skip_blanks(text + len);
	} while (text < end);
	return true;
}

/* 09:30, 09:30:15, 09:30:15.123456 */
static bool take_clock(const char **text, struct tm *tm, int64_t *rest)
{
	uint64_t hour, minute, second = 0;

	*rest = 0;
	if (!take_digits(text, 1, 2, 23, &hour) || !take_char(text, ':') ||
	    !take_digits(text, 2, 2, 59, &minute))
		return false;
	if (**text == ':') {
		++*text;
		if (!take_digits(text, 2, 2, 59, &second) ||
		    !take_fraction(text, NS_PER_SECOND, rest))
			return false;
	}
	tm->tm_hour = hour;
	tm->tm_min = minute;
	tm->tm_sec = second;
	return true;
}

/* 2026-11-28 */
static bool take_date(const char **text, struct tm *tm)
{
	uint64_t year, month, day;

	if (!take_digits(text, 4, 4, LAST_YEAR, &year) || year < 1970 || !take_char(text, '-') ||
	    !take_digits(text, 2, 2, 12, &month) || !month || !take_char(text, '-') ||
	    !take_digits(text, 2, 2, 31, &day) || !day)
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* A word for a day, as a number of days from today. */
static bool take_day(const char **text, int *days)
{
	static const struct {
		const char *name;
		int days;
	} names[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		len = strlen(names[i].name);
		if (strncasecmp(*text, names[i].name, len) || ((*text)[len] && (*text)[len] != ' '))
			continue;
		*text += len;
		*days = names[i].days;
		return true;
	}
	return false;
}

/* The day of the week that a date may have in front, 0 for Sunday; -1 if there is none. */
static int take_weekday(const char **text)
{
	static const char *const names[] = {
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	};
	size_t len = 0;
	int i;

	while (isalpha((unsigned char)(*text)[len]))
		len++;
	for (i = 0; i < 7; i++) {
		if ((len != 3 && len != strlen(names[i])) || strncasecmp(*text, names[i], len) ||
		    (*text)[len] != ' ')
			continue;
		*text = skip_blanks(*text + len);
		return i;
	}
	return -1;
}

/* UTC, Z, +01:00, -0500 or nothing, for local time; with the seconds that are ahead of UTC. */
static bool take_zone(const char **text, bool *local, int64_t *ahead)
{
	const char *zone = skip_blanks(*text);
	uint64_t hours, minutes = 0;
	int sign = *zone == '-' ? -1 : 1;

	*local = !*zone;
	*ahead = 0;
	if (!*zone)
		return !**text;
	if (!strcmp(zone, "UTC") || !strcmp(zone, "Z"))
		return true;
	if (!strcmp(zone, tzname[0]) || !strcmp(zone, tzname[1])) {
		*local = true;
		return true;
	}
	if (*zone != '+' && *zone != '-')
		return false;
	zone++;
	if (!parse_uint(zone, strnlen(zone, 2), 10, 15, &hours) || strlen(zone) < 2)
		return false;
	zone += 2;
	zone += *zone == ':';
	if (*zone && (strlen(zone) != 2 || !parse_uint(zone, 2, 10, 59, &minutes)))
		return false;
	*ahead = sign * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

/* A date, a time of day, or both, and perhaps a zone. */
static bool parse_calendar(const char *text, int64_t now, int64_t *time)
{
	time_t second = now / NS_PER_SECOND;
	int days = 0, weekday;
	struct tm tm, asked;
	int64_t rest = 0, ahead;
	bool dated, local;

	tzset();
	if (!localtime_r(&second, &tm))
		return false;
	weekday = take_weekday(&text);
	dated = strspn(text, "0123456789") == 4;
	if ((weekday >= 0 && !dated) || (dated && !take_date(&text, &tm)))
		return false;
	if (dated || take_day(&text, &days)) {
		tm.tm_hour = 0;
		tm.tm_min = 0;
		tm.tm_sec = 0;
		if (*text == 'T' || (*text == ' ' && isdigit((unsigned char)*skip_blanks(text)))) {
			text = skip_blanks(text + 1);
			if (!take_clock(&text, &tm, &rest))
				return false;
		}
	} else if (!take_clock(&text, &tm, &rest)) {
		return false;
	}
	if (!take_zone(&text, &local, &ahead))
		return false;
	asked = tm;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	second = local ? mktime(&tm) : timegm(&tm);
	if (second < 0 || (!days && tm.tm_mday != asked.tm_mday) ||
	    (weekday >= 0 && tm.tm_wday != weekday))
		return false;
	*time = (second - ahead) * NS_PER_SECOND + rest;
	return true;
}

/* @1795000000.5 */
static bool parse_epoch(const char *text, int64_t *time)
{
	uint64_t second;
	int64_t rest;

	if (!take_digits(&text, 1, 18, (LAST_YEAR - 1970) * 31557600ULL, &second) ||
	    !take_fraction(&text, NS_PER_SECOND, &rest) || *text)
		return false;
	*time = second * NS_PER_SECOND + rest;
	return true;
}

/* Where a text ends if @word, with a blank in front, is taken off; NULL if it is not there. */
static const char *end_before(const char *text, const char *word)
{
	size_t len = strlen(text), n = strlen(word);

	if (len <= n + 1 || strcmp(text + len - n, word) || text[len - n - 1] != ' ')
		return NULL;
	return text + len - n - 1;
}

/** when_parse_span - read a length of time, as systemd.time(7) has it, in nanoseconds */
bool when_parse_span(const char *text, int64_t *ns)
{
	return parse_span(text, text + strlen(text), ns);
}

/** when_parse_age - read a length of time, "2 h" or "7 d 12 h", in seconds, at least one; or die */
uint64_t when_parse_age(const char *text)
{
	int64_t ns;

	if (!when_parse_span(text, &ns) || ns < NS_PER_SECOND)
		die_usage("invalid age: %s (\"30 min\", \"7 d\")", text);
	return ns / NS_PER_SECOND;
}

/**
 * when_parse - read a sequence number or a time
 * @text: what --since or --until has
 * @now: nanoseconds since the epoch, what relative times are relative to
 * @when: the result
 */
bool when_parse(const char *text, int64_t now, struct when *when)
{
	const char *end;
	int64_t span;

	*when = (struct when){ 0 };
	if (*text && strspn(text, "0123456789") == strlen(text))
		return parse_uint(text, strlen(text), 10, UINT64_MAX - 1, &when->seq) && when->seq;
	if (*text == '@')
		return parse_epoch(text + 1, &when->time);
	when->time = now;
	if (!strcasecmp(text, "now"))
		return true;
	end = end_before(text, "ago");
	if (end || *text == '-') {
		if (!parse_span(end ? text : text + 1, end ?: text + strlen(text), &span))
			return false;
		when->time = now - span;
		return when->time >= 0;
	}
	end = end_before(text, "left");
	if (end || *text == '+') {
		if (!parse_span(end ? text : text + 1, end ?: text + strlen(text), &span))
			return false;
		when->time = now + span;
		return true;
	}
	return parse_calendar(text, now, &when->time);
}

static void take_option(const char *option, const char *text, struct when *when)
{
	if (!when_parse(text, when_now(), when))
		die_usage("invalid %s: %s (a sequence number, 09:30, \"2026-11-28 09:30\", yesterday, \"10 min ago\")",
			  option, text);
}

/** event_span_since - the argument of --since; or die */
void event_span_since(struct event_span *span, const char *text)
{
	take_option("--since", text, &span->since);
	span->has_since = true;
	if (!span->since.seq && span->since.time > when_now())
		die_usage("--since %s is in the future", text);
}

/** event_span_until - the argument of --until; or die */
void event_span_until(struct event_span *span, const char *text)
{
	take_option("--until", text, &span->until);
	span->has_until = true;
}

/** event_span_check - die if a span ends before it starts */
void event_span_check(const struct event_span *span)
{
	if (!span->has_since || !span->has_until || !span->since.seq != !span->until.seq)
		return;
	if (span->since.seq ? span->until.seq < span->since.seq :
			      span->until.time < span->since.time)
		die_usage("--until is before --since");
}

/** event_span_first - number of the first event that can be in a span */
uint64_t event_span_first(const struct event_span *span)
{
	return span->has_since && span->since.seq ? span->since.seq : 1;
}

/**
 * event_span_has - whether an event is in a span
 * @span: the span; it is over when an event is later
 * @e: the event that follows those that this was called for before
 *
 * A loss has the time of the event that follows it. So it may have been before the span's beginning
 * only if that was, too, and it is in the span unless an event before it was later.
 */
bool event_span_has(struct event_span *span, const struct ipcns_event *e)
{
	uint64_t seq = e->seq ?: e->to, time = 0;
	bool loss = event_is_loss(e);

	if (span->over)
		return false;
	ipcns_uint(e->attr[IPCNS_A_EVENT_TIME], &time);
	if (span->has_since && (span->since.seq ? seq && seq < span->since.seq :
						  (int64_t)time < span->since.time))
		return false;
	if (!span->has_until)
		return true;
	if (span->until.seq)
		span->over = (e->seq ?: e->from) > span->until.seq;
	else
		span->over = !loss && (int64_t)time > span->until.time;
	return !span->over;
}
