// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl limits: the rows of lsipc -g, for each namespace. */
#include <errno.h>
#include <linux/ipcns.h>

#include "command.h"
#include "commands/limits.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " limits [OPTION...] [NS...]\n\n"
	"Lists limits of IPC namespaces, and what is used of them.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n";

/* Names and descriptions are those of lsipc(1), as far as it has them. */
static const struct limit {
	const char *name;
	const char *help;
	enum value_kind as;
	unsigned int attr;	/* the limit */
	unsigned int used;	/* what is used of it, if that means anything */
	unsigned int constant;	/* a limit that is part of the ABI */
} limits[] = {
	{ "MSGMNI", "Number of message queues",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MSGMNI, .used = IPCNS_A_LIMITS_MSG },
	{ "MSGMAX", "Max size of message (bytes)", AS_SIZE, .attr = IPCNS_A_LIMITS_MSGMAX },
	{ "MSGMNB", "Default max size of queue (bytes)", AS_SIZE, .attr = IPCNS_A_LIMITS_MSGMNB },
	{ "MQUMNI", "Number of POSIX message queues",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_QUEUES_MAX, .used = IPCNS_A_LIMITS_MQ },
	{ "MQUMAX", "Max size of POSIX message (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_MQ_MSGSIZE_MAX },
	{ "MQUMNB", "Number of messages in POSIX message queue",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_MSG_MAX },
	{ "MQUMAXDEF", "Default max size of POSIX message (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_MQ_MSGSIZE_DEFAULT },
	{ "MQUMNBDEF", "Default number of messages in POSIX message queue",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_MQ_MSG_DEFAULT },
	{ "SHMMNI", "Shared memory segments",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHMMNI, .used = IPCNS_A_LIMITS_SHM },
	{ "SHMALL", "Shared memory pages",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHMALL, .used = IPCNS_A_LIMITS_SHM_PAGES },
	{ "SHMMAX", "Max size of shared memory segment (bytes)",
	  AS_SIZE, .attr = IPCNS_A_LIMITS_SHMMAX },
	{ "SHMMIN", "Min size of shared memory segment (bytes)", AS_SIZE, .constant = 1 },
	{ "SHMRMIDFORCED", "Segments go when nothing is attached (0 or 1)",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SHM_RMID_FORCED },
	{ "SEMMNI", "Number of semaphore identifiers",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMNI, .used = IPCNS_A_LIMITS_SEM },
	{ "SEMMNS", "Total number of semaphores",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMNS, .used = IPCNS_A_LIMITS_SEMS },
	{ "SEMMSL", "Max semaphores per semaphore set.", AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMMSL },
	{ "SEMOPM", "Max number of operations per semop(2)",
	  AS_NUMBER, .attr = IPCNS_A_LIMITS_SEMOPM },
	{ "SEMVMX", "Semaphore max value", AS_NUMBER, .constant = 32767 },
};

static void fill_name(const struct column *column, const struct row *rec, struct value *cell)
{
	(void)column;
	value_text(cell, limits[rec->line].name);
}

static void fill_help(const struct column *column, const struct row *rec, struct value *cell)
{
	(void)column;
	value_text(cell, limits[rec->line].help);
}

static void fill_limit(const struct column *column, const struct row *rec, struct value *cell)
{
	const struct limit *limit = &limits[rec->line];

	(void)column;
	if (limit->attr)
		value_attr(cell, limit->as, rec->attr[limit->attr]);
	else if (limit->as == AS_SIZE)
		value_size(cell, limit->constant);
	else
		value_number(cell, limit->constant);
}

static void fill_used(const struct column *column, const struct row *rec, struct value *cell)
{
	const struct limit *limit = &limits[rec->line];

	(void)column;
	if (limit->used)
		value_attr(cell, limit->as, rec->attr[limit->used]);
	else
		cell->type = VALUE_MEANINGLESS;
}

/**
 * limits_use - how much of a limit is used
 * @rec: limits of a namespace
 * @line: which of them, from 0 on
 * @name: set to its name
 * @part: set to the part that is used, of 1; below 0 if that means nothing or is not known
 *
 * Returns false if there are no more.
 */
bool limits_use(const struct row *rec, unsigned int line, const char **name, double *part)
{
	const struct limit *limit = &limits[line];
	uint64_t max, used;

	if (line >= ARRAY_SIZE(limits))
		return false;
	*name = limit->name;
	*part = -1;
	if (limit->used && ipcns_uint(rec->attr[limit->attr], &max) &&
	    ipcns_uint(rec->attr[limit->used], &used) && max)
		*part = (double)used / max;
	return true;
}

static void fill_percent(const struct column *column, const struct row *rec, struct value *cell)
{
	const char *name;
	double part;

	(void)column;
	if (!limits[rec->line].used)
		cell->type = VALUE_MEANINGLESS;
	else if (limits_use(rec, rec->line, &name, &part) && part >= 0)
		value_percent(cell, part * 100);
}

static const struct column columns[] = {
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .attr = IPCNS_A_LIMITS_NS_INUM },
	{ "RESOURCE", "resource name", AS_TEXT, .fill = fill_name },
	{ "DESCRIPTION", "resource description", AS_TEXT, .fill = fill_help,
	  .flags = SCOLS_FL_TRUNC },
	{ "LIMIT", "limit of the namespace", AS_NUMBER, .fill = fill_limit },
	{ "USED", "currently used", AS_NUMBER, .fill = fill_used },
	{ "USE%", "currently used, of the limit", AS_PERCENT, .fill = fill_percent },
	{ "NSID", "namespace identity, never reused", AS_NUMBER, .attr = IPCNS_A_LIMITS_NS_ID },
};

/** limit_columns - columns of one limit of one namespace per row */
const struct table_type limit_columns = {
	.root = "limits",
	.defaults = "NS,RESOURCE,DESCRIPTION,LIMIT,USED,USE%",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
};

static void sort_key(const struct row *rec, struct sort_key *key)
{
	ipcns_uint(rec->attr[IPCNS_A_LIMITS_NS_INUM], &key->number[0]);
	ipcns_uint(rec->attr[IPCNS_A_LIMITS_NS_ID], &key->number[1]);
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

/** limits_get_all - add the limits of all namespaces to @store, or die */
void limits_get_all(struct ipcns *w, struct row_store *store)
{
	int ret = ipcns_limits(w, 0, add, row_store_restart, store);

	if (ret)
		module_die(w, ret, "cannot list limits");
}

/**
 * limits_print - print limits
 * @store: messages with the limits of a namespace each
 * @only: namespaces wanted, NULL for all
 * @out: where they go
 */
void limits_print(const struct row_store *store, const struct row_store *only, struct table *out)
{
	struct row rec;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		if (only && !ns_selected(only, rec.attr[IPCNS_A_LIMITS_NS_INUM],
					 rec.attr[IPCNS_A_LIMITS_NS_ID]))
			continue;
		for (rec.line = 0; rec.line < ARRAY_SIZE(limits); rec.line++)
			table_add(out, &rec);
	}
}

/* What limits are in a namespace that has just been created; see the kernel's ipc/ and msg.h. */
static const struct {
	unsigned int attr;
	uint64_t limit;
} kernel_defaults[] = {
	{ IPCNS_A_LIMITS_MSGMNI, 32000 },
	{ IPCNS_A_LIMITS_MSGMAX, 8192 },
	{ IPCNS_A_LIMITS_MSGMNB, 16384 },
	{ IPCNS_A_LIMITS_MQ_QUEUES_MAX, 256 },
	{ IPCNS_A_LIMITS_MQ_MSGSIZE_MAX, 8192 },
	{ IPCNS_A_LIMITS_MQ_MSG_MAX, 10 },
	{ IPCNS_A_LIMITS_MQ_MSGSIZE_DEFAULT, 8192 },
	{ IPCNS_A_LIMITS_MQ_MSG_DEFAULT, 10 },
	{ IPCNS_A_LIMITS_SHMMNI, 4096 },
	{ IPCNS_A_LIMITS_SHMALL, UINT64_MAX - (1UL << 24) },
	{ IPCNS_A_LIMITS_SHMMAX, UINT64_MAX - (1UL << 24) },
	{ IPCNS_A_LIMITS_SHM_RMID_FORCED, 0 },
	{ IPCNS_A_LIMITS_SEMMNI, 32000 },
	{ IPCNS_A_LIMITS_SEMMNS, 1024000000 },
	{ IPCNS_A_LIMITS_SEMMSL, 32000 },
	{ IPCNS_A_LIMITS_SEMOPM, 500 },
};

static bool is_notable(const struct row *rec)
{
	const struct limit *limit = &limits[rec->line];
	uint64_t value;
	size_t i;

	if (limit->used && ipcns_uint(rec->attr[limit->used], &value) && value)
		return true;
	for (i = 0; i < ARRAY_SIZE(kernel_defaults); i++)
		if (limit->attr && kernel_defaults[i].attr == limit->attr &&
		    ipcns_uint(rec->attr[limit->attr], &value))
			return value != kernel_defaults[i].limit;
	return false;
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
	size_t i, n = 0;
	struct row rec;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		for (rec.line = 0; rec.line < ARRAY_SIZE(limits); rec.line++) {
			if (!is_notable(&rec))
				continue;
			table_add(out, &rec);
			n++;
		}
	}
	return n;
}

/** cmd_limits - the command */
int cmd_limits(int argc, char **argv)
{
	struct row_store namespaces = { 0 }, store = { 0 };
	struct column_choice sel;
	struct table_options opts;
	struct table out;
	struct ipcns *w;
	size_t i;

	if (!table_options_table(&opts, &sel, argc, argv, usage, &limit_columns))
		return STATUS_OK;
	w = module_open();
	ns_select(w, argc - optind, argv + optind, &namespaces);
	if (namespaces.n && namespaces.n <= NS_FEW)
		for (i = 0; i < namespaces.n; i++)
			limits_get(w, ns_id(&namespaces.rows[i]), &store);
	else
		limits_get_all(w, &store);
	row_store_sort(&store);

	table_begin(&out, &opts, &sel, NULL);
	limits_print(&store, namespaces.n ? &namespaces : NULL, &out);
	table_end(&out);

	row_store_clear(&namespaces);
	row_store_clear(&store);
	column_choice_free(&sel);
	ipcns_free(w);
	return STATUS_OK;
}
