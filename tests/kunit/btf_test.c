// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of BTF, on blobs that are right, wrong and hostile.
 */
#include <linux/vmalloc.h>

#include "support.h"

#include "btf.c"

#define INFO(kind, vlen) ((u32)(kind) << 24 | (vlen))

/**
 * struct blob - BTF in the making
 * @types:	words of the type section
 * @n:		how many
 * @ids:	types so far
 * @strs:	the string section
 * @len:	its length
 */
struct blob {
	u32	types[512];
	u32	n;
	u32	ids;
	char	strs[512];
	u32	len;
};

static u32 string(struct blob *b, const char *s)
{
	u32 at = b->len;

	if (!*s)
		return 0;
	b->len += strscpy(b->strs + at, s, sizeof(b->strs) - at) + 1;
	return at;
}

static u32 add(struct blob *b, const char *name, u32 info, u32 size_or_type)
{
	b->types[b->n++] = string(b, name);
	b->types[b->n++] = info;
	b->types[b->n++] = size_or_type;
	return ++b->ids;
}

static void word(struct blob *b, u32 value)
{
	b->types[b->n++] = value;
}

static void member(struct blob *b, const char *name, u32 type, u32 offset)
{
	word(b, string(b, name));
	word(b, type);
	word(b, offset);
}

enum {
	T_INT = 1, T_PTR, T_ARRAY, T_TYPEDEF, T_CONST, T_STRUCT, T_UNION, T_ENUM, T_ENUM64, T_FLOAT,
	T_FWD, T_PROTO, T_FUNC, T_VAR, T_DATASEC, T_DECL_TAG, T_TYPE_TAG, T_LOOP, T_HUGE, T_TWIN1,
	T_TWIN2, T_BITS, T_LATER,
};

/* One of every kind. */
static void everything(struct kunit *test, struct blob *b)
{
	b->len = 1;
	add(b, "int", INFO(BTF_KIND_INT, 0), 4);
	word(b, 32);
	add(b, "", INFO(BTF_KIND_PTR, 0), T_STRUCT);
	add(b, "", INFO(BTF_KIND_ARRAY, 0), 0);
	word(b, T_INT);
	word(b, T_INT);
	word(b, 7);
	add(b, "seven", INFO(BTF_KIND_TYPEDEF, 0), T_ARRAY);
	add(b, "", INFO(BTF_KIND_CONST, 0), T_TYPEDEF);
	add(b, "thing", INFO(BTF_KIND_STRUCT, 5), 64);
	member(b, "first", T_INT, 0);
	member(b, "pointer", T_PTR, 64);
	member(b, "array", T_CONST, 128);
	member(b, "number", T_ENUM64, 384);
	member(b, "open", T_LATER, 448);
	add(b, "union", INFO(BTF_KIND_UNION, 1), 8);
	member(b, "m", T_PTR, 0);
	add(b, "enum", INFO(BTF_KIND_ENUM, 1), 4);
	word(b, string(b, "VALUE"));
	word(b, 1);
	add(b, "enum64", INFO(KIND_ENUM64, 1), 8);
	word(b, string(b, "VALUE64"));
	word(b, 1);
	word(b, 0);
	add(b, "float", INFO(BTF_KIND_FLOAT, 0), 8);
	add(b, "fwd", INFO(BTF_KIND_FWD, 0), 0);
	add(b, "", INFO(BTF_KIND_FUNC_PROTO, 2), T_INT);
	word(b, string(b, "arg"));
	word(b, T_INT);
	word(b, 0);
	word(b, 0);
	add(b, "func", INFO(BTF_KIND_FUNC, 1), T_PROTO);
	add(b, "var", INFO(BTF_KIND_VAR, 0), T_INT);
	word(b, 1);
	add(b, ".data", INFO(BTF_KIND_DATASEC, 1), 4);
	word(b, T_VAR);
	word(b, 0);
	word(b, 4);
	add(b, "tag", INFO(KIND_DECL_TAG, 0), T_STRUCT);
	word(b, 0);
	add(b, "tag", INFO(KIND_TYPE_TAG, 0), T_INT);
	add(b, "loop", INFO(BTF_KIND_TYPEDEF, 0), T_LOOP);
	add(b, "", INFO(BTF_KIND_ARRAY, 0), 0);
	word(b, T_ARRAY);
	word(b, T_INT);
	word(b, 0x40000000);
	add(b, "twin", INFO(BTF_KIND_STRUCT, 0), 0);
	add(b, "twin", INFO(BTF_KIND_STRUCT, 0), 0);
	add(b, "bits", INFO(BTF_KIND_STRUCT, 2) | 1u << 31, 8);
	member(b, "whole", T_INT, 0);
	member(b, "part", T_INT, 3 << 24 | 32);
	add(b, "", INFO(BTF_KIND_ARRAY, 0), 0);
	word(b, T_INT);
	word(b, T_INT);
	word(b, 0);
	KUNIT_ASSERT_EQ(test, b->ids, (u32)T_LATER);
}

/* The blob in memory of just its size, so that KASAN sees what lies behind. */
static void *pack(struct kunit *test, const struct blob *b, u32 hdr_len, u32 *len)
{
	u32 header[16] = { BTF_MAGIC | BTF_VERSION << 16, hdr_len, 0, b->n * 4, b->n * 4, b->len };
	void *p;

	*len = hdr_len + b->n * 4 + b->len;
	p = kunit_kmalloc(test, *len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memcpy(p, header, min_t(u32, hdr_len, sizeof(header)));
	memcpy(p + hdr_len, b->types, b->n * 4);
	memcpy(p + hdr_len + b->n * 4, b->strs, b->len);
	return p;
}

static struct blob *blob(struct kunit *test)
{
	struct blob *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	everything(test, b);
	return b;
}

static void expect_member(struct kunit *test, const struct ipcns_btf *btf, u32 id, const char *name,
			  u32 bit_offset, u32 size)
{
	struct ipcns_btf_member m;

	KUNIT_ASSERT_TRUE_MSG(test, ipcns_btf_find_member(btf, id, name, &m), "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, m.bit_offset, bit_offset, "%s", name);
	KUNIT_EXPECT_EQ_MSG(test, m.size, size, "%s", name);
}

static void kinds(struct kunit *test)
{
	struct blob *b = blob(test);
	struct ipcns_btf_member m;
	struct ipcns_btf btf;
	u32 len, hdr_len;

	/* headers of 6.1 to 7.2, of 7.3, and longer ones to come */
	for (hdr_len = 24; hdr_len <= 64; hdr_len += 4) {
		void *p = pack(test, b, hdr_len, &len);

		KUNIT_ASSERT_EQ(test, ipcns_btf_open(&btf, p, len), 0);
		KUNIT_EXPECT_EQ(test, btf.n, b->ids + 1);
		KUNIT_EXPECT_EQ(test, ipcns_btf_find_struct(&btf, "thing"), (u32)T_STRUCT);
		KUNIT_EXPECT_EQ(test, ipcns_btf_find_struct(&btf, "twin"), 0U);
		KUNIT_EXPECT_EQ(test, ipcns_btf_find_struct(&btf, "union"), 0U);
		KUNIT_EXPECT_EQ(test, ipcns_btf_find_struct(&btf, "nothing"), 0U);
		expect_member(test, &btf, T_STRUCT, "first", 0, 4);
		expect_member(test, &btf, T_STRUCT, "pointer", 64, sizeof(void *));
		expect_member(test, &btf, T_STRUCT, "array", 128, 28);
		expect_member(test, &btf, T_STRUCT, "number", 384, 8);
		expect_member(test, &btf, T_STRUCT, "open", 448, 0);
		expect_member(test, &btf, T_BITS, "whole", 0, 4);
		KUNIT_EXPECT_FALSE(test, ipcns_btf_find_member(&btf, T_BITS, "part", &m));
		KUNIT_EXPECT_FALSE(test, ipcns_btf_find_member(&btf, T_STRUCT, "second", &m));
		KUNIT_EXPECT_FALSE(test, ipcns_btf_find_member(&btf, T_TWIN1, "first", &m));
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_STRUCT), 64U);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_TYPE_TAG), 4U);
		/* what has no size, and what has none that can be */
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, 0), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_FWD), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_FUNC), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_LOOP), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_HUGE), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, T_LATER + 1), U32_MAX);
		KUNIT_EXPECT_EQ(test, ipcns_btf_size(&btf, U32_MAX), U32_MAX);
		ipcns_btf_close(&btf);
		kunit_kfree(test, p);
	}
	for (hdr_len = 20; hdr_len < 27; hdr_len++) {
		void *p = pack(test, b, hdr_len, &len);

		KUNIT_EXPECT_EQ(test, ipcns_btf_open(&btf, p, len), hdr_len == 24 ? 0 : -EINVAL);
		ipcns_btf_close(&btf);
		kunit_kfree(test, p);
	}
}

static void truncated(struct kunit *test)
{
	struct ipcns_btf btf;
	u32 len, cut;
	void *p = pack(test, blob(test), 24, &len), *part;

	for (cut = 0; cut < len; cut++) {
		part = kunit_kmalloc(test, cut, GFP_KERNEL);
		memcpy(part, p, cut);
		KUNIT_ASSERT_EQ(test, ipcns_btf_open(&btf, part, cut), -EINVAL);
		KUNIT_ASSERT_NULL(test, btf.offsets);
		kunit_kfree(test, part);
	}
}

/* Asks all there is to ask; says how many members were found. */
static u32 ask(const struct ipcns_btf *btf)
{
	static const char *const names[] = { "first", "pointer", "array", "open", "part", "m", "" };
	struct ipcns_btf_member m;
	u32 id, i, found = 0;

	for (id = 1; id < btf->n; id++) {
		const struct btf_type *t = type_of(btf, id);

		ipcns_btf_size(btf, id);
		if (INFO_KIND(t->info) != BTF_KIND_STRUCT)
			continue;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			found += ipcns_btf_find_member(btf, id, names[i], &m);
	}
	ipcns_btf_find_struct(btf, "thing");
	return found;
}

/* Each byte of it wrong in several ways: refused, or read without harm. */
static void hostile(struct kunit *test)
{
	static const u8 wrong[] = { 0x00, 0x01, 0x04, 0x7f, 0x80, 0xff };
	u32 len, i, k, opened = 0, refused = 0;
	u8 *p = pack(test, blob(test), 24, &len);
	struct ipcns_btf btf;

	for (i = 0; i < len; i++) {
		u8 right = p[i];

		for (k = 0; k < 8 + ARRAY_SIZE(wrong); k++) {
			p[i] = k < 8 ? right ^ BIT(k) : wrong[k - 8];
			if (ipcns_btf_open(&btf, p, len)) {
				refused++;
				continue;
			}
			KUNIT_ASSERT_LE(test, btf.n, len / 12 + 1);
			ask(&btf);
			ipcns_btf_close(&btf);
			opened++;
		}
		p[i] = right;
		cond_resched();
	}
	kunit_info(test, "%u opened, %u refused\n", opened, refused);
	KUNIT_EXPECT_GT(test, opened, 100U);
	KUNIT_EXPECT_GT(test, refused, 100U);
	KUNIT_ASSERT_EQ(test, ipcns_btf_open(&btf, p, len), 0);
	KUNIT_EXPECT_GT(test, ask(&btf), 3U);
	ipcns_btf_close(&btf);
}

/* Several words of it wrong at once, as numbers that lengths and ids could be. */
static void random_words(struct kunit *test)
{
	u32 len, i, k, rnd = 57721566, opened = 0;
	u8 *right = pack(test, blob(test), 24, &len);
	u8 *p = kunit_kmalloc(test, len, GFP_KERNEL);
	struct ipcns_btf btf;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < 20000; i++) {
		memcpy(p, right, len);
		for (k = any_below(&rnd, 4) + 1; k; k--) {
			u32 at = any_below(&rnd, 10) ? 24 + any_below(&rnd, len - 28) :
						       8 + any_below(&rnd, 4) * 4;
			u32 value = any(&rnd) >> any_below(&rnd, 32);

			memcpy(p + ALIGN_DOWN(at, 4), &value, sizeof(value));
		}
		if (!ipcns_btf_open(&btf, p, len)) {
			ask(&btf);
			ipcns_btf_close(&btf);
			opened++;
		}
		cond_resched();
	}
	kunit_info(test, "%u opened\n", opened);
	KUNIT_EXPECT_GT(test, opened, 100U);
}

/* Sections that overlap their ends, and strings that do not end. */
static void sections(struct kunit *test)
{
	static const u32 numbers[] = { 0, 1, 4, 0x7ffffffc, 0x80000000, 0xfffffff0, 0xfffffffc,
				       0xffffffff };
	struct blob *b = blob(test);
	u32 len, i, k, all = ARRAY_SIZE(numbers);
	struct ipcns_btf btf;
	u32 *p = pack(test, b, 24, &len);

	for (i = 0; i < all * all * all * all; i++) {
		u32 *header = p + 2;

		for (k = 0; k < 4; k++)
			header[k] = numbers[i / (k == 0 ? 1 : k == 1 ? all : k == 2 ? all * all :
						 all * all * all) % all];
		if (!ipcns_btf_open(&btf, p, len)) {
			ask(&btf);
			ipcns_btf_close(&btf);
		}
	}
	p = pack(test, b, 24, &len);
	((char *)p)[len - 1] = 'x';
	KUNIT_EXPECT_EQ(test, ipcns_btf_open(&btf, p, len), -EINVAL);
	p = pack(test, b, 24, &len);
	p[5] = 0;
	KUNIT_EXPECT_EQ(test, ipcns_btf_open(&btf, p, len), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(kinds),
	KUNIT_CASE(truncated),
	KUNIT_CASE(hostile),
	KUNIT_CASE(random_words),
	KUNIT_CASE(sections),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-btf",
	.test_cases = cases,
};

kunit_test_suite(suite);
