// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of records that dumps fill and empty.
 */
#include "support.h"

#include "buf.c"

static u32 largest(void)
{
	return ALIGN_DOWN(CHUNK_ROOM - sizeof(struct record), 8);
}

/* Records of all sizes come out as they went in, and what was read is freed. */
static void order(struct kunit *test)
{
	u32 *sizes = kunit_kmalloc_array(test, 20000, sizeof(u32), GFP_KERNEL);
	u32 in = 0, out = 0, i, size, rnd = 1414213562;
	u64 before = ipcns_buf_total();
	struct ipcns_buf buf;
	u8 *room;

	KUNIT_ASSERT_NOT_NULL(test, sizes);
	ipcns_buf_init(&buf);
	while (out < 20000) {
		size = any_below(&rnd, 50) ? any_below(&rnd, 600) : any_below(&rnd, largest() + 1);
		room = in < 20000 && any_below(&rnd, 2) ? ipcns_buf_reserve(&buf, size) : NULL;
		if (!IS_ERR_OR_NULL(room)) {
			KUNIT_ASSERT_TRUE(test, IS_ALIGNED((unsigned long)room, 8));
			/* what is not committed does not count */
			memset(room, 0xee, size);
			if (any_below(&rnd, 4)) {
				size = any_below(&rnd, size + 1);
				memset(room, in, size);
				sizes[in++] = size;
				ipcns_buf_commit(&buf, size);
			}
			continue;
		}
		KUNIT_ASSERT_EQ(test, PTR_ERR(room), room ? -ENOBUFS : 0);
		room = ipcns_buf_peek(&buf);
		KUNIT_ASSERT_EQ(test, !room, in == out);
		if (!room)
			continue;
		for (i = 0; i < sizes[out]; i++)
			if (room[i] != (u8)out)
				break;
		KUNIT_ASSERT_EQ(test, i, sizes[out]);
		ipcns_buf_pop(&buf);
		out++;
		KUNIT_ASSERT_LE(test, buf.bytes, (size_t)IPCNS_BUF_MAX);
		KUNIT_ASSERT_EQ(test, ipcns_buf_total(), before + buf.bytes);
	}
	KUNIT_EXPECT_NULL(test, ipcns_buf_peek(&buf));
	KUNIT_EXPECT_EQ(test, ipcns_buf_total(), before);
	ipcns_buf_free(&buf);
}

/* A record that fills a chunk to the last byte, and its neighbours. */
static void boundaries(struct kunit *test)
{
	u32 size, i, n, chunk = largest();
	struct ipcns_buf buf;

	for (size = chunk / 2 - 40; size <= chunk / 2 + 40; size++) {
		ipcns_buf_init(&buf);
		for (n = 0; !IS_ERR(ipcns_buf_reserve(&buf, size)); n++) {
			*(u32 *)ipcns_buf_reserve(&buf, size) = n;
			ipcns_buf_commit(&buf, size);
		}
		i = CHUNK_ROOM / (sizeof(struct record) + ALIGN(size, 8));
		KUNIT_EXPECT_EQ(test, n, i * (IPCNS_BUF_MAX / IPCNS_BUF_CHUNK));
		for (i = 0; i < n; i++) {
			KUNIT_ASSERT_NOT_NULL(test, ipcns_buf_peek(&buf));
			KUNIT_EXPECT_EQ(test, *(u32 *)ipcns_buf_peek(&buf), i);
			ipcns_buf_pop(&buf);
		}
		KUNIT_EXPECT_NULL(test, ipcns_buf_peek(&buf));
	}
	ipcns_buf_init(&buf);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ipcns_buf_reserve(&buf, chunk)));
	memset(ipcns_buf_reserve(&buf, chunk), 1, chunk);
	ipcns_buf_commit(&buf, chunk);
	KUNIT_EXPECT_EQ(test, buf.bytes, (size_t)IPCNS_BUF_CHUNK);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ipcns_buf_reserve(&buf, 0)));
	KUNIT_EXPECT_EQ(test, buf.bytes, (size_t)2 * IPCNS_BUF_CHUNK);
	ipcns_buf_free(&buf);
	KUNIT_EXPECT_EQ(test, buf.bytes, (size_t)0);
}

/* Full, emptied, and full again: as much fits as before. */
static void full(struct kunit *test)
{
	u64 before = ipcns_buf_total();
	u32 i, round, fit[3] = { };
	struct ipcns_buf buf;

	ipcns_buf_init(&buf);
	for (round = 0; round < ARRAY_SIZE(fit); round++) {
		while (!IS_ERR(ipcns_buf_reserve(&buf, 1000))) {
			ipcns_buf_commit(&buf, 1000);
			fit[round]++;
		}
		KUNIT_EXPECT_EQ(test, PTR_ERR(ipcns_buf_reserve(&buf, 1000)), -ENOBUFS);
		KUNIT_EXPECT_EQ(test, ipcns_buf_total(), before + IPCNS_BUF_MAX);
		for (i = 0; ipcns_buf_peek(&buf); i++)
			ipcns_buf_pop(&buf);
		KUNIT_EXPECT_EQ(test, i, fit[0]);
	}
	KUNIT_EXPECT_EQ(test, fit[1], fit[0]);
	KUNIT_EXPECT_EQ(test, fit[2], fit[0]);
	/* freed while full */
	while (!IS_ERR(ipcns_buf_reserve(&buf, 1000)))
		ipcns_buf_commit(&buf, 1000);
	ipcns_buf_free(&buf);
	KUNIT_EXPECT_EQ(test, ipcns_buf_total(), before);
	KUNIT_EXPECT_NULL(test, ipcns_buf_peek(&buf));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(order),
	KUNIT_CASE(boundaries),
	KUNIT_CASE(full),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-buf",
	.test_cases = cases,
};

kunit_test_suite(suite);
