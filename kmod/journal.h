/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_JOURNAL_H
#define _IPCNS_JOURNAL_H

#include "event.h"

/* Slots that the longest event takes: one of a queue with a name of NAME_MAX bytes. */
#define IPCNS_EVENT_SLOTS 6

/**
 * struct ipcns_journal_state - the journal at one moment
 * @first:	sequence number of the oldest event it holds
 * @next:	sequence number that the next event will get
 * @dropped:	events since load for which there was no room
 * @slots:	its size, and
 * @used:	how much of that is used, and
 * @pending:	not published yet, in slots
 */
struct ipcns_journal_state {
	u64	first;
	u64	next;
	u64	dropped;
	u32	slots;
	u32	used;
	u32	pending;
};

int ipcns_journal_init(size_t bytes, void (*wake)(void));
void ipcns_journal_exit(void);
struct ipcns_event *ipcns_journal_begin(u32 len);
void ipcns_journal_commit(const void *more, u32 len);
bool ipcns_journal_filling_up(void);
u32 ipcns_journal_pending(struct ipcns_event *out, u32 max);
void ipcns_journal_publish(const struct ipcns_event *e, u32 n);
u32 ipcns_journal_read(struct ipcns_event *out, u32 max, u64 from);
u64 ipcns_journal_seq(const struct ipcns_event *e, u64 near);
u64 ipcns_journal_next(void);
void ipcns_journal_state(struct ipcns_journal_state *state);

#endif /* _IPCNS_JOURNAL_H */
