// SPDX-License-Identifier: GPL-2.0-only
/* Limits of namespaces and of users as rows: the rows of lsipc -g, and what is used of them. */
#include <errno.h>
#include <stdio.h>
#include <linux/ipcns.h>

#include "host/process.h"
#include "ipc/limit.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/user_limit.h"
#include "util.h"

/* Names and descriptions are those of lsipc(1), as far as it has them. */
static const struct limit {
	const char *name;
	const char *help;
	enum value_kind as;
	unsigned int attr;	/* the limit */
	unsigned int used;	/* what is used of it, if that means anything */
	unsigned int constant;	/* a limit that is part of the ABI */
	uint64_t usual;		/* @attr of a new namespace: the kernel's ipc/ and msg.h */
	const char *sysctl;	/* that sets it */
} limits[] = {
	{ "MSGMNI", "Number of message queues",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MSGMNI, .used = IPCNS_A_LIMITS_MSG,
	  .usual = 32000, .sysctl = "kernel.msgmni" },
	{ "MSGMAX", "Max size of message (bytes)", AS_SIZE, .attr = IPCNS_A_LIMITS_MSGMAX,
	  .usual = 8192, .sysctl = "kernel.msgmax" },
	{ "MSGMNB", "Default max size of queue (bytes)", AS_SIZE, .attr = IPCNS_A_LIMITS_MSGMNB,
	  .usual = 16384, .sysctl = "kernel.msgmnb" },
	{ "MQUMNI", "Number of POSIX message queues",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_QUEUES_MAX, .used = IPCNS_A_LIMITS_MQ,
	  .usual = 256, .sysctl = "fs.mqueue.queues_max" },
	{ "MQUMAX", "Max size of POSIX message (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_MQ_MSGSIZE_MAX,
	  .usual = 8192, .sysctl = "fs.mqueue.msgsize_max" },
	{ "MQUMNB", "Number of messages in POSIX message queue",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_MSG_MAX,
	  .usual = 10, .sysctl = "fs.mqueue.msg_max" },
	{ "MQUMAXDEF", "Default max size of POSIX message (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_MQ_MSGSIZE_DEFAULT,
	  .usual = 8192, .sysctl = "fs.mqueue.msgsize_default" },
	{ "MQUMNBDEF", "Default number of messages in POSIX message queue",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_MSG_DEFAULT,
	  .usual = 10, .sysctl = "fs.mqueue.msg_default" },
	{ "SHMMNI", "Shared memory segments",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHMMNI, .used = IPCNS_A_LIMITS_SHM,
	  .usual = 4096, .sysctl = "kernel.shmmni" },
	{ "SHMALL", "Shared memory pages",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHMALL, .used = IPCNS_A_LIMITS_SHM_PAGES,
	  .usual = UINT64_MAX - (1UL << 24), .sysctl = "kernel.shmall" },
	{ "SHMMAX", "Max size of shared memory segment (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_SHMMAX,
	  .usual = UINT64_MAX - (1UL << 24), .sysctl = "kernel.shmmax" },
	{ "SHMMIN", "Min size of shared memory segment (bytes)", AS_SIZE, .constant = 1 },
	{ "SHMRMIDFORCED", "Segments go when nothing is attached (0 or 1)",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHM_RMID_FORCED,
	  .sysctl = "kernel.shm_rmid_forced" },
	{ "SEMMNI", "Number of semaphore identifiers",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMNI, .used = IPCNS_A_LIMITS_SEM,
	  .usual = 32000, .sysctl = "kernel.sem" },
	{ "SEMMNS", "Total number of semaphores",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMNS, .used = IPCNS_A_LIMITS_SEMS,
	  .usual = 1024000000, .sysctl = "kernel.sem" },
	{ "SEMMSL", "Max semaphores per semaphore set.", AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMSL,
	  .usual = 32000, .sysctl = "kernel.sem" },
	{ "SEMOPM", "Max number of operations per semop(2)",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMOPM,
	  .usual = 500, .sysctl = "kernel.sem" },
	{ "SEMVMX", "Semaphore max value", AS_NUMBER, .constant = 32767 },
};

static void fill_name(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;

	(void)column;
	value_text(value, user ? user_limit_names[user->kind] : limits[row->line].name);
}

static void fill_help(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;
	static char text[512];

	(void)column;
	if (!user) {
		value_text(value, limits[row->line].help);
		return;
	}
	if (user->kind == USER_LIMIT_NAMESPACES)
		snprintf(text, sizeof(text), "IPC namespaces of %s in user namespace %llu",
			 user_name(user->uid), (unsigned long long)user->userns);
	else if (user->kind == USER_LIMIT_QUEUES)
		snprintf(text, sizeof(text), "Bytes of POSIX queues of %s",
			 user_name(user->uid));
	else if (user->ns)
		snprintf(text, sizeof(text), "Bytes in /dev/shm of namespace %llu",
			 (unsigned long long)user->ns);
	else
		snprintf(text, sizeof(text), "Bytes in /dev/shm");
	value_text(value, text);
}

static void fill_sysctl(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;

	(void)column;
	if (!user && limits[row->line].sysctl)
		value_text(value, limits[row->line].sysctl);
	else if (user && user->kind == USER_LIMIT_NAMESPACES)
		value_text(value, "user.max_ipc_namespaces");
	else
		value->type = VALUE_MEANINGLESS;
}

static void fill_uid(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;

	if (!user || user->kind == USER_LIMIT_SHM)
		return;
	value->type = column->as == AS_USER ? VALUE_USER : VALUE_NUMBER;
	value->number = user->uid;
}

static void fill_userns(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;

	(void)column;
	if (user && user->kind == USER_LIMIT_NAMESPACES)
		value_number(value, user->userns);
}

/* A number in the unit of a user's limit. */
static void fill_amount(const struct user_limit *user, uint64_t amount, struct value *value)
{
	if (user->kind == USER_LIMIT_NAMESPACES)
		value_number(value, amount);
	else
		value_size(value, amount);
}

static void fill_limit(const struct column *column, const struct row *row, struct value *value)
{
	const struct limit *limit = &limits[row->line];
	const struct user_limit *user = row->data;

	(void)column;
	if (user) {
		if (user->has_limit)
			fill_amount(user, user->limit, value);
		return;
	}
	if (limit->attr)
		value_attr(value, limit->as, row->attr[limit->attr]);
	else if (limit->as == AS_SIZE)
		value_size(value, limit->constant);
	else
		value_number(value, limit->constant);
}

static void fill_used(const struct column *column, const struct row *row, struct value *value)
{
	const struct limit *limit = &limits[row->line];
	const struct user_limit *user = row->data;

	(void)column;
	if (user)
		fill_amount(user, user->used, value);
	else if (limit->used)
		value_attr(value, limit->as, row->attr[limit->used]);
	else
		value->type = VALUE_MEANINGLESS;
}

/**
 * limits_amount - a limit, and what is used of it
 * @row: limits of a namespace
 * @line: which of them, from 0 on
 * @used: set to what is used
 * @max: set to the limit
 *
 * Returns false if that means nothing or is not known.
 */
bool limits_amount(const struct row *row, unsigned int line, uint64_t *used, uint64_t *max)
{
	const struct limit *limit = &limits[line];

	return line < ARRAY_SIZE(limits) && limit->used &&
	       ipcns_uint(row->attr[limit->attr], max) &&
	       ipcns_uint(row->attr[limit->used], used);
}

/**
 * limits_use - how much of a limit is used
 * @row: limits of a namespace
 * @line: which of them, from 0 on
 * @name: set to its name
 * @part: set to the part that is used, of 1; below 0 if that means nothing or is not known. A limit
 *	  of 0 is used up if anything is in use.
 *
 * Returns false if there are no more.
 */
bool limits_use(const struct row *row, unsigned int line, const char **name, double *part)
{
	uint64_t max, used;

	if (line >= ARRAY_SIZE(limits))
		return false;
	*name = limits[line].name;
	*part = -1;
	if (limits_amount(row, line, &used, &max) && (max || used))
		*part = max ? (double)used / max : 1;
	return true;
}

static void fill_percent(const struct column *column, const struct row *row, struct value *value)
{
	const struct user_limit *user = row->data;
	const char *name;
	double part;

	(void)column;
	if (user) {
		part = user_limit_use(user);
		if (part >= 0)
			value_percent(value, part * 100);
		return;
	}
	if (!limits[row->line].used)
		value->type = VALUE_MEANINGLESS;
	else if (limits_use(row, row->line, &name, &part) && part >= 0)
		value_percent(value, part * 100);
}

static const struct column columns[] = {
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .attr = IPCNS_A_LIMITS_NS_INUM },
	{ "RESOURCE", "resource name", AS_TEXT, .fill = fill_name },
	{ "DESCRIPTION", "resource description", AS_TEXT, .fill = fill_help,
	  .flags = SCOLS_FL_TRUNC },
	{ "LIMIT", "limit of the namespace", AS_NUMBER, .fill = fill_limit },
	{ "USED", "currently used", AS_NUMBER, .fill = fill_used },
	{ "USE%", "currently used, of the limit", AS_PERCENT, .fill = fill_percent },
	{ "SYSCTL", "sysctl that sets the limit", AS_TEXT, .fill = fill_sysctl },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_LIMITS_NS_ID },
	{ "USER", "user that the limit is for", AS_USER, .fill = fill_uid },
	{ "UID", "UID of that user", AS_NUMBER, .fill = fill_uid },
	{ "ONS", "user namespace that the limit is for (inode number)", AS_NUMBER,
	  .fill = fill_userns },
};

/* What is used up, or nearly. */
static const char *use_color(const struct row *row)
{
	const struct user_limit *user = row->data;
	const char *name;
	double part;

	if (user)
		part = user_limit_use(user);
	else if (!limits_use(row, row->line, &name, &part))
		return NULL;
	if (part >= 1)
		return "red";
	return part >= 0.8 ? "yellow" : NULL;
}

/** limit_columns - columns of one limit of one namespace per row */
const struct table_type limit_columns = {
	.root = "limits",
	.defaults = "NS,RESOURCE,DESCRIPTION,LIMIT,USED,USE%,SYSCTL",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
	.color = use_color,
};

static void sort_key(const struct row *row, struct sort_key *key)
{
	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_INUM], &key->number[0]);
	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_ID], &key->number[1]);
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	row_store_add(arg, attrs, len, sort_key);
}

/** limits_get - add the limits of the namespace with identity @id to @store, or die */
void limits_get(struct ipcns *w, uint64_t id, struct row_store *store)
{
	int ret = ipcns_limits(w, id, add, NULL, store);

	if (ret == -ENOENT)
		die(STATUS_ERROR, "namespace id=%llu is gone", (unsigned long long)id);
	if (ret)
		module_die(w, ret, "cannot get limits");
}

/** limits_try - limits_get(), but one that is gone has no limits */
void limits_try(struct ipcns *w, uint64_t id, struct row_store *store)
{
	int ret = ipcns_limits(w, id, add, NULL, store);

	if (ret && !module_gone(ret))
		module_die(w, ret, "cannot get limits");
}

/** limits_get_all - add the limits of all namespaces to @store, or die */
void limits_get_all(struct ipcns *w, struct row_store *store)
{
	int ret = ipcns_limits(w, 0, add, row_store_restart, store);

	if (ret)
		module_die(w, ret, "cannot list limits");
}

/* Which limits of a namespace are printed. */
typedef bool (*limit_filter_fn)(const struct row *row, double above);

static bool is_any(const struct row *row, double above)
{
	(void)row;
	(void)above;
	return true;
}

static bool is_above(const struct row *row, double above)
{
	const char *name;
	double part;

	return limits_use(row, row->line, &name, &part) && part >= 0 && part * 100 >= above;
}

/* In use, or not what it is in a new namespace. */
static bool is_notable(const struct row *row, double above)
{
	const struct limit *limit = &limits[row->line];
	uint64_t value;

	(void)above;
	if (limit->used && ipcns_uint(row->attr[limit->used], &value) && value)
		return true;
	return limit->attr && ipcns_uint(row->attr[limit->attr], &value) && value != limit->usual;
}

/* Prints the limits of @only (NULL: of all) in @store that @filter passes; returns how many. */
static size_t print_limits(const struct row_store *store, const struct row_store *only,
			   limit_filter_fn filter, double above, struct table *out)
{
	size_t i, n = 0;
	struct row row;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&row, store->rows[i].attrs, store->rows[i].len))
			continue;
		if (only && !ns_selected(only, row.attr[IPCNS_A_LIMITS_NS_INUM],
					 row.attr[IPCNS_A_LIMITS_NS_ID]))
			continue;
		for (row.line = 0; row.line < ARRAY_SIZE(limits); row.line++) {
			if (!filter(&row, above))
				continue;
			table_add(out, &row);
			n++;
		}
	}
	return n;
}

/**
 * limits_print - print limits
 * @store: messages with the limits of a namespace each
 * @out: where they go
 */
void limits_print(const struct row_store *store, struct table *out)
{
	print_limits(store, NULL, is_any, 0, out);
}

/**
 * limits_print_notable - print limits that are in use or differ from the kernel's defaults
 * @store: messages with the limits of a namespace each
 * @out: where they go
 *
 * Returns their number.
 */
size_t limits_print_notable(const struct row_store *store, struct table *out)
{
	return print_limits(store, NULL, is_notable, 0, out);
}

/**
 * limits_print_above - print limits that are used to a part or more
 * @store: messages with the limits of a namespace each
 * @only: namespaces that are wanted; NULL for all
 * @above: the part in percent; below 0 for all limits
 * @out: where they go
 */
void limits_print_above(const struct row_store *store, const struct row_store *only, double above,
			struct table *out)
{
	print_limits(store, only, above < 0 ? is_any : is_above, above, out);
}
