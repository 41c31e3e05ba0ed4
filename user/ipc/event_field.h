/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_EVENT_FIELD_H
#define IPCNSCTL_EVENT_FIELD_H

#include <linux/ipcns.h>

/* How an attribute is shown. */
enum show_as {
	SHOW_NUMBER,
	SHOW_KEY,
	SHOW_PERMS,
	SHOW_BYTES,
	SHOW_NAME,
	SHOW_REASON,
	SHOW_CAUSE,
	SHOW_STATE,
};

/* How the number of a field is shown on a terminal. */
enum show_on_screen {
	SCREEN_SAME,
	SCREEN_HIDDEN,		/* or as a part of who did it */
	SCREEN_NONZERO,		/* unless it is 0 */
	SCREEN_SIZE,		/* in units of bytes, unless it is 0 */
	SCREEN_DURATION,	/* nanoseconds, in units of time */
};

struct event_field {
	const char *name;
	unsigned int attr;
	enum show_as as;
	enum show_on_screen on_screen;
};

/* Fields of an event, in the order of a line; the last has no name. */
extern const struct event_field event_fields[];
extern const struct event_field event_loss_fields[];

#endif
