// SPDX-License-Identifier: GPL-2.0-only
/*
 * What readers are told who may know of some namespaces only: against a model
 * that knows whose every event was, and where some were dropped.
 */
#include <linux/user_namespace.h>

#include "support.h"

#include "journal.h"
#include "registry.h"
#include "stream.h"

#define SLOTS 256
#define EVENTS 20000

/* Who is told of what: of three user namespaces the second is below the first. */
enum { FIRST, BELOW, OTHER, OWNERS };

/**
 * struct model - what is to be told
 * @user_ns:	the user namespaces, which are nothing but their places
 * @scope:	theirs
 * @number:	what number an event has in each scope, by its own number;
 *		0 if it is not told there
 * @owner:	whose it is; OWNERS for the initial user namespace's
 * @next:	number of the next event, in each
 * @gap:	in each scope, numbers that are left out since something was dropped
 * @pending:	events before this one are settled
 * @made:	events that were recorded
 * @hole:	the first event after which some were dropped, if @holed
 * @holed:	some were dropped since all was settled
 */
struct model {
	struct user_namespace	*user_ns[OWNERS];
	struct ipcns_scope	*scope[OWNERS];
	u64			*number[OWNERS];
	u8			*owner;
	u64			next[OWNERS];
	u32			gaps[OWNERS];
	u32			pending;
	u32			made;
	u32			hole;
	bool			holed;
};

static struct model *m;
static struct ipcns_cursor *c;

static void no_wake(void)
{
}

static bool told(u32 scope, u32 owner)
{
	return owner == scope || (scope == FIRST && owner == BELOW);
}

static u64 address(u32 owner)
{
	return 0xffff000000000000ULL + owner * 0x1000;
}

static bool put_event(u8 object, u8 what, u64 ns, u32 id, const void *more, u32 len)
{
	struct ipcns_event *e = ipcns_journal_begin(len);

	if (!e)
		return false;
	memset(e, 0, offsetof(struct ipcns_event, seq));
	e->time = 1;
	e->ns = ns;
	e->id = id;
	e->object = object;
	e->what = what;
	ipcns_journal_commit(more, len);
	return true;
}

/* An event of a namespace of that owner's, of any length. */
static void write(u32 owner, u32 len)
{
	static const u8 more[256];

	if (put_event(IPCNS_EVENT_OBJECT_MSG, IPCNS_EVENT_KIND_CREATED, address(owner), m->made, more,
		      len)) {
		m->owner[m->made++] = owner;
	} else if (!m->holed) {
		m->holed = true;
		m->hole = m->made;
	}
}

/* Settles all, and does the same in the model. */
static void settle(void)
{
	u32 i, k;

	ipcns_registry_sync();
	for (i = m->pending; i <= m->made; i++) {
		if (m->holed && i == m->hole)
			for (k = 0; k < OWNERS; k++) {
				m->next[k]++;
				m->gaps[k]++;
			}
		if (i == m->made)
			break;
		for (k = 0; k < OWNERS; k++)
			m->number[k][i] = told(k, m->owner[i]) ? m->next[k]++ : 0;
	}
	m->pending = m->made;
	m->holed = false;
}

/* A reader begins at a number: all from there on is told or lost, and right. */
static void read_from(struct kunit *test, u32 k, u64 since, u64 *counts)
{
	struct ipcns_notice n;
	u64 next = since;

	ipcns_cursor_init(c, m->scope[k], since);
	while (ipcns_stream_next(c, &n)) {
		if (n.from) {
			KUNIT_ASSERT_EQ(test, n.from, next);
			KUNIT_ASSERT_GE(test, n.to, n.from);
			if (n.cause == IPCNS_LOST_CAUSE_DROPPED)
				KUNIT_ASSERT_EQ(test, n.to, n.from);
			counts[n.cause == IPCNS_LOST_CAUSE_DROPPED] += n.to - n.from + 1;
			next = n.to + 1;
			continue;
		}
		KUNIT_ASSERT_EQ(test, n.seq, next);
		KUNIT_ASSERT_EQ(test, m->number[k][n.slots->id], next);
		counts[2]++;
		next++;
	}
	KUNIT_ASSERT_EQ(test, next, max(since, m->next[k]));
}

/* Random events, now and then settled, and read from anywhere. */
static void numbers(struct kunit *test)
{
	u64 counts[3] = { };
	u32 i, k, rnd = 271828182;

	for (i = 0; i < EVENTS; i++) {
		write(any_below(&rnd, OWNERS + 1), any_below(&rnd, 3) ? 0 : any_below(&rnd, 256));
		/* mostly often enough; sometimes so late that events are dropped */
		if (any_below(&rnd, 100) >= (i / 1000 % 4 ? 10 : 1))
			continue;
		settle();
		k = any_below(&rnd, OWNERS);
		read_from(test, k, 1 + any_below(&rnd, m->next[k] + 5), counts);
		if (!any_below(&rnd, 10))
			for (k = 0; k < OWNERS; k++)
				read_from(test, k, 1, counts);
	}
	settle();
	for (k = 0; k < OWNERS; k++)
		read_from(test, k, 1, counts);
	kunit_info(test, "%u recorded, %u gaps; told: %llu events, %llu overwritten, %llu dropped\n",
		   m->made, m->gaps[0], counts[2], counts[0], counts[1]);
	KUNIT_EXPECT_GT(test, m->gaps[0], 10U);
	KUNIT_EXPECT_GT(test, counts[0], 1000ULL);
	KUNIT_EXPECT_GT(test, counts[1], 20ULL);
	KUNIT_EXPECT_GT(test, counts[2], 1000ULL);
}

/* A reader goes on where he was while the ring turns under him. */
static void slow(struct kunit *test)
{
	u32 i, rnd = 314159265;
	struct ipcns_notice n;
	u64 next;

	for (i = 0; i < 100; i++)
		write(BELOW, 0);
	settle();
	next = 1;
	ipcns_cursor_init(c, m->scope[FIRST], 1);
	for (i = 0; i < EVENTS - 200; i++) {
		write(any_below(&rnd, OWNERS + 1), 0);
		if (i % 20)
			continue;
		settle();
		ipcns_cursor_extend(c);
		if (any_below(&rnd, 3) || !ipcns_stream_next(c, &n))
			continue;
		if (n.from) {
			KUNIT_ASSERT_EQ(test, n.from, next);
			next = n.to + 1;
		} else {
			KUNIT_ASSERT_EQ(test, n.seq, next);
			KUNIT_ASSERT_EQ(test, m->number[FIRST][n.slots->id], next);
			next++;
		}
	}
	KUNIT_EXPECT_GT(test, next, 100ULL);
}

/* A scope begins with its first net namespace, and ends with its last. */
static void lives(struct kunit *test)
{
	struct ipcns_scope *again, *s = m->scope[OTHER];
	u64 end, number;

	again = ipcns_registry_open_scope(m->user_ns[OTHER]);
	KUNIT_EXPECT_PTR_EQ(test, again, s);
	write(OTHER, 0);
	settle();
	ipcns_registry_close_scope(again);
	ipcns_registry_now(s, &end, &number);
	KUNIT_EXPECT_EQ(test, number, 2ULL);
	KUNIT_EXPECT_EQ(test, end, ipcns_journal_next());
	ipcns_registry_close_scope(s);
	write(OTHER, 0);
	settle();
	m->scope[OTHER] = ipcns_registry_open_scope(m->user_ns[OTHER]);
	KUNIT_ASSERT_NOT_NULL(test, m->scope[OTHER]);
	ipcns_registry_now(m->scope[OTHER], &end, &number);
	KUNIT_EXPECT_EQ(test, number, 1ULL);
	KUNIT_EXPECT_EQ(test, m->scope[OTHER]->since, end);
}

/* Who comes to an address later is somebody else. */
static void replaced(struct kunit *test)
{
	struct ipcns_owner *o[4];
	u64 first[2] = { 0x2000, 0x1000 }, second[2] = { 0x2000, 0x3000 };

	o[0] = ipcns_owner_get(first, 2);
	o[1] = ipcns_owner_get(first, 2);
	KUNIT_ASSERT_NOT_NULL(test, o[0]);
	KUNIT_EXPECT_PTR_EQ(test, o[0], o[1]);
	o[2] = ipcns_owner_get(first + 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, o[2], o[0]->parent);
	KUNIT_EXPECT_TRUE(test, ipcns_owner_below(o[0], o[2]));
	KUNIT_EXPECT_FALSE(test, ipcns_owner_below(o[2], o[0]));
	/* all that it owned is freed, but not forgotten */
	ipcns_owner_gone(o[0]);
	ipcns_owner_gone(o[0]);
	o[3] = ipcns_owner_get(first, 2);
	KUNIT_EXPECT_PTR_NE(test, o[3], o[0]);
	KUNIT_EXPECT_PTR_EQ(test, o[3]->parent, o[2]);
	/* its end was not seen, but it is below another one */
	ipcns_owner_put(o[0]);
	ipcns_owner_put(o[1]);
	o[0] = ipcns_owner_get(second, 2);
	KUNIT_EXPECT_PTR_NE(test, o[0], o[3]);
	ipcns_owner_gone(o[0]);
	ipcns_owner_put(o[0]);
	ipcns_owner_gone(o[3]);
	ipcns_owner_put(o[3]);
	ipcns_owner_gone(o[2]);
	ipcns_owner_put(o[2]);
}

static int scope_init(struct kunit *test)
{
	struct ipcns_event_birth b = { };
	int err;
	u32 k;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	if (!m || !c)
		return -ENOMEM;
	m->owner = kunit_kzalloc(test, EVENTS, GFP_KERNEL);
	for (k = 0; k < OWNERS; k++) {
		m->user_ns[k] = kunit_kzalloc(test, sizeof(*m->user_ns[k]), GFP_KERNEL);
		m->number[k] = kunit_kcalloc(test, EVENTS, sizeof(u64), GFP_KERNEL);
		if (!m->owner || !m->user_ns[k] || !m->number[k])
			return -ENOMEM;
		m->user_ns[k]->parent = k == BELOW ? m->user_ns[FIRST] : &init_user_ns;
		m->next[k] = 1;
	}
	err = ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), no_wake);
	if (err)
		return err;
	err = ipcns_registry_init();
	if (err)
		return err;
	for (k = 0; k <= OWNERS; k++) {
		b.cookie = 1 + k;
		b.sb = k;
		b.inum = 1 + k;
		b.n_owners = k < OWNERS ? ipcns_owner_chain(m->user_ns[k], b.owner) : 0;
		put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_CREATED, address(k), 0, &b, sizeof(b));
	}
	ipcns_registry_sync();
	for (k = 0; k < OWNERS; k++) {
		m->scope[k] = ipcns_registry_open_scope(m->user_ns[k]);
		if (!m->scope[k])
			return -ENOMEM;
	}
	return 0;
}

static void scope_exit(struct kunit *test)
{
	u32 k;

	for (k = 0; k < OWNERS; k++)
		if (m->scope[k])
			ipcns_registry_close_scope(m->scope[k]);
	ipcns_registry_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(numbers),
	KUNIT_CASE(slow),
	KUNIT_CASE(lives),
	KUNIT_CASE(replaced),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-scope",
	.init = scope_init,
	.exit = scope_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
