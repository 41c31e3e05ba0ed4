// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V semaphore sets and their semaphores.
 */
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <net/netlink.h>

#include "attr.h"
#include "layout.h"
#include "object.h"

/* Values of adjustments looked at in one hold of the set's lock: 2 MB of memory. */
#define MAX_CELLS (1 << 20)

/*
 * Of sets with more semaphores than that, adjustments, waiters and the time of the last
 * semop(2) are unknown. A namespace can have 32,000 in a set unless somebody raises that.
 */
static bool is_huge(const struct sem_array *sma)
{
	return sma->sem_nsems > MAX_CELLS;
}

/* As ipc/sem.c get_semotime(): each semaphore has a candidate. */
static time64_t last_semop(const struct sem_array *sma)
{
	time64_t t, latest = 0;
	int i;

	for (i = 0; i < sma->sem_nsems; i++) {
		t = READ_ONCE(sma->sems[i].sem_otime);
		if (t > latest)
			latest = t;
	}
	return latest;
}

/*
 * Adds the tasks on a list of the whole set to the semaphores of the window
 * that they sleep on: as ipc/sem.c check_qop(), the one that blocks them. False
 * if there are more than may be looked at.
 */
static bool count_complex(const struct list_head *list, struct ipcns_semaphore *window, u32 first,
			  u32 n, u32 *nodes)
{
	const struct sem_queue *q;

	list_for_each_entry(q, list, list) {
		const struct sembuf *op = q->blocking;
		u32 i = op->sem_num - first;

		if ((*nodes)++ == IPCNS_LIST_MAX)
			return false;
		if (op->sem_num < first || i >= n)
			continue;
		if (op->sem_op < 0)
			window[i].ncount++;
		else if (!op->sem_op)
			window[i].zcount++;
	}
	return true;
}

/*
 * With the lock of the set and that of a semaphore its value, process and lists
 * are stable: operations on one semaphore hold only the latter, all others the
 * former (ipc/sem.c sem_lock()).
 *
 * The numbers of waiters are those of ipc/sem.c count_semcnt().
 */
static u32 read_semaphores(const struct ipcns_reader *r, void *object, struct ipcns_semaphore *out,
			   u32 first, u32 max)
{
	struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	u32 i, n = min_t(u32, sma->sem_nsems - min_t(u32, first, sma->sem_nsems), max);
	u32 nodes = 0;
	bool known = true;

	for (i = 0; i < n; i++) {
		struct ipcns_semaphore *e = &out[i];
		struct sem *sem = &sma->sems[first + i];

		spin_lock(&sem->lock);
		e->semnum = first + i;
		e->semval = sem->semval;
		e->pid = ipcns_reader_pid(r, sem->sempid);
		e->gone = 0;
		e->there = 0;
		ipcns_remember(r, sem->sempid, IPCNS_REMEMBERED_SEMPIDS, &e->gone, &e->there);
		e->ncount = ipcns_list_length(&sem->pending_alter, &nodes);
		e->zcount = ipcns_list_length(&sem->pending_const, &nodes);
		spin_unlock(&sem->lock);
		known &= e->ncount != IPCNS_UNKNOWN && e->zcount != IPCNS_UNKNOWN;
	}
	known = known && count_complex(&sma->pending_alter, out, first, n, &nodes) &&
		count_complex(&sma->pending_const, out, first, n, &nodes);
	for (i = 0; i < n && !known; i++)
		out[i].ncount = out[i].zcount = IPCNS_UNKNOWN;
	return n;
}

static void add_sleepers(struct ipcns_waiters *w, const struct list_head *list)
{
	const struct sem_queue *q;
	struct ipcns_waiter *out;

	list_for_each_entry(q, list, list) {
		out = ipcns_waiters_add(w, IPCNS_ROLE_SEM, q->sleeper);
		if (w->truncated)
			return;
		if (!out)
			continue;
		out->semnum = q->blocking->sem_num;
		out->semop = q->blocking->sem_op;
		out->nsops = q->nsops;
	}
}

/* A task on a list sleeps until it is taken off with the lists locked. */
static void read_waiters(void *object, struct ipcns_waiters *w)
{
	struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	int i;

	w->truncated |= is_huge(sma);
	for (i = 0; i < sma->sem_nsems && !w->truncated; i++) {
		struct sem *sem = &sma->sems[i];

		if (list_empty_careful(&sem->pending_alter) &&
		    list_empty_careful(&sem->pending_const))
			continue;
		spin_lock(&sem->lock);
		add_sleepers(w, &sem->pending_alter);
		if (!w->truncated)
			add_sleepers(w, &sem->pending_const);
		spin_unlock(&sem->lock);
	}
	if (!w->truncated)
		add_sleepers(w, &sma->pending_alter);
	if (!w->truncated)
		add_sleepers(w, &sma->pending_const);
}

/* Lists beyond those that have processes of their own, where processes share them. */
#define MORE_LISTS 1024

/**
 * struct undo_scan - a reading of a set's adjustments
 * @u:		what was found; its arrays are NULL to count only
 * @max:	room for so many adjustments
 * @max_list:	room for so many lists
 * @max_cells:	lists are looked at until so many values were
 */
struct undo_scan {
	struct ipcns_undos	*u;
	u32			max;
	u32			max_list;
	u32			max_cells;
};

/*
 * The list is changed under the lock of the set only (ipc/sem.c, "Locking"),
 * and each value read once. A list of processes is in it at most once.
 */
static void read_undos(void *object, void *arg)
{
	struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	struct undo_scan *s = arg;
	struct ipcns_undos *u = s->u;
	const struct sem_undo *un;
	u32 cells = 0, before;
	const short *all;
	int i;

	u->n = 0;
	u->n_list = 0;
	u->truncated = true;
	if (is_huge(sma))
		return;
	list_for_each_entry(un, &sma->list_id, list_id) {
		if (u->n_list == s->max_list || cells > s->max_cells)
			return;
		before = u->n;
		all = ipcns_semadj(un);
		for (i = 0; i < sma->sem_nsems; i++, cells++) {
			short semadj = READ_ONCE(all[i]);

			if (!semadj)
				continue;
			if (u->n == s->max)
				return;
			if (u->adjustment)
				u->adjustment[u->n] = (struct ipcns_adjustment) {
					.list = u->n_list, .semnum = i, .semadj = semadj,
				};
			u->n++;
		}
		if (u->n == before)
			continue;
		if (u->list)
			u->list[u->n_list] = (struct ipcns_shared_thing) {
				.key = un->ulp, .user = u->n_list,
			};
		u->n_list++;
	}
	u->truncated = false;
}

/*
 * The processes that changed a value last, as one: gone if all of them are, there if
 * one of them is. Neighbours mostly have the same; a lock is taken for another one.
 */
static void read_sempids(const struct ipcns_reader *r, struct sem_array *sma,
			 struct ipcns_object *o)
{
	u32 i, gone = 0, there = 0, one, n = min_t(u32, sma->sem_nsems, IPCNS_LIST_MAX);
	bool unknown = n < sma->sem_nsems;
	const struct pid *last = NULL;

	for (i = 0; i < n && !there; i++) {
		struct sem *sem = &sma->sems[i];

		if (READ_ONCE(sem->sempid) == last)
			continue;
		spin_lock(&sem->lock);
		last = sem->sempid;
		one = 0;
		ipcns_remember(r, sem->sempid, IPCNS_REMEMBERED_SEMPIDS, &one, &there);
		spin_unlock(&sem->lock);
		gone |= one;
		unknown |= last && !one;
	}
	o->there |= there;
	if (!there && !unknown)
		o->gone |= gone;
}

/* A dump of all objects looks at no more of a set than of any list. */
static u32 count_undos(struct sem_array *sma)
{
	struct ipcns_undos u = { };
	struct undo_scan s = {
		.u = &u, .max = IPCNS_LIST_MAX, .max_list = IPCNS_LIST_MAX,
		.max_cells = IPCNS_LIST_MAX,
	};

	if (!ipcns_layout_depth_ok(IPCNS_KIND_SEM))
		return IPCNS_UNKNOWN;
	read_undos(&sma->sem_perm, &s);
	return u.truncated ? IPCNS_UNKNOWN : u.n;
}

static u32 count_waiters(const struct ipcns_reader *r, struct sem_array *sma)
{
	struct ipcns_waiters w = { .r = r };

	read_waiters(&sma->sem_perm, &w);
	return w.truncated ? IPCNS_UNKNOWN : w.n;
}

static void sem_read(const struct ipcns_reader *r, struct kern_ipc_perm *perm,
		     struct ipcns_object *o)
{
	struct sem_array *sma = container_of(perm, struct sem_array, sem_perm);

	o->kind = IPCNS_KIND_SEM;
	o->ctime = sma->sem_ctime;
	o->sem.nsems = sma->sem_nsems;
	o->sem.otime = is_huge(sma) ? -1 : last_semop(sma);
	o->sem.undos = count_undos(sma);
	o->sem.waiters = count_waiters(r, sma);
	read_sempids(r, sma, o);
}

static int sem_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	if (ipcns_attr_u32(skb, IPCNS_A_SEM_NSEMS, o->sem.nsems) ||
	    (o->sem.otime >= 0 && ipcns_attr_u64(skb, IPCNS_A_SEM_OTIME, o->sem.otime)) ||
	    ipcns_attr_count(skb, IPCNS_A_SEM_UNDOS, o->sem.undos) ||
	    ipcns_attr_count(skb, IPCNS_A_SEM_WAITERS, o->sem.waiters))
		return -EMSGSIZE;
	return 0;
}

/* The lists that were found, and which of them are there still. */
struct undo_marks {
	struct ipcns_index	lists;
	unsigned long		*there;
};

static void mark_there(void *object, void *arg)
{
	const struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	const struct undo_marks *m = arg;
	const struct sem_undo *un;
	u32 nodes = 0;
	int i;

	list_for_each_entry(un, &sma->list_id, list_id) {
		if (nodes++ == 2 * IPCNS_LIST_MAX)
			return;
		i = ipcns_index_find(&m->lists, un->ulp);
		if (i >= 0)
			__set_bit(i, m->there);
	}
}

/*
 * A list may have been freed while its processes were looked for, and another have
 * come to lie where it was. One that is there still is the same.
 */
static int forget_gone(const struct ipcns_collect *c, struct ipcns_undos *u, u32 n_list)
{
	struct undo_marks m = { .there = bitmap_zalloc(n_list, GFP_KERNEL_ACCOUNT) };
	int at, err = ipcns_index_init(&m.lists, &u->list->key, sizeof(*u->list), n_list);
	u32 i;

	if (!m.there)
		err = -ENOMEM;
	if (!err)
		err = ipcns_sysv_visit(c, mark_there, &m);
	for (i = 0; i < u->n_list && !err; i++) {
		/* the other processes of a list come behind it, and find no list that was forgotten */
		at = ipcns_index_find(&m.lists, u->list[i].key);
		if (at < 0 || !test_bit(at, m.there))
			u->list[i].key = NULL;
	}
	ipcns_index_free(&m.lists);
	bitmap_free(m.there);
	return err;
}

static const void *undo_list_of(struct task_struct *t)
{
	return READ_ONCE(t->sysvsem.undo_list);
}

static int compare_lists(const void *p, const void *q)
{
	const struct ipcns_shared_thing *a = p, *b = q;

	return (a->user > b->user) - (a->user < b->user);
}

/*
 * Adjustments belong to the processes that share a list of them, by
 * CLONE_SYSVSEM. Where others come meanwhile than there is room for, they are
 * left out.
 */
static int sem_undos(const struct ipcns_collect *c, struct ipcns_undos *u)
{
	struct undo_scan s = {
		.u = u, .max = IPCNS_LIST_MAX, .max_list = IPCNS_LIST_MAX, .max_cells = MAX_CELLS,
	};
	u32 n_list;
	int err;

	err = ipcns_sysv_visit(c, read_undos, &s);
	if (err || !u->n)
		return err;
	s.max = min_t(u32, u->n + 64, IPCNS_LIST_MAX);
	s.max_list = min_t(u32, u->n_list + 64, IPCNS_LIST_MAX);
	u->adjustment = kvmalloc_array(s.max, sizeof(*u->adjustment), GFP_KERNEL_ACCOUNT);
	u->list = kvmalloc_array(s.max_list + MORE_LISTS, sizeof(*u->list), GFP_KERNEL_ACCOUNT);
	if (!u->adjustment || !u->list)
		return -ENOMEM;
	err = ipcns_sysv_visit(c, read_undos, &s);
	if (err || !u->n)
		return err;
	n_list = u->n_list;
	err = ipcns_find_processes(c->r, u->list, &u->n_list, s.max_list + MORE_LISTS,
				   undo_list_of);
	if (!err)
		err = forget_gone(c, u, n_list);
	sort(u->list, u->n_list, sizeof(*u->list), compare_lists, NULL);
	return err;
}

const struct ipcns_kind_ops ipcns_sem_ops = {
	.name		= "sem",
	.ids		= IPC_SEM_IDS,
	.collect	= ipcns_sysv_collect,
	.read		= sem_read,
	.fill		= sem_fill,
	.visit		= ipcns_sysv_visit,
	.semaphores	= read_semaphores,
	.waiters	= read_waiters,
	.undos		= sem_undos,
};
