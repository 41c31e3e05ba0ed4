// SPDX-License-Identifier: GPL-2.0-only
/*
 * All processes that wait for semaphores and queues, and who could unblock them.
 *
 * The kernel keeps no owner of a semaphore. Processes whose end would give it back (SEM_UNDO) have
 * taken it; where there are none, the process that changed it last is the best guess, and so is
 * the process that sent to a queue last for its receivers, or received from it for its senders.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/queue_openers.h"
#include "ipc/wait_cycle.h"
#include "ipc/waits.h"
#include "util.h"

/* A semaphore, and the direction in which its value would have to go. */
#define WHAT_GROW(semnum) (2 * (uint64_t)(semnum))
#define WHAT_ZERO(semnum) (2 * (uint64_t)(semnum) + 1)

/* The object that is asked about. */
struct request {
	struct waits *waits;
	struct row row;
	struct nlattr *key;
	uint64_t nsid, id;
	struct waiter_answer answer;
	struct awaited **things;	/* of this object, by what they are for */
	size_t n_things;
};

/**
 * waits_add_object - consider an object of object-get, if somebody may wait for it
 *
 * Each object that is asked about takes the kernel a walk over all namespaces: that is why
 * @waits->max bounds them.
 */
void waits_add_object(struct waits *waits, struct nlattr *attrs, int len)
{
	struct row row;

	if (!object_parse(&row, attrs, len) || !object_may_have_waiters(&row))
		return;
	if (object_is_unlinked(&row)) {
		waits->unlinked++;
		return;
	}
	if (waits->max && waits->objects.n == waits->max)
		waits->left_out++;
	else
		row_store_add(&waits->objects, attrs, len, object_sort_key);
}

/** waits_mark - take note of what there is before a dump of objects, for waits_restart() */
struct waits_mark waits_mark(const struct waits *waits)
{
	return (struct waits_mark){ waits->objects.n, waits->left_out, waits->unlinked };
}

/** waits_restart - forget the objects since a mark: the dump begins again */
void waits_restart(struct waits *waits, const struct waits_mark *mark)
{
	row_store_truncate(&waits->objects, mark->objects);
	waits->left_out = mark->left_out;
	waits->unlinked = mark->unlinked;
}

/* A dump of objects. */
struct objects {
	struct waits *waits;
	const struct row_store *only;	/* namespaces wanted, NULL for all of the dump */
	struct waits_mark before;	/* what there was before it */
};

static void take_object(struct nlattr *attrs, int len, void *arg)
{
	struct objects *objects = arg;
	struct row row;

	if (objects->only && (!row_parse(&row, attrs, len) ||
			      !ns_selected(objects->only, row.attr[IPCNS_A_OBJECT_NS_INUM],
					   row.attr[IPCNS_A_OBJECT_NS_ID])))
		return;
	waits_add_object(objects->waits, attrs, len);
}

static bool restart_objects(void *arg)
{
	struct objects *objects = arg;

	waits_restart(objects->waits, &objects->before);
	return true;
}

/**
 * waits_read_objects - find the objects that somebody may wait for, or die
 * @w: the connection
 * @namespaces: which, none for all
 * @kinds: mask of kinds of objects
 * @waits: where they go
 */
void waits_read_objects(struct ipcns *w, const struct row_store *namespaces, unsigned int kinds,
			struct waits *waits)
{
	const bool few = namespaces->n && namespaces->n <= NS_FEW;
	struct objects objects = { .waits = waits };
	struct ipcns_object_filter filter = { .kinds = kinds };
	size_t i, n = few ? namespaces->n : 1;
	int ret;

	if (namespaces->n && !few)
		objects.only = namespaces;
	for (i = 0; i < n; i++) {
		filter.ns_id = few ? ns_id(&namespaces->rows[i]) : 0;
		objects.before = waits_mark(waits);
		ret = ipcns_objects(w, &filter, take_object, restart_objects, &objects);
		/* one of few may have ended since it was chosen */
		if (ret && !(few && module_gone(ret)))
			module_die(w, ret, "cannot list objects");
	}
}

/* What a process waits for in an object: a number that is the same for the same thing. */
static uint64_t what_of(const struct row *row)
{
	uint64_t semnum = 0, role = 0;
	int64_t op = 0;

	ipcns_uint(row->attr[IPCNS_A_WAITER_ROLE], &role);
	if (role != IPCNS_ROLE_SEM && role != IPCNS_ROLE_UNDO)
		return role;
	ipcns_uint(row->attr[IPCNS_A_WAITER_SEMNUM], &semnum);
	ipcns_int(row->attr[IPCNS_A_WAITER_SEMOP], &op);
	if (role == IPCNS_ROLE_UNDO)	/* the end of who took it gives it back */
		return op > 0 ? WHAT_GROW(semnum) : WHAT_ZERO(semnum);
	return op < 0 ? WHAT_GROW(semnum) : WHAT_ZERO(semnum);
}

static int compare_numbers(const void *p, const void *q)
{
	uint64_t a = *(const uint64_t *)p, b = *(const uint64_t *)q;

	return (a > b) - (a < b);
}

static int compare_awaited(const void *p, const void *q)
{
	const struct awaited *const *a = p, *const *b = q;

	return compare_numbers(&(*a)->what, &(*b)->what);
}

static struct awaited *find_awaited(const struct request *request, uint64_t what)
{
	const struct awaited wanted = { .what = what }, *key = &wanted;
	struct awaited **found = bsearch(&key, request->things, request->n_things, sizeof(*found),
				      compare_awaited);

	return found ? *found : NULL;
}

static void add_pid(struct awaited *awaited, enum awaited_source source, uint64_t pid)
{
	uint32_t i;

	awaited->source = source;
	for (i = 0; i < awaited->n; i++)
		if (awaited->pids[i] == pid)
			return;
	if (pid && awaited->n < AWAITED_MAX)
		awaited->pids[awaited->n++] = pid;
	else
		awaited->more = true;
}

/* The number of a process that has ended may be that of another one. */
static void add_last(struct awaited *awaited, uint64_t pid, bool gone)
{
	if (gone)
		awaited->source = AWAITED_GONE;
	else
		add_pid(awaited, AWAITED_LAST, pid);
}

static void add_awaited(struct request *request, uint64_t what)
{
	struct waits *waits = request->waits;
	struct awaited *awaited = xcalloc(1, sizeof(*awaited));
	uint64_t key = 0;

	ipcns_uint(request->key, &key);
	*awaited = (struct awaited){
		.nsid = request->nsid, .kind = request->row.kind, .id = request->id, .key = key,
		.what = what,
	};
	waits->things = xgrow(waits->things, waits->n_things, &waits->allocated_things,
			     sizeof(*waits->things));
	waits->things[waits->n_things++] = awaited;
}

/* One struct for each thing that processes wait for. */
static void make_awaited(struct request *request)
{
	const struct row_store *waiters = &request->answer.waiters;
	size_t n = waiters->n, first = request->waits->n_things, i;
	uint64_t *what = xcalloc(n, sizeof(*what));
	struct row row;

	for (i = 0; i < n; i++)
		if (row_parse(&row, waiters->rows[i].attrs, waiters->rows[i].len))
			what[i] = what_of(&row);
	qsort(what, n, sizeof(*what), compare_numbers);
	for (i = 0; i < n; i++)
		if (!i || what[i - 1] != what[i])
			add_awaited(request, what[i]);
	free(what);
	request->things = request->waits->things + first;
	request->n_things = request->waits->n_things - first;
}

/* Processes that are not visible may have taken any of the semaphores. */
static void take_hidden(struct request *request)
{
	size_t i;

	for (i = 0; i < request->n_things; i++)
		request->things[i]->more = true;
}

static void take_undos(struct request *request)
{
	const struct row_store *undos = &request->answer.undos;
	struct awaited *awaited;
	uint64_t pid;
	struct row row;
	size_t i;

	for (i = 0; i < undos->n; i++) {
		if (!row_parse(&row, undos->rows[i].attrs, undos->rows[i].len))
			continue;
		if (row.attr[IPCNS_A_WAITER_HIDDEN]) {
			take_hidden(request);
			continue;
		}
		awaited = find_awaited(request, what_of(&row));
		if (!awaited)
			continue;
		pid = 0;
		ipcns_uint(row.attr[IPCNS_A_WAITER_PID], &pid);
		add_pid(awaited, AWAITED_UNDO, pid);
	}
}

static void take_element(struct nlattr *attrs, int len, void *arg)
{
	struct request *request = arg;
	uint64_t semnum, pid, what;
	struct awaited *awaited;
	struct row row;

	if (!row_parse(&row, attrs, len) ||
	    !ipcns_uint(row.attr[IPCNS_A_ELEMENT_SEMNUM], &semnum) ||
	    !ipcns_uint(row.attr[IPCNS_A_ELEMENT_PID], &pid) || !pid)
		return;
	for (what = WHAT_GROW(semnum); what <= WHAT_ZERO(semnum); what++) {
		awaited = find_awaited(request, what);
		if (awaited && awaited->source != AWAITED_UNDO) {
			awaited->n = 0;
			add_last(awaited, pid, row.attr[IPCNS_A_ELEMENT_GONE]);
		}
	}
}

static bool restart_elements(void *arg)
{
	(void)arg;	/* what comes again replaces what came */
	return true;
}

static bool needs_elements(const struct request *request)
{
	size_t i;

	for (i = 0; i < request->n_things; i++)
		if (request->things[i]->source != AWAITED_UNDO)
			return true;
	return false;
}

/* Who receives, for a sender; who sends, for a receiver. */
static void fill_other_end(const struct row *row, struct awaited *awaited)
{
	const bool sender = awaited->what == IPCNS_ROLE_SENDER;
	uint64_t pid;

	if (ipcns_uint(row->nest[sender ? IPCNS_A_MSG_LRPID : IPCNS_A_MSG_LSPID], &pid) && pid)
		add_last(awaited, pid, object_remembers_gone(row, sender ? IPCNS_REMEMBERED_LRPID :
							  IPCNS_REMEMBERED_LSPID));
}

/* Who could provide each thing; unknown where the object was removed meanwhile. */
static void fill_awaited(struct ipcns *w, struct request *request)
{
	size_t i;
	int ret;

	if (request->waits->brief)
		return;
	switch (request->row.kind) {
	case IPCNS_KIND_SEM:
		take_undos(request);
		if (!needs_elements(request))
			return;
		ret = ipcns_dump(w, object_request(IPCNS_CMD_ELEMENT_GET, &request->row),
				 take_element, restart_elements, request);
		if (ret && !module_gone(ret))
			module_die(w, ret, "cannot list semaphores");
		return;
	case IPCNS_KIND_MSG:
		for (i = 0; i < request->n_things; i++)
			fill_other_end(&request->row, request->things[i]);
		return;
	case IPCNS_KIND_MQ:
		for (i = 0; i < request->n_things; i++)
			request->things[i]->source = AWAITED_OPEN;
	}
}

static void store_waiters(struct request *request)
{
	struct waits *waits = request->waits;
	struct stored_row *next = request->answer.waiters.rows;
	const struct stored_row *end = next + request->answer.waiters.n;
	struct stored_wait *stored;
	uint64_t pid;
	struct row row;

	for (; next < end; next++) {
		if (!row_parse(&row, next->attrs, next->len))
			continue;
		pid = 0;
		ipcns_uint(row.attr[IPCNS_A_WAITER_PID], &pid);
		waits->rows = xgrow(waits->rows, waits->n, &waits->allocated,
				    sizeof(*waits->rows));
		stored = &waits->rows[waits->n++];
		*stored = (struct stored_wait){
			.wait = { .awaited = find_awaited(request, what_of(&row)), .pid = pid },
			.attrs = next->attrs, .len = next->len,
		};
		next->attrs = NULL;	/* has moved */
	}
}

/* Whether to go on with an answer about one object. */
static bool check(struct ipcns *w, struct request *request, int ret)
{
	struct waits *waits = request->waits;

	if (module_gone(ret))
		return false;
	switch (ret) {
	case 0:
		return true;
	case -EPERM:
	case -EACCES:
		waits->refused += waits->refused_nsid != request->nsid;
		waits->refused_nsid = request->nsid;
		return false;
	case -EOPNOTSUPP:
		waits->unreadable |= 1U << request->row.kind;
		return false;
	}
	module_die(w, ret, "cannot list waiters");
}

static void ask(struct ipcns *w, const struct stored_row *object, struct waits *waits)
{
	struct request request = { .waits = waits };
	struct ipcns_request *r;

	if (!object_parse(&request.row, object->attrs, object->len) ||
	    waits->unreadable & 1U << request.row.kind)
		return;
	ipcns_uint(request.row.attr[IPCNS_A_OBJECT_NS_ID], &request.nsid);
	ipcns_uint(request.row.attr[IPCNS_A_OBJECT_ID], &request.id);
	request.key = request.row.attr[IPCNS_A_OBJECT_KEY];
	if (waits->refused_nsid && waits->refused_nsid == request.nsid)
		return;
	r = object_request(IPCNS_CMD_WAITER_GET, &request.row);
	if (r && check(w, &request, waiter_answer_get(w, r, &request.answer)) &&
	    request.answer.waiters.n) {
		make_awaited(&request);
		fill_awaited(w, &request);
		store_waiters(&request);
		waits->truncated += request.answer.truncated;
	}
	waiter_answer_clear(&request.answer);
}

/* Who has the queues open that somebody waits for. */
static void read_openers(struct ipcns *w, struct waits *waits)
{
	struct awaited *awaited;
	bool read = false;
	size_t i;

	for (i = 0; i < waits->n_things; i++) {
		awaited = waits->things[i];
		if (awaited->kind != IPCNS_KIND_MQ)
			continue;
		if (!read)
			openers_read(w);
		read = true;
		awaited->n = openers_of(awaited->nsid, awaited->id, awaited->pids, AWAITED_MAX,
					&awaited->more);
	}
	openers_clear();
}

/**
 * waits_read - read who waits for the objects and who could unblock them, and find cycles
 * @w: the connection
 * @waits: has the objects
 *
 * It takes a request for each object, or two.
 */
void waits_read(struct ipcns *w, struct waits *waits)
{
	size_t i;

	row_store_sort(&waits->objects);
	for (i = 0; i < waits->objects.n; i++)
		ask(w, &waits->objects.rows[i], waits);
	if (waits->brief)
		return;
	read_openers(w, waits);
	wait_cycles_find(waits->rows, waits->n, waits->things, waits->n_things);
}

/** waits_print - print a row for each process that waits, as wait_columns has it */
void waits_print(const struct waits *waits, struct table *out)
{
	struct row row;
	size_t i;

	for (i = 0; i < waits->n; i++) {
		if (!row_parse(&row, waits->rows[i].attrs, waits->rows[i].len))
			continue;
		row.data = &waits->rows[i].wait;
		table_add(out, &row);
	}
}

/** waits_free - free what it holds */
void waits_free(struct waits *waits)
{
	size_t i;

	for (i = 0; i < waits->n; i++)
		free(waits->rows[i].attrs);
	for (i = 0; i < waits->n_things; i++)
		free(waits->things[i]);
	free(waits->rows);
	free(waits->things);
	row_store_clear(&waits->objects);
	*waits = (struct waits){ 0 };
}
