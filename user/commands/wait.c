// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl wait: until a namespace has been destroyed. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/event_line.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/when.h"
#include "print/table_options.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " wait [OPTION...] NS\n\n"
	"Waits until an IPC namespace has been destroyed.\n"
	"Exit status: 0 when it is, at once for an id= that is already; 1 if there is no\n"
	"such namespace, as for the inode number of one that has ended, which may be\n"
	"used again; 124 when the time is over.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"Options:\n"
	" -t, --timeout SECONDS  wait no longer than this; fractions are allowed\n"
	"     --until WHEN       the same by the clock: 09:30, +10min and the like\n"
	" -h, --help  -V, --version\n";

enum {
	OPTION_UNTIL = OPTION_COMMAND,
};

static const struct option longopts[] = {
	{ "timeout", required_argument, NULL, 't' },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

/*
 * The event may never come, if probes are switched off: then the namespace is looked for now and
 * then. It is found until it is destroyed.
 */
#define LOOK_NS 5000000000LL

/* Not found once may be the moment between its last reference and its death's being known. */
#define CONFIRM_NS 50000000LL

struct waiting {
	struct ipcns_feed *feed;
	struct ipcns *c;	/* the connection of it */
	struct ipcns_journal journal;
	uint64_t id;
	uint64_t inum;		/* inode number of a namespace that is not there, 0 if none is looked for */
	uint64_t ended;		/* identity of the last one that had it and was destroyed, 0 if none */
	bool destroyed;
	bool uncertain;		/* events are lost */
};

static void take(const struct ipcns_event *e, void *arg)
{
	struct waiting *w = arg;
	uint64_t inum;

	if (event_is_loss(e))
		w->uncertain = true;
	else if (w->inum && e->object == IPCNS_EVENT_OBJECT_NS &&
		 e->kind == IPCNS_EVENT_KIND_DESTROYED &&
		 ipcns_uint(e->attr[IPCNS_A_EVENT_NS_INUM], &inum) && inum == w->inum)
		w->ended = e->ns_id;
	else if (e->ns_id == w->id && e->object == IPCNS_EVENT_OBJECT_NS &&
		 e->kind == IPCNS_EVENT_KIND_DESTROYED)
		w->destroyed = true;
}

/* Nanoseconds from seconds, which may have a fraction, in every locale with a point. */
static bool parse_seconds(const char *text, int64_t *ns)
{
	size_t whole = strcspn(text, "."), i, digits;
	uint64_t seconds = 0, rest = 0;

	digits = text[whole] ? strlen(text + whole + 1) : 0;
	if ((!whole && !digits) ||
	    (whole && !parse_uint(text, whole, 10, 1000000000, &seconds)))
		return false;
	for (i = 0; i < 9; i++)
		rest = rest * 10 + (i < digits ? text[whole + 1 + i] - '0' : 0);
	if (digits && strspn(text + whole + 1, "0123456789") != digits)
		return false;
	*ns = seconds * NS_PER_SECOND + rest;
	return true;
}

static void __attribute__((noreturn)) die_unloaded(void)
{
	die(STATUS_NO_MODULE, "module unloaded");
}

/* What a function of the feed returned, unless the tool ends for it. */
static int alive(const struct waiting *w, int ret)
{
	if (!feed_alive(w->feed, ret))
		die_unloaded();
	return ret;
}

/* Whether the namespace is there, dying or not. */
static bool exists(struct waiting *w)
{
	int ret = ipcns_namespaces(w->c, w->id, NULL, NULL, NULL);

	if (!ret)
		return true;
	if (ret == -ENODEV)
		die_unloaded();
	if (ret != -ENOENT)
		die(STATUS_ERROR, "namespace \"id=%llu\": %s", (unsigned long long)w->id,
		    ipcns_error(w->c));
	return false;
}

/*
 * Whether a namespace that is not there was there once. The module hands out identities one after
 * the other, so each below the next was one. Where the kernel does, other kinds of namespaces have
 * theirs in between, and only the journal can know.
 */
static bool existed(struct waiting *w)
{
	if (w->journal.next_ns_id)
		return w->id < w->journal.next_ns_id;
	ipcns_feed_seek(w->feed, 0);
	alive(w, ipcns_feed_fetch(w->feed));
	if (!w->destroyed && w->journal.held > 1)
		die(STATUS_ERROR, "no IPC namespace \"id=%llu\", and the journal does not go back far enough to show whether there was one",
		    (unsigned long long)w->id);
	return w->destroyed;
}

static void set_id(struct waiting *w, uint64_t id)
{
	w->id = id;
	ipcns_feed_filter(w->feed, 1U << IPCNS_EVENT_OBJECT_NS, id);
}

static void ignore(struct nlattr *attrs, int len, void *arg)
{
	(void)attrs;
	(void)len;
	(void)arg;
}

/*
 * Dies if an inode number is that of no namespace. It may be used again, so that of one that has ended
 * names nothing; but whoever gave it wants to know that it has ended.
 */
static void check_inode(struct waiting *w, const char *arg, const struct ipcns_name *ns)
{
	if (ipcns_lookup(w->c, ns, ignore, NULL) != -ENOENT || ns->exists)
		return;
	w->inum = ns->value;
	ipcns_feed_filter(w->feed, 1U << IPCNS_EVENT_OBJECT_NS, 0);
	ipcns_feed_seek(w->feed, 0);
	alive(w, ipcns_feed_fetch(w->feed));
	if (w->ended)
		die(STATUS_ERROR, "namespace \"%s\" has been destroyed already: see \"" PROGRAM
		    " history %s\"; \"" PROGRAM " wait id=%llu\" returns 0 at once", arg, arg,
		    (unsigned long long)w->ended);
	die(STATUS_ERROR, "no IPC namespace \"%s\", and the journal knows of none that has ended",
	    arg);
}

/* Finds out which namespace is meant; false if it is gone already. Dies if there never was one. */
static bool begin(struct waiting *w, char *arg)
{
	struct row_store store = { 0 };
	struct ipcns_name ns;
	char why[256];

	alive(w, ipcns_feed_journal(w->feed, &w->journal));
	ipcns_feed_seek(w->feed, w->journal.next - 1);
	if (ipcns_name_parse(arg, &ns, why, sizeof(why))) {
		if (!ns.by_id) {
			check_inode(w, arg, &ns);
		} else {
			set_id(w, ns.value);
			if (exists(w))
				return true;
			if (existed(w))
				return false;
			die(STATUS_ERROR, "no IPC namespace \"%s\"", arg);
		}
	}
	ns_select(w->c, 1, &arg, &store);
	set_id(w, ns_id(store.rows));
	row_store_clear(&store);
	return true;
}

/* Waits for events, but not longer than until @until. */
static void wait_until(struct waiting *w, int64_t until)
{
	struct pollfd fd = { .fd = ipcns_feed_fd(w->feed), .events = POLLIN };
	int64_t rest = until - monotonic_ns();
	struct timespec ts = { 0 };

	if (rest > 0)
		ts = (struct timespec){ rest / NS_PER_SECOND, rest % NS_PER_SECOND };
	ppoll(&fd, 1, &ts, NULL);
}

static void read_all(struct waiting *w)
{
	int state;

	do
		state = alive(w, ipcns_feed_read(w->feed));
	while (state == IPCNS_FEED_MORE && !w->destroyed);
	if (state == IPCNS_FEED_GONE && !w->destroyed)
		die_unloaded();
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int wait_for_end(struct waiting *w, int64_t deadline)
{
	int64_t look = monotonic_ns() + LOOK_NS;
	bool missing = false;

	for (;;) {
		read_all(w);
		if (w->destroyed)
			return STATUS_OK;
		if (w->uncertain || monotonic_ns() >= look) {
			w->uncertain = false;
			if (exists(w)) {
				missing = false;
			} else if (missing) {
				return STATUS_OK;
			} else {
				missing = true;
			}
			look = monotonic_ns() + (missing ? CONFIRM_NS : LOOK_NS);
		}
		if (monotonic_ns() >= deadline)
			return STATUS_TIMEOUT;
		wait_until(w, earlier(look, deadline));
	}
}

/** cmd_wait - the command */
int cmd_wait(int argc, char **argv)
{
	int64_t deadline = INT64_MAX, timeout = -1;
	struct event_span span = { 0 };
	struct waiting w = { 0 };
	int c, status;

	while ((c = getopt_long(argc, argv, "t:hV", longopts, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!parse_seconds(optarg, &timeout))
				die_usage("invalid time: %s", optarg);
			break;
		case OPTION_UNTIL:
			event_span_until(&span, optarg);
			if (span.until.seq)
				die_usage("--until takes a time here, not the number of an event");
			break;
		default:
			option_common(c, usage);
		}
	}
	if (argc - optind != 1)
		die_usage(argc == optind ? "no namespace given" : "only one namespace");
	if (timeout >= 0 && span.has_until)
		die_usage("--timeout and --until are mutually exclusive");
	if (span.has_until)
		timeout = span.until.time > when_now() ? span.until.time - when_now() : 0;
	if (timeout >= 0)
		deadline = monotonic_ns() + timeout;

	w.feed = feed_open(false, take, &w, NULL);
	w.c = ipcns_feed_connection(w.feed);
	status = begin(&w, argv[optind]) ? wait_for_end(&w, deadline) : STATUS_OK;
	ipcns_feed_free(w.feed);
	return status;
}
