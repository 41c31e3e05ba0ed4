// SPDX-License-Identifier: GPL-2.0-only
/* Objects as rows: their kinds, what they say of processes, requests about them, their order. */
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/file_object.h"
#include "ipc/object.h"
#include "util.h"

/** kind_names - kinds of objects; the first are as they are numbered on the wire */
const char *const kind_names[KINDS] = {
	[IPCNS_KIND_SHM] = "shm",
	[IPCNS_KIND_SEM] = "sem",
	[IPCNS_KIND_MSG] = "msg",
	[IPCNS_KIND_MQ] = "mq",
	[KIND_PSHM] = "pshm",
	[KIND_PSEM] = "psem",
};

/** kinds_parse - the mask of kinds that a list with commas names, or die */
unsigned int kinds_parse(const char *list)
{
	unsigned int kinds = 0, kind;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		for (kind = 0; kind < KINDS; kind++)
			if (strlen(kind_names[kind]) == len &&
			    !strncmp(kind_names[kind], list, len))
				break;
		if (kind == KINDS)
			die_usage("unknown type: %.*s (shm, sem, msg, mq, pshm or psem)",
				  (int)len, list);
		kinds |= 1U << kind;
		if (!list[len])
			return kinds;
	}
}

/** object_parse - row_parse() for an object: opens the nest of its kind, too, if that is known */
bool object_parse(struct row *row, struct nlattr *attrs, int len)
{
	uint64_t kind;

	if (!row_parse(row, attrs, len))
		return false;
	row->kind = KINDS;
	if (!ipcns_uint(row->attr[IPCNS_A_OBJECT_KIND], &kind) || kind >= KINDS)
		return true;
	if (kind < MODULE_KINDS) {
		row->kind = kind;
		row_nest(row, IPCNS_A_OBJECT_SHM + kind);
	} else if (row->attr[FILE_ATTRS]) {
		row->kind = kind;
		row_nest(row, FILE_ATTRS);
	}
	return true;
}

/** object_remembers_gone - whether a process that an object remembers is known to have ended */
bool object_remembers_gone(const struct row *row, enum ipcns_remembered which)
{
	uint64_t gone;

	return ipcns_uint(row->attr[IPCNS_A_OBJECT_GONE], &gone) && gone & which;
}

static bool is_more_than_zero(struct nlattr *attr)
{
	uint64_t n;

	return !ipcns_uint(attr, &n) || n;	/* unknown may be any number */
}

/** object_is_unlinked - whether it is a queue that has lost its name */
bool object_is_unlinked(const struct row *row)
{
	uint64_t status;

	return row->kind == IPCNS_KIND_MQ &&
	       ipcns_uint(row->nest[IPCNS_A_MQ_STATUS], &status) &&
	       status & IPCNS_MQ_STATUS_UNLINKED;
}

/** object_may_have_waiters - whether a task waits for the object, as far as it says */
bool object_may_have_waiters(const struct row *row)
{
	switch (row->kind) {
	case IPCNS_KIND_SEM:
		return is_more_than_zero(row->nest[IPCNS_A_SEM_WAITERS]);
	case IPCNS_KIND_MSG:
		return is_more_than_zero(row->nest[IPCNS_A_MSG_RECEIVERS]) ||
		       is_more_than_zero(row->nest[IPCNS_A_MSG_SENDERS]);
	case IPCNS_KIND_MQ:
		return is_more_than_zero(row->nest[IPCNS_A_MQ_RECEIVERS]) ||
		       is_more_than_zero(row->nest[IPCNS_A_MQ_SENDERS]);
	}
	return false;
}

/**
 * object_request - a request about what is in an object
 * @cmd: IPCNS_CMD_ELEMENT_GET or IPCNS_CMD_WAITER_GET
 * @row: the object
 *
 * Returns NULL if the object cannot be named.
 */
struct ipcns_request *object_request(uint8_t cmd, const struct row *row)
{
	const bool elements = cmd == IPCNS_CMD_ELEMENT_GET;
	struct nlattr *name = row->attr[IPCNS_A_OBJECT_NAME];
	struct ipcns_request *r;
	uint64_t nsid, id;

	if (!ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &id) ||
	    (row->kind == IPCNS_KIND_MQ && !name))
		return NULL;
	r = ipcns_request(cmd);
	ipcns_put_u64(r, elements ? IPCNS_A_ELEMENT_NS_ID : IPCNS_A_WAITER_NS_ID, nsid);
	ipcns_put_u32(r, elements ? IPCNS_A_ELEMENT_KIND : IPCNS_A_WAITER_KIND, row->kind);
	if (row->kind == IPCNS_KIND_MQ)
		ipcns_put_bytes(r, elements ? IPCNS_A_ELEMENT_NAME : IPCNS_A_WAITER_NAME,
				nla_data(name), nla_len(name));
	else
		ipcns_put_u32(r, elements ? IPCNS_A_ELEMENT_ID : IPCNS_A_WAITER_ID, id);
	return r;
}

/** object_sort_key - by namespace, kind, identifier, name */
void object_sort_key(const struct row *row, struct sort_key *key)
{
	struct nlattr *name = row->attr[IPCNS_A_OBJECT_NAME];

	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_INUM], &key->number[0]);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &key->number[1]);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_KIND], &key->number[2]);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &key->number[3]);
	if (name) {
		key->text = nla_data(name);
		key->text_len = nla_len(name);
	}
}

/** object_queue_name - fill a cell with the name of a queue, and the slash that mq_open(3) wants */
void object_queue_name(const struct nlattr *attr, struct value *value)
{
	static char name[512] = "/";	/* more than NAME_MAX */
	const char *text;
	size_t len;

	text = ipcns_text(attr, &len);
	if (!text)
		return;
	if (len > sizeof(name) - 1)
		len = sizeof(name) - 1;
	memcpy(name + 1, text, len);
	value_bytes(value, name, len + 1);
}
