// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a snapshot and the events after it meet.
 *
 * Events are numbered from before the snapshot on, and each row of the snapshot is true for some
 * moment after that. So until the number that was next when the snapshot was complete, an event
 * may or may not be in the snapshot already. It does not have to be known which: by what was
 * reported so far, each thing exists or not, and an event that would repeat that is left out: the
 * creation of a thing that exists, or anything else about one that does not. So what is reported
 * alternates for each thing, and its last event in that time is right, whichever came first.
 * After that time all that exists was reported, and all events pass.
 *
 * Objects of a dying namespace cannot be listed; the line of the namespace has their number
 * instead. It stands for all of them, so events of their destruction pass: these matter most.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/namespace.h"
#include "ipc/snapshot_filter.h"
#include "util.h"

/* Kinds of things; others are enum ipcns_event_object. */
enum {
	DYING = EVENT_OBJECTS,	/* not a thing, but that a namespace is dying */
};

struct known_thing {
	uint64_t ns_id;
	uint32_t id;
	uint16_t kind;		/* 0: empty */
	bool there;
};

/* FNV-1a */
static uint64_t hash(const uint64_t *words, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;
	unsigned int shift;
	size_t i;

	for (i = 0; i < n; i++)
		for (shift = 0; shift < 64; shift += 8)
			h = (h ^ (words[i] >> shift & 0xff)) * 0x100000001b3;
	return h;
}

static struct known_thing *slot(struct known_thing *things, size_t size, uint64_t ns_id,
				uint16_t kind, uint32_t id)
{
	uint64_t words[] = { ns_id, kind, id };
	size_t at = hash(words, ARRAY_SIZE(words));
	struct known_thing *t;

	for (at ^= at >> 32;; at++) {
		t = &things[at & (size - 1)];
		if (!t->kind || (t->kind == kind && t->ns_id == ns_id && t->id == id))
			return t;
	}
}

static bool is_there(const struct snapshot_filter *filter, uint64_t ns_id, uint16_t kind,
		     uint32_t id)
{
	const struct known_thing *t;

	if (filter->size) {
		t = slot(filter->things, filter->size, ns_id, kind, id);
		if (t->kind)
			return t->there;
	}
	return kind >= IPCNS_EVENT_OBJECT_SHM && kind < DYING &&
	       object_set_marked(&filter->objects, ns_id, kind - IPCNS_EVENT_OBJECT_SHM, id);
}

static void grow(struct snapshot_filter *filter)
{
	size_t size = filter->size ? 2 * filter->size : 1024;
	struct known_thing *things = calloc(size, sizeof(*things));
	struct known_thing *t;
	size_t i;

	if (!things)
		die(STATUS_ERROR, "out of memory");
	for (i = 0; i < filter->size; i++) {
		t = &filter->things[i];
		if (t->kind)
			*slot(things, size, t->ns_id, t->kind, t->id) = *t;
	}
	free(filter->things);
	filter->things = things;
	filter->size = size;
}

static void set(struct snapshot_filter *filter, uint64_t ns_id, uint16_t kind, uint32_t id,
		bool there)
{
	struct known_thing *t;

	if (filter->n * 2 >= filter->size)
		grow(filter);
	t = slot(filter->things, filter->size, ns_id, kind, id);
	filter->n += !t->kind;
	*t = (struct known_thing){ .ns_id = ns_id, .id = id, .kind = kind, .there = there };
}

/** snapshot_filter_ns - a namespace was reported by a row of ns-get */
void snapshot_filter_ns(struct snapshot_filter *filter, const struct row *row)
{
	uint64_t id;

	if (!ipcns_uint(row->attr[IPCNS_A_NS_ID], &id))
		return;
	set(filter, id, IPCNS_EVENT_OBJECT_NS, 0, true);
	if (ns_is_dying(row))
		set(filter, id, DYING, 0, true);
}

static bool admit_ns(struct snapshot_filter *filter, const struct ipcns_event *e)
{
	bool there = is_there(filter, e->ns_id, IPCNS_EVENT_OBJECT_NS, 0);

	switch (e->kind) {
	case IPCNS_EVENT_KIND_CREATED:
		set(filter, e->ns_id, IPCNS_EVENT_OBJECT_NS, 0, true);
		return !there;
	case IPCNS_EVENT_KIND_DYING:
		if (is_there(filter, e->ns_id, DYING, 0))
			return false;
		set(filter, e->ns_id, DYING, 0, true);
		return there;
	case IPCNS_EVENT_KIND_DESTROYED:
		set(filter, e->ns_id, IPCNS_EVENT_OBJECT_NS, 0, false);
		return there;
	}
	return there;
}

/*
 * Whether it is the end of an object that was counted when its namespace began to die. From then on
 * all that goes is torn down, but queues that are closed.
 */
static bool is_counted_end(const struct snapshot_filter *filter, const struct ipcns_event *e)
{
	uint64_t reason = 0;

	ipcns_uint(e->attr[IPCNS_A_EVENT_REASON], &reason);
	return e->kind == IPCNS_EVENT_KIND_DESTROYED && is_there(filter, e->ns_id, DYING, 0) &&
	       (reason == IPCNS_EVENT_REASON_TEARDOWN || e->object == IPCNS_EVENT_OBJECT_MQ);
}

/**
 * snapshot_filter_pass - whether an event reports something new
 * @filter: what was reported so far; what the event reports is added
 * @e: an event before the number that was next when the snapshot was complete
 */
bool snapshot_filter_pass(struct snapshot_filter *filter, const struct ipcns_event *e)
{
	uint64_t id;
	bool there;

	if (event_is_loss(e))
		return true;
	if (e->object == IPCNS_EVENT_OBJECT_NS)
		return admit_ns(filter, e);
	if (!is_there(filter, e->ns_id, IPCNS_EVENT_OBJECT_NS, 0))
		return false;
	if (!ipcns_uint(e->attr[IPCNS_A_EVENT_ID], &id) || id > UINT32_MAX ||
	    e->object >= EVENT_OBJECTS)
		return true;
	there = is_there(filter, e->ns_id, e->object, id);
	switch (e->kind) {
	case IPCNS_EVENT_KIND_CREATED:
		set(filter, e->ns_id, e->object, id, true);
		return !there;
	case IPCNS_EVENT_KIND_DESTROYED:
		set(filter, e->ns_id, e->object, id, false);
		break;
	}
	return there || is_counted_end(filter, e);
}

/** snapshot_filter_clear - forget everything */
void snapshot_filter_clear(struct snapshot_filter *filter)
{
	object_set_clear(&filter->objects);
	free(filter->things);
	*filter = (struct snapshot_filter){ 0 };
}
