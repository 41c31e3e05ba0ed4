// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl limits: the rows of lsipc -g, for each namespace, and limits of users and /dev/shm. */
#include <string.h>

#include "command.h"
#include "host/process.h"
#include "ipc/limit.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/shm_limit.h"
#include "ipc/user_limit.h"
#include "util.h"

#define USER_NAMESPACES 256	/* whose limit is read at most */

static const char usage[] =
	"Usage: " PROGRAM " limits [OPTION...] [NS...]\n\n"
	"Lists limits of IPC namespaces, of users and of /dev/shm, and what is used of\n"
	"them.\n"
	"\"No space left on device\" (ENOSPC) means that one is used up: for semget SEMMNI\n"
	"or SEMMNS, shmget SHMMNI or SHMALL, msgget MSGMNI, mq_open MQUMNI, unshare\n"
	"MAXIPCNS, a file of /dev/shm DEVSHM. EMFILE of mq_open: RLIMIT_MSGQUEUE has no\n"
	"room for the queue. What can be removed: '" PROGRAM " objects --orphans'.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"     --above PERCENT  only limits that are used to this part or more\n";

enum {
	OPTION_ABOVE = OPTION_COMMAND,
};

static const struct option longopts[] = {
	{ "above", required_argument, NULL, OPTION_ABOVE },
	TABLE_LONGOPTS,
	{ 0 }
};

/* Sizes of /dev/shm, where the caller may look into all processes. */
static void add_shm_limits(struct user_limits *list, const struct row_store *all,
			   const struct row_store *only)
{
	struct posix_shm found = { .folders_only = true };

	if (!posix_shm_permitted())
		return;
	posix_shm_read(&found, false, 0);
	shm_limits_add(list, &found, all, only);
	posix_shm_free(&found);
}

/* What a row would not show, since the part that is used is small. */
static void report_tight(const struct user_limit *user)
{
	if (!quiet && user_limit_is_tight(user))
		error("user %s: %llu of %llu bytes of RLIMIT_MSGQUEUE are left, and the largest queue takes %llu: mq_open(3) of another such one fails with EMFILE",
		      user_name(user->uid), (unsigned long long)(user->limit - user->used),
		      (unsigned long long)user->limit, (unsigned long long)user->largest);
}

/* @above is below 0 if all rows are wanted. */
static void print_users(const struct user_limits *users, double above, struct table *out)
{
	struct row row = { 0 };
	size_t i;

	for (i = 0; i < users->n; i++) {
		if (!users->rows[i].wanted ||
		    (above >= 0 && user_limit_use(&users->rows[i]) * 100 < above)) {
			if (users->rows[i].wanted && user_limit_use(&users->rows[i]) < 1)
				report_tight(&users->rows[i]);
			continue;
		}
		row.data = &users->rows[i];
		table_add(out, &row);
	}
}

static double parse_percent(const char *text)
{
	size_t len = strlen(text);
	uint64_t value;

	if (len && text[len - 1] == '%')
		len--;
	if (!parse_uint(text, len, 10, UINT32_MAX, &value))
		die_usage("invalid percentage: %s", text);
	return value;
}

/** cmd_limits - the command */
int cmd_limits(int argc, char **argv)
{
	struct row_store namespaces = { 0 }, all = { 0 }, store = { 0 };
	struct user_limits users = { 0 };
	struct column_choice columns;
	struct table_options opts;
	double above = -1;
	struct table out;
	struct ipcns *w;
	size_t i;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING, longopts, NULL)) != -1) {
		if (c == OPTION_ABOVE)
			above = parse_percent(optarg);
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	if (table_options_finish(&opts, usage, &limit_columns))
		return STATUS_OK;
	table_choose(&opts, &columns, &limit_columns);
	w = module_open();
	ns_select(w, argc - optind, argv + optind, &namespaces);
	if (namespaces.n && namespaces.n <= NS_FEW)
		for (i = 0; i < namespaces.n; i++)
			limits_get(w, ns_id(&namespaces.rows[i]), &store);
	else
		limits_get_all(w, &store);
	row_store_sort(&store);
	ns_select_all(w, &all);
	user_limits_get(&users, w, &all, namespaces.n ? &namespaces : NULL, USER_NAMESPACES);
	add_shm_limits(&users, &all, namespaces.n ? &namespaces : NULL);

	table_begin(&out, &opts, &columns, NULL);
	limits_print_above(&store, namespaces.n ? &namespaces : NULL, above, &out);
	print_users(&users, above, &out);
	table_end(&out);
	report_part(true);
	if (users.unread)
		error("MAXIPCNS of %zu user namespaces was not read: there are more than %u",
		      users.unread, USER_NAMESPACES);
	user_limits_report(&users);

	user_limits_free(&users);
	row_store_clear(&namespaces);
	row_store_clear(&all);
	row_store_clear(&store);
	column_choice_free(&columns);
	ipcns_free(w);
	return STATUS_OK;
}
