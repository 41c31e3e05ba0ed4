/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_JOURNAL_H
#define _IPCNS_JOURNAL_H

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

#include "event.h"

/* Slots that the longest event takes: one of a queue with a name of NAME_MAX bytes. */
#define IPCNS_EVENT_SLOTS 6

/**
 * struct ipcns_journal_state - the journal at one moment
 * @first:	sequence number of the oldest event it holds
 * @next:	sequence number that the next event will get
 * @since:	from when on it holds all that was recorded, nanoseconds of CLOCK_BOOTTIME
 * @dropped:	events since load for which there was no room
 * @slots:	its size, and
 * @used:	how much of that is used, and
 * @pending:	not published yet, in slots; a loss without a number yet counts as one
 */
struct ipcns_journal_state {
	u64	first;
	u64	next;
	u64	since;
	u64	dropped;
	u32	slots;
	u32	used;
	u32	pending;
};

/**
 * struct ipcns_journal - the ring
 * @lock:	held by handlers for some dozen instructions, see ipcns_journal_lock()
 * @ring:	the slots
 * @slots:	how many, a power of two
 * @head:	where the next event goes
 * @published:	events before this are published
 * @tail:	the oldest event
 * @wake_at:	a commit that moves @head here wakes the worker
 * @easy:	events that end before this need neither room to be made nor a wake-up
 * @seq:	of the next event to be published
 * @start:	when the journal was made, nanoseconds of CLOCK_BOOTTIME
 * @tick:	when @now was read, in jiffies
 * @now:	time of events that happen in the same tick
 * @drop_pos:	where events are missing, and
 * @drop_count:	their number, not accounted for in @seq yet
 * @dropped:	events since load for which there was no room
 * @wake:	see ipcns_journal_init()
 *
 * Positions count slots since load and never wrap; a slot lies at its position
 * modulo the size of the ring.
 */
struct ipcns_journal {
	arch_spinlock_t		lock;
	u32			slots;
	struct ipcns_event	*ring;
	u64			head;
	u64			published;
	u64			tail;
	u64			wake_at;
	u64			easy;
	u64			seq;
	u64			start;
	u64			tick;
	u64			now;
	u64			drop_pos;
	u64			drop_count;
	u64			dropped;
	void			(*wake)(void);
};

extern struct ipcns_journal ipcns_journal;

static __always_inline struct ipcns_event *ipcns_journal_slot(u64 pos)
{
	return &ipcns_journal.ring[pos & (ipcns_journal.slots - 1)];
}

static __always_inline u32 ipcns_journal_slots_for(u32 len)
{
	return 1 + DIV_ROUND_UP(len, sizeof_field(struct ipcns_event_more, data));
}

bool ipcns_journal_room(u32 n);
u64 ipcns_journal_clock(void);
/*
 * A raw lock, as kernel/trace/ takes it for the same reason: with calls of functions
 * for it, a handler would take a fifth longer. Nothing is called and no other lock taken
 * with it but by who drops events and reads the clock.
 */
static __always_inline void ipcns_journal_lock(void)
{
	preempt_disable_notrace();
	arch_spin_lock(&ipcns_journal.lock);
}

static __always_inline void ipcns_journal_unlock(void)
{
	arch_spin_unlock(&ipcns_journal.lock);
	preempt_enable_notrace();
}

void ipcns_journal_write_more(const void *more, u32 len);
bool ipcns_journal_due(void);

/**
 * ipcns_journal_begin_easily() - make room for an event, if that is easy
 *
 * Calls nothing, so that a handler need not save registers, and takes the lock only if
 * it is free. For events that have no more than themselves.
 *
 * Return: as ipcns_journal_begin(); NULL if that is to be called, and
 * ipcns_journal_commit() later. Otherwise ipcns_journal_commit_easily().
 */
static __always_inline struct ipcns_event *ipcns_journal_begin_easily(void)
{
	struct ipcns_journal *j = &ipcns_journal;

	preempt_disable_notrace();
	if (likely(arch_spin_trylock(&j->lock))) {
		if (likely(j->head < j->easy && time_before_eq64(get_jiffies_64(), j->tick))) {
			struct ipcns_event *e = ipcns_journal_slot(j->head);

			e->time = j->now;
			return e;
		}
		arch_spin_unlock(&j->lock);
	}
	preempt_enable_notrace();
	return NULL;
}

static __always_inline void ipcns_journal_commit_easily(struct ipcns_event *e)
{
	e->slots = 1;
	ipcns_journal.head++;
	ipcns_journal_unlock();
}

/**
 * ipcns_journal_begin() - make room for an event
 * @len:	length of what the event will have more of
 *
 * Context: process context, preemption may be off. If there is room, it returns
 * with a raw lock held, until ipcns_journal_commit().
 * Return: where to make the event, with what an old one left there; slots is
 * filled in by the journal, and seq when it is published; time is. NULL if it is dropped.
 */
static __always_inline struct ipcns_event *ipcns_journal_begin(u32 len)
{
	struct ipcns_journal *j = &ipcns_journal;
	u32 n = ipcns_journal_slots_for(len);
	struct ipcns_event *e;

	ipcns_journal_lock();
	if (unlikely(j->head + n - j->tail > j->slots) && !ipcns_journal_room(n))
		return NULL;
	e = ipcns_journal_slot(j->head);
	e->time = likely(time_before_eq64(get_jiffies_64(), j->tick)) ? j->now : ipcns_journal_clock();
	return e;
}

/**
 * ipcns_journal_commit() - record the event that was started
 * @e:		the event
 * @more:	what it has more of
 * @len:	its length, as when it was started
 */
static __always_inline void ipcns_journal_commit(struct ipcns_event *e, const void *more, u32 len)
{
	struct ipcns_journal *j = &ipcns_journal;
	u32 n = ipcns_journal_slots_for(len);
	bool wake;

	if (n > 1)
		ipcns_journal_write_more(more, len);
	e->slots = n;
	j->head += n;
	wake = unlikely(j->head >= j->wake_at) && ipcns_journal_due();
	ipcns_journal_unlock();
	if (unlikely(wake))
		j->wake();
}

int ipcns_journal_init(size_t bytes, void (*wake)(void));
void ipcns_journal_exit(void);
bool ipcns_journal_filling_up(void);
u32 ipcns_journal_publish(u32 max, void (*resolve)(struct ipcns_event *e, u64 seq),
			  void (*lost)(void));
u32 ipcns_journal_read(struct ipcns_event *out, u32 max, u64 from);
u64 ipcns_journal_seq(const struct ipcns_event *e, u64 near);
u64 ipcns_journal_next(void);
void ipcns_journal_state(struct ipcns_journal_state *state);

#endif /* _IPCNS_JOURNAL_H */
