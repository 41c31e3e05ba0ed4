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

struct event_field {
	const char *name;
	unsigned int attr;
	enum show_as as;
};

/* Fields of an event, in the order of a line; the last has no name. */
extern const struct event_field event_fields[];
extern const struct event_field event_loss_fields[];

#endif
