// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a reader of the journal gets: each number once, as an event or as lost.
 */
#include "support.h"

#include "journal.h"
#include "registry.h"

/* Tests publish events themselves. */
#define ipcns_registry_now ipcns_journal_next
#include "event_read.c"

#define SLOTS 64

static void no_wake(void)
{
}

static bool write(u32 len)
{
	struct ipcns_event *e = ipcns_journal_begin(len);
	static const u8 more[256];

	if (!e)
		return false;
	memset(e, 0, offsetof(struct ipcns_event, seq));
	e->time = 1;
	e->ns = 1;
	e->object = IPCNS_EVENT_OBJECT_SHM;
	e->what = IPCNS_EVENT_KIND_CREATED;
	ipcns_journal_commit(e, more, len);
	return true;
}

static void keep(struct ipcns_event *e, u64 seq)
{
}

static void ignore(void)
{
}

static void publish_some(u32 *rnd)
{
	ipcns_journal_publish(IPCNS_EVENT_SLOTS + any_below(rnd, 20), keep, ignore);
}

static void publish_all(void)
{
	while (ipcns_journal_publish(SLOTS, keep, ignore))
		;
}

/*
 * A reader that reads now and then, of a ring that wraps and drops: the ranges
 * he is told are lost and the events he gets fill all numbers, none twice.
 */
static void ranges(struct kunit *test)
{
	struct ipcns_cursor *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct ipcns_event_report *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	u64 next = 1, events = 0, dropped = 0, overwritten = 0;
	struct ipcns_journal_state state;
	u32 i, rnd = 1618033988, written = 0, refused = 0;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, n);
	ipcns_cursor_init(c, 1);
	for (i = 0; i < 30000; i++) {
		u32 what = any_below(&rnd, 100);
		u32 len = any_below(&rnd, 2) ? 0 : any_below(&rnd, 256);

		if (what < 80 && write(len))
			written++;
		else if (what < 80)
			refused++;
		else if (what < 90)
			publish_some(&rnd);
		else
			what = 100;
		if (what < 100 && i + 1 < 30000)
			continue;
		if (i + 1 == 30000)
			publish_all();
		ipcns_cursor_extend(c);
		while (ipcns_event_next(c, n)) {
			if (!n->from) {
				KUNIT_ASSERT_EQ(test, n->seq, next);
				next++;
				events++;
				continue;
			}
			KUNIT_ASSERT_EQ(test, n->from, next);
			KUNIT_ASSERT_GE(test, n->to, n->from);
			if (n->cause == IPCNS_LOST_CAUSE_DROPPED)
				dropped += n->to + 1 - n->from;
			else
				overwritten += n->to + 1 - n->from;
			next = n->to + 1;
		}
		KUNIT_ASSERT_LE(test, next, ipcns_journal_next());
	}
	ipcns_journal_state(&state);
	kunit_info(test, "%u written, %u refused; %llu read, %llu dropped, %llu overwritten\n",
		   written, refused, events, dropped, overwritten);
	KUNIT_EXPECT_EQ(test, state.dropped, (u64)refused);
	KUNIT_EXPECT_EQ(test, state.next, 1 + (u64)written + refused);
	KUNIT_EXPECT_EQ(test, events + dropped + overwritten, next - 1);
	/* what is overwritten may hide that events were dropped between */
	KUNIT_EXPECT_LE(test, dropped, state.dropped);
	KUNIT_EXPECT_LE(test, events, (u64)written);
	KUNIT_EXPECT_GT(test, events, 1000ULL);
	KUNIT_EXPECT_GT(test, dropped, 100ULL);
	KUNIT_EXPECT_GT(test, overwritten, 100ULL);
}

/* One that keeps up loses what was dropped, to the number. */
static void exact(struct kunit *test)
{
	struct ipcns_cursor *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct ipcns_event_report *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	u32 i, k, next = 1;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, n);
	ipcns_cursor_init(c, 1);
	for (k = 1; k < 50; k++) {
		for (i = 0; i < SLOTS + k; i++)
			KUNIT_ASSERT_EQ(test, write(0), i < SLOTS);
		publish_all();
		KUNIT_ASSERT_TRUE(test, write(0));
		publish_all();
		ipcns_cursor_extend(c);
		/* the one behind the gap took the place of the first */
		KUNIT_ASSERT_TRUE(test, ipcns_event_next(c, n));
		KUNIT_ASSERT_EQ(test, n->from, (u64)next);
		KUNIT_ASSERT_EQ(test, n->to, (u64)next);
		KUNIT_ASSERT_EQ(test, n->cause, (u32)IPCNS_LOST_CAUSE_OVERWRITTEN);
		for (i = 1; i < SLOTS; i++) {
			KUNIT_ASSERT_TRUE(test, ipcns_event_next(c, n));
			KUNIT_ASSERT_EQ(test, n->seq, (u64)next + i);
		}
		next += SLOTS;
		KUNIT_ASSERT_TRUE(test, ipcns_event_next(c, n));
		KUNIT_ASSERT_EQ(test, n->from, (u64)next);
		KUNIT_ASSERT_EQ(test, n->to, (u64)next + k - 1);
		KUNIT_ASSERT_EQ(test, n->cause, (u32)IPCNS_LOST_CAUSE_DROPPED);
		next += k;
		KUNIT_ASSERT_TRUE(test, ipcns_event_next(c, n));
		KUNIT_ASSERT_EQ(test, n->seq, (u64)next);
		KUNIT_ASSERT_FALSE(test, ipcns_event_next(c, n));
		next++;
	}
}

static int event_read_init(struct kunit *test)
{
	int err = ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), no_wake);

	if (!err)
		ipcns_registry_init();
	return err;
}

static void event_read_exit(struct kunit *test)
{
	ipcns_registry_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ranges),
	KUNIT_CASE(exact),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-event-read",
	.init = event_read_init,
	.exit = event_read_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
