// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl holders: what keeps namespaces. */
#include <string.h>

#include "command.h"
#include "commands/holders.h"
#include "ipc/holder_summary.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " holders [OPTION...] NS...\n\n"
	"Lists what keeps IPC namespaces. References add up to what the kernel counts;\n"
	"who has the unattributed ones could not be found. What follows them keeps\n"
	"queues, but not the namespace.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"     --summary  one row for each kind and unit\n";

enum {
	OPTION_SUMMARY = OPTION_COMMAND,
};

static const struct option longopts[] = {
	{ "summary", no_argument, NULL, OPTION_SUMMARY },
	TABLE_LONGOPTS,
	{ 0 }
};

/**
 * holders_print - print the rows of a ledger
 * @references: the ledger
 * @most: rows of a kind to print at most
 * @out: where they go
 *
 * Returns how many rows were left out.
 */
size_t holders_print(const struct references *references, size_t most, struct table *out)
{
	const struct holder *h = references->rows.rows, *end = h + references->rows.n;
	struct row row = { 0 };
	size_t of_kind = 0, left_out = 0;

	for (; h < end; h++) {
		of_kind = h > references->rows.rows && h[-1].kind == h->kind ? of_kind + 1 : 1;
		if (of_kind > most) {
			left_out++;
			continue;
		}
		row.data = h;
		table_add(out, &row);
	}
	return left_out;
}

/* With a column for the namespace first, where there are several. */
static const struct table_type *columns_for(int namespaces, bool summary)
{
	static struct table_type set;
	static char defaults[128];

	set = summary ? holder_summary_columns : holder_columns;
	if (namespaces > 1) {
		snprintf(defaults, sizeof(defaults), "NS,%s", set.defaults);
		set.defaults = defaults;
	}
	return &set;
}

static void print(struct references *references, bool summary, const struct table_options *opts,
		  const struct column_choice *columns)
{
	struct table out;

	table_begin(&out, opts, columns, NULL);
	if (summary) {
		holder_summary_print(&references->rows, &out);
	} else {
		/* Programs get all rows, and so does a user who chooses columns. */
		if (!opts->json && !opts->raw && !opts->output && !opts->output_all)
			holders_fold_kernel_threads(&references->rows);
		holders_print(references, SIZE_MAX, &out);
	}
	table_end(&out);
}

/** cmd_holders - the command */
int cmd_holders(int argc, char **argv)
{
	struct row_store store = { 0 };
	struct column_choice columns;
	struct references references;
	struct table_options opts;
	const struct table_type *set;
	bool summary = false;
	struct row row;
	struct ipcns *w;
	size_t i;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1) {
		if (c == OPTION_SUMMARY)
			summary = true;
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	set = columns_for(argc - optind, summary);
	if (table_options_finish(&opts, usage, set))
		return STATUS_OK;
	table_choose(&opts, &columns, set);
	if (optind == argc)
		die_usage("no namespace given");

	w = module_open();
	ns_select(w, argc - optind, argv + optind, &store);
	for (i = 0; i < store.n; i++)
		if (row_parse(&row, store.rows[i].attrs, store.rows[i].len))
			ns_refuse_dying(&row);
	references_read(w, &store, &references);
	if (references.refused)
		die(STATUS_ERROR, "cannot list holders: it takes CAP_SYS_ADMIN in the namespace's "
		    "user namespace (module parameter access=owner)");
	print(&references, summary, &opts, &columns);
	report_part(false);
	if (references.left_out)
		error("of %zu namespaces, descriptors of /proc/sysvipc that may have an "
		      "unattributed reference are not listed: name fewer", references.left_out);

	references_free(&references);
	row_store_clear(&store);
	column_choice_free(&columns);
	ipcns_free(w);
	return STATUS_OK;
}
