// SPDX-License-Identifier: GPL-2.0-only
/* Objects that are there, as lines say it: what is kept of a row of object-get. */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/event_line.h"
#include "util.h"

/* Of an object: nothing that is wider is known of one. */
static uint8_t read_number(struct nlattr *attr, uint32_t *number, uint8_t bit)
{
	uint64_t value;

	if (!ipcns_uint(attr, &value))
		return 0;
	*number = value;
	return bit;
}

/**
 * event_object_read - read a row of object-get
 * @o: the result, for event_object_clear()
 * @row: the row, its nest open
 *
 * Returns false if it is none that can be understood.
 */
bool event_object_read(struct event_object *o, const struct row *row)
{
	uint32_t mode = 0;
	uint64_t kind;
	const char *name;
	size_t len;

	*o = (struct event_object){ 0 };
	if (!ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &o->ns_id) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_KIND], &kind) || kind > IPCNS_KIND_MQ)
		return false;
	o->kind = kind;
	o->known = read_number(row->attr[IPCNS_A_OBJECT_NS_INUM], &o->inum, EVENT_HAS_INUM) |
		   read_number(row->attr[IPCNS_A_OBJECT_ID], &o->id, EVENT_HAS_ID) |
		   read_number(row->attr[IPCNS_A_OBJECT_KEY], &o->key, EVENT_HAS_KEY) |
		   read_number(row->attr[IPCNS_A_OBJECT_UID], &o->uid, EVENT_HAS_UID) |
		   read_number(row->attr[IPCNS_A_OBJECT_MODE], &mode, EVENT_HAS_MODE);
	o->mode = mode;
	if (kind == IPCNS_KIND_SHM && ipcns_uint(row->nest[IPCNS_A_SHM_SIZE], &o->bytes))
		o->known |= EVENT_HAS_BYTES;
	name = kind == IPCNS_KIND_MQ ? ipcns_text(row->attr[IPCNS_A_OBJECT_NAME], &len) : NULL;
	if (name) {
		o->name = xrealloc(NULL, len + 2, 1);
		o->name[0] = '/';	/* which mq_open(3) wants */
		memcpy(o->name + 1, name, len);
		o->name[len + 1] = '\0';
		o->known |= EVENT_HAS_NAME;
	}
	return true;
}

/** event_object_clear - free what event_object_read() allocated */
void event_object_clear(struct event_object *o)
{
	if (o->known & EVENT_HAS_NAME)
		free(o->name);
	o->known = 0;
}
