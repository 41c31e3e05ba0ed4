// SPDX-License-Identifier: LGPL-2.1-only
/* Events that the journal holds, and its state. */
#include <errno.h>

#include "feed.h"

static int journal_failed(struct ipcns_feed *f, int err)
{
	if (err == -ENODEV)
		return feed_fail(f, err, "%s", ipcns_error(f->c));
	return feed_fail(f, err, "cannot read the journal: %s", ipcns_error(f->c));
}

static void take_journal(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *attr[IPCNS_EVENT_ATTRS];
	struct ipcns_journal *journal = arg;

	if (!ipcns_index(attr, IPCNS_EVENT_ATTRS, attrs, len))
		return;
	ipcns_uint(attr[IPCNS_A_EVENT_SEQ], &journal->next);
	ipcns_uint(attr[IPCNS_A_EVENT_FROM], &journal->held);
	ipcns_uint(attr[IPCNS_A_EVENT_NS_ID], &journal->next_ns_id);
}

/**
 * ipcns_feed_journal_sized - ask for the state of the journal
 * @f: a feed that has joined
 * @journal: the result
 * @size: size of @journal
 *
 * All later events are reported, or reported as lost. Returns 0 or a negative errno.
 */
int ipcns_feed_journal_sized(struct ipcns_feed *f, struct ipcns_journal *journal, size_t size)
{
	struct ipcns_journal known = { 0 };
	int err;

	err = ipcns_do(f->c, ipcns_request(IPCNS_CMD_JOURNAL_GET), take_journal, &known);
	struct_give(journal, size, &known, sizeof(known));
	if (err)
		return journal_failed(f, err);
	if (!known.next)
		return feed_fail(f, -EBADMSG, "cannot read the journal: malformed answer");
	return 0;
}

/** feed_take - pass an event on, unless it was taken before */
void feed_take(struct ipcns_feed *f, struct ipcns_event *e)
{
	if (e->seq) {
		if (e->seq <= f->last)
			return;
		f->last = e->seq;
	} else {
		if (e->to <= f->last)
			return;
		if (e->from <= f->last)
			e->from = f->last + 1;
		f->last = e->to;
	}
	f->busy = true;
	connection_hold(f->c, true);
	f->take(e, f->arg);
	connection_hold(f->c, false);
	f->busy = false;
}

static void take_row(struct nlattr *attrs, int len, void *arg)
{
	struct ipcns_event e;

	if (ipcns_event_parse(&e, attrs, len))
		feed_take(arg, &e);
}

/**
 * ipcns_feed_fetch - take what the journal holds after the last event that was taken
 *
 * Returns 0 or a negative errno; -EBUSY in the feed's callback.
 */
int ipcns_feed_fetch(struct ipcns_feed *f)
{
	struct ipcns_journal journal;
	struct ipcns_request *r;
	int err;

	/* Where there is a filter, the last row does not tell how far the journal was read. */
	err = ipcns_feed_journal(f, &journal);
	if (err)
		return err;
	r = ipcns_request(IPCNS_CMD_JOURNAL_GET);
	ipcns_put_u64(r, IPCNS_A_EVENT_SINCE, f->last + 1);
	if (f->ns_id)
		ipcns_put_u64(r, IPCNS_A_EVENT_NS_ID, f->ns_id);
	if (f->objects)
		ipcns_put_u32(r, IPCNS_A_EVENT_OBJECTS, f->objects);
	err = ipcns_dump(f->c, r, take_row, NULL, f);
	if (err)
		return journal_failed(f, err);
	if (f->last + 1 < journal.next)
		f->last = journal.next - 1;
	return 0;
}
