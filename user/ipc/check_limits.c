// SPDX-License-Identifier: GPL-2.0-only
/* Limits that are nearly used up, and by whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/ipcns.h>

#include "host/process.h"
#include "ipc/checks.h"
#include "ipc/limit.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/shm_limit.h"
#include "ipc/user_limit.h"
#include "print/text.h"
#include "util.h"

#define NEAR 0.8

/* It takes a process to read the limit of a user namespace: those with the most come first. */
#define USER_NAMESPACES 64

/* What objects use of a limit. */
enum measure {
	OBJECTS,
	SEMAPHORES,
	PAGES,
};

static const struct {
	const char *name;
	unsigned int kind;
	enum measure measure;
} measures[] = {
	{ "MSGMNI", IPCNS_KIND_MSG, OBJECTS },
	{ "MQUMNI", IPCNS_KIND_MQ, OBJECTS },
	{ "SHMMNI", IPCNS_KIND_SHM, OBJECTS },
	{ "SHMALL", IPCNS_KIND_SHM, PAGES },
	{ "SEMMNI", IPCNS_KIND_SEM, OBJECTS },
	{ "SEMMNS", IPCNS_KIND_SEM, SEMAPHORES },
};

/* What a user has of it. */
struct share {
	uint64_t uid, amount;
};

/* A limit of a namespace that is nearly used up, and by whom. */
struct near_limit {
	uint64_t nsid, inum, used, max;
	double part;
	size_t place;		/* in measures */
	struct share *shares;
	size_t n, allocated, merged;
};

static int compare_near(const void *p, const void *q)
{
	const struct near_limit *a = p, *b = q;

	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int compare_printed(const void *p, const void *q)
{
	const struct near_limit *a = p, *b = q;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	return compare_near(p, q);
}

static void add_limit(struct near_limits *list, const struct near_limit *limit)
{
	list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
	list->rows[list->n++] = *limit;
}

static void take_limits(const struct check_scope *scope, const struct row *row,
			struct near_limits *list)
{
	struct near_limit limit = { 0 };
	const char *name;
	unsigned int line;

	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_INUM], &limit.inum);
	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_ID], &limit.nsid);
	for (line = 0; limits_use(row, line, &name, &limit.part); line++) {
		if (limit.part < NEAR || !limits_amount(row, line, &limit.used, &limit.max))
			continue;
		for (limit.place = 0; limit.place < ARRAY_SIZE(measures); limit.place++)
			if (!strcmp(name, measures[limit.place].name) &&
			    check_wants(scope, measures[limit.place].kind))
				add_limit(list, &limit);
	}
}

static void read_limits(const struct check_scope *scope, struct row_store *store)
{
	size_t i;

	if (scope->only && scope->only->n <= NS_FEW)
		for (i = 0; i < scope->only->n; i++)
			limits_try(scope->w, ns_id(&scope->only->rows[i]), store);
	else
		limits_get_all(scope->w, store);
}

/**
 * check_limits_begin - find limits of namespaces that are used to 80% or more
 * @scope: what is checked
 * @all_objects: those of all namespaces are given to check_limits_count(), not of @scope->only alone
 * @list: all zero at first; takes objects until check_limits_end()
 */
void check_limits_begin(const struct check_scope *scope, bool all_objects,
			struct near_limits *list)
{
	struct row_store store = { 0 };
	struct row row;
	size_t i;

	read_limits(scope, &store);
	for (i = 0; i < store.n; i++)
		if (row_parse(&row, store.rows[i].attrs, store.rows[i].len) &&
		    (!scope->only || ns_selected(scope->only, row.attr[IPCNS_A_LIMITS_NS_INUM],
						 row.attr[IPCNS_A_LIMITS_NS_ID])))
			take_limits(scope, &row, list);
	row_store_clear(&store);
	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), compare_near);
	list->counts_queues = all_objects && check_wants(scope, IPCNS_KIND_MQ);
	if (list->counts_queues)
		user_limits_begin(&list->users, scope->w, scope->all, scope->only, USER_NAMESPACES);
}

/* The limits of a namespace, all of them in a row; NULL if it has none. */
static struct near_limit *find_limits(const struct near_limits *list, uint64_t nsid)
{
	const struct near_limit wanted = { .nsid = nsid };
	const size_t i = first_not_below(&wanted, list->rows, list->n, sizeof(wanted),
					 compare_near);

	return i < list->n && list->rows[i].nsid == nsid ? &list->rows[i] : NULL;
}

static uint64_t measure_object(const struct row *row, enum measure measure)
{
	const uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t amount = 0;

	switch (measure) {
	case SEMAPHORES:
		ipcns_uint(row->nest[IPCNS_A_SEM_NSEMS], &amount);
		return amount;
	case PAGES:
		ipcns_uint(row->nest[IPCNS_A_SHM_SIZE], &amount);
		return amount / page + !!(amount % page);
	default:
		return 1;
	}
}

static int compare_shares(const void *p, const void *q)
{
	const struct share *a = p, *b = q;

	return (a->uid > b->uid) - (a->uid < b->uid);
}

/* Adds up the shares of the same user. */
static void merge_shares(struct near_limit *limit)
{
	size_t i, kept = 0;

	if (limit->n)
		qsort(limit->shares, limit->n, sizeof(*limit->shares), compare_shares);
	for (i = 0; i < limit->n; i++) {
		if (kept && limit->shares[kept - 1].uid == limit->shares[i].uid)
			limit->shares[kept - 1].amount += limit->shares[i].amount;
		else
			limit->shares[kept++] = limit->shares[i];
	}
	limit->n = limit->merged = kept;
}

static void add_share(struct near_limit *limit, uint64_t uid, uint64_t amount)
{
	struct share *last = limit->n ? &limit->shares[limit->n - 1] : NULL;

	if (last && last->uid == uid) {
		last->amount += amount;
		return;
	}
	/* Memory is bounded by the number of users, not by that of objects. */
	if (limit->n == limit->allocated && limit->n >= 2 * limit->merged + 64)
		merge_shares(limit);
	limit->shares = xgrow(limit->shares, limit->n, &limit->allocated, sizeof(*limit->shares));
	limit->shares[limit->n++] = (struct share){ uid, amount };
}

/** check_limits_count - take an object that may be one of those that use up a limit */
void check_limits_count(struct near_limits *list, const struct row *row)
{
	struct near_limit *limit;
	uint64_t nsid, uid;

	if (list->counts_queues)
		user_limits_add(&list->users, row);
	if (!list->n || !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_UID], &uid))
		return;
	for (limit = find_limits(list, nsid); limit && limit < list->rows + list->n &&
	     limit->nsid == nsid; limit++)
		if (measures[limit->place].kind == row->kind)
			add_share(limit, uid, measure_object(row, measures[limit->place].measure));
}

/** check_limits_restart - forget the objects of one namespace, or of all if @nsid is 0 */
void check_limits_restart(struct near_limits *list, uint64_t nsid)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!nsid || list->rows[i].nsid == nsid)
			list->rows[i].n = list->rows[i].merged = 0;
	if (list->counts_queues)
		user_limits_restart(&list->users);
}

static void report_limit(const struct check_scope *scope, struct near_limit *limit,
			 struct findings *list)
{
	const struct share *most = NULL;
	char by[128] = "";
	size_t i;

	merge_shares(limit);
	for (i = 0; i < limit->n; i++)
		if (!most || limit->shares[i].amount > most->amount)
			most = &limit->shares[i];
	if (most)
		snprintf(by, sizeof(by), ", %llu by user %s", (unsigned long long)most->amount,
			 user_name(most->uid));
	finding_more(check_found(scope, list, limit->part < 1 ? SEVERITY_WARN : SEVERITY_CRIT,
				 "limit", limit->inum, limit->nsid, "%s: %llu of %llu in use%s",
				 measures[limit->place].name, (unsigned long long)limit->used,
				 (unsigned long long)limit->max, by),
		     PROGRAM " limits --above 80 %llu", (unsigned long long)limit->inum);
}

static void check_user(const struct user_limit *row, struct findings *list)
{
	const double part = user_limit_use(row);
	const enum severity severity = part >= 1 ? SEVERITY_CRIT : part >= NEAR ? SEVERITY_WARN :
				       SEVERITY_INFO;
	struct finding *f;

	/* A queue that fills its limit may be all that its user wants. */
	if (severity == SEVERITY_INFO && !user_limit_is_tight(row))
		return;
	if (row->kind == USER_LIMIT_NAMESPACES)
		f = findings_add(list, severity, "limit",
				 "user.max_ipc_namespaces of user namespace %llu: %llu of %llu in "
				 "use", (unsigned long long)row->userns,
				 (unsigned long long)row->used, (unsigned long long)row->limit);
	else
		f = findings_add(list, severity, "limit",
				 "RLIMIT_MSGQUEUE: %llu of %llu bytes in use%s",
				 (unsigned long long)row->used, (unsigned long long)row->limit,
				 severity == SEVERITY_INFO ?
				 ", no room for another queue as large as the largest" : "");
	finding_subject(f, "user %s", user_name(row->uid));
	finding_more(f, PROGRAM " limits --above 80");
}

static void report_unread(size_t n, const char *why, struct findings *list)
{
	struct finding *f = findings_add(list, SEVERITY_INFO, "limit",
					 "user.max_ipc_namespaces of %zu user namespace%s %s",
					 n, n == 1 ? "" : "s", why);

	finding_subject(f, "limits");
	finding_more(f, PROGRAM " limits");
}

/** check_shm_limits - find filesystems at /dev/shm that are used to 80% or more */
void check_shm_limits(const struct check_scope *scope, const struct posix_shm *found,
		      struct findings *list)
{
	struct user_limits limits = { 0 };
	const struct user_limit *row;
	char used[8], size[8];
	struct finding *f;
	size_t i;

	shm_limits_add(&limits, found, scope->all, scope->only);
	for (i = 0; i < limits.n; i++) {
		double part;

		row = &limits.rows[i];
		part = user_limit_use(row);
		if (!row->wanted || part < NEAR)
			continue;
		format_size(used, row->used);
		format_size(size, row->limit);
		f = check_found(scope, list, part < 1 ? SEVERITY_WARN : SEVERITY_CRIT, "limit",
				row->ns, row->nsid, "/dev/shm: %s of %s in use", used, size);
		if (row->ns) {
			finding_more(f, PROGRAM " objects --type pshm,psem --sort -USED %llu",
				     (unsigned long long)row->ns);
		} else {
			finding_subject(f, "processes of no namespace that is known");
			finding_more(f, PROGRAM " objects --type pshm,psem --sort -USED");
		}
	}
	user_limits_free(&limits);
}

/**
 * check_limits_end - report limits of namespaces and users that are used to 80% or more
 * @scope: what is checked
 * @near: those of namespaces; freed
 * @list: where findings go
 */
void check_limits_end(const struct check_scope *scope, struct near_limits *near,
		      struct findings *list)
{
	struct user_limits *users = &near->users;
	char why[64];
	size_t i;

	if (near->n)
		qsort(near->rows, near->n, sizeof(*near->rows), compare_printed);
	for (i = 0; i < near->n; i++) {
		report_limit(scope, &near->rows[i], list);
		free(near->rows[i].shares);
	}
	free(near->rows);

	if (near->counts_queues)
		user_limits_end(users);
	else if (check_wants(scope, IPCNS_KIND_MQ))
		user_limits_get(users, scope->w, scope->all, scope->only, USER_NAMESPACES);
	for (i = 0; i < users->n; i++)
		if (users->rows[i].wanted &&
		    (!scope->kinds || users->rows[i].kind == USER_LIMIT_QUEUES))
			check_user(&users->rows[i], list);
	if (users->unread && !scope->kinds) {
		snprintf(why, sizeof(why), "was not read: there are more than %u", USER_NAMESPACES);
		report_unread(users->unread, why, list);
	}
	if (users->refused && !scope->kinds)
		report_unread(users->refused, "cannot be read", list);
	user_limits_free(users);
	*near = (struct near_limits){ 0 };
}
