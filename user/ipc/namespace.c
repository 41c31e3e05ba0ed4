// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces as rows: their columns, and finding the ones that arguments name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/ipcns.h>

#include "host/container_name.h"
#include "host/process.h"
#include "ipc/actor.h"
#include "ipc/file_object.h"
#include "ipc/holder.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/orphan_fs.h"
#include "ipc/unit.h"
#include "util.h"

/** ns_state_names - states by their number on the wire */
const char *const ns_state_names[NS_STATES] = {
	[IPCNS_STATE_ACTIVE] = "active",
	[IPCNS_STATE_PINNED] = "pinned",
	[IPCNS_STATE_DYING] = "dying",
};

static void fill_state(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t state;

	(void)column;
	if (!ipcns_uint(row->attr[IPCNS_A_NS_STATE], &state))
		return;
	if (state < NS_STATES)
		value_text(value, ns_state_names[state]);
	else if (state == ORPHAN_FS_STATE)
		value_text(value, ORPHAN_FS_NAME);
}

/* A process id; 0 stands for a process that is not visible in the caller's pid namespace. */
static void fill_pid(const struct column *column, const struct row *row, struct value *value)
{
	uint64_t pid;

	if (ipcns_uint(row->attr[column->attr], &pid) && pid)
		value_number(value, pid);
}

/* Owner of the process that is shown, or of the user namespace if nobody is inside. */
static void fill_owner(const struct column *column, const struct row *row, struct value *value)
{
	struct nlattr *uid = row->attr[IPCNS_A_NS_UID];

	value_attr(value, column->as, uid ? uid : row->attr[IPCNS_A_NS_OWNER_UID]);
}

static void fill_command(const struct column *column, const struct row *row, struct value *value)
{
	value_attr(value, column->as, row->attr[IPCNS_A_NS_PID]);
	if (value->type == VALUE_UNKNOWN)
		value_attr(value, AS_TEXT, row->attr[IPCNS_A_NS_COMM]);
}

static void fill_cgroup(const struct column *column, const struct row *row, struct value *value)
{
	const char *path = NULL;
	uint64_t pid;
	size_t len;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_NS_PID], &pid) && pid)
		path = proc_cgroup(pid, &len);
	if (path)
		value_bytes(value, path, len);
}

static void fill_container(const struct column *column, const struct row *row, struct value *value)
{
	const char *name = NULL;
	uint64_t pid;
	size_t len;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_NS_PID], &pid))
		name = container_name(pid, &len);
	if (name)
		value_bytes(value, name, len);
}

/*
 * Of a process below a namespace, "-" if it has none though the namespace has one, and blank if it
 * is the namespace's.
 */
static void fill_unit(const struct column *column, const struct row *row, struct value *value)
{
	const struct ns_facts *facts = row->data;
	uint64_t pid;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_NS_PID], &pid))
		value_unit(value, pid);
	if (!facts || !facts->unit_len)
		return;
	if (facts->below && value->type == VALUE_UNKNOWN)
		value->type = VALUE_MEANINGLESS;
	else if (!facts->below)
		value_bytes(value, facts->unit, facts->unit_len);
	else if (value->len == facts->unit_len && !memcmp(value->text, facts->unit, value->len))
		value->type = VALUE_UNKNOWN;
}

/* Kinds of what keeps it; unknown unless somebody looked. */
static void fill_held(const struct column *column, const struct row *row, struct value *value)
{
	static char words[128];
	const struct ns_facts *facts = row->data;
	unsigned int kind;

	(void)column;
	if (!facts || !facts->has_holders)
		return;
	words[0] = '\0';
	for (kind = 0; kind <= HOLDER_UNATTRIBUTED; kind++) {
		if (!(facts->holders & 1U << kind))
			continue;
		if (*words)
			strcat(words, ",");
		strcat(words, holder_names[kind]);
	}
	value_list(value, words, strlen(words));
}

/* Of an mqueue filesystem without a namespace. */
static void fill_mount(const struct column *column, const struct row *row, struct value *value)
{
	const char *text = NULL;
	uint64_t dev;
	size_t len;

	(void)column;
	if (ipcns_uint(row->attr[IPCNS_A_NS_MQ_DEV], &dev))
		text = orphan_fs_mount(dev, &len);
	if (text)
		value_bytes(value, text, len);
}

/* Memory of all segments; unknown unless somebody looked. */
static void fill_memory(const struct column *column, const struct row *row, struct value *value)
{
	const struct ns_facts *facts = row->data;

	if (facts && facts->has_memory)
		value_size(value, column->nest == IPCNS_A_SHM_SWAP ? facts->shm_swap :
								     facts->shm_rss);
}

/* Files in /dev/shm; unknown unless somebody looked. */
static void fill_files(const struct column *column, const struct row *row, struct value *value)
{
	const struct ns_facts *facts = row->data;

	if (!facts || !facts->files)
		return;
	if (column->as == AS_SIZE)
		value_size(value, facts->files->bytes[0] + facts->files->bytes[1]);
	else
		value_number(value, facts->files->n[column->nest]);
}

static const struct column columns[] = {
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .attr = IPCNS_A_NS_INUM },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_NS_ID },
	{ "STATE", "active, pinned (no member), dying; or orphan-fs", AS_TEXT, .fill = fill_state },
	{ "NPROCS", "number of processes in the namespace", AS_NUMBER, .attr = IPCNS_A_NS_NPROCS },
	{ "PID", "lowest PID in the namespace", AS_NUMBER, .attr = IPCNS_A_NS_PID,
	  .fill = fill_pid },
	{ "PPID", "PPID of the PID", AS_NUMBER, .attr = IPCNS_A_NS_PPID },
	{ "UID", "UID of the PID, or of the namespace's owner", AS_NUMBER, .fill = fill_owner },
	{ "USER", "username of the UID", AS_USER, .fill = fill_owner },
	{ "SHM", "number of shared memory segments", AS_NUMBER, .attr = IPCNS_A_NS_SHM },
	{ "SEM", "number of semaphore sets", AS_NUMBER, .attr = IPCNS_A_NS_SEM },
	{ "MSG", "number of System V message queues", AS_NUMBER, .attr = IPCNS_A_NS_MSG },
	{ "MQ", "number of POSIX message queues", AS_NUMBER, .attr = IPCNS_A_NS_MQ },
	{ "COMMAND", "command line of the PID", AS_COMMAND, .fill = fill_command,
	  .flags = SCOLS_FL_TRUNC },
	{ "ONS", "owner namespace identifier (inode number)", AS_NUMBER,
	  .attr = IPCNS_A_NS_OWNER_INUM },
	{ "CGPATH", "control group of the PID", AS_TEXT, .fill = fill_cgroup,
	  .flags = SCOLS_FL_TRUNC },
	{ "UNIT", "service, session, container or job of the PID", AS_TEXT, .fill = fill_unit,
	  .flags = SCOLS_FL_TRUNC },
	{ "CONTAINER", "name that its engine knows the PID's container by", AS_TEXT,
	  .fill = fill_container, .flags = SCOLS_FL_TRUNC },
	{ "REFS", "references on the namespace", AS_NUMBER, .attr = IPCNS_A_NS_REFS },
	{ "SEMS", "number of semaphores in all sets", AS_NUMBER, .attr = IPCNS_A_NS_SEMS },
	{ "MSGS", "number of System V messages", AS_NUMBER, .attr = IPCNS_A_NS_MSGS },
	{ "SHMBYTES", "size of System V segments, in whole pages", AS_SIZE, .attr = IPCNS_A_NS_SHM_BYTES },
	{ NS_SHMRSS, "bytes of segments that are resident in memory", AS_SIZE, .nest = IPCNS_A_SHM_RSS,
	  .fill = fill_memory },
	{ NS_SHMSWAP, "bytes of segments that are swapped out", AS_SIZE, .nest = IPCNS_A_SHM_SWAP,
	  .fill = fill_memory },
	{ NS_PSHM, "POSIX shared memory objects in its /dev/shm", AS_NUMBER, .fill = fill_files },
	{ NS_PSEM, "named semaphores in its /dev/shm", AS_NUMBER, .nest = 1, .fill = fill_files },
	{ NS_PSHMBYTES, "memory of objects in /dev/shm", AS_SIZE, .fill = fill_files },
	{ "MSGBYTES", "bytes in System V messages", AS_SIZE, .attr = IPCNS_A_NS_MSG_BYTES },
	{ "MQBYTES", "bytes in POSIX messages", AS_SIZE, .attr = IPCNS_A_NS_MQ_BYTES },
	{ "CREATED", "time of creation, if known", AS_TIME, .attr = IPCNS_A_NS_BORN,
	  .fill = actor_fill_time },
	{ "CREATOR", "command that created it, if known, and its PID", AS_TEXT,
	  .attr = IPCNS_A_NS_BORN, .fill = actor_fill },
	{ "CUID", "UID of the creator", AS_NUMBER, .attr = IPCNS_A_NS_BORN,
	  .fill = actor_fill_user },
	{ "CUSER", "username of the creator", AS_USER, .attr = IPCNS_A_NS_BORN,
	  .fill = actor_fill_user },
	{ "DIED", "time at which the last reference was dropped", AS_TIME, .attr = IPCNS_A_NS_DYING,
	  .fill = actor_fill_time },
	{ "DROPPER", "command that dropped the last reference, and its PID", AS_TEXT,
	  .attr = IPCNS_A_NS_DYING, .fill = actor_fill },
	{ "DUSER", "username of the DROPPER", AS_USER, .attr = IPCNS_A_NS_DYING,
	  .fill = actor_fill_user },
	{ NS_HELD, "what keeps it: task, nsfs, mount, shm, unattributed", AS_LIST,
	  .fill = fill_held },
	{ "MOUNT", "of an orphan-fs: where it is mounted", AS_TEXT, .fill = fill_mount,
	  .flags = SCOLS_FL_TRUNC },
};

/* What is as it should be stays plain. */
static const char *state_color(const struct row *row)
{
	uint64_t state;

	if (!ipcns_uint(row->attr[IPCNS_A_NS_STATE], &state))
		return NULL;
	if (state == IPCNS_STATE_DYING)
		return "red";
	return state == IPCNS_STATE_PINNED || state == ORPHAN_FS_STATE ? "yellow" : NULL;
}

/** ns_columns - columns of one namespace per row */
const struct table_type ns_columns = {
	.root = "namespaces",
	.defaults = "NS,STATE,NPROCS,PID,USER,SHM,SEM,MSG,MQ,SHMBYTES,UNIT,COMMAND",
	.columns = columns,
	.n = ARRAY_SIZE(columns),
	.color = state_color,
};

/** ns_sort_key - rows by inode number, then identity */
void ns_sort_key(const struct row *row, struct sort_key *key)
{
	ipcns_uint(row->attr[IPCNS_A_NS_INUM], &key->number[0]);
	ipcns_uint(row->attr[IPCNS_A_NS_ID], &key->number[1]);
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	row_store_add(arg, attrs, len, ns_sort_key);
}

/** ns_is_dying - whether the last reference of a namespace is gone */
bool ns_is_dying(const struct row *row)
{
	uint64_t state;

	return ipcns_uint(row->attr[IPCNS_A_NS_STATE], &state) && state == IPCNS_STATE_DYING;
}

/* The text of a column, as it is; "" if it has none. Valid until the next call. */
static const char *value_string(const struct row *row, const char *name)
{
	static const struct value_format format = { .time = TIME_ISO };
	static struct buffer buf;
	struct value value;

	column_fill(column_find(&ns_columns, name, strlen(name)), row, &value);
	value_render(&value, &format);
	buf.len = 0;
	if (value.type != VALUE_UNKNOWN)
		buffer_plain(&buf, value.text, value.len);
	*buffer_room(&buf, 1) = '\0';
	return buf.bytes;
}

/**
 * ns_describe_dying - say when and why a namespace began to die
 * @row: the namespace
 * @text: set to a sentence, if it is dying
 * @size: room there
 *
 * Returns whether it is dying.
 */
bool ns_describe_dying(const struct row *row, char *text, size_t size)
{
	char time[64], by[128];

	if (!ns_is_dying(row))
		return false;
	snprintf(time, sizeof(time), "%s", value_string(row, "DIED"));
	snprintf(by, sizeof(by), "%s", value_string(row, "DROPPER"));
	snprintf(text, size, "namespace %s is dying%s%s%s%s", value_string(row, "NS"),
		 *time ? ": its last reference was dropped at " : "", time, *by ? " by " : "", by);
	return true;
}

/** ns_refuse_dying - die with the time and the cause of its end if a namespace is dying */
void ns_refuse_dying(const struct row *row)
{
	char text[256];

	if (ns_describe_dying(row, text, sizeof(text)))
		die(STATUS_ERROR, "%s", text);
}

/** ns_id - the identity of a stored namespace */
uint64_t ns_id(const struct stored_row *row)
{
	return row->key.number[1];
}

/** ns_parse - what the user named a namespace by, or die */
void ns_parse(const char *arg, struct ipcns_name *ns)
{
	char why[256];

	if (ipcns_name_parse(arg, ns, why, sizeof(why)))
		return;
	/* the library knows no units: a word alone is taken for a file */
	if (*arg && !strpbrk(arg, "/=:") && access(arg, F_OK))
		die(STATUS_ERROR, "namespace \"%s\": give an inode number, ipc:[INODE], id=NSID, pid=PID or a path; for a unit, unit=%s",
		    arg, arg);
	die(STATUS_ERROR, "namespace \"%s\": %s", arg, why);
}

static void die_ambiguous(const struct ipcns_name *ns)
{
	die(STATUS_ERROR, "inode %llu is ambiguous, use id=NSID", (unsigned long long)ns->value);
}

/**
 * ns_check_lookup - die if a look-up failed, unless there just is no such namespace
 * w: the connection
 * arg: the namespace as the user named it
 * ns: what ipcns_name_parse() made of it
 * ret: what ipcns_lookup() returned: 0, or -ENOENT, for the caller to handle
 */
void ns_check_lookup(struct ipcns *w, const char *arg, const struct ipcns_name *ns, int ret)
{
	if (ret == -ENOENT && ns->exists)
		die(STATUS_ERROR, "namespace \"%s\" is hidden: it takes CAP_SYS_ADMIN in its "
		    "user namespace (module parameter access=owner)", arg);
	if (ret == -ENOTUNIQ)
		die_ambiguous(ns);
	if (ret && ret != -ENOENT)
		module_die(w, ret, "namespace \"%s\"", arg);
}

/* Adds the namespace that arg names, or dies. */
static void look_up(struct ipcns *w, const char *arg, const struct ipcns_name *ns,
		    struct row_store *store)
{
	size_t n = store->n;
	int ret = ipcns_lookup(w, ns, add, store);

	ns_check_lookup(w, arg, ns, ret);
	if (ret)
		die(STATUS_ERROR, "no IPC namespace \"%s\"", arg);
	if (store->n != n + 1)
		die(STATUS_ERROR, "namespace \"%s\": malformed answer", arg);
}

static int compare_ids(const void *p, const void *q)
{
	const struct stored_row *const *a = p, *const *b = q;

	return (ns_id(*a) > ns_id(*b)) - (ns_id(*a) < ns_id(*b));
}

/* The first row with an inode number; NULL if there is none. */
static const struct stored_row *first_row(const struct row_store *all, uint64_t inum)
{
	const struct stored_row wanted = { .key.number[0] = inum };
	const size_t i = first_not_below(&wanted, all->rows, all->n, sizeof(wanted),
					 stored_row_compare);

	return i < all->n && all->rows[i].key.number[0] == inum ? &all->rows[i] : NULL;
}

/**
 * ns_find_live - the namespace with an inode number that is not dying
 * @all: all namespaces, sorted by inode number
 * @inum: the number; it can be used again while the namespace that had it is dying
 *
 * Returns its row; NULL if there is none.
 */
const struct stored_row *ns_find_live(const struct row_store *all, uint64_t inum)
{
	const struct stored_row *stored = first_row(all, inum);
	struct row row;

	for (; stored && stored < all->rows + all->n && stored->key.number[0] == inum; stored++)
		if (row_parse(&row, stored->attrs, stored->len) && !ns_is_dying(&row))
			return stored;
	return NULL;
}

/* The row of all, which is sorted by inode number, that ns means; NULL if there is none. */
static const struct stored_row *find(const struct row_store *all, const struct stored_row **by_id,
				     const struct ipcns_name *ns)
{
	const struct stored_row wanted = { .key.number[1] = ns->value }, *key = &wanted, *row;
	size_t i;

	if (ns->by_id) {
		i = first_not_below(&key, by_id, all->n, sizeof(key), compare_ids);
		return i < all->n && ns_id(by_id[i]) == ns->value ? by_id[i] : NULL;
	}
	row = ns_find_live(all, ns->value);
	if (row)
		return row;
	row = first_row(all, ns->value);
	if (row && row + 1 < all->rows + all->n && row[1].key.number[0] == ns->value)
		die_ambiguous(ns);
	return row;
}

#define UNIT "unit="

/** ns_is_unit - whether an argument names a namespace by a unit, for ns_select() */
bool ns_is_unit(const char *arg)
{
	return !strncmp(arg, UNIT, strlen(UNIT));
}

static void select_among_all(struct ipcns *w, int argc, char **argv, struct row_store *store)
{
	const struct stored_row **by_id, *row;
	struct row_store all = { 0 };
	struct ipcns_name ns;
	size_t i;
	int k;

	ns_select_all(w, &all);
	by_id = xrealloc(NULL, all.n, sizeof(*by_id));
	for (i = 0; i < all.n; i++)
		by_id[i] = &all.rows[i];
	if (all.n)
		qsort(by_id, all.n, sizeof(*by_id), compare_ids);
	for (k = 0; k < argc; k++) {
		if (ns_is_unit(argv[k])) {
			row = unit_find(&all, argv[k] + strlen(UNIT));
			row_store_add(store, row->attrs, row->len, ns_sort_key);
			continue;
		}
		ns_parse(argv[k], &ns);
		row = find(&all, by_id, &ns);
		if (row)
			row_store_add(store, row->attrs, row->len, ns_sort_key);
		else	/* the kernel says why, unless it is just born */
			look_up(w, argv[k], &ns, store);
	}
	free(by_id);
	row_store_clear(&all);
}

/**
 * ns_select - look up the namespaces that arguments name
 * w: the connection
 * argc: number of arguments
 * argv: arguments
 * store: rows, sorted by inode number, one per namespace however often it is named
 *
 * Does not return if one of them does not exist.
 */
void ns_select(struct ipcns *w, int argc, char **argv, struct row_store *store)
{
	struct ipcns_name ns;
	bool all = argc > NS_FEW;
	int i;

	for (i = 0; i < argc; i++)
		all |= ns_is_unit(argv[i]);
	if (all) {
		select_among_all(w, argc, argv, store);
	} else {
		for (i = 0; i < argc; i++) {
			ns_parse(argv[i], &ns);
			look_up(w, argv[i], &ns, store);
		}
	}
	row_store_sort(store);
	row_store_unique(store);
}

/** ns_compare - order of rows by their namespace, for qsort(3) and bsearch(3) */
int ns_compare(const void *p, const void *q)
{
	const struct stored_row *a = p, *b = q;
	int i;

	for (i = 0; i < 2; i++)
		if (a->key.number[i] != b->key.number[i])
			return a->key.number[i] < b->key.number[i] ? -1 : 1;
	return 0;
}

/**
 * ns_selected - whether a row belongs to one of some namespaces
 * store: the namespaces, sorted
 * inum: inode number in the row
 * id: identity in the row
 */
bool ns_selected(const struct row_store *store, struct nlattr *inum, struct nlattr *id)
{
	struct stored_row wanted = { 0 };

	return ipcns_uint(inum, &wanted.key.number[0]) && ipcns_uint(id, &wanted.key.number[1]) &&
	       store->n && bsearch(&wanted, store->rows, store->n, sizeof(wanted), ns_compare);
}

/** ns_select_all - look up all namespaces, sorted by inode number */
void ns_select_all(struct ipcns *w, struct row_store *store)
{
	int ret = ipcns_namespaces(w, 0, add, row_store_restart, store);

	if (ret)
		module_die(w, ret, "cannot list namespaces");
	row_store_sort(store);
}
