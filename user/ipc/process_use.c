// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one process has to do with objects.
 *
 * Objects name some processes themselves. Who has segments attached and queues open is read once for
 * all. Semaphores, and tasks that wait, take requests for each set or queue, so those are asked
 * about one after the other, once the list of objects is complete.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/actor.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/object.h"
#include "ipc/process_use.h"
#include "ipc/queue_openers.h"
#include "ipc/waiter.h"
#include "util.h"

/* A segment that the process has attached. */
struct segment {
	uint64_t nsid;
	uint32_t id;
};

static struct {
	uint32_t pid;
	bool exists;
	struct segment *segments;
	size_t n, allocated;
	unsigned int mask;	/* what the request under way has found */
} process;

static int compare_segments(const void *p, const void *q)
{
	const struct segment *a = p, *b = q;

	if (a->nsid != b->nsid)
		return a->nsid < b->nsid ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static bool is_process(struct nlattr *attr)
{
	uint64_t pid;

	return ipcns_uint(attr, &pid) && pid == process.pid;
}

/*
 * A process that an object remembers. One that has ended is not the one that has its number now.
 */
static bool is_remembered(const struct row *row, unsigned int attr, enum ipcns_remembered which)
{
	return is_process(row->nest[attr]) &&
	       !(process.exists && object_remembers_gone(row, which));
}

static void add_segment(struct nlattr *attrs, int len, void *arg)
{
	uint64_t nsid, id;
	struct row row;

	(void)arg;
	if (!row_parse(&row, attrs, len) || !is_process(row.attr[IPCNS_A_HOLDER_PID]) ||
	    !ipcns_uint(row.attr[IPCNS_A_HOLDER_NS_ID], &nsid) ||
	    !ipcns_uint(row.attr[IPCNS_A_HOLDER_ID], &id))
		return;
	process.segments = xgrow(process.segments, process.n, &process.allocated,
				 sizeof(*process.segments));
	process.segments[process.n++] = (struct segment){ nsid, id };
}

static bool restart_segments(void *arg)
{
	(void)arg;
	process.n = 0;
	return true;
}

/**
 * process_use_begin - read what one process has attached and open
 * @w: the connection
 * @pid: the process, which need not exist any more
 * @kinds: mask of kinds of objects that matter, 0 for all
 */
void process_use_begin(struct ipcns *w, uint32_t pid, unsigned int kinds)
{
	int ret;

	process.pid = pid;
	process.exists = !kill(pid, 0) || errno == EPERM;
	if (!kinds || kinds & 1U << IPCNS_KIND_SHM) {
		ret = ipcns_holders(w, 0, 1U << IPCNS_HOLDER_KIND_SHM, add_segment,
				    restart_segments, NULL);
		if (ret)
			module_die(w, ret, "cannot list attachments");
		if (process.n)
			qsort(process.segments, process.n, sizeof(*process.segments),
			      compare_segments);
	}
	if (!kinds || kinds & 1U << IPCNS_KIND_MQ)
		openers_read(w);
}

static bool has_attached(const struct row *row)
{
	struct segment wanted;
	uint64_t id;

	if (!process.n || !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &wanted.nsid) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &id))
		return false;
	wanted.id = id;
	return bsearch(&wanted, process.segments, process.n, sizeof(wanted), compare_segments);
}

static bool has_open(const struct row *row)
{
	uint64_t nsid, ino;

	return ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &nsid) &&
	       ipcns_uint(row->attr[IPCNS_A_OBJECT_ID], &ino) &&
	       openers_has(nsid, ino, process.pid);
}

/* Whether the module has recorded that the process created the object. */
static bool has_created(const struct row *row)
{
	struct nlattr *tb[IPCNS_A_ACTOR_MAX + 1];

	return actor_parse(row->attr[IPCNS_A_OBJECT_CREATOR], tb) &&
	       is_process(tb[IPCNS_A_ACTOR_PID]) &&
	       !(process.exists && object_remembers_gone(row, IPCNS_REMEMBERED_CREATOR));
}

/* What the object itself says, and what was read of all objects. */
static unsigned int known_uses(const struct row *row)
{
	unsigned int mask = has_created(row) << USE_CREATED;

	switch (row->kind) {
	case IPCNS_KIND_SHM:
		mask |= is_remembered(row, IPCNS_A_SHM_CPID, IPCNS_REMEMBERED_CPID) << USE_CREATED;
		mask |= is_remembered(row, IPCNS_A_SHM_LPID, IPCNS_REMEMBERED_LPID) << USE_CHANGED;
		mask |= has_attached(row) << USE_ATTACHED;
		break;
	case IPCNS_KIND_MSG:
		mask |= (is_remembered(row, IPCNS_A_MSG_LSPID, IPCNS_REMEMBERED_LSPID) ||
			 is_remembered(row, IPCNS_A_MSG_LRPID, IPCNS_REMEMBERED_LRPID)) <<
			USE_CHANGED;
		break;
	case IPCNS_KIND_MQ:
		mask |= is_process(row->nest[IPCNS_A_MQ_NOTIFY_PID]) << USE_NOTIFIED;
		mask |= has_open(row) << USE_OPEN;
		break;
	case KIND_PSHM:
	case KIND_PSEM:
		mask |= (row->nest[FILE_BY_PROCESS] != NULL) << USE_OPEN;
		break;
	}
	return mask;
}

/*
 * A set tells by its elements who changed it, and by its adjustments who will, waiters or not. A
 * queue is asked about by its name, which one that is unlinked has no more.
 */
static bool has_to_ask(const struct row *row)
{
	return !object_is_unlinked(row) && (row->kind == IPCNS_KIND_SEM ||
					    object_may_have_waiters(row));
}

/** process_use_possible - whether process_use_read() could find a use of the object */
bool process_use_possible(const struct row *row)
{
	return known_uses(row) || has_to_ask(row);
}

static void take_element(struct nlattr *attrs, int len, void *arg)
{
	struct row row;

	(void)arg;
	if (row_parse(&row, attrs, len) && is_process(row.attr[IPCNS_A_ELEMENT_PID]) &&
	    !(process.exists && row.attr[IPCNS_A_ELEMENT_GONE]))
		process.mask |= 1U << USE_CHANGED;
}

static void take_waiter(struct nlattr *attrs, int len, void *arg)
{
	struct row row;

	(void)arg;
	if (row_parse(&row, attrs, len) && is_process(row.attr[IPCNS_A_WAITER_PID]))
		process.mask |= 1U << (waiter_is_undo(&row) ? USE_UNDO : USE_WAITS);
}

static bool restart_request(void *arg)
{
	(void)arg;
	process.mask = 0;
	return true;
}

/* What one request about the object finds; nothing if the object is gone meanwhile. */
static unsigned int ask(struct ipcns *w, const struct row *row, uint8_t cmd)
{
	const bool elements = cmd == IPCNS_CMD_ELEMENT_GET;
	struct ipcns_request *r = object_request(cmd, row);
	int ret;

	process.mask = 0;
	if (!r)
		return 0;
	ret = ipcns_dump(w, r, elements ? take_element : take_waiter, restart_request, NULL);
	if (ret && !module_gone(ret))
		module_die(w, ret, "cannot list %s", elements ? "elements" : "waiters");
	return process.mask;
}

/**
 * process_use_read - what the process has to do with an object
 * @w: the connection, which no dump is using
 * @row: the object
 *
 * Returns a mask of 1 << enum process_use.
 */
unsigned int process_use_read(struct ipcns *w, const struct row *row)
{
	unsigned int mask = known_uses(row);

	if (row->kind == IPCNS_KIND_SEM)
		mask |= ask(w, row, IPCNS_CMD_ELEMENT_GET);
	if (has_to_ask(row))
		mask |= ask(w, row, IPCNS_CMD_WAITER_GET);
	return mask;
}

/** process_use_fill - fill @value with the uses as words; none if @uses is NULL */
void process_use_fill(const struct process_uses *uses, struct value *value)
{
	static const char *const names[USES] = {
		[USE_CREATED] = "created",
		[USE_ATTACHED] = "attached",
		[USE_OPEN] = "open",
		[USE_CHANGED] = "changed",
		[USE_WAITS] = "waits",
		[USE_UNDO] = "undo",
		[USE_NOTIFIED] = "notified",
	};
	size_t i;

	if (!uses)
		return;
	value->buf[0] = '\0';
	for (i = 0; i < USES; i++) {
		if (!(uses->mask & 1U << i))
			continue;
		if (value->buf[0])
			strcat(value->buf, ",");
		strcat(value->buf, names[i]);
	}
	value_list(value, value->buf, strlen(value->buf));
}

/** process_use_end - forget the process */
void process_use_end(void)
{
	free(process.segments);
	memset(&process, 0, sizeof(process));
}
