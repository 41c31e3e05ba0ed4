// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole life of a connection and of a feed: requests and reads, one after the other, against
 * records (kernel.h) of any sender and sequence number. The first byte is the number of operations,
 * which come next, one byte each; the rest are records.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "kernel.h"
#include "libipcns.h"

enum operation {
	DO,
	DUMP,
	OBJECTS,
	STATUS,
	OPEN,
	CONNECT,
	READ,
	FETCH,
	OPERATIONS,
};

struct life {
	struct ipcns *c;
	struct ipcns_feed *feed;
	unsigned int rows;
	bool restarts;		/* callbacks let a dump be done again */
	bool asks;		/* callbacks ask for more */
};

/* What fails has a text, and the number is an errno. */
static void check_result(int ret, const char *text)
{
	if (ret < 0 && (ret < -4095 || !*text))
		abort();
	if (!memchr(text, '\0', 256))
		abort();
}

static void take_row(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *table[8];
	struct life *life = arg;
	uint64_t value;
	size_t size;

	if (kernel_forged())
		abort();
	life->rows++;
	if (ipcns_index(table, 8, attrs, len)) {
		ipcns_uint(table[1], &value);
		ipcns_text(table[2], &size);
		ipcns_index_nested(table, 8, table[3]);
	}
	if (life->asks && ipcns_status(life->c, NULL, NULL) != -EBUSY)
		abort();
}

static bool restart(void *arg)
{
	return ((struct life *)arg)->restarts;
}

static void take_event(const struct ipcns_event *e, void *arg)
{
	struct life *life = arg;

	if (kernel_forged() || !(e->seq || e->from))
		abort();
	if (life->asks && (ipcns_feed_read(life->feed) != -EBUSY ||
			   ipcns_status(ipcns_feed_connection(life->feed), NULL, NULL) != -EBUSY))
		abort();
}

static void operate(struct life *life, uint8_t op)
{
	const struct ipcns_object_filter filter = { .ns_id = op >> 6 };
	int ret;

	life->restarts = op & 0x10;
	life->asks = op & 0x20;
	switch (op % OPERATIONS) {
	case DO:
		ret = ipcns_do(life->c, ipcns_request(op >> 4), take_row, life);
		break;
	case DUMP:
		ret = ipcns_dump(life->c, ipcns_request(op >> 4), take_row, restart, life);
		break;
	case OBJECTS:
		ret = ipcns_objects(life->c, &filter, take_row, restart, life);
		break;
	case STATUS:
		ret = ipcns_status(life->c, take_row, life);
		break;
	case OPEN:
		ret = ipcns_open_namespace(life->c, 1 + (op >> 4));
		if (ret >= 0)	/* no descriptor here is a namespace */
			abort();
		break;
	case READ:
		ret = ipcns_feed_read(life->feed);
		check_result(ret, ipcns_feed_error(life->feed));
		return;
	case FETCH:
		ret = ipcns_feed_fetch(life->feed);
		check_result(ret, ipcns_feed_error(life->feed));
		return;
	default:
		ret = ipcns_connect(life->c);
	}
	check_result(ret, ipcns_error(life->c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* All objects are recorded: a row with one attribute, and the end. */
	static const uint8_t subscribed[] = {
		RECORD_ROW, 8, 0, 8, 0, IPCNS_A_EVENT_OBJECTS, 0, 0xff, 0xff, 0xff, 0xff,
		RECORD_ERROR, 4, 0, 0, 0, 0, 0,
	};
	struct life life = { 0 };
	size_t n, i;

	n = len ? 1 + data[0] % 16 : 0;
	if (len <= n)
		return 0;
	kernel_answers(subscribed, sizeof(subscribed));
	life.c = ipcns_new();
	life.feed = ipcns_feed_new(take_event, &life);
	if (!life.c || !life.feed || ipcns_connect(life.c) || ipcns_feed_open(life.feed) ||
	    ipcns_feed_join(life.feed, data[0] & 0x80))
		abort();
	kernel_answers(data + 1 + n, len - 1 - n);
	for (i = 1; i <= n; i++)
		operate(&life, data[i]);
	ipcns_feed_free(life.feed);
	ipcns_free(life.c);
	return 0;
}
