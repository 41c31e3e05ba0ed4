// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl check: what leaks, what is near a limit, what is blocked, which events are missing. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/checks.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/module_status.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/orphan.h"
#include "print/table.h"
#include "print/text.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " check [OPTION...] [NS...]\n\n"
	"Says what leaks, what is near a limit, what is blocked and what is not recorded,\n"
	"the most severe first, and what to type next; or \"ok\".\n"
	"Exit status: 0 if all is well, 4 if there is a crit or a warn.\n\n"
	" -t, --type KIND,...  only about these kinds: shm, sem, msg, mq, pshm, psem\n"
	"     --all            all findings: otherwise, of many alike, the first ones\n"
	"     --lines          JSON Lines: with -J, one finding in each line\n";

enum {
	OPTION_ALL = OPTION_COMMAND,
	OPTION_LINES,
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "lines", no_argument, NULL, OPTION_LINES },
	TABLE_LONGOPTS,
	{ 0 }
};

/* Findings of one check and severity that people are shown. */
#define SHOWN 10

/* Objects with waiters that are looked at: each takes the kernel a walk over all namespaces. */
#define OBJECTS_MAX 256

#define SAMPLE_NS NS_PER_SECOND

/* Objects of one kind in one namespace that nobody uses. */
struct tally {
	uint64_t inum, nsid;
	unsigned int kind;
	uint64_t objects, bytes;
};

/* What was read of all objects. */
struct inventory {
	const struct check_scope *scope;
	struct tally *tallies;
	size_t n, allocated;
	struct waits waits;
	struct near_limits limits;
};

static void sleep_until(int64_t when)
{
	const struct timespec ts = { when / NS_PER_SECOND, when % NS_PER_SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		continue;
}

/* Objects come by namespace and kind, mostly: those that do not are added up later. */
static void count_orphan(struct inventory *inventory, const struct row *row)
{
	struct tally *tally = inventory->n ? &inventory->tallies[inventory->n - 1] : NULL;
	uint64_t inum = 0, nsid = 0, bytes = 0;

	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_INUM], &inum);
	ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid);
	orphan_bytes(row, &bytes);
	if (!tally || tally->nsid != nsid || tally->kind != row->kind) {
		inventory->tallies = xgrow(inventory->tallies, inventory->n,
					   &inventory->allocated, sizeof(*inventory->tallies));
		tally = &inventory->tallies[inventory->n++];
		*tally = (struct tally){ .inum = inum, .nsid = nsid, .kind = row->kind };
	}
	tally->objects++;
	tally->bytes += bytes;
}

/* Where a dump of one namespace restarts. */
struct dump {
	struct inventory *inventory;
	uint64_t nsid;		/* 0: of all */
	size_t tallies;
	struct waits_mark waits;
};

static void take_object(struct nlattr *attrs, int len, void *arg)
{
	struct inventory *inventory = ((const struct dump *)arg)->inventory;
	const struct row_store *only = inventory->scope->only;
	const char *why;
	struct row row;

	if (!object_parse(&row, attrs, len))
		return;
	check_limits_count(&inventory->limits, &row);
	if (only && !ns_selected(only, row.attr[IPCNS_A_OBJECT_NS_INUM],
				 row.attr[IPCNS_A_OBJECT_NS_ID]))
		return;
	if (orphan_judge(&row, &why) != ORPHAN_NOT)
		count_orphan(inventory, &row);
	if (row.kind < MODULE_KINDS)
		waits_add_object(&inventory->waits, attrs, len);
}

static bool restart_dump(void *arg)
{
	const struct dump *dump = arg;
	struct inventory *inventory = dump->inventory;

	inventory->n = dump->tallies;
	waits_restart(&inventory->waits, &dump->waits);
	check_limits_restart(&inventory->limits, dump->nsid);
	return true;
}

/* Files in /dev/shm, where the caller may look into all processes. */
static void read_files(struct inventory *inventory, struct findings *list)
{
	const struct check_scope *scope = inventory->scope;
	const unsigned int kinds = scope->kinds ? scope->kinds & FILE_KINDS : FILE_KINDS;
	struct dump dump = { .inventory = inventory };
	struct posix_shm found = { 0 };

	if (!kinds || !posix_shm_permitted())
		return;
	posix_shm_read(&found, true, 0);
	file_objects_get(&found, scope->all, kinds, take_object, &dump);
	check_shm_limits(scope, &found, list);
	posix_shm_free(&found);
}

/* Whether objects are asked for by namespace. */
static bool is_few(const struct check_scope *scope)
{
	return scope->only && scope->only->n <= NS_FEW;
}

/* Reads all objects that are checked, once. */
static void read_objects(struct inventory *inventory, struct findings *list)
{
	const struct check_scope *scope = inventory->scope;
	const bool few = is_few(scope);
	struct ipcns_object_filter filter = { .kinds = scope->kinds & ALL_MODULE_KINDS };
	size_t i, n = few ? scope->only->n : 1;
	struct dump dump;
	int ret;

	read_files(inventory, list);
	if (scope->kinds && !filter.kinds)
		return;
	for (i = 0; i < n; i++) {
		filter.ns_id = few ? ns_id(&scope->only->rows[i]) : 0;
		dump = (struct dump){
			.inventory = inventory, .nsid = filter.ns_id, .tallies = inventory->n,
			.waits = waits_mark(&inventory->waits),
		};
		ret = ipcns_objects(scope->w, &filter, take_object, restart_dump, &dump);
		if (ret && !(few && module_gone(ret)))
			module_die(scope->w, ret, "cannot list objects");
	}
}

static int compare_tallies(const void *p, const void *q)
{
	const struct tally *a = p, *b = q;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

static void report_orphans(struct inventory *inventory, struct findings *list)
{
	struct tally *tally = inventory->tallies, *end, sum;
	struct finding *found;
	char bytes[8];

	if (!inventory->n)
		return;
	qsort(tally, inventory->n, sizeof(*tally), compare_tallies);
	end = tally + inventory->n;
	while (tally < end) {
		sum = *tally;
		while (++tally < end && !compare_tallies(tally, &sum)) {
			sum.objects += tally->objects;
			sum.bytes += tally->bytes;
		}
		format_size(bytes, sum.bytes);
		/* A queue that nobody has open may be meant to be there: it is no reason to worry. */
		found = check_found(inventory->scope, list, sum.kind == IPCNS_KIND_MQ ?
				    SEVERITY_INFO : SEVERITY_WARN, "orphans",
				    sum.inum, sum.nsid, "%llu %s orphan%s, %s",
				    (unsigned long long)sum.objects, kind_names[sum.kind],
				    sum.objects == 1 ? "" : "s", bytes);
		if (sum.inum) {
			finding_more(found, PROGRAM " objects --orphans %llu",
				     (unsigned long long)sum.inum);
		} else {	/* files that several namespaces see, or none */
			finding_subject(found, "/dev/shm");
			finding_more(found, PROGRAM " objects --orphans --type %s",
				     kind_names[sum.kind]);
		}
	}
}

static void report_left_out(const struct inventory *inventory, struct findings *list)
{
	const struct waits *waits = &inventory->waits;

	if (waits->left_out) {
		finding_more(findings_add(list, SEVERITY_INFO, "blocked",
					  "%zu more objects may have waiters, which were not "
					  "looked at", waits->left_out), PROGRAM " waiters --all");
		finding_subject(&list->rows[list->n - 1], "waiters");
	}
	if (waits->unlinked) {
		finding_more(findings_add(list, SEVERITY_INFO, "blocked",
					  "%zu unlinked queue%s may have waiters, which cannot be "
					  "looked at by name", waits->unlinked,
					  waits->unlinked == 1 ? "" : "s"),
			     PROGRAM " objects --type mq");
		finding_subject(&list->rows[list->n - 1], "waiters");
	}
}

/* Only the first answer counts; it is kept, since problems take another request. */
static void take_status(struct nlattr *attrs, int len, void *arg)
{
	struct row_store *answer = arg;

	if (!answer->n)
		row_store_add(answer, attrs, len, NULL);
}

static void check_module(struct ipcns *w, struct findings *list)
{
	struct row_store answer = { 0 };

	module_status_get(w, take_status, &answer);
	if (answer.n)
		module_problems(w, answer.rows->attrs, answer.rows->len, list);
	row_store_clear(&answer);
}

/* All that takes no second sample happens between the two. */
static void check_all(struct check_scope *scope, struct findings *list)
{
	struct inventory inventory = { .scope = scope, .waits = { .brief = true,
							      .max = OBJECTS_MAX } };
	int64_t begun = monotonic_ns(), sampled;
	struct pinned pinned = { 0 };
	struct waits after = { 0 };

	if (!scope->kinds)
		check_pinned_begin(scope, &pinned);
	check_limits_begin(scope, !is_few(scope), &inventory.limits);
	read_objects(&inventory, list);
	waits_read(scope->w, &inventory.waits);
	sampled = monotonic_ns();
	check_module(scope->w, list);
	check_limits_end(scope, &inventory.limits, list);
	report_orphans(&inventory, list);
	check_filesystems(scope, list);
	if (pinned.n)
		sleep_until(begun + SAMPLE_NS);
	if (inventory.waits.n) {
		sleep_until(sampled + SAMPLE_NS);
		check_blocked_again(scope, &inventory.waits, &after);
		check_blocked(scope, &inventory.waits, &after, list);
	}
	report_left_out(&inventory, list);
	if (!scope->kinds) {
		check_pinned_end(scope, &pinned, list);
		check_dying(scope, list);
	}
	waits_free(&inventory.waits);
	waits_free(&after);
	free(inventory.tallies);
}

static void print_finding(const struct finding *f)
{
	printf("%-4s ", severity_names[f->severity]);
	put_safe(stdout, f->subject, strlen(f->subject));
	fputs(": ", stdout);
	put_safe(stdout, f->what, strlen(f->what));
	if (f->more) {
		fputs(" [", stdout);
		put_safe(stdout, f->more, strlen(f->more));
		putchar(']');
	}
	putchar('\n');
}

static bool is_alike(const struct finding *a, const struct finding *b)
{
	return a->severity == b->severity && !strcmp(a->check, b->check);
}

/* One finding a line; of many alike, the first ones and their number. */
static void print_text(const struct findings *list, bool all)
{
	const struct finding *f;
	size_t alike = 0, i;

	if (!findings_bad(list))
		puts("ok");
	for (i = 0; i < list->n; i++) {
		f = &list->rows[i];
		alike = i && is_alike(f - 1, f) ? alike + 1 : 1;
		if (all || alike <= SHOWN)
			print_finding(f);
		else if (i + 1 == list->n || !is_alike(f, f + 1))
			printf("%-4s %s: %zu more [" PROGRAM " check --all]\n",
			       severity_names[f->severity], f->check, alike - SHOWN);
	}
}

static void print_table(const struct findings *list, const struct table_options *opts,
			const struct column_choice *columns)
{
	struct row row = { 0 };
	struct table out;
	size_t i;

	table_begin(&out, opts, columns, NULL);
	for (i = 0; i < list->n; i++) {
		row.data = &list->rows[i];
		table_add(&out, &row);
	}
	table_end(&out);
}

static void print_lines(const struct findings *list, const struct table_options *opts,
			const struct column_choice *columns)
{
	struct row row = { 0 };
	size_t i;

	for (i = 0; i < list->n; i++) {
		row.data = &list->rows[i];
		table_json_line(stdout, columns, &row, &opts->format);
	}
}

static void print(const struct findings *list, const struct table_options *opts,
		  const struct column_choice *columns, bool all, bool lines)
{
	if (lines)
		print_lines(list, opts, columns);
	else if (opts->json || opts->raw || opts->output || opts->output_all || opts->sort ||
		 opts->filter)
		print_table(list, opts, columns);
	else
		print_text(list, all);
}

/** cmd_check - the command */
int cmd_check(int argc, char **argv)
{
	struct row_store all = { 0 }, only = { 0 };
	struct check_scope scope = { .all = &all };
	struct timespec now;
	bool show_all = false, lines = false;
	struct findings list = { 0 };
	struct column_choice columns;
	struct table_options opts;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, TABLE_OPTSTRING "t:", longopts, NULL)) != -1) {
		if (c == 't')
			scope.kinds |= kinds_parse(optarg);
		else if (c == OPTION_ALL)
			show_all = true;
		else if (c == OPTION_LINES)
			lines = true;
		else if (!table_options_take(&opts, c))
			die_usage(NULL);
	}
	if (table_options_finish(&opts, usage, &finding_columns))
		return STATUS_OK;
	if (lines && !opts.json)
		die_usage("--lines needs -J");
	table_choose(&opts, &columns, &finding_columns);

	scope.w = module_open();
	ns_select(scope.w, argc - optind, argv + optind, &only);
	scope.only = only.n ? &only : NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	scope.listed = now.tv_sec + now.tv_nsec / 1e9;
	ns_select_all(scope.w, &all);
	check_all(&scope, &list);
	report_part(!scope.kinds || scope.kinds & FILE_KINDS);
	findings_sort(&list);
	print(&list, &opts, &columns, show_all, lines);
	c = findings_bad(&list) ? STATUS_FOUND : STATUS_OK;

	findings_free(&list);
	row_store_clear(&all);
	row_store_clear(&only);
	column_choice_free(&columns);
	ipcns_free(scope.w);
	return c;
}
