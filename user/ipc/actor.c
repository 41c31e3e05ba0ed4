// SPDX-License-Identifier: GPL-2.0-only
/* The attributes of an actor: a process, its user, and the time of what it did. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "host/process_unit.h"
#include "ipc/actor.h"
#include "util.h"

/**
 * actor_parse - read the attributes of who did something
 * @attr: the attribute that nests them, or NULL
 * @tb: the result, of IPCNS_A_ACTOR_MAX + 1 places
 *
 * Returns false, with nothing in @tb that can be used, if there are none.
 */
bool actor_parse(struct nlattr *attr, struct nlattr **tb)
{
	return attr && nla_parse_nested(tb, IPCNS_A_ACTOR_MAX, attr, NULL) >= 0;
}

/** actor_fill_time - fill @value with when it was */
void actor_fill_time(const struct column *column, const struct row *row, struct value *value)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];
	uint64_t ns;

	if (!actor_parse(row->attr[column->attr], tb) ||
	    !ipcns_uint(tb[IPCNS_A_ACTOR_TIME], &ns))
		return;
	value->type = VALUE_TIME;
	value->number = (int64_t)ns / NS_PER_SECOND;
}

/** actor_fill - fill @value with COMMAND[PID], without the PID if it is not visible from here */
void actor_fill(const struct column *column, const struct row *row, struct value *value)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];
	const char *comm;
	uint64_t pid;
	size_t len;

	if (!actor_parse(row->attr[column->attr], tb))
		return;
	comm = ipcns_text(tb[IPCNS_A_ACTOR_COMM], &len);
	if (!comm)
		return;
	if (len > sizeof(value->buf) - 16)
		len = sizeof(value->buf) - 16;
	memcpy(value->buf, comm, len);
	if (ipcns_uint(tb[IPCNS_A_ACTOR_PID], &pid) && pid)
		len += snprintf(value->buf + len, sizeof(value->buf) - len, "[%u]", (uint32_t)pid);
	value_bytes(value, value->buf, len);
}

/**
 * actor_fill_unit - fill @value with what the process belongs to, while it lives
 * @actor: the attribute, or NULL
 * @value: stays as it is if the process has ended, or belongs to nothing that has a name
 */
void actor_fill_unit(struct nlattr *actor, struct value *value)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];
	const char *unit = NULL;
	uint64_t pid, time;
	size_t len;

	if (actor_parse(actor, tb) && ipcns_uint(tb[IPCNS_A_ACTOR_PID], &pid) &&
	    ipcns_uint(tb[IPCNS_A_ACTOR_TIME], &time))
		unit = process_unit_at(pid, time, &len);
	if (unit)
		value_bytes(value, unit, len);
}

/** actor_fill_user - fill @value with the effective user ID of the process */
void actor_fill_user(const struct column *column, const struct row *row, struct value *value)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];

	if (actor_parse(row->attr[column->attr], tb))
		value_attr(value, column->as, tb[IPCNS_A_ACTOR_UID]);
}
