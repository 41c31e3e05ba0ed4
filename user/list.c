// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl list: one row for each namespace. */
#include "ipcnsctl.h"
#include "ns.h"
#include "output.h"

static const char usage[] =
	"Usage: " PROGRAM " [list] [OPTION...] [NS...]\n\n"
	"Lists IPC namespaces.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n";

static const struct option longopts[] = {
	TABLE_LONGOPTS,
	{ 0 }
};

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	struct store store = { 0 };
	struct selection sel;
	struct options opts;
	struct output out;
	struct record rec;
	struct wire *w;
	size_t i;
	int c;

	options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1)
		if (!options_take(&opts, c))
			die_usage(NULL);
	if (options_finish(&opts, usage, &ns_columns))
		return STATUS_OK;
	selection_parse(&sel, &ns_columns, opts.output, opts.output_all);

	w = wire_open();
	if (optind < argc)
		ns_select(w, argc - optind, argv + optind, &store);
	else
		ns_select_all(w, &store);

	output_begin(&out, &opts, &sel, NULL);
	for (i = 0; i < store.n; i++)
		if (record_parse(&rec, store.rows[i].attrs, store.rows[i].len))
			output_row(&out, &rec);
	output_end(&out);

	selection_free(&sel);
	store_clear(&store);
	wire_close(w);
	return STATUS_OK;
}
