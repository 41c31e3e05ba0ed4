// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl show: one namespace in full. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "commands/holders.h"
#include "commands/limits.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " show [OPTION...] NS\n\n"
	"Shows one IPC namespace: identity, birth, state, objects, limits and use,\n"
	"holders.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n\n"
	"Options:\n"
	" -J, --json             use JSON output format\n"
	" -b, --bytes            print sizes in bytes\n"
	" -u, --notruncate       don't cut text to fit the terminal\n"
	"     --time-format FMT  iso, full or short\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	{ "notruncate", no_argument, NULL, 'u' },
	VALUE_LONGOPTS,
	{ 0 }
};

/* What people see: a value is a column of the list; a line without one begins a section. */
static const struct line {
	const char *label;
	const char *column;
} lines[] = {
	{ "Identity", NULL },
	{ "Inode number", "NS" },
	{ "Namespace id", "NSID" },
	{ "Owner namespace", "ONS" },
	{ "Birth", NULL },
	{ "Created", "CREATED" },
	{ "Creator", "CREATOR" },
	{ "Creator's user", "CUSER" },
	{ "State", NULL },
	{ "State", "STATE" },
	{ "References", "REFS" },
	{ "Processes", "NPROCS" },
	{ "Lowest PID", "PID" },
	{ "Parent PID", "PPID" },
	{ "User", "USER" },
	{ "Command", "COMMAND" },
	{ "Control group", "CGPATH" },
	{ "Objects", NULL },
	{ "Shared memory segments", "SHM" },
	{ "Shared memory", "SHMBYTES" },
	{ "Semaphore sets", "SEM" },
	{ "Semaphores", "SEMS" },
	{ "Message queues", "MSG" },
	{ "Messages", "MSGS" },
	{ "Bytes in messages", "MSGBYTES" },
	{ "POSIX queues", "MQ" },
	{ "Bytes in POSIX queues", "MQBYTES" },
};

/* What more there is of a namespace that is dying. Its objects are those that it had then. */
static const struct line death[] = {
	{ "Death", NULL },
	{ "Last reference gone", "DIED" },
	{ "Dropped by", "DROPPER" },
	{ "User", "DUSER" },
};

static void print_line(const char *label, const char *name, const struct record *rec,
		       const struct cell_format *format)
{
	const struct column *column = column_find(&ns_columns, name, strlen(name));
	struct cell cell;

	column_fill(column, rec, &cell);
	if (column->attr == IPCNS_A_NS_BORN && !rec->tb[IPCNS_A_NS_BORN])
		cell_text(&cell, "unknown: older than the module");
	cell_render(&cell, format);
	printf("  %-24s", label);
	if (cell.type == CELL_UNKNOWN)
		putchar('-');
	else
		put_safe(stdout, cell.text, cell.len);
	putchar('\n');
}

static void print_lines(const struct line *line, size_t n, const struct record *rec,
			const struct cell_format *format)
{
	for (; n; line++, n--) {
		if (line->column)
			print_line(line->label, line->column, rec, format);
		else
			printf("%s%s:\n", line == lines ? "" : "\n", line->label);
	}
}

/* More rows of a kind than this are for "ipcnsctl holders". */
#define HOLDERS_OF_A_KIND 10

static void print_holders(const struct ledger *ledger, const struct options *opts)
{
	struct selection sel;
	struct output out;
	size_t left_out;

	puts("\nHolders:");
	if (ledger->refused) {
		puts("  for those with CAP_SYS_ADMIN in its user namespace");
		return;
	}
	selection_parse(&sel, &holder_columns, NULL, false);
	output_begin(&out, opts, &sel, NULL);
	left_out = holders_print(ledger, HOLDERS_OF_A_KIND, &out);
	output_end(&out);
	selection_free(&sel);
	if (left_out && ledger->accounts)
		printf("%zu more: \"" PROGRAM " holders id=%llu\"\n", left_out,
		       (unsigned long long)ledger->accounts[0].nsid);
}

static void print_text(const struct record *rec, const struct store *limits,
		       const struct ledger *ledger, const struct options *opts)
{
	struct selection sel;
	struct output out;

	print_lines(lines, ARRAY_SIZE(lines), rec, &opts->format);
	if (ns_is_dying(rec)) {
		print_lines(death, ARRAY_SIZE(death), rec, &opts->format);
		return;	/* limits are not there any more */
	}
	puts("\nLimits:");
	selection_parse(&sel, &limit_columns, "RESOURCE,DESCRIPTION,LIMIT,USED,USE%", false);
	output_begin(&out, opts, &sel, NULL);
	limits_print(limits, NULL, &out);
	output_end(&out);
	selection_free(&sel);
	print_holders(ledger, opts);
}

static void print_json(const struct record *rec, const struct store *limits,
		       const struct ledger *ledger, const struct options *opts)
{
	struct selection sel;
	struct output out;
	struct json json;

	json_begin(&json, stdout);
	selection_parse(&sel, &ns_columns, NULL, true);
	output_json_object(&json, "namespace", &sel, rec, &opts->format);
	selection_free(&sel);
	selection_parse(&sel, &limit_columns, "RESOURCE,DESCRIPTION,LIMIT,USED,USE%", false);
	output_begin(&out, opts, &sel, &json);
	limits_print(limits, NULL, &out);
	output_end(&out);
	selection_free(&sel);
	if (ledger->refused) {
		json_null(&json, holder_columns.root);
	} else {
		selection_parse(&sel, &holder_columns, NULL, true);
		output_begin(&out, opts, &sel, &json);
		holders_print(ledger, SIZE_MAX, &out);
		output_end(&out);
		selection_free(&sel);
	}
	json_end(&json);
}

/** cmd_show - the command */
int cmd_show(int argc, char **argv)
{
	struct store store = { 0 }, limits = { 0 };
	const struct account *account;
	struct ledger ledger = { 0 };
	struct options opts;
	struct record rec;
	struct held held;
	struct ipcns *w;
	int c;

	options_init(&opts);
	while ((c = getopt_long(argc, argv, VALUE_OPTSTRING "u", longopts, NULL)) != -1)
		if (!options_take(&opts, c))
			die_usage(NULL);
	if (options_finish(&opts, usage, NULL))
		return STATUS_OK;
	if (argc - optind != 1)
		die_usage(argc == optind ? "no namespace given" : "only one namespace");

	w = module_open();
	ns_select(w, 1, argv + optind, &store);
	if (!record_parse(&rec, store.rows[0].attrs, store.rows[0].len))
		die(STATUS_ERROR, "malformed answer");
	if (!ns_is_dying(&rec)) {
		limits_get(w, ns_id(store.rows), &limits);
		ledger_read(w, &store, &ledger);
	}
	account = ledger_account(&ledger, store.rows);
	if (account) {
		held.kinds = account->held;
		rec.row = &held;
	}
	if (opts.json)
		print_json(&rec, &limits, &ledger, &opts);
	else
		print_text(&rec, &limits, &ledger, &opts);

	ledger_free(&ledger);
	store_clear(&store);
	store_clear(&limits);
	ipcns_free(w);
	return STATUS_OK;
}
