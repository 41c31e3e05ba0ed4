// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that look blocked: they wait for the same in two samples, and nobody has used the object
 * in between.
 *
 * The kernel does not say since when a task waits. And waiting is no fault: a server waits for its
 * next message, and for a semaphore that nobody has taken. What is worth a warning is a semaphore
 * that somebody has taken and does not give back, a queue that is full and not read, and processes
 * that wait for each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/checks.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/wait_cycle.h"
#include "util.h"

/* Members of a cycle that its sentence names, and namespaces that a command names. */
#define NAMED 4

/* A process that waits, as two samples identify it. */
struct waiting {
	uint64_t nsid, kind, id, what, pid;
	int64_t op;
};

/* What the samples were made of. */
struct samples {
	const struct check_scope *scope;
	const struct waits *before, *after;
	struct waiting *waiting;	/* those of the first, sorted */
	bool *blocked;			/* each of the second */
	struct findings *list;
};

static struct waiting waiting_of(const struct stored_wait *stored)
{
	const struct awaited *awaited = stored->wait.awaited;
	struct waiting waiting = {
		.nsid = awaited->nsid, .kind = awaited->kind, .id = awaited->id,
		.what = awaited->what, .pid = stored->wait.pid,
	};
	struct row row;

	if (row_parse(&row, stored->attrs, stored->len))
		ipcns_int(row.attr[IPCNS_A_WAITER_SEMOP], &waiting.op);
	return waiting;
}

static int compare_waiting(const void *p, const void *q)
{
	const struct waiting *a = p, *b = q;
	const uint64_t x[] = { a->nsid, a->kind, a->id, a->what, a->pid, (uint64_t)a->op };
	const uint64_t y[] = { b->nsid, b->kind, b->id, b->what, b->pid, (uint64_t)b->op };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(x); i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static const struct stored_row *find_object(const struct row_store *objects,
					    const struct stored_row *wanted)
{
	const size_t i = first_not_below(wanted, objects->rows, objects->n, sizeof(*wanted),
					 stored_row_compare);

	return i < objects->n && !stored_row_compare(&objects->rows[i], wanted) ?
	       &objects->rows[i] : NULL;
}

/* What changes with each operation that succeeds; a POSIX queue changes its ctime. */
static bool is_unused(const struct stored_row *before, const struct stored_row *after)
{
	static const unsigned int nests[KINDS][4] = {
		[IPCNS_KIND_SEM] = { IPCNS_A_SEM_OTIME },
		[IPCNS_KIND_MSG] = { IPCNS_A_MSG_STIME, IPCNS_A_MSG_RTIME, IPCNS_A_MSG_QNUM,
				     IPCNS_A_MSG_CBYTES },
		[IPCNS_KIND_MQ] = { IPCNS_A_MQ_CURMSGS, IPCNS_A_MQ_QSIZE },
	};
	struct row a, b;
	uint64_t x, y;
	size_t i;

	if (!object_parse(&a, before->attrs, before->len) ||
	    !object_parse(&b, after->attrs, after->len) || a.kind != b.kind || a.kind >= KINDS)
		return false;
	for (i = 0; i < ARRAY_SIZE(nests[0]) && nests[a.kind][i]; i++) {
		x = y = 0;
		ipcns_uint(a.nest[nests[a.kind][i]], &x);
		ipcns_uint(b.nest[nests[a.kind][i]], &y);
		if (x != y)
			return false;
	}
	x = y = 0;
	ipcns_uint(a.attr[IPCNS_A_OBJECT_CTIME], &x);
	ipcns_uint(b.attr[IPCNS_A_OBJECT_CTIME], &y);
	return x == y;
}

static bool is_in(const struct waiting *list, size_t n, const struct waiting *wanted)
{
	return n && bsearch(wanted, list, n, sizeof(*list), compare_waiting);
}

/* Objects that were not used in between, as processes would wait for them. */
static size_t list_unused(const struct samples *s, struct waiting *unused)
{
	const struct stored_row *stored, *old;
	uint64_t nsid, kind, id;
	size_t i, n = 0;
	struct row row;

	for (i = 0; i < s->after->objects.n; i++) {
		stored = &s->after->objects.rows[i];
		old = find_object(&s->before->objects, stored);
		if (!old || !is_unused(old, stored) ||
		    !row_parse(&row, stored->attrs, stored->len) ||
		    !ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_ID], &nsid) ||
		    !ipcns_uint(row.attr[IPCNS_A_OBJECT_KIND], &kind) ||
		    !ipcns_uint(row.attr[IPCNS_A_OBJECT_ID], &id))
			continue;
		unused[n++] = (struct waiting){ .nsid = nsid, .kind = kind, .id = id };
	}
	if (n)
		qsort(unused, n, sizeof(*unused), compare_waiting);
	return n;
}

static void find_blocked(struct samples *s)
{
	struct waiting *unused = xcalloc(s->after->objects.n + 1, sizeof(*unused)), waiting, object;
	size_t n = list_unused(s, unused), i;

	for (i = 0; i < s->before->n; i++)
		s->waiting[i] = waiting_of(&s->before->rows[i]);
	if (s->before->n)
		qsort(s->waiting, s->before->n, sizeof(*s->waiting), compare_waiting);
	for (i = 0; i < s->after->n; i++) {
		waiting = waiting_of(&s->after->rows[i]);
		object = (struct waiting){
			.nsid = waiting.nsid, .kind = waiting.kind, .id = waiting.id,
		};
		s->blocked[i] = is_in(s->waiting, s->before->n, &waiting) &&
				is_in(unused, n, &object);
	}
	free(unused);
}

static uint64_t inum_of(const struct stored_wait *stored)
{
	uint64_t inum = 0;
	struct row row;

	if (row_parse(&row, stored->attrs, stored->len))
		ipcns_uint(row.attr[IPCNS_A_WAITER_NS_INUM], &inum);
	return inum;
}

/* "semaphore 0 of set 3", "queue 7", "queue /work": to be freed. */
static char *name_object(const struct stored_wait *stored)
{
	const struct awaited *awaited = stored->wait.awaited;
	const char *name = NULL;
	uint64_t semnum = 0;
	size_t len = 0;
	struct row row;
	char *text;
	int ret;

	if (row_parse(&row, stored->attrs, stored->len)) {
		name = ipcns_text(row.attr[IPCNS_A_WAITER_NAME], &len);
		ipcns_uint(row.attr[IPCNS_A_WAITER_SEMNUM], &semnum);
	}
	if (awaited->kind == IPCNS_KIND_SEM)
		ret = asprintf(&text, "semaphore %llu of set %u", (unsigned long long)semnum,
			       awaited->id);
	else if (name)
		ret = asprintf(&text, "queue /%.*s", (int)len, name);
	else
		ret = asprintf(&text, "queue %u", awaited->id);
	if (ret < 0)
		die(STATUS_ERROR, "out of memory");
	return text;
}

static bool is_sender(const struct stored_wait *stored)
{
	return stored->wait.awaited->kind != IPCNS_KIND_SEM &&
	       stored->wait.awaited->what == IPCNS_ROLE_SENDER;
}

/* What is not just a server that waits for something to do. */
static bool is_suspect(const struct stored_wait *stored)
{
	const struct awaited *awaited = stored->wait.awaited;

	return awaited->source == AWAITED_UNDO || is_sender(stored) ||
	       (awaited->source == AWAITED_GONE && awaited->kind == IPCNS_KIND_SEM);
}

/* Who could unblock it: ", taken by 7 worker"; to be freed. */
static char *name_holder(const struct stored_wait *stored)
{
	const struct awaited *awaited = stored->wait.awaited;
	char *process, *text;
	uint32_t i;
	int ret;

	for (i = 0; i < awaited->n; i++)
		if (awaited->source == AWAITED_UNDO || awaited->pids[i] != stored->wait.pid)
			break;
	if (awaited->source == AWAITED_GONE || i == awaited->n)
		return strdup(awaited->source == AWAITED_GONE ? ", whose last user has ended" :
			      awaited->source == AWAITED_OPEN ? ", which nobody else has open" : "");
	process = check_process(awaited->pids[i]);
	ret = asprintf(&text, "%s %s", awaited->source == AWAITED_OPEN ? ", also open in" :
		       is_sender(stored) ? ", read last by" : ", taken by", process);
	free(process);
	return ret < 0 ? NULL : text;
}

/* One finding for all that wait for the same: @n of them, @stored being the first. */
static void add_awaited(const struct samples *s, const struct stored_wait *stored, size_t n)
{
	const struct awaited *awaited = stored->wait.awaited;
	char *process = check_process(stored->wait.pid), *object = name_object(stored);
	char *holder = name_holder(stored);
	char others[48] = "";
	struct finding *f;

	if (n > 1)
		snprintf(others, sizeof(others), " and %zu more", n - 1);
	f = check_found(s->scope, s->list, SEVERITY_WARN, "blocked", inum_of(stored), awaited->nsid,
			"%s%s wait%s for %s%s%s", process, others, n > 1 ? "" : "s",
			is_sender(stored) ? "room in " : "", object, holder ?: "");
	finding_more(f, PROGRAM " waiters %llu", (unsigned long long)f->inum);
	free(process);
	free(object);
	free(holder);
}

static int compare_cycles(const void *p, const void *q)
{
	const struct stored_wait *const *a = p, *const *b = q;

	if ((*a)->wait.cycle != (*b)->wait.cycle)
		return (*a)->wait.cycle < (*b)->wait.cycle ? -1 : 1;
	return ((*a)->wait.pid > (*b)->wait.pid) - ((*a)->wait.pid < (*b)->wait.pid);
}

/* The namespaces of some waits: returns their number, NAMED + 1 if there are more than NAMED. */
static size_t list_namespaces(struct stored_wait *const *waits, size_t n, uint64_t inums[NAMED + 1])
{
	size_t i, k, found = 0;
	uint64_t inum;

	for (i = 0; i < n && found <= NAMED; i++) {
		inum = inum_of(waits[i]);
		for (k = 0; k < found && inums[k] != inum; k++)
			continue;
		if (k == found)
			inums[found++] = inum;
	}
	return found;
}

/* Names the command that shows more and, if there are several, the namespaces: few of many. */
static void name_namespaces(struct finding *f, const uint64_t *inums, size_t n)
{
	char text[NAMED * 24] = "";
	size_t i;

	for (i = 0; i < n && i < NAMED; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %llu",
			 (unsigned long long)inums[i]);
	finding_more(f, PROGRAM " waiters%s", n > NAMED ? "" : text);
	if (n > 1)
		finding_subject(f, "%s%s", text + 1, n > NAMED ? " and others" : "");
}

/* The members of a cycle, @n waits of them, sorted by process. */
static void add_cycle(const struct samples *s, struct stored_wait *const *members, size_t n)
{
	enum severity severity = SEVERITY_CRIT;
	uint64_t inums[NAMED + 1];
	size_t i, processes = 0;
	struct finding *f;
	char *text = NULL, *process, *longer;

	for (i = 0; i < n; i++) {
		/* Who was the last is a guess. */
		if (members[i]->wait.awaited->source != AWAITED_UNDO)
			severity = SEVERITY_WARN;
		if (i && members[i - 1]->wait.pid == members[i]->wait.pid)
			continue;
		if (processes++ >= NAMED)
			continue;
		process = check_process(members[i]->wait.pid);
		if (asprintf(&longer, "%s%s%s", text ?: "", text ? ", " : "", process) < 0)
			die(STATUS_ERROR, "out of memory");
		free(process);
		free(text);
		text = longer;
	}
	f = check_found(s->scope, s->list, severity, "cycle", inum_of(members[0]),
			members[0]->wait.awaited->nsid, "%s%s wait%s for %s", text,
			processes > NAMED ? " and others" : "", processes > 1 ? "" : "s",
			processes > 1 ? "each other" : "itself");
	name_namespaces(f, inums, list_namespaces(members, n, inums));
	free(text);
}

/* Cycles all of whose members are blocked. */
static void add_cycles(const struct samples *s)
{
	struct stored_wait **members = xcalloc(s->after->n + 1, sizeof(*members));
	size_t n = 0, i, end;
	bool blocked;

	for (i = 0; i < s->after->n; i++)
		if (s->after->rows[i].wait.cycle)
			members[n++] = &s->after->rows[i];
	if (n)
		qsort(members, n, sizeof(*members), compare_cycles);
	for (i = 0; i < n; i = end) {
		blocked = true;
		for (end = i; end < n && members[end]->wait.cycle == members[i]->wait.cycle; end++)
			blocked &= s->blocked[members[end] - s->after->rows];
		if (blocked)
			add_cycle(s, members + i, end - i);
	}
	free(members);
}

/* @n processes that wait as idle servers do: nothing is wrong with them. */
static void add_idle(const struct samples *s, struct stored_wait *const *waits, size_t n)
{
	uint64_t inums[NAMED + 1];
	size_t namespaces;
	struct finding *f;

	if (!n)
		return;
	f = check_found(s->scope, s->list, SEVERITY_INFO, "blocked", inum_of(waits[0]),
			waits[0]->wait.awaited->nsid, "%zu process%s for a message, or for a semaphore "
			"that nobody has taken, as idle servers do", n, n == 1 ? " waits" : "es wait");
	namespaces = list_namespaces(waits, n, inums);
	if (namespaces > 1)
		f->inum = f->nsid = 0;
	name_namespaces(f, inums, namespaces);
}

/* The objects that somebody waited for, without the number of the semaphore and all that. */
static size_t list_waited(const struct waits *before, struct waiting *waited)
{
	const struct awaited *awaited;
	size_t i;

	for (i = 0; i < before->n; i++) {
		awaited = before->rows[i].wait.awaited;
		waited[i] = (struct waiting){
			.nsid = awaited->nsid, .kind = awaited->kind, .id = awaited->id,
		};
	}
	if (before->n)
		qsort(waited, before->n, sizeof(*waited), compare_waiting);
	return before->n;
}

static bool is_nsid_in(const struct waiting *waited, size_t n, uint64_t nsid)
{
	const struct waiting wanted = { .nsid = nsid };
	const size_t i = first_not_below(&wanted, waited, n, sizeof(wanted), compare_waiting);

	return i < n && waited[i].nsid == nsid;
}

/* Keeps the objects that somebody waited for before. */
static void keep_waited(struct row_store *objects, const struct waiting *waited, size_t n)
{
	struct waiting object = { 0 };
	size_t i, kept = 0;
	struct row row;

	for (i = 0; i < objects->n; i++) {
		if (row_parse(&row, objects->rows[i].attrs, objects->rows[i].len) &&
		    ipcns_uint(row.attr[IPCNS_A_OBJECT_NS_ID], &object.nsid) &&
		    ipcns_uint(row.attr[IPCNS_A_OBJECT_KIND], &object.kind) &&
		    ipcns_uint(row.attr[IPCNS_A_OBJECT_ID], &object.id) &&
		    is_in(waited, n, &object))
			objects->rows[kept++] = objects->rows[i];
		else
			free(objects->rows[i].attrs);
	}
	objects->n = kept;
}

/**
 * check_blocked_again - read the second sample
 * @scope: what is checked
 * @before: the first one
 * @after: the second one: who waits for the same objects now, and who could unblock them
 */
void check_blocked_again(const struct check_scope *scope, const struct waits *before,
			 struct waits *after)
{
	struct waiting *waited = xcalloc(before->n, sizeof(*waited));
	size_t n = list_waited(before, waited), i;
	struct row_store namespaces = { 0 };
	const struct stored_row *row;
	unsigned int kinds = 0;

	for (i = 0; i < n; i++)
		kinds |= 1U << waited[i].kind;
	for (i = 0; i < scope->all->n; i++) {
		row = &scope->all->rows[i];
		if (is_nsid_in(waited, n, ns_id(row)))
			row_store_add(&namespaces, row->attrs, row->len, ns_sort_key);
	}
	if (namespaces.n) {
		waits_read_objects(scope->w, &namespaces, kinds, after);
		keep_waited(&after->objects, waited, n);
		waits_read(scope->w, after);
	}
	row_store_clear(&namespaces);
	free(waited);
}

/**
 * check_blocked - find processes that look blocked, and cycles of them
 * @scope: what is checked
 * @before: who waited, and the objects they waited for
 * @after: the same a second later, with those who could unblock them
 * @list: where findings go
 */
void check_blocked(const struct check_scope *scope, const struct waits *before,
		   const struct waits *after, struct findings *list)
{
	struct samples s = { .scope = scope, .before = before, .after = after, .list = list };
	struct stored_wait **idle = xcalloc(after->n + 1, sizeof(*idle));
	size_t i, end, n, first, n_idle = 0;

	s.waiting = xcalloc(before->n + 1, sizeof(*s.waiting));
	s.blocked = xcalloc(after->n + 1, sizeof(*s.blocked));
	find_blocked(&s);
	add_cycles(&s);
	/* Those of one object follow each other; for each semaphore, those in a row are one line. */
	for (i = 0; i < after->n; i = end) {
		n = 0;
		first = i;
		for (end = i; end < after->n &&
		     after->rows[end].wait.awaited == after->rows[i].wait.awaited; end++) {
			if (!s.blocked[end] || after->rows[end].wait.cycle)
				continue;
			first = n ? first : end;
			idle[n_idle + n++] = &after->rows[end];
		}
		if (n && is_suspect(&after->rows[first]))
			add_awaited(&s, &after->rows[first], n);
		else
			n_idle += n;
	}
	add_idle(&s, idle, n_idle);
	free(idle);
	free(s.waiting);
	free(s.blocked);
}
