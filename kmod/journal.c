// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal: a ring of events.
 *
 * Probe handlers write events under a raw lock. A worker, in process context,
 * settles them in the same order: it names the namespace, which handlers know
 * by address only, and gives them sequence numbers. Readers see settled events
 * only. Old events go when the ring is full; an event that would have to
 * overwrite one that is not settled is dropped instead, and its sequence number
 * is left out, so that readers see what is missing.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "journal.h"

/* Events that a reader looks at under the lock in one go. */
#define SCAN 256

/*
 * Positions count slots since load and never wrap; a slot lies at its position
 * modulo the size of the ring.
 */
static struct {
	raw_spinlock_t		lock;
	struct ipcns_event	*ring;
	u32			slots;
	u64			head;
	u64			settled;
	u64			tail;
	u64			seq;		/* of the next event to be settled */
	u64			drop_pos;	/* where events are missing that */
	u64			drop_count;	/* are not accounted for yet */
	u64			dropped;
	bool			woken;
	bool			urged;
	void			(*wake)(void);
} j;

static struct ipcns_event *slot(u64 pos)
{
	return &j.ring[pos & (j.slots - 1)];
}

static u32 slots_for(u32 len)
{
	return 1 + DIV_ROUND_UP(len, sizeof_field(struct ipcns_event_more, data));
}

/**
 * ipcns_journal_init() - make the ring
 * @bytes:	its size, rounded down to a power of two
 * @wake:	called by ipcns_journal_write(), in its context, when there is
 *		something to settle and nobody was told yet, and again when it
 *		becomes much
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_journal_init(size_t bytes, void (*wake)(void))
{
	BUILD_BUG_ON(sizeof(struct ipcns_event) != 64);
	BUILD_BUG_ON(sizeof(struct ipcns_event_more) != sizeof(struct ipcns_event));
	BUILD_BUG_ON(offsetof(struct ipcns_event_more, seq) != offsetof(struct ipcns_event, seq));

	memset(&j, 0, sizeof(j));
	raw_spin_lock_init(&j.lock);
	j.slots = rounddown_pow_of_two(bytes / sizeof(*j.ring));
	j.wake = wake;
	j.seq = 1;
	j.ring = vzalloc(array_size(j.slots, sizeof(*j.ring)));
	return j.ring ? 0 : -ENOMEM;
}

/**
 * ipcns_journal_exit() - free the ring
 *
 * Nobody may write any more.
 */
void ipcns_journal_exit(void)
{
	vfree(j.ring);
	j.ring = NULL;
}

/**
 * ipcns_journal_write() - record an event
 * @e:		the event; seq and slots are filled in here
 * @more:	what it has more of, or NULL
 * @len:	length of that
 *
 * Context: any but NMI. Takes a raw lock only.
 */
void ipcns_journal_write(const struct ipcns_event *e, const void *more, u32 len)
{
	u32 i, n = slots_for(len);
	unsigned long flags;
	bool wake;

	raw_spin_lock_irqsave(&j.lock, flags);
	if (j.head + n - j.settled > j.slots) {
		if (!j.drop_count)
			j.drop_pos = j.head;
		j.drop_count++;
		j.dropped++;
		goto out;
	}
	while (j.head + n - j.tail > j.slots)
		j.tail += slot(j.tail)->slots;

	*slot(j.head) = *e;
	slot(j.head)->slots = n;
	for (i = 1; i < n; i++) {
		struct ipcns_event_more *m = (void *)slot(j.head + i);
		u32 part = min_t(u32, len, sizeof(m->data));

		memcpy(m->data, more, part);
		memset(m->meta, 0, sizeof(m->meta));
		more += part;
		len -= part;
	}
	j.head += n;
out:
	wake = !j.woken;
	j.woken = true;
	/* do not wait for the ring to fill */
	if (!j.urged && j.head - j.settled > j.slots / 4) {
		j.urged = true;
		wake = true;
	}
	raw_spin_unlock_irqrestore(&j.lock, flags);
	if (wake)
		j.wake();
}

/**
 * ipcns_journal_urged() - is the ring filling up with events to settle?
 */
bool ipcns_journal_urged(void)
{
	return READ_ONCE(j.urged);
}

/* Copies whole events from @pos to @end; returns slots. Locked. */
static u32 copy_events(struct ipcns_event *out, u32 max, u64 pos, u64 end)
{
	u32 i, n = 0;

	while (pos < end && n + slot(pos)->slots <= max) {
		u32 k = slot(pos)->slots;

		for (i = 0; i < k; i++)
			out[n++] = *slot(pos++);
	}
	return n;
}

/**
 * ipcns_journal_unsettled() - the oldest events that are not settled
 * @out:	filled in with whole events
 * @max:	slots there is room for, at least IPCNS_EVENT_SLOTS
 *
 * Context: one caller at a time, which settles what it got before it asks
 * again.
 * Return: slots filled in, 0 if all is settled.
 */
u32 ipcns_journal_unsettled(struct ipcns_event *out, u32 max)
{
	unsigned long flags;
	u32 n;

	raw_spin_lock_irqsave(&j.lock, flags);
	if (j.drop_count && j.settled >= j.drop_pos) {
		j.seq += j.drop_count;
		j.drop_count = 0;
	}
	n = copy_events(out, max, j.settled, j.head);
	if (!n) {
		j.woken = false;
		j.urged = false;
	}
	raw_spin_unlock_irqrestore(&j.lock, flags);
	return n;
}

/**
 * ipcns_journal_settle() - make events readable
 * @e:		the events of ipcns_journal_unsettled(), with ns, bytes, reason
 *		and object as they are to be; one whose object is
 *		IPCNS_EVENT_OBJECT_NONE gets no sequence number and is never read
 * @n:		slots
 */
void ipcns_journal_settle(const struct ipcns_event *e, u32 n)
{
	unsigned long flags;
	u32 i, k;

	raw_spin_lock_irqsave(&j.lock, flags);
	for (i = 0; i < n; i += e[i].slots) {
		struct ipcns_event *s = slot(j.settled);

		s->ns = e[i].ns;
		s->bytes = e[i].bytes;
		s->reason = e[i].reason;
		s->object = e[i].object;
		for (k = 0; k < e[i].slots; k++)
			slot(j.settled + k)->seq = j.seq;
		if (s->object != IPCNS_EVENT_OBJECT_NONE)
			j.seq++;
		j.settled += e[i].slots;
	}
	raw_spin_unlock_irqrestore(&j.lock, flags);
}

/**
 * ipcns_journal_seq() - the whole sequence number of an event
 * @e:		an event that was read
 * @near:	a sequence number less than 2^31 away from it
 */
u64 ipcns_journal_seq(const struct ipcns_event *e, u64 near)
{
	return near + (s32)(e->seq - (u32)near);
}

/* Position of the first slot with a number of at least @from. Locked. */
static u64 find(u64 from)
{
	u64 low = j.tail, high = j.settled;

	while (low < high) {
		u64 mid = low + (high - low) / 2;

		if (ipcns_journal_seq(slot(mid), j.seq) < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/**
 * ipcns_journal_read() - read settled events
 * @out:	filled in with whole events
 * @max:	slots there is room for, at least IPCNS_EVENT_SLOTS
 * @from:	sequence number to begin with; if the event is gone, the oldest
 *		that is there
 *
 * Events without a number are passed over, a bounded number of slots at a time
 * under the lock.
 *
 * Return: slots filled in, 0 if there are no such events yet.
 */
u32 ipcns_journal_read(struct ipcns_event *out, u32 max, u64 from)
{
	unsigned long flags;
	u32 n = 0, scanned;
	u64 pos = 0;
	bool more;

	do {
		raw_spin_lock_irqsave(&j.lock, flags);
		pos = pos ? max_t(u64, pos, j.tail) : find(from);
		more = true;
		for (scanned = 0; more && scanned < SCAN; scanned++) {
			u32 k = 0;

			more = pos < j.settled && n + slot(pos)->slots <= max;
			if (!more)
				break;
			if (slot(pos)->object != IPCNS_EVENT_OBJECT_NONE)
				k = copy_events(out + n, max - n, pos, pos + slot(pos)->slots);
			n += k;
			pos += slot(pos)->slots;
		}
		raw_spin_unlock_irqrestore(&j.lock, flags);
	} while (more && !n);
	return n;
}

/**
 * ipcns_journal_next() - sequence number that the next event will get at least
 */
u64 ipcns_journal_next(void)
{
	return READ_ONCE(j.seq);
}

/**
 * ipcns_journal_state() - what the journal holds
 * @state:	filled in, all of one moment
 */
void ipcns_journal_state(struct ipcns_journal_state *state)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&j.lock, flags);
	state->first = j.tail < j.settled ? ipcns_journal_seq(slot(j.tail), j.seq) : j.seq;
	state->next = j.seq;
	state->dropped = j.dropped;
	state->slots = j.slots;
	state->used = j.head - j.tail;
	state->unsettled = j.head - j.settled;
	raw_spin_unlock_irqrestore(&j.lock, flags);
}
