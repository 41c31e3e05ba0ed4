// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX message queues: the inodes of the namespace's mqueue filesystem.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "attr.h"
#include "creator.h"
#include "layout.h"
#include "object.h"

/* Queues that are referenced at once. */
#define BATCH 256

/* A queue of a batch; inode is NULL if the queue was removed meanwhile. */
struct slot {
	u64		ino;
	struct inode	*inode;
};

/* Keeps the inodes with the lowest numbers, sorted; n is how many there are. */
static u32 insert(struct slot *batch, u32 n, struct inode *inode)
{
	u64 ino = inode->i_ino;
	u32 i = n;

	if (n == BATCH) {
		if (ino >= batch[n - 1].ino)
			return n;
		i = --n;
	}
	for (; i > 0 && batch[i - 1].ino > ino; i--)
		batch[i] = batch[i - 1];
	batch[i].ino = ino;
	batch[i].inode = inode;
	return n + 1;
}

/*
 * References the next queues of a namespace, after an inode number; returns how many.
 *
 * The order of inode numbers makes it possible to go on later without holding
 * anything. The list is in no order, so a namespace with very many queues is
 * gone through once for each BATCH of them. The root is a directory and left
 * out.
 */
static u32 next_batch(struct super_block *sb, struct slot *batch, u64 after)
{
	struct inode *inode;
	u32 i, n = 0;

	/* the order of the locks is that of fs/inode.c evict_inodes() */
	spin_lock(&sb->s_inode_list_lock);
	/* new ones are put in front: in this order, most are appended or left out */
	list_for_each_entry_reverse(inode, &sb->s_inodes, i_sb_list)
		if (inode->i_ino > after && inode != d_inode(sb->s_root))
			n = insert(batch, n, inode);
	for (i = 0; i < n; i++)
		batch[i].inode = igrab(batch[i].inode);
	spin_unlock(&sb->s_inode_list_lock);
	return n;
}

static struct mqueue_inode_info *info_of(struct inode *inode)
{
	return container_of(inode, struct mqueue_inode_info, vfs_inode);
}

/*
 * The directory entry of a queue, referenced, or NULL. Only an inode that has one has
 * been set up: ipc/mqueue.c mqueue_create_attr() adds it last. A queue that was unlinked
 * keeps its entry while it is open.
 */
static struct dentry *named(struct inode *inode)
{
	struct dentry *dentry = d_find_any_alias(inode);

	if (dentry && !S_ISREG(inode->i_mode)) {
		dput(dentry);
		return NULL;
	}
	return dentry;
}

static void read_name(struct dentry *dentry, struct ipcns_object *o)
{
	spin_lock(&dentry->d_lock);
	o->name_len = min_t(u32, dentry->d_name.len, NAME_MAX);
	memcpy(o->name, dentry->d_name.name, o->name_len);
	spin_unlock(&dentry->d_lock);
}

/*
 * References on the entry of a queue, but for the caller's own and the one that its
 * name has until mqueue_unlink() drops it. The count is read first: a queue that is
 * unlinked meanwhile has one reference too many, never one too few.
 */
static u32 count_opens(const struct inode *inode, const struct dentry *dentry)
{
	int count = d_count(dentry);

	smp_rmb();	/* mqueue_unlink() clears i_nlink before it drops the reference */
	return max(count - 1 - !!READ_ONCE(inode->i_nlink), 0);
}

/* What ipc/mqueue.c mqueue_read_file() and mq_getsetattr(2) report, and waiters. */
static void read_queue(const struct ipcns_reader *r, struct inode *inode, struct ipcns_object *o)
{
	struct mqueue_inode_info *info = info_of(inode);
	u32 nodes = 0;

	o->kind = IPCNS_KIND_MQ;
	o->id = inode->i_ino;
	o->mode = inode->i_mode & 0777;
	o->uid = ipcns_reader_uid(r, inode->i_uid);
	o->gid = ipcns_reader_gid(r, inode->i_gid);
	o->gone = 0;
	o->there = 0;
	o->ctime = ipcns_inode_ctime(inode);
	o->mq.status = inode->i_nlink ? 0 : IPCNS_MQ_STATUS_UNLINKED;

	spin_lock(&info->lock);
	o->mq.maxmsg = info->attr.mq_maxmsg;
	o->mq.msgsize = info->attr.mq_msgsize;
	o->mq.curmsgs = info->attr.mq_curmsgs;
	o->mq.qsize = info->qsize;
	o->mq.notify = info->notify_owner;
	if (o->mq.notify) {
		o->mq.notify_pid = ipcns_reader_pid(r, info->notify_owner);
		o->mq.notify_method = info->notify.sigev_notify;
		/* the other methods leave it as the memory was, see mqueue_read_file() */
		o->mq.notify_signo = info->notify.sigev_notify == SIGEV_SIGNAL ?
				     info->notify.sigev_signo : 0;
	}
	o->mq.receivers = ipcns_list_length(&info->e_wait_q[IPCNS_MQ_RECEIVERS].list, &nodes);
	o->mq.senders = ipcns_list_length(&info->e_wait_q[IPCNS_MQ_SENDERS].list, &nodes);
	spin_unlock(&info->lock);
}

/* In his own namespace a reader gets what he could read in its filesystem. */
static bool may_read(const struct ipcns_collect *c, const struct inode *inode)
{
	return c->ref->access == IPCNS_ACCESS_FULL ||
	       ipcns_reader_may_read(c->r, c->ref->ns->user_ns, inode->i_uid, inode->i_uid,
				     inode->i_gid, inode->i_gid, inode->i_mode);
}

static bool wanted(const struct ipcns_filter *f, const struct inode *inode,
		   const struct ipcns_object *o)
{
	return !(f->by_uid && !uid_eq(f->uid, inode->i_uid)) &&
	       !(f->by_name && (f->name_len != o->name_len ||
				memcmp(f->name, o->name, o->name_len)));
}

/*
 * Visits the queues of a namespace, in the order of their inode numbers, after
 * the one *@after, which is moved on. The reference on the namespace keeps its
 * superblock and with that the list of inodes. Anything but 0 from visit() ends
 * it, before *@after is moved.
 */
static int visit_queues(struct ipc_namespace *ns, u64 *after,
			int (*visit)(struct inode *inode, struct dentry *dentry, void *arg),
			void *arg)
{
	struct super_block *sb = ns->mq_mnt->mnt_sb;
	struct slot *batch;
	u32 i, n;
	int err = 0;

	/* the usual namespace has no queue; unlinked ones that are open count */
	if (!READ_ONCE(ns->mq_queues_count))
		return 0;
	batch = kvmalloc_array(BATCH, sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!batch)
		return -ENOMEM;
	do {
		n = next_batch(sb, batch, *after);
		for (i = 0; i < n; i++) {
			struct inode *inode = err ? NULL : batch[i].inode;
			struct dentry *dentry = inode ? named(inode) : NULL;

			if (dentry)
				err = visit(inode, dentry, arg);
			if (!err)
				*after = batch[i].ino;
			dput(dentry);
			iput(batch[i].inode);
			cond_resched();
		}
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	} while (n && !err);
	kvfree(batch);
	return err;
}

/* What is known to those who may see all of a namespace. */
static void read_use(const struct ipcns_reader *r, struct inode *inode,
		     const struct dentry *dentry, struct ipcns_object *o)
{
	o->mq.opens = count_opens(inode, dentry);
	rcu_read_lock();
	/* see probe.c on_mq_unlinked() */
	ipcns_creator_read(r, READ_ONCE(inode->i_nlink) ? (void *)dentry : (void *)inode,
			   &o->creator, &o->gone, &o->there);
	rcu_read_unlock();
}

static int add_queue(struct inode *inode, struct dentry *dentry, void *arg)
{
	const struct ipcns_collect *c = arg;
	struct ipcns_object *o;

	o = ipcns_buf_reserve(c->buf, IPCNS_OBJECT_MAX);
	if (IS_ERR(o))
		return PTR_ERR(o);
	read_name(dentry, o);
	if (wanted(c->filter, inode, o) && may_read(c, inode)) {
		read_queue(c->r, inode, o);
		o->mq.opens = IPCNS_UNKNOWN;
		o->creator.time = 0;
		if (c->ref->access == IPCNS_ACCESS_FULL)
			read_use(c->r, inode, dentry, o);
		o->ns_id = c->ref->id;
		o->ns_inum = c->ref->ns->ns.inum;
		ipcns_buf_commit(c->buf, sizeof(*o) + o->name_len);
	}
	return 0;
}

/* A position is the number of the last inode done. */
static int mq_collect(const struct ipcns_collect *c, u64 *next)
{
	if (c->filter->by_id || c->filter->by_key)
		return 0;
	return visit_queues(c->ref->ns, next, add_queue, (void *)c);
}

static int add_bytes(struct inode *inode, struct dentry *dentry, void *arg)
{
	*(u64 *)arg += READ_ONCE(info_of(inode)->qsize);
	return 0;
}

/**
 * ipcns_mq_bytes() - bytes in all queues of a namespace
 * @ns:		a namespace, referenced by the caller
 * @bytes:	filled in
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, or -EINTR if the caller was killed.
 */
int ipcns_mq_bytes(struct ipc_namespace *ns, u64 *bytes)
{
	u64 after = 0;

	*bytes = 0;
	return visit_queues(ns, &after, add_bytes, bytes);
}

static u64 count_messages(void *object)
{
	return info_of(object)->attr.mq_curmsgs;
}

/* From the highest priority down, as they will be received. */
static u32 read_messages(void *object, struct ipcns_message *out, u32 max)
{
	struct mqueue_inode_info *info = info_of(object);
	struct rb_node *node;
	u32 n = 0;

	for (node = rb_last(&info->msg_tree); node && n < max; node = rb_prev(node)) {
		const struct posix_msg_tree_node *leaf =
			rb_entry(node, struct posix_msg_tree_node, rb_node);
		u32 end = n + ipcns_messages_read(&leaf->msg_list, out + n, max - n);

		for (; n < end; n++)
			out[n].mtype = leaf->priority;
	}
	return n;
}

/* A task on a list sleeps until it is taken off with the queue locked. */
static void read_waiters(void *object, struct ipcns_waiters *w)
{
	static const u32 roles[] = {
		[IPCNS_MQ_SENDERS]	= IPCNS_ROLE_SENDER,
		[IPCNS_MQ_RECEIVERS]	= IPCNS_ROLE_RECEIVER,
	};
	struct mqueue_inode_info *info = info_of(object);
	const struct ext_wait_queue *ewq;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		list_for_each_entry(ewq, &info->e_wait_q[i].list, list) {
			ipcns_waiters_add(w, roles[i], ewq->task);
			if (w->truncated)
				return;
		}
	}
}

struct search {
	const struct ipcns_filter	*filter;
	struct inode			*inode;
};

/* Several can have the same name if all but one are unlinked: that one, if any. */
static int find_queue(struct inode *inode, struct dentry *dentry, void *arg)
{
	struct search *s = arg;
	bool same;

	spin_lock(&dentry->d_lock);
	same = dentry->d_name.len == s->filter->name_len &&
	       !memcmp(dentry->d_name.name, s->filter->name, s->filter->name_len);
	spin_unlock(&dentry->d_lock);
	if (!same || (s->inode && !inode->i_nlink))
		return 0;
	iput(s->inode);
	s->inode = igrab(inode);
	return 0;
}

/* Visits the queue that the filter names. */
static int mq_visit(const struct ipcns_collect *c, void (*call)(void *object, void *arg),
		    void *arg)
{
	struct search s = { .filter = c->filter };
	u64 after = 0;
	int err;

	err = visit_queues(c->ref->ns, &after, find_queue, &s);
	if (!err && !s.inode)
		err = -ENOENT;
	if (!err) {
		spin_lock(&info_of(s.inode)->lock);
		call(s.inode, arg);
		spin_unlock(&info_of(s.inode)->lock);
	}
	iput(s.inode);
	return err;
}

static int mq_fill(struct sk_buff *skb, const struct ipcns_object *o)
{
	if (ipcns_attr_u64(skb, IPCNS_A_MQ_MAXMSG, o->mq.maxmsg) ||
	    ipcns_attr_u64(skb, IPCNS_A_MQ_MSGSIZE, o->mq.msgsize) ||
	    ipcns_attr_u64(skb, IPCNS_A_MQ_CURMSGS, o->mq.curmsgs) ||
	    ipcns_attr_u64(skb, IPCNS_A_MQ_QSIZE, o->mq.qsize) ||
	    ipcns_attr_u32(skb, IPCNS_A_MQ_STATUS, o->mq.status) ||
	    ipcns_attr_count(skb, IPCNS_A_MQ_RECEIVERS, o->mq.receivers) ||
	    ipcns_attr_count(skb, IPCNS_A_MQ_SENDERS, o->mq.senders) ||
	    ipcns_attr_count(skb, IPCNS_A_MQ_OPENS, o->mq.opens))
		return -EMSGSIZE;
	if (o->mq.notify && (ipcns_attr_u32(skb, IPCNS_A_MQ_NOTIFY_PID, o->mq.notify_pid) ||
			     ipcns_attr_u32(skb, IPCNS_A_MQ_NOTIFY_METHOD, o->mq.notify_method) ||
			     ipcns_attr_u32(skb, IPCNS_A_MQ_NOTIFY_SIGNO, o->mq.notify_signo)))
		return -EMSGSIZE;
	return 0;
}

const struct ipcns_kind_ops ipcns_mq_ops = {
	.name		= "mq",
	.collect	= mq_collect,
	.fill		= mq_fill,
	.visit		= mq_visit,
	.n_messages	= count_messages,
	.messages	= read_messages,
	.waiters	= read_waiters,
};
