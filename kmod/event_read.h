/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events as readers get them.
 */
#ifndef _IPCNS_EVENT_READ_H
#define _IPCNS_EVENT_READ_H

#include <linux/skbuff.h>

#include "event.h"
#include "journal.h"

/**
 * struct ipcns_event_report - an event with all that is reported of it, or a loss
 * @seq:	sequence number; for a loss 0
 * @from:	first event that is lost, 0 if this is an event
 * @to:		last event that is lost
 * @cause:	enum ipcns_lost_cause
 * @inum:	inode number of the namespace
 * @inventory_known: @inventory is filled in
 * @pids:	the reader can use process ids; otherwise they are 0
 * @names:	the reader may know command names of all processes
 * @user_ns:	user ids are translated to this namespace
 * @inventory:	contents of the namespace when it began to die
 * @slots:	the event; for a loss only the time of the first event after it, or the
 *		present one
 */
struct ipcns_event_report {
	u64				seq;
	u64				from, to;
	u32				cause;
	u32				inum;
	bool				inventory_known;
	bool				pids;
	bool				names;
	struct user_namespace		*user_ns;
	struct ipcns_event_inventory	inventory;
	struct ipcns_event		slots[IPCNS_EVENT_SLOTS];
};

/**
 * struct ipcns_cursor - a place in the journal, and a window on it
 * @next:	sequence number to continue with
 * @end:	sequence number to stop before
 * @ns:		namespace of the last event, which is often that of the next, or 0
 * @inum:	its inode number
 * @pos:	slot in @window to continue with
 * @n:		slots in @window
 * @window:	events that were read
 */
struct ipcns_cursor {
	u64			next;
	u64			end;
	u64			ns;
	u32			inum;
	u32			pos;
	u32			n;
	struct ipcns_event	window[64];
};

void ipcns_cursor_init(struct ipcns_cursor *c, u64 since);
void ipcns_cursor_extend(struct ipcns_cursor *c);
bool ipcns_event_next(struct ipcns_cursor *c, struct ipcns_event_report *out);
int ipcns_event_fill(struct sk_buff *skb, const void *record);

#endif /* _IPCNS_EVENT_READ_H */
