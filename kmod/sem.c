// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V semaphore sets and their semaphores.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "attr.h"
#include "layout.h"
#include "object.h"

/* Adjustments for which the processes are found in one walk over all. */
#define UNDOS 1024

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

static void sem_read(const struct ipcns_reader *r, struct kern_ipc_perm *perm,
		     struct ipcns_object *o)
{
	struct sem_array *sma = container_of(perm, struct sem_array, sem_perm);

	o->kind = IPCNS_KIND_SEM;
	o->ctime = sma->sem_ctime;
	o->sem.nsems = sma->sem_nsems;
	o->sem.otime = last_semop(sma);
}

static int sem_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	if (ipcns_attr_u32(skb, IPCNS_A_SEM_NSEMS, o->sem.nsems) ||
	    ipcns_attr_u64(skb, IPCNS_A_SEM_OTIME, o->sem.otime, IPCNS_A_SEM_PAD))
		return -EMSGSIZE;
	return 0;
}

/*
 * Adds the tasks on a list of the whole set to the semaphores of the window
 * that they sleep on: as ipc/sem.c check_qop(), the one that blocks them.
 */
static void count_complex(const struct list_head *list, struct ipcns_element *window, u32 first,
			  u32 n)
{
	const struct sem_queue *q;

	list_for_each_entry(q, list, list) {
		const struct sembuf *op = q->blocking;
		u32 i = op->sem_num - first;

		if (op->sem_num < first || i >= n)
			continue;
		if (op->sem_op < 0)
			window[i].ncount++;
		else if (!op->sem_op)
			window[i].zcount++;
	}
}

/*
 * With the lock of the set and that of a semaphore its value, process and lists
 * are stable: operations on one semaphore hold only the latter, all others the
 * former (ipc/sem.c sem_lock()).
 *
 * The numbers of waiters are those of ipc/sem.c count_semcnt().
 */
static u32 read_elements(const struct ipcns_reader *r, void *object, void *out, u64 first, u32 max)
{
	struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	struct ipcns_element *window = out;
	u32 i, n = min_t(u64, sma->sem_nsems - first, max);

	for (i = 0; i < n; i++) {
		struct ipcns_element *e = &window[i];
		struct sem *sem = &sma->sems[first + i];

		spin_lock(&sem->lock);
		e->kind = IPCNS_KIND_SEM;
		e->semnum = first + i;
		e->semval = sem->semval;
		e->pid = ipcns_reader_pid(r, sem->sempid);
		e->ncount = ipcns_list_length(&sem->pending_alter);
		e->zcount = ipcns_list_length(&sem->pending_const);
		spin_unlock(&sem->lock);
	}
	count_complex(&sma->pending_alter, window, first, n);
	count_complex(&sma->pending_const, window, first, n);
	return n;
}

/* A place among the waiters of a set, and room for those from there on. */
struct waiters {
	const struct ipcns_reader	*r;
	struct ipcns_waiter		*out;
	u64				skip;
	u32				n;
	u32				max;
};

static void add_waiters(struct waiters *w, const struct list_head *list)
{
	const struct sem_queue *q;

	list_for_each_entry(q, list, list) {
		struct ipcns_waiter *out = &w->out[w->n];

		if (w->n == w->max)
			break;
		if (w->skip) {
			w->skip--;
			continue;
		}
		out->kind = IPCNS_KIND_SEM;
		out->role = IPCNS_ROLE_SEM;
		ipcns_process_read(w->r, q->sleeper, &out->process);
		out->semnum = q->blocking->sem_num;
		out->semop = q->blocking->sem_op;
		out->nsops = q->nsops;
		w->n++;
	}
}

/* A task on a list sleeps until it is taken off with the lists locked. */
static u32 read_waiters(const struct ipcns_reader *r, void *object, void *out, u64 first, u32 max)
{
	struct sem_array *sma = container_of(object, struct sem_array, sem_perm);
	struct waiters w = { .r = r, .out = out, .skip = first, .max = max };
	int i;

	for (i = 0; i < sma->sem_nsems && w.n < max; i++) {
		struct sem *sem = &sma->sems[i];

		if (list_empty_careful(&sem->pending_alter) &&
		    list_empty_careful(&sem->pending_const))
			continue;
		spin_lock(&sem->lock);
		add_waiters(&w, &sem->pending_alter);
		add_waiters(&w, &sem->pending_const);
		spin_unlock(&sem->lock);
	}
	add_waiters(&w, &sma->pending_alter);
	add_waiters(&w, &sma->pending_const);
	return w.n;
}

/* An adjustment: of a semaphore, by those whose end does it. */
struct adjustment {
	u32	semnum;
	s32	semadj;
};

/* A list of adjustments that processes share: an address, compared only. */
struct undo_list {
	const void	*key;
	bool		there;
};

/* Half of the table stays free. */
#define LIST_BITS (const_ilog2(UNDOS) + 1)

/**
 * struct undos - adjustments of a set
 * @first:	number of the first one wanted
 * @undo:	UNDOS of them, or fewer
 * @claim:	the lists they are in; up to twice as many, where processes
 *		share them
 * @list:	table of the lists
 * @n:		how many adjustments
 * @n_claims:	how many claims
 */
struct undos {
	u64			first;
	struct adjustment	*undo;
	struct ipcns_shared_thing	*claim;
	struct undo_list	*list;
	u32			n;
	u32			n_claims;
};

/*
 * The list is changed under the lock of the set only (ipc/sem.c, "Locking"),
 * and each value read once.
 */
static void read_undos(struct kern_ipc_perm *perm, void *arg)
{
	struct sem_array *sma = container_of(perm, struct sem_array, sem_perm);
	struct undos *u = arg;
	const struct sem_undo *un;
	u64 skip = u->first;
	int i;

	u->n = 0;
	list_for_each_entry(un, &sma->list_id, list_id) {
		for (i = 0; i < sma->sem_nsems; i++) {
			short semadj = READ_ONCE(un->semadj[i]);

			if (!semadj)
				continue;
			if (skip) {
				skip--;
				continue;
			}
			if (u->n == UNDOS)
				return;
			u->undo[u->n] = (struct adjustment) { .semnum = i, .semadj = semadj };
			u->claim[u->n] = (struct ipcns_shared_thing) { .key = un->ulp, .user = u->n };
			u->n++;
		}
	}
}

/* The entry of a list in the table, or the free one where it would be. */
static struct undo_list *find_list(const struct undos *u, const void *key)
{
	u32 i = hash_ptr(key, LIST_BITS);

	while (u->list[i].key && u->list[i].key != key)
		i = (i + 1) & (BIT(LIST_BITS) - 1);
	return &u->list[i];
}

static void mark_there(struct kern_ipc_perm *perm, void *arg)
{
	const struct sem_array *sma = container_of(perm, struct sem_array, sem_perm);
	const struct sem_undo *un;

	list_for_each_entry(un, &sma->list_id, list_id)
		find_list(arg, un->ulp)->there = true;
}

/*
 * A list may have gone while its processes were looked for, and another have
 * come to lie where it was. One that is there still is the same.
 */
static int forget_gone(struct ipc_ids *ids, u32 id, struct undos *u)
{
	u32 i;

	memset(u->list, 0, BIT(LIST_BITS) * sizeof(*u->list));
	for (i = 0; i < u->n; i++)
		find_list(u, u->claim[i].key)->key = u->claim[i].key;
	if (!ipcns_sysv_visit(ids, id, mark_there, u))
		return -EIDRM;
	for (i = 0; i < u->n_claims; i++)
		if (!find_list(u, u->claim[i].key)->there)
			u->claim[i].key = NULL;
	return 0;
}

static const void *undo_list_of(struct task_struct *t)
{
	return READ_ONCE(t->sysvsem.undo_list);
}

static int add_undos(const struct ipcns_collect *c, const struct ipcns_ref *ref,
		     const struct undos *u)
{
	struct ipcns_waiter w = { .kind = IPCNS_KIND_SEM, .role = IPCNS_ROLE_UNDO };
	u64 added = 0;
	int err = 0;
	u32 i;

	for (i = 0; i < u->n_claims && !err; i++) {
		if (!u->claim[i].key)
			continue;
		w.process = u->claim[i].process;
		w.semnum = u->undo[u->claim[i].user].semnum;
		w.semop = u->undo[u->claim[i].user].semadj;
		err = ipcns_detail_add(c, &ipcns_sem_ops.waiters, ref, &w, 1, &added);
	}
	return err;
}

/*
 * Adjustments belong to the processes that share a list of them, by
 * CLONE_SYSVSEM. Where the buffer was full, some may come again.
 */
static int sem_undos(const struct ipcns_collect *c, const struct ipcns_ref *ref, u64 *next)
{
	struct ipc_ids *ids = &ref->ns->ids[IPC_SEM_IDS];
	struct undos u;
	int err = -ENOMEM;

	u.undo = kvmalloc_array(UNDOS, sizeof(*u.undo), GFP_KERNEL);
	u.claim = kvmalloc_array(2 * UNDOS, sizeof(*u.claim), GFP_KERNEL);
	u.list = kvmalloc_array(BIT(LIST_BITS), sizeof(*u.list), GFP_KERNEL);
	if (!u.undo || !u.claim || !u.list)
		goto out;
	do {
		u.first = *next;
		if (!ipcns_sysv_visit(ids, c->filter->id, read_undos, &u)) {
			err = -EIDRM;
			break;
		}
		err = 0;
		if (!u.n)
			break;
		u.n_claims = u.n;
		err = ipcns_find_processes(c->r, u.claim, &u.n_claims, 2 * UNDOS, undo_list_of);
		if (!err)
			err = forget_gone(ids, c->filter->id, &u);
		if (!err)
			err = add_undos(c, ref, &u);
		if (!err)
			*next += u.n;
	} while (!err && u.n == UNDOS);
out:
	kvfree(u.list);
	kvfree(u.claim);
	kvfree(u.undo);
	return err;
}

const struct ipcns_kind_ops ipcns_sem_ops = {
	.name		= "sem",
	.ids		= IPC_SEM_IDS,
	.collect	= ipcns_sysv_collect,
	.read		= sem_read,
	.fill		= sem_fill,
	.detail		= ipcns_sysv_detail,
	.elements	= { sizeof(struct ipcns_element), read_elements },
	.waiters	= { sizeof(struct ipcns_waiter), read_waiters },
	.undos		= sem_undos,
};
