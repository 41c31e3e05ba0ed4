// SPDX-License-Identifier: GPL-2.0-only
/* What processes have to do with one object, as rows: what they wait for, what they will undo. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/waiter.h"
#include "util.h"

/** waiter_is_truncated - whether a row of waiter-get only says that there are more */
bool waiter_is_truncated(const struct row *rec)
{
	return rec->attr[IPCNS_A_WAITER_TRUNCATED];
}

/** waiter_is_undo - whether a row of waiter-get is an adjustment, and nobody waits */
bool waiter_is_undo(const struct row *rec)
{
	uint64_t role;

	return ipcns_uint(rec->attr[IPCNS_A_WAITER_ROLE], &role) && role == IPCNS_ROLE_UNDO;
}

static void fill_pid(const struct column *column, const struct row *rec, struct value *cell)
{
	uint64_t pid;

	if (ipcns_uint(rec->attr[column->attr], &pid) && pid)
		value_number(cell, pid);
}

static void fill_command(const struct column *column, const struct row *rec, struct value *cell)
{
	(void)column;
	value_attr(cell, AS_COMMAND, rec->attr[IPCNS_A_WAITER_PID]);
	if (cell->type == VALUE_UNKNOWN)
		value_attr(cell, AS_TEXT, rec->attr[IPCNS_A_WAITER_COMM]);
}

/* The name of a number, if it has one. */
static void fill_name(struct nlattr *attr, const char *const *names, size_t n, struct value *cell)
{
	uint64_t value;

	if (ipcns_uint(attr, &value) && value < n)
		value_text(cell, names[value]);
}

static void fill_role(const struct column *column, const struct row *rec, struct value *cell)
{
	static const char *const names[] = {
		[IPCNS_ROLE_SEM] = "sem",
		[IPCNS_ROLE_UNDO] = "undo",
		[IPCNS_ROLE_RECEIVER] = "receiver",
		[IPCNS_ROLE_SENDER] = "sender",
	};

	fill_name(rec->attr[column->attr], names, ARRAY_SIZE(names), cell);
}

static void fill_mode(const struct column *column, const struct row *rec, struct value *cell)
{
	static const char *const names[] = {
		[IPCNS_MSG_MODE_ANY] = "any",
		[IPCNS_MSG_MODE_EQUAL] = "equal",
		[IPCNS_MSG_MODE_NOT_EQUAL] = "not-equal",
		[IPCNS_MSG_MODE_LESS_EQUAL] = "less-equal",
		[IPCNS_MSG_MODE_NUMBER] = "number",
	};

	fill_name(rec->attr[column->attr], names, ARRAY_SIZE(names), cell);
}

static int put_operation(char *buf, size_t size, const struct row *rec)
{
	uint64_t nsops;
	int64_t op;
	int len;

	if (!ipcns_int(rec->attr[IPCNS_A_WAITER_SEMOP], &op))
		return 0;
	if (op)
		len = snprintf(buf, size, "%s by %lld", op < 0 ? "decrease" : "increase",
			       op < 0 ? -(long long)op : (long long)op);
	else
		len = snprintf(buf, size, "to be zero");
	if (ipcns_uint(rec->attr[IPCNS_A_WAITER_NSOPS], &nsops) && nsops > 1)
		len += snprintf(buf + len, size - len, ", one of %llu operations",
				(unsigned long long)nsops);
	return len;
}

/* Which message a receiver takes; of a POSIX queue, always the first. */
static int put_wanted(char *buf, size_t size, const struct row *rec)
{
	static const char *const formats[] = {
		[IPCNS_MSG_MODE_EQUAL] = "type %lld",
		[IPCNS_MSG_MODE_NOT_EQUAL] = "any type but %lld",
		[IPCNS_MSG_MODE_LESS_EQUAL] = "lowest type up to %lld",
		[IPCNS_MSG_MODE_NUMBER] = "message number %lld",
	};
	uint64_t mode = IPCNS_MSG_MODE_ANY;
	int64_t type;

	ipcns_uint(rec->attr[IPCNS_A_WAITER_MODE], &mode);
	if (mode == IPCNS_MSG_MODE_ANY)
		return snprintf(buf, size, "any message");
	if (mode >= ARRAY_SIZE(formats) || !ipcns_int(rec->attr[IPCNS_A_WAITER_MTYPE], &type))
		return 0;
	return snprintf(buf, size, formats[mode], (long long)type);
}

static void fill_waits_for(const struct column *column, const struct row *rec,
			   struct value *cell)
{
	uint64_t role, bytes, hidden;
	int64_t type;
	int len = 0;

	(void)column;
	if (ipcns_uint(rec->attr[IPCNS_A_WAITER_HIDDEN], &hidden)) {
		snprintf(cell->buf, sizeof(cell->buf), "%llu process%s not visible",
			 (unsigned long long)hidden, hidden == 1 ? "" : "es");
		value_text(cell, cell->buf);
		return;
	}
	if (!ipcns_uint(rec->attr[IPCNS_A_WAITER_ROLE], &role))
		return;
	switch (role) {
	case IPCNS_ROLE_SEM:
		len = put_operation(cell->buf, sizeof(cell->buf), rec);
		break;
	case IPCNS_ROLE_RECEIVER:
		len = put_wanted(cell->buf, sizeof(cell->buf), rec);
		break;
	case IPCNS_ROLE_SENDER:
		if (!ipcns_uint(rec->attr[IPCNS_A_WAITER_SIZE], &bytes))
			break;
		len = snprintf(cell->buf, sizeof(cell->buf), "room for %llu bytes",
			       (unsigned long long)bytes);
		if (ipcns_int(rec->attr[IPCNS_A_WAITER_MTYPE], &type))
			snprintf(cell->buf + len, sizeof(cell->buf) - len, " of type %lld",
				 (long long)type);
		break;
	}
	if (len)
		value_text(cell, cell->buf);
}

#define COLUMNS_PROCESS \
	{ "PID", "PID of the process", AS_NUMBER, .attr = IPCNS_A_WAITER_PID, .fill = fill_pid }, \
	{ "COMMAND", "its command line", AS_TEXT, .fill = fill_command, .flags = SCOLS_FL_TRUNC }

#define COLUMN_SEMNUM \
	{ "SEMNUM", "number of the semaphore", AS_NUMBER, .attr = IPCNS_A_WAITER_SEMNUM }

#define COLUMNS_MORE \
	{ "COMM", "name of the process", AS_TEXT, .attr = IPCNS_A_WAITER_COMM }, \
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, \
	  .attr = IPCNS_A_WAITER_NS_INUM }, \
	{ "NSID", "namespace identity, never reused", AS_NUMBER, .attr = IPCNS_A_WAITER_NS_ID }, \
	{ "ID", "resource ID", AS_NUMBER, .attr = IPCNS_A_WAITER_ID }

static const struct column waiter[] = {
	COLUMNS_PROCESS,
	{ "ROLE", "sem, receiver, sender", AS_TEXT, .attr = IPCNS_A_WAITER_ROLE,
	  .fill = fill_role },
	COLUMN_SEMNUM,
	{ "WAITSFOR", "what has to happen", AS_TEXT, .fill = fill_waits_for },
	{ "OP", "operation that cannot be done yet, see semop(2)", AS_SIGNED,
	  .attr = IPCNS_A_WAITER_SEMOP },
	{ "NSOPS", "operations to be done at once", AS_NUMBER, .attr = IPCNS_A_WAITER_NSOPS },
	{ "MODE", "any, equal, not-equal, less-equal, number", AS_TEXT,
	  .attr = IPCNS_A_WAITER_MODE, .fill = fill_mode },
	{ "MTYPE", "type of message", AS_SIGNED, .attr = IPCNS_A_WAITER_MTYPE },
	{ "SIZE", "bytes to be sent, or at most to be received", AS_SIZE,
	  .attr = IPCNS_A_WAITER_SIZE },
	COLUMNS_MORE,
};

/** sem_waiter_columns - columns of one process per row that waits for a semaphore */
const struct table_type sem_waiter_columns = {
	.root = "waiters",
	.defaults = "PID,COMMAND,SEMNUM,WAITSFOR",
	.columns = waiter,
	.n = ARRAY_SIZE(waiter),
};

/** queue_waiter_columns - columns of one process per row that waits for a queue */
const struct table_type queue_waiter_columns = {
	.root = "waiters",
	.defaults = "PID,COMMAND,ROLE,WAITSFOR",
	.columns = waiter,
	.n = ARRAY_SIZE(waiter),
};

static const struct column undo[] = {
	COLUMNS_PROCESS,
	COLUMN_SEMNUM,
	{ "ADJUST", "what is added to the value when the process ends", AS_SIGNED,
	  .attr = IPCNS_A_WAITER_SEMOP },
	COLUMNS_MORE,
};

/** undo_columns - columns of one adjustment per row, see SEM_UNDO in semop(2) */
const struct table_type undo_columns = {
	.root = "undo",
	.defaults = "PID,COMMAND,SEMNUM,ADJUST",
	.columns = undo,
	.n = ARRAY_SIZE(undo),
};
