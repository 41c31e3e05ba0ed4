// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl list: one row for each namespace. */
#include <string.h>

#include "ipcnsctl.h"
#include "ledger.h"
#include "ns.h"
#include "output.h"

static const char usage[] =
	"Usage: " PROGRAM " [list] [OPTION...] [NS...]\n\n"
	"Lists IPC namespaces.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n";

/* What keeps them costs a look at all tasks and descriptors. */
static bool wants_held(const struct selection *sel)
{
	size_t i;

	for (i = 0; i < sel->n; i++)
		if (!strcmp(sel->columns[i]->name, NS_HELD))
			return true;
	return false;
}

static void print(const struct store *store, const struct ledger *ledger, struct output *out)
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
		output_row(out, &rec);
	}
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct ledger ledger = { 0 };
	struct store store = { 0 };
	struct selection sel;
	struct options opts;
	struct output out;
	struct wire *w;

	if (!options_table(&opts, &sel, argc, argv, usage, &ns_columns))
		return STATUS_OK;
	w = wire_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);

	if (store.n && wants_held(&sel))
		ledger_read_once(w, &store, &ledger);

	output_begin(&out, &opts, &sel, NULL);
	print(&store, &ledger, &out);
	output_end(&out);

	ledger_free(&ledger);
	selection_free(&sel);
	store_clear(&store);
	wire_close(w);
	return STATUS_OK;
}
