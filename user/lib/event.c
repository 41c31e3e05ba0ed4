// SPDX-License-Identifier: LGPL-2.1-only
/* Events: from a message to a struct. */
#include "lib.h"

static bool parse_event(struct ipcns_event *e, struct nlattr *attrs, int len)
{
	e->attrs = attrs;
	e->len = len;
	if (!ipcns_index(e->attr, IPCNS_EVENT_ATTRS, attrs, len))
		return false;
	ipcns_uint(e->attr[IPCNS_A_EVENT_SEQ], &e->seq);
	if (!ipcns_uint(e->attr[IPCNS_A_EVENT_OBJECT], &e->object))
		return false;
	ipcns_uint(e->attr[IPCNS_A_EVENT_EVENT], &e->kind);
	ipcns_uint(e->attr[IPCNS_A_EVENT_NS_ID], &e->ns_id);
	ipcns_uint(e->attr[IPCNS_A_EVENT_FROM], &e->from);
	ipcns_uint(e->attr[IPCNS_A_EVENT_TO], &e->to);
	return e->seq || (e->from && e->to >= e->from);
}

/**
 * ipcns_event_parse_sized - read a message of attributes IPCNS_A_EVENT_*
 * @e: the result, which points into the message
 * @size: size of @e
 * @attrs: the message
 * @len: its length
 *
 * Returns false if it is none that can be understood.
 */
bool ipcns_event_parse_sized(struct ipcns_event *e, size_t size, struct nlattr *attrs, int len)
{
	struct ipcns_event known = { .kind = UINT64_MAX };
	bool good = parse_event(&known, attrs, len);

	struct_give(e, size, &known, sizeof(known));
	return good;
}
