// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the IPC namespaces: every one owns a superblock of the mqueue
 * filesystem, from its creation to its last reference, whether or not a
 * process, a descriptor or a mount leads to it.
 *
 * A walk over the superblocks gives cookies. A second walk takes references on
 * the namespaces with some of these. So nothing has to be held between the
 * calls of a dump, and the callback below, which may neither sleep nor drop a
 * reference, needs no memory of its own.
 *
 * Walks of several callers run in parallel: none waits for another,
 * which may be a task that is throttled or stopped.
 */
#include <linux/bsearch.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/proc_ns.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "layout.h"
#include "walk.h"

/* A walk that was cut this often in a row is given up. */
#define MAX_CUTS 64

static struct file_system_type *mqueue_type;

#define HELD_BITS 12

/*
 * The references that the module holds now, by the addresses of the namespaces:
 * each is taken, counted and dropped in one step under the lock, so that what a
 * namespace's count is without them is known at each moment.
 */
static DEFINE_HASHTABLE(held, HELD_BITS);
static DEFINE_SPINLOCK(held_lock);

/* Of the last walk, and since load. */
static u32 last_namespaces, last_pending;
static atomic64_t walks, walks_cut;

struct walk {
	void	(*visit)(struct walk *w, struct ipc_namespace *ns, u64 cookie);
	void	(*left)(const struct super_block *sb, bool creating);
	const struct ipcns_view *view;
	u32	namespaces;
	u32	pending;
	bool	seen_init;
};

/**
 * ipcns_init_ns() - the initial namespace, which is never freed
 */
struct ipc_namespace *ipcns_init_ns(void)
{
	return init_task.nsproxy->ipc_ns;
}

/**
 * ipcns_cookie() - a key for a namespace that lives
 * @sb:		its superblock
 * @ns:		the namespace
 *
 * fs/inode.c get_next_ino() counts up and hands out a number again only after
 * 2^32 others, so the inode number of the superblock's root, together with
 * inum, means one namespace only.
 *
 * Context: any, @ns is kept by the caller.
 */
u64 ipcns_cookie(const struct super_block *sb, const struct ipc_namespace *ns)
{
	return (u64)d_inode(sb->s_root)->i_ino << 32 | ns->ns.inum;
}

/**
 * committed() - the namespace of a superblock, once its creation cannot fail
 * @sb:		a superblock of the mqueue filesystem
 *
 * ipc/namespace.c create_ipc_ns() sets s_fs_info long before it is done, and
 * frees the namespace whatever its count if a later step fails; 6.1 then even
 * leaves the superblock with a pointer to freed memory. shm_init_ns() is the
 * last step, and what it sets says that nothing can fail any more. Until that
 * is known the memory may be anything, so it is read without trusting it.
 *
 * Context: RCU read side. From there on a namespace seen here stays: it is
 * freed a grace period after s_fs_info was cleared (free_ipc()).
 * Return: the namespace, which may have no references left; or NULL.
 */
static struct ipc_namespace *committed(const struct super_block *sb)
{
	struct ipc_namespace *ns = READ_ONCE(sb->s_fs_info);
	const struct proc_ns_operations *ops;
	struct super_block *mnt_sb;
	struct vfsmount *mnt;
	void *tbl;

	if (!ns)
		return NULL;
	if (copy_from_kernel_nofault(&tbl, &ns->ids[IPC_SHM_IDS].key_ht.tbl, sizeof(tbl)) || !tbl)
		return NULL;
	if (copy_from_kernel_nofault(&ops, &ns->ns.ops, sizeof(ops)) || ops != ipcns_init_ns()->ns.ops)
		return NULL;
	if (copy_from_kernel_nofault(&mnt, &ns->mq_mnt, sizeof(mnt)) ||
	    copy_from_kernel_nofault(&mnt_sb, &mnt->mnt_sb, sizeof(mnt_sb)) || mnt_sb != sb)
		return NULL;
	return ns;
}

static void visit_super(struct super_block *sb, void *arg)
{
	struct walk *w = arg;
	struct ipc_namespace *ns;

	rcu_read_lock();
	ns = committed(sb);
	if (ns) {
		w->namespaces++;
		if (ns == ipcns_init_ns())
			w->seen_init = true;
		if (w->visit)
			w->visit(w, ns, ipcns_cookie(sb, ns));
	} else {
		w->pending++;
		if (w->left)
			w->left(sb, READ_ONCE(sb->s_fs_info));
	}
	rcu_read_unlock();
}

/**
 * walk_supers() - visit every committed namespace at least once
 * @w:		the walk; its visit(), for namespaces, and left(), for superblocks
 *		without one, run under RCU, may not sleep and have to cope with
 *		meeting the same again
 *
 * 6.1's fs/super.c iterate_supers_type() ends early if the superblock at which
 * it has dropped its lock dies meanwhile. New superblocks come in at the head,
 * so the initial namespace is the last: not seen means cut, and the walk is
 * done again.
 *
 * Context: process context, may sleep.
 * Return: 0, -EINTR if the caller was killed, -EAGAIN if it was cut each time.
 */
static int walk_supers(struct walk *w)
{
	unsigned int i;

	for (i = 0; i < MAX_CUTS; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		w->namespaces = 0;
		w->pending = 0;
		iterate_supers_type(mqueue_type, visit_super, w);
		atomic64_inc(&walks);
		if (w->seen_init) {
			WRITE_ONCE(last_namespaces, w->namespaces);
			WRITE_ONCE(last_pending, w->pending);
			return 0;
		}
		atomic64_inc(&walks_cut);
		cond_resched();
	}
	return -EAGAIN;
}

/* What may be seen of a namespace in a walk. */
static enum ipcns_access access_to(const struct walk *w, const struct ipc_namespace *ns,
				   u64 cookie)
{
	return w->view ? w->view->access(w->view, ns, cookie) : IPCNS_ACCESS_FULL;
}

struct list_walk {
	struct walk		walk;
	struct ipcns_cookies	*list;
	u32			visible;
};

static void visit_list(struct walk *w, struct ipc_namespace *ns, u64 cookie)
{
	struct list_walk *lw = container_of(w, struct list_walk, walk);

	/* the first of a pass: it finds again what a pass that was cut has found */
	if (w->namespaces == 1)
		lw->visible = lw->list->n = 0;
	if (access_to(w, ns, cookie) == IPCNS_ACCESS_NONE)
		return;
	lw->visible++;
	if (lw->list->n < lw->list->max)
		lw->list->cookie[lw->list->n++] = cookie;
}

/**
 * ipcns_compare_cookies() - the order of cookies, for sort() and bsearch()
 * @a:		a cookie, or a struct ipcns_ns_ref
 * @b:		another one
 */
int ipcns_compare_cookies(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	BUILD_BUG_ON(offsetof(struct ipcns_ns_ref, cookie));
	return x < y ? -1 : x > y;
}

/**
 * ipcns_walk_cookies() - list the namespaces
 * @list:	filled in; to be freed with ipcns_cookies_free()
 * @view:	those that may be seen are listed; NULL for all
 *
 * Context: process context, may sleep.
 * Return: 0, -EOVERFLOW if there are more than IPCNS_MAX_COOKIES, -ENOMEM, or as
 * walk_supers().
 */
int ipcns_walk_cookies(struct ipcns_cookies *list, const struct ipcns_view *view)
{
	struct list_walk lw = { .walk.visit = visit_list, .walk.view = view, .list = list };
	u32 i, n, room = view ? 0 : READ_ONCE(last_namespaces);
	int err;

	for (;;) {
		/* room for those that come while we walk, or are met twice */
		room += room / 8 + 64;
		list->max = min_t(u32, room, IPCNS_MAX_COOKIES);
		list->cookie = kvmalloc_array(list->max, sizeof(*list->cookie), GFP_KERNEL_ACCOUNT);
		if (!list->cookie)
			return -ENOMEM;
		lw.walk.seen_init = false;
		err = walk_supers(&lw.walk);
		if (!err && lw.visible <= list->max)
			break;
		ipcns_cookies_free(list);
		if (err)
			return err;
		if (room >= IPCNS_MAX_COOKIES)
			return -EOVERFLOW;
		room = lw.visible;
	}

	sort(list->cookie, list->n, sizeof(*list->cookie), ipcns_compare_cookies, NULL);
	for (i = 0, n = 0; i < list->n; i++)
		if (!n || list->cookie[n - 1] != list->cookie[i])
			list->cookie[n++] = list->cookie[i];
	list->n = n;
	list->pending = lw.walk.pending;
	return 0;
}

/**
 * ipcns_cookies_free() - free the result of ipcns_walk_cookies()
 * @list:	the list, which may be empty
 */
void ipcns_cookies_free(struct ipcns_cookies *list)
{
	kvfree(list->cookie);
	list->cookie = NULL;
	list->n = 0;
}

struct get_walk {
	struct walk		walk;
	struct ipcns_ns_ref	*refs;
	u32			n;
};

/* Takes a reference, unless the last one was dropped. */
static void take(struct ipcns_ns_ref *ref, struct ipc_namespace *ns)
{
	const struct ipcns_ns_ref *other;

	spin_lock(&held_lock);
	ref->refs = ipcns_ref_count(ns);
	ref->ns = get_ipc_ns_not_zero(ns);
	if (ref->ns) {
		hash_for_each_possible(held, other, held, (unsigned long)ns)
			ref->refs -= other->ns == ns;
		hash_add(held, &ref->held, (unsigned long)ns);
	}
	spin_unlock(&held_lock);
}

static void visit_get(struct walk *w, struct ipc_namespace *ns, u64 cookie)
{
	struct get_walk *gw = container_of(w, struct get_walk, walk);
	struct ipcns_ns_ref *ref = __inline_bsearch(&cookie, gw->refs, gw->n, sizeof(*gw->refs),
						    ipcns_compare_cookies);

	if (!ref || ref->ns)
		return;
	ref->access = access_to(w, ns, cookie);
	if (!w->view || ref->access >= w->view->least)
		take(ref, ns);
}

/**
 * ipcns_walk_get() - take references on namespaces
 * @refs:	array with the cookies of interest, ascending, and ns all NULL
 * @n:		length of the array
 * @view:	what may be seen; NULL for all
 *
 * Where a namespace has ended meanwhile, or not enough of it may be seen, ns stays
 * NULL. The caller drops the references with ipcns_put(), also after an error,
 * and leaves the array where it is until then.
 *
 * Context: process context, may sleep.
 * Return: 0, or as walk_supers().
 */
int ipcns_walk_get(struct ipcns_ns_ref *refs, u32 n, const struct ipcns_view *view)
{
	struct get_walk gw = { .walk.visit = visit_get, .walk.view = view, .refs = refs, .n = n };

	return walk_supers(&gw.walk);
}

/**
 * ipcns_walk_left() - find superblocks that have no namespace, or none yet
 * @left:	called for each, under RCU: may not sleep; @creating if its namespace is
 *		being created
 *
 * A filesystem that is mounted, or has an open queue, outlives its namespace.
 *
 * Context: process context, may sleep.
 * Return: 0, or as walk_supers().
 */
int ipcns_walk_left(void (*left)(const struct super_block *sb, bool creating))
{
	struct walk w = { .left = left };

	return walk_supers(&w);
}

/**
 * ipcns_put() - drop a reference
 * @ref:	a namespace, or none
 *
 * It may be the last reference; then ipc/namespace.c put_ipc_ns(), which 6.1 does
 * not export, takes a spinlock and leaves the rest to a worker.
 *
 * Context: process context.
 */
void ipcns_put(struct ipcns_ns_ref *ref)
{
	if (!ref->ns)
		return;
	spin_lock(&held_lock);
	hash_del(&ref->held);
	ref->ns->ns.ops->put(&ref->ns->ns);
	spin_unlock(&held_lock);
	ref->ns = NULL;
}

static const void *key_at(const struct ipcns_index *x, u32 i)
{
	return *(const void *const *)(x->keys + i * x->stride);
}

/**
 * ipcns_index_init() - index the entries of an array by an address in them
 * @x:		filled in; to be freed with ipcns_index_free(), also after an
 *		error
 * @keys:	the address in the first entry; entries in which it is NULL are
 *		left out. They stay as they are as long.
 * @stride:	size of an entry
 * @n:		how many
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_index_init(struct ipcns_index *x, const void *keys, size_t stride, u32 n)
{
	u32 i, *bucket;

	x->keys = keys;
	x->stride = stride;
	x->bits = order_base_2(n) + 1;
	x->buckets = kvcalloc(BIT(x->bits) + n, sizeof(*x->buckets), GFP_KERNEL_ACCOUNT);
	if (!x->buckets)
		return -ENOMEM;
	x->next = x->buckets + BIT(x->bits);
	for (i = 0; i < n; i++) {
		if (!key_at(x, i))
			continue;
		bucket = &x->buckets[hash_ptr(key_at(x, i), x->bits)];
		x->next[i] = *bucket;
		*bucket = i + 1;
	}
	return 0;
}

/**
 * ipcns_index_free() - undo ipcns_index_init()
 * @x:		the index
 */
void ipcns_index_free(struct ipcns_index *x)
{
	kvfree(x->buckets);
}

/* The first entry with a key, from one in its bucket on. */
static int first_of(const struct ipcns_index *x, u32 i, const void *key)
{
	while (i && key_at(x, i - 1) != key)
		i = x->next[i - 1];
	return (int)i - 1;
}

/**
 * ipcns_index_find() - find an entry
 * @x:		the index
 * @key:	an address, which is compared only, or NULL
 *
 * Context: any.
 * Return: its place in the array, or -1.
 */
int ipcns_index_find(const struct ipcns_index *x, const void *key)
{
	return first_of(x, x->buckets[hash_ptr(key, x->bits)], key);
}

/**
 * ipcns_index_next() - find another entry with the same address
 * @x:		the index
 * @i:		place of the last one that was found
 *
 * Context: any.
 * Return: as ipcns_index_find().
 */
int ipcns_index_next(const struct ipcns_index *x, u32 i)
{
	return first_of(x, x->next[i], key_at(x, i));
}

struct find_walk {
	struct walk	walk;
	u32		inum;
	u64		cookie;
	bool		several;
};

static void visit_find(struct walk *w, struct ipc_namespace *ns, u64 cookie)
{
	struct find_walk *fw = container_of(w, struct find_walk, walk);

	if (ns->ns.inum != fw->inum || !ipcns_ref_count(ns) || fw->cookie == cookie)
		return;
	if (access_to(w, ns, cookie) == IPCNS_ACCESS_NONE)
		return;
	if (fw->cookie)
		fw->several = true;
	fw->cookie = cookie;
}

/**
 * ipcns_walk_find() - find a namespace by its inode number
 * @inum:	the inode number
 * @cookie:	filled in
 * @view:	what may be seen; NULL for all
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOENT, -ENOTUNIQ if it was taken over by another namespace
 * during the walk, or as walk_supers().
 */
int ipcns_walk_find(u32 inum, u64 *cookie, const struct ipcns_view *view)
{
	struct find_walk fw = { .walk.visit = visit_find, .walk.view = view, .inum = inum };
	int err = walk_supers(&fw.walk);

	if (err)
		return err;
	if (fw.several)
		return -ENOTUNIQ;
	*cookie = fw.cookie;
	return fw.cookie ? 0 : -ENOENT;
}

/**
 * ipcns_walk_stats() - what the walks have seen so far
 * @out:	filled in; the counts need not be of one moment
 */
void ipcns_walk_stats(struct ipcns_walk_stats *out)
{
	out->namespaces = READ_ONCE(last_namespaces);
	out->pending = READ_ONCE(last_pending);
	out->walks = atomic64_read(&walks);
	out->cut = atomic64_read(&walks_cut);
}

/**
 * ipcns_walk_init() - find the mqueue filesystem
 *
 * Return: 0, or -ENODEV if the kernel has none.
 */
int ipcns_walk_init(void)
{
	mqueue_type = get_fs_type("mqueue");
	return mqueue_type ? 0 : -ENODEV;
}

/**
 * ipcns_walk_exit() - undo ipcns_walk_init()
 */
void ipcns_walk_exit(void)
{
	module_put(mqueue_type->owner);
}
