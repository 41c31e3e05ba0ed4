// SPDX-License-Identifier: GPL-2.0-only
/* Limits that are nearly used up. */
#include <string.h>
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

/* Whether a limit is about a kind of objects that is wanted. Names begin with the kind. */
static bool is_wanted(const struct check_scope *scope, const char *name)
{
	static const char *const begins[KINDS] = {
		[IPCNS_KIND_SHM] = "SHM",
		[IPCNS_KIND_SEM] = "SEM",
		[IPCNS_KIND_MSG] = "MSG",
		[IPCNS_KIND_MQ] = "MQU",
	};
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (!strncmp(name, begins[kind], strlen(begins[kind])))
			return check_wants(scope, kind);
	return !scope->kinds;
}

static void check_namespace(const struct check_scope *scope, const struct row *row,
			    struct findings *list)
{
	uint64_t inum = 0, nsid = 0, used, max;
	const char *name;
	unsigned int line;
	double part;

	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_INUM], &inum);
	ipcns_uint(row->attr[IPCNS_A_LIMITS_NS_ID], &nsid);
	for (line = 0; limits_use(row, line, &name, &part); line++) {
		if (part < NEAR || !is_wanted(scope, name) ||
		    !limits_amount(row, line, &used, &max))
			continue;
		finding_more(check_found(scope, list, part < 1 ? SEVERITY_WARN : SEVERITY_CRIT,
					 "limit", inum, nsid, "%s: %llu of %llu in use", name,
					 (unsigned long long)used, (unsigned long long)max),
			     PROGRAM " limits --above 80 %llu", (unsigned long long)inum);
	}
}

static void check_user(const struct user_limit *row, struct findings *list)
{
	const double part = user_limit_use(row);
	struct finding *f;

	if (part < NEAR)
		return;
	if (row->kind == USER_LIMIT_NAMESPACES)
		f = findings_add(list, part < 1 ? SEVERITY_WARN : SEVERITY_CRIT, "limit",
				 "user.max_ipc_namespaces of user namespace %llu: %llu of %llu in "
				 "use", (unsigned long long)row->userns,
				 (unsigned long long)row->used, (unsigned long long)row->limit);
	else
		f = findings_add(list, part < 1 ? SEVERITY_WARN : SEVERITY_CRIT, "limit",
				 "RLIMIT_MSGQUEUE: %llu of %llu bytes in use",
				 (unsigned long long)row->used, (unsigned long long)row->limit);
	finding_subject(f, "user %s", user_name(row->uid));
	finding_more(f, PROGRAM " limits --above 80");
}

/** check_shm_limits - find filesystems at /dev/shm that are used to 80% or more */
void check_shm_limits(const struct check_scope *scope, const struct posix_shm *found,
		      struct findings *list)
{
	struct user_limits limits = { 0 };
	const struct user_limit *row;
	char used[8], size[8];
	struct finding *f;

	shm_limits_add(&limits, found, scope->all, scope->only);
	for (row = limits.rows; row < limits.rows + limits.n; row++) {
		const double part = user_limit_use(row);

		if (!row->wanted || part < NEAR)
			continue;
		format_size(used, row->used);
		format_size(size, row->limit);
		f = check_found(scope, list, part < 1 ? SEVERITY_WARN : SEVERITY_CRIT, "limit",
				row->ns, row->nsid, "/dev/shm: %s of %s in use", used, size);
		finding_more(f, PROGRAM " objects --type pshm,psem --sort -USED %llu",
			     (unsigned long long)row->ns);
		if (row->ns)
			continue;
		finding_subject(f, "processes of no namespace that is known");
		finding_more(f, PROGRAM " objects --type pshm,psem --sort -USED");
	}
	user_limits_free(&limits);
}

static void read_limits(const struct check_scope *scope, struct row_store *store)
{
	size_t i;

	if (scope->only && scope->only->n <= NS_FEW)
		for (i = 0; i < scope->only->n; i++)
			limits_try(scope->w, ns_id(&scope->only->rows[i]), store);
	else
		limits_get_all(scope->w, store);
	row_store_sort(store);
}

/** check_limits - find limits of namespaces and users that are used to 80% or more */
void check_limits(const struct check_scope *scope, struct findings *list)
{
	struct user_limits users = { 0 };
	struct row_store store = { 0 };
	struct row row;
	size_t i;

	read_limits(scope, &store);
	for (i = 0; i < store.n; i++)
		if (row_parse(&row, store.rows[i].attrs, store.rows[i].len) &&
		    (!scope->only || ns_selected(scope->only, row.attr[IPCNS_A_LIMITS_NS_INUM],
						 row.attr[IPCNS_A_LIMITS_NS_ID])))
			check_namespace(scope, &row, list);
	row_store_clear(&store);

	if (!check_wants(scope, IPCNS_KIND_MQ))
		return;
	user_limits_get(&users, scope->w, scope->only, USER_NAMESPACES);
	for (i = 0; i < users.n; i++)
		if (users.rows[i].wanted &&
		    (!scope->kinds || users.rows[i].kind == USER_LIMIT_QUEUES))
			check_user(&users.rows[i], list);
	user_limits_free(&users);
}
