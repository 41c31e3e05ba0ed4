// SPDX-License-Identifier: GPL-2.0-only
/* What processes have to do with one object, as rows: what they wait for, what they will undo. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/object.h"
#include "ipc/queue_openers.h"
#include "ipc/waiter.h"
#include "print/text.h"
#include "util.h"

/** waiter_is_undo - whether a row of waiter-get is an adjustment, and nobody waits */
bool waiter_is_undo(const struct row *row)
{
	uint64_t role;

	return ipcns_uint(row->attr[IPCNS_A_WAITER_ROLE], &role) && role == IPCNS_ROLE_UNDO;
}

static void take_row(struct nlattr *attrs, int len, void *arg)
{
	struct waiter_answer *answer = arg;
	struct row row;

	if (!row_parse(&row, attrs, len))
		return;
	if (row.attr[IPCNS_A_WAITER_TRUNCATED])
		answer->truncated = true;
	else
		row_store_add(waiter_is_undo(&row) ? &answer->undos : &answer->waiters, attrs, len,
			      NULL);
}

static bool restart(void *arg)
{
	waiter_answer_clear(arg);
	return true;
}

/**
 * waiter_answer_get - ask who waits for an object, and for adjustments of it
 * @w: the connection
 * @r: the request, waiter-get; it is used up
 * @answer: the result, for waiter_answer_clear() whatever is returned
 *
 * Returns 0, or a negative error as of ipcns_dump().
 */
int waiter_answer_get(struct ipcns *w, struct ipcns_request *r, struct waiter_answer *answer)
{
	return ipcns_dump(w, r, take_row, restart, answer);
}

/** waiter_answer_clear - free what it holds, and make it empty */
void waiter_answer_clear(struct waiter_answer *answer)
{
	row_store_clear(&answer->waiters);
	row_store_clear(&answer->undos);
	answer->truncated = false;
}

static void fill_pid(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t pid;

	if (ipcns_uint(row->attr[column->attr], &pid) && pid)
		value_number(value, pid);
}

static void fill_command(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_attr(value, AS_COMMAND, row->attr[IPCNS_A_WAITER_PID]);
	if (value->type == VALUE_UNKNOWN)
		value_attr(value, AS_TEXT, row->attr[IPCNS_A_WAITER_COMM]);
}

/* The name of a number, if it has one. */
static void fill_name(struct nlattr *attr, const char *const *names, size_t n, struct value *value)
{
	uint64_t number;

	if (ipcns_uint(attr, &number) && number < n)
		value_text(value, names[number]);
}

static void fill_role(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[] = {
		[IPCNS_ROLE_SEM] = "sem",
		[IPCNS_ROLE_UNDO] = "undo",
		[IPCNS_ROLE_RECEIVER] = "receiver",
		[IPCNS_ROLE_SENDER] = "sender",
	};

	fill_name(row->attr[column->attr], names, ARRAY_SIZE(names), value);
}

static void fill_mode(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[] = {
		[IPCNS_MSG_MODE_ANY] = "any",
		[IPCNS_MSG_MODE_EQUAL] = "equal",
		[IPCNS_MSG_MODE_NOT_EQUAL] = "not-equal",
		[IPCNS_MSG_MODE_LESS_EQUAL] = "less-equal",
		[IPCNS_MSG_MODE_NUMBER] = "number",
	};

	fill_name(row->attr[column->attr], names, ARRAY_SIZE(names), value);
}

static int put_operation(char *buf, size_t size, const struct row *row)
{
	uint64_t nsops;
	int64_t op;
	int len;

	if (!ipcns_int(row->attr[IPCNS_A_WAITER_SEMOP], &op))
		return 0;
	if (op)
		len = snprintf(buf, size, "%s by %lld", op < 0 ? "decrease" : "increase",
			       op < 0 ? -(long long)op : (long long)op);
	else
		len = snprintf(buf, size, "to be zero");
	if (ipcns_uint(row->attr[IPCNS_A_WAITER_NSOPS], &nsops) && nsops > 1)
		len += snprintf(buf + len, size - len, ", one of %llu operations",
				(unsigned long long)nsops);
	return len;
}

/* Which message a receiver takes; of a POSIX queue, always the first. */
static int put_wanted(char *buf, size_t size, const struct row *row)
{
	static const char *const formats[] = {
		[IPCNS_MSG_MODE_EQUAL] = "type %lld",
		[IPCNS_MSG_MODE_NOT_EQUAL] = "any type but %lld",
		[IPCNS_MSG_MODE_LESS_EQUAL] = "lowest type up to %lld",
		[IPCNS_MSG_MODE_NUMBER] = "message number %lld",
	};
	uint64_t mode = IPCNS_MSG_MODE_ANY;
	int64_t type;

	ipcns_uint(row->attr[IPCNS_A_WAITER_MODE], &mode);
	if (mode == IPCNS_MSG_MODE_ANY)
		return snprintf(buf, size, "any message");
	if (mode >= ARRAY_SIZE(formats) || !ipcns_int(row->attr[IPCNS_A_WAITER_MTYPE], &type))
		return 0;
	return snprintf(buf, size, formats[mode], (long long)type);
}

static void fill_waits_for(const struct column *column, const struct row *row,
			   struct value *value)
{
	uint64_t role, bytes, hidden;
	int64_t type;
	int len = 0;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_WAITER_HIDDEN], &hidden)) {
		snprintf(value->buf, sizeof(value->buf), "%llu process%s not visible",
			 (unsigned long long)hidden, hidden == 1 ? "" : "es");
		value_text(value, value->buf);
		return;
	}
	if (!ipcns_uint(row->attr[IPCNS_A_WAITER_ROLE], &role))
		return;
	switch (role) {
	case IPCNS_ROLE_SEM:
		len = put_operation(value->buf, sizeof(value->buf), row);
		break;
	case IPCNS_ROLE_RECEIVER:
		len = put_wanted(value->buf, sizeof(value->buf), row);
		break;
	case IPCNS_ROLE_SENDER:
		if (!ipcns_uint(row->attr[IPCNS_A_WAITER_SIZE], &bytes)) {
			/* of a POSIX queue: the kernel does not keep the size */
			len = snprintf(value->buf, sizeof(value->buf), "room for a message");
			break;
		}
		len = snprintf(value->buf, sizeof(value->buf), "room for %llu bytes",
			       (unsigned long long)bytes);
		if (ipcns_int(row->attr[IPCNS_A_WAITER_MTYPE], &type))
			snprintf(value->buf + len, sizeof(value->buf) - len, " of type %lld",
				 (long long)type);
		break;
	}
	if (len)
		value_text(value, value->buf);
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
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_WAITER_NS_ID }, \
	{ "ID", "resource ID", AS_NUMBER, .attr = IPCNS_A_WAITER_ID }

#define COLUMNS_REQUEST \
	{ "OP", "operation that cannot be done yet, see semop(2)", AS_SIGNED, \
	  .attr = IPCNS_A_WAITER_SEMOP }, \
	{ "NSOPS", "operations to be done at once", AS_NUMBER, .attr = IPCNS_A_WAITER_NSOPS }, \
	{ "MODE", "any, equal, not-equal, less-equal, number", AS_TEXT, \
	  .attr = IPCNS_A_WAITER_MODE, .fill = fill_mode }, \
	{ "MTYPE", "type of message", AS_SIGNED, .attr = IPCNS_A_WAITER_MTYPE }, \
	{ "SIZE", "bytes to be sent, or at most to be received", AS_SIZE, \
	  .attr = IPCNS_A_WAITER_SIZE }

static const struct column waiter[] = {
	COLUMNS_PROCESS,
	{ "ROLE", "sem, receiver, sender", AS_TEXT, .attr = IPCNS_A_WAITER_ROLE,
	  .fill = fill_role },
	COLUMN_SEMNUM,
	{ "WAITSFOR", "what has to happen", AS_TEXT, .fill = fill_waits_for },
	COLUMNS_REQUEST,
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

/** all_undo_columns - the same columns, for adjustments of several sets */
const struct table_type all_undo_columns = {
	.root = "undo",
	.defaults = "NS,ID,SEMNUM,ADJUST,PID,COMMAND",
	.columns = undo,
	.n = ARRAY_SIZE(undo),
};

static const struct wait *wait_of(const struct row *row)
{
	return row->data;
}

static void fill_type(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_word(value, kind_names[wait_of(row)->awaited->kind]);
}

static void fill_key(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (wait_of(row)->awaited->kind == IPCNS_KIND_MQ) {
		object_queue_name(row->attr[IPCNS_A_WAITER_NAME], value);
	} else {
		value->type = VALUE_KEY;
		value->number = wait_of(row)->awaited->key;
	}
}

static void fill_id(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_number(value, wait_of(row)->awaited->id);
}

static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	value_unit(value, wait_of(row)->pid);
}

static void append_number(struct buffer *text, uint32_t number)
{
	char digits[24], *begin = format_number(digits + sizeof(digits), number);

	if (text->len)
		buffer_plain(text, ",", 1);
	buffer_plain(text, begin, digits + sizeof(digits) - begin);
}

/* The process itself is left out of those that were the last, or have the queue open. */
static bool is_holder(const struct wait *wait, uint32_t pid)
{
	return wait->awaited->source == AWAITED_UNDO || pid != wait->pid;
}

static uint32_t first_holder(const struct wait *wait)
{
	size_t i;

	for (i = 0; i < wait->awaited->n; i++)
		if (is_holder(wait, wait->awaited->pids[i]))
			return wait->awaited->pids[i];
	return 0;
}

static void fill_holder(const struct column *column, const struct row *row, struct value *value)
{
	const struct wait *wait = wait_of(row);
	static struct buffer text;
	size_t i;

	(void)column;
	text.len = 0;
	for (i = 0; i < wait->awaited->n; i++)
		if (is_holder(wait, wait->awaited->pids[i]))
			append_number(&text, wait->awaited->pids[i]);
	if (text.len || wait->awaited->source == AWAITED_OPEN)
		value_numbers(value, text.bytes ?: "", text.len);
}

static void fill_source(const struct column *column, const struct row *row, struct value *value)
{
	static const char *const names[AWAITED_SOURCES] = {
		[AWAITED_UNDO] = "undo",
		[AWAITED_LAST] = "last",
		[AWAITED_GONE] = "gone",
		[AWAITED_OPEN] = "open",
	};

	(void)column;
	if (wait_of(row)->awaited->source == AWAITED_GONE || first_holder(wait_of(row)))
		value_word(value, names[wait_of(row)->awaited->source]);
}

static void fill_holder_command(const struct column *column, const struct row *row,
				struct value *value)
{
	(void)column;
	value_command(value, first_holder(wait_of(row)));
}

static void fill_cycle(const struct column *column, const struct row *row, struct value *value)
{
	(void)column;
	if (wait_of(row)->cycle)
		value_number(value, wait_of(row)->cycle);
}

static const struct column wait[] = {
	{ "NS", "namespace identifier (inode number)", AS_NUMBER,
	  .attr = IPCNS_A_WAITER_NS_INUM },
	{ "TYPE", "kind of object: sem, msg, mq", AS_TEXT, .fill = fill_type },
	{ "KEY", "resource key, or name of a POSIX queue", AS_KEY, .fill = fill_key,
	  .flags = SCOLS_FL_NOEXTREMES },
	{ "ID", "resource ID", AS_NUMBER, .fill = fill_id },
	COLUMN_SEMNUM,
	COLUMNS_PROCESS,
	{ "UNIT", "its service, session, container or job", AS_TEXT, .fill = fill_unit,
	  .flags = SCOLS_FL_TRUNC },
	{ "ROLE", "sem, receiver, sender", AS_TEXT, .attr = IPCNS_A_WAITER_ROLE,
	  .fill = fill_role },
	{ "WAITSFOR", "what has to happen", AS_TEXT, .fill = fill_waits_for },
	{ "HOLDER", "PIDs of those who could do it", AS_LIST, .fill = fill_holder },
	{ "HELDBY", "how that is known: undo, last (user), gone, open (queue)", AS_TEXT,
	  .fill = fill_source },
	{ "HOLDERCMD", "command line of the first holder", AS_TEXT,
	  .fill = fill_holder_command, .flags = SCOLS_FL_TRUNC },
	{ "CYCLE", "number of the cycle of processes that wait for each other", AS_NUMBER,
	  .fill = fill_cycle },
	COLUMNS_REQUEST,
	{ "COMM", "name of the process", AS_TEXT, .attr = IPCNS_A_WAITER_COMM },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_WAITER_NS_ID },
};

/** wait_columns - columns of one process per row that waits for anything: struct wait */
const struct table_type wait_columns = {
	.root = "waiters",
	.defaults = "NS,TYPE,KEY,ID,SEMNUM,PID,WAITSFOR,HOLDER,HELDBY,CYCLE,UNIT,COMMAND",
	.columns = wait,
	.n = ARRAY_SIZE(wait),
};
