// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request chooses: the attributes it may have, and the objects that they
 * leave.
 */
#include "support.h"

#include "netlink.c"

static struct ipcns_layout saved[16];

static struct nlattr *attr_of(struct kunit *test, const void *data, u32 len)
{
	struct nlattr *a = kunit_kzalloc(test, NLA_HDRLEN + NLA_ALIGN(len), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->nla_len = NLA_HDRLEN + len;
	memcpy(nla_data(a), data, len);
	return a;
}

static struct nlattr *number(struct kunit *test, u32 value)
{
	return attr_of(test, &value, sizeof(value));
}

static struct nlattr *long_number(struct kunit *test, u64 value)
{
	return attr_of(test, &value, sizeof(value));
}

static struct ipcns_dump *blank(struct kunit *test)
{
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	d->reader.user_ns = &init_user_ns;
	return d;
}

static void namespaces(struct kunit *test)
{
	struct nlattr *attrs[IPCNS_A_NS_MAX + 1] = { };
	struct netlink_ext_ack extack = { };
	struct ipcns_dump *d = blank(test);

	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, false, &extack), 0);
	KUNIT_EXPECT_NULL(test, d->ns_attr);
	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, true, &extack), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = number(test, 0);
	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, true, &extack), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = number(test, 17);
	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, true, &extack), 0);
	KUNIT_EXPECT_EQ(test, d->inum, 17U);
	KUNIT_EXPECT_PTR_EQ(test, d->ns_attr, (const struct nlattr *)attrs[IPCNS_A_NS_INUM]);
	attrs[IPCNS_A_NS_ID] = long_number(test, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, true, &extack), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = NULL;
	d = blank(test);
	KUNIT_EXPECT_EQ(test, ns_parse(d, attrs, true, &extack), 0);
	KUNIT_EXPECT_EQ(test, d->id, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, d->inum, 0U);
}

/*
 * Every set of kinds on every kernel that can read some and not others: asked
 * for by name they are refused, otherwise left out.
 */
static void kinds(struct kunit *test)
{
	struct netlink_ext_ack extack = { };
	u32 asked, can, kind, i;

	for (can = 0; can <= IPCNS_ALL_KINDS; can++) {
		for (i = 0; i < ipcns_n_layouts; i++)
			ipcns_layouts[i].state = ipcns_layouts[i].kinds & ~can ?
						 IPCNS_LAYOUT_STATE_MISMATCH :
						 IPCNS_LAYOUT_STATE_OK;
		KUNIT_EXPECT_EQ(test, readable_kinds(), can);
		for (asked = 0; asked <= IPCNS_ALL_KINDS; asked++) {
			struct ipcns_filter f = { };
			int want = !asked ? -EINVAL : asked & ~can ? -EOPNOTSUPP : 0;

			KUNIT_EXPECT_EQ(test, parse_kinds(&f, NULL, number(test, asked), &extack),
					want);
			if (!want)
				KUNIT_EXPECT_EQ(test, f.kinds, asked);
		}
		for (kind = 0; kind < IPCNS_N_KINDS; kind++) {
			struct ipcns_filter f = { };

			KUNIT_EXPECT_EQ(test, parse_kinds(&f, number(test, kind), NULL, &extack),
					can & BIT(kind) ? 0 : -EOPNOTSUPP);
			KUNIT_EXPECT_EQ(test, parse_kinds(&f, number(test, kind), number(test, 1),
							  &extack), -EINVAL);
		}
		{
			struct ipcns_filter f = { };

			KUNIT_EXPECT_EQ(test, parse_kinds(&f, NULL, NULL, &extack), 0);
			KUNIT_EXPECT_EQ(test, f.kinds, can);
		}
	}
}

static void objects(struct kunit *test)
{
	struct nlattr *attrs[IPCNS_A_OBJECT_MAX + 1] = { };
	struct netlink_ext_ack extack = { };
	struct ipcns_dump *d = blank(test);
	char name[NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	KUNIT_EXPECT_EQ(test, object_parse(d, attrs, false, &extack), 0);
	KUNIT_EXPECT_EQ(test, d->filter.kinds, (u32)IPCNS_ALL_KINDS);
	KUNIT_EXPECT_FALSE(test, d->filter.by_id || d->filter.by_key || d->filter.by_uid ||
			   d->filter.by_name);

	attrs[IPCNS_A_OBJECT_ID] = number(test, INT_MAX);
	attrs[IPCNS_A_OBJECT_KEY] = number(test, 0);
	attrs[IPCNS_A_OBJECT_UID] = number(test, 1000);
	KUNIT_EXPECT_EQ(test, object_parse(d, attrs, false, &extack), 0);
	KUNIT_EXPECT_TRUE(test, d->filter.by_id && d->filter.by_key && d->filter.by_uid);
	KUNIT_EXPECT_EQ(test, d->filter.id, (u32)INT_MAX);
	KUNIT_EXPECT_EQ(test, d->filter.key, 0U);
	KUNIT_EXPECT_EQ(test, __kuid_val(d->filter.uid), 1000U);

	attrs[IPCNS_A_OBJECT_ID] = number(test, (u32)INT_MAX + 1);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
	attrs[IPCNS_A_OBJECT_ID] = NULL;
	attrs[IPCNS_A_OBJECT_UID] = number(test, U32_MAX);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
	attrs[IPCNS_A_OBJECT_UID] = NULL;

	attrs[IPCNS_A_OBJECT_NAME] = attr_of(test, name, 0);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
	attrs[IPCNS_A_OBJECT_NAME] = attr_of(test, name, NAME_MAX + 1);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
	attrs[IPCNS_A_OBJECT_NAME] = attr_of(test, name, NAME_MAX);
	d = blank(test);
	KUNIT_EXPECT_EQ(test, object_parse(d, attrs, false, &extack), 0);
	KUNIT_EXPECT_EQ(test, d->filter.name_len, (u32)NAME_MAX);
	KUNIT_EXPECT_EQ(test, d->filter.kinds, (u32)BIT(IPCNS_KIND_MQ));
	attrs[IPCNS_A_OBJECT_ID] = number(test, 1);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
}

/* One object needs its namespace, its kind, and what names it among its kind. */
static void one_object(struct kunit *test)
{
	struct nlattr *attrs[IPCNS_A_OBJECT_MAX + 1] = { };
	struct netlink_ext_ack extack = { };
	u32 with, kind;

	for (kind = 0; kind < IPCNS_N_KINDS; kind++) {
		for (with = 0; with < 16; with++) {
			bool mq = kind == IPCNS_KIND_MQ;
			bool named = mq ? (with & 12) == 8 : (with & 12) == 4;

			attrs[IPCNS_A_OBJECT_NS_INUM] = with & 1 ? number(test, 5) : NULL;
			attrs[IPCNS_A_OBJECT_KIND] = with & 2 ? number(test, kind) : NULL;
			attrs[IPCNS_A_OBJECT_ID] = with & 4 ? number(test, 5) : NULL;
			attrs[IPCNS_A_OBJECT_NAME] = with & 8 ? attr_of(test, "q", 1) : NULL;
			KUNIT_EXPECT_EQ_MSG(test,
					    object_parse(blank(test), attrs, true, &extack),
					    (with & 3) == 3 && named ? 0 : -EINVAL,
					    "kind %u with %u", kind, with);
		}
	}
}

static void events(struct kunit *test)
{
	struct ipcns_notice *n = kunit_kzalloc(test, sizeof(*n), GFP_KERNEL);
	struct ipcns_dump *d = blank(test);
	u32 object;

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->inum = 7;
	n->slots->ns = 70;
	d->objects = U32_MAX;
	for (object = IPCNS_EVENT_OBJECT_NS; object <= IPCNS_EVENT_OBJECT_MQ; object++) {
		n->slots->object = object;
		d->objects = U32_MAX;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		d->objects = BIT(object);
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
		d->objects = ~BIT(object);
		KUNIT_EXPECT_FALSE(test, event_wanted(d, n));
		/* that something is lost everybody is told */
		n->from = 1;
		KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
		n->from = 0;
	}
	n->slots->object = IPCNS_EVENT_OBJECT_LOST;
	KUNIT_EXPECT_TRUE(test, event_wanted(d, n));
}

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

static int filter_init(struct kunit *test)
{
	u32 i;
	int err;

	if (ipcns_n_layouts > ARRAY_SIZE(saved))
		return -E2BIG;
	memcpy(saved, ipcns_layouts, ipcns_n_layouts * sizeof(*saved));
	for (i = 0; i < ipcns_n_layouts; i++)
		ipcns_layouts[i].state = IPCNS_LAYOUT_STATE_OK;
	err = ipcns_journal_init(1 << 20, no_wake);
	return err ?: ipcns_registry_init();
}

static void filter_exit(struct kunit *test)
{
	memcpy(ipcns_layouts, saved, ipcns_n_layouts * sizeof(*saved));
	ipcns_registry_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(namespaces),
	KUNIT_CASE(kinds),
	KUNIT_CASE(objects),
	KUNIT_CASE(one_object),
	KUNIT_CASE(events),
	KUNIT_CASE(status),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-filter",
	.init = filter_init,
	.exit = filter_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
