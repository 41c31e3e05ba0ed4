// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk over superblocks, with walks that the kernel cuts short and with
 * superblocks that lead nowhere. Only the first of these can be had at will on
 * a kernel of today, so what iterates is replaced.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/vmalloc.h>

#include "support.h"

/**
 * struct scene - the superblocks that a walk is to meet
 * @sb:		the superblocks, in order; the initial namespace's is the last
 * @n:		how many
 * @cuts:	walks that are yet to be cut
 * @cut_at:	where
 * @walks:	walks that there were
 */
static struct scene {
	struct super_block	*sb[300];
	u32			n;
	u32			cuts;
	u32			cut_at;
	u32			walks;
} scene;

static void fake_iterate(struct file_system_type *type, void (*f)(struct super_block *, void *),
			 void *arg)
{
	u32 i, n = scene.n;

	if (scene.cuts) {
		scene.cuts--;
		n = min(n, scene.cut_at);
	}
	for (i = 0; i < n; i++)
		f(scene.sb[i], arg);
	scene.walks++;
}

#define iterate_supers_type fake_iterate
#include "walk.c"
#undef iterate_supers_type

/* A superblock with its namespace, all there is of them for a walk. */
struct fake {
	struct super_block	sb;
	struct dentry		root;
	struct inode		inode;
	struct vfsmount		mnt;
	struct ipc_namespace	ns;
};

static struct super_block *init_super(void)
{
	return ipcns_init_ns()->mq_mnt->mnt_sb;
}

static struct fake *fake(struct kunit *test, u32 i)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->inode.i_ino = 1000 + i;
	f->root.d_inode = &f->inode;
	f->sb.s_root = &f->root;
	f->sb.s_fs_info = &f->ns;
	f->mnt.mnt_sb = &f->sb;
	f->ns.mq_mnt = &f->mnt;
	f->ns.ns.inum = 0x1000 + i;
	ipcns_set_native_id(&f->ns, 1000000 + i);
	f->ns.ns.ops = ipcns_init_ns()->ns.ops;
	rcu_assign_pointer(f->ns.ids[IPC_SHM_IDS].key_ht.tbl, (void *)f);
	return f;
}

static void crowd(struct kunit *test, u32 n)
{
	u32 i;

	/* new ones come in at the head */
	memset(&scene, 0, sizeof(scene));
	for (i = 0; i < n; i++)
		scene.sb[i] = &fake(test, n - i)->sb;
	scene.sb[n] = init_super();
	scene.n = n + 1;
}

static void expect_crowd(struct kunit *test, u32 n)
{
	struct ipcns_cookies list = { };
	u32 i;

	KUNIT_ASSERT_EQ(test, ipcns_walk_cookies(&list, NULL), 0);
	KUNIT_EXPECT_EQ(test, list.n, n + 1);
	for (i = 1; i < list.n; i++)
		KUNIT_EXPECT_LT(test, list.cookie[i - 1], list.cookie[i]);
	for (i = 0; i < n; i++) {
		u64 cookie = (u64)(1000 + i + 1) << 32 | (0x1000 + i + 1);

		KUNIT_EXPECT_NOT_NULL(test, bsearch(&cookie, list.cookie, list.n, sizeof(cookie),
						    ipcns_compare_cookies));
	}
	ipcns_cookies_free(&list);
}

static void whole(struct kunit *test)
{
	crowd(test, 0);
	expect_crowd(test, 0);
	crowd(test, 250);
	expect_crowd(test, 250);
	/* more than there was room for: once more */
	WRITE_ONCE(last_namespaces, 0);
	scene.walks = 0;
	expect_crowd(test, 250);
	KUNIT_EXPECT_GT(test, scene.walks, 1U);
	KUNIT_EXPECT_EQ(test, READ_ONCE(last_namespaces), 251U);
}

/* 6.1: a superblock that dies under the walk ends it. */
static void cut(struct kunit *test)
{
	struct ipcns_walk_stats before, after;
	struct ipcns_cookies list = { };
	u64 cookie;
	u32 at, cuts;

	for (at = 0; at <= 20; at++) {
		for (cuts = 1; cuts <= 3; cuts++) {
			crowd(test, 20);
			scene.cuts = cuts;
			scene.cut_at = at;
			ipcns_walk_stats(&before);
			expect_crowd(test, 20);
			ipcns_walk_stats(&after);
			KUNIT_EXPECT_EQ(test, after.cut, before.cut + cuts);
			KUNIT_EXPECT_EQ(test, after.walks, before.walks + cuts + 1);
		}
	}
	/* each time: that is not an answer, and not for ever */
	crowd(test, 20);
	scene.cuts = U32_MAX;
	scene.cut_at = 20;
	KUNIT_EXPECT_EQ(test, ipcns_walk_cookies(&list, NULL), -EAGAIN);
	KUNIT_EXPECT_NULL(test, list.cookie);
	KUNIT_EXPECT_EQ(test, scene.walks, (u32)MAX_CUTS);
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(ipcns_init_ns()->ns.inum, &cookie, NULL), -EAGAIN);
	scene.cuts = MAX_CUTS - 1;
	expect_crowd(test, 20);
}

/* The namespace is met in the walk that is cut and in the one after: once is enough. */
static void got_once(struct kunit *test)
{
	struct ipc_namespace *init = ipcns_init_ns();
	struct ipcns_ns_ref refs[2] = { };
	unsigned int count = ipcns_ref_count(init);

	crowd(test, 3);
	/* the initial one comes twice in a walk that is done twice */
	scene.sb[1] = init_super();
	scene.cuts = 1;
	scene.cut_at = 2;
	refs[0].cookie = 1;
	refs[1].cookie = ipcns_cookie(init_super(), init);
	KUNIT_ASSERT_EQ(test, ipcns_walk_get(refs, 2, NULL), 0);
	KUNIT_EXPECT_NULL(test, refs[0].ns);
	KUNIT_ASSERT_PTR_EQ(test, refs[1].ns, init);
	/* other tasks come and go, but not by the thousand */
	KUNIT_EXPECT_GE(test, ipcns_ref_count(init) + 50, refs[1].refs);
	ipcns_put(&refs[0]);
	ipcns_put(&refs[1]);
	KUNIT_EXPECT_NULL(test, refs[1].ns);
	KUNIT_EXPECT_LE(test, ipcns_ref_count(init), count + 50);
}

/*
 * 6.1 leaves a superblock with a pointer to freed memory where the creation of a
 * namespace failed; on all kernels one can be met before its creation is done.
 */
static void dangling(struct kunit *test)
{
	static const unsigned long nowhere[] = {
		8, 0x1000, 0x7fffffffe000, 0x0000800000000000, 0xdead000000000100,
		0xffff800000000000, 0xfffffffffffff000, 0xffffffffffffff00,
	};
	void *gone = vmalloc(sizeof(struct ipc_namespace));
	struct ipcns_walk_stats s;
	struct fake *f;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, gone);
	vfree(gone);
	for (i = 0; i < ARRAY_SIZE(nowhere) + 10; i++) {
		crowd(test, 4);
		f = fake(test, 100);
		scene.sb[2] = &f->sb;
		switch (i) {
		case 0:
			f->sb.s_fs_info = NULL;
			break;
		case 1:
			f->sb.s_fs_info = gone;
			break;
		case 2:		/* freed, and poisoned */
			memset(&f->ns, 0x6b, sizeof(f->ns));
			break;
		case 3:		/* freed, and somebody else's */
			memset(&f->ns, 0, sizeof(f->ns));
			break;
		case 4:		/* somebody else's that points to itself */
			memset64((void *)&f->ns, (unsigned long)&f->ns, sizeof(f->ns) / 8);
			break;
		case 5:		/* not created to the end */
			RCU_INIT_POINTER(f->ns.ids[IPC_SHM_IDS].key_ht.tbl, NULL);
			break;
		case 6:
			f->ns.ns.ops = NULL;
			break;
		case 7:
			f->ns.mq_mnt = NULL;
			break;
		case 8:
			f->ns.mq_mnt = gone;
			break;
		case 9:		/* freed, and another namespace's now */
			f->mnt.mnt_sb = init_super();
			break;
		default:
			if (i % 2)
				f->sb.s_fs_info = (void *)nowhere[i - 10];
			else
				f->ns.mq_mnt = (void *)nowhere[i - 10];
		}
		KUNIT_EXPECT_NULL_MSG(test, committed(&f->sb), "way %u", i);
		ipcns_walk_stats(&s);
		scene.n = 5;
		scene.walks = 0;
		{
			struct ipcns_cookies list = { };

			KUNIT_ASSERT_EQ(test, ipcns_walk_cookies(&list, NULL), 0);
			KUNIT_EXPECT_EQ_MSG(test, list.n, 4U, "way %u", i);
			ipcns_cookies_free(&list);
		}
		ipcns_walk_stats(&s);
		KUNIT_EXPECT_EQ(test, s.pending, 1U);
		KUNIT_EXPECT_EQ(test, s.namespaces, 4U);
	}
}

static void find(struct kunit *test)
{
	u64 cookie = 0;

	crowd(test, 5);
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(ipcns_init_ns()->ns.inum, &cookie, NULL), 0);
	KUNIT_EXPECT_EQ(test, cookie, ipcns_cookie(init_super(), ipcns_init_ns()));
	/* those without references are on their way out */
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(0x1001, &cookie, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(0x999, &cookie, NULL), -ENOENT);
}

/* References are found by address, whatever their number. */
static void addresses(struct kunit *test)
{
	static const u32 sizes[] = { 0, 1, 2, 3, 7, 8, 9, 1000, 1024 };
	struct ipcns_ns_ref *refs = kunit_kcalloc(test, 1024, sizeof(*refs), GFP_KERNEL);
	struct ipcns_index x;
	u32 i, k;

	KUNIT_ASSERT_NOT_NULL(test, refs);
	for (k = 0; k < ARRAY_SIZE(sizes); k++) {
		for (i = 0; i < sizes[k]; i++)
			refs[i].ns = i % 5 == 3 ? NULL : (void *)(0xffff000000000000 + i * 64);
		KUNIT_ASSERT_EQ(test, ipcns_index_init(&x, &refs->ns, sizeof(*refs), sizes[k]), 0);
		for (i = 0; i < 1024; i++)
			KUNIT_ASSERT_EQ(test,
					ipcns_index_find(&x, (void *)(0xffff000000000000 + i * 64)),
					i < sizes[k] && i % 5 != 3 ? (int)i : -1);
		KUNIT_ASSERT_EQ(test, ipcns_index_find(&x, NULL), -1);
		ipcns_index_free(&x);
	}
}

/* Entries with the same address are all found, each once, beside others. */
static void duplicates(struct kunit *test)
{
	struct ipcns_ns_ref *refs = kunit_kcalloc(test, 1000, sizeof(*refs), GFP_KERNEL);
	struct ipcns_index x;
	int at, k;
	u32 i, n;

	KUNIT_ASSERT_NOT_NULL(test, refs);
	for (i = 0; i < 1000; i++)
		refs[i].ns = (void *)(0xffff000000000000 + i % 7 * 64);
	KUNIT_ASSERT_EQ(test, ipcns_index_init(&x, &refs->ns, sizeof(*refs), 1000), 0);
	for (k = 0; k < 7; k++) {
		n = 0;
		for (at = ipcns_index_find(&x, (void *)(0xffff000000000000 + k * 64)); at >= 0;
		     at = ipcns_index_next(&x, at)) {
			KUNIT_ASSERT_EQ(test, at % 7, k);
			KUNIT_ASSERT_EQ(test, refs[at].id++, 0ULL);
			n++;
		}
		KUNIT_EXPECT_EQ(test, n, 1000U / 7 + (k < 1000 % 7));
	}
	ipcns_index_free(&x);
}

/* What a view lets see, and what was asked of it. */
struct fake_view {
	struct ipcns_view	view;
	u32			asked;
	unsigned int		counts;
};

/* By inode number: every third is foreign, every third may be seen in part. */
static enum ipcns_access third(const struct ipcns_view *view, const struct ipc_namespace *ns,
			       u64 cookie)
{
	struct fake_view *v = container_of(view, struct fake_view, view);

	v->asked++;
	/* no reference was taken yet */
	v->counts += ipcns_ref_count(ns);
	if (ns == ipcns_init_ns())
		return IPCNS_ACCESS_NONE;
	return ns->ns.inum % 3;
}

/* Access is asked before a reference is taken, and decides. */
static void views(struct kunit *test)
{
	struct fake_view v = { .view.access = third, .view.least = IPCNS_ACCESS_FULL };
	struct ipcns_ns_ref *refs = kunit_kcalloc(test, 31, sizeof(*refs), GFP_KERNEL);
	struct ipcns_cookies list = { };
	u64 cookie = 0;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, refs);
	crowd(test, 30);
	for (i = 0; i < 30; i++) {
		struct ipc_namespace *ns = scene.sb[i]->s_fs_info;

		refcount_set(&ns->IPCNS_COUNT, 1);
	}
	KUNIT_ASSERT_EQ(test, ipcns_walk_cookies(&list, &v.view), 0);
	KUNIT_EXPECT_EQ(test, list.n, 20U);
	ipcns_cookies_free(&list);
	KUNIT_ASSERT_EQ(test, ipcns_walk_cookies(&list, NULL), 0);
	KUNIT_ASSERT_EQ(test, list.n, 31U);
	for (i = 0; i < list.n; i++)
		refs[i].cookie = list.cookie[i];
	ipcns_cookies_free(&list);
	v.asked = 0;
	v.counts = 0;
	KUNIT_ASSERT_EQ(test, ipcns_walk_get(refs, 31, &v.view), 0);
	KUNIT_EXPECT_EQ(test, v.asked, 31U);
	for (i = 0; i < 31; i++) {
		u32 inum = (u32)refs[i].cookie;
		bool mine = inum != ipcns_init_ns()->ns.inum && inum % 3 == IPCNS_ACCESS_FULL;

		KUNIT_EXPECT_EQ_MSG(test, !!refs[i].ns, mine, "inum %x", inum);
		if (!refs[i].ns)
			continue;
		KUNIT_EXPECT_EQ(test, refs[i].refs, 1U);
		KUNIT_EXPECT_EQ(test, ipcns_ref_count(refs[i].ns), 2U);
		ipcns_put(&refs[i]);
	}
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_EQ(test, ipcns_ref_count(scene.sb[i]->s_fs_info), 1U);
	/* foreign and missing look alike */
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(0x1002, &cookie, &v.view),
			0x1002 % 3 ? 0 : -ENOENT);
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(0x1001 + 0x1001 % 3, &cookie, &v.view),
			(0x1001 + 0x1001 % 3) % 3 ? 0 : -ENOENT);
	KUNIT_EXPECT_EQ(test, ipcns_walk_find(0x4000, &cookie, &v.view), -ENOENT);
}

/* Two callers hold a reference: neither counts the other's. */
static void two_callers(struct kunit *test)
{
	struct ipcns_ns_ref a = { }, b = { };

	crowd(test, 1);
	refcount_set(&((struct ipc_namespace *)scene.sb[0]->s_fs_info)->IPCNS_COUNT, 5);
	a.cookie = ipcns_cookie(scene.sb[0], scene.sb[0]->s_fs_info);
	b.cookie = a.cookie;
	KUNIT_ASSERT_EQ(test, ipcns_walk_get(&a, 1, NULL), 0);
	KUNIT_ASSERT_EQ(test, ipcns_walk_get(&b, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, a.refs, 5U);
	KUNIT_EXPECT_EQ(test, b.refs, 5U);
	ipcns_put(&a);
	KUNIT_ASSERT_EQ(test, ipcns_walk_get(&a, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, a.refs, 5U);
	ipcns_put(&a);
	ipcns_put(&b);
}

static int walk_init(struct kunit *test)
{
	return ipcns_walk_init();
}

static void walk_exit(struct kunit *test)
{
	if (mqueue_type)
		ipcns_walk_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(whole),
	KUNIT_CASE(cut),
	KUNIT_CASE(got_once),
	KUNIT_CASE(dangling),
	KUNIT_CASE(find),
	KUNIT_CASE(addresses),
	KUNIT_CASE(duplicates),
	KUNIT_CASE(views),
	KUNIT_CASE(two_callers),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-walk",
	.init = walk_init,
	.exit = walk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
