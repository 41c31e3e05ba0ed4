// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring: against a model that keeps every event, and under writers that race.
 */
#include <linux/delay.h>

#include "support.h"

#include "journal.c"

#define SLOTS	32
#define MANY	20000
#define LEN_MAX	((IPCNS_EVENT_SLOTS - 1) * (u32)sizeof_field(struct ipcns_event_more, data))

static atomic_t wakes;

static struct ipcns_event out[SLOTS];

KUNIT_DEFINE_ACTION_WRAPPER(free_model, vfree, void *);

static void count_wake(void)
{
	atomic_inc(&wakes);
}

/* An event that tells by itself whether it is whole. */
static u8 pattern(u32 writer, u32 number, u32 i)
{
	return (writer * 31 + number * 7 + i) | 1;
}

static bool write_event(u32 writer, u32 number, u32 len)
{
	u8 more[LEN_MAX];
	struct ipcns_event *e;
	u32 i;

	for (i = 0; i < len; i++)
		more[i] = pattern(writer, number, i);
	e = ipcns_journal_begin(len);
	if (!e)
		return false;
	e->time = number;
	e->ns = writer;
	e->value = len;
	e->id = writer;
	e->key = number;
	e->object = IPCNS_EVENT_OBJECT_MQ;
	e->what = IPCNS_EVENT_KIND_CREATED;
	e->reason = 0;
	ipcns_journal_commit(e, more, len);
	return true;
}

static bool is_whole(const struct ipcns_event *e)
{
	u32 i, part = sizeof_field(struct ipcns_event_more, data);

	if (e->slots != ipcns_journal_slots_for(e->value))
		return false;
	for (i = 0; i < e->value; i++) {
		const struct ipcns_event_more *m = (const void *)(e + 1 + i / part);

		if (m->data[i % part] != pattern(e->id, e->key, i))
			return false;
	}
	for (i = 1; i < e->slots; i++)
		if (((const struct ipcns_event_more *)(e + i))->seq != e->seq)
			return false;
	return true;
}

/**
 * struct model - what the ring must hold
 * @e:		every event that was recorded
 * @head:	number of those, and
 * @settled:	of these, settled
 * @tail:	the oldest that is not overwritten
 * @used:	slots from @tail to @head, and
 * @unsettled:	from @settled on
 * @seq:	next sequence number
 * @gap:	dropped events that are not accounted for, and
 * @gap_at:	which event they come before
 * @dropped:	all that were dropped
 */
struct model {
	struct {
		u32	slots;
		bool	hidden;
		u64	seq;
	} e[MANY];
	u32	head, settled, tail;
	u32	used, unsettled;
	u64	seq;
	u32	gap, gap_at;
	u64	dropped;
};

static void model_write(struct kunit *test, struct model *m, u32 len)
{
	u32 n = ipcns_journal_slots_for(len);
	bool fits = m->unsettled + n <= SLOTS;

	KUNIT_ASSERT_EQ(test, write_event(1, m->head, len), fits);
	if (!fits) {
		if (!m->gap)
			m->gap_at = m->head;
		m->gap++;
		m->dropped++;
		return;
	}
	for (; m->used + n > SLOTS; m->tail++)
		m->used -= m->e[m->tail].slots;
	m->e[m->head++].slots = n;
	m->used += n;
	m->unsettled += n;
}

/* What settle_one() is called for. */
static struct settling {
	struct kunit	*test;
	struct model	*m;
	u32		*rnd;
	u32		hidden;
	u32		end;
	u32		slots;
	bool		lost;
} settling;

static void settle_one(struct ipcns_event *e, u64 seq)
{
	struct kunit *test = settling.test;
	struct model *m = settling.m;

	KUNIT_EXPECT_LT(test, m->settled, settling.end);
	KUNIT_EXPECT_EQ(test, e->key, m->settled);
	KUNIT_EXPECT_EQ(test, (u32)e->slots, m->e[m->settled].slots);
	m->e[m->settled].seq = m->seq;
	if (any_below(settling.rnd, 100) < settling.hidden) {
		m->e[m->settled].hidden = true;
		e->object = IPCNS_EVENT_OBJECT_NONE;
	} else {
		m->seq++;
	}
	m->unsettled -= e->slots;
	m->settled++;
	settling.slots += e->slots;
}

static void on_lost(void)
{
	KUNIT_EXPECT_EQ(settling.test, settling.slots, 0U);
	settling.lost = true;
}

static void keep(struct ipcns_event *e, u64 seq)
{
}

static void ignore(void)
{
}

static void model_settle(struct kunit *test, struct model *m, u32 *rnd, u32 hidden)
{
	u32 n, end, before, max = IPCNS_EVENT_SLOTS + any_below(rnd, SLOTS - IPCNS_EVENT_SLOTS);
	bool lost = m->gap && m->settled >= m->gap_at;

	if (lost) {
		m->seq += m->gap;
		m->gap = 0;
	}
	end = m->gap ? m->gap_at : m->head;
	before = m->settled;
	settling = (struct settling){ .test = test, .m = m, .rnd = rnd, .hidden = hidden, .end = end };
	n = ipcns_journal_publish(max, settle_one, on_lost);
	KUNIT_ASSERT_EQ(test, settling.lost, lost);
	KUNIT_ASSERT_EQ(test, n > 0, before < end);
	KUNIT_ASSERT_EQ(test, n, settling.slots);
}

/* What is read from a number on has to be what the model has, nothing left out between. */
static void model_read(struct kunit *test, struct model *m, u32 *rnd)
{
	u32 i, n, at, max = IPCNS_EVENT_SLOTS + any_below(rnd, SLOTS - IPCNS_EVENT_SLOTS);
	u64 from = m->seq - min_t(u64, m->seq, any_below(rnd, SLOTS + 10));

	for (at = m->tail; at < m->settled; at++)
		if (!m->e[at].hidden && m->e[at].seq >= from)
			break;
	n = ipcns_journal_read(out, max, from);
	KUNIT_ASSERT_EQ(test, n > 0, at < m->settled);
	for (i = 0; i < n; i += out[i].slots) {
		while (at < m->settled && m->e[at].hidden)
			at++;
		KUNIT_ASSERT_LT(test, at, m->settled);
		KUNIT_ASSERT_EQ(test, out[i].key, at);
		KUNIT_ASSERT_EQ(test, ipcns_journal_seq(&out[i], ipcns_journal_next()),
				m->e[at].seq);
		KUNIT_ASSERT_TRUE(test, is_whole(&out[i]));
		at++;
	}
	KUNIT_ASSERT_EQ(test, i, n);
}

static void model_state(struct kunit *test, struct model *m)
{
	struct ipcns_journal_state state;

	ipcns_journal_state(&state);
	KUNIT_ASSERT_EQ(test, state.first, m->tail < m->settled ? m->e[m->tail].seq : m->seq);
	KUNIT_ASSERT_EQ(test, state.next, m->seq);
	KUNIT_ASSERT_EQ(test, state.dropped, m->dropped);
	KUNIT_ASSERT_EQ(test, state.slots, (u32)SLOTS);
	KUNIT_ASSERT_EQ(test, state.used, m->used);
	KUNIT_ASSERT_EQ(test, state.pending, m->unsettled + !!m->gap);
}

/**
 * play() - write, settle and read at random, and compare with the model
 * @test:	the test
 * @first:	first sequence number
 * @writes:	of a hundred steps, how many write; the others settle or read
 * @hidden:	of a hundred events, how many get no number
 */
static struct model *play(struct kunit *test, u64 first, u32 writes, u32 hidden)
{
	struct model *m = vzalloc(sizeof(*m));
	u32 rnd = 2463534242u + writes;

	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_model, m), 0);
	KUNIT_ASSERT_EQ(test, ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), count_wake), 0);
	j->seq = first;
	m->seq = first;
	while (m->head < MANY) {
		u32 step = any_below(&rnd, 100);

		if (step < writes)
			model_write(test, m, any_below(&rnd, 3) ? 0 : any_below(&rnd, LEN_MAX + 1));
		else if (step % 2)
			model_settle(test, m, &rnd, hidden);
		else
			model_read(test, m, &rnd);
		model_state(test, m);
	}
	return m;
}

static void order(struct kunit *test)
{
	struct model *m = play(test, 1, 40, 0);

	/* each was settled: the writers never caught up */
	KUNIT_EXPECT_GT(test, m->tail, MANY - SLOTS);
}

static void hidden(struct kunit *test)
{
	struct model *m = play(test, 1, 40, 30);

	KUNIT_EXPECT_LT(test, m->seq, (u64)MANY * 80 / 100 + m->dropped);
	KUNIT_EXPECT_GT(test, m->seq, (u64)MANY * 60 / 100);
}

static void dropping(struct kunit *test)
{
	struct model *m = play(test, 1, 95, 5);

	KUNIT_EXPECT_GT(test, m->dropped, 1000ULL);
}

/* Slots have the low half of the number only. */
static void high_half(struct kunit *test)
{
	struct model *m = play(test, U32_MAX - MANY / 2, 50, 5);

	KUNIT_EXPECT_GT(test, m->seq, (u64)U32_MAX + MANY / 4);
}

/* Every length of what follows an event, and nothing of the event before. */
static void lengths(struct kunit *test)
{
	u32 len, n, i, part = sizeof_field(struct ipcns_event_more, data);

	KUNIT_ASSERT_EQ(test, ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), count_wake), 0);
	memset(j->ring, 0xaa, SLOTS * sizeof(*j->ring));
	for (len = 0; len <= LEN_MAX; len++) {
		const struct ipcns_event_more *last;

		KUNIT_ASSERT_TRUE(test, write_event(2, len, len));
		n = ipcns_journal_publish(SLOTS, keep, ignore);
		KUNIT_ASSERT_EQ(test, n, ipcns_journal_slots_for(len));
		KUNIT_ASSERT_EQ(test, ipcns_journal_read(out, SLOTS, len + 1), n);
		KUNIT_ASSERT_TRUE(test, is_whole(out));
		for (i = 1; i < n; i++)
			KUNIT_ASSERT_EQ(test, (u32)out[i].slots, 0U);
		last = (const void *)&out[n - 1];
		if (len % part)
			KUNIT_ASSERT_EQ(test, (u32)last->data[len % part], 0U);
	}
}

/* Who settles is told once, and once more when it becomes urgent. */
static void waking(struct kunit *test)
{
	u32 i;

	KUNIT_ASSERT_EQ(test, ipcns_journal_init(SLOTS * sizeof(struct ipcns_event), count_wake), 0);
	atomic_set(&wakes, 0);
	for (i = 0; i <= SLOTS / 4; i++) {
		KUNIT_EXPECT_FALSE(test, ipcns_journal_filling_up());
		KUNIT_EXPECT_TRUE(test, write_event(0, i, 0));
		KUNIT_EXPECT_EQ(test, atomic_read(&wakes), i < SLOTS / 4 ? 1 : 2);
	}
	KUNIT_EXPECT_TRUE(test, ipcns_journal_filling_up());
	for (; i < SLOTS + 10; i++)
		KUNIT_EXPECT_EQ(test, write_event(0, i, 0), i < SLOTS);
	KUNIT_EXPECT_EQ(test, atomic_read(&wakes), 2);
	while (ipcns_journal_publish(SLOTS, keep, ignore))
		;
	KUNIT_EXPECT_FALSE(test, ipcns_journal_filling_up());
	KUNIT_EXPECT_TRUE(test, write_event(0, i, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&wakes), 3);
}

#define WRITERS		4
#define PER_WRITER	5000
#define RACE_SLOTS	512

struct race {
	struct crew		crew;
	atomic_t		writing;
	atomic_t		written;
	atomic_t		settled;	/* all of them */
	struct {
		struct race	*race;
		u32		writer;
	} arg[WRITERS];
	u64			read, lost;
	struct ipcns_event	reading[64];
};

static int race_write(void *p)
{
	struct race *r = ((typeof(&((struct race *)0)->arg[0]))p)->race;
	u32 i, writer = ((typeof(&((struct race *)0)->arg[0]))p)->writer;
	u32 rnd = 88172645 + writer;

	wait_for_completion(&r->crew.go);
	for (i = 0; i < PER_WRITER; i++) {
		if (write_event(writer, i, any_below(&rnd, 4) ? 0 : any_below(&rnd, LEN_MAX)))
			atomic_inc(&r->written);
		/* the first is inconsiderate */
		if (writer && ipcns_journal_filling_up())
			usleep_range(100, 200);
		else if (!(i % 64))
			cond_resched();
	}
	atomic_dec(&r->writing);
	return 0;
}

/* Reads all there is, whatever is overwritten meanwhile. */
static int race_read(void *p)
{
	struct race *r = p;
	s64 last[WRITERS] = { -1, -1, -1, -1 };
	u32 i, n, rnd = 1442695041;
	u64 seq, next = 1;
	bool done;

	wait_for_completion(&r->crew.go);
	do {
		done = atomic_read(&r->settled);
		while ((n = ipcns_journal_read(r->reading, ARRAY_SIZE(r->reading), next))) {
			for (i = 0; i < n; i += r->reading[i].slots) {
				const struct ipcns_event *e = &r->reading[i];

				seq = ipcns_journal_seq(e, ipcns_journal_next());
				CREW_CHECK(&r->crew, seq >= next);
				CREW_CHECK(&r->crew, is_whole(e));
				CREW_CHECK(&r->crew, e->id < WRITERS && e->key > last[e->id]);
				last[e->id % WRITERS] = e->key;
				r->lost += seq - next;
				r->read++;
				next = seq + 1;
			}
			if (!any_below(&rnd, 8))
				usleep_range(2000, 4000);
		}
		cond_resched();
	} while (!done);
	return 0;
}

static void race(struct kunit *test)
{
	struct race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct task_struct *writers[WRITERS], *reader;
	struct ipcns_journal_state state;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_ASSERT_EQ(test, ipcns_journal_init(RACE_SLOTS * sizeof(struct ipcns_event),
						 count_wake), 0);
	crew_init(&r->crew);
	atomic_set(&r->writing, WRITERS);
	for (i = 0; i < WRITERS; i++) {
		r->arg[i].race = r;
		r->arg[i].writer = i;
		writers[i] = kthread_create(race_write, &r->arg[i], "ipcns-write/%u", i);
		get_task_struct(writers[i]);
		wake_up_process(writers[i]);
	}
	reader = kthread_create(race_read, r, "ipcns-read");
	get_task_struct(reader);
	wake_up_process(reader);
	complete_all(&r->crew.go);
	for (;;) {
		bool last = !atomic_read(&r->writing);

		while (ipcns_journal_publish(SLOTS, keep, ignore))
			;
		if (last)
			break;
		cond_resched();
	}
	atomic_set(&r->settled, 1);
	for (i = 0; i < WRITERS; i++) {
		kthread_stop(writers[i]);
		put_task_struct(writers[i]);
	}
	kthread_stop(reader);
	put_task_struct(reader);

	ipcns_journal_state(&state);
	kunit_info(test, "%u written, %llu dropped, %llu read, %llu missed by the reader\n",
		   atomic_read(&r->written), state.dropped, r->read, r->lost);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->crew.bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->written) + state.dropped,
			(u64)WRITERS * PER_WRITER);
	/* what was dropped last has no event behind it */
	KUNIT_EXPECT_EQ(test, state.next - 1, (u64)WRITERS * PER_WRITER);
	KUNIT_EXPECT_LE(test, r->read + r->lost, state.next - 1);
	KUNIT_EXPECT_GE(test, r->read + r->lost + state.dropped, state.next - 1);
	KUNIT_EXPECT_EQ(test, state.pending, 0U);
	KUNIT_EXPECT_GT(test, atomic_read(&r->written), WRITERS * PER_WRITER / 2);
	KUNIT_EXPECT_GT(test, r->read, 1000ULL);
}

static void journal_exit(struct kunit *test)
{
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(order),
	KUNIT_CASE(hidden),
	KUNIT_CASE(dropping),
	KUNIT_CASE(high_half),
	KUNIT_CASE(lengths),
	KUNIT_CASE(waking),
	KUNIT_CASE(race),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-journal",
	.exit = journal_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("unit tests of ipcns");
