// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user can have open: bounds of number and memory, and who a user is.
 */
#include "support.h"

#include "quota.c"

static struct cred *user(struct kunit *test, u32 uid, struct user_namespace *ns)
{
	struct cred *cred = kunit_kzalloc(test, sizeof(*cred), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cred->uid = KUIDT_INIT(uid);
	cred->user_ns = ns;
	return cred;
}

static struct user_namespace *below(struct kunit *test, struct user_namespace *parent, u32 owner)
{
	struct user_namespace *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ns);
	ns->parent = parent;
	ns->owner = KUIDT_INIT(owner);
	return ns;
}

static void numbers(struct kunit *test)
{
	struct cred *a = user(test, 1000, &init_user_ns), *b = user(test, 1001, &init_user_ns);
	struct ipcns_quota *q = NULL, *other;
	u32 i;

	for (i = 0; i < IPCNS_QUOTA_DUMPS; i++) {
		struct ipcns_quota *got = ipcns_quota_get(a);

		KUNIT_ASSERT_FALSE(test, IS_ERR(got));
		KUNIT_EXPECT_TRUE(test, !q || q == got);
		q = got;
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(ipcns_quota_get(a)), (long)-EDQUOT);
	other = ipcns_quota_get(b);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_PTR_NE(test, other, q);
	ipcns_quota_put(q);
	KUNIT_EXPECT_PTR_EQ(test, ipcns_quota_get(a), q);
	for (i = 0; i < IPCNS_QUOTA_DUMPS; i++)
		ipcns_quota_put(q);
	ipcns_quota_put(other);
	/* nothing is kept for users without dumps */
	KUNIT_EXPECT_TRUE(test, hash_empty(users));
}

static void memory(struct kunit *test)
{
	struct ipcns_quota *q = ipcns_quota_get(user(test, 1000, &init_user_ns));

	KUNIT_ASSERT_FALSE(test, IS_ERR(q));
	KUNIT_EXPECT_TRUE(test, ipcns_quota_charge(q, IPCNS_QUOTA_BYTES - 5));
	KUNIT_EXPECT_FALSE(test, ipcns_quota_charge(q, 6));
	KUNIT_EXPECT_FALSE(test, ipcns_quota_charge(q, SIZE_MAX));
	KUNIT_EXPECT_TRUE(test, ipcns_quota_charge(q, 5));
	KUNIT_EXPECT_FALSE(test, ipcns_quota_charge(q, 1));
	ipcns_quota_uncharge(q, IPCNS_QUOTA_BYTES);
	KUNIT_EXPECT_TRUE(test, ipcns_quota_charge(q, 1));
	ipcns_quota_uncharge(q, 1);
	ipcns_quota_put(q);
	/* the administrator has none */
	KUNIT_EXPECT_TRUE(test, ipcns_quota_charge(NULL, SIZE_MAX));
	ipcns_quota_uncharge(NULL, SIZE_MAX);
	ipcns_quota_put(NULL);
}

/* Mapped ids do not multiply what a user can have. */
static void identities(struct kunit *test)
{
	struct user_namespace *top = below(test, &init_user_ns, 1000);
	struct user_namespace *deep = below(test, below(test, top, 100005), 100007);

	KUNIT_EXPECT_EQ(test, __kuid_val(user_of(user(test, 1000, &init_user_ns))), 1000U);
	KUNIT_EXPECT_EQ(test, __kuid_val(user_of(user(test, 100000, top))), 1000U);
	KUNIT_EXPECT_EQ(test, __kuid_val(user_of(user(test, 100042, deep))), 1000U);
	KUNIT_EXPECT_EQ(test, __kuid_val(user_of(user(test, 1000, below(test, &init_user_ns, 7)))),
			7U);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(numbers),
	KUNIT_CASE(memory),
	KUNIT_CASE(identities),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-quota",
	.test_cases = cases,
};

kunit_test_suite(suite);
