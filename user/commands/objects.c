// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl objects: the objects of all or some namespaces, or the elements of one of them. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "commands/orphans.h"
#include "ipc/attachments.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_detail.h"
#include "ipc/object_lookup.h"
#include "ipc/process_use.h"
#include "ipc/queue_openers.h"
#include "ipc/undos.h"
#include "ipc/unit.h"
#include "ipc/waiter.h"
#include "ipc/when.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " objects [OPTION...] [NS...]\n\n"
	"Lists IPC objects of all or some namespaces, or shows one in depth.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	" -t, --type KIND,...   shm, sem, msg, mq, pshm, psem; one has its own columns\n"
	"     --key KEY  as in C   --owner USER   --pid PID  that this process uses\n"
	"     --orphans         unused objects; --older-than AGE   --summary  their sums\n"
	"     --attached        segments' attachments, a row per process and address\n"
	" -i, --id ID, --name NAME   one object; sets and queues with all that is in them\n"
	"     --messages, --waiters, --undo   that part; --undo alone: of all sets\n";

enum {
	OPTION_KEY = OPTION_COMMAND,
	OPTION_OWNER,
	OPTION_PID,
	OPTION_ORPHANS,
	OPTION_OLDER_THAN,
	OPTION_SUMMARY,
	OPTION_ATTACHED,
	OPTION_NAME,
	OPTION_PART,	/* + enum depth_part */
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "owner", required_argument, NULL, OPTION_OWNER },
	{ "pid", required_argument, NULL, OPTION_PID },
	{ "orphans", no_argument, NULL, OPTION_ORPHANS },
	{ "older-than", required_argument, NULL, OPTION_OLDER_THAN },
	{ "summary", no_argument, NULL, OPTION_SUMMARY },
	{ "attached", no_argument, NULL, OPTION_ATTACHED },
	{ "id", required_argument, NULL, 'i' },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "messages", no_argument, NULL, OPTION_PART + OBJECT_DETAIL_MESSAGES },
	{ "waiters", no_argument, NULL, OPTION_PART + OBJECT_DETAIL_WAITERS },
	{ "undo", no_argument, NULL, OPTION_PART + OBJECT_DETAIL_UNDO },
	TABLE_LONGOPTS,
	{ 0 }
};

#define ATTACHED_TRIES 3

/* Which objects are wanted. */
struct filter {
	unsigned int kinds;	/* mask; 0 for all */
	bool by_key, by_owner, by_id;
	bool orphans, attached, sums;
	uint64_t older_than;	/* seconds; 0 for any */
	uint32_t key, uid;
	uint64_t id;
	uint64_t pid;		/* 0 if objects of all processes are wanted */
	const char *name;	/* of a POSIX queue, or NULL */
	struct row_store one;	/* the object that has the id, once it was looked up */
	bool unlinked;		/* it is a queue that cannot be asked about by name any more */
	enum object_detail_part part;	/* the only one wanted, DEPTH_FIRST if none was chosen */
};

/* Where rows of a dump go: straight to the output, or into a store to be sorted first. */
struct object_output {
	struct table *out;
	struct row_store *store;	/* NULL if rows go to @out as they come */
	size_t before;		/* rows in the store, or in @out, before the dump */
	bool emitted;		/* a row of this dump is out */
	bool (*possible)(const struct row *row);	/* objects that it is false of are left out */
	const struct row_store *only;	/* namespaces wanted, NULL for all of the dump */
	bool by_owner, of_known;	/* of files: of one user, of namespaces that are known */
	uint32_t uid;
};

static uint64_t parse_owner(const char *text)
{
	struct passwd *pw = getpwnam(text);
	uint64_t uid;

	if (pw)
		return pw->pw_uid;
	if (!parse_uint(text, strlen(text), 10, UINT32_MAX - 1, &uid))
		die(STATUS_ERROR, "unknown user: %s", text);
	return uid;
}

static bool take_filter(struct filter *filter, int c)
{
	switch (c) {
	case 't':
		filter->kinds |= kinds_parse(optarg);
		return true;
	case OPTION_KEY:
		filter->key = object_parse_key(optarg);
		filter->by_key = true;
		return true;
	case OPTION_OWNER:
		filter->uid = parse_owner(optarg);
		filter->by_owner = true;
		return true;
	case OPTION_PID:
		if (!parse_uint(optarg, strlen(optarg), 10, INT32_MAX, &filter->pid) ||
		    !filter->pid)
			die_usage("invalid PID: %s", optarg);
		return true;
	case OPTION_ORPHANS:
		filter->orphans = true;
		return true;
	case OPTION_OLDER_THAN:
		filter->older_than = when_parse_age(optarg);
		return true;
	case OPTION_SUMMARY:
		filter->sums = true;
		return true;
	case OPTION_ATTACHED:
		filter->attached = true;
		return true;
	case OPTION_NAME:
		filter->name = optarg + (*optarg == '/');
		if (!*filter->name || strchr(filter->name, '/'))
			die_usage("invalid name of a queue: %s", optarg);
		return true;
	case OPTION_PART + OBJECT_DETAIL_MESSAGES:
	case OPTION_PART + OBJECT_DETAIL_WAITERS:
	case OPTION_PART + OBJECT_DETAIL_UNDO:
		if (filter->part)
			die_usage("--messages, --waiters and --undo are mutually exclusive");
		filter->part = c - OPTION_PART;
		return true;
	case 'i':
		if (!parse_uint(optarg, strlen(optarg), 10, UINT32_MAX, &filter->id))
			die_usage("invalid id: %s", optarg);
		filter->by_id = true;
		return true;
	}
	return false;
}

/* The one kind that is wanted, or KINDS if they are several. */
static unsigned int only_kind(const struct filter *filter)
{
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (filter->kinds == 1U << kind)
			return kind;
	return KINDS;
}

/* Whether only files in /dev/shm are wanted. */
static bool only_files(const struct filter *filter)
{
	return filter->kinds && !(filter->kinds & ~FILE_KINDS);
}

/* Whether the adjustments of all sets are wanted. */
static bool wants_undos(const struct filter *filter)
{
	return filter->part == OBJECT_DETAIL_UNDO && !filter->by_id && !filter->name;
}

/* What goes with --orphans, with --attached and with --undo of all sets. */
static void check_listing(struct filter *filter)
{
	if ((filter->older_than || filter->sums) && !filter->orphans)
		die_usage("--older-than and --summary go with --orphans only");
	if (wants_undos(filter)) {
		if (filter->orphans || filter->attached || filter->pid)
			die_usage("--undo goes with neither --orphans nor --attached nor --pid");
		if (filter->kinds && only_kind(filter) != IPCNS_KIND_SEM)
			die_usage("--undo is known of sem only");
		filter->kinds = 1U << IPCNS_KIND_SEM;
	}
	if (!filter->attached)
		return;
	if (filter->orphans)
		die_usage("--orphans are attached to by nobody");
	if (filter->kinds && only_kind(filter) != IPCNS_KIND_SHM)
		die_usage("--attached is known of shm only");
	filter->kinds = 1U << IPCNS_KIND_SHM;
}

/* What goes with --id and --name, which mean one object. */
static void check_one(const struct filter *filter, int namespaces)
{
	unsigned int kind = only_kind(filter);

	if (filter->name && kind != IPCNS_KIND_MQ)
		die_usage("--name needs --type mq");
	if (filter->name && namespaces != 1)
		die_usage("--name needs one namespace");
	if (only_files(filter))
		die_usage("--id does not go with types pshm and psem");
	if (filter->by_id && filter->name)
		die_usage("--id and --name are mutually exclusive");
	if (filter->by_key || filter->by_owner || filter->orphans || filter->pid)
		die_usage("--id and --name go with no other filter");
	if (kind < KINDS && filter->part && !object_detail_has(kind, filter->part))
		die_usage("objects of type %s do not have that part", kind_names[kind]);
}

static void check_filter(const struct filter *filter, int namespaces)
{
	if (filter->by_id || filter->name)
		check_one(filter, namespaces);
	else if (filter->part && !wants_undos(filter))
		die_usage("--messages and --waiters need --id or --name; \"" PROGRAM
			  " waiters\" lists all who wait");
	if (only_files(filter) && filter->by_key)
		die_usage("objects of type pshm and psem have no key");
	if (filter->pid && (filter->orphans || filter->attached))
		die_usage("--pid goes with neither --orphans nor --attached");
}

/* Whether one object is wanted, of a kind of which there is more to tell. */
static bool in_depth(const struct filter *filter)
{
	return (filter->by_id || filter->name) && !filter->unlinked &&
	       object_detail_has(only_kind(filter), OBJECT_DETAIL_FIRST);
}

/* Whether files in /dev/shm can match. */
static bool can_have_files(const struct filter *filter)
{
	return !filter->by_key && !filter->by_id && !filter->attached && !wants_undos(filter);
}

static const struct table_type *filter_columns(const struct filter *filter)
{
	static struct table_type used = { .n = 0 };
	static char with_use[256];
	const struct table_type *set;
	unsigned int kind = only_kind(filter);

	if (filter->orphans)
		return filter->sums ? &orphan_sum_columns : &orphan_columns;
	if (in_depth(filter))
		set = object_detail_columns(kind, filter->part);
	else if (filter->attached)
		set = &attachment_columns;
	else if (wants_undos(filter))
		set = &all_undo_columns;
	else
		set = kind < KINDS ? &kind_columns[kind] :
		      only_files(filter) ? &file_columns : &object_columns;
	if (!set)	/* which check_filter() says better */
		set = &object_columns;
	if (!filter->pid)
		return set;
	used = *set;
	snprintf(with_use, sizeof(with_use), "%s," OBJECT_USE, set->defaults);
	used.defaults = with_use;
	return &used;
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct object_output *output = arg;
	struct row row;

	if (output->store && !output->only && !output->possible) {
		row_store_add(output->store, attrs, len, object_sort_key);
		return;
	}
	if (!object_parse(&row, attrs, len) || (output->possible && !output->possible(&row)))
		return;
	if (output->only && !ns_selected(output->only, row.attr[IPCNS_A_OBJECT_NS_INUM],
					 row.attr[IPCNS_A_OBJECT_NS_ID]))
		return;
	if (output->store) {
		row_store_add(output->store, attrs, len, object_sort_key);
	} else if (table_can_sort(output->out)) {
		table_add_sorted(output->out, &row, object_sort_key);
	} else {
		table_add(output->out, &row);
		output->emitted = true;
	}
}

static bool restart(void *arg)
{
	struct object_output *output = arg;

	if (output->store)
		row_store_truncate(output->store, output->before);
	else if (table_can_sort(output->out))
		table_truncate(output->out, output->before);
	return !output->emitted;
}

/* Objects of one namespace, or of all if @id is 0. */
static void dump(struct ipcns *w, uint64_t id, const struct filter *filter,
		 struct object_output *output)
{
	const struct ipcns_object_filter wanted = {
		.ns_id = id,
		.kinds = filter->kinds & ALL_MODULE_KINDS,
		.key = filter->by_key ? &filter->key : NULL,
		.uid = filter->by_owner ? &filter->uid : NULL,
	};
	int ret;

	output->before = output->store ? output->store->n : table_mark(output->out);
	output->emitted = false;
	ret = ipcns_objects(w, &wanted, add, restart, output);
	if (ret)
		module_die(w, ret, "cannot list objects");
}

/* Whether files in /dev/shm are wanted: those of all kinds, too, only if all can be found. */
static bool wants_files(const struct filter *filter)
{
	return can_have_files(filter) &&
	       (filter->kinds ? filter->kinds & FILE_KINDS : posix_shm_permitted());
}

static void add_file(struct nlattr *attrs, int len, void *arg)
{
	struct object_output *output = arg;
	struct row row;
	uint64_t uid;

	if (!object_parse(&row, attrs, len) ||
	    (output->by_owner && (!ipcns_uint(row.attr[IPCNS_A_OBJECT_UID], &uid) ||
				  uid != output->uid)) ||
	    (output->of_known && !row.attr[IPCNS_A_OBJECT_NS_ID]))
		return;
	add(attrs, len, arg);
}

static void dump_files(struct ipcns *w, const struct row_store *namespaces,
		       const struct filter *filter, struct object_output *output)
{
	struct row_store all = { 0 };
	struct posix_shm found = { 0 };

	output->only = namespaces->n ? namespaces : NULL;
	output->by_owner = filter->by_owner;
	output->uid = filter->uid;
	output->of_known = !filter->kinds;
	posix_shm_read(&found, true, filter->pid);
	ns_select_all(w, &all);
	file_objects_get(&found, &all, filter->kinds ?: FILE_KINDS, add_file, output);
	row_store_clear(&all);
	posix_shm_free(&found);
}

static void dump_selected(struct ipcns *w, const struct row_store *namespaces,
			  const struct filter *filter, struct object_output *output)
{
	size_t i;

	if (only_files(filter))
		return;
	if (!namespaces->n || namespaces->n > NS_FEW) {
		output->only = namespaces->n ? namespaces : NULL;
		dump(w, 0, filter, output);
		return;
	}
	for (i = 0; i < namespaces->n; i++)
		dump(w, ns_id(&namespaces->rows[i]), filter, output);
}

/* Asks for all that the filter leaves of the namespaces, and for who has it attached. */
static void read_attached(struct ipcns *w, const struct row_store *namespaces,
			  const struct filter *filter, struct attachments *attached)
{
	bool others = !filter->by_key && !filter->by_owner && !filter->by_id;
	struct row_store store = { 0 };
	struct object_output output = { .store = &store };

	if (filter->by_id)
		row_store_add(&store, filter->one.rows->attrs, filter->one.rows->len,
			      object_sort_key);
	else
		dump_selected(w, namespaces, filter, &output);
	attached->only = namespaces->n > 1 ? namespaces : NULL;
	attachments_get(w, namespaces->n == 1 ? ns_id(namespaces->rows) : 0, attached);
	attachments_settle(attached, &store, others);
	row_store_clear(&store);
}

static void print_attached(struct ipcns *w, const struct row_store *namespaces,
			   const struct filter *filter, struct table *out)
{
	struct attachments attached = { 0 };
	int tries;

	for (tries = 0; tries < ATTACHED_TRIES; tries++) {
		holders_clear(&attached.rows);
		attached.incomplete = 0;
		attached.truncated = 0;
		read_attached(w, namespaces, filter, &attached);
		if (!attached.incomplete)
			break;
	}
	attachments_print(&attached, out);
	if (attached.incomplete)
		error("changed while reading: attachments of %zu segments do not add up, see NOTE",
		      attached.incomplete);
	if (attached.truncated)
		error("not all attachments of %zu segments are listed, see NOTE",
		      attached.truncated);
	holders_free(&attached.rows);
}

static void print_stored(struct ipcns *w, const struct filter *filter, struct row_store *store,
			 struct table *out)
{
	struct process_uses uses;
	struct row row;
	size_t i;

	row_store_sort(store);
	for (i = 0; i < store->n; i++) {
		if (object_parse(&row, store->rows[i].attrs, store->rows[i].len)) {
			if (filter->pid) {
				uses.mask = process_use_read(w, &row);
				row.data = &uses;
			}
			if (!filter->pid || uses.mask)
				table_add(out, &row);
		}
		/* A large table needs the memory now. */
		free(store->rows[i].attrs);
		store->rows[i].attrs = NULL;
	}
}

/* Finds the object that has the id, and takes over its kind, its namespace and its name. */
static void find_one(struct ipcns *w, const char *where, struct filter *filter,
		     struct row_store *namespaces)
{
	const char *name;
	char ns[32], *arg = ns;
	struct row row;
	size_t len;

	object_lookup(w, namespaces, filter->kinds, filter->id, &filter->one);
	if (filter->one.n != 1)
		object_lookup_die(&filter->one, filter->kinds, filter->id, where);
	if (!object_parse(&row, filter->one.rows->attrs, filter->one.rows->len) ||
	    row.kind >= KINDS)
		die(STATUS_ERROR, "malformed answer");
	filter->kinds = 1U << row.kind;
	if (row.kind == IPCNS_KIND_MQ) {
		name = ipcns_text(row.attr[IPCNS_A_OBJECT_NAME], &len);
		filter->unlinked = !name || object_is_unlinked(&row);
		filter->name = filter->unlinked ? NULL : strndup(name, len);
	}
	if (filter->part && filter->unlinked)
		die(STATUS_ERROR, "queue %u is unlinked: its parts cannot be listed",
		    (unsigned int)filter->id);
	if (filter->part && !object_detail_has(row.kind, filter->part))
		die_usage("objects of type %s do not have that part", kind_names[row.kind]);
	if (namespaces->n == 1)
		return;
	row_store_clear(namespaces);
	snprintf(ns, sizeof(ns), "id=%llu",
		 (unsigned long long)filter->one.rows->key.number[1]);
	ns_select(w, 1, &arg, namespaces);
}

static int print_in_depth(struct ipcns *w, const struct row_store *namespaces, const char *arg,
			  const struct filter *filter, const struct table_options *opts)
{
	const struct object_detail detail = {
		.kind = only_kind(filter),
		.nsid = ns_id(namespaces->rows),
		.ns = arg,
		.id = filter->id,
		.name = filter->name,
		.part = filter->part,
		/* One table is all that -r, -o and the order and choice of rows can mean. */
		.only = filter->part || opts->raw || opts->output || opts->output_all ||
			opts->sort || opts->filter,
	};

	return object_detail_print(w, &detail, opts);
}

static void print_orphans(struct ipcns *w, const struct row_store *namespaces,
			  const struct filter *filter, struct table *out)
{
	const struct orphan_filter wanted = {
		.kinds = filter->kinds,
		.key = filter->by_key ? &filter->key : NULL,
		.uid = filter->by_owner ? &filter->uid : NULL,
		.older_than = filter->older_than,
	};

	orphans_print(w, namespaces, &wanted, filter->sums, out);
}

static int print_objects(struct ipcns *w, const struct row_store *namespaces,
			 struct filter *filter, const struct table_options *opts,
			 const struct column_choice *columns)
{
	int status = STATUS_OK;
	struct row_store store = { 0 };
	struct table out;
	struct object_output output = {
		.out = &out,
		.possible = filter->pid ? process_use_possible :
			    wants_undos(filter) ? undos_possible : NULL,
	};

	table_begin(&out, opts, columns, NULL);
	/* Raw lines go out as they come, in the kernel's order, so that memory stays flat. */
	if (filter->pid || wants_undos(filter) || opts->sort || (!table_can_sort(&out) && !opts->raw))
		output.store = &store;
	if (filter->attached) {
		print_attached(w, namespaces, filter, &out);
	} else if (filter->orphans) {
		print_orphans(w, namespaces, filter, &out);
	} else if (filter->by_id) {
		print_stored(w, filter, &filter->one, &out);
	} else if (wants_undos(filter)) {
		dump_selected(w, namespaces, filter, &output);
		row_store_sort(&store);
		status = undos_print(w, &store, &out);
	} else {
		dump_selected(w, namespaces, filter, &output);
		if (wants_files(filter))
			dump_files(w, namespaces, filter, &output);
		print_stored(w, filter, &store, &out);
	}
	table_end(&out);
	row_store_clear(&store);
	return status;
}

/** cmd_objects - the command */
int cmd_objects(int argc, char **argv)
{
	struct row_store namespaces = { 0 };
	struct filter filter = { 0 };
	const struct table_type *set;
	const char *where;
	bool early;
	int status = STATUS_OK;
	struct column_choice columns;
	struct table_options opts;
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING "t:i:", longopts, NULL)) != -1)
		if (!table_options_take(&opts, c) && !take_filter(&filter, c))
			die_usage(NULL);
	check_listing(&filter);
	set = filter_columns(&filter);
	if (table_options_finish(&opts, usage, set))
		return STATUS_OK;
	check_filter(&filter, argc - optind);
	early = !filter.by_id || only_kind(&filter) < KINDS;
	if (early)	/* an unknown column is an error with or without the module */
		table_choose(&opts, &columns, set);

	w = module_open();
	ns_select(w, argc - optind, argv + optind, &namespaces);
	where = argc - optind == 1 ? argv[optind] : NULL;
	if (filter.by_id)
		find_one(w, where, &filter, &namespaces);
	if (!early)
		table_choose(&opts, &columns, filter_columns(&filter));
	if (filter.pid)
		process_use_begin(w, filter.pid, filter.kinds);
	else if (column_choice_has(&columns, OBJECT_OPENERS))
		openers_read(w);
	if (filter.sums || (filter.orphans && column_choice_has(&columns, OBJECT_UNIT)))
		units_read(w);
	if (in_depth(&filter))
		status = print_in_depth(w, &namespaces, where ?: "all", &filter, &opts);
	else
		status = print_objects(w, &namespaces, &filter, &opts, &columns);
	if (!status)
		report_part(!filter.kinds && can_have_files(&filter));

	process_use_end();
	openers_clear();
	units_clear();
	row_store_clear(&filter.one);
	row_store_clear(&namespaces);
	column_choice_free(&columns);
	ipcns_free(w);
	return status;
}
