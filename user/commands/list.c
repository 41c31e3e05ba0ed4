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
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n\n"
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
static const struct column_set *columns_for(const struct options *opts)
{
	static struct column_set set;

	set = ns_columns;
	if (opts->tree)
		set.defaults = "NS,STATE,NPROCS,SHM,SEM,MSG,MQ,PID,USER,UNIT,COMMAND";
	return &set;
}

/* People find all processes below it: the first one need not stand in its own row, too. */
static void forget_process(struct record *rec)
{
	rec->tb[IPCNS_A_NS_PID] = NULL;
	rec->tb[IPCNS_A_NS_PPID] = NULL;
	rec->tb[IPCNS_A_NS_UID] = NULL;
	rec->tb[IPCNS_A_NS_COMM] = NULL;
}

static void print(const struct store *store, const struct ledger *ledger,
		  const struct store *members, struct output *out)
{
	const struct account *account;
	struct record rec;
	struct held held;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!record_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		account = ledger_account(ledger, &store->rows[i]);
		if (account) {
			held.kinds = account->held;
			rec.row = &held;
		}
		if (!out->opts->tree) {
			output_row(out, &rec);
			continue;
		}
		if (!out->opts->json)
			forget_process(&rec);
		output_parent(out, &rec, "processes");
		members_print(members, &store->rows[i], out);
		output_parent_end(out);
	}
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct ledger ledger = { 0 };
	struct store store = { 0 }, members = { 0 };
	const struct column_set *set;
	struct selection sel;
	struct options opts;
	struct output out;
	struct ipcns *w;
	int c;

	options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1) {
		if (c == OPTION_TREE)
			opts.tree = true;
		else if (!options_take(&opts, c))
			die_usage(NULL);
	}
	set = columns_for(&opts);
	if (options_finish(&opts, usage, set))
		return STATUS_OK;
	selection_parse(&sel, set, opts.output, opts.output_all);
	w = module_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);

	/* What keeps them costs a look at all tasks and descriptors. */
	if (store.n && selection_has(&sel, NS_HELD))
		ledger_read_once(w, &store, &ledger);
	if (opts.tree && store.n)
		members_get(w, &store, &members);

	output_begin(&out, &opts, &sel, NULL);
	print(&store, &ledger, &members, &out);
	output_end(&out);

	ledger_free(&ledger);
	selection_free(&sel);
	store_clear(&store);
	store_clear(&members);
	ipcns_free(w);
	return STATUS_OK;
}
