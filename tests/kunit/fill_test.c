// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records put into messages with every amount of room left; and identifiers.
 */
#include "support.h"

#include <linux/msg.h>

#include "holder.h"
#include "ns.h"
#include "object.h"
#include "event_read.h"
#include "limits.c"

#define BIG 8192

typedef int (*fill_t)(struct sk_buff *skb, const void *record);

/**
 * every_room() - fill a record into messages with each amount of room
 * @test:	the test
 * @what:	what it is, for messages
 * @fill:	puts it there
 * @record:	the record
 * @attr:	an attribute that it must have
 *
 * With too little room it has to say so and to write nothing beyond, with enough
 * it has to write the same each time.
 */
static void every_room(struct kunit *test, const char *what, fill_t fill, const void *record,
		       int attr)
{
	struct sk_buff *whole = alloc_skb(BIG, GFP_KERNEL), *skb = alloc_skb(BIG, GFP_KERNEL);
	u32 room;

	KUNIT_ASSERT_NOT_NULL(test, whole);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ_MSG(test, fill(whole, record), 0, "%s", what);
	KUNIT_ASSERT_NOT_NULL_MSG(test, nla_find((void *)whole->data, whole->len, attr), "%s", what);
	KUNIT_ASSERT_EQ(test, whole->len % NLA_ALIGNTO, 0U);
	for (room = 0; room < whole->len + 8; room++) {
		u32 spent = skb_tailroom(skb) - room;
		void *start;

		memset(skb->data, 0x5a, skb_tailroom(skb));
		skb_put(skb, spent);
		start = skb_tail_pointer(skb);
		if (room < whole->len) {
			KUNIT_ASSERT_EQ_MSG(test, fill(skb, record), -EMSGSIZE, "%s in %u", what,
					    room);
		} else {
			KUNIT_ASSERT_EQ_MSG(test, fill(skb, record), 0, "%s in %u", what, room);
			KUNIT_ASSERT_EQ(test, skb->len - spent, whole->len);
			KUNIT_ASSERT_TRUE(test, !memcmp(start, whole->data, whole->len));
		}
		/* what was there before is as it was */
		KUNIT_ASSERT_NULL(test, memchr_inv(skb->data, 0x5a, spent));
		skb_trim(skb, 0);
	}
	kunit_info(test, "%s: %u bytes\n", what, whole->len);
	kfree_skb(skb);
	kfree_skb(whole);
}

/* A record with a value in every member, and with a name. */
static void *made_up(struct kunit *test, u32 size)
{
	u8 *p = kunit_kzalloc(test, size + NAME_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 0x11, size);
	memset(p + size, 'n', NAME_MAX);
	return p;
}

static void objects(struct kunit *test)
{
	struct ipcns_object *o = made_up(test, sizeof(*o));

	o->name_len = NAME_MAX;
	o->shm.orphan = true;
	for (o->kind = 0; o->kind < IPCNS_N_KINDS; o->kind++) {
		if (o->kind == IPCNS_KIND_MQ) {
			o->mq.notify = true;
			o->mq.notify_method = SIGEV_SIGNAL;
		}
		every_room(test, ipcns_kinds[o->kind]->name, ipcns_object_fill, o,
			   IPCNS_A_OBJECT_SHM + o->kind);
	}
}

static void details(struct kunit *test)
{
	static const u32 roles[] = { IPCNS_ROLE_SEM, IPCNS_ROLE_UNDO, IPCNS_ROLE_RECEIVER,
				     IPCNS_ROLE_SENDER };
	struct ipcns_detail *e = made_up(test, sizeof(*e));
	struct ipcns_detail *w = made_up(test, sizeof(*w));
	u32 i;

	e->name_len = NAME_MAX;
	for (e->kind = IPCNS_KIND_SEM; e->kind <= IPCNS_KIND_MQ; e->kind++) {
		e->truncated = 0;
		every_room(test, ipcns_kinds[e->kind]->name, ipcns_element_fill, e,
			   e->kind == IPCNS_KIND_SEM ? IPCNS_A_ELEMENT_PID : IPCNS_A_ELEMENT_SIZE);
		e->truncated = 1;
		every_room(test, "truncated", ipcns_element_fill, e, IPCNS_A_ELEMENT_TRUNCATED);
	}
	w->name_len = NAME_MAX;
	w->truncated = 0;
	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		w->waiter.role = roles[i];
		w->waiter.process.known = true;
		for (w->kind = IPCNS_KIND_SEM; w->kind <= IPCNS_KIND_MQ; w->kind++) {
			w->hidden = 0;
			every_room(test, ipcns_kinds[w->kind]->name, ipcns_waiter_fill, w,
				   IPCNS_A_WAITER_COMM);
			w->hidden = 1;
			every_room(test, "hidden", ipcns_waiter_fill, w, IPCNS_A_WAITER_HIDDEN);
		}
	}
	w->hidden = 0;
	w->kind = IPCNS_KIND_SEM;
	w->waiter.process.known = false;
	every_room(test, "nobody", ipcns_waiter_fill, w, IPCNS_A_WAITER_ROLE);
	w->truncated = 1;
	every_room(test, "truncated", ipcns_waiter_fill, w, IPCNS_A_WAITER_TRUNCATED);
}

/* No more of a list is looked at in one hold of its lock than is promised. */
static void bounds(struct kunit *test)
{
	const u32 n = IPCNS_LIST_MAX + 2;
	struct msg_msg *m = kvcalloc(n, sizeof(*m), GFP_KERNEL);
	struct ipcns_message *out = kvcalloc(n, sizeof(*out), GFP_KERNEL);
	const struct ipcns_reader r = { .pid_ns = &init_pid_ns, .user_ns = &init_user_ns };
	struct ipcns_waiters w = { .r = &r };
	struct ipcns_waiter *one;
	u32 i, nodes = 0;
	LIST_HEAD(list);

	if (!m || !out)
		goto free;
	KUNIT_EXPECT_EQ(test, ipcns_list_length(&list, &nodes), 0U);
	for (i = 0; i < n; i++) {
		m[i].m_type = i;
		m[i].m_ts = 2 * i;
		list_add_tail(&m[i].m_list, &list);
		if (i == IPCNS_LIST_MAX - 1)
			KUNIT_EXPECT_EQ(test, ipcns_list_length(&list, &nodes), IPCNS_LIST_MAX);
	}
	KUNIT_EXPECT_EQ(test, nodes, IPCNS_LIST_MAX);
	KUNIT_EXPECT_EQ(test, ipcns_list_length(&list, &nodes), IPCNS_UNKNOWN);
	nodes = 0;
	KUNIT_EXPECT_EQ(test, ipcns_list_length(&list, &nodes), IPCNS_UNKNOWN);
	KUNIT_EXPECT_EQ(test, ipcns_messages_read(&list, out, 3), 3U);
	KUNIT_EXPECT_EQ(test, out[2].mtype, 2);
	KUNIT_EXPECT_EQ(test, out[2].size, 4ULL);
	KUNIT_EXPECT_EQ(test, out[3].size, 0ULL);
	KUNIT_EXPECT_EQ(test, ipcns_messages_read(&list, out, IPCNS_LIST_MAX), IPCNS_LIST_MAX);

	/* counted only */
	for (i = 0; i < IPCNS_LIST_MAX && !w.truncated; i++)
		ipcns_waiters_add(&w, IPCNS_ROLE_SEM, current);
	KUNIT_EXPECT_EQ(test, w.n, IPCNS_LIST_MAX);
	KUNIT_EXPECT_FALSE(test, w.truncated);
	KUNIT_EXPECT_NULL(test, ipcns_waiters_add(&w, IPCNS_ROLE_SEM, current));
	KUNIT_EXPECT_TRUE(test, w.truncated);

	/* with room for one */
	one = kunit_kzalloc(test, 2 * sizeof(*one), GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, one);
	w = (struct ipcns_waiters) { .r = &r, .out = one, .max = 1 };
	KUNIT_EXPECT_PTR_EQ(test, ipcns_waiters_add(&w, IPCNS_ROLE_SENDER, current), one);
	KUNIT_EXPECT_EQ(test, one->role, (u32)IPCNS_ROLE_SENDER);
	KUNIT_EXPECT_EQ(test, one->process.pid, (u32)task_tgid_nr(current));
	KUNIT_EXPECT_FALSE(test, w.truncated);
	KUNIT_EXPECT_NULL(test, ipcns_waiters_add(&w, IPCNS_ROLE_SENDER, current));
	KUNIT_EXPECT_TRUE(test, w.truncated);
	KUNIT_EXPECT_FALSE(test, one[1].process.known);
free:
	KUNIT_EXPECT_NOT_NULL(test, m);
	KUNIT_EXPECT_NOT_NULL(test, out);
	kvfree(out);
	kvfree(m);
}

static void holders(struct kunit *test)
{
	static const char *const names[IPCNS_N_HOLDERS] = {
		"count", "task", "shm",
	};
	struct ipcns_holder *h = made_up(test, sizeof(*h));

	h->process.known = true;
	h->counted = true;
	h->read_only = true;
	h->truncated = true;
	h->hidden = 0;
	for (h->kind = 0; h->kind < IPCNS_N_HOLDERS; h->kind++)
		every_room(test, names[h->kind], ipcns_holder_fill, h, IPCNS_A_HOLDER_KIND);
	h->hidden = 3;
	for (h->kind = IPCNS_HOLDER_KIND_TASK; h->kind < IPCNS_N_HOLDERS; h->kind++)
		every_room(test, "hidden", ipcns_holder_fill, h, IPCNS_A_HOLDER_HIDDEN);
}

static void namespaces(struct kunit *test)
{
	struct ipcns_ns *n = made_up(test, sizeof(*n));
	struct limits *l = made_up(test, sizeof(*l));

	n->counted = true;
	n->whole = true;
	n->mq_bytes_known = true;
	n->dying.time = 0;
	every_room(test, "a namespace", ipcns_ns_fill, n, IPCNS_A_NS_BORN);
	n->whole = false;
	every_room(test, "one's own", ipcns_ns_fill, n, IPCNS_A_NS_MSGS);
	n->whole = true;
	n->dying.time = 1;
	every_room(test, "a dying one", ipcns_ns_fill, n, IPCNS_A_NS_DYING);
	l->whole = true;
	every_room(test, "limits", limits_fill, l, IPCNS_A_LIMITS_SHM_PAGES);
}

static void notices(struct kunit *test)
{
	static const u8 kinds[] = {
		IPCNS_EVENT_KIND_CREATED, IPCNS_EVENT_KIND_CHANGED, IPCNS_EVENT_KIND_MARKED,
		IPCNS_EVENT_KIND_UNLINKED, IPCNS_EVENT_KIND_DYING, IPCNS_EVENT_KIND_DESTROYED,
	};
	struct ipcns_event_report *n = made_up(test, sizeof(*n));
	u32 object, i;

	n->user_ns = &init_user_ns;
	n->from = 0;
	n->inventory_known = true;
	n->pids = true;
	n->names = true;
	for (object = IPCNS_EVENT_OBJECT_NS; object <= IPCNS_EVENT_OBJECT_LOST; object++) {
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			char what[32];

			n->slots->object = object;
			n->slots->what = kinds[i];
			n->slots->slots = object == IPCNS_EVENT_OBJECT_MQ ? IPCNS_EVENT_SLOTS : 1;
			snprintf(what, sizeof(what), "object %u, event %u", object, kinds[i]);
			every_room(test, what, ipcns_event_fill, n,
				   object == IPCNS_EVENT_OBJECT_LOST ? IPCNS_A_EVENT_CAUSE :
				   object == IPCNS_EVENT_OBJECT_MQ ? IPCNS_A_EVENT_NAME :
				   IPCNS_A_EVENT_COMM);
		}
	}
	n->from = 3;
	n->to = 9;
	every_room(test, "a loss", ipcns_event_fill, n, IPCNS_A_EVENT_TO);
}

/* An identifier is found by either number of bits that its index can have. */
static void identifiers(struct kunit *test)
{
	static const u32 ids[] = { 0, 1, 32767, 32768, 65535, 1 << 24, (1 << 24) + 5, INT_MAX };
	struct kern_ipc_perm *perm = kunit_kcalloc(test, ARRAY_SIZE(ids), sizeof(*perm), GFP_KERNEL);
	struct ipc_ids *table = kunit_kzalloc(test, sizeof(*table), GFP_KERNEL);
	u32 i, bits;

	KUNIT_ASSERT_NOT_NULL(test, perm);
	KUNIT_ASSERT_NOT_NULL(test, table);
	for (bits = 15; bits <= 24; bits += 9) {
		for (i = 0; i < ARRAY_SIZE(ids); i++) {
			u32 at = ids[i] & (BIT(bits) - 1);

			idr_init(&table->ipcs_idr);
			perm[i].id = ids[i];
			KUNIT_ASSERT_EQ(test, idr_alloc(&table->ipcs_idr, &perm[i], at, at + 1,
							GFP_KERNEL), (int)at);
			rcu_read_lock();
			KUNIT_EXPECT_PTR_EQ(test, ipcns_sysv_find(table, ids[i]), &perm[i]);
			KUNIT_EXPECT_NULL(test, ipcns_sysv_find(table, ids[i] ^ 1));
			KUNIT_EXPECT_NULL(test, ipcns_sysv_find(table, ids[i] ^ BIT(30)));
			rcu_read_unlock();
			idr_destroy(&table->ipcs_idr);
		}
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(objects),
	KUNIT_CASE(details),
	KUNIT_CASE(bounds),
	KUNIT_CASE(holders),
	KUNIT_CASE(namespaces),
	KUNIT_CASE(notices),
	KUNIT_CASE(identifiers),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-fill",
	.test_cases = cases,
};

kunit_test_suite(suite);
