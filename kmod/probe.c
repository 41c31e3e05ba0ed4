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

static __always_inline void *argument(struct ftrace_regs *regs, unsigned int n)
{
	return (void *)ipcns_argument(regs, n);
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
static notrace void on_created(struct ftrace_regs *regs)
{
	struct ipc_namespace *ns = argument(regs, 0);
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

/* ipc/namespace.c put_ipc_ns(): the last reference went; nothing is torn down. */
static notrace void on_dying(struct ftrace_regs *regs)
{
	struct ipc_namespace *ns = argument(regs, 0);
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
 * ipc/namespace.c free_ipc_ns(): the last step but freeing. A creation that
 * fails comes here too; the registry does not know it.
 */
static notrace void __maybe_unused on_destroyed(struct ftrace_regs *regs)
{
	write_ns(IPCNS_EVENT_KIND_DESTROYED, argument(regs, 0), NULL, 0);
}

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

/* ipc/util.c ipc_addid(ids, new, limit): new is empty, and in no table yet. */
static notrace void on_object_created(struct ftrace_regs *regs)
{
	ipcns_creator_add(argument(regs, 1));
}

static notrace void on_rmid(struct ftrace_regs *regs)
{
	ipcns_creator_forget(argument(regs, 1));
	if (begin_object(IPCNS_EVENT_KIND_DESTROYED, argument(regs, 0), argument(regs, 1)))
		ipcns_journal_commit(NULL, 0);
}

/* ipc/shm.c do_shm_rmid(), the only caller: something is attached still. */
static notrace void on_marked(struct ftrace_regs *regs)
{
	if (begin_object(IPCNS_EVENT_KIND_MARKED, argument(regs, 0), argument(regs, 1)))
		ipcns_journal_commit(NULL, 0);
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

/* The same where nothing is called after ipc/shm.c shm_exit_ns(). */
static int __maybe_unused on_shm_exited(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct arguments *a = (void *)ri->data;

	write_ns(IPCNS_EVENT_KIND_DESTROYED, a->arg[0], NULL, 0);
	return 0;
}
NOKPROBE_SYMBOL(on_shm_exited);

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

/* ipc/mqueue.c mqueue_create_attr(dentry, ...): if it succeeds, the entry gets the inode. */
static notrace void on_queue_created(struct ftrace_regs *regs)
{
	ipcns_creator_add(argument(regs, 0));
}

/*
 * ipc/mqueue.c mqueue_unlink(dir, dentry): cannot fail. A queue of the same name can
 * have the entry next.
 */
static notrace void on_mq_unlinked(struct ftrace_regs *regs)
{
	const struct dentry *dentry = argument(regs, 1);

	ipcns_creator_move(dentry, d_inode(dentry));
	write_queue(IPCNS_EVENT_KIND_UNLINKED, dentry);
}

/*
 * ipc/mqueue.c mqueue_evict_inode(): a queue that was really created has
 * ucounts; the root and one whose creation failed have none.
 */
static notrace void on_mq_evicted(struct ftrace_regs *regs)
{
	struct inode *inode = argument(regs, 0);
	struct ipcns_event *e;

	if (!S_ISREG(inode->i_mode) || !mq_readable ||
	    !container_of(inode, struct mqueue_inode_info, vfs_inode)->ucounts)
		return;
	ipcns_creator_forget(inode);
	e = begin_queue(IPCNS_EVENT_KIND_DESTROYED, inode, 0);
	if (e) {
		e->reason = inode->i_nlink ? IPCNS_EVENT_REASON_TEARDOWN : IPCNS_EVENT_REASON_REMOVED;
		ipcns_journal_commit(NULL, 0);
	}
}

#define ENTRY(_group, _symbol, handler) {				\
	.symbol = _symbol,						\
	.group = _group,						\
	.entry = handler,						\
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

/* The most frequent one comes first: a call looks for its hook in this order. */
struct ipcns_hook ipcns_hooks[] = {
	ENTRY(IPCNS_HOOKS_ALWAYS, "ipc_rmid", on_rmid),
	ENTRY(IPCNS_HOOKS_CREATORS, "ipc_addid", on_object_created),
	ENTRY(IPCNS_HOOKS_ALWAYS, "mqueue_evict_inode", on_mq_evicted),
	ENTRY(IPCNS_HOOKS_CREATORS, "mqueue_create_attr", on_queue_created),
	ENTRY(IPCNS_HOOKS_ALWAYS, "mqueue_unlink", on_mq_unlinked),
	ENTRY(IPCNS_HOOKS_ALWAYS, "ipc_set_key_private", on_marked),
	IPCNS_DESTROYED_HOOK,
	ENTRY(IPCNS_HOOKS_ALWAYS, "mq_clear_sbinfo", on_dying),
	ENTRY(IPCNS_HOOKS_ALWAYS, "shm_init_ns", on_created),
	RETURN(IPCNS_HOOKS_DEMAND, "ipc_addid", on_addid),
	RETURN(IPCNS_HOOKS_DEMAND, "ipc_update_perm", on_update_perm),
	RETURN(IPCNS_HOOKS_DEMAND, "mqueue_create_attr", on_mq_created),
};

const unsigned int ipcns_n_hooks = ARRAY_SIZE(ipcns_hooks);

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
