// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces that stay: without a process, while they are being destroyed, or in part after it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "ipc/actor.h"
#include "ipc/checks.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/orphan_fs.h"
#include "ipc/references.h"
#include "print/text.h"
#include "util.h"

/* Longer than a teardown takes that waits for nothing. */
#define DYING_SECONDS 10

static bool is_selected(const struct check_scope *scope, const struct row *row)
{
	return !scope->only ||
	       ns_selected(scope->only, row->attr[IPCNS_A_NS_INUM], row->attr[IPCNS_A_NS_ID]);
}

static bool has_state(const struct row *row, uint64_t state)
{
	uint64_t value;

	return ipcns_uint(row->attr[IPCNS_A_NS_STATE], &value) && value == state;
}

static int compare_numbers(const void *p, const void *q)
{
	uint64_t a = *(const uint64_t *)p, b = *(const uint64_t *)q;

	return (a > b) - (a < b);
}

/** check_pinned_begin - remember the namespaces that have no process; see check_pinned_end() */
void check_pinned_begin(const struct check_scope *scope, struct pinned *pinned)
{
	const struct row_store *all = scope->all;
	struct row row;
	size_t i;

	pinned->nsids = xcalloc(all->n + 1, sizeof(*pinned->nsids));
	pinned->n = 0;
	for (i = 0; i < all->n; i++)
		if (row_parse(&row, all->rows[i].attrs, all->rows[i].len) &&
		    has_state(&row, IPCNS_STATE_PINNED) && is_selected(scope, &row))
			pinned->nsids[pinned->n++] = ns_id(&all->rows[i]);
	qsort(pinned->nsids, pinned->n, sizeof(*pinned->nsids), compare_numbers);
}

/* What keeps a namespace, in words: the kinds of holders, and the first process of them. */
static void add_pinned(const struct check_scope *scope, const struct stored_row *row,
		       const struct references *references, struct findings *list)
{
	const struct ns_references *account = references_of(references, row);
	const unsigned int held = account ? account->held : 0;
	char *process = NULL, words[128] = "";
	unsigned int kind;

	/* It is not kept any more, or a process is inside. */
	if (account && (!held || held & 1U << HOLDER_TASK))
		return;
	for (kind = 0; kind <= HOLDER_UNATTRIBUTED; kind++)
		if (held & 1U << kind)
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
				 *words ? ", " : "", holder_names[kind]);
	if (account && account->pid)
		process = check_process(account->pid);
	/* Engines pin namespaces by mounts; what nobody remembers is kept otherwise. */
	finding_more(check_found(scope, list,
				 held == 1U << HOLDER_MOUNT ? SEVERITY_INFO : SEVERITY_WARN,
				 "pinned", row->key.number[0], ns_id(row),
				 "pinned without a process by %s%s%s", *words ? words : "unknown",
				 process ? ": " : "", process ?: ""),
		     PROGRAM " holders %llu", (unsigned long long)row->key.number[0]);
	free(process);
}

static bool was_pinned(const struct pinned *pinned, uint64_t nsid)
{
	return pinned->n && bsearch(&nsid, pinned->nsids, pinned->n, sizeof(nsid), compare_numbers);
}

/* Those of @all that were pinned and, if @look, still are. */
static void select_pinned(const struct row_store *all, const struct pinned *pinned, bool look,
			  struct row_store *still)
{
	const struct stored_row *stored;
	struct row row;
	size_t i;

	for (i = 0; i < all->n; i++) {
		stored = &all->rows[i];
		if (was_pinned(pinned, ns_id(stored)) &&
		    (!look || (row_parse(&row, stored->attrs, stored->len) &&
			       has_state(&row, IPCNS_STATE_PINNED))))
			row_store_add(still, stored->attrs, stored->len, ns_sort_key);
	}
}

/**
 * check_pinned_end - find namespaces that have no process since the check began
 * @scope: what is checked
 * @pinned: those of the beginning; freed
 * @list: where findings go
 *
 * What keeps them shows whether a process is inside by now. Namespaces are read once more only
 * where one is missing from that, or where the caller may not know.
 */
void check_pinned_end(const struct check_scope *scope, struct pinned *pinned,
		      struct findings *list)
{
	struct row_store still = { 0 }, now = { 0 };
	struct references references;
	size_t i;

	select_pinned(scope->all, pinned, false, &still);
	if (still.n) {
		references_read_once(scope->w, &still, &references);
		if (references.refused) {
			row_store_clear(&still);
			ns_select_all(scope->w, &now);
			select_pinned(&now, pinned, true, &still);
		}
		for (i = 0; i < still.n; i++)
			add_pinned(scope, &still.rows[i], &references, list);
		references_free(&references);
	}
	row_store_clear(&still);
	row_store_clear(&now);
	free(pinned->nsids);
	*pinned = (struct pinned){ 0 };
}

/* Seconds since the last reference of a namespace was dropped, -1 if that is not known. */
static double dying_seconds(const struct row *row, double now)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];
	uint64_t time;

	if (!actor_parse(row->attr[IPCNS_A_NS_DYING], tb) ||
	    !ipcns_uint(tb[IPCNS_A_ACTOR_TIME], &time))
		return -1;
	return now - time / (double)NS_PER_SECOND;
}

/** check_dying - find namespaces whose teardown does not end */
void check_dying(const struct check_scope *scope, struct findings *list)
{
	const struct stored_row *stored;
	struct row row;
	double seconds;
	size_t i;

	for (i = 0; i < scope->all->n; i++) {
		stored = &scope->all->rows[i];
		if (!row_parse(&row, stored->attrs, stored->len) || !ns_is_dying(&row) ||
		    !is_selected(scope, &row))
			continue;
		seconds = dying_seconds(&row, scope->listed);
		if (seconds <= DYING_SECONDS)
			continue;
		finding_more(check_found(scope, list, SEVERITY_WARN, "dying",
					 stored->key.number[0], ns_id(stored),
					 "dying for %.0f seconds: its teardown does not end",
					 seconds),
			     PROGRAM " list -o +DIED,DROPPER id=%llu",
			     (unsigned long long)ns_id(stored));
	}
}

static void report_filesystem(const struct row *row, struct findings *list)
{
	uint64_t dev = 0, pid = 0, queues = 0, bytes = 0;
	char *process, size[8], contents[64];
	struct finding *f;
	const char *mount;
	size_t len = 0;
	bool known;

	ipcns_uint(row->attr[IPCNS_A_NS_MQ_DEV], &dev);
	ipcns_uint(row->attr[IPCNS_A_NS_PID], &pid);
	known = ipcns_uint(row->attr[IPCNS_A_NS_MQ], &queues);
	ipcns_uint(row->attr[IPCNS_A_NS_MQ_BYTES], &bytes);
	format_size(size, bytes);
	snprintf(contents, sizeof(contents), "%llu queue%s, %s", (unsigned long long)queues,
		 queues == 1 ? "" : "s", size);
	process = check_process(pid);
	mount = orphan_fs_mount(dev, &len);
	f = findings_add(list, known && !queues ? SEVERITY_INFO : SEVERITY_WARN, "orphan-fs",
			 "outlives its namespace with %s: %.*s, seen by %s",
			 known ? contents : "unknown contents", (int)len, mount ?: "", process);
	finding_subject(f, "mqueue filesystem");
	finding_more(f, PROGRAM " list --state orphan-fs -o +MOUNT");
	free(process);
}

/** check_filesystems - find mqueue filesystems that are mounted and whose namespace has ended */
void check_filesystems(const struct check_scope *scope, struct findings *list)
{
	struct row_store orphans = { 0 };
	struct row row;
	size_t i;

	if (scope->only || !check_wants(scope, IPCNS_KIND_MQ))
		return;
	orphan_fs_find(scope->w, scope->all, &orphans);
	for (i = 0; i < orphans.n; i++)
		if (row_parse(&row, orphans.rows[i].attrs, orphans.rows[i].len))
			report_filesystem(&row, list);
	row_store_clear(&orphans);
	orphan_fs_clear();
}
