/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events as they are told.
 */
#ifndef _IPCNS_STREAM_H
#define _IPCNS_STREAM_H

#include <linux/skbuff.h>

#include "event.h"
#include "journal.h"
#include "owner.h"

/**
 * struct ipcns_notice - an event with all that is told of it, or a loss
 * @seq:	its number, as the scope counts; for a loss 0
 * @from:	first event that is lost, 0 if this is an event
 * @to:		last event that is lost
 * @cause:	enum ipcns_lost_cause
 * @inum:	inode number of the namespace
 * @inventory_known: @inventory is filled in
 * @pids:	process ids are told; else they mean nothing to who is told
 * @user_ns:	user ids are told as they are there
 * @inventory:	what was in the namespace when it began to die
 * @slots:	the event; for a loss only the time of the first event after it, or the
 *		present one
 */
struct ipcns_notice {
	u64				seq;
	u64				from, to;
	u32				cause;
	u32				inum;
	bool				inventory_known;
	bool				pids;
	struct user_namespace		*user_ns;
	struct ipcns_event_inventory	inventory;
	struct ipcns_event		slots[IPCNS_EVENT_SLOTS];
};

/**
 * struct ipcns_window - some events that were read
 * @n:		slots
 * @told:	the first slots of those that the scope is told of
 * @event:	the slots
 */
struct ipcns_window {
	u32			n;
	DECLARE_BITMAP(told, 64);
	struct ipcns_event	event[64];
};

/**
 * struct ipcns_cursor - a place in the journal, and a window on it
 * @scope:	whose events
 * @since:	number of the first one wanted
 * @next:	sequence number to go on with
 * @number:	number of the scope's next event
 * @end:	sequence number to stop before
 * @end_number:	number that the scope's first event from there on has
 * @ns:		namespace of the last event, which is often that of the next, or 0
 * @inum:	its inode number
 * @pos:	slot in @window to go on with
 * @window:	events from there on
 * @ahead:	for looking ahead
 */
struct ipcns_cursor {
	const struct ipcns_scope *scope;
	u64			since;
	u64			next;
	u64			number;
	u64			end;
	u64			end_number;
	u64			ns;
	u32			inum;
	u32			pos;
	struct ipcns_window	window;
	struct ipcns_window	ahead;
};

void ipcns_cursor_init(struct ipcns_cursor *c, const struct ipcns_scope *scope, u64 since);
void ipcns_cursor_extend(struct ipcns_cursor *c);
bool ipcns_stream_next(struct ipcns_cursor *c, struct ipcns_notice *out);
int ipcns_stream_range(const struct ipcns_scope *scope, u64 *first, u64 *next);
int ipcns_notice_fill(struct sk_buff *skb, const void *record);

#endif /* _IPCNS_STREAM_H */
