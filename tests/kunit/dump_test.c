// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps: batches of namespaces, records in buffers, messages in what room there
 * is. The namespaces are made up, so that their number can be anything and every
 * reference is seen to come and go.
 */
#include "support.h"

#include "dump.h"
#include "registry.h"

/**
 * struct world - namespaces that are there for a dump
 * @n:		how many, with cookies 1 to @n
 * @gone:	every so manyth ends before it can be had, 0 for none
 * @foreign:	every so manyth is not for the reader, 0 for none
 * @held:	references now, and
 * @most:	at most
 * @bad:	something was done that must not be
 */
static struct world {
	u32	n;
	u32	gone;
	u32	foreign;
	u32	held;
	u32	most;
	u32	bad;
} world;

static struct ipc_namespace *fake_ns(u64 cookie)
{
	return (void *)(0xffff000000000000 + cookie * 8);
}

static int fake_cookies(struct ipcns_cookies *list, const struct ipcns_view *view)
{
	u32 i;

	list->cookie = kvmalloc_array(world.n + 1, sizeof(*list->cookie), GFP_KERNEL);
	if (!list->cookie)
		return -ENOMEM;
	list->n = world.n;
	for (i = 0; i < list->n; i++)
		list->cookie[i] = i + 1;
	return 0;
}

static int fake_find(u32 inum, u64 *cookie, const struct ipcns_view *view)
{
	*cookie = inum;
	return inum <= world.n ? 0 : -ENOENT;
}

static int fake_get(struct ipcns_ns_ref *refs, u32 n, const struct ipcns_view *view)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (i && refs[i].cookie <= refs[i - 1].cookie)
			world.bad++;
		if (world.gone && !(refs[i].cookie % world.gone))
			continue;
		if (world.foreign && !(refs[i].cookie % world.foreign))
			continue;
		refs[i].ns = fake_ns(refs[i].cookie);
		world.held++;
	}
	world.most = max(world.most, world.held);
	return 0;
}

static void fake_put(struct ipcns_ns_ref *ref)
{
	if (ref->ns)
		world.held--;
	ref->ns = NULL;
}

static int fake_name(struct ipcns_ns_ref *refs, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (refs[i].ns)
			refs[i].id = refs[i].cookie + 5000;
	return 0;
}

static void fake_reader_put(struct ipcns_reader *r)
{
}

#define ipcns_walk_cookies fake_cookies
#define ipcns_walk_find fake_find
#define ipcns_walk_get fake_get
#define ipcns_put fake_put
#define ipcns_registry_name fake_name
#define ipcns_registry_unfinished() false
#define ipcns_reader_put fake_reader_put
#include "dump.c"

/**
 * struct plan - what the namespaces have in them
 * @records:	each has up to so many records
 * @size:	of up to so many bytes
 * @fail_at:	the collection fails at this namespace, 0 for never
 * @next_in_message: what the reader is to get next: namespace, and
 * @next_record: record of that
 * @test:	the test
 */
static struct plan {
	u32		records;
	u32		size;
	u32		fail_at;
	u64		next_in_message;
	u32		next_record;
	struct kunit	*test;
} plan;

struct made_up {
	u64	id;
	u32	nr;
	u32	len;
	u8	data[];
};

static u32 records_of(u64 cookie)
{
	return plan.records ? cookie * 2654435761u % (plan.records + 1) : 0;
}

static u32 size_of(u64 cookie, u32 nr)
{
	return plan.size ? (cookie * 97 + nr * 31) % (plan.size + 1) : 0;
}

static bool is_there(u64 cookie)
{
	return !(world.gone && !(cookie % world.gone)) &&
	       !(world.foreign && !(cookie % world.foreign));
}

static int plan_parse(struct ipcns_dump *d, struct nlattr **attrs, bool one,
		      struct netlink_ext_ack *extack)
{
	return 0;
}

static int plan_collect(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n)
{
	struct made_up *m;
	u64 *next = d->priv;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ns && plan.fail_at && refs[i].cookie >= plan.fail_at)
			return -EIDRM;
		for (; refs[i].ns && *next < records_of(refs[i].cookie); (*next)++) {
			u32 len = size_of(refs[i].cookie, *next);

			m = ipcns_buf_reserve(&d->buf, sizeof(*m) + len);
			if (IS_ERR(m))
				return PTR_ERR(m) == -ENOBUFS ? 0 : PTR_ERR(m);
			m->id = refs[i].id;
			m->nr = *next;
			m->len = len;
			memset(m->data, m->id + m->nr, len);
			ipcns_buf_commit(&d->buf, sizeof(*m) + len);
		}
		d->pos++;
		*next = 0;
	}
	return 0;
}

static int plan_fill(struct sk_buff *skb, const void *record)
{
	const struct made_up *m = record;

	return nla_put(skb, 1, sizeof(*m) + m->len, m) ? -EMSGSIZE : 0;
}

static struct ipcns_dump_ops plan_ops = {
	.cmd		= IPCNS_CMD_NS_GET,
	.priv_size	= sizeof(u64),
	.access		= IPCNS_ACCESS_OWN,
	.parse		= plan_parse,
	.collect	= plan_collect,
	.fill		= plan_fill,
};

/* The messages of one call: each record once, in order, whole. */
static void take(struct sk_buff *skb)
{
	struct kunit *test = plan.test;
	struct nlmsghdr *nlh = (void *)skb->data;
	int left = skb->len;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		const struct nlattr *attr = nlmsg_attrdata(nlh, GENL_HDRLEN);
		const struct made_up *m = nla_data(attr);

		while (!is_there(plan.next_in_message) ||
		       plan.next_record == records_of(plan.next_in_message)) {
			plan.next_in_message++;
			plan.next_record = 0;
			KUNIT_ASSERT_LE(test, plan.next_in_message, (u64)world.n);
		}
		KUNIT_ASSERT_EQ(test, m->id, plan.next_in_message + 5000);
		KUNIT_ASSERT_EQ(test, m->nr, plan.next_record);
		KUNIT_ASSERT_EQ(test, (u32)nla_len(attr), (u32)sizeof(*m) + m->len);
		KUNIT_ASSERT_EQ(test, m->len, size_of(plan.next_in_message, m->nr));
		KUNIT_ASSERT_NULL(test, memchr_inv(m->data, m->id + m->nr, m->len));
		plan.next_record++;
	}
	KUNIT_ASSERT_EQ(test, left, 0);
}

/* All that there is was taken. */
static void expect_end(struct kunit *test)
{
	for (; plan.next_in_message <= world.n; plan.next_in_message++, plan.next_record = 0)
		KUNIT_ASSERT_TRUE(test, !is_there(plan.next_in_message) ||
				  plan.next_record == records_of(plan.next_in_message));
}

/**
 * dump() - a whole dump
 * @test:	the test
 * @room:	bytes of each message
 *
 * Return: what the last call returned.
 */
static int dump(struct kunit *test, u32 room)
{
	struct ipcns_dump *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct sk_buff *request = alloc_skb(64, GFP_KERNEL);
	struct genl_dumpit_info info = { };
	struct nlmsghdr nlh = { .nlmsg_seq = 7 };
	struct netlink_ext_ack extack = { };
	struct netlink_callback cb = { .skb = request, .nlh = &nlh, .data = &info,
				       .extack = &extack };
	struct sk_buff *skb;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, request);
	memset(request->cb, 0, sizeof(request->cb));
	ipcns_buf_init(&d->buf);
	atomic_inc(&dumps_open);
	cb.args[0] = (long)d;
	plan.test = test;
	plan.next_in_message = 1;
	plan.next_record = 0;
	world.most = 0;
	do {
		skb = alloc_skb(room, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		/* no more room than was asked for */
		skb_reserve(skb, skb_tailroom(skb) - room);
		ret = ipcns_dump_step(skb, &cb, &plan_ops);
		KUNIT_EXPECT_EQ(test, world.held, 0U);
		KUNIT_EXPECT_LE(test, ipcns_buf_total(), (u64)IPCNS_BUF_MAX);
		if (ret >= 0)
			KUNIT_EXPECT_EQ(test, ret, (int)skb->len);
		take(skb);
		kfree_skb(skb);
	} while (ret > 0);
	ipcns_dump_done(&cb);
	kfree_skb(request);
	KUNIT_EXPECT_EQ(test, ipcns_buf_total(), 0ULL);
	KUNIT_EXPECT_EQ(test, ipcns_dumps_open(), 0U);
	KUNIT_EXPECT_EQ(test, world.bad, 0U);
	KUNIT_EXPECT_LE(test, world.most, plan_ops.batch ?: (u32)IPCNS_BATCH);
	return ret;
}

/* Batches that end before, at and after the last namespace. */
static void batches(struct kunit *test)
{
	static const u32 sizes[] = { 1, 2, 7, 64 };
	u32 i;

	plan.records = 2;
	plan.size = 20;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		plan_ops.batch = sizes[i];
		for (world.n = 0; world.n <= 2 * sizes[i] + 2; world.n++) {
			KUNIT_ASSERT_EQ(test, dump(test, 4096), 0);
			expect_end(test);
		}
	}
	plan_ops.batch = 0;
	for (world.n = IPCNS_BATCH - 1; world.n <= IPCNS_BATCH + 1; world.n++) {
		KUNIT_ASSERT_EQ(test, dump(test, 32768), 0);
		expect_end(test);
	}
}

/* Messages of every size: what does not fit comes in the next. */
static void messages(struct kunit *test)
{
	u32 room, least = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + sizeof(struct made_up) + 40;

	world.n = 20;
	plan.records = 3;
	plan.size = 40;
	for (room = 0; room < 1000; room += room < 2 * least ? 1 : 7) {
		int ret = dump(test, room);

		if (room >= least) {
			KUNIT_ASSERT_EQ(test, ret, 0);
			expect_end(test);
		} else if (ret) {
			/* the first record that does not fit an empty message ends it */
			KUNIT_ASSERT_EQ(test, ret, -EMSGSIZE);
		}
	}
}

/* The buffer fills in the middle of a namespace, at its end, many times over. */
static void buffers(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 24; i++) {
		world.n = 3 + i % 3;
		plan.records = 3000 + i * 37;
		plan.size = 1500 + i % 8;
		KUNIT_ASSERT_EQ(test, dump(test, 32768), 0);
		expect_end(test);
	}
}

/* Some end before they can be had, some are not the reader's. */
static void absent(struct kunit *test)
{
	u32 gone, foreign;

	plan.records = 3;
	plan.size = 16;
	plan_ops.batch = 5;
	world.n = 33;
	for (gone = 0; gone < 5; gone++) {
		for (foreign = 0; foreign < 5; foreign++) {
			world.gone = gone;
			world.foreign = foreign;
			KUNIT_ASSERT_EQ(test, dump(test, 512), 0);
			expect_end(test);
		}
	}
}

/* An error in the middle: what was collected before it is not sent twice, and all is let go. */
static void failing(struct kunit *test)
{
	plan.records = 3;
	plan.size = 16;
	plan_ops.batch = 4;
	world.n = 20;
	for (plan.fail_at = 1; plan.fail_at <= world.n; plan.fail_at++)
		KUNIT_ASSERT_EQ(test, dump(test, 256), -EIDRM);
}

static int parse_both(struct ipcns_dump *d, struct nlattr **attrs, bool one)
{
	struct netlink_ext_ack extack = { };

	return ipcns_parse_ns(d, attrs[IPCNS_A_NS_INUM], attrs[IPCNS_A_NS_ID], one, &extack);
}

/* The attributes that name the namespace of a request. */
static void namespaces(struct kunit *test)
{
	struct nlattr *attrs[IPCNS_A_NS_MAX + 1] = { };
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, false), 0);
	KUNIT_EXPECT_NULL(test, d->ns_attr);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, true), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = number(test, 0);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, true), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = number(test, 17);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, true), 0);
	KUNIT_EXPECT_EQ(test, d->inum, 17U);
	KUNIT_EXPECT_PTR_EQ(test, d->ns_attr, (const struct nlattr *)attrs[IPCNS_A_NS_INUM]);
	attrs[IPCNS_A_NS_ID] = long_number(test, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, true), -EINVAL);
	attrs[IPCNS_A_NS_INUM] = NULL;
	d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_EXPECT_EQ(test, parse_both(d, attrs, true), 0);
	KUNIT_EXPECT_EQ(test, d->id, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, d->inum, 0U);
}

static int dump_init(struct kunit *test)
{
	memset(&world, 0, sizeof(world));
	memset(&plan, 0, sizeof(plan));
	plan_ops.batch = 0;
	return 0;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(batches),
	KUNIT_CASE(messages),
	KUNIT_CASE(buffers),
	KUNIT_CASE(absent),
	KUNIT_CASE(failing),
	KUNIT_CASE(namespaces),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-dump",
	.init = dump_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
