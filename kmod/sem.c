// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V semaphore sets and their semaphores.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "layout.h"
#include "object.h"

/* Semaphores read in one go; a set may have 32,000 (SEMMSL). */
#define WINDOW 256

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
	if (nla_put_u32(skb, IPCNS_A_SEM_NSEMS, o->sem.nsems) ||
	    nla_put_s64(skb, IPCNS_A_SEM_OTIME, o->sem.otime, IPCNS_A_SEM_PAD))
		return -EMSGSIZE;
	return 0;
}

const struct ipcns_kind_ops ipcns_sem_ops = {
	.name		= "sem",
	.ids		= IPC_SEM_IDS,
	.collect	= ipcns_sysv_collect,
	.read		= sem_read,
	.fill		= sem_fill,
};

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
static void read_window(const struct ipcns_reader *r, struct sem_array *sma,
			struct ipcns_element *window, u32 first, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct ipcns_element *e = &window[i];
		struct sem *sem = &sma->sems[first + i];

		spin_lock(&sem->lock);
		e->id = sma->sem_perm.id;
		e->semnum = first + i;
		e->semval = sem->semval;
		e->pid = ipcns_reader_pid(r, sem->sempid);
		e->ncount = ipcns_list_length(&sem->pending_alter);
		e->zcount = ipcns_list_length(&sem->pending_const);
		spin_unlock(&sem->lock);
	}
	count_complex(&sma->pending_alter, window, first, n);
	count_complex(&sma->pending_const, window, first, n);
}

/* Adds the records of a window, as far as there is room. */
static int add_window(struct ipcns_buf *buf, const struct ipcns_ref *ref,
		      const struct ipcns_element *window, u32 n, u64 *next)
{
	struct ipcns_element *e;
	u32 i;

	for (i = 0; i < n; i++) {
		e = ipcns_buf_reserve(buf, sizeof(*e));
		if (IS_ERR(e))
			return PTR_ERR(e);
		*e = window[i];
		e->ns_id = ref->id;
		e->ns_inum = ref->ns->ns.inum;
		ipcns_buf_commit(buf, sizeof(*e));
		(*next)++;
	}
	return 0;
}

/**
 * ipcns_sem_elements() - read the semaphores of a set
 * @r:		who asks
 * @buf:	where the records go, struct ipcns_element
 * @ref:	the namespace
 * @id:		identifier of the set
 * @next:	semaphore to go on at
 *
 * The semaphores of one window are of one moment.
 *
 * Context: process context, may sleep.
 * Return: 0 when done, -ENOENT if there is no such set, -EIDRM if it was
 * removed meanwhile, -ENOBUFS if the buffer is full, -ENOMEM, -EINTR.
 */
int ipcns_sem_elements(const struct ipcns_reader *r, struct ipcns_buf *buf,
		       const struct ipcns_ref *ref, u32 id, u64 *next)
{
	struct ipcns_element *window;
	int err;

	window = kvmalloc_array(WINDOW, sizeof(*window), GFP_KERNEL);
	if (!window)
		return -ENOMEM;
	do {
		struct kern_ipc_perm *perm;
		u32 n = 0, nsems = 0;

		rcu_read_lock();
		perm = ipcns_sysv_find(&ref->ns->ids[IPC_SEM_IDS], id);
		if (perm) {
			struct sem_array *sma = container_of(perm, struct sem_array, sem_perm);

			spin_lock(&perm->lock);
			nsems = sma->sem_nsems;
			if (!perm->deleted && *next < nsems) {
				n = min_t(u32, nsems - *next, WINDOW);
				read_window(r, sma, window, *next, n);
			}
			spin_unlock(&perm->lock);
		}
		rcu_read_unlock();

		if (!n) {
			err = *next ? -EIDRM : -ENOENT;
			break;
		}
		err = add_window(buf, ref, window, n, next);
		if (err || *next == nsems)
			break;
		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
	} while (!err);
	kvfree(window);
	return err;
}

/**
 * ipcns_element_fill() - put a semaphore into a message
 * @skb:	the message
 * @e:		the semaphore
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_element_fill(struct sk_buff *skb, const struct ipcns_element *e)
{
	if (nla_put_u32(skb, IPCNS_A_ELEMENT_NS_INUM, e->ns_inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_ELEMENT_NS_ID, e->ns_id, IPCNS_A_ELEMENT_PAD) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_KIND, IPCNS_KIND_SEM) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_ID, e->id) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_SEMNUM, e->semnum) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_SEMVAL, e->semval) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_NCOUNT, e->ncount) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_ZCOUNT, e->zcount) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_PID, e->pid))
		return -EMSGSIZE;
	return 0;
}
