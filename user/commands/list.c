// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl list: one row for each namespace. */
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/member_processes.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/references.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " [list] [OPTION...] [NS...]\n\n"
	"Lists IPC namespaces.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"     --tree  all processes, each below the namespace that it shares\n";

enum {
	OPTION_TREE = OPTION_COMMAND,
};

static const struct option longopts[] = {
	{ "tree", no_argument, NULL, OPTION_TREE },
	TABLE_LONGOPTS,
	{ 0 }
};

/* Of a tree, the last column has the branches. */
static const struct table_type *columns_for(const struct table_options *opts)
{
	static struct table_type set;

	set = ns_columns;
	if (opts->tree)
		set.defaults = "NS,STATE,NPROCS,SHM,SEM,MSG,MQ,PID,USER,UNIT,COMMAND";
	return &set;
}

/* People find all processes below it: the first one need not stand in its own row, too. */
static void forget_process(struct row *rec)
{
	rec->attr[IPCNS_A_NS_PID] = NULL;
	rec->attr[IPCNS_A_NS_PPID] = NULL;
	rec->attr[IPCNS_A_NS_UID] = NULL;
	rec->attr[IPCNS_A_NS_COMM] = NULL;
}

static void print(const struct row_store *store, const struct references *ledger,
		  const struct row_store *members, struct table *out)
{
	const struct ns_references *account;
	struct row rec;
	struct holder_kinds held;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		account = references_of(ledger, &store->rows[i]);
		if (account) {
			held.kinds = account->held;
			rec.data = &held;
		}
		if (!out->opts->tree) {
			table_add(out, &rec);
			continue;
		}
		if (!out->opts->json)
			forget_process(&rec);
		table_parent(out, &rec, "processes");
		member_processes_print(members, &store->rows[i], out);
		table_parent_end(out);
	}
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct references ledger = { 0 };
	struct row_store store = { 0 }, members = { 0 };
	const struct table_type *set;
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
	set = columns_for(&opts);
	if (table_options_finish(&opts, usage, set))
		return STATUS_OK;
	column_choice_parse(&sel, set, opts.output, opts.output_all);
	w = module_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);

	/* What keeps them costs a look at all tasks and descriptors. */
	if (store.n && column_choice_has(&sel, NS_HELD))
		references_read_once(w, &store, &ledger);
	if (opts.tree && store.n)
		member_processes_get(w, &store, &members);

	table_begin(&out, &opts, &sel, NULL);
	print(&store, &ledger, &members, &out);
	table_end(&out);

	references_free(&ledger);
	column_choice_free(&sel);
	row_store_clear(&store);
	row_store_clear(&members);
	ipcns_free(w);
	return STATUS_OK;
}
