// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handlers of hooked functions. A handler reads its function's arguments, which
 * the caller keeps, and writes one event. It takes no lock but the journal's and
 * allocates nothing.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>

#include "cgroup.h"
#include "creator.h"
#include "hook.h"
#include "journal.h"
#include "layout.h"
#include "object.h"
#include "probe.h"
#include "walk.h"

/* What handlers need each time, set before hooks are armed. */
static const struct proc_ns_operations *ns_ops __read_mostly;
static bool shm_readable __read_mostly;
static bool mq_readable __read_mostly;

/*
 * Makes an event but for its id, key, value, uid and reason. Every member is set by itself,
 * and once: to clear the slot first takes longer than all of these.
 */
static __always_inline void fill_event(struct ipcns_event *e, u8 object, u8 what, const void *ns)
{
	e->ns = (unsigned long)ns;
	/* what a kernel thread does has no known cause */
	if (unlikely(current->flags & PF_KTHREAD)) {
		e->pid = 0;
		memset(e->comm, 0, sizeof(e->comm));
	} else {
		u64 group = ipcns_cgroup_current();

		e->seq = group;
		e->pid = current->tgid;
		memcpy(e->comm, current->comm, sizeof(e->comm));
		/* after some two thousand million directories and files of groups */
		if (unlikely(group >> 32))
			ipcns_event_set_cgroup(e, group >> 32 & 0xffff);
	}
	e->object = object;
	e->what = what;
}

/* Records an event about a namespace. */
static void write_ns(u8 what, const struct ipc_namespace *ns, const void *more, u32 len)
{
	struct ipcns_event *e = ipcns_journal_begin(len);

	if (!e)
		return;
	fill_event(e, IPCNS_EVENT_OBJECT_NS, what, ns);
	/* how long a teardown takes is reckoned from these */
	e->time = ipcns_journal_clock();
	e->id = 0;
	e->key = 0;
	e->value = 0;
	e->uid = __kuid_val(current_euid());
	e->reason = IPCNS_EVENT_REASON_NONE;
	ipcns_journal_commit(e, more, len);
}

/*
 * ipc/namespace.c create_ipc_ns(): the last step of a creation; everything but
 * the segments is set up, and nothing can fail any more.
 */
static notrace noinline void on_created(const struct ipc_namespace *ns)
{
	struct ipcns_event_birth b = {
		.cookie		= ipcns_cookie(ns->mq_mnt->mnt_sb, ns),
		.native_id	= ipcns_native_id(ns),
		.sb		= (unsigned long)ns->mq_mnt->mnt_sb,
		.inum		= ns->ns.inum,
		.owner_inum	= ns->user_ns->ns.inum,
		.owner_uid	= __kuid_val(ns->user_ns->owner),
	};

	write_ns(IPCNS_EVENT_KIND_CREATED, ns, &b, sizeof(b));
}

/* ipc/namespace.c put_ipc_ns(): the last reference was dropped; nothing is torn down yet. */
static notrace noinline void on_dying(const struct ipc_namespace *ns)
{
	struct ipcns_event_inventory inv = {
		.count[IPCNS_KIND_SHM]	= READ_ONCE(ns->ids[IPC_SHM_IDS].in_use),
		.count[IPCNS_KIND_SEM]	= READ_ONCE(ns->ids[IPC_SEM_IDS].in_use),
		.count[IPCNS_KIND_MSG]	= READ_ONCE(ns->ids[IPC_MSG_IDS].in_use),
		.count[IPCNS_KIND_MQ]	= READ_ONCE(ns->mq_queues_count),
		.bytes[IPCNS_KIND_SHM]	= (u64)READ_ONCE(ns->shm_tot) << PAGE_SHIFT,
		.bytes[IPCNS_KIND_MSG]	= ipcns_msg_bytes(ns),
	};

	write_ns(IPCNS_EVENT_KIND_DYING, ns, &inv, sizeof(inv));
}

/*
 * ipc/namespace.c free_ipc_ns(): the last step but freeing. A failed creation
 * calls it too; the registry does not know such a namespace.
 */
static notrace noinline void on_destroyed(const struct ipc_namespace *ns)
{
	write_ns(IPCNS_EVENT_KIND_DESTROYED, ns, NULL, 0);
}

/*
 * Where that function is called for more than this: namespaces end one after the other,
 * in a work of the kernel's, and no other one has the number.
 */
static struct {
	const struct ipc_namespace *ns;
	unsigned long inum;
} exiting;

static notrace noinline void on_exit(const struct ipc_namespace *ns)
{
	WRITE_ONCE(exiting.inum, ns->ns.inum);
	/* pairs with smp_load_acquire() in on_inum_freed() */
	smp_store_release(&exiting.ns, ns);
}

/* Numbers of pid namespaces are freed in softirqs, too, where the journal's lock is not for. */
static notrace noinline void on_inum_freed(unsigned int inum)
{
	/* pairs with smp_store_release() in on_exit() */
	const struct ipc_namespace *ns = in_task() ? smp_load_acquire(&exiting.ns) : NULL;

	if (!ns || inum != READ_ONCE(exiting.inum))
		return;
	WRITE_ONCE(exiting.ns, NULL);
	on_destroyed(ns);
}

/*
 * The table that an object is in gives its namespace and kind: it is one of the
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
 * Why an object is destroyed: all causes end in ipc/util.c ipc_rmid(). What remains
 * is a removal, by IPC_RMID or, of segments whose creator has ended, by setting
 * shm_rmid_forced.
 */
static __always_inline u8 destruction_reason(const struct ipc_namespace *ns, u8 object,
					     const struct kern_ipc_perm *perm)
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

/* Makes an event of a System V object; its lock is held by the caller. */
static __always_inline void fill_object(struct ipcns_event *e, u8 object, u8 what,
					const struct ipc_namespace *ns,
					const struct kern_ipc_perm *perm)
{
	fill_event(e, object, what, ns);
	e->id = perm->id;
	e->key = perm->key;
	e->uid = __kuid_val(perm->uid);
	e->value = object == IPCNS_EVENT_OBJECT_SHM && shm_readable ?
		   container_of(perm, struct shmid_kernel, shm_perm)->shm_segsz : 0;
	e->reason = what == IPCNS_EVENT_KIND_DESTROYED ?
		    destruction_reason(ns, object, perm) : IPCNS_EVENT_REASON_NONE;
	if (what == IPCNS_EVENT_KIND_CHANGED)
		e->value = perm->mode & 0777;
}

static noinline notrace void write_object(u8 what, const struct ipc_ids *ids,
					  const struct kern_ipc_perm *perm)
{
	const struct ipc_namespace *ns;
	struct ipcns_event *e;
	u8 object;

	ns = ns_of(ids, &object);
	e = ns ? ipcns_journal_begin(0) : NULL;
	if (!e)
		return;
	fill_object(e, object, what, ns, perm);
	ipcns_journal_commit(e, NULL, 0);
}

static noinline notrace void write_rmid(const struct ipc_ids *ids,
					const struct kern_ipc_perm *perm)
{
	write_object(IPCNS_EVENT_KIND_DESTROYED, ids, perm);
	ipcns_creator_forget(perm);
}

static notrace noinline void on_rmid(const struct ipc_ids *ids, const struct kern_ipc_perm *perm)
{
	const struct ipc_namespace *ns;
	struct ipcns_event *e;
	u8 object;

	ns = ns_of(ids, &object);
	e = ns ? ipcns_journal_begin_easily() : NULL;
	if (unlikely(!e)) {
		write_rmid(ids, perm);
		return;
	}
	fill_object(e, object, IPCNS_EVENT_KIND_DESTROYED, ns, perm);
	ipcns_journal_commit_easily(e);
	ipcns_creator_forget(perm);
}

/* ipc/shm.c do_shm_rmid(), the only caller: something is attached still. */
static notrace noinline void on_marked(const struct ipc_ids *ids, const struct kern_ipc_perm *perm)
{
	write_object(IPCNS_EVENT_KIND_MARKED, ids, perm);
}

/* The first two arguments of a function, kept until it returns. */
struct arguments {
	void	*arg[2];
};

static int keep_arguments(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct arguments *a = (void *)ri->data;

	a->arg[0] = (void *)regs_get_kernel_argument(regs, 0);
	a->arg[1] = (void *)regs_get_kernel_argument(regs, 1);
	return 0;
}
NOKPROBE_SYMBOL(keep_arguments);

/* ipc/util.c ipc_addid(): on success the object is new, and locked. */
static int on_addid(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;

	if ((int)regs_return_value(regs) >= 0)
		write_object(IPCNS_EVENT_KIND_CREATED, a->arg[0], a->arg[1]);
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
	unsigned int i;

	if (regs_return_value(regs))
		return 0;
	for (i = 0; i < ARRAY_SIZE(ns->ids); i++) {
		if (ipcns_sysv_find(&ns->ids[i], perm->id) != perm)
			continue;
		write_object(IPCNS_EVENT_KIND_CHANGED, &ns->ids[i], perm);
		break;
	}
	return 0;
}
NOKPROBE_SYMBOL(on_update_perm);

static __always_inline void fill_queue(struct ipcns_event *e, u8 what, u8 reason,
				       const struct inode *inode)
{
	fill_event(e, IPCNS_EVENT_OBJECT_MQ, what, inode->i_sb);
	e->id = inode->i_ino;
	e->key = 0;
	e->value = 0;
	e->uid = __kuid_val(inode->i_uid);
	e->reason = reason;
}

static noinline notrace void write_queue(u8 what, u8 reason, const struct inode *inode,
					 const void *name, u32 len)
{
	struct ipcns_event *e = ipcns_journal_begin(len);

	if (!e)
		return;
	fill_queue(e, what, reason, inode);
	ipcns_journal_commit(e, name, len);
}

static void write_named_queue(u8 what, const struct dentry *dentry)
{
	write_queue(what, IPCNS_EVENT_REASON_NONE, d_inode(dentry), dentry->d_name.name,
		    min_t(u32, dentry->d_name.len, NAME_MAX));
}

/* ipc/mqueue.c mqueue_create_attr(): on success the entry has its inode. */
static int on_mq_created(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;

	if (!(int)regs_return_value(regs))
		write_named_queue(IPCNS_EVENT_KIND_CREATED, a->arg[0]);
	return 0;
}
NOKPROBE_SYMBOL(on_mq_created);

/*
 * ipc/mqueue.c mqueue_unlink(dir, dentry): cannot fail. A queue that no process has open has
 * a reference on its entry, and the caller; one that is open needs another name, since
 * the next queue of this name can have the entry.
 */
static notrace noinline void on_mq_unlinked(const struct dentry *dentry)
{
	if (likely(d_count(dentry) <= 2))
		ipcns_creator_forget(dentry);
	else
		ipcns_creator_move(dentry, d_inode(dentry));
	write_named_queue(IPCNS_EVENT_KIND_UNLINKED, dentry);
}

/*
 * ipc/mqueue.c mqueue_evict_inode(): a queue that was really created has
 * ucounts; the root and one whose creation failed have none.
 */
static notrace noinline void on_mq_evicted(const struct inode *inode)
{
	if (!S_ISREG(inode->i_mode) || !mq_readable ||
	    !container_of(inode, struct mqueue_inode_info, vfs_inode)->ucounts)
		return;
	write_queue(IPCNS_EVENT_KIND_DESTROYED,
		    inode->i_nlink ? IPCNS_EVENT_REASON_TEARDOWN : IPCNS_EVENT_REASON_REMOVED,
		    inode, NULL, 0);
	ipcns_creator_forget_moved(inode);
}

#define ENTRY(_group, _symbol) {					\
	.symbol = _symbol,						\
	.group = _group,						\
}

/* The function may sleep: there can be as many calls as there are tasks. */
#define RETURN(_group, _symbol, _handler) {				\
	.symbol = _symbol,						\
	.group = _group,						\
	.krp = {							\
		.handler = _handler,					\
		.entry_handler = keep_arguments,			\
		.data_size = sizeof(struct arguments),			\
		.maxactive = 512,					\
	},								\
}

enum {
	RMID, EVICT, UNLINK, MARKED, DESTROYED, EXIT = DESTROYED + IPCNS_EXIT_HOOKED, DYING, BIRTH,
	ADDID, CREATE_ATTR
};

struct ipcns_hook ipcns_hooks[] = {
	[RMID] = ENTRY(IPCNS_HOOKS_ALWAYS, "ipc_rmid"),
	[EVICT] = ENTRY(IPCNS_HOOKS_ALWAYS, "mqueue_evict_inode"),
	[UNLINK] = ENTRY(IPCNS_HOOKS_ALWAYS, "mqueue_unlink"),
	[MARKED] = ENTRY(IPCNS_HOOKS_ALWAYS, "ipc_set_key_private"),
	IPCNS_DESTROYED_HOOKS,
	[DYING] = ENTRY(IPCNS_HOOKS_ALWAYS, "mq_clear_sbinfo"),
	[BIRTH] = ENTRY(IPCNS_HOOKS_ALWAYS, "shm_init_ns"),
	[ADDID] = ENTRY(IPCNS_HOOKS_CREATORS, "ipc_addid"),
	[CREATE_ATTR] = ENTRY(IPCNS_HOOKS_CREATORS, "mqueue_create_attr"),
	RETURN(IPCNS_HOOKS_DEMAND, "ipc_addid", on_addid),
	RETURN(IPCNS_HOOKS_DEMAND, "ipc_update_perm", on_update_perm),
	RETURN(IPCNS_HOOKS_DEMAND, "mqueue_create_attr", on_mq_created),
};

const unsigned int ipcns_n_hooks = ARRAY_SIZE(ipcns_hooks);

#define AT(hook) (ip - ipcns_hooks[hook].addr < IPCNS_ENTRY_BYTES)
#define ARG(n) ((void *)ipcns_argument(regs, n))

/**
 * ipcns_on_event() - a function was called whose calls are events
 * @ip:		where ftrace was called from
 * @parent_ip:	its caller
 * @ops:	of the group
 * @regs:	its arguments
 *
 * The most frequent ones come first. A table of handlers would take longer to look
 * through, and an indirect call.
 */
notrace void ipcns_on_event(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *regs)
{
	if (AT(RMID))
		on_rmid(ARG(0), ARG(1));
	else if (AT(EVICT))
		on_mq_evicted(ARG(0));
	else if (AT(UNLINK))
		on_mq_unlinked(ARG(1));
	else if (AT(MARKED))
		on_marked(ARG(0), ARG(1));
	else if (AT(DYING))
		on_dying(ARG(0));
	else if (AT(BIRTH))
		on_created(ARG(0));
	else if (AT(DESTROYED))
		IPCNS_EXIT_HOOKED ? on_inum_freed(ipcns_argument(regs, 0)) : on_destroyed(ARG(0));
	else if (AT(EXIT))
		on_exit(ARG(0));
	else
		ipcns_hooks_hit(ip);
}

/**
 * ipcns_on_creation() - an object is being created
 * @ip:		where ftrace was called from
 * @parent_ip:	its caller
 * @ops:	of the group
 * @regs:	arguments of ipc/util.c ipc_addid(ids, new, limit), where new is empty and in no
 *		table yet, or of ipc/mqueue.c mqueue_create_attr(dentry, ...): if that
 *		succeeds, the entry gets the inode
 */
notrace void ipcns_on_creation(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       struct ftrace_regs *regs)
{
	ipcns_creator_add(AT(ADDID) ? ARG(1) : ARG(0));
}

/**
 * ipcns_probes_init() - prepare the handlers
 *
 * To be called before a hook is armed. Layouts were checked.
 */
void ipcns_probes_init(void)
{
	ns_ops = ipcns_init_ns()->ns.ops;
	shm_readable = ipcns_layout_ok(IPCNS_KIND_SHM);
	mq_readable = ipcns_layout_ok(IPCNS_KIND_MQ);
}
