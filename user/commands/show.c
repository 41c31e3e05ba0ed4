// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl show: one namespace in full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "commands/holders.h"
#include "ipc/file_object.h"
#include "ipc/limit.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object_sums.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " show [OPTION...] NS\n\n"
	"Shows one IPC namespace: identity, creation, state, holders, objects, and the\n"
	"limits that are in use or differ from the kernel's defaults.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"Options:\n"
	" -J, --json             use JSON output format\n"
	" -b, --bytes            print sizes in bytes\n"
	" -u, --notruncate       don't cut text to fit the terminal\n"
	"     --time-format FMT  iso, full or short\n"
	" -q, --quiet            no remarks\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	{ "notruncate", no_argument, NULL, 'u' },
	{ "quiet", no_argument, NULL, 'q' },
	VALUE_LONGOPTS,
	{ 0 }
};

/* What people see: a value is a column of the list; a line without one starts a section. */
static const struct line {
	const char *label;
	const char *column;
} lines[] = {
	{ "Identity", NULL },
	{ "Inode number", "NS" },
	{ "Namespace id", "NSID" },
	{ "Owner namespace", "ONS" },
	{ "Creation", NULL },
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
	{ "Unit", "UNIT" },
	{ "Control group", "CGPATH" },
};

static const struct line objects[] = {
	{ "Objects", NULL },
	{ "Shared memory segments", "SHM" },
	{ "Shared memory", "SHMBYTES" },
	{ "Resident in memory", "SHMRSS" },
	{ "Swapped out", "SHMSWAP" },
	{ "Semaphore sets", "SEM" },
	{ "Semaphores", "SEMS" },
	{ "Message queues", "MSG" },
	{ "Messages", "MSGS" },
	{ "Bytes in messages", "MSGBYTES" },
	{ "POSIX queues", "MQ" },
	{ "Bytes in POSIX queues", "MQBYTES" },
	{ "POSIX shared memory", NS_PSHM },
	{ "Named semaphores", NS_PSEM },
	{ "Memory in /dev/shm", NS_PSHMBYTES },
};

/* What more there is of a namespace that is dying. Its objects are those that it had then. */
static const struct line death[] = {
	{ "Death", NULL },
	{ "Last reference dropped", "DIED" },
	{ "Dropped by", "DROPPER" },
	{ "User", "DUSER" },
};

static void print_line(const char *label, const char *name, const struct row *row,
		       const struct value_format *format)
{
	const struct column *column = column_find(&ns_columns, name, strlen(name));
	struct value value;

	column_fill(column, row, &value);
	if (column->attr == IPCNS_A_NS_BORN && !row->attr[IPCNS_A_NS_BORN])
		value_text(&value, "unknown: older than the module");
	value_render(&value, format);
	printf("  %-24s", label);
	if (value.type == VALUE_UNKNOWN)
		putchar('-');
	else
		put_safe(stdout, value.text, value.len);
	putchar('\n');
}

static void print_lines(const struct line *line, size_t n, const struct row *row,
			const struct value_format *format)
{
	for (; n; line++, n--) {
		if (line->column)
			print_line(line->label, line->column, row, format);
		else
			printf("%s%s:\n", line == lines ? "" : "\n", line->label);
	}
}

/* All others of a namespace are as in one that has just been created. */
static void print_limits(const struct row_store *limits, const struct table_options *opts)
{
	struct column_choice columns;
	struct table out;

	puts("\nLimits that are in use, or not the kernel's defaults:");
	column_choice_parse(&columns, &limit_columns, "RESOURCE,DESCRIPTION,LIMIT,USED,USE%",
			    false);
	table_begin(&out, opts, &columns, NULL);
	if (!limits_print_notable(limits, &out))
		puts("  none");
	table_end(&out);
	column_choice_free(&columns);
}

/* More rows of a kind than this are for "ipcnsctl holders". */
#define HOLDERS_OF_A_KIND 10

static void print_holders(const struct references *references, const struct table_options *opts)
{
	struct column_choice columns;
	struct table out;
	size_t left_out;

	puts("\nHolders:");
	if (references->refused) {
		puts("  for those with CAP_SYS_ADMIN in its user namespace "
		     "(module parameter access=owner)");
		return;
	}
	column_choice_parse(&columns, &holder_columns, NULL, false);
	table_begin(&out, opts, &columns, NULL);
	left_out = holders_print(references, HOLDERS_OF_A_KIND, &out);
	table_end(&out);
	column_choice_free(&columns);
	if (left_out && references->accounts)
		printf("%zu more: \"" PROGRAM " holders id=%llu\"\n", left_out,
		       (unsigned long long)references->accounts[0].nsid);
}

static void print_text(const struct row *row, const struct row_store *limits,
		       const struct references *references, const struct table_options *opts)
{
	print_lines(lines, ARRAY_SIZE(lines), row, &opts->format);
	if (ns_is_dying(row)) {
		print_lines(death, ARRAY_SIZE(death), row, &opts->format);
		print_lines(objects, ARRAY_SIZE(objects), row, &opts->format);
		return;	/* limits are not there any more */
	}
	print_holders(references, opts);
	print_lines(objects, ARRAY_SIZE(objects), row, &opts->format);
	print_limits(limits, opts);
}

static void print_json(const struct row *row, const struct row_store *limits,
		       const struct references *references, const struct table_options *opts)
{
	struct column_choice columns;
	struct table out;
	struct json json;

	json_begin(&json, stdout);
	column_choice_parse(&columns, &ns_columns, NULL, true);
	table_json_object(&json, "namespace", &columns, row, &opts->format);
	column_choice_free(&columns);
	column_choice_parse(&columns, &limit_columns, "RESOURCE,DESCRIPTION,LIMIT,USED,USE%",
			    false);
	table_begin(&out, opts, &columns, &json);
	limits_print(limits, &out);
	table_end(&out);
	column_choice_free(&columns);
	if (references->refused) {
		json_null(&json, holder_columns.root);
	} else {
		column_choice_parse(&columns, &holder_columns, NULL, true);
		table_begin(&out, opts, &columns, &json);
		holders_print(references, SIZE_MAX, &out);
		table_end(&out);
		column_choice_free(&columns);
	}
	json_end(&json);
}

/** cmd_show - the command */
int cmd_show(int argc, char **argv)
{
	struct row_store store = { 0 }, limits = { 0 };
	const struct ns_references *account;
	struct references references = { 0 };
	struct object_sums *memory = NULL;
	struct ns_facts facts = { 0 };
	struct file_sums *files = NULL, all_files;
	struct table_options opts;
	struct row row;
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, VALUE_OPTSTRING "uq", longopts, NULL)) != -1)
		if (!table_options_take(&opts, c))
			die_usage(NULL);
	if (table_options_finish(&opts, usage, NULL))
		return STATUS_OK;
	if (argc - optind != 1)
		die_usage(argc == optind ? "no namespace given" : "only one namespace");

	w = module_open();
	ns_select(w, 1, argv + optind, &store);
	if (!row_parse(&row, store.rows[0].attrs, store.rows[0].len))
		die(STATUS_ERROR, "malformed answer");
	if (!ns_is_dying(&row)) {
		limits_get(w, ns_id(store.rows), &limits);
		references_read(w, &store, &references);
		memory = object_sums_get(w, &store, 1U << IPCNS_KIND_SHM);
		files = file_sums_read(&store, &all_files);
	}
	if (memory && !memory->unknown) {
		facts.has_memory = true;
		facts.shm_rss = memory->rss;
		facts.shm_swap = memory->swap;
	}
	facts.files = files;
	account = references_of(&references, store.rows);
	if (account) {
		facts.has_holders = true;
		facts.holders = account->held;
	}
	row.data = &facts;
	if (!opts.json)
		holders_fold_kernel_threads(&references.rows);
	if (opts.json)
		print_json(&row, &limits, &references, &opts);
	else
		print_text(&row, &limits, &references, &opts);
	report_part(false);

	references_free(&references);
	free(memory);
	free(files);
	row_store_clear(&store);
	row_store_clear(&limits);
	ipcns_free(w);
	return STATUS_OK;
}
