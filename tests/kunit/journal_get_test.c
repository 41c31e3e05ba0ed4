// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events that a request to the journal chooses.
 */
#include "support.h"

#include "journal_get.c"

static void events(struct kunit *test)
{
	struct ipcns_notice *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct journal_get *get = kunit_kzalloc(test, sizeof(*get), GFP_KERNEL);
	u32 object;

	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, get);
	d->priv = get;
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
		/* that something is lost everybody is told */
		n->from = 1;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		n->from = 0;
	}
	n->slots->object = IPCNS_EVENT_OBJECT_LOST;
	KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(events),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-journal-get",
	.test_cases = cases,
};

kunit_test_suite(suite);
