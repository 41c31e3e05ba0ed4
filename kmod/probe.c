// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probes. A handler looks at its function's arguments, which the caller
 * keeps, and writes one event. It takes no lock but the journal's and allocates
 * nothing; it runs with preemption off, wherever the function is called.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "journal.h"
#include "layout.h"
#include "object.h"
#include "probe.h"
#include "walk.h"

/* What handlers ask for each time, found out when probes are armed. */
static const struct proc_ns_operations *ns_ops __read_mostly;
static bool shm_readable __read_mostly;
static bool mq_readable __read_mostly;

static void *argument(struct pt_regs *regs, unsigned int n)
{
	return (void *)regs_get_kernel_argument(regs, n);
}

/*
 * Begins an event that will have @more bytes more, with the journal's lock held;
 * NULL if there is no room. Every member is set by itself: to clear the slot
 * first takes longer than all of these.
 */
static __always_inline struct ipcns_event *begin(u8 object, u8 what, const void *ns, u32 more)
{
	struct ipcns_event *e = ipcns_journal_begin(more);

	if (!e)
		return NULL;
	e->time = ktime_get_boot_fast_ns();
	e->ns = (unsigned long)ns;
	e->bytes = 0;
	/* what a worker does was caused by nobody who can be named */
	if (current->flags & PF_KTHREAD) {
		e->pid = 0;
		memset(e->comm, 0, sizeof(e->comm));
	} else {
		e->pid = current->tgid;
		memcpy(e->comm, current->comm, sizeof(e->comm));
	}
	e->id = 0;
	e->key = 0;
	e->uid = __kuid_val(current_euid());
	e->object = object;
	e->what = what;
	e->reason = IPCNS_EVENT_REASON_NONE;
	return e;
}

/* Begins and ends an event about a namespace. */
static void write_ns(u8 what, const struct ipc_namespace *ns, const void *more, u32 len)
{
	if (begin(IPCNS_EVENT_OBJECT_NS, what, ns, len))
		ipcns_journal_commit(more, len);
}

/*
 * ipc/namespace.c create_ipc_ns(): the last step of a creation; everything but
 * the segments is set up, and nothing can fail any more.
 */
static int on_created(struct kprobe *p, struct pt_regs *regs)
{
	struct ipc_namespace *ns = argument(regs, 0);
	struct ipcns_event_birth b = {
		.cookie		= ipcns_cookie(ns->mq_mnt->mnt_sb, ns),
		.native_id	= ipcns_native_id(ns),
		.sb		= (unsigned long)ns->mq_mnt->mnt_sb,
		.inum		= ns->ns.inum,
		.owner_inum	= ns->user_ns->ns.inum,
		.creator_uid	= __kuid_val(current_euid()),
		.owner_uid	= __kuid_val(ns->user_ns->owner),
	};

	write_ns(IPCNS_EVENT_KIND_CREATED, ns, &b, sizeof(b));
	return 0;
}
NOKPROBE_SYMBOL(on_created);

/* As percpu_counter_sum(), without its lock: exact when nobody counts. */
static u64 sum(const struct percpu_counter *counter)
{
	s64 n = READ_ONCE(counter->count);
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(*per_cpu_ptr(counter->counters, cpu));
	return max_t(s64, n, 0);
}

/* ipc/namespace.c put_ipc_ns(): the last reference went; nothing is torn down. */
static int on_dying(struct kprobe *p, struct pt_regs *regs)
{
	struct ipc_namespace *ns = argument(regs, 0);
	struct ipcns_event_inventory inv = {
		.count[IPCNS_KIND_SHM]	= READ_ONCE(ns->ids[IPC_SHM_IDS].in_use),
		.count[IPCNS_KIND_SEM]	= READ_ONCE(ns->ids[IPC_SEM_IDS].in_use),
		.count[IPCNS_KIND_MSG]	= READ_ONCE(ns->ids[IPC_MSG_IDS].in_use),
		.count[IPCNS_KIND_MQ]	= READ_ONCE(ns->mq_queues_count),
		.bytes[IPCNS_KIND_SHM]	= (u64)READ_ONCE(ns->shm_tot) << PAGE_SHIFT,
		.bytes[IPCNS_KIND_MSG]	= sum(&ns->percpu_msg_bytes),
	};

	write_ns(IPCNS_EVENT_KIND_DYING, ns, &inv, sizeof(inv));
	return 0;
}
NOKPROBE_SYMBOL(on_dying);

/*
 * ipc/namespace.c free_ipc_ns(): the last step but freeing. A creation that
 * fails comes here too; the registry does not know it.
 */
static int on_destroyed(struct kprobe *p, struct pt_regs *regs)
{
	write_ns(IPCNS_EVENT_KIND_DESTROYED, argument(regs, 0), NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(on_destroyed);

/*
 * The table that an object is in tells its namespace and kind: it is one of the
 * three in a namespace, and only for the right one does what lies where the
 * namespace's operations would be look like them. From the last table to the
 * first, what is looked at lies within the namespace: the operations are in it,
 * further from its beginning than two tables are long.
 */
static __always_inline const struct ipc_namespace *ns_of(const struct ipc_ids *ids, u8 *object)
{
	static const u8 objects[] = {
		[IPC_SEM_IDS] = IPCNS_EVENT_OBJECT_SEM,
		[IPC_MSG_IDS] = IPCNS_EVENT_OBJECT_MSG,
		[IPC_SHM_IDS] = IPCNS_EVENT_OBJECT_SHM,
	};
	int i;

	BUILD_BUG_ON(offsetof(struct ipc_namespace, ns.ops) <
		     offsetof(struct ipc_namespace, ids) + sizeof(((struct ipc_namespace *)0)->ids));
	for (i = ARRAY_SIZE(objects) - 1; i >= 0; i--) {
		const struct ipc_namespace *ns = container_of(ids - i, struct ipc_namespace, ids[0]);

		if (ns->ns.ops == ns_ops) {
			*object = objects[i];
			return ns;
		}
	}
	return NULL;
}

/*
 * Why an object comes to its end: ipc/util.c ipc_rmid() is the last step of all
 * ways there. What remains is a removal, by IPC_RMID or, of segments whose
 * creator is gone, by setting shm_rmid_forced.
 */
static u8 reason(const struct ipc_namespace *ns, u8 object, const struct kern_ipc_perm *perm)
{
	const struct shmid_kernel *shp = container_of(perm, struct shmid_kernel, shm_perm);

	if (!ipcns_ref_count(ns))
		return IPCNS_EVENT_REASON_TEARDOWN;
	if (object != IPCNS_EVENT_OBJECT_SHM || !shm_readable)
		return IPCNS_EVENT_REASON_REMOVED;
	if (perm->mode & SHM_DEST)
		return IPCNS_EVENT_REASON_DETACH;
	if (!READ_ONCE(ns->shm_rmid_forced))
		return IPCNS_EVENT_REASON_REMOVED;
	if (current->flags & PF_EXITING)
		return IPCNS_EVENT_REASON_EXIT;
	/* ipc/shm.c __shm_close() sets this just before; nothing is attached */
	if (shp->shm_lprid == task_tgid(current))
		return IPCNS_EVENT_REASON_DETACH;
	return IPCNS_EVENT_REASON_REMOVED;
}

/* Begins an event of a System V object; its lock is held by the caller. */
static __always_inline struct ipcns_event *begin_object(u8 what, const struct ipc_ids *ids,
							const struct kern_ipc_perm *perm)
{
	const struct ipc_namespace *ns;
	struct ipcns_event *e;
	u8 object;

	ns = ns_of(ids, &object);
	e = ns ? begin(object, what, ns, 0) : NULL;
	if (!e)
		return NULL;
	e->id = perm->id;
	e->key = perm->key;
	e->uid = __kuid_val(perm->uid);
	if (object == IPCNS_EVENT_OBJECT_SHM && shm_readable)
		e->bytes = container_of(perm, struct shmid_kernel, shm_perm)->shm_segsz;
	if (what == IPCNS_EVENT_KIND_DESTROYED)
		e->reason = reason(ns, object, perm);
	return e;
}

static int on_rmid(struct kprobe *p, struct pt_regs *regs)
{
	if (begin_object(IPCNS_EVENT_KIND_DESTROYED, argument(regs, 0), argument(regs, 1)))
		ipcns_journal_commit(NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(on_rmid);

/* ipc/shm.c do_shm_rmid(), the only caller: something is attached still. */
static int on_marked(struct kprobe *p, struct pt_regs *regs)
{
	if (begin_object(IPCNS_EVENT_KIND_MARKED, argument(regs, 0), argument(regs, 1)))
		ipcns_journal_commit(NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(on_marked);

/* The first two arguments of a function, kept until it returns. */
struct arguments {
	void	*arg[2];
};

static int keep_arguments(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct arguments *a = (void *)ri->data;

	a->arg[0] = argument(regs, 0);
	a->arg[1] = argument(regs, 1);
	return 0;
}
NOKPROBE_SYMBOL(keep_arguments);

/* ipc/util.c ipc_addid(): on success the object is new, and locked. */
static int on_addid(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;

	if ((int)regs_return_value(regs) >= 0 &&
	    begin_object(IPCNS_EVENT_KIND_CREATED, a->arg[0], a->arg[1]))
		ipcns_journal_commit(NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(on_addid);

/*
 * ipc/util.c ipc_update_perm() does not know the table. IPC_SET works on the
 * caller's own namespace, and the table that has the object is the right one;
 * its rwsem is held, so it does not change.
 */
static int on_update_perm(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	const struct kern_ipc_perm *perm = a->arg[1];
	struct ipcns_event *e;
	unsigned int i;

	if (regs_return_value(regs))
		return 0;
	for (i = 0; i < ARRAY_SIZE(ns->ids); i++) {
		if (ipcns_sysv_find(&ns->ids[i], perm->id) != perm)
			continue;
		e = begin_object(IPCNS_EVENT_KIND_CHANGED, &ns->ids[i], perm);
		if (e) {
			e->bytes = perm->mode & 0777;
			ipcns_journal_commit(NULL, 0);
		}
		break;
	}
	return 0;
}
NOKPROBE_SYMBOL(on_update_perm);

static struct ipcns_event *begin_queue(u8 what, const struct inode *inode, u32 more)
{
	struct ipcns_event *e = begin(IPCNS_EVENT_OBJECT_MQ, what, inode->i_sb, more);

	if (e) {
		e->id = inode->i_ino;
		e->uid = __kuid_val(inode->i_uid);
	}
	return e;
}

static void write_queue(u8 what, const struct dentry *dentry)
{
	u32 len = min_t(u32, dentry->d_name.len, NAME_MAX);

	if (begin_queue(what, d_inode(dentry), len))
		ipcns_journal_commit(dentry->d_name.name, len);
}

/* ipc/mqueue.c mqueue_create_attr(): on success the entry has its inode. */
static int on_mq_created(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;

	if (!(int)regs_return_value(regs))
		write_queue(IPCNS_EVENT_KIND_CREATED, a->arg[0]);
	return 0;
}
NOKPROBE_SYMBOL(on_mq_created);

/* ipc/mqueue.c mqueue_unlink(dir, dentry): cannot fail. */
static int on_mq_unlinked(struct kprobe *p, struct pt_regs *regs)
{
	write_queue(IPCNS_EVENT_KIND_UNLINKED, argument(regs, 1));
	return 0;
}
NOKPROBE_SYMBOL(on_mq_unlinked);

/*
 * ipc/mqueue.c mqueue_evict_inode(): a queue that was really created has
 * ucounts; the root and one whose creation failed have none.
 */
static int on_mq_evicted(struct kprobe *p, struct pt_regs *regs)
{
	struct inode *inode = argument(regs, 0);
	struct ipcns_event *e;

	if (!S_ISREG(inode->i_mode) || !mq_readable ||
	    !container_of(inode, struct mqueue_inode_info, vfs_inode)->ucounts)
		return 0;
	e = begin_queue(IPCNS_EVENT_KIND_DESTROYED, inode, 0);
	if (e) {
		e->reason = inode->i_nlink ? IPCNS_EVENT_REASON_TEARDOWN : IPCNS_EVENT_REASON_REMOVED;
		ipcns_journal_commit(NULL, 0);
	}
	return 0;
}
NOKPROBE_SYMBOL(on_mq_evicted);

/* A function of our own, to see whether probes fire at all. */
static noinline void ipcns_probe_target(void)
{
	barrier();
}

static atomic_t target_hits;

static int on_target(struct kprobe *p, struct pt_regs *regs)
{
	atomic_inc(&target_hits);
	return 0;
}
NOKPROBE_SYMBOL(on_target);

/**
 * struct probe - a kprobe, or a kretprobe
 * @group:	when it is armed
 * @ret:	it is a kretprobe, and its handlers are in @krp
 * @armed:	it is armed now
 * @missed:	times it could not run, until it was disarmed last
 * @kp:		the kprobe, or
 * @krp:	the kretprobe
 */
struct probe {
	enum ipcns_probe_group	group;
	bool			ret;
	bool			armed;
	u64			missed;
	union {
		struct kprobe		kp;
		struct kretprobe	krp;
	};
};

#define KPROBE(_group, symbol, handler) {				\
	.group = _group,						\
	.kp = { .symbol_name = symbol, .pre_handler = handler },	\
}

/* The function may sleep: there can be as many calls as there are tasks. */
#define KRETPROBE(_group, symbol, _handler) {				\
	.group = _group,						\
	.ret = true,							\
	.krp = {							\
		.kp.symbol_name = symbol,				\
		.handler = _handler,					\
		.entry_handler = keep_arguments,			\
		.data_size = sizeof(struct arguments),			\
		.maxactive = 512,					\
	},								\
}

/*
 * In the order of arming: an end that is not seen does more harm than a
 * beginning, which a walk makes good.
 */
static struct probe probes[] = {
	{ .group = IPCNS_PROBES_NS,
	  .kp = { .addr = (void *)ipcns_probe_target, .pre_handler = on_target } },
	KPROBE(IPCNS_PROBES_NS, "retire_ipc_sysctls", on_destroyed),
	KPROBE(IPCNS_PROBES_NS, "mq_clear_sbinfo", on_dying),
	KPROBE(IPCNS_PROBES_NS, "shm_init_ns", on_created),
	KPROBE(IPCNS_PROBES_OBJECT, "ipc_rmid", on_rmid),
	KPROBE(IPCNS_PROBES_OBJECT, "ipc_set_key_private", on_marked),
	KPROBE(IPCNS_PROBES_OBJECT, "mqueue_evict_inode", on_mq_evicted),
	KPROBE(IPCNS_PROBES_OBJECT, "mqueue_unlink", on_mq_unlinked),
	KRETPROBE(IPCNS_PROBES_OBJECT, "ipc_addid", on_addid),
	KRETPROBE(IPCNS_PROBES_OBJECT, "ipc_update_perm", on_update_perm),
	KRETPROBE(IPCNS_PROBES_OBJECT, "mqueue_create_attr", on_mq_created),
};

/* Arming and disarming, and the state of probes. */
static DEFINE_MUTEX(probe_mutex);

static const char *symbol(const struct probe *p)
{
	return p->ret ? p->krp.kp.symbol_name : p->kp.symbol_name;
}

static u64 missed(const struct probe *p)
{
	if (!p->armed)
		return p->missed;
	return p->missed + (p->ret ? p->krp.nmissed + p->krp.kp.nmissed : p->kp.nmissed);
}

static int arm(struct probe *p)
{
	/* what an earlier registration left behind must not be there */
	struct kprobe clean = {
		.symbol_name = p->kp.symbol_name,
		.addr = p->kp.symbol_name ? NULL : p->kp.addr,
		.pre_handler = p->kp.pre_handler,
	};
	int err;

	if (p->ret) {
		p->krp.kp = (struct kprobe) { .symbol_name = p->krp.kp.symbol_name };
		p->krp.nmissed = 0;
		err = register_kretprobe(&p->krp);
	} else {
		p->kp = clean;
		err = register_kprobe(&p->kp);
	}
	p->armed = !err;
	if (err)
		pr_warn("no probe on %s: error %d, events are missing\n",
			symbol(p) ?: "the module's own function", err);
	return err;
}

/*
 * Taking a probe out of ftrace's filter needs memory (kernel/kprobes.c
 * __disarm_kprobe_ftrace()). Without it, unregister_kprobe() returns all the same,
 * and the kernel goes on to use the probe, in a module that may be gone soon.
 * disable_kprobe() tells, and of a probe that it disabled nothing is left to fail.
 */
static bool disable(struct probe *p)
{
	unsigned int flags = memalloc_noreclaim_save();
	int err = disable_kprobe(p->ret ? &p->krp.kp : &p->kp);

	memalloc_noreclaim_restore(flags);
	if (err)
		pr_warn_ratelimited("the probe on %s cannot be disarmed: error %d\n",
				    symbol(p) ?: "the module's own function", err);
	return !err;
}

/**
 * ipcns_probes_arm() - arm the probes of a group
 * @group:	the group
 *
 * Events can come before this returns. A probe that cannot be armed is said in
 * the log and in status; the others work without it.
 *
 * Context: process context, may sleep.
 */
void ipcns_probes_arm(enum ipcns_probe_group group)
{
	unsigned int i;

	mutex_lock(&probe_mutex);
	ns_ops = ipcns_init_ns()->ns.ops;
	shm_readable = ipcns_layout_ok(IPCNS_KIND_SHM);
	mq_readable = ipcns_layout_ok(IPCNS_KIND_MQ);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].group == group && !probes[i].armed)
			arm(&probes[i]);
	mutex_unlock(&probe_mutex);
}

/**
 * ipcns_probes_disarm() - disarm the probes of a group
 * @group:	the group
 *
 * None of their handlers runs any more when this returns (kernel/kprobes.c
 * unregister_kprobes() waits for a grace period), but those of probes that
 * cannot be disarmed now.
 *
 * Context: process context, may sleep.
 * Return: false if there are any: they are armed, and to be disarmed once more.
 */
bool ipcns_probes_disarm(enum ipcns_probe_group group)
{
	static struct kretprobe *returns[ARRAY_SIZE(probes)];
	static struct kprobe *entries[ARRAY_SIZE(probes)];
	struct probe *p = probes + ARRAY_SIZE(probes);
	int n_entries = 0, n_returns = 0;
	bool done = true;

	mutex_lock(&probe_mutex);
	while (p-- > probes) {
		if (p->group != group || !p->armed)
			continue;
		if (!disable(p)) {
			done = false;
			continue;
		}
		p->missed = missed(p);
		p->armed = false;
		if (p->ret)
			returns[n_returns++] = &p->krp;
		else
			entries[n_entries++] = &p->kp;
	}
	/* together, for each call waits for a grace period */
	unregister_kprobes(entries, n_entries);
	unregister_kretprobes(returns, n_returns);
	mutex_unlock(&probe_mutex);
	return done;
}

/**
 * ipcns_probes_armed() - are all probes of a group armed?
 * @group:	the group
 *
 * Context: any.
 */
bool ipcns_probes_armed(enum ipcns_probe_group group)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].group == group && !READ_ONCE(probes[i].armed))
			return false;
	return true;
}

/**
 * ipcns_probes_live() - do probes fire?
 *
 * Registration succeeds even where they were switched off by
 * kernel.ftrace_enabled or in debugfs, so a probe of our own is tried.
 *
 * Context: process context.
 */
bool ipcns_probes_live(void)
{
	int before = atomic_read(&target_hits);

	ipcns_probe_target();
	return ipcns_probes_armed(IPCNS_PROBES_NS) && atomic_read(&target_hits) != before;
}

/**
 * ipcns_probe_state() - the state of one probe
 * @i:		number of the probe, from 0
 * @out:	filled in
 *
 * Return: false if there are not so many.
 */
bool ipcns_probe_state(unsigned int i, struct ipcns_probe_state *out)
{
	/* the first is for ipcns_probes_live() */
	if (++i >= ARRAY_SIZE(probes))
		return false;
	mutex_lock(&probe_mutex);
	out->symbol = symbol(&probes[i]);
	out->armed = probes[i].armed;
	out->missed = missed(&probes[i]);
	mutex_unlock(&probe_mutex);
	return true;
}
