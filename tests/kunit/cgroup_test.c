// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups of events: each that was met has a place, until later ones need it.
 */
#include "support.h"

#include "cgroup.c"

/* No group of a machine that boots for tests has such an id. */
#define NONE 0x70000000

/* The root of the unified hierarchy (kernel/cgroup/cgroup.c cgroup_setup_root()). */
#define ROOT 1

/* Fills a message with what an event has in its place; the number of attributes. */
static int filled(struct kunit *test, u32 place, u64 seq, u64 *id, bool *path)
{
	struct sk_buff *skb = alloc_skb(2 * PATH_SIZE, GFP_KERNEL);
	struct nlattr *at;
	int n = 0, left;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_fill(skb, place, seq), 0);
	*path = false;
	nla_for_each_attr(at, (struct nlattr *)skb->data, skb->len, left) {
		if (nla_type(at) == IPCNS_A_EVENT_CGROUP_ID)
			*id = nla_get_u64(at);
		*path |= nla_type(at) == IPCNS_A_EVENT_CGROUP;
		n++;
	}
	kfree_skb(skb);
	return n;
}

static void met(struct kunit *test)
{
	u32 root = ipcns_cgroup_place(ROOT, 1), other = ipcns_cgroup_place(NONE, 2);
	bool path;
	u64 id;

	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(0, 1), 0U);
	KUNIT_EXPECT_NE(test, root, 0U);
	KUNIT_EXPECT_NE(test, other, root);
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(ROOT, 3), root);
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(NONE, 3), other);
	KUNIT_EXPECT_GE(test, filled(test, root, 1, &id, &path), 1);
	KUNIT_EXPECT_EQ(test, id, (u64)ROOT);
	KUNIT_EXPECT_TRUE(test, path);
	/* nothing is known of one that does not exist, but its number */
	KUNIT_EXPECT_GE(test, filled(test, other, 2, &id, &path), 1);
	KUNIT_EXPECT_EQ(test, id, (u64)NONE);
	KUNIT_EXPECT_FALSE(test, path);
	KUNIT_EXPECT_EQ(test, filled(test, 0, 9, &id, &path), 0);
	KUNIT_EXPECT_EQ(test, filled(test, N_PLACES, 9, &id, &path), 0);
}

static void given_again(struct kunit *test)
{
	u32 i, first = ipcns_cgroup_place(ROOT, 1), again;
	bool path;
	u64 id;

	for (i = 1; i < N_PLACES - 1; i++) {
		KUNIT_ASSERT_NE(test, ipcns_cgroup_place(NONE + i, 1 + i), first);
		if (i % 1024 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(ROOT, 9000), first);
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(NONE, 9001), first);
	/* what happened before is not of the later one */
	KUNIT_EXPECT_EQ(test, filled(test, first, 9000, &id, &path), 0);
	KUNIT_EXPECT_GE(test, filled(test, first, 9001, &id, &path), 1);
	KUNIT_EXPECT_EQ(test, id, (u64)NONE);
	KUNIT_EXPECT_FALSE(test, path);
	/* and the one that had to go is met anew */
	again = ipcns_cgroup_place(ROOT, 9002);
	KUNIT_EXPECT_NE(test, again, first);
	filled(test, again, 9002, &id, &path);
	KUNIT_EXPECT_EQ(test, id, (u64)ROOT);
}

/* Of events that are published together, one can have the place that another one needs. */
static void together(struct kunit *test)
{
	u32 i, old;
	bool path;
	u64 id;

	for (i = 0; i < N_PLACES - 1; i++)
		ipcns_cgroup_place(NONE + i, 1 + i);
	old = ipcns_cgroup_place(NONE, 9000);
	KUNIT_EXPECT_EQ(test, ipcns_cgroup_place(ROOT, 9001), old);
	KUNIT_EXPECT_EQ(test, filled(test, old, 9000, &id, &path), 0);
	KUNIT_EXPECT_GE(test, filled(test, old, 9001, &id, &path), 1);
	KUNIT_EXPECT_EQ(test, id, (u64)ROOT);
}

/* Numbers of directories begin again, with another upper half. */
static void numbered_again(struct kunit *test)
{
	u32 one = ipcns_cgroup_place(NONE, 1), two = ipcns_cgroup_place(NONE | 1ULL << 32, 2);
	bool path;
	u64 id;

	KUNIT_EXPECT_NE(test, one, two);
	KUNIT_EXPECT_GE(test, filled(test, two, 2, &id, &path), 1);
	KUNIT_EXPECT_EQ(test, id, NONE | 1ULL << 32);
}

/* A place does not change what an event says otherwise. */
static void beside(struct kunit *test)
{
	static const u32 kept[] = { 0, 1, 255, 256, N_PLACES - 1, (1 << IPCNS_EVENT_CGROUP_BITS) - 1 };
	struct ipcns_event e;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		e = (struct ipcns_event){ .pid = PID_MAX_LIMIT - 1, .comm = "fifteen letters" };
		ipcns_event_set_cgroup(&e, kept[i]);
		KUNIT_EXPECT_EQ(test, ipcns_event_cgroup(&e), kept[i]);
		KUNIT_EXPECT_EQ(test, ipcns_event_pid(&e), (u32)PID_MAX_LIMIT - 1);
		KUNIT_EXPECT_EQ(test, memcmp(e.comm, "fifteen letters", TASK_COMM_LEN - 1), 0);
	}
}

static void forget(struct kunit *test)
{
	ipcns_cgroups_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(met),
	KUNIT_CASE(given_again),
	KUNIT_CASE(together),
	KUNIT_CASE(numbered_again),
	KUNIT_CASE(beside),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-cgroup",
	.exit = forget,
	.test_cases = cases,
};

kunit_test_suite(suite);
