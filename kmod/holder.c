// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps namespaces: their reference counts, member tasks, and attached
 * segments. What else may keep one is found from user space, or not at all.
 */
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/siphash.h>

#include "attr.h"
#include "dump.h"
#include "holder.h"
#include "layout.h"
#include "nl_gen.h"

/**
 * ipcns_token() - a number for a thing that says nothing of its address
 * @p:		the thing
 */
u64 ipcns_token(const void *p)
{
	static siphash_key_t key __read_mostly;

	net_get_random_once(&key, sizeof(key));
	return siphash_1u64((unsigned long)p, &key);
}

static int collect_counts(struct ipcns_holders *h)
{
	struct ipcns_holder count = { .kind = IPCNS_HOLDER_KIND_COUNT };
	int err;

	for (; h->place->ref < h->n; h->place->ref++) {
		const struct ipcns_ns_ref *ref = &h->refs[h->place->ref];

		if (!ref->ns)
			continue;
		count.refs = ref->refs;
		count.counted = ipcns_is_counted(ref->ns);
		err = ipcns_holder_add(h, h->place->ref, &count, false);
		if (err)
			return err;
	}
	return 0;
}

static int collect_tasks(struct ipcns_holders *h)
{
	struct ipcns_holder task = { .kind = IPCNS_HOLDER_KIND_TASK };
	struct ipcns_index index;
	struct task_struct *t;
	const void *nsproxy;
	int ref, err;

	if (!(h->kinds & BIT(IPCNS_HOLDER_KIND_TASK)))
		return 0;
	err = ipcns_index_init(&index, &h->refs->ns, sizeof(*h->refs), h->n);
	while (!err) {
		ref = ipcns_next_member(&index, &h->place->nr, &t, &nsproxy);
		if (ref < 0) {
			err = ref == -ENOENT ? 0 : ref;
			break;
		}
		ipcns_process_read(h->r, t, &task.process);
		put_task_struct(t);
		task.token = ipcns_token(nsproxy);
		err = ipcns_holder_add(h, ref, &task, ipcns_process_hidden(h->r, &task.process));
		if (!err)
			h->place->nr++;
	}
	ipcns_index_free(&index);
	return err;
}

/**
 * ipcns_holder_add() - add a record
 * @h:		the search
 * @ref:	the namespace, by its place
 * @holder:	what is known of the holder, its namespace excepted
 * @hidden:	the reader cannot see its process: the holder is counted only
 *
 * Hidden holders that follow one another and share a reference share a record.
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOBUFS if the buffer is full, or -ENOMEM.
 */
int ipcns_holder_add(struct ipcns_holders *h, u32 ref, const struct ipcns_holder *holder,
		     bool hidden)
{
	struct ipcns_holder *last = h->hidden, *out;
	u64 ns_id = h->refs[ref].id;

	if (hidden && last && last->ns_id == ns_id && last->kind == holder->kind &&
	    last->token == holder->token && last->id == holder->id) {
		last->hidden++;
		return 0;
	}
	h->hidden = NULL;
	out = ipcns_buf_reserve(h->buf, sizeof(*out));
	if (IS_ERR(out))
		return PTR_ERR(out);
	*out = *holder;
	out->ns_id = ns_id;
	out->ns_inum = h->refs[ref].ns->ns.inum;
	out->hidden = hidden;
	ipcns_buf_commit(h->buf, sizeof(*out));
	if (hidden)
		h->hidden = out;
	return 0;
}

static int (*const phases[])(struct ipcns_holders *h) = {
	collect_counts,
	ipcns_attachments_collect,
	collect_tasks,
};

/**
 * ipcns_holders_collect() - find what keeps namespaces
 * @h:		the search
 *
 * A holder that was there all the time is found at least once. Where the buffer
 * was full, the next call continues after the last one.
 *
 * Context: process context, may sleep.
 * Return: 0 when all is done, -ENOBUFS if the buffer is full, -ENOMEM, or
 * -EINTR if the caller was killed.
 */
int ipcns_holders_collect(struct ipcns_holders *h)
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

static int segment_fill(struct sk_buff *skb, const struct ipcns_holder *h)
{
	if (nla_put_u32(skb, IPCNS_A_HOLDER_ID, h->id) ||
	    ipcns_attr_u64(skb, IPCNS_A_HOLDER_NATTCH, h->nattch) ||
	    ipcns_attr_u64(skb, IPCNS_A_HOLDER_SIZE, h->size) ||
	    (h->truncated && nla_put_flag(skb, IPCNS_A_HOLDER_TRUNCATED)))
		return -EMSGSIZE;
	return 0;
}

static int area_fill(struct sk_buff *skb, const struct ipcns_holder *h)
{
	if (ipcns_attr_u64(skb, IPCNS_A_HOLDER_START, h->start) ||
	    ipcns_attr_u64(skb, IPCNS_A_HOLDER_END, h->end) ||
	    ipcns_attr_u64(skb, IPCNS_A_HOLDER_MM, h->mm) ||
	    (h->read_only && nla_put_flag(skb, IPCNS_A_HOLDER_READ_ONLY)))
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
	    ipcns_attr_u64(skb, IPCNS_A_HOLDER_NS_ID, h->ns_id) ||
	    nla_put_u32(skb, IPCNS_A_HOLDER_KIND, h->kind))
		return -EMSGSIZE;
	if (h->kind == IPCNS_HOLDER_KIND_COUNT)
		return h->counted ? nla_put_u32(skb, IPCNS_A_HOLDER_REFS, h->refs) : 0;
	if (ipcns_attr_u64(skb, IPCNS_A_HOLDER_TOKEN, h->token) ||
	    (h->kind == IPCNS_HOLDER_KIND_SHM && segment_fill(skb, h)))
		return -EMSGSIZE;
	/* neither its process nor its addresses */
	if (h->hidden)
		return nla_put_u32(skb, IPCNS_A_HOLDER_HIDDEN, h->hidden);
	if (ipcns_process_fill(skb, IPCNS_A_HOLDER_PID, IPCNS_A_HOLDER_COMM, &h->process) ||
	    (h->kind == IPCNS_HOLDER_KIND_SHM && area_fill(skb, h)))
		return -EMSGSIZE;
	return 0;
}

/**
 * struct holder_get - progress of a request for holders
 * @kinds:	mask of the kinds of holders wanted
 * @resume:	where to continue
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

	get->kinds = kinds ? nla_get_u32(kinds) : ipcns_layout_holders();
	if (get->kinds & ~ipcns_layout_holders()) {
		NL_SET_ERR_MSG_ATTR(extack, kinds, "kind cannot be found on this kernel, see status");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int holder_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct holder_get *get = d->priv;
	struct ipcns_holders h = {
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
	.ns_attr	= IPCNS_A_HOLDER_NS_INUM,
	.access		= IPCNS_ACCESS_FULL,
	.batch		= IPCNS_HOLDER_BATCH,
	.parse		= holder_parse,
	.collect	= holder_collect,
	.fill		= ipcns_holder_fill,
};

IPCNS_DUMP(holder_get, holder_ops)
