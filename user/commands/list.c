// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl list: one row for each namespace. */
#include <stdlib.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/file_object.h"
#include "ipc/member_processes.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/references.h"
#include "ipc/shm_memory.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " [list] [OPTION...] [NS...]\n\n"
	"Lists IPC namespaces.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"     --tree  processes, each below its namespace, but for kernel threads\n";

enum {
	OPTION_TREE = OPTION_COMMAND,
};

static const struct option longopts[] = {
	{ "tree", no_argument, NULL, OPTION_TREE },
	TABLE_LONGOPTS,
	{ 0 }
};

/* People find all processes below it: the first one need not stand in its own row, too. */
static void forget_process(struct row *rec)
{
	rec->attr[IPCNS_A_NS_PID] = NULL;
	rec->attr[IPCNS_A_NS_PPID] = NULL;
	rec->attr[IPCNS_A_NS_UID] = NULL;
	rec->attr[IPCNS_A_NS_COMM] = NULL;
}

/* What columns show that take more than a look at namespaces. */
struct details {
	struct references ledger;
	struct shm_memory *memory;	/* of each row, or NULL if nobody asked for it */
	struct file_sums *files;	/* the same */
	struct row_store members;
};

static void fill_facts(const struct details *details, const struct row_store *store, size_t i,
		       struct row *rec, struct ns_facts *facts)
{
	const struct ns_references *account = references_of(&details->ledger, &store->rows[i]);

	*facts = (struct ns_facts){ 0 };
	if (account) {
		facts->has_holders = true;
		facts->holders = account->held;
	}
	if (details->memory && !details->memory[i].unknown && !ns_is_dying(rec)) {
		facts->has_memory = true;
		facts->shm_rss = details->memory[i].rss;
		facts->shm_swap = details->memory[i].swap;
	}
	if (details->files && !ns_is_dying(rec))
		facts->files = &details->files[i];
	rec->data = facts;
}

static void print(const struct row_store *store, const struct details *details, struct table *out)
{
	struct ns_facts facts;
	struct row rec;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		fill_facts(details, store, i, &rec, &facts);
		if (!out->opts->tree) {
			table_add(out, &rec);
			continue;
		}
		if (!out->opts->json)
			forget_process(&rec);
		table_parent(out, &rec, "processes");
		member_processes_print(&details->members, &store->rows[i], out);
		table_parent_end(out);
	}
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct row_store store = { 0 };
	struct details details = { 0 };
	struct file_sums all_files;
	struct column_choice sel;
	struct table_options opts;
	struct table out;
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1) {
		if (c == OPTION_TREE)
			opts.tree = true;
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	if (table_options_finish(&opts, usage, &ns_columns))
		return STATUS_OK;
	column_choice_parse(&sel, &ns_columns, opts.output, opts.output_all);
	w = module_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);

	/* What keeps them costs a look at all tasks and descriptors. */
	if (store.n && column_choice_has(&sel, NS_HELD))
		references_read_once(w, &store, &details.ledger);
	if (store.n && (column_choice_has(&sel, NS_SHMRSS) || column_choice_has(&sel, NS_SHMSWAP)))
		details.memory = shm_memory_get(w, &store);
	if (store.n && (column_choice_has(&sel, NS_PSHM) || column_choice_has(&sel, NS_PSEM) ||
			column_choice_has(&sel, NS_PSHMBYTES)))
		details.files = file_sums_read(&store, &all_files);
	if (opts.tree && store.n)
		member_processes_get(w, &store, &details.members);

	table_begin(&out, &opts, &sel, NULL);
	print(&store, &details, &out);
	table_end(&out);

	references_free(&details.ledger);
	free(details.memory);
	free(details.files);
	column_choice_free(&sel);
	row_store_clear(&store);
	row_store_clear(&details.members);
	ipcns_free(w);
	return STATUS_OK;
}
