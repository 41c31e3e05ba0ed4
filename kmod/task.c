// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks over all threads, and the processes that things belong to.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "task.h"

/**
 * ipcns_thread_get() - the next thread
 * @nr:		number in the initial pid namespace to begin with; set to the
 *		thread's
 *
 * A walk over all threads holds nothing between two of them. Those that come or
 * go meanwhile may or may not be met.
 *
 * Context: process context.
 * Return: the thread, referenced, or NULL if there are no more.
 */
struct task_struct *ipcns_thread_get(pid_t *nr)
{
	struct task_struct *t = NULL;
	struct pid *pid;

	rcu_read_lock();
	while (!t && (pid = find_ge_pid(*nr, &init_pid_ns))) {
		*nr = pid_nr(pid);
		t = pid_task(pid, PIDTYPE_PID);
		if (t)
			get_task_struct(t);
		else
			(*nr)++;
	}
	rcu_read_unlock();
	return t;
}

/**
 * ipcns_name() - the process of a thread, as the reader sees it
 * @r:		the reader
 * @t:		a thread that stays, or is the sleeping owner of something locked
 * @name:	filled in
 *
 * The command name is read without task_lock(), which may not be taken under
 * all the locks that are held here: it always ends, and is odd at worst while
 * it is being changed.
 *
 * Context: any.
 */
void ipcns_name(const struct ipcns_reader *r, struct task_struct *t, struct ipcns_name *name)
{
	const struct task_struct *leader = t;

	rcu_read_lock();
	name->known = true;
	name->pid = ipcns_reader_pid(r, task_tgid(t));
	if (pid_alive(t))	/* else what it points to may be gone */
		leader = t->group_leader;
	memcpy(name->comm, leader->comm, sizeof(name->comm));
	name->comm[sizeof(name->comm) - 1] = '\0';
	rcu_read_unlock();
}

/* Claims by key: buckets hold index + 1 of the first claim, next the others'. */
struct index {
	u32	*buckets;
	u32	*next;
	u32	bits;
};

static void index_add(struct index *x, const struct ipcns_claim *claims, u32 i)
{
	u32 *bucket = &x->buckets[hash_ptr(claims[i].key, x->bits)];

	x->next[i] = *bucket;
	*bucket = i + 1;
}

/*
 * A process that shares a thing with one that was found before gets a claim of
 * its own, as long as there is room.
 */
static void settle(const struct ipcns_reader *r, struct ipcns_claim *claims, u32 i, u32 *n, u32 max,
		   struct task_struct *t)
{
	struct ipcns_name name;

	ipcns_name(r, t, &name);
	if (!claims[i].name.known) {
		claims[i].name = name;
	} else if (*n < max) {
		claims[*n] = claims[i];
		claims[(*n)++].name = name;
	}
}

/**
 * ipcns_claims_name() - find the processes that things belong to
 * @r:		the reader
 * @claims:	the things; those that no process has stay without a name
 * @n:		how many; grows where several processes share one
 * @max:	how many there is room for
 * @key:	tells which thing a thread has, for comparison; under RCU
 *
 * One walk over all threads. Threads of a process that have the same thing as
 * its leader are passed over.
 *
 * Context: process context, may sleep. The things stay what they are, so that
 * an address means the same all the time.
 * Return: 0, -ENOMEM, or -EINTR if the caller was killed.
 */
int ipcns_claims_name(const struct ipcns_reader *r, struct ipcns_claim *claims, u32 *n, u32 max,
		      const void *(*key)(struct task_struct *t))
{
	struct index x = { .bits = order_base_2(max(*n, 2U)) };
	struct task_struct *t;
	u32 i, first = *n;
	int err = -ENOMEM;
	pid_t nr = 1;

	x.buckets = kvcalloc(BIT(x.bits), sizeof(*x.buckets), GFP_KERNEL);
	x.next = kvcalloc(first, sizeof(*x.next), GFP_KERNEL);
	if (!x.buckets || !x.next)
		goto out;
	for (i = 0; i < first; i++)
		index_add(&x, claims, i);

	for (; (t = ipcns_thread_get(&nr)); nr++) {
		const void *has = NULL;

		rcu_read_lock();
		task_lock(t);
		if (pid_alive(t) && (t == t->group_leader || key(t) != key(t->group_leader)))
			has = key(t);
		task_unlock(t);
		rcu_read_unlock();
		for (i = has ? x.buckets[hash_ptr(has, x.bits)] : 0; i; i = x.next[i - 1])
			if (claims[i - 1].key == has)
				settle(r, claims, i - 1, n, max, t);
		put_task_struct(t);
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto out;
		}
	}
	err = 0;
out:
	kvfree(x.next);
	kvfree(x.buckets);
	return err;
}
