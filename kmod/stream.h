/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events on the wire.
 */
#ifndef _IPCNS_STREAM_H
#define _IPCNS_STREAM_H

#include <linux/skbuff.h>

#include "event.h"
#include "journal.h"

/**
 * struct ipcns_notice - an event with all that is told of it, or a loss
 * @seq:	sequence number; for a loss 0
 * @from:	first event that is lost, 0 if this is an event
 * @to:		last event that is lost
 * @cause:	enum ipcns_lost_cause
 * @inum:	inode number of the namespace
 * @inventory_known: @inventory is filled in
 * @inventory:	what was in the namespace when it began to die
 * @slots:	the event; for a loss only the time of the first event after it
 */
struct ipcns_notice {
	u64				seq;
	u64				from, to;
	u32				cause;
	u32				inum;
	bool				inventory_known;
	struct ipcns_event_inventory	inventory;
	struct ipcns_event		slots[IPCNS_EVENT_SLOTS];
};

/**
 * struct ipcns_cursor - a place in the journal, and a window on it
 * @next:	sequence number to go on with
 * @ns:		namespace of the last event, which is often that of the next, or 0
 * @inum:	its inode number
 * @n:		slots in @window
 * @pos:	slot in @window to go on with
 * @window:	events that were read
 */
struct ipcns_cursor {
	u64			next;
	u64			ns;
	u32			inum;
	u32			n;
	u32			pos;
	struct ipcns_event	window[64];
};

bool ipcns_stream_next(struct ipcns_cursor *c, struct ipcns_notice *out);
int ipcns_notice_fill(struct sk_buff *skb, const struct ipcns_notice *n);
void ipcns_stream_send(void);
bool ipcns_stream_wanted(unsigned int group);
void ipcns_stream_open(bool on);
int ipcns_stream_init(void);
void ipcns_stream_exit(void);

#endif /* _IPCNS_STREAM_H */
