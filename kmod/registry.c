// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry: ids and histories of namespaces. It is fed by events and by
 * walks, and it is never the way to a namespace: the addresses it keeps are
 * keys to compare, and nothing behind them is looked at.
 */
#include <linux/bitmap.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "journal.h"
#include "owner.h"
#include "registry.h"

#define REGISTRY_BITS 12

/* Slots that are settled in one go. */
#define WINDOW 64

/**
 * struct entry - one namespace
 * @by_key:	in the hash by @key, as long as the namespace is not freed
 * @by_cookie:	in the hash by known.cookie, as long as it is not dying
 * @by_sb:	in the hash by @sb, until another namespace has a superblock
 *		there: an mqueue filesystem can be mounted, and have queues,
 *		after its namespace was freed
 * @by_id:	in the hash by known.id
 * @list:	in the list of those that are dying, or of those that are freed
 * @key:	its address
 * @sb:		address of its superblock
 * @death:	number of its death, for the order of the dying
 * @gone:	sequence number of its last event, once it is freed
 * @owner:	who owns it
 * @known:	what is told of it
 */
struct entry {
	struct hlist_node	by_key;
	struct hlist_node	by_cookie;
	struct hlist_node	by_sb;
	struct hlist_node	by_id;
	struct list_head	list;
	u64			key;
	u64			sb;
	u64			death;
	u64			gone;
	struct ipcns_owner	*owner;
	struct ipcns_known	known;
};

static DEFINE_HASHTABLE(keys, REGISTRY_BITS);
static DEFINE_HASHTABLE(cookies, REGISTRY_BITS);
static DEFINE_HASHTABLE(sbs, REGISTRY_BITS);
static DEFINE_HASHTABLE(ids, REGISTRY_BITS);

/* Everything here, and the settling of events, which changes it. */
static DEFINE_MUTEX(registry_mutex);

static LIST_HEAD(dying);

/* Those that are freed, as long as the journal has events of them. */
static LIST_HEAD(freed);

static u64 next_id = 1;
static u64 last_death;
static struct ipcns_registry_stats stats;

/* Nanoseconds; they rise. */
const u64 ipcns_bounds[IPCNS_N_BOUNDS] = {
	1 * NSEC_PER_MSEC,
	5 * NSEC_PER_MSEC,
	10 * NSEC_PER_MSEC,
	50 * NSEC_PER_MSEC,
	100 * NSEC_PER_MSEC,
	500 * NSEC_PER_MSEC,
	1ULL * NSEC_PER_SEC,
	5ULL * NSEC_PER_SEC,
	10ULL * NSEC_PER_SEC,
	30ULL * NSEC_PER_SEC,
	60ULL * NSEC_PER_SEC,
};

static struct ipcns_event *window;

/* The entry in a table whose member has a value, or NULL. */
#define find(table, node, member, value) ({				\
	struct entry *entry_, *found_ = NULL;				\
									\
	hash_for_each_possible(table, entry_, node, value)		\
		if (entry_->member == (value)) {			\
			found_ = entry_;				\
			break;						\
		}							\
	found_;								\
})

static struct entry *find_key(u64 key)
{
	return find(keys, by_key, key, key);
}

static struct entry *find_cookie(u64 cookie)
{
	return find(cookies, by_cookie, known.cookie, cookie);
}

static struct entry *find_sb(u64 sb)
{
	return find(sbs, by_sb, sb, sb);
}

static struct entry *find_id(u64 id)
{
	return find(ids, by_id, known.id, id);
}

static void forget(struct entry *e)
{
	hash_del(&e->by_key);
	hash_del(&e->by_cookie);
	hash_del(&e->by_sb);
	hash_del(&e->by_id);
	list_del(&e->list);
	if (!e->gone)
		ipcns_owner_gone(e->owner);
	ipcns_owner_put(e->owner);
	kfree(e);
}

/*
 * The namespace is freed. What is known of it stays as long as the journal has
 * events of it, or its superblock is there and may have more, so these bound the
 * memory. The event at hand is settled in the window that is being settled.
 */
static void keep_freed(struct entry *e)
{
	e->gone = ipcns_journal_next() + WINDOW;
	list_move_tail(&e->list, &freed);
}

static void bury(struct entry *e)
{
	hash_del(&e->by_key);
	hash_del(&e->by_cookie);
	ipcns_owner_gone(e->owner);
	stats.known--;
	if (e->known.dying.time)
		stats.dying--;
	keep_freed(e);
}

static void keep_left(const struct super_block *sb)
{
	struct entry *e = find_sb((unsigned long)sb);

	if (e && e->gone)
		keep_freed(e);
}

/* The oldest that is freed, if the journal has no events of it any more. */
static struct entry *oldest_freed(void)
{
	struct entry *e = list_first_entry_or_null(&freed, struct entry, list);
	struct ipcns_journal_state state;

	ipcns_journal_state(&state);
	return e && e->gone < state.first ? e : NULL;
}

/**
 * ipcns_registry_forget() - forget what nobody can ask for any more
 *
 * To be called now and then.
 *
 * Context: process context, may sleep.
 */
void ipcns_registry_forget(void)
{
	struct entry *e;

	mutex_lock(&registry_mutex);
	if (oldest_freed()) {
		/* if it fails, a late event of a queue may find its namespace forgotten */
		ipcns_walk_left(keep_left);
		while ((e = oldest_freed())) {
			forget(e);
			cond_resched();
		}
	}
	mutex_unlock(&registry_mutex);
}

/*
 * A namespace that was not known. If another one is known at its address, that
 * one went without an event.
 */
static struct entry *add(u64 key, u64 sb, u64 cookie, u64 native_id, const u64 *owners,
			 u32 n_owners)
{
	struct entry *e = kzalloc(sizeof(*e), GFP_KERNEL);
	struct entry *old = find_key(key);

	BUILD_BUG_ON(sizeof(struct entry) > 256);
	if (!e)
		return NULL;
	e->owner = ipcns_owner_get(owners, n_owners);
	if (!e->owner) {
		kfree(e);
		return NULL;
	}
	if (old) {
		stats.missed++;
		bury(old);
	}
	old = find_sb(sb);
	if (old)
		hash_del(&old->by_sb);
	INIT_LIST_HEAD(&e->list);
	e->key = key;
	e->sb = sb;
	e->known.cookie = cookie;
	e->known.id = native_id ?: next_id++;
	hash_add(keys, &e->by_key, key);
	hash_add(cookies, &e->by_cookie, cookie);
	hash_add(sbs, &e->by_sb, sb);
	hash_add(ids, &e->by_id, e->known.id);
	stats.known++;
	return e;
}

static void act(struct ipcns_actor *a, const struct ipcns_event *ev, u32 uid)
{
	a->time = ev->time;
	a->pid = ev->pid;
	a->uid = uid;
	memcpy(a->comm, ev->comm, sizeof(a->comm));
}

/* What an event continues with, which is in the slots after it. */
static void read_more(const struct ipcns_event *ev, void *out, u32 len)
{
	u32 i, part;

	for (i = 1; i < ev->slots && len; i++) {
		const struct ipcns_event_more *m = (const void *)(ev + i);

		part = min_t(u32, len, sizeof(m->data));
		memcpy(out, m->data, part);
		out += part;
		len -= part;
	}
}

static struct entry *born(const struct ipcns_event *ev)
{
	struct ipcns_event_birth b;
	struct entry *e;

	read_more(ev, &b, sizeof(b));
	/* a walk may have met it before its event was settled */
	e = find_cookie(b.cookie) ?:
	    add(ev->ns, b.sb, b.cookie, b.native_id, b.owner, b.n_owners);
	if (!e)
		return NULL;
	e->known.inum = b.inum;
	e->known.owner_inum = b.owner_inum;
	e->known.owner_uid = b.owner_uid;
	act(&e->known.born, ev, b.creator_uid);
	return e;
}

static struct entry *dies(const struct ipcns_event *ev)
{
	struct entry *e = find_key(ev->ns);

	if (!e || e->known.dying.time) {
		stats.missed++;
		return NULL;
	}
	act(&e->known.dying, ev, ev->uid);
	read_more(ev, &e->known.inventory, sizeof(e->known.inventory));
	hash_del(&e->by_cookie);
	e->death = ++last_death;
	list_move_tail(&e->list, &dying);
	stats.dying++;
	return e;
}

/* Counts a teardown that ended at a time; returns how long it took. */
static u64 count_teardown(const struct entry *e, u64 end)
{
	u64 begin = e->known.dying.time;
	/* the clock of handlers may go back by a little */
	u64 duration = end > begin ? end - begin : 0;
	u32 i = 0;

	while (i < IPCNS_N_BOUNDS && duration > ipcns_bounds[i])
		i++;
	stats.teardowns[i]++;
	stats.teardown_sum += duration;
	return duration;
}

static struct entry *settle_ns(const struct ipcns_event *ev)
{
	switch (ev->what) {
	case IPCNS_EVENT_KIND_CREATED:
		return born(ev);
	case IPCNS_EVENT_KIND_DYING:
		return dies(ev);
	default:
		return find_key(ev->ns);
	}
}

/*
 * Names the namespace of an event. An event of a namespace that was never
 * announced stays hidden: one whose creation failed, or that went while the
 * module was loaded.
 */
static void settle(struct ipcns_event *ev)
{
	struct entry *e;

	switch (ev->object) {
	case IPCNS_EVENT_OBJECT_LOST:
		ipcns_scopes_count(NULL);
		return;
	case IPCNS_EVENT_OBJECT_NS:
		e = settle_ns(ev);
		/* without memory a birth is lost, and until a walk what follows it */
		if (!e && ev->what == IPCNS_EVENT_KIND_CREATED) {
			ev->object = IPCNS_EVENT_OBJECT_LOST;
			ev->what = IPCNS_LOST_CAUSE_DROPPED;
			ipcns_scopes_count(NULL);
			return;
		}
		break;
	case IPCNS_EVENT_OBJECT_MQ:
		e = find_sb(ev->ns);
		break;
	default:
		e = find_key(ev->ns);
		break;
	}
	if (!e) {
		ev->object = IPCNS_EVENT_OBJECT_NONE;
		return;
	}
	ev->ns = e->known.id;
	ipcns_scopes_count(e->owner);
	/* a queue may end after its namespace */
	if (e->gone)
		keep_freed(e);
	if (ev->object == IPCNS_EVENT_OBJECT_NS && ev->what == IPCNS_EVENT_KIND_DESTROYED) {
		/* if probes were off for a time, only its end may be known */
		if (e->known.dying.time)
			ev->bytes = count_teardown(e, ev->time);
		bury(e);
	}
}

/*
 * Settles what is there now; what comes meanwhile is left to the worker, which
 * was told. Returns false if there may be more.
 */
static bool settle_all(void)
{
	struct ipcns_journal_state state;
	u32 i, n, done = 0;
	u64 next;

	lockdep_assert_held(&registry_mutex);
	ipcns_journal_state(&state);
	for (;;) {
		next = ipcns_journal_next();
		n = ipcns_journal_unsettled(window, WINDOW);
		/* events were dropped: who was to be told of them nobody knows */
		if (ipcns_journal_next() != next)
			ipcns_scopes_count(NULL);
		if (!n)
			break;
		for (i = 0; i < n; i += window[i].slots)
			settle(&window[i]);
		ipcns_journal_settle(window, n);
		cond_resched();
		done += n;
		if (done > state.unsettled)
			break;
	}
	return !n;
}

/**
 * ipcns_registry_sync() - settle all events that are in the journal
 *
 * Context: process context, may sleep.
 * Return: false if so many came meanwhile that there may be more.
 */
bool ipcns_registry_sync(void)
{
	bool done;

	mutex_lock(&registry_mutex);
	done = settle_all();
	mutex_unlock(&registry_mutex);
	return done;
}

/**
 * ipcns_registry_name() - give namespaces their ids
 * @refs:	namespaces; id is filled in where ns is not NULL
 * @n:		how many
 *
 * One that is met for the first time becomes known here. Since the caller has
 * references, none of them can have been freed, so no event that would make
 * the registry forget one can have been settled already.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcns_registry_name(struct ipcns_ref *refs, u32 n)
{
	u64 owners[IPCNS_MAX_OWNERS];
	int err = 0;
	u32 i;

	mutex_lock(&registry_mutex);
	settle_all();
	for (i = 0; i < n && !err; i++) {
		struct ipc_namespace *ns = refs[i].ns;
		struct entry *e;

		if (!ns)
			continue;
		e = find_cookie(refs[i].cookie);
		if (!e) {
			e = add((unsigned long)ns, (unsigned long)ns->mq_mnt->mnt_sb,
				refs[i].cookie, ipcns_native_id(ns), owners,
				ipcns_owner_chain(ns->user_ns, owners));
			if (e) {
				e->known.inum = ns->ns.inum;
				e->known.owner_inum = ns->user_ns->ns.inum;
				e->known.owner_uid = __kuid_val(ns->user_ns->owner);
			}
		}
		if (e)
			refs[i].id = e->known.id;
		else
			err = -ENOMEM;
	}
	mutex_unlock(&registry_mutex);
	return err;
}

/**
 * ipcns_registry_get() - what is known of a namespace
 * @id:		its id
 * @out:	filled in
 *
 * Context: process context, may sleep.
 * Return: false if no such namespace is known that is not freed.
 */
bool ipcns_registry_get(u64 id, struct ipcns_known *out)
{
	struct entry *e;

	mutex_lock(&registry_mutex);
	settle_all();
	e = find_id(id);
	if (e && e->gone)
		e = NULL;
	if (e)
		*out = e->known;
	mutex_unlock(&registry_mutex);
	return e;
}

/**
 * ipcns_registry_lookup() - what is known of the namespace of a settled event
 * @id:		its id
 * @out:	filled in
 *
 * As ipcns_registry_get(), but knows namespaces that are freed, too, and does
 * not settle events.
 */
bool ipcns_registry_lookup(u64 id, struct ipcns_known *out)
{
	struct entry *e;

	mutex_lock(&registry_mutex);
	e = find_id(id);
	if (e)
		*out = e->known;
	mutex_unlock(&registry_mutex);
	return e;
}

/**
 * ipcns_registry_dying() - list namespaces that are dying
 * @scope:	of those who are to be told
 * @out:	filled in, in the order in which they began to die
 * @max:	how many there is room for
 * @after:	where to go on, 0 to begin with; moved on
 *
 * Context: process context, may sleep.
 * Return: how many were filled in, 0 if there are no more.
 */
u32 ipcns_registry_dying(const struct ipcns_scope *scope, struct ipcns_known *out, u32 max,
			 u64 *after)
{
	struct entry *e;
	u32 n = 0;

	mutex_lock(&registry_mutex);
	settle_all();
	list_for_each_entry(e, &dying, list) {
		if (e->death <= *after || !ipcns_owner_below(e->owner, scope->owner))
			continue;
		if (n == max)
			break;
		out[n++] = e->known;
		*after = e->death;
	}
	mutex_unlock(&registry_mutex);
	return n;
}

/**
 * ipcns_registry_next_id() - id of the next namespace that becomes known
 *
 * All ids below were handed out.
 *
 * Return: 0 if the kernel hands them out itself.
 */
u64 ipcns_registry_next_id(void)
{
	return ipcns_native_id(ipcns_init_ns()) ? 0 : READ_ONCE(next_id);
}

/**
 * ipcns_registry_open_scope() - say that there is a net namespace
 * @user_ns:	its owner, which it holds
 *
 * Context: process context, may sleep.
 * Return: what its readers are told of, NULL if there is no memory. To be
 * released with ipcns_registry_close_scope().
 */
struct ipcns_scope *ipcns_registry_open_scope(struct user_namespace *user_ns)
{
	struct ipcns_scope *s;

	mutex_lock(&registry_mutex);
	/* whatever was at the owner's address before */
	settle_all();
	s = ipcns_scope_get(user_ns, ipcns_journal_next());
	mutex_unlock(&registry_mutex);
	return s;
}

/**
 * ipcns_registry_close_scope() - say that a net namespace ends
 * @s:		what ipcns_registry_open_scope() gave
 */
void ipcns_registry_close_scope(struct ipcns_scope *s)
{
	mutex_lock(&registry_mutex);
	ipcns_scope_put(s);
	mutex_unlock(&registry_mutex);
}

/**
 * ipcns_registry_now() - where the journal ends
 * @s:		a scope
 * @end:	set to the sequence number that the next event will have at least
 * @number:	set to the number that its next event will have
 *
 * Context: process context, may sleep.
 */
void ipcns_registry_now(const struct ipcns_scope *s, u64 *end, u64 *number)
{
	mutex_lock(&registry_mutex);
	settle_all();
	*end = ipcns_journal_next();
	*number = s == &ipcns_scope_all ? *end : s->next;
	mutex_unlock(&registry_mutex);
}

/**
 * ipcns_registry_skip() - leave out what was not sent to any scope yet
 *
 * Context: process context, may sleep; the sender's mutex is held.
 * Return: sequence number to go on with.
 */
u64 ipcns_registry_skip(void)
{
	struct ipcns_scope *s;
	u64 next;

	mutex_lock(&registry_mutex);
	next = ipcns_journal_next();
	list_for_each_entry(s, &ipcns_scopes, list) {
		s->from = next;
		s->number = s->next;
	}
	mutex_unlock(&registry_mutex);
	return next;
}

/**
 * ipcns_registry_told() - which events is a scope told of?
 * @s:		the scope
 * @e:		settled events
 * @n:		their slots
 * @told:	filled in: bits of the first slots of those
 *
 * Context: process context, may sleep.
 * Return: false if one of the namespaces is forgotten: then its events have been
 * overwritten since they were read.
 */
bool ipcns_registry_told(const struct ipcns_scope *s, const struct ipcns_event *e, u32 n,
			 unsigned long *told)
{
	struct entry *entry;
	bool known = true;
	u32 i;

	bitmap_zero(told, n);
	mutex_lock(&registry_mutex);
	for (i = 0; i < n; i += e[i].slots) {
		if (e[i].object == IPCNS_EVENT_OBJECT_LOST) {
			__set_bit(i, told);
			continue;
		}
		entry = find_id(e[i].ns);
		if (!entry)
			known = false;
		else if (ipcns_owner_below(entry->owner, s->owner))
			__set_bit(i, told);
	}
	mutex_unlock(&registry_mutex);
	return known;
}

/**
 * ipcns_registry_scopes() - who is to be sent an event of a namespace?
 * @id:		id of the namespace
 * @seq:	sequence number of the event
 * @out:	filled in with scopes that count for themselves; room for
 *		IPCNS_MAX_OWNERS
 *
 * Context: process context, may sleep; the sender's mutex is held.
 * Return: how many.
 */
u32 ipcns_registry_scopes(u64 id, u64 seq, struct ipcns_scope **out)
{
	const struct ipcns_owner *o;
	struct entry *e;
	u32 n = 0;

	mutex_lock(&registry_mutex);
	e = find_id(id);
	for (o = e ? e->owner : NULL; o && o->parent; o = o->parent)
		if (o->scope && o->scope->from <= seq)
			out[n++] = o->scope;
	mutex_unlock(&registry_mutex);
	return n;
}

/**
 * ipcns_registry_stats() - the registry's counters
 * @out:	filled in
 */
void ipcns_registry_stats(struct ipcns_registry_stats *out)
{
	mutex_lock(&registry_mutex);
	*out = stats;
	mutex_unlock(&registry_mutex);
}

/**
 * ipcns_registry_init() - make an empty registry
 *
 * Return: 0 or -ENOMEM.
 */
int ipcns_registry_init(void)
{
	window = kcalloc(WINDOW, sizeof(*window), GFP_KERNEL);
	return window ? 0 : -ENOMEM;
}

/**
 * ipcns_registry_exit() - forget all namespaces
 *
 * Nothing may feed it any more.
 */
void ipcns_registry_exit(void)
{
	struct hlist_node *next;
	struct entry *e;
	int bucket;

	hash_for_each_safe(ids, bucket, next, e, by_id)
		forget(e);
	kfree(window);
}
