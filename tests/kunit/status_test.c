// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the module as it is reported.
 */
#include "support.h"

#include "status.c"

static struct ipcns_layout saved[16];

/* The longest status, with every struct at odds, fits the message there is for it. */
static void status(struct kunit *test)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	u32 i, whole, room;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	for (i = 0; i < ipcns_n_layouts; i++) {
		struct ipcns_layout *l = &ipcns_layouts[i];
		u32 k;

		l->state = IPCNS_LAYOUT_STATE_MISMATCH;
		l->mismatch = l->name;
		for (k = 0; k < l->n_members; k++)
			if (strlen(l->members[k].name) > strlen(l->mismatch))
				l->mismatch = l->members[k].name;
	}
	KUNIT_EXPECT_EQ(test, status_fill(skb, true), 0);
	whole = skb->len;
	kunit_info(test, "%u of %zu bytes\n", whole, (size_t)NLMSG_DEFAULT_SIZE);
	for (room = 0; room < whole; room += 4) {
		skb_trim(skb, 0);
		skb_reserve(skb, skb_tailroom(skb) - room);
		KUNIT_ASSERT_EQ(test, status_fill(skb, true), -EMSGSIZE);
		skb->data = skb->head;
		skb_reset_tail_pointer(skb);
		skb->len = 0;
	}
	nlmsg_free(skb);
}

static void no_wake(void)
{
}

static int status_init(struct kunit *test)
{
	u32 i;
	int err;

	if (ipcns_n_layouts > ARRAY_SIZE(saved))
		return -E2BIG;
	memcpy(saved, ipcns_layouts, ipcns_n_layouts * sizeof(*saved));
	for (i = 0; i < ipcns_n_layouts; i++)
		ipcns_layouts[i].state = IPCNS_LAYOUT_STATE_OK;
	err = ipcns_journal_init(1 << 20, no_wake);
	if (!err)
		ipcns_registry_init();
	return err;
}

static void status_exit(struct kunit *test)
{
	memcpy(ipcns_layouts, saved, ipcns_n_layouts * sizeof(*saved));
	ipcns_registry_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(status),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-status",
	.init = status_init,
	.exit = status_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
