// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry: ids and histories of namespaces. It is fed by events and by
 * walks, and it is never the way to a namespace: the addresses it keeps are
 * keys to compare, and nothing behind them is looked at.
 */
#include <linux/hashtable.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "cgroup.h"
#include "compat.h"
#include "journal.h"
#include "registry.h"

#define REGISTRY_BITS 12

/* Slots that are published in one go. */
#define WINDOW 64

/**
 * struct entry - one namespace
 * @by_key:	in the hash by @key, as long as the namespace is not freed
 * @by_cookie:	in the hash by known.cookie, as long as it is not dying; then, until
 *		it is freed, in that by @death
 * @by_sb:	in the hash by @sb, until another namespace has a superblock
 *		there: an mqueue filesystem can be mounted, and have queues,
 *		after its namespace was freed
 * @by_id:	in the hash by known.id
 * @list:	in the list of those that are dying, or of those that are freed
 * @key:	its address
 * @sb:		address of its superblock
 * @death:	number of its death, for the order of the dying
 * @gone:	sequence number of its last event, once it is freed
 * @absent:	when a check did not find it, in milliseconds; 0 if the last one did
 * @removals:	a System V object was destroyed after it began to die
 * @checked:	it was known when the present check started, and
 * @seen:	the check has found it
 * @known:	what is reported of it
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
	u32			absent;
	bool			removals;
	bool			checked;
	bool			seen;
	struct ipcns_ns_info	known;
};

static DEFINE_HASHTABLE(keys, REGISTRY_BITS);
static DEFINE_HASHTABLE(cookies, REGISTRY_BITS);
static DEFINE_HASHTABLE(deaths, REGISTRY_BITS);
static DEFINE_HASHTABLE(sbs, REGISTRY_BITS);
static DEFINE_HASHTABLE(ids, REGISTRY_BITS);

/* Everything here. It is held for a few look-ups, also on behalf of slow callers. */
static DEFINE_RAW_SPINLOCK(registry_lock);

/*
 * Events are resolved one after the other. Taken by workers only: a caller from user
 * space could be made to stop while it holds it, by the limits of its control group.
 */
static DEFINE_MUTEX(resolve_mutex);

static LIST_HEAD(dying);

/* Those that are freed, as long as the journal has events of them. */
static LIST_HEAD(freed);

static u64 next_id = 1;
static u64 last_death;
static struct ipcns_registry_stats stats;

/*
 * Entries may be missing or stale; see ipcns_registry_check_begin(). The second is
 * about what happened since the last check began.
 */
static bool in_doubt, in_new_doubt;

/*
 * The namespace that the last event about an object had, and its id, as long as it lives:
 * the next event is often of the same, and need not look it up. Only the worker sets the
 * two; @same_key is 1 if there is no such namespace.
 */
static u64 same_key = 1, same_id;

/* All namespaces from before the module was loaded are known. */
static bool all_known;

/* A hook is silent: what shows that it was not called. */
static bool births_silent, removals_silent;

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

/* The entry in a table whose member has a value, or NULL. */
#define lookup_entry(table, node, member, value) ({				\
	struct entry *entry_, *found_ = NULL;				\
									\
	hash_for_each_possible(table, entry_, node, value)		\
		if (entry_->member == (value)) {			\
			found_ = entry_;				\
			break;						\
		}							\
	found_;								\
})

static struct entry *lookup_key(u64 key)
{
	return lookup_entry(keys, by_key, key, key);
}

static struct entry *lookup_cookie(u64 cookie)
{
	return lookup_entry(cookies, by_cookie, known.cookie, cookie);
}

static struct entry *lookup_sb(u64 sb)
{
	return lookup_entry(sbs, by_sb, sb, sb);
}

static void forget_same(void)
{
	WRITE_ONCE(same_key, 1);
}

static void unlink_entry(struct entry *e)
{
	forget_same();
	hash_del(&e->by_key);
	hash_del(&e->by_cookie);
	hash_del(&e->by_sb);
	hash_del(&e->by_id);
	list_del(&e->list);
}

static void doubt(void)
{
	in_doubt = true;
	in_new_doubt = true;
}

/*
 * The namespace is freed. What is known of it stays as long as the journal has
 * events of it, or its superblock is there and may have more, so these bound the
 * memory. The event at hand is one of those that are being published.
 */
static void keep_freed(struct entry *e)
{
	e->gone = ipcns_journal_next() + WINDOW;
	list_move_tail(&e->list, &freed);
}

static void retire_entry(struct entry *e)
{
	hash_del(&e->by_key);
	hash_del(&e->by_cookie);
	forget_same();
	stats.known--;
	if (e->known.dying.time)
		stats.dying--;
	keep_freed(e);
}

/* How often walks met a namespace whose creation was recorded, but not finished. */
static u64 unfinished;

/*
 * A superblock without a namespace to be had. Either its namespace is freed, and the
 * filesystem is in use; or it is dying, and so early in its teardown that the superblock
 * is there, or the filesystem is in use; or its creation is not finished.
 */
static void meet_left(const struct super_block *sb, bool creating)
{
	struct entry *e;

	raw_spin_lock(&registry_lock);
	e = lookup_sb((unsigned long)sb);
	if (e && e->gone) {
		keep_freed(e);
	} else if (e && e->known.dying.time) {
		e->seen = true;
	} else if (e && creating) {
		unfinished++;
		e->seen = true;
	}
	raw_spin_unlock(&registry_lock);
}

/*
 * The oldest that is freed, if the journal has no events of it any more; to be taken
 * out, or only to see whether there is one.
 */
static struct entry *oldest_freed(bool unlink)
{
	struct ipcns_journal_state state;
	struct entry *e;

	ipcns_journal_state(&state);
	raw_spin_lock(&registry_lock);
	e = list_first_entry_or_null(&freed, struct entry, list);
	if (e && e->gone >= state.first)
		e = NULL;
	if (e && unlink)
		unlink_entry(e);
	raw_spin_unlock(&registry_lock);
	return e;
}

/**
 * ipcns_registry_forget() - forget what no reader can ask for any more
 *
 * To be called now and then.
 *
 * Context: process context, may sleep; one caller at a time.
 */
void ipcns_registry_forget(void)
{
	struct entry *e;

	if (!oldest_freed(false))
		return;
	/* if it fails, a late event of a queue may find its namespace forgotten */
	ipcns_walk_left(meet_left);
	while ((e = oldest_freed(true))) {
		kfree(e);
		cond_resched();
	}
}

static struct entry *alloc_entry(void)
{
	BUILD_BUG_ON(sizeof(struct entry) > 256);
	return kzalloc(sizeof(struct entry), GFP_KERNEL);
}

/*
 * A namespace that was not known, in @spare, which is NULL then. If another one is
 * known at its address, that one was destroyed without an event.
 */
static struct entry *add(struct entry **spare, u64 key, u64 sb, u64 cookie, u64 native_id)
{
	struct entry *old, *e = *spare;

	if (!e)
		return NULL;
	*spare = NULL;
	old = lookup_key(key);
	if (old) {
		stats.missed++;
		doubt();
		retire_entry(old);
	}
	old = lookup_sb(sb);
	if (old)
		hash_del(&old->by_sb);
	forget_same();
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

static void set_actor(struct ipcns_actor *a, const struct ipcns_event *ev)
{
	a->time = ev->time;
	a->pid = ev->pid;
	a->uid = ev->uid;
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

static struct entry *on_ns_created(const struct ipcns_event *ev, struct entry **spare)
{
	struct ipcns_event_birth b;
	struct entry *e;

	read_more(ev, &b, sizeof(b));
	/* a walk may have met it before its event was resolved */
	e = lookup_cookie(b.cookie) ?: add(spare, ev->ns, b.sb, b.cookie, b.native_id);
	if (!e)
		return NULL;
	e->known.inum = b.inum;
	e->known.owner_inum = b.owner_inum;
	e->known.owner_uid = b.owner_uid;
	set_actor(&e->known.born, ev);
	births_silent = false;
	return e;
}

static struct entry *on_ns_dying(const struct ipcns_event *ev)
{
	struct entry *e = lookup_key(ev->ns);

	if (!e || e->known.dying.time) {
		stats.missed++;
		doubt();
		return NULL;
	}
	set_actor(&e->known.dying, ev);
	read_more(ev, &e->known.inventory, sizeof(e->known.inventory));
	hash_del(&e->by_cookie);
	forget_same();
	e->death = ++last_death;
	hash_add(deaths, &e->by_cookie, e->death);
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

/*
 * A teardown removes each System V object that was left when the namespace began to
 * die. If none of these removals was seen, and no event was lost, the function is
 * not called where it should be: a compiler has inlined it into its callers, say.
 */
static void check_teardown(const struct entry *e)
{
	const u32 *count = e->known.inventory.count;
	u32 left = count[IPCNS_KIND_SHM] + count[IPCNS_KIND_SEM] + count[IPCNS_KIND_MSG];

	if (left && !e->removals && !in_doubt)
		removals_silent = true;
}

static struct entry *resolve_ns_event(const struct ipcns_event *ev, struct entry **spare)
{
	switch (ev->what) {
	case IPCNS_EVENT_KIND_CREATED:
		return on_ns_created(ev, spare);
	case IPCNS_EVENT_KIND_DYING:
		return on_ns_dying(ev);
	default:
		return lookup_key(ev->ns);
	}
}

/*
 * Replaces the namespace's address with its id. Discards events of namespaces
 * that are not registered: of one whose creation failed, or that was already
 * dying when the module was loaded.
 */
static void resolve_locked(struct ipcns_event *ev, struct entry **spare)
{
	struct entry *e;

	switch (ev->object) {
	case IPCNS_EVENT_OBJECT_LOST:
		doubt();
		return;
	case IPCNS_EVENT_OBJECT_NS:
		e = resolve_ns_event(ev, spare);
		/* without memory a creation is lost, and until a walk what follows it */
		if (!e && ev->what == IPCNS_EVENT_KIND_CREATED) {
			ev->object = IPCNS_EVENT_OBJECT_LOST;
			ev->what = IPCNS_LOST_CAUSE_DROPPED;
			doubt();
			return;
		}
		break;
	case IPCNS_EVENT_OBJECT_MQ:
		e = lookup_sb(ev->ns);
		break;
	default:
		e = lookup_key(ev->ns);
		if (e && ev->what == IPCNS_EVENT_KIND_DESTROYED) {
			e->removals |= !!e->known.dying.time;
			removals_silent = false;
		}
		break;
	}
	if (!e) {
		ev->object = IPCNS_EVENT_OBJECT_NONE;
		return;
	}
	/* a queue may end after its namespace */
	if (e->gone) {
		keep_freed(e);
	} else if (!e->known.dying.time) {
		same_id = e->known.id;
		WRITE_ONCE(same_key, ev->ns);
	}
	ev->ns = e->known.id;
	if (ev->object == IPCNS_EVENT_OBJECT_NS && ev->what == IPCNS_EVENT_KIND_DESTROYED) {
		/* if probes were off for a time, only its end may be known */
		if (e->known.dying.time) {
			ev->value = count_teardown(e, ev->time);
			check_teardown(e);
		}
		retire_entry(e);
	}
}

static noinline void look_up(struct ipcns_event *ev)
{
	struct entry *spare = NULL;

	if (ev->object == IPCNS_EVENT_OBJECT_NS && ev->what == IPCNS_EVENT_KIND_CREATED)
		spare = alloc_entry();
	raw_spin_lock(&registry_lock);
	resolve_locked(ev, &spare);
	raw_spin_unlock(&registry_lock);
	kfree(spare);
}

static void resolve_event(struct ipcns_event *ev, u64 seq)
{
	u64 group = ev->seq | (u64)ipcns_event_cgroup(ev) << 32;

	/* first, for pid and comm are copied */
	if (ipcns_event_pid(ev))
		ipcns_event_set_cgroup(ev, 0);
	if (ev->ns == READ_ONCE(same_key) && ev->object != IPCNS_EVENT_OBJECT_NS &&
	    !READ_ONCE(removals_silent))
		ev->ns = same_id;
	else
		look_up(ev);
	if (ev->pid && ev->object != IPCNS_EVENT_OBJECT_NONE)
		ipcns_event_set_cgroup(ev, ipcns_cgroup_place(group, seq));
}

static void on_loss(void)
{
	raw_spin_lock(&registry_lock);
	doubt();
	raw_spin_unlock(&registry_lock);
}

/**
 * ipcns_registry_sync() - resolve the events that are in the journal
 *
 * Later ones are left to the worker, which was woken.
 *
 * Context: a worker, may sleep.
 * Return: false if so many came meanwhile that there may be more.
 */
bool ipcns_registry_sync(void)
{
	struct ipcns_journal_state state;
	u32 n, done = 0;

	mutex_lock(&resolve_mutex);
	ipcns_journal_state(&state);
	do {
		n = ipcns_journal_publish(WINDOW, resolve_event, on_loss);
		done += n;
		cond_resched();
	} while (n && done <= state.pending);
	mutex_unlock(&resolve_mutex);
	return !n;
}

static void sync_events(struct work_struct *work)
{
	ipcns_registry_sync();
}

static DECLARE_WORK(sync_work, sync_events);

/**
 * ipcns_registry_wait() - have the events resolved that are in the journal
 *
 * A worker does it, so the caller holds nothing that others wait for.
 *
 * Context: process context, may sleep.
 */
void ipcns_registry_wait(void)
{
	struct ipcns_journal_state state;

	ipcns_journal_state(&state);
	if (!state.pending)
		return;
	queue_work(system_dfl_wq, &sync_work);
	flush_work(&sync_work);
}

/* Gives one namespace its id. Returns false if a spare entry is missing for that. */
static bool name_namespace(struct ipcns_ns_ref *ref, struct entry **spare)
{
	struct ipc_namespace *ns = ref->ns;
	struct entry *e;

	raw_spin_lock(&registry_lock);
	e = lookup_cookie(ref->cookie);
	if (!e) {
		e = add(spare, (unsigned long)ns, (unsigned long)ns->mq_mnt->mnt_sb,
			ref->cookie, ipcns_native_id(ns));
		if (e) {
			/* it was created under a hook that is armed */
			if (all_known) {
				stats.missed++;
				births_silent |= !in_doubt;
			}
			e->known.inum = ns->ns.inum;
			e->known.owner_inum = ns->user_ns->ns.inum;
			e->known.owner_uid = __kuid_val(ns->user_ns->owner);
		}
	}
	if (e) {
		ref->id = e->known.id;
		e->seen = true;
	}
	raw_spin_unlock(&registry_lock);
	return e;
}

/**
 * ipcns_registry_name() - give namespaces their ids
 * @refs:	namespaces; id is filled in where ns is not NULL
 * @n:		how many
 *
 * One that is met for the first time becomes known here. Since the caller has
 * references, none of them can have been freed, so no event that would make
 * the registry forget one can have been resolved already.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcns_registry_name(struct ipcns_ns_ref *refs, u32 n)
{
	struct entry *spare = NULL;
	int err = 0;
	u32 i = 0;

	ipcns_registry_wait();
	while (i < n && !err) {
		if (!refs[i].ns || name_namespace(&refs[i], &spare)) {
			i++;
			continue;
		}
		spare = alloc_entry();
		if (!spare)
			err = -ENOMEM;
	}
	kfree(spare);
	return err;
}

/**
 * ipcns_registry_in_doubt() - may entries be missing or stale?
 *
 * They may be after a loss of events, until a check has put them right.
 */
bool ipcns_registry_in_doubt(void)
{
	return READ_ONCE(in_doubt);
}

/**
 * ipcns_registry_silent() - does it show that a hook was not called?
 *
 * A namespace was found that was created without an event, or one was torn down
 * whose objects were destroyed without events, and no loss explains it.
 */
bool ipcns_registry_silent(void)
{
	return READ_ONCE(births_silent) || READ_ONCE(removals_silent);
}

/**
 * ipcns_registry_check_begin() - begin to compare the registry with what exists
 *
 * The caller then passes all namespaces that a walk finds to
 * ipcns_registry_name(), which adds missing ones, and ends the check with
 * ipcns_registry_check_end().
 *
 * Context: process context, may sleep; one check at a time.
 */
void ipcns_registry_check_begin(void)
{
	struct entry *e;
	int bucket;

	ipcns_registry_wait();
	raw_spin_lock(&registry_lock);
	in_new_doubt = false;
	raw_spin_unlock(&registry_lock);
	for (bucket = 0; bucket < HASH_SIZE(keys); bucket++) {
		raw_spin_lock(&registry_lock);
		hlist_for_each_entry(e, &keys[bucket], by_key) {
			e->checked = true;
			e->seen = false;
		}
		raw_spin_unlock(&registry_lock);
	}
}

/**
 * ipcns_registry_unfinished() - is a namespace being created whose creation has its number?
 *
 * It is recorded at the entry of the last function that a creation calls, and can
 * be found when that returns. In between a list would lack what has been reported.
 *
 * Context: process context, may sleep.
 * Return: whether there is one; also true if another walk met one meanwhile.
 */
bool ipcns_registry_unfinished(void)
{
	u64 before;

	ipcns_registry_wait();
	before = READ_ONCE(unfinished);
	ipcns_walk_left(meet_left);
	return READ_ONCE(unfinished) != before;
}

/* Retires what a check has not found. Returns whether another check is due. */
static bool retire_absent(struct hlist_head *bucket, u32 ms)
{
	struct hlist_node *next;
	bool absent = false;
	struct entry *e;

	raw_spin_lock(&registry_lock);
	hlist_for_each_entry_safe(e, next, bucket, by_key) {
		if (!e->checked || e->seen) {
			e->absent = 0;
		} else if (!e->absent) {
			e->absent = ms;
		} else if (ms - e->absent >= IPCNS_CHECK_MS) {
			stats.missed++;
			retire_entry(e);
			continue;
		}
		absent |= !!e->absent;
	}
	raw_spin_unlock(&registry_lock);
	return absent;
}

/**
 * ipcns_registry_check_end() - retire entries of namespaces that do not exist
 * @now:	nanoseconds of CLOCK_BOOTTIME
 *
 * An entry is retired that two checks have not found, IPCNS_CHECK_MS apart: what
 * is left of a teardown without its superblock takes less.
 *
 * Context: process context, may sleep; all namespaces were passed to
 * ipcns_registry_name().
 * Return: 0, or as walk_supers(), if it has to be done again.
 */
int ipcns_registry_check_end(u64 now)
{
	u32 ms = div_u64(now, NSEC_PER_MSEC) | 1;
	bool absent = false;
	int bucket, err;

	ipcns_registry_wait();
	err = ipcns_walk_left(meet_left);
	if (err)
		return err;
	for (bucket = 0; bucket < HASH_SIZE(keys); bucket++)
		absent |= retire_absent(&keys[bucket], ms);
	raw_spin_lock(&registry_lock);
	in_doubt = absent || in_new_doubt;
	all_known = true;
	raw_spin_unlock(&registry_lock);
	return 0;
}

static bool get_known(u64 id, bool freed_too, struct ipcns_ns_info *out)
{
	struct entry *e;

	raw_spin_lock(&registry_lock);
	e = lookup_entry(ids, by_id, known.id, id);
	if (e && e->gone && !freed_too)
		e = NULL;
	if (e)
		*out = e->known;
	raw_spin_unlock(&registry_lock);
	return e;
}

/**
 * ipcns_registry_get() - what is known of a namespace
 * @id:		its id
 * @out:	filled in
 *
 * Context: process context, may sleep.
 * Return: false if no such namespace is known that is not freed.
 */
bool ipcns_registry_get(u64 id, struct ipcns_ns_info *out)
{
	ipcns_registry_wait();
	return get_known(id, false, out);
}

/**
 * ipcns_registry_lookup() - what is known of the namespace of a published event
 * @id:		its id
 * @out:	filled in
 *
 * As ipcns_registry_get(), but knows namespaces that are freed, too, and does
 * not resolve events.
 */
bool ipcns_registry_lookup(u64 id, struct ipcns_ns_info *out)
{
	return get_known(id, true, out);
}

/**
 * ipcns_registry_dying() - list namespaces that are dying
 * @out:	filled in, in the order in which they began to die
 * @max:	how many there is room for
 * @after:	where to continue, 0 at first; moved on
 *
 * Context: process context, may sleep.
 * Return: how many were filled in, 0 if there are no more.
 */
u32 ipcns_registry_dying(struct ipcns_ns_info *out, u32 max, u64 *after)
{
	struct entry *e;
	u32 n = 0;

	ipcns_registry_wait();
	raw_spin_lock(&registry_lock);
	e = lookup_entry(deaths, by_cookie, death, *after);
	if (!e)		/* freed by now, as are most of those before it */
		e = list_entry(&dying, struct entry, list);
	list_for_each_entry_continue(e, &dying, list) {
		if (e->death <= *after)
			continue;
		if (n == max)
			break;
		out[n++] = e->known;
		*after = e->death;
	}
	raw_spin_unlock(&registry_lock);
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
 * ipcns_registry_now() - resolve the events that are in the journal
 *
 * Context: process context, may sleep.
 * Return: sequence number that the next event will have at least.
 */
u64 ipcns_registry_now(void)
{
	ipcns_registry_wait();
	return ipcns_journal_next();
}

/**
 * ipcns_registry_stats() - the registry's counters
 * @out:	filled in
 */
void ipcns_registry_stats(struct ipcns_registry_stats *out)
{
	raw_spin_lock(&registry_lock);
	*out = stats;
	raw_spin_unlock(&registry_lock);
}

/**
 * ipcns_registry_init() - start with an empty registry
 */
void ipcns_registry_init(void)
{
	/* a namespace that was being created when hooks were armed is found by a check */
	doubt();
	all_known = false;
	births_silent = false;
	removals_silent = false;
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

	cancel_work_sync(&sync_work);
	hash_for_each_safe(ids, bucket, next, e, by_id) {
		unlink_entry(e);
		kfree(e);
	}
}
