// SPDX-License-Identifier: GPL-2.0-only
/* Times of events, as a line has them. */
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "ipc/event_stamp.h"
#include "print/text.h"
#include "util.h"

/* Day and time as people write them, with the year if it is another one. */
static void make_screen_date(struct event_writer *w, int64_t second)
{
	time_t then = second, now = time(NULL);
	struct tm tm, today;

	if (!localtime_r(&then, &tm) || !localtime_r(&now, &today))
		return;
	if (!strftime(w->date, sizeof(w->date), tm.tm_year == today.tm_year ? "%b%d %T" : "%Y-%b%d %T",
		      &tm))
		*w->date = '\0';
}

/* Date and zone change rarely, and are dear. */
static void make_date(struct event_writer *w, int64_t second)
{
	char full[64];
	size_t len, zone;

	if (second == w->second)
		return;
	w->second = second;
	format_time(full, sizeof(full), second, NULL, TIME_ISO);
	len = strlen(full);
	zone = len > 6 && full[len - 3] == ':' ? 6 : 0;	/* none beyond calendars */
	snprintf(w->date, sizeof(w->date), "%.*s.", (int)(len - zone), full);
	snprintf(w->zone, sizeof(w->zone), "%s", full + len - zone);
	if (w->form != EVENT_SCREEN)
		return;
	make_screen_date(w, second);
	if (!strcmp(w->zone + (zone ? 3 : 0), ":00"))
		w->zone[3] = '\0';	/* +01 is as good as +01:00 */
}

/**
 * event_stamp - the time of an event, or now: what the state of things is true for
 * @w: the writer, which keeps the date
 * @attr: the time in the event, or NULL
 * @buf: the result
 */
void event_stamp(struct event_writer *w, struct nlattr *attr, char buf[static EVENT_STAMP_SIZE])
{
	struct timespec now;
	int64_t second;
	uint64_t time;
	long rest;
	int i;

	if (ipcns_uint(attr, &time)) {
		second = (int64_t)time / NS_PER_SECOND;
		rest = (int64_t)time % NS_PER_SECOND;
		if (rest < 0) {
			rest += NS_PER_SECOND;
			second--;
		}
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		second = now.tv_sec;
		rest = now.tv_nsec;
	}
	make_date(w, second);
	if (w->form == EVENT_SCREEN) {
		stpcpy(stpcpy(buf, w->date), w->zone);
		return;
	}
	/* printf(3) would take a fifth of the time of a line. */
	buf = stpcpy(buf, w->date) + 6;
	for (i = 1, rest /= 1000; i <= 6; i++, rest /= 10)
		buf[-i] = '0' + rest % 10;
	strcpy(buf, w->form == EVENT_LINES ? "" : w->zone);
}
