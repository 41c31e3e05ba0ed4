// SPDX-License-Identifier: GPL-2.0-only
/* What --since and --until take, and which events lie between. */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "ipc/event_line.h"
#include "ipc/when.h"

/* Sat 2026-11-28 12:00:00 in New York, five hours behind UTC; summer time ended on November 1. */
#define NOW 1795885200LL
#define SECOND 1000000000LL

static void is_time(const char *text, int64_t seconds)
{
	struct when when;
	char name[128];

	snprintf(name, sizeof(name), "WHEN \"%s\"", text);
	check(when_parse(text, NOW * SECOND, &when) && !when.seq && when.time == seconds * SECOND,
	      name);
}

static void is_none(const char *text)
{
	struct when when;
	char name[128];

	snprintf(name, sizeof(name), "no WHEN: \"%s\"", text);
	check(!when_parse(text, NOW * SECOND, &when), name);
}

static void parse(void)
{
	static const char *const none[] = {
		"", "0", "18446744073709551615", "x", "-", "+", "@", "@x", "@1.", "ago", "10 ago",
		"10 parsecs ago", "10 min", "min ago", "1.min ago", "ten min ago", "24:00", "9:5",
		"12:60", "12:00:60", "12:00:00.", "09:30 MARS", "09:30 +1", "09:30 +01:6", "2026-11",
		"2026-11-31", "2026-02-29", "2026-00-01", "2026-13-01", "2026-11-28T",
		"2026-11-28 09", "Sun 2026-11-28", "Foo 2026-11-28", "Sat 09:30", "yesterdays",
		"1969-12-31", "9999-01-01", "100000000000 years ago", "60 years ago", "now now",
		"yesterday ago", "2026-11-28 09:30 ago", " ", "1;reboot",
	};
	struct when when;
	size_t i;

	setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
	check(when_parse("90211", 0, &when) && when.seq == 90211, "WHEN: a sequence number");
	check(when_parse("2026", 0, &when) && when.seq == 2026, "WHEN: so is one that looks like a year");
	is_time("now", NOW);
	is_time("@1795000000", 1795000000);
	is_time("today", NOW - 43200);
	is_time("yesterday", NOW - 43200 - 86400);
	is_time("tomorrow", NOW - 43200 + 86400);
	is_time("yesterday 09:30", NOW - 43200 - 86400 + 34200);
	is_time("Today 9:30:15", NOW - 43200 + 34215);
	is_time("09:30", NOW - 43200 + 34200);
	is_time("9:30", NOW - 43200 + 34200);
	is_time("09:30:15", NOW - 43200 + 34215);
	is_time("2026-11-28", NOW - 43200);
	is_time("2026-11-28 09:30", NOW - 43200 + 34200);
	is_time("2026-11-28 09:30:15", NOW - 43200 + 34215);
	is_time("Sat 2026-11-28 09:30:15", NOW - 43200 + 34215);
	is_time("Saturday 2026-11-28", NOW - 43200);
	is_time("Sat 2026-11-28 09:30:15 EST", NOW - 43200 + 34215);
	is_time("2026-11-28T09:30:15", NOW - 43200 + 34215);
	is_time("2026-11-28T09:30:15Z", NOW - 43200 + 34215 - 18000);
	is_time("2026-11-28 09:30:15 UTC", NOW - 43200 + 34215 - 18000);
	is_time("2026-11-28T09:30:15+01:00", NOW - 43200 + 34215 - 18000 - 3600);
	is_time("2026-11-28T09:30:15-0530", NOW - 43200 + 34215 - 18000 + 19800);
	is_time("2026-10-28 00:00", NOW - 43200 - 31 * 86400 - 3600);
	is_time("10 min ago", NOW - 600);
	is_time("10min ago", NOW - 600);
	is_time("2h ago", NOW - 7200);
	is_time("1h 30min ago", NOW - 5400);
	is_time("1h30m ago", NOW - 5400);
	is_time("1.5h ago", NOW - 5400);
	is_time("2 days ago", NOW - 2 * 86400);
	is_time("1 week 1 second ago", NOW - 7 * 86400 - 1);
	is_time("-10min", NOW - 600);
	is_time("+10min", NOW + 600);
	is_time("10 min left", NOW + 600);
	check(when_parse("12:00:00.25", NOW * SECOND, &when) && when.time == NOW * SECOND + SECOND / 4,
	      "WHEN: a part of a second");
	check(when_parse("@1.000000001", 0, &when) && when.time == SECOND + 1, "WHEN: a nanosecond");
	check(when_parse("300 ms ago", NOW * SECOND, &when) &&
	      when.time == NOW * SECOND - 300000000, "WHEN: milliseconds");
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		is_none(none[i]);
}

/* An event, or a loss up to @seq, at a time. */
static bool has(struct event_span *span, uint64_t seq, int64_t time, bool loss)
{
	struct nlattr attr[3] = { { .nla_len = NLA_HDRLEN + 8, .nla_type = IPCNS_A_EVENT_TIME } };
	struct ipcns_event e = {
		.seq = loss ? 0 : seq,
		.object = loss ? IPCNS_EVENT_OBJECT_LOST : IPCNS_EVENT_OBJECT_NS,
		.from = loss ? 1 : 0,
		.to = loss ? seq : 0,
	};

	memcpy(&attr[1], &time, sizeof(time));
	e.attr[IPCNS_A_EVENT_TIME] = attr;
	return event_span_has(span, &e);
}

static void spans(void)
{
	struct event_span all = { 0 };
	struct event_span times = { { 0, 100 }, { 0, 200 }, true, true };
	struct event_span numbers = { { 10, 0 }, { 20, 0 }, true, true };

	check(has(&all, 1, 1, false) && has(&all, 9, 9, true), "no bounds: all of it");
	check(!has(&times, 1, 99, false) && has(&times, 2, 100, false), "since is in it");
	check(has(&times, 3, 200, false), "so is until");
	check(has(&times, 5, 300, true), "a hole with a later event behind it may reach into it");
	check(!has(&times, 6, 300, false) && times.over, "what is later ends it");
	check(!has(&times, 7, 150, false) && !has(&times, 8, 150, true), "for good");
	times.over = false;
	check(!has(&times, 5, 99, true), "a hole before an event that is before it is before it");
	check(!has(&numbers, 9, 500, false) && has(&numbers, 10, 1, false), "since a number");
	check(!has(&numbers, 9, 500, true) && has(&numbers, 12, 500, true), "holes by number");
	check(has(&numbers, 20, 1, false) && !has(&numbers, 21, 1, false) && numbers.over,
	      "until a number");
	check(event_span_first(&numbers) == 10 && event_span_first(&times) == 1,
	      "where the journal has to be read from");
}

int main(void)
{
	parse();
	spans();
	return failures > 0;
}
