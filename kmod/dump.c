// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answering requests: collect records, then send them.
 *
 * A dump is served by many calls, with the reader in between. What they share
 * is memory of the module's own: the ids of the namespaces, and a bounded batch
 * of records. References on namespaces are taken, used and dropped within one
 * call, so a reader that sleeps delays no one.
 */
#include <linux/bitmap.h>
#include <linux/bsearch.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <net/sock.h>

#include "attr.h"
#include "dump.h"
#include "nl_gen.h"
#include "registry.h"

/* Ticks that a dump waits for creations to be done. */
#define MOST_WAITS 20

static atomic_t dumps_open;

static enum ipcns_access dump_access(const struct ipcns_view *view, const struct ipc_namespace *ns,
				     u64 cookie)
{
	const struct ipcns_dump *d = container_of(view, struct ipcns_dump, view);

	return ipcns_reader_access(&d->reader, ns->user_ns, cookie);
}

/**
 * ipcns_dump_charge() - account memory of a dump, besides its buffer, to its user
 * @d:		the dump
 * @bytes:	size of the memory, which lasts as long as the dump
 *
 * Return: 0 or -EDQUOT.
 */
int ipcns_dump_charge(struct ipcns_dump *d, size_t bytes)
{
	if (!ipcns_quota_charge(d->quota, bytes))
		return -EDQUOT;
	d->charged += bytes;
	return 0;
}

static void dump_free(struct ipcns_dump *d)
{
	if (d->priv && d->ops && d->ops->release)
		d->ops->release(d->priv);
	kvfree(d->priv);
	kvfree(d->collected);
	ipcns_buf_free(&d->buf);
	ipcns_cookies_free(&d->list);
	ipcns_quota_uncharge(d->quota, d->charged);
	ipcns_quota_put(d->quota);
	ipcns_reader_put(&d->reader);
	kfree(d);
}

/* A request that ipcns_access_check() let pass. */
static struct ipcns_dump *dump_alloc(struct sk_buff *request)
{
	struct ipcns_dump *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	int err;

	if (!d)
		return ERR_PTR(-ENOMEM);
	ipcns_reader_get(&d->reader, request);
	d->view.access = dump_access;
	ipcns_buf_init(&d->buf);
	if (d->reader.admin)
		return d;
	d->quota = ipcns_quota_get(d->reader.cred);
	if (IS_ERR(d->quota)) {
		err = PTR_ERR(d->quota);
		d->quota = NULL;
	} else {
		d->buf.quota = d->quota;
		err = ipcns_dump_charge(d, IPCNS_BUF_CHUNK);
	}
	if (err) {
		dump_free(d);
		return ERR_PTR(err);
	}
	return d;
}

static void set_quota_text(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "too many dumps of one user at a time, or too much memory in them");
}

/**
 * ipcns_parse_ns() - take the namespace wanted from a request
 * @d:		the request; inum, id and ns_attr are filled in
 * @inum:	attribute with its inode number, or NULL
 * @id:		attribute with its id, or NULL
 * @one:	one of them has to be there
 * @extack:	gets the reason for an error
 *
 * Return: 0 or -EINVAL.
 */
int ipcns_parse_ns(struct ipcns_dump *d, struct nlattr *inum, struct nlattr *id, bool one,
		   struct netlink_ext_ack *extack)
{
	if (inum && id) {
		NL_SET_ERR_MSG_ATTR(extack, id, "inum and id of a namespace exclude each other");
		return -EINVAL;
	}
	if (one && !inum && !id) {
		NL_SET_ERR_MSG(extack, "inum or id of the namespace is missing");
		return -EINVAL;
	}
	if (inum) {
		d->inum = nla_get_u32(inum);
		if (!d->inum) {
			NL_SET_ERR_MSG_ATTR(extack, inum, "inum of a namespace is never 0");
			return -EINVAL;
		}
	}
	if (id)
		d->id = nla_get_u64(id);
	d->ns_attr = inum ?: id;
	return 0;
}

/* Takes what the command needs from a request. */
static int parse(struct ipcns_dump *d, const struct ipcns_dump_ops *ops, struct nlattr **attrs,
		 bool one, struct netlink_ext_ack *extack)
{
	int err = 0;

	if (ops->priv_size && !d->priv) {
		d->priv = kvzalloc(ops->priv_size, GFP_KERNEL_ACCOUNT);
		if (!d->priv)
			return -ENOMEM;
	}
	if (ops->ns_attr)
		err = ipcns_parse_ns(d, attrs[ops->ns_attr], attrs[ops->ns_attr + 1],
				     one || ops->ns_needed, extack);
	if (!err && ops->parse)
		err = ops->parse(d, attrs, one, extack);
	if (!err) {
		d->ops = ops;
		d->view.least = ops->access;
	}
	return err;
}

static int select_one(struct ipcns_dump *d)
{
	struct ipcns_ns_info known;
	u64 cookie;
	int err;

	if (d->inum) {
		err = ipcns_walk_find(d->inum, &cookie, &d->view);
		if (err)
			return err;
	} else {
		/* an unknown id takes the same walk as a foreign one; no namespace has cookie 0 */
		cookie = ipcns_registry_get(d->id, &known) ? known.cookie : 0;
	}
	d->list.cookie = kvmalloc(sizeof(*d->list.cookie), GFP_KERNEL_ACCOUNT);
	if (!d->list.cookie)
		return -ENOMEM;
	d->list.cookie[0] = cookie;
	d->list.n = 1;
	d->list.max = 1;
	return 0;
}

/*
 * All that was created before the dump's number has to be listed, so creations that
 * have a number are waited for. They end soon, unless the control group of the task
 * that creates stops it: then the dump continues without.
 */
static int select_all(struct ipcns_dump *d)
{
	int i, err;

	for (i = 0; ; i++) {
		err = ipcns_walk_cookies(&d->list, &d->view);
		if (err || !d->ops->seq_attr || !d->list.pending || i == MOST_WAITS ||
		    !ipcns_registry_unfinished())
			return err;
		ipcns_cookies_free(&d->list);
		schedule_timeout_killable(1);
	}
}

/* Decides which namespaces to go through. */
static int select_namespaces(struct ipcns_dump *d)
{
	int err = d->ns_attr ? select_one(d) : select_all(d);

	if (!err)
		err = ipcns_dump_charge(d, d->list.max * sizeof(*d->list.cookie) +
					BITS_TO_LONGS(d->list.n) * sizeof(long));
	if (err)
		return err;
	d->collected = kvcalloc(BITS_TO_LONGS(d->list.n), sizeof(long), GFP_KERNEL_ACCOUNT);
	return d->collected ? 0 : -ENOMEM;
}

/**
 * ipcns_dump_collected() - were records of a namespace collected?
 * @d:		a dump
 * @cookie:	key of the namespace
 */
bool ipcns_dump_collected(const struct ipcns_dump *d, u64 cookie)
{
	const u64 *at = bsearch(&cookie, d->list.cookie, d->list.n, sizeof(cookie),
				ipcns_compare_cookies);

	return at && test_bit(at - d->list.cookie, d->collected);
}

/* Remembers which namespaces there are, and whether one may be seen, but not enough of it. */
static void note_found(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns) {
			__set_bit(d->pos + i, d->collected);
			d->found = true;
		} else if (refs[i].access && refs[i].access < d->view.least) {
			d->refused = true;
		}
	}
}

static int collect_batch(struct ipcns_dump *d)
{
	u32 i, n = min_t(u32, d->list.n - d->pos, d->ops->batch ?: IPCNS_BATCH);
	struct ipcns_ns_ref *refs;
	int err;

	refs = kvcalloc(n, sizeof(*refs), GFP_KERNEL_ACCOUNT);
	if (!refs)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		refs[i].cookie = d->list.cookie[d->pos + i];
	err = ipcns_walk_get(refs, n, &d->view);
	if (!err) {
		note_found(d, refs, n);
		err = ipcns_registry_name(refs, n);
	}
	if (!err) {
		/* foreign and missing namespaces give the same error */
		if (!d->found && d->ns_attr)
			err = d->refused ? -EPERM : -ENOENT;
		else
			err = d->ops->collect(d, refs, n);
	}
	for (i = 0; i < n; i++)
		ipcns_put(&refs[i]);
	kvfree(refs);
	return err;
}

/* Is the namespace that is wanted, and not there, on its way out? */
static bool is_dying(const struct ipcns_dump *d)
{
	struct ipcns_ns_info *known;
	bool found = false;
	u64 after = 0;
	u32 i, n;

	if (!d->reader.admin)
		return false;
	known = kvmalloc_array(IPCNS_DYING_WINDOW, sizeof(*known), GFP_KERNEL_ACCOUNT);
	while (known && !found && (n = ipcns_registry_dying(known, IPCNS_DYING_WINDOW, &after)))
		for (i = 0; i < n; i++)
			found |= d->id ? known[i].id == d->id : known[i].inum == d->inum;
	kvfree(known);
	return found;
}

/**
 * dump_collect() - collect as many records as there is room for
 * @d:		the dump, its buffer empty
 *
 * Return: 1 if there may be more to collect, 0 if not, or an error.
 */
static int dump_collect(struct ipcns_dump *d)
{
	int err;

	if (d->ops->collect_events)
		return d->ops->collect_events(d);
	/* the list and the first batch share a number: they are read in the same call */
	if (d->ops->seq_attr)
		d->seq = ipcns_registry_now();
	/* a dying namespace was the only one wanted */
	if (!d->collected && d->found)
		return 0;
	if (d->collected && d->pos >= d->list.n)
		return d->ops->collect_dying && !d->ns_attr ? d->ops->collect_dying(d) : 0;
	err = d->collected ? 0 : select_namespaces(d);
	if (!err && d->list.n)
		err = collect_batch(d);
	if (err == -ENOENT && !d->found) {
		if (d->ops->collect_dying && d->ops->collect_dying(d) > 0) {
			d->found = true;
			d->pos = 1;
			return 1;
		}
		if (!d->ops->collect_dying && is_dying(d))
			err = -ESTALE;
	}
	return err ?: 1;
}

static void set_error_text(const struct ipcns_dump *d, struct netlink_ext_ack *extack, int err)
{
	if (d->ops->set_error_text && d->ops->set_error_text(d, extack, err))
		return;
	switch (err) {
	case -ENOENT:
		NL_SET_ERR_MSG_ATTR(extack, d->ns_attr, "no IPC namespace has this inum or id");
		break;
	case -EPERM:
		NL_SET_ERR_MSG_ATTR(extack, d->ns_attr, "needs CAP_SYS_ADMIN in the namespace's user namespace");
		break;
	case -ESTALE:
		NL_SET_ERR_MSG_ATTR(extack, d->ns_attr, "the namespace is dying, its last reference is gone");
		break;
	case -ENOTUNIQ:
		NL_SET_ERR_MSG_ATTR(extack, d->ns_attr, "inum could mean two namespaces, use the id");
		break;
	case -EDQUOT:
		set_quota_text(extack);
		break;
	case -EAGAIN:
		NL_SET_ERR_MSG(extack, "namespaces end too fast to walk them all, try again");
		break;
	case -EOVERFLOW:
		NL_SET_ERR_MSG(extack, "more namespaces than one dump can list");
		break;
	}
}

static int put_record(struct sk_buff *skb, u32 portid, u32 seq, int flags,
		      const struct ipcns_dump *d, const void *record)
{
	const struct ipcns_dump_ops *ops = d->ops;
	bool first = (flags & NLM_F_MULTI) && !skb->len;
	void *hdr;

	hdr = ipcns_attr_message(skb, portid, seq, &ipcns_nl_family, flags, ops->cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (ops->fill(skb, record) ||
	    (first && d->seq && ipcns_attr_u64(skb, ops->seq_attr, d->seq))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * ipcns_dump_start() - .start of every dump
 * @cb:		state of the dump
 *
 * A dump that has begun holds the module, so one that is refused does not begin.
 * Up to 6.1 the reason of an error of .start is lost. There the answer is sent from
 * here, and -EINTR keeps net/netlink/af_netlink.c netlink_rcv_skb() from sending
 * another.
 *
 * Return: 0, or the error.
 */
int ipcns_dump_start(struct netlink_callback *cb)
{
	struct netlink_ext_ack own = { }, *extack = cb->extack ?: &own;
	int err = ipcns_access_check(cb->skb, extack);
	struct ipcns_dump *d = err ? ERR_PTR(err) : dump_alloc(cb->skb);

	if (!IS_ERR(d)) {
		atomic_inc(&dumps_open);
		cb->args[0] = (long)d;
		return 0;
	}
	err = PTR_ERR(d);
	if (err == -EDQUOT)
		set_quota_text(extack);
	if (cb->extack)
		return err;
	netlink_ack(cb->skb, (struct nlmsghdr *)cb->nlh, err, &own);
	return -EINTR;
}

/**
 * ipcns_dump_done() - .done of every dump
 * @cb:		state of the dump
 */
int ipcns_dump_done(struct netlink_callback *cb)
{
	dump_free((struct ipcns_dump *)cb->args[0]);
	atomic_dec(&dumps_open);
	return 0;
}

/**
 * ipcns_dump_step() - .dumpit of every dump
 * @skb:	the message to fill
 * @cb:		state of the dump
 * @ops:	what is asked for
 *
 * Return: bytes filled; 0 when everything was sent; or an error, which ends
 * the dump and reaches the reader with its NLMSG_DONE.
 */
int ipcns_dump_step(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct ipcns_dump_ops *ops)
{
	struct ipcns_dump *d = (struct ipcns_dump *)cb->args[0];
	const void *record;
	int err;

	if (!d->ops) {
		err = parse(d, ops, ipcns_dump_attrs(cb), false, cb->extack);
		if (err)
			return err;
	}
	for (;;) {
		while ((record = ipcns_buf_peek(&d->buf))) {
			if (put_record(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				       NLM_F_MULTI, d, record))
				return skb->len ?: -EMSGSIZE;
			ipcns_buf_pop(&d->buf);
		}
		err = dump_collect(d);
		if (err < 0) {
			set_error_text(d, cb->extack, err);
			return err;
		}
		if (!err)
			return skb->len;
	}
}

static int collect_one(struct ipcns_dump *d)
{
	int err;

	do
		err = dump_collect(d);
	while (err > 0 && !ipcns_buf_peek(&d->buf));
	if (err < 0)
		return err;
	return ipcns_buf_peek(&d->buf) ? 0 : -ENOENT;
}

/**
 * ipcns_reply_one() - .doit of the commands that answer with one message
 * @skb:	the request
 * @info:	the request, parsed
 * @ops:	what is asked for
 *
 * Return: 0, or an error that netlink sends to the reader.
 */
int ipcns_reply_one(struct sk_buff *skb, struct genl_info *info, const struct ipcns_dump_ops *ops)
{
	struct sk_buff *reply;
	struct ipcns_dump *d;
	int err;

	err = ipcns_access_check(skb, info->extack);
	if (err)
		return err;
	d = dump_alloc(skb);
	if (IS_ERR(d)) {
		if (PTR_ERR(d) == -EDQUOT)
			set_quota_text(info->extack);
		return PTR_ERR(d);
	}
	err = parse(d, ops, info->attrs, true, info->extack);
	if (err)
		goto out;
	err = collect_one(d);
	if (err) {
		set_error_text(d, info->extack, err);
		goto out;
	}
	err = -ENOMEM;
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		goto out;
	err = put_record(reply, info->snd_portid, info->snd_seq, 0, d, ipcns_buf_peek(&d->buf));
	if (err)
		nlmsg_free(reply);
	else
		err = genlmsg_reply(reply, info);
out:
	if (err && ops->undo && ipcns_buf_peek(&d->buf))
		ops->undo(ipcns_buf_peek(&d->buf));
	dump_free(d);
	return err;
}

/**
 * ipcns_dumps_open() - how many dumps have not ended
 */
u32 ipcns_dumps_open(void)
{
	return atomic_read(&dumps_open);
}
