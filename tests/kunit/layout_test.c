// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of layouts, against the BTF of the kernel that runs: as it is, and
 * with each thing that matters made different.
 */
#include "support.h"

#include "layout.c"

static void *blob;
static ssize_t blob_len;
static struct ipcns_btf btf;
static struct ipcns_layout saved[ARRAY_SIZE(ipcns_layouts)];

static void all_known(struct kunit *test)
{
	unsigned int i, kind;

	ipcns_layout_check();
	for (i = 0; i < ipcns_n_layouts; i++) {
		KUNIT_EXPECT_EQ_MSG(test, ipcns_layouts[i].state, IPCNS_LAYOUT_STATE_OK, "%s",
				    ipcns_layouts[i].name);
		KUNIT_EXPECT_NULL(test, ipcns_layouts[i].mismatch);
	}
	for (kind = 0; kind <= IPCNS_KIND_MQ; kind++)
		KUNIT_EXPECT_TRUE(test, ipcns_layout_depth_ok(kind));
	KUNIT_EXPECT_EQ(test, ipcns_layout_holders(), U32_MAX);
}

static void expect_mismatch(struct kunit *test, struct ipcns_layout *l, const char *at)
{
	layout_compare(&btf, l);
	KUNIT_EXPECT_EQ_MSG(test, l->state, IPCNS_LAYOUT_STATE_MISMATCH, "%s %s", l->name, at);
	KUNIT_ASSERT_NOT_NULL(test, l->mismatch);
	KUNIT_EXPECT_STREQ(test, l->mismatch, at);
}

/* A mirror that is off by a byte in any member the module uses. */
static void mirrors(struct kunit *test)
{
	struct ipcns_layout_member members[16];
	unsigned int i, k;

	for (i = 0; i < ipcns_n_layouts; i++) {
		struct ipcns_layout l = ipcns_layouts[i];

		KUNIT_ASSERT_LE(test, l.n_members, (unsigned int)ARRAY_SIZE(members));
		for (k = 0; k < l.n_members; k++) {
			memcpy(members, ipcns_layouts[i].members, l.n_members * sizeof(*members));
			l.members = members;
			members[k].offset++;
			expect_mismatch(test, &l, members[k].name);
			members[k].offset--;
			members[k].size++;
			expect_mismatch(test, &l, members[k].name);
			members[k].size--;
			members[k].name = "no_such_member";
			expect_mismatch(test, &l, "no_such_member");
		}
		l.members = ipcns_layouts[i].members;
		layout_compare(&btf, &l);
		KUNIT_EXPECT_EQ(test, l.state, IPCNS_LAYOUT_STATE_OK);
		if (l.size) {
			l.size += 8;
			expect_mismatch(test, &l, l.name);
		}
		l.name = "no_such_struct";
		expect_mismatch(test, &l, "no_such_struct");
	}
}

/* The same, but it is the kernel that is different. */
static void kernels(struct kunit *test)
{
	unsigned int i, k, v;

	for (i = 0; i < ipcns_n_layouts; i++) {
		struct ipcns_layout *l = &ipcns_layouts[i];
		u32 id = ipcns_btf_find_struct(&btf, l->name);
		struct btf_type *t;
		struct btf_member *m;

		KUNIT_ASSERT_NE(test, id, 0U);
		t = (void *)btf.types + btf.offsets[id];
		m = (void *)(t + 1);
		for (v = 0; v < (t->info & 0xffff); v++, m++) {
			const char *name = btf.strs + m->name_off;
			u32 offset = m->offset, type = m->type, name_off = m->name_off;

			for (k = 0; k < l->n_members; k++)
				if (!strcmp(name, l->members[k].name))
					break;
			m->offset += 8;
			if (k < l->n_members) {
				expect_mismatch(test, l, name);
			} else {
				layout_compare(&btf, l);
				KUNIT_EXPECT_EQ(test, l->state, IPCNS_LAYOUT_STATE_OK);
			}
			m->offset = offset;
			if (k == l->n_members)
				continue;
			m->type = id;	/* a struct within itself: as wrong as can be */
			expect_mismatch(test, l, name);
			m->type = 0;
			expect_mismatch(test, l, name);
			m->type = type;
			m->name_off = U32_MAX;
			expect_mismatch(test, l, name);
			m->name_off = name_off;
		}
		layout_compare(&btf, l);
		KUNIT_EXPECT_EQ(test, l->state, IPCNS_LAYOUT_STATE_OK);
		if (l->size) {
			t->size += 8;
			expect_mismatch(test, l, l->name);
			t->size -= 8;
		}
	}
}

/* What a struct that differs takes with it, and what it leaves. */
static void consequences(struct kunit *test)
{
	static const struct {
		const char	*name;
		u32		kinds;	/* no objects, so nothing in them either */
		u32		depth;	/* nothing in them */
		u32		holders;
	} want[] = {
		{ "shmid_kernel", BIT(IPCNS_KIND_SHM), 0, BIT(IPCNS_HOLDER_KIND_SHM) },
		{ "shm_file_data", 0, 0, BIT(IPCNS_HOLDER_KIND_SHM) },
		{ "sem_array", BIT(IPCNS_KIND_SEM) },
		{ "sem", BIT(IPCNS_KIND_SEM) },
		{ "sem_queue", BIT(IPCNS_KIND_SEM) },
		{ "sem_undo", 0, BIT(IPCNS_KIND_SEM) },
		{ "msg_queue", BIT(IPCNS_KIND_MSG) },
		{ "msg_receiver", 0, BIT(IPCNS_KIND_MSG) },
		{ "msg_sender", 0, BIT(IPCNS_KIND_MSG) },
		{ "mqueue_inode_info", BIT(IPCNS_KIND_MQ) },
		{ "ext_wait_queue", BIT(IPCNS_KIND_MQ) },
		{ "posix_msg_tree_node", 0, BIT(IPCNS_KIND_MQ) },
	};
	static const enum ipcns_layout_state bad[] = {
		IPCNS_LAYOUT_STATE_UNKNOWN, IPCNS_LAYOUT_STATE_MISMATCH,
	};
	unsigned int i, k, s, kind;

	KUNIT_EXPECT_EQ(test, (unsigned int)ARRAY_SIZE(want), ipcns_n_layouts);
	for (i = 0; i < ipcns_n_layouts * ARRAY_SIZE(bad); i++) {
		struct ipcns_layout *l = &ipcns_layouts[i / ARRAY_SIZE(bad)];

		for (k = 0; k < ARRAY_SIZE(want); k++)
			if (!strcmp(want[k].name, l->name))
				break;
		KUNIT_ASSERT_LT_MSG(test, k, (unsigned int)ARRAY_SIZE(want), "%s", l->name);
		for (s = 0; s < ipcns_n_layouts; s++)
			ipcns_layouts[s].state = IPCNS_LAYOUT_STATE_OK;
		l->state = bad[i % ARRAY_SIZE(bad)];
		for (kind = 0; kind <= IPCNS_KIND_MQ; kind++) {
			bool ok = !(want[k].kinds & BIT(kind));

			KUNIT_EXPECT_EQ_MSG(test, ipcns_layout_ok(kind), ok, "%s", l->name);
			KUNIT_EXPECT_EQ_MSG(test, ipcns_layout_depth_ok(kind),
					    ok && !(want[k].depth & BIT(kind)), "%s", l->name);
		}
		KUNIT_EXPECT_EQ_MSG(test, ipcns_layout_holders(), ~want[k].holders, "%s", l->name);
	}
}

/* The kernel's own blob, cut anywhere. */
static void truncated(struct kunit *test)
{
	struct ipcns_btf part;
	u32 i, rnd = 693147180;

	for (i = 0; i < 200; i++) {
		u32 len = any_below(&rnd, i % 2 ? blob_len : 4096);

		KUNIT_ASSERT_EQ(test, ipcns_btf_open(&part, blob, len), -EINVAL);
	}
}

static int layout_init(struct kunit *test)
{
	BUILD_BUG_ON(sizeof(saved) != sizeof(ipcns_layouts));
	memcpy(saved, ipcns_layouts, sizeof(saved));
	blob_len = read_initns(BTF_PATH, &blob);
	if (blob_len < 0)
		return blob_len;
	return ipcns_btf_open(&btf, blob, blob_len);
}

static void layout_exit(struct kunit *test)
{
	memcpy(ipcns_layouts, saved, sizeof(saved));
	if (blob_len > 0) {
		ipcns_btf_close(&btf);
		vfree(blob);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(all_known),
	KUNIT_CASE(mirrors),
	KUNIT_CASE(kernels),
	KUNIT_CASE(consequences),
	KUNIT_CASE(truncated),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-layout",
	.init = layout_init,
	.exit = layout_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
