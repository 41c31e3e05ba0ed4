// SPDX-License-Identifier: GPL-2.0-only
/* Kinds of events: their names, and which are wanted. */
#include <string.h>

#include "ipc/event_kind.h"
#include "util.h"

const char *const event_object_names[EVENT_OBJECTS + 1] = {
	[IPCNS_EVENT_OBJECT_NS] = "ns",
	[IPCNS_EVENT_OBJECT_SHM] = "shm",
	[IPCNS_EVENT_OBJECT_SEM] = "sem",
	[IPCNS_EVENT_OBJECT_MSG] = "msg",
	[IPCNS_EVENT_OBJECT_MQ] = "mq",
	[IPCNS_EVENT_OBJECT_LOST] = "lost",
};

const char *const event_kind_names[EVENT_KINDS] = {
	[IPCNS_EVENT_KIND_CREATED] = "created",
	[IPCNS_EVENT_KIND_CHANGED] = "changed",
	[IPCNS_EVENT_KIND_MARKED] = "marked",
	[IPCNS_EVENT_KIND_UNLINKED] = "unlinked",
	[IPCNS_EVENT_KIND_DYING] = "dying",
	[IPCNS_EVENT_KIND_DESTROYED] = "destroyed",
};

const char *const event_reason_names[EVENT_REASONS] = {
	[IPCNS_EVENT_REASON_REMOVED] = "removed",
	[IPCNS_EVENT_REASON_TEARDOWN] = "teardown",
	[IPCNS_EVENT_REASON_DETACH] = "detach",
	[IPCNS_EVENT_REASON_EXIT] = "exit",
};

const char *const event_cause_names[EVENT_CAUSES] = {
	[IPCNS_LOST_CAUSE_OVERWRITTEN] = "overwritten",
	[IPCNS_LOST_CAUSE_DROPPED] = "dropped",
	[IPCNS_LOST_CAUSE_PROBES_OFF] = "probes-off",
	[IPCNS_LOST_CAUSE_MISSED] = "missed",
};

/* What can happen to what. */
#define ALWAYS (1U << IPCNS_EVENT_KIND_CREATED | 1U << IPCNS_EVENT_KIND_DESTROYED)
#define CHANGED (1U << IPCNS_EVENT_KIND_CHANGED)

static const struct event_mask possible = { {
	[IPCNS_EVENT_OBJECT_NS] = ALWAYS | 1U << IPCNS_EVENT_KIND_DYING,
	[IPCNS_EVENT_OBJECT_SHM] = ALWAYS | CHANGED | 1U << IPCNS_EVENT_KIND_MARKED,
	[IPCNS_EVENT_OBJECT_SEM] = ALWAYS | CHANGED,
	[IPCNS_EVENT_OBJECT_MSG] = ALWAYS | CHANGED,
	[IPCNS_EVENT_OBJECT_MQ] = ALWAYS | 1U << IPCNS_EVENT_KIND_UNLINKED,
} };

/** event_is_loss - whether it says that events are missing */
bool event_is_loss(const struct ipcns_event *e)
{
	return e->object == IPCNS_EVENT_OBJECT_LOST;
}

/** event_is_of_hooks - whether it says that hooks ceased to fire, or fire again */
bool event_is_of_hooks(const struct ipcns_event *e)
{
	uint64_t cause;

	return event_is_loss(e) && ipcns_uint(e->attr[IPCNS_A_EVENT_CAUSE], &cause) &&
	       cause == IPCNS_LOST_CAUSE_PROBES_OFF;
}

/** event_find_name - the place of a word of @len bytes in a table of @n names, or @n */
unsigned int event_find_name(const char *const names[], unsigned int n, const char *word,
			      size_t len)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (names[i] && strlen(names[i]) == len && !strncmp(names[i], word, len))
			return i;
	return n;
}

/** event_mask_all - want all that can happen */
void event_mask_all(struct event_mask *mask)
{
	*mask = possible;
}

/* OBJECT, EVENT or OBJECT.EVENT */
static void add_word(struct event_mask *mask, const char *word, size_t len)
{
	const char *dot = memchr(word, '.', len);
	unsigned int object, kind, bits = ~0U;
	size_t head = dot ? (size_t)(dot - word) : len;

	object = event_find_name(event_object_names, EVENT_OBJECTS, word, head);
	if (object < EVENT_OBJECTS && !dot) {
		mask->kinds[object] |= possible.kinds[object];
		return;
	}
	if (dot)
		kind = event_find_name(event_kind_names, EVENT_KINDS, dot + 1, len - head - 1);
	else
		kind = event_find_name(event_kind_names, EVENT_KINDS, word, len);
	if (kind == EVENT_KINDS || (dot && object == EVENT_OBJECTS))
		die_usage("no such event: %.*s", (int)len, word);
	bits = 1U << kind;
	if (dot) {
		if (!(possible.kinds[object] & bits))
			die_usage("no such event: %s.%s", event_object_names[object], event_kind_names[kind]);
		mask->kinds[object] |= bits;
		return;
	}
	for (object = 0; object < EVENT_OBJECTS; object++)
		mask->kinds[object] |= possible.kinds[object] & bits;
}

/** event_mask_events - want the events of @list, the argument of --events; or die */
void event_mask_events(struct event_mask *mask, const char *list)
{
	size_t len;

	*mask = (struct event_mask){ 0 };
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		add_word(mask, list, len);
		if (!list[len])
			return;
	}
}

/** event_mask_types - want events about objects in @list only, the argument of --type; or die */
void event_mask_types(struct event_mask *mask, const char *list)
{
	struct event_mask types = { 0 };
	unsigned int object;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		object = event_find_name(event_object_names, EVENT_OBJECTS, list, len);
		if (object == EVENT_OBJECTS)
			die_usage("unknown type: %.*s (ns, shm, sem, msg or mq)", (int)len, list);
		types.kinds[object] = ~0U;
		if (!list[len])
			break;
	}
	for (object = 0; object < EVENT_OBJECTS; object++)
		mask->kinds[object] &= types.kinds[object];
}

/** event_mask_take - want what the arguments of --events and --type say, NULL for all; or die */
void event_mask_take(struct event_mask *mask, const char *events, const char *types)
{
	event_mask_all(mask);
	if (events)
		event_mask_events(mask, events);
	if (types)
		event_mask_types(mask, types);
	if (!event_mask_objects(mask))
		die_usage("--type and --events leave nothing to print");
}

/** event_mask_objects - kinds of objects that events are wanted about, as in requests */
uint32_t event_mask_objects(const struct event_mask *mask)
{
	uint32_t objects = 0;
	unsigned int i;

	for (i = 0; i < EVENT_OBJECTS; i++)
		if (mask->kinds[i])
			objects |= 1U << i;
	return objects;
}

/** event_wanted - whether an event is wanted; a loss always is */
bool event_wanted(const struct event_mask *mask, const struct ipcns_event *e)
{
	if (event_is_loss(e))
		return true;
	return e->object < EVENT_OBJECTS && e->kind < EVENT_KINDS &&
	       mask->kinds[e->object] & 1U << e->kind;
}
