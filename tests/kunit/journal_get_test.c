// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events that a request to the journal chooses.
 */
#include "support.h"

#include "journal_get.c"

static void events(struct kunit *test)
{
	struct ipcns_event_report *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct journal_get *get = kunit_kzalloc(test, sizeof(*get), GFP_KERNEL);
	u32 object;

	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, get);
	d->priv = get;
	d->reader.admin = true;
	n->inum = 7;
	n->slots->ns = 70;
	get->objects = U32_MAX;
	for (object = IPCNS_EVENT_OBJECT_NS; object <= IPCNS_EVENT_OBJECT_MQ; object++) {
		n->slots->object = object;
		get->objects = U32_MAX;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		get->objects = BIT(object);
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		d->id = 70;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		d->id = 71;
		KUNIT_EXPECT_FALSE(test, event_wanted(d, n));
		d->id = 0;
		d->inum = 7;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		d->inum = 8;
		KUNIT_EXPECT_FALSE(test, event_wanted(d, n));
		d->inum = 0;
		get->objects = ~BIT(object);
		KUNIT_EXPECT_FALSE(test, event_wanted(d, n));
		/* losses are reported to everybody */
		n->from = 1;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		n->from = 0;
	}
	n->slots->object = IPCNS_EVENT_OBJECT_LOST;
	KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
}

/* A reader who is no administrator gets events of the namespaces that they may see, and losses. */
static void visible(struct kunit *test)
{
	struct ipcns_event_report *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct journal_get *get = kunit_kzalloc(test, sizeof(*get), GFP_KERNEL);
	u64 ids[] = { 0, 3, 5, 8, 1000 };
	u32 i, n;
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, get);
	d->priv = get;
	d->list.cookie = ids;
	get->objects = U32_MAX;
	for (n = 0; n <= ARRAY_SIZE(ids); n++) {
		d->list.n = n;
		for (id = 1; id < 1010; id++) {
			bool seen = false;

			for (i = 0; i < n; i++)
				seen |= ids[i] == id;
			r->slots->object = IPCNS_EVENT_OBJECT_SEM;
			r->slots->ns = id;
			KUNIT_ASSERT_EQ(test, event_wanted(d, r), seen);
			r->slots->object = IPCNS_EVENT_OBJECT_LOST;
			KUNIT_ASSERT_TRUE(test, event_wanted(d, r));
		}
	}
	d->reader.admin = true;
	r->slots->object = IPCNS_EVENT_OBJECT_SEM;
	KUNIT_EXPECT_TRUE(test, event_wanted(d, r));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(events),
	KUNIT_CASE(visible),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-journal-get",
	.test_cases = cases,
};

kunit_test_suite(suite);
