// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who created objects: a table of fixed size, by the address of the object.
 *
 * At the entry of ipc/util.c ipc_addid() and ipc/mqueue.c mqueue_create_attr() it is
 * known who creates an object, and its address, but not yet whether that succeeds, nor
 * its identifier. A dump has both objects and their addresses, so the rest need not
 * be waited for. An address is only compared. If it comes again, the first object has
 * been removed, or its creation failed.
 *
 * Handlers write here, so there is no lock. A place belongs to the writer that put BUSY
 * there with cmpxchg(), until its key is written. While a dump looks at an object, no
 * other one has its address, so the record is right if the key is there before and after
 * it is read.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "creator.h"

#define PLACE_BITS	15	/* 1.5 MB */
#define WAYS		4
#define BUSY		1UL

/**
 * struct creator - who created an object
 * @key:	address of the object; 0 for none
 * @time:	when, nanoseconds of CLOCK_BOOTTIME, or up to a tick before
 * @start:	when the process started: the process with @pid that started then is the same
 * @pid:	the process in the initial pid namespace
 * @uid:	its effective user id in the initial user namespace
 * @comm:	command name of the task
 */
struct creator {
	unsigned long	key;
	u64		time;
	u64		start;
	u32		pid;
	u32		uid;
	char		comm[TASK_COMM_LEN];
};

static struct creator *places __read_mostly;
static atomic64_t dropped;

/* Objects that are known by another address, or, if places ran short, fewer. */
static atomic_t moved;

/* Present time, as far as creations need it, and the tick, in jiffies, when it was read. */
static u64 tick;
static u64 now;

/* Where the creator of an object belongs; if another one is there, in one of its neighbours. */
static __always_inline u32 home(const void *object)
{
	return hash_ptr(object, PLACE_BITS);
}

/**
 * ipcns_creators_init() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_creators_init(void)
{
	atomic64_set(&dropped, 0);
	atomic_set(&moved, 0);
	places = vzalloc(array_size(BIT(PLACE_BITS), sizeof(*places)));
	return places ? 0 : -ENOMEM;
}

/**
 * ipcns_creators_exit() - free the table
 *
 * There are no users any more.
 */
void ipcns_creators_exit(void)
{
	vfree(places);
	places = NULL;
}

/*
 * Makes a place the caller's own: the first that is free, or the object's own, else that with
 * the oldest record. So if an address is there twice, since a creation failed, the newer
 * record comes first. NULL if another one just takes the same place.
 */
static noinline notrace struct creator *choose_place(u32 at, unsigned long key)
{
	struct creator *chosen = &places[at];
	unsigned long held;
	u32 i;

	for (i = 0; i < WAYS; i++) {
		struct creator *c = &places[at ^ i];

		held = READ_ONCE(c->key);
		/* whichever of two times is read, it is that of an old record */
		if (!held || held == key || data_race(c->time < chosen->time))
			chosen = c;
		if (!held || held == key)
			break;
	}
	if (i == WAYS)
		atomic64_inc(&dropped);
	held = READ_ONCE(chosen->key);
	return held != BUSY && cmpxchg(&chosen->key, held, BUSY) == held ? chosen : NULL;
}

static __always_inline void fill_place(struct creator *c, const void *object, u64 time)
{
	c->time = time;
	c->start = current->group_leader->start_boottime;
	c->pid = current->tgid;
	c->uid = __kuid_val(current_euid());
	memcpy(c->comm, current->comm, sizeof(c->comm));
	/* pairs with smp_load_acquire() in copy_record() */
	smp_store_release(&c->key, (unsigned long)object);
}

/* The slow path: no free place, or the first creation in a tick, which reads the clock. */
static noinline notrace void add_carefully(const void *object)
{
	struct creator *c = choose_place(home(object), (unsigned long)object);
	u64 read_at;

	/* the tick is read first, and the two at once: the time is that of this tick, or later */
	preempt_disable_notrace();
	read_at = get_jiffies_64();
	WRITE_ONCE(now, ktime_get_boot_fast_ns());
	/* pairs with smp_load_acquire() in ipcns_creator_add() */
	smp_store_release(&tick, read_at);
	preempt_enable_notrace();
	if (c)
		fill_place(c, object, READ_ONCE(now));
}

/**
 * ipcns_creator_add() - the caller creates an object
 * @object:	its address
 *
 * The creator of another object can be dropped for it.
 *
 * Context: handler of a hook. Takes no lock.
 */
notrace void ipcns_creator_add(const void *object)
{
	struct creator *c = &places[home(object)];

	/* nothing is called here, so no registers are saved */
	if (likely(time_before_eq64(get_jiffies_64(), smp_load_acquire(&tick)) &&
		   !cmpxchg(&c->key, 0, BUSY)))
		fill_place(c, object, READ_ONCE(now));
	else
		add_carefully(object);
}

/**
 * ipcns_creator_forget() - an object is removed
 * @object:	its address
 *
 * Context: as for ipcns_creator_add().
 * Return: whether its creator was known.
 */
notrace bool ipcns_creator_forget(const void *object)
{
	unsigned long key = (unsigned long)object;
	u32 i, at = home(object);

	for (i = 0; i < WAYS; i++) {
		struct creator *c = &places[at ^ i];

		if (likely(READ_ONCE(c->key) == key)) {
			cmpxchg(&c->key, key, 0);
			return true;
		}
	}
	return false;
}

/**
 * ipcns_creator_forget_moved() - an object is removed that may be known by another address
 * @object:	the address to which ipcns_creator_move() moved it, if it did
 *
 * Context: as for ipcns_creator_add().
 */
notrace void ipcns_creator_forget_moved(const void *object)
{
	if (unlikely(atomic_read(&moved)) && ipcns_creator_forget(object))
		atomic_dec(&moved);
}

/* Copies the record of an object, if there is one. */
static __always_inline bool copy_record(const void *object, struct creator *out)
{
	unsigned long key = (unsigned long)object;
	u32 i, at = home(object);

	for (i = 0; i < WAYS; i++) {
		const struct creator *c = &places[at ^ i];

		/* pairs with smp_store_release() of the writer */
		if (smp_load_acquire(&c->key) != key)
			continue;
		/* a record that changes meanwhile is dropped: its key has changed, too */
		data_race(*out = *c);
		smp_rmb();	/* pairs with cmpxchg() of a writer */
		return READ_ONCE(c->key) == key;
	}
	return false;
}

/**
 * ipcns_creator_move() - an object is known by another address from now on
 * @object:	the one that it has been known by
 * @to:		the other one
 *
 * Context: as for ipcns_creator_add().
 */
notrace void ipcns_creator_move(const void *object, const void *to)
{
	struct creator known, *c;

	if (!copy_record(object, &known))
		return;
	atomic_inc(&moved);
	ipcns_creator_forget(object);
	c = choose_place(home(to), (unsigned long)to);
	if (!c)
		return;
	known.key = BUSY;
	*c = known;
	/* pairs with smp_load_acquire() in copy_record() */
	smp_store_release(&c->key, (unsigned long)to);
}

/**
 * ipcns_creators_clear() - forget all: creations and removals may have been missed
 *
 * Context: process context.
 */
void ipcns_creators_clear(void)
{
	unsigned long key;
	u32 i;

	for (i = 0; i < BIT(PLACE_BITS); i++) {
		key = READ_ONCE(places[i].key);
		if (key && key != BUSY)
			cmpxchg(&places[i].key, key, 0);
	}
}

/**
 * ipcns_creators_count() - number of creators in the table
 * @lost:	filled in: those that were dropped since load, for want of room
 *
 * Context: any.
 */
u32 ipcns_creators_count(u64 *lost)
{
	u32 i, n = 0;

	for (i = 0; i < BIT(PLACE_BITS); i++)
		n += !!READ_ONCE(places[i].key);
	*lost = atomic64_read(&dropped);
	return n;
}

/**
 * ipcns_creator_read() - the creator of an object, as the reader sees it
 * @r:		the reader
 * @object:	address of the object
 * @creator:	filled in; its time is 0 if it is not known
 * @gone:	IPCNS_REMEMBERED_CREATOR is added if the process has ended
 * @there:	the same if it exists; to neither if the reader cannot see it
 *
 * Where in the reader's pid namespace a process was that has ended is not known.
 *
 * Context: RCU read side; the object is not removed meanwhile.
 */
void ipcns_creator_read(const struct ipcns_reader *r, const void *object,
			struct ipcns_actor *creator, u32 *gone, u32 *there)
{
	struct task_struct *t;
	struct creator c;
	struct pid *pid;

	memset(creator, 0, sizeof(*creator));
	if (!copy_record(object, &c))
		return;
	pid = find_pid_ns(c.pid, &init_pid_ns);
	t = pid_task(pid, PIDTYPE_TGID);
	if (t && t->start_boottime != c.start)
		t = NULL;
	if (t)
		creator->pid = ipcns_reader_pid(r, pid);
	else if (r->pid_ns == &init_pid_ns)
		creator->pid = c.pid;
	creator->time = c.time;
	if (creator->pid)
		*(t ? there : gone) |= IPCNS_REMEMBERED_CREATOR;
	if (!creator->pid && !r->admin)
		return;
	creator->uid = ipcns_reader_uid(r, KUIDT_INIT(c.uid));
	memcpy(creator->comm, c.comm, sizeof(c.comm));
}
