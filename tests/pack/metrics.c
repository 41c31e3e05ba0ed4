// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics of namespaces that the test makes up, on stdout.
 *
 *	metrics FORMAT TOP	FORMAT: openmetrics or prometheus
 *
 * Namespace I of 1 to 50 has I segments of I pages, is pinned if I is a multiple of 10 and dying
 * if it is one of 25, and was born 100 * I seconds ago; of its 100 semaphore sets it uses 2 * I.
 * It has 3 * I semaphores, and 5 * I messages in POSIX queues; one segment of 7 * I bytes is resident,
 * that of namespace 2 is unknown. If I is a multiple of 5, I sets and a segment of I bytes are orphans.
 * User I of 1 to 9 has I of 10 namespaces and I of 0 bytes in queues; the limit of user 9 is unknown.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>
#include <netlink/msg.h>

#include "commands/metrics.h"
#include "util.h"

#define NAMESPACES 50
#define NOW 1800000000000000000ULL
#define SECOND 1000000000ULL

static void sort_key(const struct row *rec, struct sort_key *key)
{
	/* Both kinds of messages have these two at the same place. */
	_Static_assert((int)IPCNS_A_NS_INUM == (int)IPCNS_A_LIMITS_NS_INUM, "inode number");
	_Static_assert((int)IPCNS_A_NS_ID == (int)IPCNS_A_LIMITS_NS_ID, "identity");
	ipcns_uint(rec->attr[IPCNS_A_NS_INUM], &key->number[0]);
	ipcns_uint(rec->attr[IPCNS_A_NS_ID], &key->number[1]);
}

static void add(struct row_store *store, struct nl_msg *msg, sort_key_fn key)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	row_store_add(store, nlmsg_attrdata(hdr, 0), nlmsg_attrlen(hdr, 0), key);
	nlmsg_free(msg);
}

static void put_actor(struct nl_msg *msg, int attr, uint64_t seconds_ago)
{
	struct nlattr *nest = nla_nest_start(msg, attr);

	nla_put_u64(msg, IPCNS_A_ACTOR_TIME, NOW - seconds_ago * SECOND);
	nla_nest_end(msg, nest);
}

static void make_sums(struct object_sums *sums, unsigned int i)
{
	sums->rss = 7 * i;
	sums->unknown = i == 2;
	sums->mq_messages = 5 * i;
	if (i % 5)
		return;
	sums->orphans[IPCNS_KIND_SEM] = i;
	sums->orphans[IPCNS_KIND_SHM] = 1;
	sums->sure[IPCNS_KIND_SHM] = 1;
	sums->orphan_bytes[IPCNS_KIND_SHM] = i;
}

static struct nl_msg *begin(unsigned int i)
{
	struct nl_msg *msg = nlmsg_alloc_simple(16, 0);

	if (i) {
		nla_put_u32(msg, IPCNS_A_NS_INUM, 4026532000U + i);
		nla_put_u64(msg, IPCNS_A_NS_ID, i);
	}
	return msg;
}

static void make(struct metrics *m, unsigned int i)
{
	struct nl_msg *msg = begin(i);
	uint32_t state = IPCNS_STATE_ACTIVE;

	if (!(i % 25))
		state = IPCNS_STATE_DYING;
	else if (!(i % 10))
		state = IPCNS_STATE_PINNED;
	nla_put_u32(msg, IPCNS_A_NS_STATE, state);
	nla_put_u32(msg, IPCNS_A_NS_SHM, i);
	nla_put_u32(msg, IPCNS_A_NS_SEM, 2 * i);
	nla_put_u32(msg, IPCNS_A_NS_MSG, 0);
	nla_put_u32(msg, IPCNS_A_NS_MQ, 0);
	nla_put_u64(msg, IPCNS_A_NS_SEMS, 3 * i);
	nla_put_u64(msg, IPCNS_A_NS_MSGS, 0);
	nla_put_u64(msg, IPCNS_A_NS_SHM_BYTES, 4096 * i * i);
	put_actor(msg, IPCNS_A_NS_BORN, 100 * i);
	if (state == IPCNS_STATE_DYING)
		put_actor(msg, IPCNS_A_NS_DYING, i);
	add(&m->namespaces, msg, sort_key);
	if (state == IPCNS_STATE_DYING)
		return;
	msg = begin(i);
	nla_put_u32(msg, IPCNS_A_LIMITS_SEMMNI, 100);
	nla_put_u32(msg, IPCNS_A_LIMITS_SEM, 2 * i);
	add(&m->limits, msg, sort_key);
}

static void put_teardowns(struct nl_msg *msg, uint64_t bound, uint64_t count)
{
	struct nlattr *nest = nla_nest_start(msg, IPCNS_A_STATUS_TEARDOWNS);

	if (bound)
		nla_put_u64(msg, IPCNS_A_TEARDOWNS_BOUND, bound);
	nla_put_u64(msg, IPCNS_A_TEARDOWNS_COUNT, count);
	nla_nest_end(msg, nest);
}

/* Bounds that no module has; what is out of order, or has none, is left out. */
static void put_histogram(struct nl_msg *msg)
{
	put_teardowns(msg, 1, 3);
	put_teardowns(msg, 25000000, 10);
	put_teardowns(msg, 20000000, 9);
	put_teardowns(msg, 0, 9);
	put_teardowns(msg, SECOND, 11);
	put_teardowns(msg, 3600 * SECOND, 11);
	nla_put_u64(msg, IPCNS_A_STATUS_TEARDOWN_COUNT, 12);
	nla_put_u64(msg, IPCNS_A_STATUS_TEARDOWN_SUM, 7200000000001ULL);
}

static void make_status(struct metrics *m)
{
	struct nl_msg *msg = begin(0);
	struct nlattr *nest;

	nla_put_string(msg, IPCNS_A_STATUS_VERSION, "1 \"\\\n\xff\xc3\xa4");
	nla_put_u64(msg, IPCNS_A_STATUS_JOURNAL_NEXT, 18446744073709551615ULL);
	nla_put_u64(msg, IPCNS_A_STATUS_DROPPED, 3);
	nla_put_u32(msg, IPCNS_A_STATUS_EVENTS_LIVE, 1);
	nla_put_u64(msg, IPCNS_A_STATUS_DUMP_BYTES, 4096);
	nest = nla_nest_start(msg, IPCNS_A_STATUS_PROBE);
	nla_put_string(msg, IPCNS_A_PROBE_SYMBOL, "put_ipc_ns");
	nla_put_u64(msg, IPCNS_A_PROBE_MISSED, 5);
	nla_nest_end(msg, nest);
	put_histogram(msg);
	add(&m->status, msg, NULL);
}

static void make_users(struct metrics *m)
{
	static struct user_limit rows[18];
	unsigned int i;

	for (i = 0; i < 18; i++)
		rows[i] = (struct user_limit){
			.kind = i < 9 ? USER_LIMIT_NAMESPACES : USER_LIMIT_QUEUES,
			.userns = i < 9 ? 4026531837 : 0,
			.uid = 4000001 + i % 9,
			.has_limit = i % 9 < 8,
			.limit = i < 9 ? 10 : 0,
			.used = 1 + i % 9,
		};
	m->users.rows = rows;
	m->users.n = ARRAY_SIZE(rows);
}

int main(int argc, char **argv)
{
	static struct object_sums sums[NAMESPACES];
	struct metrics m = { .now = NOW, .sums = sums };
	unsigned int i;

	if (argc != 3)
		return 1;
	m.prometheus = !strcmp(argv[1], "prometheus");
	m.top = strtoul(argv[2], NULL, 10);
	for (i = 1; i <= NAMESPACES; i++) {
		make(&m, i);
		make_sums(&sums[i - 1], i);
	}
	make_status(&m);
	make_users(&m);
	metrics_write(&m, stdout);
	row_store_clear(&m.namespaces);
	row_store_clear(&m.limits);
	row_store_clear(&m.status);
	return 0;
}
