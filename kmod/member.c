// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes inside namespaces: one walk over all tasks for many namespaces.
 */
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "member.h"

/**
 * struct scan - a walk over all tasks
 * @r:		the reader
 * @index:	the namespaces of interest
 * @members:	what is known of each
 * @seen:	for each, the process that was counted last, by its number in
 *		the initial pid namespace
 */
struct scan {
	const struct ipcns_reader	*r;
	struct ipcns_index		index;
	struct ipcns_members		*members;
	pid_t				*seen;
};

/* The namespace of a thread, for comparison; a zombie has none. */
static const struct ipc_namespace *thread_ns(struct task_struct *t)
{
	const struct ipc_namespace *ns = NULL;

	task_lock(t);
	if (t->nsproxy)
		ns = t->nsproxy->ipc_ns;
	task_unlock(t);
	return ns;
}

static void describe(const struct scan *s, struct ipcns_members *m, struct task_struct *leader,
		     u32 pid)
{
	m->pid = pid;
	m->ppid = 0;
	if (pid_alive(leader))
		m->ppid = ipcns_reader_pid(s->r, task_tgid(rcu_dereference(leader->real_parent)));
	m->uid = ipcns_reader_uid(s->r, __task_cred(leader)->euid);
	task_lock(leader);
	strscpy_pad(m->comm, leader->comm, sizeof(m->comm));
	task_unlock(leader);
}

/* Counts a process once in each namespace that one of its threads is in. */
static void visit_process(struct scan *s, struct task_struct *leader, pid_t nr)
{
	u32 pid = ipcns_reader_pid(s->r, task_tgid(leader));
	struct task_struct *t;

	/* for_each_thread(), whose check under lockdep names a lock that is not exported */
	list_for_each_entry_rcu(t, &leader->signal->thread_head, thread_node) {
		const struct ipc_namespace *ns = thread_ns(t);
		struct ipcns_members *m;
		int i = ns ? ipcns_index_find(&s->index, ns) : -1;

		if (i < 0 || s->seen[i] == nr)
			continue;
		s->seen[i] = nr;
		m = &s->members[i];
		m->nprocs++;
		if (pid && (!m->pid || pid < m->pid))
			describe(s, m, leader, pid);
	}
}

/**
 * ipcns_members() - find the processes inside namespaces
 * @r:		the reader
 * @refs:	namespaces, referenced by the caller
 * @n:		how many
 * @members:	filled in, as long as @refs
 *
 * All threads of all processes are looked at (unshare(2) is per thread), each
 * process in an RCU section of its own, so that the time without rescheduling
 * is bounded by the threads of one process. A process that comes or goes
 * meanwhile may or may not be counted.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, or -EINTR if the caller was killed.
 */
int ipcns_members(const struct ipcns_reader *r, const struct ipcns_ref *refs, u32 n,
		  struct ipcns_members *members)
{
	struct scan s = { .r = r, .members = members };
	int err = -ENOMEM;
	pid_t nr = 1;

	memset(members, 0, n * sizeof(*members));
	s.seen = kvcalloc(n, sizeof(*s.seen), GFP_KERNEL);
	if (ipcns_index_init(&s.index, refs, n) || !s.seen)
		goto out;

	for (;;) {
		struct task_struct *leader;
		struct pid *pid;

		rcu_read_lock();
		pid = find_ge_pid(nr, &init_pid_ns);
		if (!pid) {
			rcu_read_unlock();
			break;
		}
		nr = pid_nr(pid);
		leader = pid_task(pid, PIDTYPE_TGID);
		if (leader)
			visit_process(&s, leader, nr);
		rcu_read_unlock();
		nr++;
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto out;
		}
	}
	err = 0;
out:
	kvfree(s.seen);
	ipcns_index_free(&s.index);
	return err;
}
