// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every walk over tasks: members of namespaces, and the tasks that share an
 * address space or undo list.
 *
 * Nothing of a task is followed that its own locks do not protect; addresses
 * are compared with those of things that the caller keeps.
 */
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "task.h"

/*
 * The next thread, referenced, from a number in the initial pid namespace on,
 * which is set to the thread's; NULL if there are no more. Nothing is held
 * between two threads. Those that start or exit meanwhile may or may not be met.
 */
static struct task_struct *next_thread_get(pid_t *nr)
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
 * ipcns_process_read() - describe the process of a thread, as the reader sees it
 * @r:		the reader
 * @t:		a thread that the caller has a reference on, or that sleeps until
 *		something that the caller has locked wakes it
 * @process:	filled in
 *
 * The command name of a process that the reader cannot see is left out. It is
 * read without task_lock(), which may not be taken under all the locks that are
 * held here: it always ends, and is a mixture at worst while it is being set.
 *
 * Context: any.
 */
void ipcns_process_read(const struct ipcns_reader *r, struct task_struct *t,
			struct ipcns_process *process)
{
	const struct task_struct *leader = t;

	memset(process, 0, sizeof(*process));
	process->known = true;
	rcu_read_lock();
	process->pid = ipcns_reader_pid(r, task_tgid(t));
	if (process->pid) {
		if (pid_alive(t))	/* else the pointer may dangle */
			leader = t->group_leader;
		memcpy(process->comm, leader->comm, sizeof(process->comm));
		process->comm[sizeof(process->comm) - 1] = '\0';
	}
	rcu_read_unlock();
}

/**
 * ipcns_process_fill() - put a process into a message
 * @skb:	the message
 * @pid:	attribute for its process id, and
 * @comm:	for its command name
 * @process:	the process; nothing is put if none was found
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_process_fill(struct sk_buff *skb, int pid, int comm, const struct ipcns_process *process)
{
	const char *name = process->comm;

	if (!process->known)
		return 0;
	return nla_put_u32(skb, pid, process->pid) ?:
	       nla_put(skb, comm, strnlen(name, sizeof(process->comm)), name);
}

/**
 * struct member_scan - a walk over all processes
 * @r:		the reader
 * @index:	the namespaces of interest
 * @members:	what is known of each
 * @seen:	for each, the process that was counted last, by its number in
 *		the initial pid namespace
 */
struct member_scan {
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

static void describe_member(const struct member_scan *s, struct ipcns_members *m,
			    struct task_struct *leader, u32 pid)
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
static void count_process(struct member_scan *s, struct task_struct *leader, pid_t nr)
{
	u32 pid = ipcns_reader_pid(s->r, task_tgid(leader));
	struct task_struct *t;

	/* for_each_thread(), whose check under lockdep names a lock that is not exported */
	list_for_each_entry_rcu(t, &leader->signal->thread_head, thread_node) {
		const struct ipc_namespace *ns = thread_ns(t);
		struct ipcns_members *m;
		int i = ipcns_index_find(&s->index, ns);

		if (i < 0 || s->seen[i] == nr)
			continue;
		s->seen[i] = nr;
		m = &s->members[i];
		m->nprocs++;
		if (pid && (!m->pid || pid < m->pid))
			describe_member(s, m, leader, pid);
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
int ipcns_members(const struct ipcns_reader *r, const struct ipcns_ns_ref *refs, u32 n,
		  struct ipcns_members *members)
{
	struct member_scan s = { .r = r, .members = members };
	int err = -ENOMEM;
	pid_t nr = 1;

	memset(members, 0, n * sizeof(*members));
	s.seen = kvcalloc(n, sizeof(*s.seen), GFP_KERNEL_ACCOUNT);
	if (ipcns_index_init(&s.index, &refs->ns, sizeof(*refs), n) || !s.seen)
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
			count_process(&s, leader, nr);
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

/* The namespaces that a thread is in, and of them the IPC namespace, for comparison. */
static const struct ipc_namespace *own_ns(struct task_struct *t, const void **nsproxy)
{
	const struct ipc_namespace *ns = NULL;

	rcu_read_lock();
	task_lock(t);
	*nsproxy = t->nsproxy;
	if (pid_alive(t) && t->nsproxy &&
	    (t == t->group_leader || READ_ONCE(t->group_leader->nsproxy) != t->nsproxy))
		ns = t->nsproxy->ipc_ns;
	task_unlock(t);
	rcu_read_unlock();
	return ns;
}

/**
 * ipcns_next_member() - find the next thread that keeps one of some namespaces
 * @x:		the namespaces, referenced by the caller
 * @nr:		first number in the initial pid namespace; set to the
 *		thread's
 * @member:	set to the thread, referenced
 * @nsproxy:	set to what it keeps the namespace by, to be compared only:
 *		threads share it
 *
 * The leader of a process stands for all its threads that have the same nsproxy.
 *
 * Context: process context, may sleep.
 * Return: the namespace's place, -ENOENT if there is no further member, or
 * -EINTR if the caller was killed.
 */
int ipcns_next_member(const struct ipcns_index *x, pid_t *nr, struct task_struct **member,
		      const void **nsproxy)
{
	struct task_struct *t;

	*nr = max(*nr, 1);
	for (; (t = next_thread_get(nr)); (*nr)++) {
		const struct ipc_namespace *ns = own_ns(t, nsproxy);
		int ref = ipcns_index_find(x, ns);

		if (ref >= 0) {
			*member = t;
			return ref;
		}
		put_task_struct(t);
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return -ENOENT;
}

/* Processes can share a thing. Each gets an entry of its own, while there is room. */
static void add_sharing_process(struct ipcns_shared_thing *things, u32 i, u32 *n,
				const struct ipcns_process *process)
{
	if (!things[i].process.known) {
		things[i].process = *process;
	} else {
		things[*n] = things[i];
		things[(*n)++].process = *process;
	}
}

/**
 * ipcns_find_processes() - find the processes that things belong to
 * @r:		the reader
 * @things:	the things; those that no process has keep an unknown process
 * @n:		how many; grows where several processes share one
 * @max:	how many there is room for
 * @key:	returns the thing that a thread has, for comparison; under RCU,
 *		with task_lock() held
 *
 * One walk over all threads. Threads of a process that have the same thing as
 * its leader are passed over.
 *
 * Context: process context, may sleep. The caller keeps the things, or finds out
 * afterwards which of them have ended, so that an address means one thing.
 * Return: 0, -ENOMEM, or -EINTR if the caller was killed.
 */
int ipcns_find_processes(const struct ipcns_reader *r, struct ipcns_shared_thing *things, u32 *n,
			 u32 max, const void *(*key)(struct task_struct *t))
{
	struct ipcns_process process;
	struct ipcns_index x;
	struct task_struct *t;
	int i, err;
	pid_t nr = 1;

	err = ipcns_index_init(&x, &things->key, sizeof(*things), *n);
	for (; !err && (t = next_thread_get(&nr)); nr++) {
		const void *has = NULL;

		rcu_read_lock();
		task_lock(t);
		if (pid_alive(t) && (t == t->group_leader || key(t) != key(t->group_leader)))
			has = key(t);
		task_unlock(t);
		rcu_read_unlock();
		if (has)
			ipcns_process_read(r, t, &process);
		for (i = ipcns_index_find(&x, has); i >= 0; i = ipcns_index_next(&x, i)) {
			/* if one thing has its process, all with this key have; none gets another */
			if (things[i].process.known && *n >= max)
				break;
			add_sharing_process(things, i, n, &process);
		}
		put_task_struct(t);
		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
	ipcns_index_free(&x);
	return err;
}
