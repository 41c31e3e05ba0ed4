// SPDX-License-Identifier: GPL-2.0-only
/*
 * The elements of one object: semaphores, messages, and waiting tasks.
 */
#include <linux/err.h>
#include <linux/msg.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <net/netlink.h>

#include "dump.h"
#include "layout.h"
#include "nl_gen.h"
#include "object.h"

/**
 * ipcns_messages_read() - describe messages
 * @messages:	list of struct msg_msg, locked by the caller
 * @out:	filled in
 * @max:	room in @out
 *
 * Return: how many were described.
 */
u32 ipcns_messages_read(const struct list_head *messages, struct ipcns_message *out, u32 max)
{
	const struct msg_msg *m;
	u32 n = 0;

	list_for_each_entry(m, messages, m_list) {
		if (n == max)
			break;
		out[n].mtype = m->m_type;
		out[n].size = m->m_ts;
		n++;
	}
	return n;
}

/**
 * ipcns_list_length() - count the entries of a list
 * @list:	head of a list that the caller has locked
 * @nodes:	entries counted in this hold of the lock; counted on
 *
 * Return: the number, or IPCNS_UNKNOWN if there are more than may be looked at.
 */
u32 ipcns_list_length(const struct list_head *list, u32 *nodes)
{
	const struct list_head *pos;
	u32 n = 0;

	list_for_each(pos, list) {
		if ((*nodes)++ >= IPCNS_LIST_MAX)
			return IPCNS_UNKNOWN;
		n++;
	}
	return n;
}

/**
 * ipcns_waiters_add() - add one of those who wait
 * @w:		the reading
 * @role:	what they do
 * @t:		the task, which sleeps as long as the caller has the list locked
 *
 * Return: where to describe what it waits for; NULL if it is counted only, or if
 * @w->truncated was set since there are more than may be looked at.
 */
struct ipcns_waiter *ipcns_waiters_add(struct ipcns_waiters *w, u32 role, struct task_struct *t)
{
	struct ipcns_waiter *out;

	if (w->nodes++ == IPCNS_LIST_MAX || (w->out && w->n == w->max)) {
		w->truncated = true;
		return NULL;
	}
	if (!w->out) {
		w->n++;
		return NULL;
	}
	out = &w->out[w->n];
	*out = (struct ipcns_waiter) { .role = role };
	ipcns_process_read(w->r, t, &out->process);
	if (ipcns_process_hidden(w->r, &out->process)) {
		w->hidden[role]++;
		return NULL;
	}
	w->n++;
	return out;
}

/* The object that a detail is of: but for names, elements and waiters have the same attributes. */
static int of_fill(struct sk_buff *skb, const struct ipcns_detail *d, int name_type)
{
	BUILD_BUG_ON((int)IPCNS_A_ELEMENT_NS_INUM != (int)IPCNS_A_WAITER_NS_INUM);
	BUILD_BUG_ON((int)IPCNS_A_ELEMENT_NS_ID != (int)IPCNS_A_WAITER_NS_ID);
	BUILD_BUG_ON((int)IPCNS_A_ELEMENT_KIND != (int)IPCNS_A_WAITER_KIND);
	BUILD_BUG_ON((int)IPCNS_A_ELEMENT_ID != (int)IPCNS_A_WAITER_ID);
	if (nla_put_u32(skb, IPCNS_A_ELEMENT_NS_INUM, d->ns_inum) ||
	    ipcns_attr_u64(skb, IPCNS_A_ELEMENT_NS_ID, d->ns_id) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_KIND, d->kind))
		return -EMSGSIZE;
	if (d->kind == IPCNS_KIND_MQ)
		return nla_put(skb, name_type, d->name_len, d->name);
	return nla_put_u32(skb, IPCNS_A_ELEMENT_ID, d->id);
}

static int semaphore_fill(struct sk_buff *skb, const struct ipcns_semaphore *s)
{
	if (nla_put_u32(skb, IPCNS_A_ELEMENT_SEMNUM, s->semnum) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_SEMVAL, s->semval) ||
	    ipcns_attr_count(skb, IPCNS_A_ELEMENT_NCOUNT, s->ncount) ||
	    ipcns_attr_count(skb, IPCNS_A_ELEMENT_ZCOUNT, s->zcount) ||
	    nla_put_u32(skb, IPCNS_A_ELEMENT_PID, s->pid) ||
	    (s->gone && nla_put_flag(skb, IPCNS_A_ELEMENT_GONE)) ||
	    (s->there && nla_put_flag(skb, IPCNS_A_ELEMENT_THERE)))
		return -EMSGSIZE;
	return 0;
}

/**
 * ipcns_element_fill() - put a semaphore or a message into a message
 * @skb:	the message
 * @record:	a struct ipcns_detail
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_element_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_detail *d = record;
	const struct ipcns_message *m = &d->message;

	if (of_fill(skb, d, IPCNS_A_ELEMENT_NAME))
		return -EMSGSIZE;
	if (d->truncated)
		return ipcns_attr_u64(skb, IPCNS_A_ELEMENT_TRUNCATED, d->truncated);
	if (d->kind == IPCNS_KIND_SEM)
		return semaphore_fill(skb, &d->semaphore);
	if (d->kind == IPCNS_KIND_MSG ?
	    nla_put_s64(skb, IPCNS_A_ELEMENT_MTYPE, m->mtype, IPCNS_A_ELEMENT_PAD) :
	    nla_put_u32(skb, IPCNS_A_ELEMENT_PRIO, m->mtype))
		return -EMSGSIZE;
	return ipcns_attr_u64(skb, IPCNS_A_ELEMENT_SIZE, m->size);
}

/**
 * ipcns_waiter_fill() - put what a process has to do with an object into a
 * message
 * @skb:	the message
 * @record:	a struct ipcns_detail
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
int ipcns_waiter_fill(struct sk_buff *skb, const void *record)
{
	const struct ipcns_detail *d = record;
	const struct ipcns_waiter *w = &d->waiter;

	if (of_fill(skb, d, IPCNS_A_WAITER_NAME))
		return -EMSGSIZE;
	if (d->truncated)
		return nla_put_flag(skb, IPCNS_A_WAITER_TRUNCATED);
	if (nla_put_u32(skb, IPCNS_A_WAITER_ROLE, w->role))
		return -EMSGSIZE;
	if (d->hidden)
		return nla_put_u32(skb, IPCNS_A_WAITER_HIDDEN, d->hidden);
	if (ipcns_process_fill(skb, IPCNS_A_WAITER_PID, IPCNS_A_WAITER_COMM, &w->process))
		return -EMSGSIZE;
	if (d->kind == IPCNS_KIND_SEM) {
		if (nla_put_u32(skb, IPCNS_A_WAITER_SEMNUM, w->semnum) ||
		    nla_put_s32(skb, IPCNS_A_WAITER_SEMOP, w->semop) ||
		    (w->nsops && nla_put_u32(skb, IPCNS_A_WAITER_NSOPS, w->nsops)))
			return -EMSGSIZE;
	} else if (d->kind == IPCNS_KIND_MSG) {
		if (w->role == IPCNS_ROLE_RECEIVER &&
		    (nla_put_s64(skb, IPCNS_A_WAITER_MTYPE, w->mtype, IPCNS_A_WAITER_PAD) ||
		     nla_put_u32(skb, IPCNS_A_WAITER_MODE, w->mode)))
			return -EMSGSIZE;
		return ipcns_attr_u64(skb, IPCNS_A_WAITER_SIZE, w->size);
	}
	return 0;
}

/* Semaphores read with a set locked. */
#define WINDOW 256

/**
 * struct detail_get - progress of a request for what is in one object
 * @filter:	the object
 * @attr:	attribute that names it
 * @kind:	its kind
 * @ns_id:	its namespace, and
 * @ns_inum:	its inode number
 * @taken:	messages, or those who wait, were read
 * @messages:	the messages
 * @n:		how many
 * @left:	how many more there are
 * @waiters:	those who wait, and then the number of owners of adjustments that the
 *		reader cannot see, and whether there are more adjustments
 * @undos:	adjustments, and those whose end does them
 * @undo_rows:	adjustments that were collected, by process
 * @next:	number of the semaphore, message or waiter to continue with
 * @next_undo:	number of the adjustment
 * @first_list:	place of the first process of its list
 * @next_list:	place of the process
 * @next_hidden: role to continue with among hidden processes
 */
struct detail_get {
	struct ipcns_filter	filter;
	const struct nlattr	*attr;
	u32			kind;
	u64			ns_id;
	u32			ns_inum;
	bool			taken;
	struct ipcns_message	*messages;
	u32			n;
	u64			left;
	struct ipcns_waiters	waiters;
	struct ipcns_undos	undos;
	u32			undo_rows;
	u32			next;
	u32			next_undo;
	u32			first_list;
	u32			next_list;
	u32			next_hidden;
};

static void detail_release(void *priv)
{
	struct detail_get *get = priv;

	kvfree(get->messages);
	kvfree(get->waiters.out);
	kvfree(get->undos.adjustment);
	kvfree(get->undos.list);
}

static int detail_parse(struct ipcns_dump *d, struct nlattr *kind, struct nlattr *id,
			struct nlattr *name, struct netlink_ext_ack *extack)
{
	struct detail_get *get = d->priv;
	int err;

	if (!kind || (nla_get_u32(kind) == IPCNS_KIND_MQ ? !name : !id)) {
		NL_SET_ERR_MSG(extack, "kind, or id of the object or name of the queue, is missing");
		return -EINVAL;
	}
	if (id && name) {
		NL_SET_ERR_MSG_ATTR(extack, name, "id and name exclude each other");
		return -EINVAL;
	}
	if (!ipcns_kinds[nla_get_u32(kind)]->visit) {
		NL_SET_ERR_MSG_ATTR(extack, kind, "objects of this kind have no elements or waiters");
		return -EOPNOTSUPP;
	}
	get->attr = id ?: name;
	get->kind = nla_get_u32(kind);
	err = ipcns_parse_kinds(&get->filter, kind, NULL, extack);
	if (!err)
		err = ipcns_parse_id(&get->filter, id, extack);
	return err ?: ipcns_parse_name(&get->filter, name, extack);
}

static int check_depth(const struct detail_get *get, struct nlattr *kind,
		       struct netlink_ext_ack *extack)
{
	if (ipcns_layout_depth_ok(get->kind))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, kind, "not readable on this kernel, see status");
	return -EOPNOTSUPP;
}

static int element_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_ELEMENT_KIND];
	struct detail_get *get = d->priv;
	int err;

	err = detail_parse(d, kind, attrs[IPCNS_A_ELEMENT_ID], attrs[IPCNS_A_ELEMENT_NAME], extack);
	/* semaphores need no more than their sets do */
	if (err || get->kind == IPCNS_KIND_SEM)
		return err;
	return check_depth(get, kind, extack);
}

static int add_detail(struct ipcns_dump *d, const struct ipcns_detail *detail)
{
	const struct detail_get *get = d->priv;
	u32 name_len = get->filter.by_name ? get->filter.name_len : 0;
	struct ipcns_detail *out = ipcns_buf_reserve(&d->buf, sizeof(*out) + name_len);

	if (IS_ERR(out))
		return PTR_ERR(out);
	*out = *detail;
	out->ns_id = get->ns_id;
	out->ns_inum = get->ns_inum;
	out->kind = get->kind;
	out->id = get->filter.id;
	out->name_len = name_len;
	memcpy(out->name, get->filter.name, name_len);
	ipcns_buf_commit(&d->buf, sizeof(*out) + name_len);
	return 0;
}

/* What a visit to an object is for. */
struct detail_visit {
	const struct ipcns_collect	*c;
	struct detail_get		*get;
	struct ipcns_semaphore		*window;
	u32				max;
	u32				n;
	u64				total;
};

static void read_window(void *object, void *arg)
{
	struct detail_visit *v = arg;

	v->n = v->c->ops->semaphores(v->c->r, object, v->window, v->get->next, WINDOW);
}

/* An array: each hold of the lock continues where the last one ended. */
static int collect_semaphores(struct ipcns_dump *d, const struct ipcns_collect *c)
{
	struct detail_get *get = d->priv;
	struct detail_visit v = { .c = c, .get = get };
	int err;
	u32 i;

	v.window = kvcalloc(WINDOW, sizeof(*v.window), GFP_KERNEL_ACCOUNT);
	if (!v.window)
		return -ENOMEM;
	do {
		err = c->ops->visit(c, read_window, &v);
		if (err == -ENOENT && get->next)
			err = -EIDRM;
		for (i = 0; i < v.n && !err; i++) {
			err = add_detail(d, &(struct ipcns_detail) { .semaphore = v.window[i] });
			if (!err)
				get->next++;
		}
		cond_resched();
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
	} while (!err && v.n == WINDOW);
	kvfree(v.window);
	return err;
}

static void count_messages(void *object, void *arg)
{
	struct detail_visit *v = arg;

	v->total = v->c->ops->n_messages(object);
}

static void read_messages(void *object, void *arg)
{
	struct detail_visit *v = arg;

	v->n = v->c->ops->messages(object, v->get->messages, v->max);
	v->total = v->c->ops->n_messages(object);
}

/* Reads all messages in one hold of the lock, IPCNS_LIST_MAX at most. */
static int take_messages(struct ipcns_dump *d, const struct ipcns_collect *c)
{
	struct detail_get *get = d->priv;
	struct detail_visit v = { .c = c, .get = get };
	int err;

	err = c->ops->visit(c, count_messages, &v);
	if (err)
		return err;
	/* some may be sent meanwhile */
	v.max = min_t(u64, v.total + v.total / 8 + 64, IPCNS_LIST_MAX);
	err = ipcns_dump_charge(d, v.max * sizeof(*get->messages));
	if (err)
		return err;
	get->messages = kvmalloc_array(v.max, sizeof(*get->messages), GFP_KERNEL_ACCOUNT);
	if (!get->messages)
		return -ENOMEM;
	err = c->ops->visit(c, read_messages, &v);
	if (err)
		return err == -ENOENT ? -EIDRM : err;
	get->n = v.n;
	get->left = v.total > v.n ? v.total - v.n : 0;
	return 0;
}

static int collect_messages(struct ipcns_dump *d)
{
	struct detail_get *get = d->priv;
	int err;

	for (; get->next < get->n; get->next++) {
		err = add_detail(d, &(struct ipcns_detail) { .message = get->messages[get->next] });
		if (err)
			return err;
		cond_resched();
	}
	if (!get->left)
		return 0;
	return add_detail(d, &(struct ipcns_detail) { .truncated = get->left });
}

/* The first call of a dump takes note of the namespace, whose reference is dropped after it. */
static void take_ns(struct detail_get *get, const struct ipcns_ns_ref *ref)
{
	get->ns_id = ref->id;
	get->ns_inum = ref->ns->ns.inum;
}

static int element_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct detail_get *get = d->priv;
	const struct ipcns_collect c = {
		.r = &d->reader, .filter = &get->filter, .ref = refs, .ops = ipcns_kinds[get->kind],
	};
	int err = 0;

	if (!get->taken) {
		if (!refs->ns)
			return -EIDRM;
		/* messages are for those who receive them */
		if (refs->access < IPCNS_ACCESS_FULL && get->kind != IPCNS_KIND_SEM)
			return -EPERM;
		take_ns(get, refs);
		if (get->kind != IPCNS_KIND_SEM) {
			err = take_messages(d, &c);
			get->taken = !err;
		}
	}
	if (!err)
		err = get->taken ? collect_messages(d) : collect_semaphores(d, &c);
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static bool detail_error(const struct ipcns_dump *d, struct netlink_ext_ack *extack, int err)
{
	return ipcns_object_error(d, ((struct detail_get *)d->priv)->attr, extack, err);
}

static const struct ipcns_dump_ops element_ops = {
	.cmd		= IPCNS_CMD_ELEMENT_GET,
	.ns_attr	= IPCNS_A_ELEMENT_NS_INUM,
	.ns_needed	= true,
	.priv_size	= sizeof(struct detail_get),
	.access		= IPCNS_ACCESS_OWN,
	.parse		= element_parse,
	.collect	= element_collect,
	.fill		= ipcns_element_fill,
	.release	= detail_release,
	.set_error_text	= detail_error,
};

static int waiter_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			struct netlink_ext_ack *extack)
{
	struct nlattr *kind = attrs[IPCNS_A_WAITER_KIND];
	int err;

	err = detail_parse(d, kind, attrs[IPCNS_A_WAITER_ID], attrs[IPCNS_A_WAITER_NAME], extack);
	return err ?: check_depth(d->priv, kind, extack);
}

static void read_waiters(void *object, void *arg)
{
	struct detail_visit *v = arg;
	struct ipcns_waiters *w = &v->get->waiters;

	w->n = 0;
	w->nodes = 0;
	w->truncated = false;
	memset(w->hidden, 0, sizeof(w->hidden));
	v->c->ops->waiters(object, w);
}

/* Reads all who wait in one hold of the lock, IPCNS_LIST_MAX at most. */
static int take_waiters(struct ipcns_dump *d, const struct ipcns_collect *c)
{
	struct detail_get *get = d->priv;
	struct detail_visit v = { .c = c, .get = get };
	struct ipcns_waiters *w = &get->waiters;
	int err;

	w->r = &d->reader;
	err = c->ops->visit(c, read_waiters, &v);
	if (err)
		return err;
	w->max = min_t(u32, w->n + w->n / 8 + 64, IPCNS_LIST_MAX);
	err = ipcns_dump_charge(d, w->max * sizeof(*w->out));
	if (err)
		return err;
	w->out = kvmalloc_array(w->max, sizeof(*w->out), GFP_KERNEL_ACCOUNT);
	if (!w->out)
		return -ENOMEM;
	err = c->ops->visit(c, read_waiters, &v);
	if (!err && c->ops->undos)
		err = c->ops->undos(c, &get->undos);
	if (err)
		return err == -ENOENT ? -EIDRM : err;
	err = ipcns_dump_charge(d, get->undos.n * sizeof(*get->undos.adjustment) +
				get->undos.n_list * sizeof(*get->undos.list));
	w->truncated |= get->undos.truncated;
	return err;
}

static int collect_waiters(struct ipcns_dump *d)
{
	struct detail_get *get = d->priv;
	const struct ipcns_waiters *w = &get->waiters;
	int err;

	for (; get->next < w->n; get->next++) {
		err = add_detail(d, &(struct ipcns_detail) { .waiter = w->out[get->next] });
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* One adjustment, for each process that its list belongs to. */
static int collect_undo(struct ipcns_dump *d, const struct ipcns_adjustment *a)
{
	struct detail_get *get = d->priv;
	const struct ipcns_undos *u = &get->undos;
	struct ipcns_detail w = {
		.waiter = {
			.role = IPCNS_ROLE_UNDO, .semnum = a->semnum, .semop = a->semadj,
		},
	};
	int err;

	for (; get->next_list < u->n_list && u->list[get->next_list].user == a->list;
	     get->next_list++) {
		const struct ipcns_shared_thing *list = &u->list[get->next_list];

		if (!list->key)
			continue;
		/* many processes can share many adjustments */
		if (get->undo_rows == IPCNS_LIST_MAX) {
			get->waiters.truncated = true;
			get->next_undo = u->n;
			return 0;
		}
		if (ipcns_process_hidden(&d->reader, &list->process)) {
			get->waiters.hidden[IPCNS_ROLE_UNDO]++;
			get->undo_rows++;
			continue;
		}
		w.waiter.process = list->process;
		err = add_detail(d, &w);
		if (err)
			return err;
		get->undo_rows++;
	}
	return 0;
}

static int collect_undos(struct ipcns_dump *d)
{
	struct detail_get *get = d->priv;
	const struct ipcns_undos *u = &get->undos;
	int err;

	for (; get->next_undo < u->n; get->next_undo++, get->next_list = get->first_list) {
		const struct ipcns_adjustment *a = &u->adjustment[get->next_undo];

		while (get->first_list < u->n_list && u->list[get->first_list].user < a->list)
			get->next_list = ++get->first_list;
		err = collect_undo(d, a);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* Those who are counted only, and that there are more. */
static int collect_rest(struct ipcns_dump *d)
{
	struct detail_get *get = d->priv;
	int err;

	for (; get->next_hidden < IPCNS_N_ROLES; get->next_hidden++) {
		if (!get->waiters.hidden[get->next_hidden])
			continue;
		err = add_detail(d, &(struct ipcns_detail) {
			.hidden = get->waiters.hidden[get->next_hidden],
			.waiter = { .role = get->next_hidden },
		});
		if (err)
			return err;
	}
	if (!get->waiters.truncated)
		return 0;
	return add_detail(d, &(struct ipcns_detail) { .truncated = true });
}

/* First those who sleep, then those whose end changes the object. */
static int waiter_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct detail_get *get = d->priv;
	const struct ipcns_collect c = {
		.r = &d->reader, .filter = &get->filter, .ref = refs, .ops = ipcns_kinds[get->kind],
	};
	int err = 0;

	if (!get->taken) {
		if (!refs->ns)
			return -EIDRM;
		take_ns(get, refs);
		err = take_waiters(d, &c);
		get->taken = !err;
	}
	err = err ?: collect_waiters(d) ?: collect_undos(d) ?: collect_rest(d);
	if (!err)
		d->pos++;
	return err == -ENOBUFS ? 0 : err;
}

static const struct ipcns_dump_ops waiter_ops = {
	.cmd		= IPCNS_CMD_WAITER_GET,
	.ns_attr	= IPCNS_A_WAITER_NS_INUM,
	.ns_needed	= true,
	.priv_size	= sizeof(struct detail_get),
	.access		= IPCNS_ACCESS_FULL,
	.parse		= waiter_parse,
	.collect	= waiter_collect,
	.fill		= ipcns_waiter_fill,
	.release	= detail_release,
	.set_error_text	= detail_error,
};

IPCNS_DUMP(element_get, element_ops)
IPCNS_DUMP(waiter_get, waiter_ops)
