// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of commands as kernels before 6.2 want it, made from the one that
 * the module has.
 */
#include "support.h"

/* What compat.h says before 6.2; the names that are taken get others. */
#define genl_split_ops genl_ops
#define split_ops ops
#define n_split_ops n_ops
#define ipcns_nl_family family_before_6_2
#include "../../kmod/nl_gen.c"
#undef genl_split_ops
#undef split_ops
#undef n_split_ops

static struct genl_ops merged[ARRAY_SIZE(ipcns_nl_ops)];

static const struct genl_ops *merged_op(u8 cmd, unsigned int n)
{
	const struct genl_ops *found = NULL;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (merged[i].cmd != cmd)
			continue;
		if (found)
			return NULL;
		found = &merged[i];
	}
	return found;
}

static void tables(struct kunit *test)
{
	unsigned int i, k, n = ipcns_merge_ops(ipcns_nl_ops, ARRAY_SIZE(ipcns_nl_ops), merged);
	u32 cmds = 0;

	for (i = 0; i < ARRAY_SIZE(ipcns_nl_ops); i++) {
		const struct genl_ops *op = &ipcns_nl_ops[i], *m = merged_op(op->cmd, n);

		cmds |= BIT(op->cmd);
		KUNIT_ASSERT_NOT_NULL_MSG(test, m, "command %u", op->cmd);
		KUNIT_EXPECT_EQ(test, m->flags & op->flags, op->flags);
		if (op->doit)
			KUNIT_EXPECT_PTR_EQ(test, m->doit, op->doit);
		if (op->dumpit) {
			KUNIT_EXPECT_PTR_EQ(test, m->start, op->start);
			KUNIT_EXPECT_PTR_EQ(test, m->dumpit, op->dumpit);
			KUNIT_EXPECT_PTR_EQ(test, m->done, op->done);
		}
		/* one policy serves both: they have the same attributes, or one has none */
		if (!op->policy)
			continue;
		KUNIT_ASSERT_NOT_NULL(test, m->policy);
		KUNIT_ASSERT_EQ(test, m->maxattr, op->maxattr);
		for (k = 0; k <= op->maxattr; k++)
			KUNIT_EXPECT_MEMEQ(test, &m->policy[k], &op->policy[k],
					   sizeof(op->policy[k]));
	}
	KUNIT_EXPECT_EQ(test, n, hweight32(cmds));
	/* nothing came from nowhere */
	for (i = 0; i < n; i++) {
		bool does = false, dumps = false;

		for (k = 0; k < ARRAY_SIZE(ipcns_nl_ops); k++) {
			does |= ipcns_nl_ops[k].cmd == merged[i].cmd && ipcns_nl_ops[k].doit;
			dumps |= ipcns_nl_ops[k].cmd == merged[i].cmd && ipcns_nl_ops[k].dumpit;
		}
		KUNIT_EXPECT_EQ(test, !!merged[i].doit, does);
		KUNIT_EXPECT_EQ(test, !!merged[i].dumpit, dumps);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tables),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-merge",
	.test_cases = cases,
};

kunit_test_suite(suite);
