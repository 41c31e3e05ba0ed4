// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request for objects chooses: the attributes it may have, and the
 * objects that they leave.
 */
#include "support.h"

#include <linux/kthread.h>

#include "object.c"

static struct ipcns_layout saved[16];

static struct ipcns_dump *blank(struct kunit *test)
{
	struct ipcns_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	d->priv = kunit_kzalloc(test, sizeof(struct object_get), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, d->priv);
	d->reader.user_ns = &init_user_ns;
	return d;
}

static const struct ipcns_filter *filter_of(const struct ipcns_dump *d)
{
	return &((struct object_get *)d->priv)->filter;
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

			KUNIT_EXPECT_EQ(test, ipcns_parse_kinds(&f, NULL, number(test, asked), &extack),
					want);
			if (!want)
				KUNIT_EXPECT_EQ(test, f.kinds, asked);
		}
		for (kind = 0; kind < IPCNS_N_KINDS; kind++) {
			struct ipcns_filter f = { };

			KUNIT_EXPECT_EQ(test, ipcns_parse_kinds(&f, number(test, kind), NULL, &extack),
					can & BIT(kind) ? 0 : -EOPNOTSUPP);
			KUNIT_EXPECT_EQ(test, ipcns_parse_kinds(&f, number(test, kind), number(test, 1),
							  &extack), -EINVAL);
		}
		{
			struct ipcns_filter f = { };

			KUNIT_EXPECT_EQ(test, ipcns_parse_kinds(&f, NULL, NULL, &extack), 0);
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
	KUNIT_EXPECT_EQ(test, filter_of(d)->kinds, (u32)IPCNS_ALL_KINDS);
	KUNIT_EXPECT_FALSE(test, filter_of(d)->by_id || filter_of(d)->by_key || filter_of(d)->by_uid ||
			   filter_of(d)->by_name);

	attrs[IPCNS_A_OBJECT_ID] = number(test, INT_MAX);
	attrs[IPCNS_A_OBJECT_KEY] = number(test, 0);
	attrs[IPCNS_A_OBJECT_UID] = number(test, 1000);
	KUNIT_EXPECT_EQ(test, object_parse(d, attrs, false, &extack), 0);
	KUNIT_EXPECT_TRUE(test, filter_of(d)->by_id && filter_of(d)->by_key && filter_of(d)->by_uid);
	KUNIT_EXPECT_EQ(test, filter_of(d)->id, (u32)INT_MAX);
	KUNIT_EXPECT_EQ(test, filter_of(d)->key, 0U);
	KUNIT_EXPECT_EQ(test, __kuid_val(filter_of(d)->uid), 1000U);

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
	KUNIT_EXPECT_EQ(test, filter_of(d)->name_len, (u32)NAME_MAX);
	KUNIT_EXPECT_EQ(test, filter_of(d)->kinds, (u32)BIT(IPCNS_KIND_MQ));
	attrs[IPCNS_A_OBJECT_ID] = number(test, 1);
	KUNIT_EXPECT_EQ(test, object_parse(blank(test), attrs, false, &extack), -EINVAL);
}

/* As dump.c parses a request for one message. */
static int parse_one(struct kunit *test, struct nlattr **attrs)
{
	u8 inum = object_ops.ns_attr, id = inum + 1;
	struct netlink_ext_ack extack = { };
	struct ipcns_dump *d = blank(test);

	return ipcns_parse_ns(d, attrs[inum], attrs[id], true, &extack) ?:
	       object_parse(d, attrs, true, &extack);
}

/* One object needs its namespace, its kind, and what names it among its kind. */
static void one_object(struct kunit *test)
{
	struct nlattr *attrs[IPCNS_A_OBJECT_MAX + 1] = { };
	u32 with, kind;

	for (kind = 0; kind < IPCNS_N_KINDS; kind++) {
		for (with = 0; with < 16; with++) {
			bool mq = kind == IPCNS_KIND_MQ;
			bool named = mq ? (with & 12) == 8 : (with & 12) == 4;

			attrs[IPCNS_A_OBJECT_NS_INUM] = with & 1 ? number(test, 5) : NULL;
			attrs[IPCNS_A_OBJECT_KIND] = with & 2 ? number(test, kind) : NULL;
			attrs[IPCNS_A_OBJECT_ID] = with & 4 ? number(test, 5) : NULL;
			attrs[IPCNS_A_OBJECT_NAME] = with & 8 ? attr_of(test, "q", 1) : NULL;
			KUNIT_EXPECT_EQ_MSG(test, parse_one(test, attrs),
					    (with & 3) == 3 && named ? 0 : -EINVAL,
					    "kind %u with %u", kind, with);
		}
	}
}

/* Every choice of conditions against objects that meet some of them. */
static void filters(struct kunit *test)
{
	struct kern_ipc_perm *perm = kunit_kzalloc(test, sizeof(*perm), GFP_KERNEL);
	u32 asked, meets;

	KUNIT_ASSERT_NOT_NULL(test, perm);
	for (asked = 0; asked < 8; asked++) {
		struct ipcns_filter f = {
			.by_id = asked & 1, .id = 32768,
			.by_key = asked & 2, .key = 0x80000001,
			.by_uid = asked & 4, .uid = KUIDT_INIT(1000),
		};

		for (meets = 0; meets < 8; meets++) {
			perm->id = meets & 1 ? 32768 : 0;
			perm->key = meets & 2 ? (key_t)0x80000001 : 1;
			perm->uid = meets & 4 ? KUIDT_INIT(1000) : KUIDT_INIT(0);
			KUNIT_EXPECT_EQ(test, wanted(&f, perm), !(asked & ~meets));
		}
	}
}

static int wait_to_end(void *arg)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static bool has_task(struct pid *pid)
{
	bool found;

	rcu_read_lock();
	found = pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return found;
}

/* A process exists as long as its struct pid has a task; a hidden one does neither. */
static void remembered(struct kunit *test)
{
	struct task_struct *task = kthread_run(wait_to_end, NULL, "ipcns-kunit");
	struct pid_namespace other = { };
	struct ipcns_reader r = { .pid_ns = &init_pid_ns }, stranger = { .pid_ns = &other };
	u32 gone = 0, there = 0;
	struct pid *pid;

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	pid = get_task_pid(task, PIDTYPE_TGID);
	rcu_read_lock();
	ipcns_remember(&r, NULL, 1, &gone, &there);
	ipcns_remember(&stranger, pid, 2, &gone, &there);
	ipcns_remember(&r, pid, 4, &gone, &there);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, gone, 0U);
	KUNIT_EXPECT_EQ(test, there, 4U);
	kthread_stop(task);
	/* what reaps it may come a little later */
	while (has_task(pid))
		schedule_timeout_uninterruptible(1);
	rcu_read_lock();
	ipcns_remember(&r, pid, 8, &gone, &there);
	ipcns_remember(&stranger, pid, 16, &gone, &there);
	rcu_read_unlock();
	put_pid(pid);
	KUNIT_EXPECT_EQ(test, gone, 8U);
	KUNIT_EXPECT_EQ(test, there, 4U);
}

static int object_init(struct kunit *test)
{
	u32 i;

	if (ipcns_n_layouts > ARRAY_SIZE(saved))
		return -E2BIG;
	memcpy(saved, ipcns_layouts, ipcns_n_layouts * sizeof(*saved));
	for (i = 0; i < ipcns_n_layouts; i++)
		ipcns_layouts[i].state = IPCNS_LAYOUT_STATE_OK;
	return 0;
}

static void object_exit(struct kunit *test)
{
	memcpy(ipcns_layouts, saved, ipcns_n_layouts * sizeof(*saved));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(kinds),
	KUNIT_CASE(objects),
	KUNIT_CASE(one_object),
	KUNIT_CASE(filters),
	KUNIT_CASE(remembered),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-object",
	.init = object_init,
	.exit = object_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
