// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of creators against a model that has room for all; full sets; readers.
 */
#include "support.h"

#include "creator.c"

#define OBJECTS	64

/* Addresses that belong to the same place. */
static void same_home(unsigned long *key, u32 n)
{
	unsigned long at = 0x1000;
	u32 i;

	for (i = 0; i < n; at += 8)
		if (home((void *)at) == 28)
			key[i++] = at;
}

static bool known(unsigned long key)
{
	struct creator c;

	return copy_record((void *)key, &c) && c.pid == (u32)current->tgid &&
	       !memcmp(c.comm, current->comm, sizeof(c.comm));
}

/* Objects that come, go and come again: no more is remembered than there is. */
static void model(struct kunit *test)
{
	bool there[OBJECTS] = { };
	u32 seed = 1;
	u64 lost;
	u32 i, k, n = 0;

	for (i = 0; i < 20000; i++) {
		unsigned long at = 0x100000;

		k = any_below(&seed, OBJECTS);
		at += k * 192;
		switch (any_below(&seed, 3)) {
		case 0:
			ipcns_creator_forget((void *)at);
			n -= there[k];
			there[k] = false;
			break;
		default:	/* the same again: its creation failed before */
			ipcns_creator_add((void *)at);
			n += !there[k];
			there[k] = true;
		}
		if (!(i % 500))		/* it looks at all places */
			KUNIT_ASSERT_EQ(test, ipcns_creators_count(&lost), n);
		KUNIT_ASSERT_EQ(test, known(at), there[k]);
	}
	KUNIT_EXPECT_EQ(test, lost, 0ULL);
	ipcns_creators_clear();
	KUNIT_EXPECT_EQ(test, ipcns_creators_count(&lost), 0U);
}

/* A set that is full drops the oldest; who is busy with a place keeps it. */
static void full(struct kunit *test)
{
	unsigned long key[WAYS + 3];
	struct creator *c = &places[28];
	u64 lost;
	u32 i;

	same_home(key, ARRAY_SIZE(key));
	for (i = 0; i < WAYS; i++) {
		ipcns_creator_add((void *)key[i]);
		c[i].time = i == 2 ? 1 : 100 + i;
	}
	ipcns_creator_add((void *)key[WAYS]);
	KUNIT_EXPECT_FALSE(test, known(key[2]));
	for (i = 0; i <= WAYS; i++)
		KUNIT_EXPECT_EQ(test, known(key[i]), i != 2);
	KUNIT_EXPECT_EQ(test, ipcns_creators_count(&lost), WAYS);
	KUNIT_EXPECT_EQ(test, lost, 1ULL);

	for (i = 0; i < WAYS; i++)
		c[i].key = BUSY;
	ipcns_creator_add((void *)key[WAYS + 1]);
	ipcns_creator_forget((void *)key[0]);
	ipcns_creators_clear();
	for (i = 0; i < WAYS; i++)
		KUNIT_EXPECT_EQ(test, c[i].key, BUSY);
	ipcns_creators_count(&lost);
	KUNIT_EXPECT_EQ(test, lost, 2ULL);
	memset(c, 0, WAYS * sizeof(*c));

	ipcns_creator_add((void *)key[0]);
	ipcns_creator_move((void *)key[0], (void *)0x5550);
	ipcns_creator_move((void *)key[1], (void *)0x6660);
	KUNIT_EXPECT_TRUE(test, known(0x5550));
	KUNIT_EXPECT_FALSE(test, known(key[0]));
	KUNIT_EXPECT_EQ(test, ipcns_creators_count(&lost), 1U);
}

/* Readers in other pid namespaces learn no number, and no name but the administrator's. */
static void readers(struct kunit *test)
{
	struct pid_namespace *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct ipcns_reader r = { .user_ns = &init_user_ns };
	const void *at = (void *)0x7770;
	struct ipcns_actor a;
	u32 i, gone, there;

	KUNIT_ASSERT_NOT_NULL(test, other);
	ipcns_creator_add(at);
	for (i = 0; i < 8; i++) {
		bool ended = i & 1, inside = i & 2;

		r.pid_ns = inside ? &init_pid_ns : other;
		r.admin = i & 4;
		places[home(at)].start = current->group_leader->start_boottime - ended;
		gone = there = 0;
		rcu_read_lock();
		ipcns_creator_read(&r, at, &a, &gone, &there);
		rcu_read_unlock();
		KUNIT_EXPECT_NE(test, a.time, 0ULL);
		KUNIT_EXPECT_EQ(test, a.pid, inside ? (u32)current->tgid : 0U);
		KUNIT_EXPECT_EQ(test, !!a.comm[0], inside || r.admin);
		KUNIT_EXPECT_EQ(test, gone, inside && ended ? (u32)IPCNS_REMEMBERED_CREATOR : 0U);
		KUNIT_EXPECT_EQ(test, there, inside && !ended ? (u32)IPCNS_REMEMBERED_CREATOR : 0U);
	}
	rcu_read_lock();
	ipcns_creator_read(&r, (void *)0x8880, &a, &gone, &there);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, a.time, 0ULL);
}

static int creator_init(struct kunit *test)
{
	return ipcns_creators_init();
}

static void creator_exit(struct kunit *test)
{
	ipcns_creators_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(model),
	KUNIT_CASE(full),
	KUNIT_CASE(readers),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-creator",
	.init = creator_init,
	.exit = creator_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
