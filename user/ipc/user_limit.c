// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of users: how many IPC namespaces they may create in a user namespace, and how many bytes
 * their POSIX queues may have.
 *
 * A namespace counts for the user who created it in the user namespace that owns it, and for the
 * creator of that user namespace in its parent, and so on (inc_ucount() in kernel/ucount.c). The
 * initial IPC namespace counts for nobody.
 *
 * A queue counts for the user who created it, with all messages that it could have, until it is
 * unlinked and closed (mqueue_get_inode() in ipc/mqueue.c).
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/ipcns.h>

#include "host/capability.h"
#include "host/processes.h"
#include "host/user_namespace.h"
#include "ipc/actor.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/user_limit.h"
#include "util.h"

/* include/linux/proc_ns.h PROC_IPC_INIT_INO */
#define INITIAL_IPC_NS 4026531839U

/* A user namespace, as far as it can be looked into. */
struct user_namespace {
	uint64_t inum;
	uint64_t parent;	/* its inode number, 0 if there is none or it is not known */
	uint32_t owner;
	bool has_limit;
	uint64_t limit;
};

/** user_limit_names - what the limits are called */
const char *const user_limit_names[USER_LIMIT_KINDS] = {
	[USER_LIMIT_NAMESPACES] = "MAXIPCNS",
	[USER_LIMIT_QUEUES] = "RLIMIT_MSGQUEUE",
	[USER_LIMIT_SHM] = "DEVSHM",
};

static int compare_rows(const void *p, const void *q)
{
	const struct user_limit *a = p, *b = q;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->userns != b->userns)
		return a->userns < b->userns ? -1 : 1;
	return (a->uid > b->uid) - (a->uid < b->uid);
}

/* Adds up rows of the same user. */
static void merge(struct user_limits *list)
{
	size_t i, kept = 0;

	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), compare_rows);
	for (i = 0; i < list->n; i++) {
		if (!kept || compare_rows(&list->rows[kept - 1], &list->rows[i])) {
			list->rows[kept++] = list->rows[i];
			continue;
		}
		list->rows[kept - 1].used += list->rows[i].used;
		if (list->rows[kept - 1].largest < list->rows[i].largest)
			list->rows[kept - 1].largest = list->rows[i].largest;
		list->rows[kept - 1].wanted |= list->rows[i].wanted;
	}
	list->n = kept;
	list->merged = kept;
}

static void add(struct user_limits *list, const struct user_limit *row)
{
	/* Memory is bounded by the number of users, not by that of queues. */
	if (list->n == list->allocated && list->n >= 2 * list->merged + 64)
		merge(list);
	list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
	list->rows[list->n++] = *row;
}

static int compare_namespaces(const void *p, const void *q)
{
	const struct user_namespace *a = p, *b = q;

	return (a->inum > b->inum) - (a->inum < b->inum);
}

static struct user_namespace *find(const struct user_limits *list, uint64_t inum)
{
	const struct user_namespace wanted = { .inum = inum };
	struct user_namespace **found = tfind(&wanted, &list->namespaces, compare_namespaces);

	return found ? *found : NULL;
}

static void insert(struct user_limits *list, const struct user_namespace *ns)
{
	if (!tsearch(xmemdup(ns, sizeof(*ns)), &list->namespaces, compare_namespaces))
		die(STATUS_ERROR, "out of memory");
}

/* Opens the user namespace that owns an IPC namespace; a negative errno if that is not possible. */
static int open_owner(struct ipcns *w, const struct row *row, uint64_t inum, uint64_t nsid)
{
	int ns = -1, userns;
	uint64_t pid;

	if (ipcns_uint(row->attr[IPCNS_A_NS_PID], &pid) && pid)
		ns = process_namespace_open(pid, inum);
	if (ns < 0)	/* which costs the kernel more */
		ns = ipcns_open_namespace(w, nsid);
	if (ns < 0)
		return ns;
	userns = user_namespace_of(ns);
	if (userns < 0)
		userns = -errno;
	close(ns);
	return userns;
}

/* Adds a user namespace and its ancestors, up to one that is there; closes @fd. */
static void add_ancestors(struct user_limits *list, int fd, size_t *most)
{
	struct user_namespace ns;
	uint32_t owner;
	int parent;

	while (fd >= 0) {
		ns = (struct user_namespace){ 0 };
		parent = -1;
		if (user_namespace_identify(fd, &ns.inum, &ns.owner) && !find(list, ns.inum)) {
			if (*most) {
				--*most;
				ns.has_limit = user_namespace_limit(fd, &ns.limit);
				list->refused += !ns.has_limit && is_administrator();
			} else {
				list->unread++;
			}
			parent = user_namespace_parent(fd);
			if (parent >= 0 && !user_namespace_identify(parent, &ns.parent, &owner))
				ns.parent = 0;
			insert(list, &ns);
		}
		close(fd);
		fd = parent;
	}
}

/* A user namespace that owns IPC namespaces, and one of these. */
struct owner {
	uint64_t inum;
	bool wanted;		/* of one of the IPC namespaces that were asked for */
	size_t count;		/* IPC namespaces */
	size_t place;		/* of one of them that is not dying */
};

static int compare_inums(const void *p, const void *q)
{
	const struct owner *a = p, *b = q;

	return (a->inum > b->inum) - (a->inum < b->inum);
}

static int compare_importance(const void *p, const void *q)
{
	const struct owner *a = p, *b = q;

	if (a->wanted != b->wanted)
		return a->wanted ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return compare_inums(p, q);
}

/* The user namespaces that own any: those of @only first, and those with the most. */
static size_t list_owners(const struct row_store *all, const struct row_store *only,
			  struct owner *owners)
{
	size_t i, n = 0, kept = 0;
	struct row row;
	uint64_t inum;

	for (i = 0; i < all->n; i++)
		if (row_parse(&row, all->rows[i].attrs, all->rows[i].len) && !ns_is_dying(&row) &&
		    ipcns_uint(row.attr[IPCNS_A_NS_OWNER_INUM], &inum))
			owners[n++] = (struct owner){
				.inum = inum, .count = 1, .place = i,
				.wanted = only && ns_selected(only, row.attr[IPCNS_A_NS_INUM],
							      row.attr[IPCNS_A_NS_ID]),
			};
	if (n)
		qsort(owners, n, sizeof(*owners), compare_inums);
	for (i = 0; i < n; i++) {
		if (!kept || owners[kept - 1].inum != owners[i].inum) {
			owners[kept++] = owners[i];
			continue;
		}
		owners[kept - 1].count++;
		owners[kept - 1].wanted |= owners[i].wanted;
	}
	if (kept)
		qsort(owners, kept, sizeof(*owners), compare_importance);
	return kept;
}

static void find_user_namespaces(struct user_limits *list, struct ipcns *w,
				 const struct row_store *all, const struct row_store *only,
				 size_t most)
{
	struct owner *owners = xrealloc(NULL, all->n, sizeof(*owners));
	size_t n = list_owners(all, only, owners), i;
	const struct stored_row *stored;
	struct row row;
	int userns;

	for (i = 0; i < n; i++) {
		stored = &all->rows[owners[i].place];
		if (find(list, owners[i].inum) || !row_parse(&row, stored->attrs, stored->len))
			continue;
		userns = open_owner(w, &row, stored->key.number[0], ns_id(stored));
		list->refused += userns < 0 && !module_gone(userns) && is_administrator();
		add_ancestors(list, userns, &most);
	}
	free(owners);
}

/* Who created a namespace. For one that is older than the module: who created its user namespace. */
static bool get_creator(const struct row *row, uint64_t *uid)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];

	if (actor_parse(row->attr[IPCNS_A_NS_BORN], tb) &&
	    ipcns_uint(tb[IPCNS_A_ACTOR_UID], uid))
		return true;
	return ipcns_uint(row->attr[IPCNS_A_NS_OWNER_UID], uid);
}

static void count_namespace(struct user_limits *list, const struct row *row, bool wanted)
{
	struct user_limit limit = { .kind = USER_LIMIT_NAMESPACES, .used = 1, .wanted = wanted };
	const struct user_namespace *ns;
	uint64_t uid;

	if (!ipcns_uint(row->attr[IPCNS_A_NS_OWNER_INUM], &limit.userns) || !get_creator(row, &uid))
		return;
	limit.uid = uid;
	add(list, &limit);
	for (ns = find(list, limit.userns); ns && ns->parent; ns = find(list, ns->parent)) {
		limit.userns = ns->parent;
		limit.uid = ns->owner;
		add(list, &limit);
	}
}

/*
 * Counts the IPC namespaces of each user, and finds the limits: see user_limits_begin().
 */
static void add_namespaces(struct user_limits *list, struct ipcns *w, const struct row_store *all,
			   size_t most)
{
	const struct row_store *only = list->only;
	const struct user_namespace *ns;
	struct row row;
	size_t i;

	find_user_namespaces(list, w, all, only, most);
	for (i = 0; i < all->n; i++)
		if (all->rows[i].key.number[0] != INITIAL_IPC_NS &&
		    row_parse(&row, all->rows[i].attrs, all->rows[i].len))
			count_namespace(list, &row, !only ||
					ns_selected(only, row.attr[IPCNS_A_NS_INUM],
						    row.attr[IPCNS_A_NS_ID]));
	merge(list);
	for (i = 0; i < list->n; i++) {
		ns = list->rows[i].kind == USER_LIMIT_NAMESPACES ?
		     find(list, list->rows[i].userns) : NULL;
		if (ns && ns->has_limit) {
			list->rows[i].has_limit = true;
			list->rows[i].limit = ns->limit;
		}
	}
}

/* Bytes that the kernel counts for a POSIX queue of @maxmsg messages with @msgsize bytes each. */
static uint64_t queue_charge(uint64_t maxmsg, uint64_t msgsize)
{
	/* MQ_PRIO_MAX; structs of include/linux/msg.h and ipc/mqueue.c */
	const uint64_t priorities = 32768;
	struct msg_msg {
		struct { void *next, *prev; } m_list;
		long m_type;
		size_t m_ts;
		void *next, *security;
	};
	struct posix_msg_tree_node {
		struct { unsigned long color; void *right, *left; } rb_node;
		struct { void *next, *prev; } msg_list;
		int priority;
	};

	return maxmsg * sizeof(struct msg_msg) +
	       (maxmsg < priorities ? maxmsg : priorities) * sizeof(struct posix_msg_tree_node) +
	       maxmsg * msgsize;
}

/* The lowest limit of the processes of a user is the one that is met first. */
static void take_process(uint32_t pid, void *arg)
{
	struct user_limit wanted = { .kind = USER_LIMIT_QUEUES }, *row;
	struct user_limits *list = arg;
	uint64_t limit;

	if (!process_uid(pid, &wanted.uid))
		return;
	row = bsearch(&wanted, list->rows, list->n, sizeof(wanted), compare_rows);
	if (!row || !process_queue_limit(pid, &limit))
		return;
	if (!row->has_limit || limit < row->limit)
		row->limit = limit;
	row->has_limit = true;
}

/** user_limit_use - the part of a limit that is used, of 1; below 0 if it is not known */
double user_limit_use(const struct user_limit *limit)
{
	if (!limit->has_limit)
		return -1;
	if (!limit->limit)
		return limit->used ? 1 : -1;
	return (double)limit->used / limit->limit;
}

/**
 * user_limit_is_tight - whether another queue as large as the user's largest has no room
 *
 * A queue counts with all messages that it could have, so mq_open(3) may fail though little of the
 * limit is used.
 */
bool user_limit_is_tight(const struct user_limit *limit)
{
	return limit->kind == USER_LIMIT_QUEUES && limit->has_limit &&
	       limit->used + limit->largest > limit->limit;
}

/**
 * user_limits_begin - count the IPC namespaces of each user
 * @list: empty; user_limits_free()
 * @w: the connection
 * @all: all namespaces, as ns_select_all() left them
 * @only: namespaces that rows are wanted for, sorted; NULL for all
 * @most: user namespaces whose limit is read at most, since each takes a process: those of @only
 *	  first, then those with the most IPC namespaces. @list->unread counts the others.
 */
void user_limits_begin(struct user_limits *list, struct ipcns *w, const struct row_store *all,
		       const struct row_store *only, size_t most)
{
	list->only = only;
	add_namespaces(list, w, all, most);
}

/** user_limits_add - count an object, if it is a POSIX queue; one of each namespace is to be added */
void user_limits_add(struct user_limits *list, const struct row *row)
{
	struct user_limit limit = { .kind = USER_LIMIT_QUEUES };
	uint64_t uid, maxmsg, msgsize;

	if (row->kind != IPCNS_KIND_MQ || !ipcns_uint(row->attr[IPCNS_A_OBJECT_UID], &uid) ||
	    !ipcns_uint(row->nest[IPCNS_A_MQ_MAXMSG], &maxmsg) ||
	    !ipcns_uint(row->nest[IPCNS_A_MQ_MSGSIZE], &msgsize))
		return;
	/* Its owner is its creator, unless it was given away. */
	limit.uid = uid;
	limit.used = limit.largest = queue_charge(maxmsg, msgsize);
	limit.wanted = !list->only || ns_selected(list->only, row->attr[IPCNS_A_OBJECT_NS_INUM],
						  row->attr[IPCNS_A_OBJECT_NS_ID]);
	add(list, &limit);
}

/** user_limits_restart - forget all queues */
void user_limits_restart(struct user_limits *list)
{
	merge(list);
	while (list->n && list->rows[list->n - 1].kind == USER_LIMIT_QUEUES)
		list->n--;
	list->merged = list->n;
}

/** user_limits_end - add up the queues, and read the limits of their owners */
void user_limits_end(struct user_limits *list)
{
	merge(list);
	if (list->n && list->rows[list->n - 1].kind == USER_LIMIT_QUEUES)
		processes_read(take_process, list);
}

static void take_queue(struct nlattr *attrs, int len, void *arg)
{
	struct row row;

	if (object_parse(&row, attrs, len))
		user_limits_add(arg, &row);
}

static bool restart_queues(void *arg)
{
	user_limits_restart(arg);
	return true;
}

/**
 * user_limits_get - all limits of users: user_limits_begin(), all queues, user_limits_end()
 *
 * Where queues cannot be listed on this kernel, there are no rows for them.
 */
void user_limits_get(struct user_limits *list, struct ipcns *w, const struct row_store *all,
		     const struct row_store *only, size_t most)
{
	const struct ipcns_object_filter filter = { .kinds = 1U << IPCNS_KIND_MQ };
	int ret;

	user_limits_begin(list, w, all, only, most);
	ret = ipcns_objects(w, &filter, take_queue, restart_queues, list);
	if (ret == -EOPNOTSUPP)
		error("cannot list POSIX queues: %s", ipcns_error(w));
	else if (ret)
		module_die(w, ret, "cannot list POSIX queues");
	user_limits_end(list);
}

/** user_limits_report - report limits that could not be read, if there are any */
void user_limits_report(const struct user_limits *list)
{
	if (!list->refused)
		return;
	error("MAXIPCNS of %zu user namespace%s cannot be read", list->refused,
	      list->refused == 1 ? "" : "s");
}

/** user_limits_free - free what a list holds */
void user_limits_free(struct user_limits *list)
{
	free(list->rows);
	tdestroy(list->namespaces, free);
	*list = (struct user_limits){ 0 };
}
