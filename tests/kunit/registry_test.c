// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry, fed with events of namespaces that never were.
 */
#include <linux/mount.h>

#include "support.h"

/* The superblock that is found without its namespace. */
static void *left_sb;
static bool left_creating;

static int fake_left(void (*left)(const struct super_block *sb, bool creating))
{
	if (left_sb)
		left(left_sb, left_creating);
	return 0;
}

#define ipcns_walk_left fake_left
#include "registry.c"

#define SLOTS 4096

/* Namespaces are freed, and others come at their addresses. */
#define PLACES 16

static void no_wake(void)
{
}

static void put_event_at(u64 time, u8 object, u8 what, u64 ns, const void *more, u32 len)
{
	struct ipcns_event *e = ipcns_journal_begin(len);

	if (!e)
		return;
	memset(e, 0, offsetof(struct ipcns_event, seq));
	e->time = time;
	e->ns = ns;
	e->seq = 0;	/* of no control group */
	e->pid = 1234;
	e->uid = 79;
	strscpy(e->comm, "somebody", sizeof(e->comm));
	e->object = object;
	e->what = what;
	e->reason = 0;
	ipcns_journal_commit(e, more, len);
}

static void put_event(u8 object, u8 what, u64 ns, const void *more, u32 len)
{
	put_event_at(ktime_get_boot_fast_ns(), object, what, ns, more, len);
}

static u64 address(u32 place)
{
	return 0xffff000000000000ULL + place * 0x1000;
}

static u64 super(u32 place)
{
	return 0xffff800000000000ULL + place * 0x800;
}

static void birth(u32 place, u64 cookie)
{
	const struct ipcns_event_birth b = {
		.cookie = cookie,
		.sb = super(place),
		.inum = 1000 + place,
		.owner_inum = 77,
		.owner_uid = 78,
	};

	put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_CREATED, address(place), &b, sizeof(b));
}

static void death(u32 place, u32 objects)
{
	const struct ipcns_event_inventory inv = { .count = { objects, 2, 3, 4 } };

	put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DYING, address(place), &inv, sizeof(inv));
}

static void burial(u32 place)
{
	put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DESTROYED, address(place), NULL, 0);
}

/* The last event that was settled. */
static struct ipcns_event *last(void)
{
	static struct ipcns_event window[IPCNS_EVENT_SLOTS];

	ipcns_registry_sync();
	return ipcns_journal_read(window, ARRAY_SIZE(window), ipcns_journal_next() - 1) ?
		window : NULL;
}

static u64 newest_id(void)
{
	return last()->ns;
}

static void life(struct kunit *test)
{
	struct ipcns_registry_stats before, s;
	struct ipcns_ns_info known;
	u64 id, after = 0;

	ipcns_registry_stats(&before);
	birth(1, 111);
	id = newest_id();
	KUNIT_ASSERT_TRUE(test, ipcns_registry_get(id, &known));
	KUNIT_EXPECT_EQ(test, known.id, id);
	KUNIT_EXPECT_EQ(test, known.cookie, 111ULL);
	KUNIT_EXPECT_EQ(test, known.inum, 1001U);
	KUNIT_EXPECT_EQ(test, known.owner_inum, 77U);
	KUNIT_EXPECT_EQ(test, known.owner_uid, 78U);
	KUNIT_EXPECT_EQ(test, known.born.uid, 79U);
	KUNIT_EXPECT_EQ(test, known.born.pid, 1234U);
	KUNIT_EXPECT_STREQ(test, known.born.comm, "somebody");
	KUNIT_EXPECT_EQ(test, known.dying.time, 0ULL);

	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(&known, 1, &after), 0U);
	death(1, 55);
	KUNIT_EXPECT_EQ(test, newest_id(), id);
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(&known, 1, &after), 1U);
	KUNIT_EXPECT_EQ(test, known.id, id);
	KUNIT_EXPECT_EQ(test, known.inventory.count[0], 55U);
	KUNIT_EXPECT_NE(test, known.dying.time, 0ULL);
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(&known, 1, &after), 0U);
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(id, &known));
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.known, before.known + 1);
	KUNIT_EXPECT_EQ(test, s.dying, before.dying + 1);

	burial(1);
	KUNIT_EXPECT_EQ(test, newest_id(), id);
	KUNIT_EXPECT_EQ(test, last()->value, last()->time - known.dying.time);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_get(id, &known));
	KUNIT_EXPECT_TRUE(test, ipcns_registry_lookup(id, &known));
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.known, before.known);
	KUNIT_EXPECT_EQ(test, s.dying, before.dying);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed);
}

/* A creation that was recorded is unfinished until its superblock shows its namespace. */
static void unfinished_creations(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	/* created without a record, or by a creation that fails before it has one */
	left_creating = true;
	left_sb = (void *)super(9);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	birth(9, 91);
	/* as the record is resolved first, it counts at once */
	KUNIT_EXPECT_TRUE(test, ipcns_registry_unfinished());
	KUNIT_EXPECT_TRUE(test, ipcns_registry_unfinished());
	left_creating = false;
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	left_sb = NULL;
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	/* without a reference, or freed, it was finished before */
	left_sb = (void *)super(9);
	death(9, 0);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	burial(9);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_unfinished());
	left_sb = NULL;
}

/* A whole life, whose last part takes a time; returns which counter went up, only one. */
static int teardown(u64 time)
{
	static const struct ipcns_event_inventory none;
	struct ipcns_registry_stats before, s;
	u64 begin = ktime_get_boot_fast_ns();
	int i, which = -1;

	ipcns_registry_stats(&before);
	birth(8, 81);
	put_event_at(begin, IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DYING, address(8), &none,
		     sizeof(none));
	put_event_at(begin + time, IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DESTROYED, address(8),
		     NULL, 0);
	ipcns_registry_sync();
	ipcns_registry_stats(&s);
	if (s.teardown_sum != before.teardown_sum + time)
		return -2;
	for (i = 0; i <= IPCNS_N_BOUNDS; i++) {
		if (s.teardowns[i] == before.teardowns[i])
			continue;
		if (which >= 0 || s.teardowns[i] != before.teardowns[i] + 1)
			return -3;
		which = i;
	}
	return which;
}

/* Teardowns are counted at the lowest bound that they do not exceed. */
static void teardowns(struct kunit *test)
{
	static const u64 ms[] = { 1, 5, 10, 50, 100, 500, 1000, 5000, 10000, 30000, 60000 };
	struct ipcns_registry_stats before, s;
	int i;

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(ms), (size_t)IPCNS_N_BOUNDS);
	KUNIT_EXPECT_EQ(test, teardown(0), 0);
	KUNIT_EXPECT_EQ(test, teardown(1), 0);
	for (i = 0; i < IPCNS_N_BOUNDS; i++) {
		KUNIT_EXPECT_EQ(test, teardown(ms[i] * 1000000 - 1), i);
		KUNIT_EXPECT_EQ(test, teardown(ms[i] * 1000000), i);
		KUNIT_EXPECT_EQ(test, teardown(ms[i] * 1000000 + 1), i + 1);
	}
	KUNIT_EXPECT_EQ(test, teardown(1ULL << 62), IPCNS_N_BOUNDS);

	/* those of which one end was not seen do not count */
	ipcns_registry_stats(&before);
	burial(2);
	birth(4, 41);
	burial(4);
	birth(4, 42);
	death(4, 0);
	birth(4, 43);
	ipcns_registry_sync();
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_MEMEQ(test, s.teardowns, before.teardowns, sizeof(s.teardowns));
	KUNIT_EXPECT_EQ(test, s.teardown_sum, before.teardown_sum);
	/* and a clock that went back takes nothing away */
	death(4, 0);
	put_event_at(1, IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DESTROYED, address(4), NULL, 0);
	KUNIT_EXPECT_EQ(test, last()->value, 0ULL);
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.teardowns[0], before.teardowns[0] + 1);
	KUNIT_EXPECT_EQ(test, s.teardown_sum, before.teardown_sum);
}

/* Of what was never announced nothing is told, and no number is spent. */
static void unannounced(struct kunit *test)
{
	u64 next = ipcns_journal_next();
	struct ipcns_registry_stats before, s;

	ipcns_registry_stats(&before);
	burial(2);
	put_event(IPCNS_EVENT_OBJECT_SHM, IPCNS_EVENT_KIND_CREATED, address(2), NULL, 0);
	put_event(IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_CREATED, super(2), "name", 4);
	ipcns_registry_sync();
	KUNIT_EXPECT_EQ(test, ipcns_journal_next(), next);
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed);
	/* one whose birth was missed is counted */
	death(2, 0);
	ipcns_registry_sync();
	KUNIT_EXPECT_EQ(test, ipcns_journal_next(), next);
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed + 1);
}

/* An object belongs to whoever is at its namespace's address at that moment. */
static void objects(struct kunit *test)
{
	u64 first, second;

	birth(3, 31);
	first = newest_id();
	put_event(IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_CREATED, address(3), NULL, 0);
	KUNIT_EXPECT_EQ(test, newest_id(), first);
	put_event(IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_CREATED, super(3), "q", 1);
	KUNIT_EXPECT_EQ(test, newest_id(), first);
	death(3, 0);
	burial(3);
	/* a filesystem outlives its namespace, until another has a superblock there */
	put_event(IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_DESTROYED, super(3), NULL, 0);
	KUNIT_EXPECT_EQ(test, newest_id(), first);
	birth(3, 32);
	second = newest_id();
	KUNIT_EXPECT_NE(test, second, first);
	put_event(IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_CREATED, super(3), "q", 1);
	KUNIT_EXPECT_EQ(test, newest_id(), second);
	put_event(IPCNS_EVENT_OBJECT_MSG, IPCNS_EVENT_KIND_CREATED, address(3), NULL, 0);
	KUNIT_EXPECT_EQ(test, newest_id(), second);
}

/* One that went without an event, and was followed by another at its address. */
static void replaced(struct kunit *test)
{
	struct ipcns_registry_stats before, s;
	struct ipcns_ns_info known;
	u64 first, second;

	birth(4, 41);
	first = newest_id();
	ipcns_registry_stats(&before);
	birth(4, 42);
	second = newest_id();
	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_get(first, &known));
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(second, &known));
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed + 1);
	KUNIT_EXPECT_EQ(test, s.known, before.known);
	/* two deaths of one */
	death(4, 0);
	death(4, 0);
	ipcns_registry_sync();
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed + 2);
	KUNIT_EXPECT_EQ(test, s.dying, before.dying + 1);
}

/* A walk names a namespace before its birth is settled, and after: it is one. */
static void named(struct kunit *test)
{
	struct ipc_namespace *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);
	struct vfsmount *mnt = kunit_kzalloc(test, sizeof(*mnt), GFP_KERNEL);
	struct ipcns_ns_ref refs[3] = { };
	struct ipcns_event_birth b = { .cookie = 51, .inum = 5 };
	struct ipcns_ns_info known;
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, ns);
	KUNIT_ASSERT_NOT_NULL(test, mnt);
	mnt->mnt_sb = (void *)super(5);
	ns->mq_mnt = mnt;
	ns->user_ns = &init_user_ns;
	ns->ns.inum = 5;
	refs[0] = refs[2] = (struct ipcns_ns_ref) { .ns = ns, .cookie = 51 };
	KUNIT_ASSERT_EQ(test, ipcns_registry_name(refs, ARRAY_SIZE(refs)), 0);
	id = refs[0].id;
	KUNIT_EXPECT_NE(test, id, 0ULL);
	KUNIT_EXPECT_EQ(test, refs[1].id, 0ULL);
	KUNIT_EXPECT_EQ(test, refs[2].id, id);
	KUNIT_ASSERT_TRUE(test, ipcns_registry_get(id, &known));
	KUNIT_EXPECT_EQ(test, known.inum, 5U);
	KUNIT_EXPECT_EQ(test, known.born.time, 0ULL);

	b.sb = super(5);
	put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_CREATED, (unsigned long)ns, &b, sizeof(b));
	KUNIT_EXPECT_EQ(test, newest_id(), id);
	KUNIT_ASSERT_TRUE(test, ipcns_registry_get(id, &known));
	KUNIT_EXPECT_NE(test, known.born.time, 0ULL);
	KUNIT_EXPECT_EQ(test, known.born.uid, 79U);
	KUNIT_ASSERT_EQ(test, ipcns_registry_name(refs, 1), 0);
	KUNIT_EXPECT_EQ(test, refs[0].id, id);
}

/* Those that die are told in the order of their deaths, however few at a time. */
static void dying_order(struct kunit *test)
{
	static struct ipcns_ns_info known[PLACES];
	u64 id[PLACES], after;
	u32 i, n, room, got;

	for (i = 0; i < PLACES; i++) {
		birth(i, 600 + i);
		id[i] = newest_id();
	}
	for (i = 0; i < PLACES; i++)
		death((i * 5) % PLACES, 0);
	for (room = 1; room <= PLACES; room++) {
		after = 0;
		got = 0;
		while ((n = ipcns_registry_dying(known, room, &after)))
			for (i = 0; i < n; i++, got++)
				KUNIT_EXPECT_EQ(test, known[i].id, id[(got * 5) % PLACES]);
		KUNIT_EXPECT_EQ(test, got, (u32)PLACES);
	}
	/* some go while it is read */
	after = 0;
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(known, 2, &after), 2U);
	burial(0);
	burial(10);
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(known, 1, &after), 1U);
	KUNIT_EXPECT_EQ(test, known[0].id, id[15]);
}

/* A check, in which a walk finds what the test has made. */
static void check(struct kunit *test, struct ipcns_ns_ref *refs, u32 n, u64 now)
{
	ipcns_registry_check_begin();
	KUNIT_ASSERT_EQ(test, ipcns_registry_name(refs, n), 0);
	KUNIT_ASSERT_EQ(test, ipcns_registry_check_end(now), 0);
}

static void loss(void)
{
	put_event(IPCNS_EVENT_OBJECT_LOST, IPCNS_LOST_CAUSE_MISSED, 0, NULL, 0);
	ipcns_registry_sync();
}

/* Events were lost: what does not exist any more is retired, what is missing is added. */
static void checks(struct kunit *test)
{
	struct ipc_namespace *ns = kunit_kcalloc(test, 2, sizeof(*ns), GFP_KERNEL);
	struct vfsmount *mnt = kunit_kcalloc(test, 2, sizeof(*mnt), GFP_KERNEL);
	struct ipcns_registry_stats before, s;
	struct ipcns_ns_ref refs[2] = { };
	u64 active, dying_id, left_id, now = 1000 * NSEC_PER_SEC, after = 0;
	struct ipcns_ns_info info;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, ns);
	KUNIT_ASSERT_NOT_NULL(test, mnt);
	for (i = 0; i < 2; i++) {
		mnt[i].mnt_sb = (void *)super(20 + i);
		ns[i].mq_mnt = &mnt[i];
		ns[i].user_ns = &init_user_ns;
		ns[i].ns.inum = 500 + i;
		ipcns_set_native_id(&ns[i], 9000 + i);
		refs[i] = (struct ipcns_ns_ref) { .ns = &ns[i], .cookie = 5000 + i };
	}
	check(test, refs, 1, now);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_in_doubt());
	birth(1, 101);
	active = newest_id();
	birth(2, 102);
	dying_id = newest_id();
	death(2, 0);
	birth(3, 103);
	left_id = newest_id();
	death(3, 0);
	left_sb = (void *)super(3);
	ipcns_registry_sync();
	KUNIT_EXPECT_FALSE(test, ipcns_registry_in_doubt());
	ipcns_registry_stats(&before);

	loss();
	KUNIT_EXPECT_TRUE(test, ipcns_registry_in_doubt());
	/* created without an event: added, and no hook is blamed, for there was a loss */
	check(test, refs, 2, now);
	KUNIT_EXPECT_TRUE(test, ipcns_registry_in_doubt());
	KUNIT_EXPECT_FALSE(test, ipcns_registry_silent());
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(refs[1].id, &info));
	/* not found once, nothing is retired, nor too early */
	check(test, refs, 2, now + (IPCNS_CHECK_MS - 2) * NSEC_PER_MSEC);
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(active, &info));
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(dying_id, &info));
	/* one that is created while a check goes on is not missed in it */
	ipcns_registry_check_begin();
	birth(4, 104);
	KUNIT_ASSERT_EQ(test, ipcns_registry_name(refs, 2), 0);
	KUNIT_ASSERT_EQ(test, ipcns_registry_check_end(now + IPCNS_CHECK_MS * NSEC_PER_MSEC), 0);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_get(active, &info));
	KUNIT_EXPECT_FALSE(test, ipcns_registry_get(dying_id, &info));
	KUNIT_EXPECT_TRUE(test, ipcns_registry_get(left_id, &info));
	KUNIT_EXPECT_FALSE(test, ipcns_registry_in_doubt());
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(&info, 1, &after), 1U);
	KUNIT_EXPECT_EQ(test, info.id, left_id);
	KUNIT_EXPECT_EQ(test, ipcns_registry_dying(&info, 1, &after), 0U);
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.missed, before.missed + 3);
	KUNIT_EXPECT_EQ(test, s.dying, 1U);

	/* its filesystem goes, too */
	left_sb = NULL;
	loss();
	check(test, refs, 2, now);
	burial(4);
	check(test, refs, 2, now + 2 * IPCNS_CHECK_MS * NSEC_PER_MSEC);
	KUNIT_EXPECT_FALSE(test, ipcns_registry_get(left_id, &info));
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, s.dying, 0U);
	KUNIT_EXPECT_EQ(test, s.known, 2U);
	/* an end that arrives after all is not reported a second time */
	burial(2);
	KUNIT_EXPECT_NE(test, newest_id(), dying_id);
}

/* Hooks that are armed and not called. */
static void silent(struct kunit *test)
{
	struct ipc_namespace *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);
	struct vfsmount *mnt = kunit_kzalloc(test, sizeof(*mnt), GFP_KERNEL);
	const struct ipcns_event_inventory inv = { .count = { 1, 1, 0, 7 } };
	struct ipcns_ns_ref ref = { .ns = ns, .cookie = 900 };
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, ns);
	KUNIT_ASSERT_NOT_NULL(test, mnt);
	mnt->mnt_sb = (void *)super(20);
	ns->mq_mnt = mnt;
	ns->user_ns = &init_user_ns;
	ipcns_set_native_id(ns, 9100);
	check(test, NULL, 0, 1);
	for (i = 0; i < 3; i++) {
		birth(5, 50 + i);
		put_event(IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DYING, address(5), &inv, sizeof(inv));
		if (i != 1)
			put_event(IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_DESTROYED, address(5), NULL, 0);
		burial(5);
		ipcns_registry_sync();
		KUNIT_EXPECT_EQ(test, ipcns_registry_silent(), i == 1);
	}
	KUNIT_ASSERT_EQ(test, ipcns_registry_name(&ref, 1), 0);
	KUNIT_EXPECT_TRUE(test, ipcns_registry_silent());
	birth(6, 61);
	ipcns_registry_sync();
	KUNIT_EXPECT_FALSE(test, ipcns_registry_silent());
}

static u32 entries(void)
{
	struct entry *e;
	u32 n = 0;
	int bucket;

	raw_spin_lock(&registry_lock);
	hash_for_each(ids, bucket, e, by_id)
		n++;
	raw_spin_unlock(&registry_lock);
	return n;
}

/* A queue that ends when the journal has long had nothing of its namespace. */
static void late(struct kunit *test)
{
	struct ipcns_ns_info known;
	u32 i, turn;
	u64 id;

	birth(6, 61);
	id = newest_id();
	death(6, 0);
	burial(6);
	birth(7, 71);
	left_sb = (void *)super(6);
	for (turn = 0; turn < 4; turn++) {
		for (i = 0; i < 2 * SLOTS; i++) {
			put_event(IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_CREATED, address(7), NULL, 0);
			ipcns_registry_sync();
		}
		ipcns_registry_forget();
	}
	put_event(IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_DESTROYED, super(6), NULL, 0);
	KUNIT_EXPECT_EQ(test, newest_id(), id);
	left_sb = NULL;
	for (i = 0; i < 2 * SLOTS; i++) {
		put_event(IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_CREATED, address(7), NULL, 0);
		ipcns_registry_sync();
	}
	KUNIT_EXPECT_TRUE(test, ipcns_registry_lookup(id, &known));
	ipcns_registry_forget();
	KUNIT_EXPECT_FALSE(test, ipcns_registry_lookup(id, &known));
}

/*
 * Thousands of namespaces at a few addresses. No id comes twice; of the freed
 * ones only as many are remembered as the journal has events of.
 */
static void unique(struct kunit *test)
{
	u64 lives[PLACES] = { }, ids[PLACES] = { }, id, highest = 0, cookie = 1000;
	struct ipcns_journal_state state;
	struct ipcns_ns_info known;
	u32 i, place, rnd = 314159265;

	for (i = 0; i < 20000; i++) {
		place = any_below(&rnd, PLACES);
		if (!lives[place]) {
			birth(place, ++cookie);
			id = newest_id();
			KUNIT_ASSERT_GT(test, id, highest);
			highest = id;
			ids[place] = id;
			lives[place] = 1;
		} else if (lives[place] == 1) {
			death(place, 0);
			KUNIT_ASSERT_EQ(test, newest_id(), ids[place]);
			lives[place] = 2;
		} else {
			burial(place);
			KUNIT_ASSERT_EQ(test, newest_id(), ids[place]);
			lives[place] = 0;
		}
	}
	ipcns_registry_forget();
	ipcns_journal_state(&state);
	KUNIT_EXPECT_LE(test, (u64)entries(), PLACES + WINDOW + (state.next - state.first));
	/* all that the journal has events of, and a first one that it has none of */
	KUNIT_EXPECT_TRUE(test, ipcns_registry_lookup(highest, &known));
	KUNIT_EXPECT_FALSE(test, ipcns_registry_lookup(1, &known));
	for (id = state.first; id < state.next; id++) {
		struct ipcns_event e[IPCNS_EVENT_SLOTS];

		KUNIT_ASSERT_GT(test, ipcns_journal_read(e, ARRAY_SIZE(e), id), 0U);
		KUNIT_ASSERT_TRUE(test, ipcns_registry_lookup(e->ns, &known));
	}
}

struct race {
	struct crew	crew;
	atomic_t	readers;
	atomic64_t	highest;
};

static int race_read(void *p)
{
	struct race *r = p;
	struct ipcns_registry_stats s;
	struct ipcns_ns_info known[4];
	u64 id, after, before;
	u32 i, n, rnd = 27182818;

	wait_for_completion(&r->crew.go);
	while (!READ_ONCE(r->crew.stop)) {
		id = 1 + any_below(&rnd, atomic64_read(&r->highest) + 8);
		if (ipcns_registry_get(id, &known[0]))
			CREW_CHECK(&r->crew, known[0].id == id && known[0].inum >= 1000);
		if (ipcns_registry_lookup(id, &known[0]))
			CREW_CHECK(&r->crew, known[0].id == id && known[0].inum >= 1000);
		after = 0;
		do {
			before = after;
			n = ipcns_registry_dying(known, ARRAY_SIZE(known), &after);
			CREW_CHECK(&r->crew, !n || after > before);
			for (i = 0; i < n; i++)
				CREW_CHECK(&r->crew, known[i].dying.time);
		} while (n);
		ipcns_registry_stats(&s);
		CREW_CHECK(&r->crew, s.dying <= s.known && s.known <= PLACES);
		ipcns_registry_sync();
		cond_resched();
	}
	atomic_dec(&r->readers);
	return 0;
}

/* Readers beside one that makes namespaces come and go. */
static void races(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct task_struct *readers[3];
	struct ipcns_registry_stats s;
	u32 i, place;

	KUNIT_ASSERT_NOT_NULL(test, r);
	crew_init(&r->crew);
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		readers[i] = kthread_create(race_read, r, "ipcns-read/%u", i);
		get_task_struct(readers[i]);
		wake_up_process(readers[i]);
	}
	complete_all(&r->crew.go);
	for (i = 0; i < 3000; i++) {
		place = i % PLACES;
		birth(place, 7000 + i);
		atomic64_set(&r->highest, i);
		death(place, 0);
		burial(place);
		/* or the ring drops what nobody settles */
		if (!(i % 100))
			ipcns_registry_sync();
		cond_resched();
	}
	WRITE_ONCE(r->crew.stop, true);
	for (i = 0; i < ARRAY_SIZE(readers); i++) {
		kthread_stop(readers[i]);
		put_task_struct(readers[i]);
	}
	ipcns_registry_sync();
	ipcns_registry_stats(&s);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->crew.bad), 0);
	KUNIT_EXPECT_EQ(test, s.known, 0U);
	KUNIT_EXPECT_EQ(test, s.dying, 0U);
	KUNIT_EXPECT_EQ(test, s.missed, 0ULL);
}

static int registry_init(struct kunit *test)
{
	int err = ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), no_wake);

	memset(&stats, 0, sizeof(stats));
	next_id = 1;
	if (!err)
		ipcns_registry_init();
	return err;
}

static void registry_exit(struct kunit *test)
{
	ipcns_registry_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(life),
	KUNIT_CASE(unfinished_creations),
	KUNIT_CASE(teardowns),
	KUNIT_CASE(unannounced),
	KUNIT_CASE(objects),
	KUNIT_CASE(replaced),
	KUNIT_CASE(named),
	KUNIT_CASE(dying_order),
	KUNIT_CASE(checks),
	KUNIT_CASE(silent),
	KUNIT_CASE(late),
	KUNIT_CASE(unique),
	KUNIT_CASE(races),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-registry",
	.init = registry_init,
	.exit = registry_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
