/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROCESS_USE_H
#define IPCNSCTL_PROCESS_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "print/rows.h"
#include "print/value.h"

/* What a process has to do with an object; it can be several of these. */
enum process_use {
	USE_CREATED,	/* it created the object */
	USE_ATTACHED,	/* it has the segment attached */
	USE_OPEN,	/* it has the queue or the file open, or the file mapped */
	USE_CHANGED,	/* it was the last to attach, detach, send, receive or change a value */
	USE_WAITS,	/* it waits for a semaphore, for a message, or for room for one */
	USE_UNDO,	/* its end will change a semaphore */
	USE_NOTIFIED,	/* it will be notified of a message */
	USES,
};

/* What a row shows in the column USE, see process_use_fill(). */
struct process_uses {
	unsigned int mask;	/* of 1 << enum process_use */
};

void process_use_begin(struct ipcns *w, uint32_t pid, unsigned int kinds);
bool process_use_possible(const struct row *row);
unsigned int process_use_read(struct ipcns *w, const struct row *row);
void process_use_fill(const struct process_uses *uses, struct value *value);
void process_use_end(void);

#endif
