// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps namespaces: one walk over all threads and their descriptors for
 * many namespaces.
 *
 * Everything is found by comparing addresses with those of namespaces that we
 * hold references on; nothing of what is compared is followed.
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <net/scm.h>
#include <net/sock.h>

#include "dump.h"
#include "holder.h"
#include "layout.h"
#include "nl_gen.h"

/* Descriptors looked at, and holders found, with a process locked. */
#define LOOK 4096
#define FINDS 64

/* ipc/mqueue.c */
#define MQUEUE_MAGIC 0x19800202

/**
 * struct find - a holder found with a process locked
 * @ref:	namespace, by its place; -1 if @context is to tell
 * @holder:	what is known of it
 * @context:	an fscontext, referenced
 * @name:	its name
 */
struct find {
	int			ref;
	struct ipcns_holder	holder;
	struct file		*context;
	char			name[NAME_MAX];
};

/**
 * struct scan - a walk over all threads
 * @h:		the search
 * @index:	its namespaces
 * @finds:	what was found in one thread
 * @n:		how much
 * @looked:	descriptors that were looked at
 * @in_flight:	those in flight can be found, too
 */
struct scan {
	const struct ipcns_holders	*h;
	struct ipcns_index		index;
	struct find			*finds;
	u32				n;
	u32				looked;
	bool				in_flight;
};

/**
 * ipcns_token() - a number for a thing that tells nothing of its address
 * @p:		the thing
 */
u64 ipcns_token(const void *p)
{
	static siphash_key_t key __read_mostly;

	net_get_random_once(&key, sizeof(key));
	return siphash_1u64((unsigned long)p, &key);
}

static bool wanted(const struct scan *s, u8 kind)
{
	return s->h->kinds & BIT(kind);
}

/* Room for one more; there always is some, see look(). */
static struct find *add_find(struct scan *s, int ref, u8 kind, const void *thing)
{
	struct find *f = &s->finds[s->n];

	memset(&f->holder, 0, sizeof(f->holder));
	f->ref = ref;
	f->context = NULL;
	f->holder.kind = kind;
	f->holder.token = ipcns_token(thing);
	s->n++;
	return f;
}

static void take_name(struct find *f, struct dentry *dentry)
{
	spin_lock(&dentry->d_lock);
	f->holder.name_len = min_t(u32, dentry->d_name.len, NAME_MAX);
	memcpy(f->name, dentry->d_name.name, f->holder.name_len);
	spin_unlock(&dentry->d_lock);
}

static bool is_called(const struct dentry *dentry, const char *name)
{
	return dentry->d_name.len == strlen(name) && !memcmp(dentry->d_name.name, name, strlen(name));
}

/*
 * An open file of /proc/sysvipc: ipc/util.c sysvipc_proc_open() keeps the
 * opener's namespace. Nothing in /proc is ever renamed.
 */
static struct find *match_sysvipc(struct scan *s, const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry, *dir = dentry->d_parent;
	const struct seq_file *seq = file->private_data;
	struct ipc_proc_iter iter;
	struct find *f;
	int ref;

	if (!wanted(s, IPCNS_HOLDER_KIND_SYSVIPC) || !S_ISREG(file_inode(file)->i_mode) || !seq ||
	    dir->d_parent != dir->d_sb->s_root || !is_called(dir, "sysvipc") ||
	    copy_from_kernel_nofault(&iter, seq->private, sizeof(iter)))
		return NULL;
	ref = ipcns_index_find(&s->index, iter.ns);
	if (ref < 0)
		return NULL;
	f = add_find(s, ref, IPCNS_HOLDER_KIND_SYSVIPC, file);
	take_name(f, file->f_path.dentry);
	return f;
}

/* Its own lock, which may sleep, has to be taken to look into a context. */
static struct find *match_context(struct scan *s, struct file *file)
{
	struct find *f;

	if (!wanted(s, IPCNS_HOLDER_KIND_FSCONTEXT) || !is_called(file->f_path.dentry, "[fscontext]"))
		return NULL;
	f = add_find(s, -1, IPCNS_HOLDER_KIND_FSCONTEXT, file);
	f->context = get_file(file);
	return f;
}

static struct find *match_nsfs(struct scan *s, const struct inode *inode)
{
	const struct ns_common *common = inode->i_private;
	int ref = -1;

	if (common && wanted(s, IPCNS_HOLDER_KIND_NSFS))
		ref = ipcns_index_find(&s->index, container_of(common, struct ipc_namespace, ns));
	return ref < 0 ? NULL : add_find(s, ref, IPCNS_HOLDER_KIND_NSFS, inode);
}

static struct find *match_queue(struct scan *s, const struct file *file)
{
	struct find *f;
	int ref = -1;

	if (S_ISREG(file_inode(file)->i_mode) && wanted(s, IPCNS_HOLDER_KIND_MQ))
		ref = ipcns_index_find(&s->index, READ_ONCE(file_inode(file)->i_sb->s_fs_info));
	if (ref < 0)
		return NULL;
	f = add_find(s, ref, IPCNS_HOLDER_KIND_MQ, file_inode(file));
	take_name(f, file->f_path.dentry);
	return f;
}

/* Context: something keeps @file, no reference on the namespace is needed. */
static struct find *match_file(struct scan *s, struct file *file)
{
	const struct inode *inode = file_inode(file);

	switch (inode->i_sb->s_magic) {
	case NSFS_MAGIC:
		return match_nsfs(s, inode);
	case PROC_SUPER_MAGIC:
		return match_sysvipc(s, file);
	case ANON_INODE_FS_MAGIC:
		return match_context(s, file);
	case MQUEUE_MAGIC:
		return match_queue(s, file);
	}
	return NULL;
}

static bool found_before(const struct scan *s, u32 first, const struct find *f)
{
	u32 i;

	for (i = first; &s->finds[i] < f; i++)
		if (s->finds[i].ref == f->ref && s->finds[i].holder.kind == f->holder.kind &&
		    s->finds[i].holder.token == f->holder.token)
			return true;
	return false;
}

/*
 * Descriptors that were sent to a Unix socket and not received yet. Where one
 * socket has more different ones than there is room for, the others are left
 * to what cannot be attributed; so are those of connections that were not
 * accepted yet.
 */
static void match_socket(struct scan *s, struct file *file, u32 fd)
{
	struct sock *sk = SOCKET_I(file_inode(file))->sk;
	struct sk_buff *skb;
	u32 first = s->n;

	if (!s->in_flight || !sk || sk->sk_family != AF_UNIX || READ_ONCE(sk->sk_state) == TCP_LISTEN ||
	    skb_queue_empty_lockless(&sk->sk_receive_queue))
		return;
	spin_lock(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		const struct unix_skb_parms *parms = (void *)skb->cb;
		const struct scm_fp_list *fp = parms->fp;
		int i;

		for (i = 0; fp && i < fp->count && s->n < FINDS; i++) {
			struct find *f = match_file(s, fp->fp[i]);

			if (!f)
				continue;
			f->holder.fd = fd;
			f->holder.in_flight = true;
			if (found_before(s, first, f) && !f->context)
				s->n--;
		}
	}
	spin_unlock(&sk->sk_receive_queue.lock);
}

/* To be returned to iterate_fd(), which it stops. */
#define GO_ON_AT(fd) ((fd) + 1)

static int look(const void *arg, struct file *file, unsigned int fd)
{
	struct scan *s = (struct scan *)arg;
	struct find *f;

	if (s->n == FINDS || s->looked++ == LOOK)
		return GO_ON_AT(fd);
	if (S_ISSOCK(file_inode(file)->i_mode)) {
		/* all of the room for one socket */
		if (s->n)
			return GO_ON_AT(fd);
		match_socket(s, file, fd);
		return s->n ? GO_ON_AT(fd + 1) : 0;
	}
	f = match_file(s, file);
	if (f)
		f->holder.fd = fd;
	return 0;
}

/*
 * Looks into one thread; the leader of a process stands for all threads that
 * have the same as it.
 *
 * Return: where to go on in it, for another call, or 0 if it is done.
 */
static u32 look_into(struct scan *s, struct task_struct *t, u32 stopped)
{
	u32 fd = stopped ? stopped - 1 : 0;
	int ref;

	s->n = 0;
	s->looked = 0;
	rcu_read_lock();
	task_lock(t);
	if (!pid_alive(t)) {
		stopped = 0;
		goto out;
	}
	if (!stopped && wanted(s, IPCNS_HOLDER_KIND_TASK) && t->nsproxy &&
	    (t == t->group_leader || READ_ONCE(t->group_leader->nsproxy) != t->nsproxy)) {
		ref = ipcns_index_find(&s->index, t->nsproxy->ipc_ns);
		if (ref >= 0)
			add_find(s, ref, IPCNS_HOLDER_KIND_TASK, t->nsproxy);
	}
	stopped = 0;
	if (t->files && (t == t->group_leader || READ_ONCE(t->group_leader->files) != t->files))
		stopped = iterate_fd(t->files, fd, look, s);
out:
	task_unlock(t);
	rcu_read_unlock();
	return stopped;
}

/*
 * Which namespace a context is for. One that is busy, with a mount for
 * instance, is left to what cannot be attributed: that may take for ever.
 */
static void resolve_context(struct scan *s, struct find *f)
{
	struct fs_context *fc = f->context->private_data;
	struct mqueue_fs_context ctx;

	if (!mutex_trylock(&fc->uapi_mutex))
		goto out;
	if (ipcns_is_mqueue(fc->fs_type) &&
	    !copy_from_kernel_nofault(&ctx, fc->fs_private, sizeof(ctx)))
		f->ref = ipcns_index_find(&s->index, ctx.ipc_ns);
	mutex_unlock(&fc->uapi_mutex);
out:
	fput(f->context);
}

/* Adds what was found in a thread; all of it again if there was no room. */
static int add_finds(struct scan *s, struct task_struct *t)
{
	int err = 0;
	u32 i;

	for (i = 0; i < s->n; i++) {
		struct find *f = &s->finds[i];

		if (f->context)
			resolve_context(s, f);
		if (f->ref < 0 || err)
			continue;
		ipcns_name(s->h->r, t, &f->holder.process);
		err = ipcns_holder_add(s->h, f->ref, &f->holder, f->name);
	}
	return err;
}

static int collect_tasks(const struct ipcns_holders *h)
{
	struct ipcns_holder_place *place = h->place;
	struct scan s = { .h = h, .in_flight = ipcns_layout_in_flight() };
	struct task_struct *t;
	int err = -ENOMEM;

	if (!(h->kinds & ~(BIT(IPCNS_HOLDER_KIND_COUNT) | BIT(IPCNS_HOLDER_KIND_SHM))))
		return 0;
	s.finds = kvmalloc_array(FINDS, sizeof(*s.finds), GFP_KERNEL);
	if (ipcns_index_init(&s.index, h->refs, h->n) || !s.finds)
		goto out;
	place->nr = max(place->nr, 1);
	err = 0;
	while (!err && (t = ipcns_thread_get(&place->nr))) {
		u32 next = look_into(&s, t, place->fd);

		err = add_finds(&s, t);
		put_task_struct(t);
		if (err)
			break;
		place->fd = next;
		if (!next)
			place->nr++;
		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
out:
	kvfree(s.finds);
	ipcns_index_free(&s.index);
	return err;
}

static int collect_counts(const struct ipcns_holders *h)
{
	struct ipcns_holder count = { .kind = IPCNS_HOLDER_KIND_COUNT };
	int err;

	for (; h->place->ref < h->n; h->place->ref++) {
		const struct ipcns_ref *ref = &h->refs[h->place->ref];

		if (!ref->ns)
			continue;
		count.refs = ref->refs;
		count.counted = ipcns_is_counted(ref->ns);
		err = ipcns_holder_add(h, h->place->ref, &count, "");
		if (err)
			return err;
	}
	return 0;
}

/**
 * ipcns_holder_add() - add a record
 * @h:		the search
 * @ref:	the namespace, by its place
 * @holder:	what is known of the holder, its namespace excepted
 * @name:	its name, of holder->name_len bytes
 *
 * Return: 0, -ENOBUFS if the buffer is full, or -ENOMEM.
 */
int ipcns_holder_add(const struct ipcns_holders *h, u32 ref, const struct ipcns_holder *holder,
		     const char *name)
{
	struct ipcns_holder *out = ipcns_buf_reserve(h->buf, sizeof(*out) + holder->name_len);

	if (IS_ERR(out))
		return PTR_ERR(out);
	*out = *holder;
	out->ns_id = h->refs[ref].id;
	out->ns_inum = h->refs[ref].ns->ns.inum;
	memcpy(out->name, name, holder->name_len);
	ipcns_buf_commit(h->buf, sizeof(*out) + holder->name_len);
	return 0;
}

static int (*const phases[])(const struct ipcns_holders *h) = {
	collect_counts,
	ipcns_attachments_collect,
	collect_tasks,
};

/**
 * ipcns_holders_collect() - find what keeps namespaces
 * @h:		the search
 *
 * A holder that was there all the time is found at least once. Where the buffer
 * was full, some may come again in the next call.
 *
 * Context: process context, may sleep.
 * Return: 0 when all is done, -ENOBUFS if the buffer is full, -ENOMEM, or
 * -EINTR if the caller was killed.
 */
int ipcns_holders_collect(const struct ipcns_holders *h)
{
	struct ipcns_holder_place *place = h->place;
	int err;

	while (place->phase < ARRAY_SIZE(phases)) {
		err = phases[place->phase](h);
		if (err)
			return err;
		*place = (struct ipcns_holder_place) { .phase = place->phase + 1 };
	}
	return 0;
}

static int process_fill(struct sk_buff *skb, const struct ipcns_name *p)
{
	if (!p->known)
		return 0;
	return nla_put_u32(skb, IPCNS_A_HOLDER_PID, p->pid) ?:
	       nla_put(skb, IPCNS_A_HOLDER_COMM, strnlen(p->comm, sizeof(p->comm)), p->comm);
}

static int attachment_fill(struct sk_buff *skb, const struct ipcns_holder *h)
{
	if (nla_put_u32(skb, IPCNS_A_HOLDER_ID, h->id) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_NATTCH, h->nattch, IPCNS_A_HOLDER_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_SIZE, h->size, IPCNS_A_HOLDER_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_START, h->start, IPCNS_A_HOLDER_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_END, h->end, IPCNS_A_HOLDER_PAD) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_MM, h->mm, IPCNS_A_HOLDER_PAD) ||
	    (h->read_only && nla_put_flag(skb, IPCNS_A_HOLDER_READ_ONLY)))
		return -EMSGSIZE;
	return 0;
}

static int descriptor_fill(struct sk_buff *skb, const struct ipcns_holder *h)
{
	if (nla_put_u32(skb, IPCNS_A_HOLDER_FD, h->fd) ||
	    (h->in_flight && nla_put_flag(skb, IPCNS_A_HOLDER_IN_FLIGHT)) ||
	    (h->name_len && nla_put(skb, IPCNS_A_HOLDER_NAME, h->name_len, h->name)))
		return -EMSGSIZE;
	return 0;
}

/**
 * ipcns_holder_fill() - put a holder into a message
 * @skb:	the message
 * @record:	a struct ipcns_holder
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_holder_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_holder *h = record;
	if (nla_put_u32(skb, IPCNS_A_HOLDER_NS_INUM, h->ns_inum) ||
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_NS_ID, h->ns_id, IPCNS_A_HOLDER_PAD) ||
	    nla_put_u32(skb, IPCNS_A_HOLDER_KIND, h->kind))
		return -EMSGSIZE;
	if (h->kind == IPCNS_HOLDER_KIND_COUNT)
		return h->counted ? nla_put_u32(skb, IPCNS_A_HOLDER_REFS, h->refs) : 0;
	if (process_fill(skb, &h->process))
		return -EMSGSIZE;
	/* an open queue has no reference that could be told apart */
	if (h->kind != IPCNS_HOLDER_KIND_MQ &&
	    nla_put_u64_64bit(skb, IPCNS_A_HOLDER_TOKEN, h->token, IPCNS_A_HOLDER_PAD))
		return -EMSGSIZE;
	switch (h->kind) {
	case IPCNS_HOLDER_KIND_TASK:
		return 0;
	case IPCNS_HOLDER_KIND_SHM:
		return attachment_fill(skb, h);
	default:
		return descriptor_fill(skb, h);
	}
}

/**
 * struct holder_get - progress of a request for holders
 * @kinds:	mask of the kinds of holders wanted
 * @resume:	where to go on
 */
struct holder_get {
	u32				kinds;
	struct ipcns_holder_place	resume;
};

static int holder_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kinds = attrs[IPCNS_A_HOLDER_KINDS];
	struct holder_get *get = d->priv;

	get->kinds = ipcns_layout_holders();
	if (kinds) {
		get->kinds = nla_get_u32(kinds);
		if (get->kinds & ~ipcns_layout_holders()) {
			NL_SET_ERR_MSG_ATTR(extack, kinds, "kind cannot be found on this kernel, see status");
			return -EOPNOTSUPP;
		}
	}
	return ipcns_parse_ns(d, attrs[IPCNS_A_HOLDER_NS_INUM], attrs[IPCNS_A_HOLDER_NS_ID], false,
			extack);
}

static int holder_collect(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n)
{
	struct holder_get *get = d->priv;
	const struct ipcns_holders h = {
		.r	= &d->reader,
		.kinds	= get->kinds,
		.refs	= refs,
		.n	= n,
		.buf	= &d->buf,
		.place	= &get->resume,
	};
	int err = ipcns_holders_collect(&h);

	if (!err) {
		d->pos += n;
		get->resume = (struct ipcns_holder_place) { };
	}
	return err == -ENOBUFS ? 0 : err;
}

static const struct ipcns_dump_ops holder_ops = {
	.cmd		= IPCNS_CMD_HOLDER_GET,
	.priv_size	= sizeof(struct holder_get),
	.sight		= IPCNS_SIGHT_ALL,
	.batch		= IPCNS_HOLDER_BATCH,
	.parse		= holder_parse,
	.collect	= holder_collect,
	.fill		= ipcns_holder_fill,
};

int ipcns_nl_holder_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ipcns_dump_step(skb, cb, &holder_ops);
}
