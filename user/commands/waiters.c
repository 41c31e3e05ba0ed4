// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl waiters: every process that waits for a semaphore or a queue, and who could unblock it. */
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/waits.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " waiters [OPTION...] [NS...]\n\n"
	"Lists the processes that wait for semaphores and queues, for what, and who could\n"
	"let them go on. Processes of one cycle wait for each other.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	" -t, --type KIND,...  only for these kinds: sem, msg, mq\n"
	"     --all             however many objects have waiters: else of 1024 at most\n";

enum {
	OPTION_ALL = OPTION_COMMAND,
};

/* Objects that are asked about: each takes the kernel a walk over all namespaces. */
#define OBJECTS_MAX 1024

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "all", no_argument, NULL, OPTION_ALL },
	TABLE_LONGOPTS,
	{ 0 }
};

#define WAITED_FOR (1U << IPCNS_KIND_SEM | 1U << IPCNS_KIND_MSG | 1U << IPCNS_KIND_MQ)

/* Says what the table leaves out; returns the exit status. */
static int report_missing(const struct waits *waits)
{
	unsigned int kind;

	if (waits->refused)
		error("waiters of %zu namespaces are not visible: it takes CAP_SYS_ADMIN in their "
		      "user namespace", waits->refused);
	if (waits->truncated)
		error("truncated: %zu objects have more waiters than are listed",
		      waits->truncated);
	if (waits->left_out)
		error("%zu more objects may have waiters, which were not looked at: name a "
		      "namespace, or use --all", waits->left_out);
	if (waits->unlinked)
		error("%zu unlinked queues have waiters, which cannot be listed",
		      waits->unlinked);
	for (kind = 0; kind < KINDS; kind++)
		if (waits->unreadable & 1U << kind)
			error("waiters of type %s cannot be listed on this kernel: see \"" PROGRAM
			      " status\"", kind_names[kind]);
	return waits->unreadable ? STATUS_ERROR : STATUS_OK;
}

/** cmd_waiters - the command */
int cmd_waiters(int argc, char **argv)
{
	struct row_store namespaces = { 0 };
	struct waits waits = { .max = OBJECTS_MAX };
	struct column_choice columns;
	struct table_options opts;
	unsigned int kinds = 0;
	struct table out;
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING "t:", longopts, NULL)) != -1) {
		if (c == 't')
			kinds |= kinds_parse(optarg);
		else if (c == OPTION_ALL)
			waits.max = 0;
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	if (table_options_finish(&opts, usage, &wait_columns))
		return STATUS_OK;
	if (kinds & ~WAITED_FOR)
		die_usage("nobody waits for segments: sem, msg or mq");
	table_choose(&opts, &columns, &wait_columns);

	w = module_open();
	ns_select(w, argc - optind, argv + optind, &namespaces);
	waits_read_objects(w, &namespaces, kinds ?: WAITED_FOR, &waits);
	waits_read(w, &waits);
	table_begin(&out, &opts, &columns, NULL);
	waits_print(&waits, &out);
	table_end(&out);
	report_part(false);
	c = report_missing(&waits);

	waits_free(&waits);
	row_store_clear(&namespaces);
	column_choice_free(&columns);
	ipcns_free(w);
	return c;
}
