// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing orphans: which of them may go, and what is said of the others.
 *
 * Sure ones may. One that is only likely to be an orphan may be meant to stay, so it goes only if
 * an age was given, and if nobody is there any more who could want it: no task of the owner or the
 * creator in the IPC namespace or, for a file, in a mount namespace that has its filesystem.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "host/presence.h"
#include "host/process.h"
#include "ipc/actor.h"
#include "ipc/file_object.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_removal.h"
#include "ipc/orphan_removal.h"
#include "print/text.h"
#include "util.h"

/* Why an orphan is not removed. */
enum keeping {
	KEPT_NOT,
	KEPT_NO_AGE,		/* none was given, which likely ones need */
	KEPT_UNSEEN,		/* not all processes can be looked at */
	KEPT_PRESENT,		/* a user who may want it has processes there */
};

/* An orphan, and what becomes of it: there can be many. */
struct orphan {
	const struct stored_row *stored;
	uint64_t inum, nsid;	/* 0 of a file that belongs to no known namespace */
	const char *why;	/* it is thought to be an orphan; a constant */
	uint32_t uid;		/* for KEPT_PRESENT */
	uint8_t certainty;	/* enum orphan_certainty */
	uint8_t kept;		/* enum keeping */
	bool is_file;
};

/* What is done with all of them. */
struct sweep {
	struct ipcns *w;
	const struct orphan_filter *filter;
	struct orphan *orphans;	/* those that are removed together stand together */
	size_t n;
	bool force;
	struct presences presences;
	size_t going, kept;	/* objects */
	uint64_t bytes;		/* of those that go */
};

/* By namespace, files apart: one process removes what is in one namespace. Else as they came. */
static int compare_orphans(const void *p, const void *q)
{
	const struct orphan *a = p, *b = q;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	if (a->is_file != b->is_file)
		return a->is_file - b->is_file;
	return (a->stored > b->stored) - (a->stored < b->stored);
}

static bool is_same_place(const struct orphan *a, const struct orphan *b)
{
	return a->inum == b->inum && a->nsid == b->nsid && a->is_file == b->is_file;
}

static bool is_present(const struct sweep *sweep, const struct orphan *orphan,
		       const struct row *row, uint32_t uid)
{
	uint64_t dev = 0;

	if (!orphan->is_file)
		return presences_have(&sweep->presences, orphan->inum, uid);
	ipcns_uint(row->nest[FILE_DEV], &dev);
	return presences_see(&sweep->presences, dev, uid);
}

/* The user who created an object as the module recorded it; false if that is not known. */
static bool recorded_creator(const struct row *row, uint64_t *uid)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];

	return actor_parse(row->attr[IPCNS_A_OBJECT_CREATOR], tb) &&
	       ipcns_uint(tb[IPCNS_A_ACTOR_UID], uid);
}

/* Whether a user who may want the object is there; unknown owners may be anybody. */
static bool has_user(const struct sweep *sweep, const struct orphan *orphan, const struct row *row,
		     uint64_t *uid)
{
	return (ipcns_uint(row->attr[IPCNS_A_OBJECT_UID], uid) &&
		is_present(sweep, orphan, row, *uid)) ||
	       (ipcns_uint(row->attr[IPCNS_A_OBJECT_CUID], uid) &&
		is_present(sweep, orphan, row, *uid)) ||
	       (recorded_creator(row, uid) && is_present(sweep, orphan, row, *uid));
}

/* Sets why an orphan is not removed, if that is so. */
static void set_kept(const struct sweep *sweep, struct orphan *orphan, const struct row *row)
{
	uint64_t uid;

	if (orphan->certainty == ORPHAN_SURE)
		return;
	if (!sweep->filter->older_than) {
		orphan->kept = KEPT_NO_AGE;
	} else if (!sweep->presences.complete || !row->attr[IPCNS_A_OBJECT_UID] ||
		   (orphan->is_file && !sweep->presences.views_complete)) {
		orphan->kept = KEPT_UNSEEN;
	} else if (has_user(sweep, orphan, row, &uid)) {
		orphan->kept = KEPT_PRESENT;
		orphan->uid = uid;
	}
}

static void decide(struct sweep *sweep, struct orphan *orphan, const struct row *row)
{
	uint64_t bytes;

	set_kept(sweep, orphan, row);
	if (orphan->kept) {
		sweep->kept++;
		return;
	}
	sweep->going++;
	if (orphan_bytes(row, &bytes))
		sweep->bytes += bytes;
}

static const char *name_of(const struct orphan *orphan, char *buf, size_t size)
{
	if (!orphan->nsid)
		return NULL;
	snprintf(buf, size, "%llu", (unsigned long long)orphan->inum);
	return buf;
}

/* Why an orphan is not removed. */
static void put_kept(const struct orphan *orphan)
{
	const char *user;

	switch (orphan->kept) {
	case KEPT_NO_AGE:
		fputs("; give --older-than for likely ones", stdout);
		break;
	case KEPT_UNSEEN:
		fputs("; not all processes can be looked at", stdout);
		if (!posix_shm_permitted())
			fputs(", which requires CAP_SYS_PTRACE", stdout);
		break;
	case KEPT_PRESENT:
		user = user_name(orphan->uid);
		fputs("; user ", stdout);
		put_safe(stdout, user, strlen(user));
		fputs(" has processes there", stdout);
		break;
	}
}

/* One line: what would become of an orphan, and what makes it one. */
static void print_orphan(const struct sweep *sweep, const struct orphan *orphan,
			 const struct row *row)
{
	struct object_text text;
	char name[24], age[32];
	uint64_t last, now = time(NULL);

	object_describe(row, name_of(orphan, name, sizeof(name)), &text);
	fputs(!orphan->kept ? "would remove " : sweep->force ? "kept " : "would keep ", stdout);
	put_safe(stdout, text.label, strlen(text.label));
	printf(": %s, %s (%s)", text.amount, orphan->certainty == ORPHAN_SURE ? "sure" : "likely",
	       orphan->why);
	if (orphan_last_use(row, &last)) {
		format_age(age, now > last ? now - last : 0);
		printf(", unused for %s", age);
	}
	put_kept(orphan);
	putchar('\n');
}

/* Removes the orphans of one place, from @first on; returns how many that should go are left. */
static size_t remove_place(struct sweep *sweep, const struct row_store *all, size_t first,
			   size_t end)
{
	const struct stored_row **objects = xcalloc(end - first, sizeof(*objects));
	const struct orphan *orphan = &sweep->orphans[first];
	const struct stored_row *ns = NULL;
	const struct stored_row wanted = { .key.number = { orphan->inum, orphan->nsid } };
	size_t i, n = 0, left = 0;
	char name[24];

	for (i = first; i < end; i++)
		if (!sweep->orphans[i].kept)
			objects[n++] = sweep->orphans[i].stored;
	if (all->n)
		ns = bsearch(&wanted, all->rows, all->n, sizeof(wanted), ns_compare);
	if (n && !orphan->is_file && !ns) {
		if (!quiet)
			printf("already gone with namespace %llu: %zu object%s\n",
			       (unsigned long long)orphan->inum, n, n == 1 ? "" : "s");
	} else if (n) {
		left = objects_remove(sweep->w, ns, name_of(orphan, name, sizeof(name)), objects, n,
				      REMOVE_GONE);
	}
	free(objects);
	return left;
}

static size_t remove_all(struct sweep *sweep)
{
	struct row_store all = { 0 };
	size_t first = 0, end, left = 0;

	ns_select_all(sweep->w, &all);
	for (; first < sweep->n; first = end) {
		end = first + 1;
		while (end < sweep->n && is_same_place(&sweep->orphans[first], &sweep->orphans[end]))
			end++;
		left += remove_place(sweep, &all, first, end);
	}
	row_store_clear(&all);
	return left;
}

/* False for what the kernel removes by itself, or is no orphan. */
static bool take(struct orphan *orphan, const struct stored_row *stored)
{
	struct row row;

	*orphan = (struct orphan){ .stored = stored };
	if (!object_parse(&row, stored->attrs, stored->len))
		return false;
	orphan->certainty = orphan_judge(&row, &orphan->why);
	orphan->is_file = row.kind >= MODULE_KINDS;
	ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_INUM], &orphan->inum);
	ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_ID], &orphan->nsid);
	return orphan->certainty != ORPHAN_NOT;
}

static void print_sum(const struct sweep *sweep)
{
	char bytes[8];

	format_size(bytes, sweep->bytes);
	printf("%zu to remove, %s; %zu to keep%s\n", sweep->going, bytes, sweep->kept,
	       sweep->going ? ". Nothing was removed: add --force" : "");
}

/**
 * orphans_remove - remove orphans, or say which would be removed; one line for each
 * @w: the connection
 * @namespaces: those to look in, sorted; empty for all
 * @filter: which orphans are meant; likely ones are removed only if it has an age
 * @force: whether to remove them
 *
 * Returns how many should have been removed and were not, of those that are still there.
 */
size_t orphans_remove(struct ipcns *w, const struct row_store *namespaces,
		      const struct orphan_filter *filter, bool force)
{
	struct sweep sweep = { .w = w, .filter = filter, .force = force };
	struct row_store store = { 0 };
	struct orphan *orphan;
	size_t i, left = 0;
	struct row row;

	orphans_read(w, namespaces, filter, &store);
	sweep.orphans = xcalloc(store.n, sizeof(*sweep.orphans));
	for (i = 0; i < store.n; i++)
		sweep.n += take(&sweep.orphans[sweep.n], &store.rows[i]);
	if (sweep.n && filter->older_than)
		presences_read(&sweep.presences);
	if (sweep.n)
		qsort(sweep.orphans, sweep.n, sizeof(*sweep.orphans), compare_orphans);
	for (i = 0; i < sweep.n; i++) {
		orphan = &sweep.orphans[i];
		if (!object_parse(&row, orphan->stored->attrs, orphan->stored->len))
			continue;	/* take() has parsed it before */
		decide(&sweep, orphan, &row);
		if (!force || (orphan->kept && !quiet))
			print_orphan(&sweep, orphan, &row);
	}
	if (force)
		left = remove_all(&sweep);
	else
		print_sum(&sweep);
	presences_free(&sweep.presences);
	free(sweep.orphans);
	row_store_clear(&store);
	return left;
}
