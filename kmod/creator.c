// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who created objects: a table of fixed size, by the address of the object.
 *
 * At the entry of ipc/util.c ipc_addid() and ipc/mqueue.c mqueue_create_attr() it is
 * known who creates an object, and its address, but not yet whether that succeeds, nor
 * its identifier. A dump has both objects and their addresses, so nobody has to wait
 * for the rest. An address is only compared. If it comes again, the first object has
 * been removed, or its creation failed.
 *
 * Handlers write here, so there is no lock. A place belongs to whoever has put BUSY
 * there with cmpxchg(), until its key is written. While a dump looks at an object, no
 * other one has its address, so the record is right if the key is there before and after
 * it is read.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "creator.h"

#define SET_BITS	13	/* 1.5 MB */
#define WAYS		4
#define BUSY		1UL

/**
 * struct creator - who created an object
 * @time:	when, nanoseconds of CLOCK_BOOTTIME
 * @start:	when the process started: the process with @pid that started then is the same
 * @pid:	the process in the initial pid namespace
 * @uid:	its effective user id in the initial user namespace
 * @comm:	command name of the task
 */
struct creator {
	u64	time;
	u64	start;
	u32	pid;
	u32	uid;
	char	comm[TASK_COMM_LEN];
};

/**
 * struct creator_set - the places that an object can have, by its address
 * @key:	addresses of objects; 0 for none
 * @creator:	their creators
 */
struct creator_set {
	unsigned long	key[WAYS];
	struct creator	creator[WAYS];
};

static struct creator_set *sets __read_mostly;
static atomic64_t dropped;

static __always_inline struct creator_set *set_of(const void *object)
{
	return &sets[hash_ptr(object, SET_BITS)];
}

/**
 * ipcns_creators_init() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_creators_init(void)
{
	atomic64_set(&dropped, 0);
	sets = vzalloc(array_size(BIT(SET_BITS), sizeof(*sets)));
	return sets ? 0 : -ENOMEM;
}

/**
 * ipcns_creators_exit() - free the table
 *
 * Nobody may use it any more.
 */
void ipcns_creators_exit(void)
{
	vfree(sets);
	sets = NULL;
}

/* The place of the object; else a free one, or the oldest one. */
static __always_inline unsigned int choose_place(const struct creator_set *s, unsigned long key)
{
	unsigned int i, free = WAYS, oldest = 0;

	for (i = 0; i < WAYS; i++) {
		unsigned long k = READ_ONCE(s->key[i]);

		if (k == key)
			return i;
		if (!k && free == WAYS)
			free = i;
	}
	if (likely(free < WAYS))
		return free;
	for (i = 1; i < WAYS; i++)
		/* whichever of two times is read, it is that of an old record */
		if (data_race(s->creator[i].time < s->creator[oldest].time))
			oldest = i;
	return oldest;
}

/* Makes a place the caller's own; NULL if another one just does the same. */
static __always_inline struct creator *take_place(struct creator_set *s, unsigned long key,
						  unsigned int *i)
{
	unsigned long held;

	*i = choose_place(s, key);
	held = READ_ONCE(s->key[*i]);
	if (unlikely(held && held != key))
		atomic64_inc(&dropped);
	if (unlikely(held == BUSY || cmpxchg(&s->key[*i], held, BUSY) != held))
		return NULL;
	return &s->creator[*i];
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
	struct creator_set *s = set_of(object);
	struct creator *c;
	unsigned int i;

	c = take_place(s, (unsigned long)object, &i);
	if (unlikely(!c))
		return;
	c->time = ktime_get_coarse_boottime_ns();
	c->start = current->group_leader->start_boottime;
	c->pid = current->tgid;
	c->uid = __kuid_val(current_euid());
	memcpy(c->comm, current->comm, sizeof(c->comm));
	/* pairs with smp_load_acquire() in copy_record() */
	smp_store_release(&s->key[i], (unsigned long)object);
}

/**
 * ipcns_creator_forget() - an object is removed
 * @object:	its address
 *
 * Context: as for ipcns_creator_add().
 */
notrace void ipcns_creator_forget(const void *object)
{
	unsigned long key = (unsigned long)object;
	struct creator_set *s = set_of(object);
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		if (READ_ONCE(s->key[i]) == key) {
			cmpxchg(&s->key[i], key, 0);
			return;
		}
	}
}

/* Copies the record of an object, if there is one. */
static __always_inline bool copy_record(const void *object, struct creator *out)
{
	unsigned long key = (unsigned long)object;
	const struct creator_set *s = set_of(object);
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		/* pairs with smp_store_release() of who wrote the record */
		if (smp_load_acquire(&s->key[i]) != key)
			continue;
		/* a record that changes meanwhile is dropped: its key has changed, too */
		data_race(*out = s->creator[i]);
		smp_rmb();	/* pairs with cmpxchg() in take_place() */
		return READ_ONCE(s->key[i]) == key;
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
	struct creator_set *s = set_of(to);
	struct creator known, *c;
	unsigned int i;

	if (!copy_record(object, &known))
		return;
	ipcns_creator_forget(object);
	c = take_place(s, (unsigned long)to, &i);
	if (!c)
		return;
	*c = known;
	/* pairs with smp_load_acquire() in copy_record() */
	smp_store_release(&s->key[i], (unsigned long)to);
}

/**
 * ipcns_creators_clear() - forget all: objects may have come and gone unseen
 *
 * Context: process context.
 */
void ipcns_creators_clear(void)
{
	unsigned long key;
	u32 i;

	for (i = 0; i < BIT(SET_BITS) * WAYS; i++) {
		key = READ_ONCE(sets[i / WAYS].key[i % WAYS]);
		if (key && key != BUSY)
			cmpxchg(&sets[i / WAYS].key[i % WAYS], key, 0);
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

	for (i = 0; i < BIT(SET_BITS) * WAYS; i++)
		n += !!READ_ONCE(sets[i / WAYS].key[i % WAYS]);
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
 * Context: RCU read side; nobody removes the object meanwhile.
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
