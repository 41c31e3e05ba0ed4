// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl list: one row for each namespace. */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/file_object.h"
#include "ipc/member_processes.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object_sums.h"
#include "ipc/orphan_fs.h"
#include "ipc/references.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " [list] [OPTION...] [NS...]\n\n"
	"Lists IPC namespaces.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"     --state STATE,...  only active, pinned, dying, orphan-fs\n"
	"     --tree             processes, each below its namespace\n";

enum {
	OPTION_TREE = OPTION_COMMAND,
	OPTION_STATE,
};

static const struct option longopts[] = {
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "tree", no_argument, NULL, OPTION_TREE },
	TABLE_LONGOPTS,
	{ 0 }
};

/* Filesystems without a namespace, in a mask of states. */
#define ORPHANS (1U << NS_STATES)

/* A mask of 1 << enum ipcns_state, and ORPHANS. */
static unsigned int parse_states(const char *list)
{
	unsigned int states = 0, state;
	const char *name;
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		for (state = 0; state <= NS_STATES; state++) {
			name = state < NS_STATES ? ns_state_names[state] : ORPHAN_FS_NAME;
			if (strlen(name) == len && !strncmp(name, list, len))
				break;
		}
		if (state > NS_STATES)
			die_usage("unknown state: %.*s (active, pinned, dying or orphan-fs)",
				  (int)len, list);
		states |= 1U << state;
		if (!list[len])
			return states;
	}
}

/* Whether a namespace is in one of the states that are wanted, or all of them are. */
static bool has_state(const struct row *row, unsigned int states)
{
	uint64_t state;

	return !states || (ipcns_uint(row->attr[IPCNS_A_NS_STATE], &state) &&
			   state < NS_STATES && states & 1U << state);
}

/* Leaves the namespaces in @store that have one of these states. */
static void select_states(struct row_store *store, unsigned int states)
{
	struct stored_row other;
	size_t i, kept = 0;
	struct row row;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&row, store->rows[i].attrs, store->rows[i].len) ||
		    !has_state(&row, states))
			continue;
		other = store->rows[kept];
		store->rows[kept++] = store->rows[i];
		store->rows[i] = other;
	}
	row_store_truncate(store, kept);
}

/*
 * People find all processes below it: the first one need not stand in its own row, too. Its unit
 * does, so that it does not stand in all rows.
 */
static void forget_process(struct row *row, struct ns_facts *facts)
{
	static struct buffer unit;	/* kept for its memory */
	struct value value;

	column_fill(column_get(&ns_columns, "UNIT", strlen("UNIT")), row, &value);
	unit.len = 0;
	if (value.type != VALUE_UNKNOWN)
		buffer_plain(&unit, value.text, value.len);
	facts->unit = unit.bytes;
	facts->unit_len = unit.len;
	row->attr[IPCNS_A_NS_PID] = NULL;
	row->attr[IPCNS_A_NS_PPID] = NULL;
	row->attr[IPCNS_A_NS_UID] = NULL;
	row->attr[IPCNS_A_NS_COMM] = NULL;
}

/* What columns show that take more than a look at namespaces. */
struct details {
	struct references references;
	struct object_sums *memory;	/* of each row, or NULL if nobody asked for it */
	struct file_sums *files;	/* the same */
	struct row_store members;
};

static void fill_facts(const struct details *details, const struct row_store *store, size_t i,
		       struct row *row, struct ns_facts *facts)
{
	const struct ns_references *account = references_of(&details->references, &store->rows[i]);

	*facts = (struct ns_facts){ 0 };
	if (account) {
		facts->has_holders = true;
		facts->holders = account->held;
	}
	if (details->memory && !details->memory[i].unknown && !ns_is_dying(row)) {
		facts->has_memory = true;
		facts->shm_rss = details->memory[i].rss;
		facts->shm_swap = details->memory[i].swap;
	}
	if (details->files && !ns_is_dying(row))
		facts->files = &details->files[i];
	row->data = facts;
}

/* A namespace, and its processes below it. */
static void print_tree(const struct row_store *members, const struct stored_row *stored,
		       const struct row *row, const struct ns_facts *facts, struct table *out)
{
	struct ns_facts shown_facts = *facts;
	struct row shown = *row;

	shown.data = &shown_facts;
	if (!out->opts->json)
		forget_process(&shown, &shown_facts);
	if (!table_parent(out, row, &shown, "processes"))
		return;
	member_processes_print(members, stored, out->opts->json || out->opts->raw ? NULL :
			       &shown_facts, out);
	table_parent_end(out);
}

static void print(const struct row_store *store, const struct details *details, struct table *out)
{
	struct ns_facts facts;
	struct row row;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&row, store->rows[i].attrs, store->rows[i].len))
			continue;
		fill_facts(details, store, i, &row, &facts);
		if (out->opts->tree)
			print_tree(&details->members, &store->rows[i], &row, &facts, out);
		else
			table_add(out, &row);
	}
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct row_store store = { 0 }, orphans = { 0 };
	struct details details = { 0 };
	struct file_sums all_files;
	static const struct details none;
	struct column_choice columns;
	struct table_options opts;
	struct table out;
	unsigned int states = 0;
	struct ipcns *w;
	bool files;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1) {
		if (c == OPTION_TREE)
			opts.tree = true;
		else if (c == OPTION_STATE)
			states |= parse_states(optarg);
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	if (table_options_finish(&opts, usage, &ns_columns))
		return STATUS_OK;
	table_choose(&opts, &columns, &ns_columns);
	w = module_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);
	if (optind == argc && (!states || states & ORPHANS))
		orphan_fs_find(w, &store, &orphans);
	select_states(&store, states);

	/* What keeps them costs a look at all tasks and descriptors. */
	if (store.n && column_choice_has(&columns, NS_HELD))
		references_read_once(w, &store, &details.references);
	if (store.n && (column_choice_has(&columns, NS_SHMRSS) ||
			column_choice_has(&columns, NS_SHMSWAP)))
		details.memory = object_sums_get(w, &store, 1U << IPCNS_KIND_SHM);
	files = column_choice_has(&columns, NS_PSHM) || column_choice_has(&columns, NS_PSEM) ||
		column_choice_has(&columns, NS_PSHMBYTES);
	if (store.n && files)
		details.files = file_sums_read(&store, &all_files);
	if (opts.tree && store.n)
		member_processes_get(w, &store, &details.members);

	table_begin(&out, &opts, &columns, NULL);
	print(&store, &details, &out);
	print(&orphans, &none, &out);
	table_end(&out);
	report_part(files);

	references_free(&details.references);
	free(details.memory);
	free(details.files);
	column_choice_free(&columns);
	row_store_clear(&store);
	row_store_clear(&orphans);
	orphan_fs_clear();
	row_store_clear(&details.members);
	ipcns_free(w);
	return STATUS_OK;
}
