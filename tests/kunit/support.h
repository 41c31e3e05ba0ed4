/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_KUNIT_SUPPORT_H
#define _IPCNS_KUNIT_SUPPORT_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <net/netlink.h>

/* The same numbers in each run: a failure can be had again. */
static inline u32 any(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline u32 any_below(u32 *state, u32 limit)
{
	return any(state) % limit;
}

/**
 * struct crew - threads that a test has to wait for
 * @go:		they begin together
 * @stop:	those that go on until told have to end
 * @bad:	something that must not be was seen; tests say so, threads may not
 */
struct crew {
	struct completion	go;
	bool			stop;
	atomic_t		bad;
};

static inline void crew_init(struct crew *c)
{
	init_completion(&c->go);
	c->stop = false;
	atomic_set(&c->bad, 0);
}

#define CREW_CHECK(crew, condition)						\
do {										\
	if (!(condition) && atomic_inc_return(&(crew)->bad) < 5)		\
		pr_err("%s:%d: not so: %s\n", __func__, __LINE__, #condition);	\
} while (0)

/* Attributes of a request, freed with the test. */
static inline struct nlattr *attr_of(struct kunit *test, const void *data, u32 len)
{
	struct nlattr *a = kunit_kzalloc(test, NLA_HDRLEN + NLA_ALIGN(len), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->nla_len = NLA_HDRLEN + len;
	memcpy(nla_data(a), data, len);
	return a;
}

static inline struct nlattr *number(struct kunit *test, u32 value)
{
	return attr_of(test, &value, sizeof(value));
}

static inline struct nlattr *long_number(struct kunit *test, u64 value)
{
	return attr_of(test, &value, sizeof(value));
}

#endif /* _IPCNS_KUNIT_SUPPORT_H */
