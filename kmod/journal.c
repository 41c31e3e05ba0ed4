// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal: a ring of events.
 *
 * Handlers of hooked functions write events under a raw lock. A worker, in process
 * context, publishes them in the same order: it replaces the namespace's address,
 * which is all that handlers know, with its id, and assigns sequence numbers.
 * Readers see published events only. When the ring is full, the oldest events are
 * overwritten; an event that would have to overwrite a pending one is dropped
 * instead, and its sequence number is left out, so that readers see the loss.
 *
 * A handler delays the task that caused the event. So events are made in their
 * slots, and nothing is copied under the lock: pending slots belong to the worker
 * alone, and whoever copies published ones checks afterwards whether they were
 * overwritten meanwhile. The lock is taken in process context only, so interrupts
 * stay on.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "journal.h"

/*
 * Positions count slots since load and never wrap; a slot lies at its position
 * modulo the size of the ring.
 */
static struct {
	raw_spinlock_t		lock;
	struct ipcns_event	*ring;
	u32			slots;
	u64			head;
	u64			published;
	u64			tail;
	u64			seq;		/* of the next event to be published */
	u64			drop_pos;	/* where events are missing that */
	u64			drop_count;	/* are not accounted for yet */
	u64			dropped;
	bool			woken;
	bool			filling_up;
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
 * @wake:	called by ipcns_journal_commit(), in its context, when there is
 *		a pending event and no wake-up on its way, and again when the
 *		ring fills up
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_journal_init(size_t bytes, void (*wake)(void))
{
	BUILD_BUG_ON(sizeof(struct ipcns_event) != 64);
	BUILD_BUG_ON(sizeof(struct ipcns_event_more) != sizeof(struct ipcns_event));
	BUILD_BUG_ON(offsetof(struct ipcns_event_more, seq) != offsetof(struct ipcns_event, seq));
	BUILD_BUG_ON(NAME_MAX > (IPCNS_EVENT_SLOTS - 1) * sizeof_field(struct ipcns_event_more, data));

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
 * ipcns_journal_begin() - make room for an event
 * @len:	length of what the event will have more of
 *
 * Context: process context, preemption may be off. If there is room, it returns
 * with a raw lock held, until ipcns_journal_commit().
 * Return: where to make the event, with what an old one left there; slots and
 * seq are filled in here. NULL if it is dropped.
 */
struct ipcns_event *ipcns_journal_begin(u32 len) __acquires(&j.lock)
{
	u32 n = slots_for(len);

	raw_spin_lock(&j.lock);
	if (unlikely(j.head + n - j.published > j.slots)) {
		if (!j.drop_count)
			j.drop_pos = j.head;
		j.drop_count++;
		j.dropped++;
		raw_spin_unlock(&j.lock);
		__acquire(&j.lock);	/* sparse does not know conditions */
		return NULL;
	}
	while (j.head + n - j.tail > j.slots)
		j.tail += slot(j.tail)->slots;
	return slot(j.head);
}

/**
 * ipcns_journal_commit() - record the event that was begun
 * @more:	what it has more of
 * @len:	length of that, as when it was begun
 */
void ipcns_journal_commit(const void *more, u32 len) __releases(&j.lock)
{
	u32 i, n = slots_for(len);
	bool wake;

	for (i = 1; i < n; i++) {
		struct ipcns_event_more *m = (void *)slot(j.head + i);
		u32 part = min_t(u32, len, sizeof(m->data));

		memcpy(m->data, more, part);
		/* a name that ends in this slot ends with a NUL */
		if (part < sizeof(m->data))
			m->data[part] = 0;
		memset(m->meta, 0, sizeof(m->meta));
		more += part;
		len -= part;
	}
	slot(j.head)->slots = n;
	j.head += n;
	wake = !j.woken;
	j.woken = true;
	/* do not wait for the ring to fill */
	if (unlikely(!j.filling_up && j.head - j.published > j.slots / 4)) {
		j.filling_up = true;
		wake = true;
	}
	raw_spin_unlock(&j.lock);
	if (wake)
		j.wake();
}

/**
 * ipcns_journal_filling_up() - is the ring filling up with pending events?
 */
bool ipcns_journal_filling_up(void)
{
	return READ_ONCE(j.filling_up);
}

/*
 * Copies whole events from @pos to @end; returns slots. If they are overwritten
 * meanwhile, the last of them may not be whole.
 */
static u32 copy_events(struct ipcns_event *out, u32 max, u64 pos, u64 end)
{
	u32 i, k, n = 0;

	while (pos < end) {
		k = READ_ONCE(slot(pos)->slots);
		if (!k || n + k > max)
			break;
		for (i = 0; i < k; i++)
			out[n++] = *slot(pos++);
	}
	return n;
}

/**
 * ipcns_journal_pending() - the oldest pending events
 * @out:	filled in with whole events
 * @max:	slots there is room for, at least IPCNS_EVENT_SLOTS
 *
 * Context: process context; one caller at a time, which publishes these
 * events before it asks again.
 * Return: slots filled in, 0 if none are pending.
 */
u32 ipcns_journal_pending(struct ipcns_event *out, u32 max)
{
	u64 end;

	raw_spin_lock(&j.lock);
	if (j.drop_count && j.published >= j.drop_pos) {
		j.seq += j.drop_count;
		j.drop_count = 0;
	}
	end = j.drop_count ? j.drop_pos : j.head;
	if (j.published == end) {
		j.woken = false;
		j.filling_up = false;
	}
	raw_spin_unlock(&j.lock);
	return copy_events(out, max, j.published, end);
}

/**
 * ipcns_journal_publish() - make events readable
 * @e:		the events of ipcns_journal_pending(), with ns, bytes, reason,
 *		what and object as they are to be; one whose object is
 *		IPCNS_EVENT_OBJECT_NONE gets no sequence number and is never read
 * @n:		slots
 */
void ipcns_journal_publish(const struct ipcns_event *e, u32 n)
{
	u64 pos = j.published, seq = j.seq;
	u32 i, k;

	for (i = 0; i < n; i += e[i].slots) {
		struct ipcns_event *s = slot(pos);

		s->ns = e[i].ns;
		s->bytes = e[i].bytes;
		s->reason = e[i].reason;
		s->what = e[i].what;
		s->object = e[i].object;
		for (k = 0; k < e[i].slots; k++)
			slot(pos + k)->seq = seq;
		if (s->object != IPCNS_EVENT_OBJECT_NONE)
			seq++;
		pos += e[i].slots;
	}
	raw_spin_lock(&j.lock);
	j.seq = seq;
	j.published = pos;
	raw_spin_unlock(&j.lock);
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
static u64 position_of_seq(u64 from)
{
	u64 low = j.tail, high = j.published;

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
 * ipcns_journal_read() - read published events
 * @out:	filled in with whole events
 * @max:	slots there is room for, at least IPCNS_EVENT_SLOTS
 * @from:	sequence number to begin with; if the event is gone, the oldest
 *		that is there
 *
 * Context: process context, may sleep.
 * Return: slots filled in, 0 if there are no such events yet.
 */
u32 ipcns_journal_read(struct ipcns_event *out, u32 max, u64 from)
{
	u64 pos = 0, end, tail;
	u32 i, k, n, left = 0;

	do {
		raw_spin_lock(&j.lock);
		pos = pos ? max_t(u64, pos, j.tail) : position_of_seq(from);
		end = j.published;
		raw_spin_unlock(&j.lock);
		n = copy_events(out, max, pos, end);
		raw_spin_lock(&j.lock);
		tail = j.tail;
		raw_spin_unlock(&j.lock);

		/* leave out what was overwritten, and events without a number */
		for (i = tail > pos ? tail - pos : 0; i < n && i + out[i].slots <= n; i += k) {
			k = out[i].slots;
			if (out[i].object == IPCNS_EVENT_OBJECT_NONE)
				continue;
			memmove(&out[left], &out[i], k * sizeof(*out));
			left += k;
		}
		pos += i;
		cond_resched();
	} while (!left && pos < end);
	return left;
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
	raw_spin_lock(&j.lock);
	state->first = j.tail < j.published ? ipcns_journal_seq(slot(j.tail), j.seq) : j.seq;
	state->next = j.seq;
	state->dropped = j.dropped;
	state->slots = j.slots;
	state->used = j.head - j.tail;
	state->pending = j.head - j.published;
	raw_spin_unlock(&j.lock);
}
