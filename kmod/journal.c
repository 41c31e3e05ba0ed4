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
 * alone, and a reader that copies published ones checks afterwards whether they were
 * overwritten meanwhile. The lock is taken in process context only, so interrupts
 * stay on.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "journal.h"

struct ipcns_journal ipcns_journal;
static struct ipcns_journal *const j = &ipcns_journal;

static struct ipcns_event *slot(u64 pos)
{
	return ipcns_journal_slot(pos);
}

/* An event that wraps around the end of the ring, in one piece; the worker's. */
static struct ipcns_event unwrapped[IPCNS_EVENT_SLOTS];

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

	memset(j, 0, sizeof(*j));
	j->lock = (arch_spinlock_t)__ARCH_SPIN_LOCK_UNLOCKED;
	j->slots = rounddown_pow_of_two(bytes / sizeof(*j->ring));
	j->wake = wake;
	j->seq = 1;
	j->start = ktime_get_boottime_ns();
	j->ring = vzalloc(array_size(j->slots, sizeof(*j->ring)));
	return j->ring ? 0 : -ENOMEM;
}

/**
 * ipcns_journal_exit() - free the ring
 *
 * There are no writers any more.
 */
void ipcns_journal_exit(void)
{
	vfree(j->ring);
	j->ring = NULL;
}

static __always_inline void set_easy(void)
{
	j->easy = min(j->tail + j->slots, j->wake_at ? j->wake_at - 1 : 0);
}

/*
 * The ring is full: the oldest events go, some more than have to, so that this is rare.
 * If these are pending, drops the event, and the lock that ipcns_journal_begin() took.
 */
notrace bool ipcns_journal_room(u32 n)
{
	if (j->head + n - j->published <= j->slots) {
		j->tail = min(j->head + n + j->slots / 1024 - j->slots, j->published);
		while (j->tail < j->published && !slot(j->tail)->slots)
			j->tail++;
		set_easy();
		return true;
	}
	if (!j->drop_count)
		j->drop_pos = j->head;
	j->drop_count++;
	j->dropped++;
	ipcns_journal_unlock();
	return false;
}

/*
 * Reads the clock, for the first event in a tick. To do so for each would take as long as
 * all the rest, and in a burst their order says more.
 */
notrace u64 ipcns_journal_clock(void)
{
	j->tick = get_jiffies_64();
	j->now = ktime_get_boot_fast_ns();
	return j->now;
}

/* Writes the slots that continue the event at the head. */
notrace void ipcns_journal_write_more(const void *more, u32 len)
{
	u32 i, n = ipcns_journal_slots_for(len);

	for (i = 1; i < n; i++) {
		struct ipcns_event_more *m = (void *)slot(j->head + i);
		u32 part = min_t(u32, len, sizeof(m->data));

		memcpy(m->data, more, part);
		/* a name that ends in this slot ends with a NUL */
		if (part < sizeof(m->data))
			m->data[part] = 0;
		memset(m->meta, 0, sizeof(m->meta));
		more += part;
		len -= part;
	}
}

/*
 * A commit has reached wake_at. Is the worker to be woken, for the first pending
 * event, or since the ring fills up? What was published meanwhile moves the place.
 */
notrace bool ipcns_journal_due(void)
{
	bool first = !j->wake_at;

	bool full = j->head - j->published > j->slots / 4;

	j->wake_at = full ? U64_MAX : j->published + j->slots / 4 + 1;
	set_easy();
	return full || first;
}

/**
 * ipcns_journal_filling_up() - is the ring filling up with pending events?
 */
bool ipcns_journal_filling_up(void)
{
	return READ_ONCE(j->wake_at) == U64_MAX;
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

/* The oldest pending event, in one piece. */
static struct ipcns_event *oldest_pending(u64 pos)
{
	struct ipcns_event *e = slot(pos);
	u32 i;

	if ((pos & (j->slots - 1)) + e->slots <= j->slots)
		return e;
	for (i = 0; i < e->slots; i++)
		unwrapped[i] = *slot(pos + i);
	return unwrapped;
}

/**
 * ipcns_journal_publish() - make the oldest pending events readable
 * @max:	slots to publish, at least IPCNS_EVENT_SLOTS
 * @resolve:	called for each event, with its sequence number; sets ns, bytes, reason, what
 *		and object as they are to be. One whose object is then
 *		IPCNS_EVENT_OBJECT_NONE gets no sequence number and is never read.
 * @lost:	called before @resolve if events are missing before these
 *
 * Context: process context, may sleep if @resolve does; one caller at a time.
 * Return: slots published, 0 if none were pending.
 */
u32 ipcns_journal_publish(u32 max, void (*resolve)(struct ipcns_event *e, u64 seq),
			  void (*lost)(void))
{
	bool dropped = false;
	u64 pos, end, seq;
	u32 k, n = 0;

	ipcns_journal_lock();
	if (j->drop_count && j->published >= j->drop_pos) {
		j->seq += j->drop_count;
		j->drop_count = 0;
		dropped = true;
	}
	pos = j->published;
	seq = j->seq;
	end = j->drop_count ? j->drop_pos : j->head;
	if (pos == end) {
		j->wake_at = 0;
		set_easy();
	}
	ipcns_journal_unlock();

	if (dropped)
		lost();
	while (pos < end) {
		struct ipcns_event *e = oldest_pending(pos), *first = slot(pos);

		if (n + e->slots > max)
			break;
		resolve(e, seq);
		if (e != first)
			*first = *e;
		for (k = 1; k < e->slots; k++)
			slot(pos + k)->seq = seq;
		first->seq = seq;
		if (e->object != IPCNS_EVENT_OBJECT_NONE)
			seq++;
		n += e->slots;
		pos += e->slots;
	}
	if (n) {
		ipcns_journal_lock();
		j->seq = seq;
		j->published = pos;
		ipcns_journal_unlock();
	}
	return n;
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
	u64 low = j->tail, high = j->published;

	while (low < high) {
		u64 mid = low + (high - low) / 2;

		if (ipcns_journal_seq(slot(mid), j->seq) < from)
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
 * @from:	first sequence number; if that event was overwritten, the oldest
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
		ipcns_journal_lock();
		pos = pos ? max_t(u64, pos, j->tail) : position_of_seq(from);
		end = j->published;
		ipcns_journal_unlock();
		n = copy_events(out, max, pos, end);
		ipcns_journal_lock();
		tail = j->tail;
		ipcns_journal_unlock();

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
	return READ_ONCE(j->seq);
}

/**
 * ipcns_journal_state() - what the journal holds
 * @state:	filled in, all of one moment
 */
void ipcns_journal_state(struct ipcns_journal_state *state)
{
	ipcns_journal_lock();
	state->first = j->tail < j->published ? ipcns_journal_seq(slot(j->tail), j->seq) : j->seq;
	state->next = j->seq;
	if (!j->tail)
		state->since = j->start;
	else
		state->since = j->tail < j->head ? slot(j->tail)->time : j->now;
	state->dropped = j->dropped;
	state->slots = j->slots;
	state->used = j->head - j->tail;
	state->pending = j->head - j->published + !!j->drop_count;
	ipcns_journal_unlock();
}
