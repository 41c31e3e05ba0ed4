// SPDX-License-Identifier: GPL-2.0-only
/* Removing objects of one namespace: which of them are in use, and a message about each. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/ipcns.h>

#include "host/removal.h"
#include "ipc/file_object.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/namespace_open.h"
#include "ipc/object.h"
#include "ipc/object_removal.h"
#include "ipc/queue_openers.h"
#include "print/text.h"
#include "util.h"

#define NOT_GIVEN ", and --in-use was not given"

/* One object that is to be removed. */
struct target {
	struct row row;
	struct object_text text;
};

static uint64_t number(struct nlattr *attr)
{
	uint64_t value = 0;

	ipcns_uint(attr, &value);
	return value;
}

/* Unknown may be any number. */
static bool is_zero(struct nlattr *attr)
{
	uint64_t value;

	return ipcns_uint(attr, &value) && !value;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void describe_amount(const struct row *row, char *amount, size_t size)
{
	struct nlattr *const *nest = row->nest;
	uint64_t n = 0, bytes = 0;

	switch (row->kind) {
	case IPCNS_KIND_SHM:
		bytes = number(nest[IPCNS_A_SHM_SIZE]);
		snprintf(amount, size, "%llu byte%s", (unsigned long long)bytes, plural(bytes));
		return;
	case IPCNS_KIND_SEM:
		n = number(nest[IPCNS_A_SEM_NSEMS]);
		snprintf(amount, size, "%llu semaphore%s", (unsigned long long)n, plural(n));
		return;
	case IPCNS_KIND_MSG:
		n = number(nest[IPCNS_A_MSG_QNUM]);
		bytes = number(nest[IPCNS_A_MSG_CBYTES]);
		break;
	case IPCNS_KIND_MQ:
		n = number(nest[IPCNS_A_MQ_CURMSGS]);
		bytes = number(nest[IPCNS_A_MQ_QSIZE]);
		break;
	default:
		bytes = number(nest[FILE_USED]);
		snprintf(amount, size, "%llu byte%s allocated", (unsigned long long)bytes,
			 plural(bytes));
		return;
	}
	snprintf(amount, size, "%llu message%s of %llu byte%s", (unsigned long long)n, plural(n),
		 (unsigned long long)bytes, plural(bytes));
}

/**
 * object_describe - what an object is called in messages, and how much goes with it
 * @row: the object, of object_parse()
 * @ns: what to call its namespace; NULL for a file of /dev/shm whose namespace is not known
 * @text: the result; the label can have any bytes of a name
 */
void object_describe(const struct row *row, const char *ns, struct object_text *text)
{
	const char *name, *in = ns ? "namespace" : "/dev/shm";
	size_t len, size = sizeof(text->label);

	name = ipcns_text(row->attr[IPCNS_A_OBJECT_NAME], &len);
	if (row->kind >= IPCNS_KIND_MQ && name)
		snprintf(text->label, size, "%s /%.*s in %s%s%s", kind_names[row->kind], (int)len,
			 name, in, ns ? " " : "", ns ?: "");
	else
		snprintf(text->label, size, "%s %u (key 0x%08x) in %s%s%s", kind_names[row->kind],
			 (uint32_t)number(row->attr[IPCNS_A_OBJECT_ID]),
			 (uint32_t)number(row->attr[IPCNS_A_OBJECT_KEY]), in, ns ? " " : "",
			 ns ?: "");
	describe_amount(row, text->amount, sizeof(text->amount));
}

/* The name of a queue or a file as system calls take it, for free(3); NULL if there is none. */
static char *make_name(const struct row *row)
{
	const char *name;
	char *copy;
	size_t len;

	name = ipcns_text(row->attr[IPCNS_A_OBJECT_NAME], &len);
	if (row->kind < IPCNS_KIND_MQ || !name)
		return NULL;
	copy = xcalloc(len + 5, 1);
	memcpy(stpcpy(copy, row->kind == KIND_PSEM ? "sem." : ""), name, len);
	return copy;
}

static void refuse(const struct target *target, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(const struct target *target, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	error("%s was not removed: %s", target->text.label, why);
}

/* Refuses if a count is not known, or not 0; @what says what is counted, for one and for more. */
static bool refuse_count(const struct target *target, struct nlattr *count,
			 const char *const what[2])
{
	uint64_t n;

	if (!ipcns_uint(count, &n)) {
		refuse(target, "it is not known whether processes use it" NOT_GIVEN);
		return true;
	}
	if (n)
		refuse(target, "%llu %s" NOT_GIVEN, (unsigned long long)n, what[n > 1]);
	return n;
}

static bool is_waited_for(const struct target *target, unsigned int attr)
{
	static const char *const what[] = { "task waits for it", "tasks wait for it" };

	return refuse_count(target, target->row.nest[attr], what);
}

static bool is_set_in_use(const struct target *target)
{
	static const char *const what[] = { "adjustment of SEM_UNDO is pending",
					    "adjustments of SEM_UNDO are pending" };

	return is_waited_for(target, IPCNS_A_SEM_WAITERS) ||
	       refuse_count(target, target->row.nest[IPCNS_A_SEM_UNDOS], what);
}

/* The kernel counts who has it open; processes are searched only to name them. */
static bool is_queue_in_use(struct ipcns *w, const struct target *target)
{
	struct nlattr *const *attr = target->row.attr;
	const char *pids;
	size_t len;

	if (is_zero(target->row.nest[IPCNS_A_MQ_OPENS]))
		return false;
	if (!openers_list(0, 0, &pids, &len))
		openers_read(w);
	if (openers_list(number(attr[IPCNS_A_OBJECT_NS_ID]), number(attr[IPCNS_A_OBJECT_ID]), &pids,
			 &len) && len)
		refuse(target, "open in process %.*s" NOT_GIVEN, (int)len, pids);
	else
		refuse(target, "open, in a process that was not found" NOT_GIVEN);
	return true;
}

static bool is_file_in_use(const struct target *target)
{
	static const char *const mapped[] = { "process has it mapped", "processes have it mapped" };
	static const char *const open[] = { "process has it open", "processes have it open" };

	return refuse_count(target, target->row.nest[FILE_MAPPED], mapped) ||
	       refuse_count(target, target->row.nest[FILE_OPEN], open);
}

/* Says why an object is not even tried; attachments are counted again when it is. */
static bool is_refused(struct ipcns *w, const struct target *target, bool in_use)
{
	const struct row *row = &target->row;

	if (row->kind == IPCNS_KIND_MQ &&
	    (!row->attr[IPCNS_A_OBJECT_NAME] ||
	     object_is_unlinked(row))) {
		refuse(target, "its name is removed already, and it goes when the last descriptor "
		       "of it is closed");
		return true;
	}
	if (row->kind >= MODULE_KINDS && number(row->nest[FILE_STATUS])) {
		refuse(target, "its name is removed already, or it is mounted somewhere");
		return true;
	}
	if (in_use)
		return false;
	switch (row->kind) {
	case IPCNS_KIND_SEM:
		return is_set_in_use(target);
	case IPCNS_KIND_MSG:
		return is_waited_for(target, IPCNS_A_MSG_RECEIVERS) ||
		       is_waited_for(target, IPCNS_A_MSG_SENDERS);
	case IPCNS_KIND_MQ:
		return is_queue_in_use(w, target);
	case KIND_PSHM:
	case KIND_PSEM:
		return is_file_in_use(target);
	}
	return false;
}

static void set_removal(struct removal *removal, const struct target *target, bool in_use)
{
	struct nlattr *const *attr = target->row.attr;

	*removal = (struct removal){
		.kind = target->row.kind,
		.id = number(attr[IPCNS_A_OBJECT_ID]),
		.key = number(attr[IPCNS_A_OBJECT_KEY]),
		.uid = number(attr[IPCNS_A_OBJECT_UID]),
		.name = make_name(&target->row),
		.dev = number(target->row.nest[FILE_DEV]),
		.pid = number(target->row.nest[FILE_VIEWER]),
		.folder = number(target->row.nest[FILE_FOLDER]),
		.in_use = in_use,
	};
	ipcns_int(attr[IPCNS_A_OBJECT_CTIME], &removal->ctime);
	switch (removal->kind) {
	case IPCNS_KIND_SEM:
		ipcns_int(target->row.nest[IPCNS_A_SEM_OTIME], &removal->last[0]);
		break;
	case IPCNS_KIND_MSG:
		ipcns_int(target->row.nest[IPCNS_A_MSG_STIME], &removal->last[0]);
		ipcns_int(target->row.nest[IPCNS_A_MSG_RTIME], &removal->last[1]);
		break;
	}
}

static void say(const char *what, const struct target *target, const char *more)
{
	if (quiet)
		return;
	printf("%s ", what);
	put_safe(stdout, target->text.label, strlen(target->text.label));
	printf(": %s%s\n", target->text.amount, more);
}

/* Says what came of a removal; false if that is not what was wanted. */
static bool report(const struct target *target, const struct removal *removal, const char *why,
		   unsigned int how)
{
	unsigned long long n = removal->attached;
	char more[64];

	switch (removal->result) {
	case REMOVAL_DONE:
		say("removed", target, "");
		return true;
	case REMOVAL_MARKED:
		snprintf(more, sizeof(more), ", to go after %llu detachment%s", n, plural(n));
		say("marked", target, more);
		return true;
	case REMOVAL_GONE:
		if (how & REMOVE_GONE) {
			say("already gone", target, "");
			return true;
		}
		refuse(target, "it is not there any more");
		break;
	case REMOVAL_CHANGED:
		refuse(target, "it was changed or used since it was listed, or is another one");
		break;
	case REMOVAL_ATTACHED:
		refuse(target, "it is attached %llu time%s" NOT_GIVEN, n, plural(n));
		break;
	case REMOVAL_OPEN:
		refuse(target, "it is mapped or open" NOT_GIVEN);
		break;
	case REMOVAL_HIDDEN:
		refuse(target, "process %u does not see its folder at /dev/shm any more",
		       removal->pid);
		break;
	case REMOVAL_MISPLACED:
		refuse(target, "it is another one, which has a name that begins with .ipcnsctl- now");
		break;
	case REMOVAL_FAILED:
		refuse(target, "%s", strerror(removal->error));
		break;
	case REMOVAL_UNKNOWN:
		error("%s may not have been removed: %s", target->text.label, why);
		break;
	case REMOVAL_NOT_TRIED:
		refuse(target, "%s", why);
		break;
	}
	return false;
}

/* Why objects of the namespace were not removed. */
static void describe_state(enum removal_state state, const char *ns, char *why, size_t size)
{
	const char *text = "";

	switch (state) {
	case REMOVALS_NO_PROCESS:
		snprintf(why, size, "cannot start a process: %s", strerror(errno));
		return;
	case REMOVALS_REFUSED:
		if (errno == EPERM)
			snprintf(why, size,
				 "it takes CAP_SYS_ADMIN in the user namespace of namespace %s", ns);
		else
			snprintf(why, size, "cannot enter namespace %s: %s", ns, strerror(errno));
		return;
	case REMOVALS_KILLED:
		text = "was killed";
		break;
	case REMOVALS_STOPPED:
		text = "was stopped, by somebody in its user namespace,";
		break;
	case REMOVALS_SILENT:
		text = "waits for a lock that others hold, and was left";
		break;
	case REMOVALS_DONE:
		break;
	}
	if (ns)
		snprintf(why, size, "the process that entered namespace %s %s before it was done",
			 ns, text);
	else
		snprintf(why, size, "the process that removes files %s before it was done", text);
}

/* Enters the namespace and removes; @why is set if not all were tried. */
static void run(struct ipcns *w, const struct stored_row *ns, const char *ns_name,
		struct removal *removals, size_t n, char *why, size_t size, unsigned int how)
{
	const bool files = removals->kind >= MODULE_KINDS;
	int fd = files ? -1 : ns_open(w, ns, ns_name, why, size);
	enum removal_state state;

	if (fd == -EPERM && !files) {
		errno = EPERM;
		describe_state(REMOVALS_REFUSED, ns_name, why, size);
	}
	if ((fd == -ESRCH || module_gone(fd)) && !files && how & REMOVE_GONE)
		while (n--)	/* it is being destroyed, or was, with its objects */
			removals[n].result = REMOVAL_GONE;
	if (fd < 0 && !files)
		return;
	state = removals_run(fd, removals, n);
	describe_state(state, ns_name, why, size);
	if (fd >= 0)
		close(fd);
}

static void set_target(struct target *target, const struct stored_row *object, const char *ns_name)
{
	if (!object_parse(&target->row, object->attrs, object->len) || target->row.kind >= KINDS)
		die(STATUS_ERROR, "malformed answer");
	object_describe(&target->row, ns_name, &target->text);
}

/**
 * objects_remove - remove objects of one namespace, and say so in a line for each
 * @w: the connection
 * @ns: the namespace; of files it may be NULL
 * @ns_name: what to call it in messages, NULL if it is not known
 * @objects: the objects as they were listed; all of the module's, or all files of /dev/shm
 * @n: their number
 * @how: bits of REMOVE_IN_USE and REMOVE_GONE
 *
 * There can be many, so little is kept of each. Returns how many were not removed; with
 * REMOVE_GONE, those that are not there any more do not count.
 */
size_t objects_remove(struct ipcns *w, const struct stored_row *ns, const char *ns_name,
		      const struct stored_row *const *objects, size_t n, unsigned int how)
{
	struct removal *removals = xcalloc(n, sizeof(*removals));
	size_t *places = xcalloc(n, sizeof(*places));
	const bool in_use = how & REMOVE_IN_USE;
	size_t i, tried = 0, left = 0;
	struct target target;
	char why[512] = "";

	for (i = 0; i < n; i++) {
		set_target(&target, objects[i], ns_name);
		if (is_refused(w, &target, in_use)) {
			left++;
			continue;
		}
		set_removal(&removals[tried], &target, in_use);
		places[tried++] = i;
	}
	if (tried)
		run(w, ns, ns_name, removals, tried, why, sizeof(why), how);
	for (i = 0; i < tried; i++) {
		set_target(&target, objects[places[i]], ns_name);
		left += !report(&target, &removals[i], why, how);
		free(removals[i].name);
	}
	openers_clear();
	free(removals);
	free(places);
	return left;
}
