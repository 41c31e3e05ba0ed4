// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl wait: until a namespace has been destroyed. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <linux/ipcns.h>

#include "feed.h"
#include "ipcnsctl.h"
#include "ns.h"
#include "nsarg.h"
#include "options.h"

static const char usage[] =
	"Usage: " PROGRAM " wait [OPTION...] NS\n\n"
	"Waits until an IPC namespace has been destroyed.\n"
	"Exit status: 0 when it is, at once if it is already; 1 if there never was one;\n"
	"124 when the time is over.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n\n"
	"Options:\n"
	" -t, --timeout SECONDS  wait no longer than this; fractions are allowed\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	{ "timeout", required_argument, NULL, 't' },
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
	struct feed feed;
	uint64_t id;
	bool destroyed;
	bool uncertain;		/* events are lost */
};

static void take(const struct event *e, void *arg)
{
	struct waiting *w = arg;

	if (event_is_loss(e))
		w->uncertain = true;
	else if (e->ns_id == w->id && e->object == IPCNS_EVENT_OBJECT_NS &&
		 e->kind == IPCNS_EVENT_KIND_DESTROYED)
		w->destroyed = true;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
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
	*ns = seconds * 1000000000LL + rest;
	return true;
}

static void __attribute__((noreturn)) die_unloaded(void)
{
	die(STATUS_NO_MODULE, "module unloaded");
}

static void ignore(struct nlattr *attrs, int len, void *arg)
{
	(void)attrs;
	(void)len;
	(void)arg;
}

/* Whether the namespace is there, dying or not. */
static bool exists(struct waiting *w)
{
	struct nl_msg *msg = wire_request(w->feed.w, IPCNS_CMD_NS_GET);
	int ret;

	ns_put(msg, IPCNS_A_NS_ID, w->id);
	ret = wire_do(w->feed.w, msg, ignore, NULL);
	if (!ret)
		return true;
	if (ret == -ENODEV)
		die_unloaded();
	if (ret != -ENOENT)
		die(STATUS_ERROR, "namespace \"id=%llu\": %s", (unsigned long long)w->id,
		    wire_error(w->feed.w));
	return false;
}

/*
 * Whether a namespace that is not there was there once. The module hands out identities one after
 * the other, so each below the next was one. Where the kernel does, other kinds of namespaces have
 * theirs in between, and only the journal can know.
 */
static bool existed(struct waiting *w, uint64_t held)
{
	if (w->feed.next_ns_id)
		return w->id < w->feed.next_ns_id;
	w->feed.last = 0;
	if (!feed_fetch(&w->feed))
		die_unloaded();
	if (!w->destroyed && held > 1)
		die(STATUS_ERROR, "no IPC namespace \"id=%llu\", and the journal does not go back far enough to tell whether there was one",
		    (unsigned long long)w->id);
	return w->destroyed;
}

/* Finds out which namespace is meant; false if it is gone already. Dies if there never was one. */
static bool begin(struct waiting *w, char *arg)
{
	struct store store = { 0 };
	uint64_t next, held;
	struct nsarg ns;
	char why[256];

	if (!feed_state(&w->feed, &next, &held))
		die_unloaded();
	w->feed.last = next - 1;
	if (!nsarg_parse(arg, &ns, why, sizeof(why)))
		die(STATUS_ERROR, "namespace \"%s\": %s", arg, why);
	if (ns.by_id) {
		w->id = ns.value;
		w->feed.ns_id = w->id;
		if (exists(w))
			return true;
		if (existed(w, held))
			return false;
		die(STATUS_ERROR, "no IPC namespace \"%s\"", arg);
	}
	ns_select(w->feed.w, 1, &arg, &store);
	w->id = ns_id(store.rows);
	w->feed.ns_id = w->id;
	store_clear(&store);
	return true;
}

/* Waits for events, but not longer than until @until. */
static void wait_until(struct waiting *w, int64_t until)
{
	struct pollfd fd = { .fd = w->feed.fd, .events = POLLIN };
	int64_t rest = until - now();
	struct timespec ts = { 0 };

	if (rest > 0)
		ts = (struct timespec){ rest / 1000000000, rest % 1000000000 };
	ppoll(&fd, 1, &ts, NULL);
}

static void read_all(struct waiting *w)
{
	enum feed_state state;

	do
		state = feed_read(&w->feed);
	while (state == FEED_MORE && !w->destroyed);
	if (state == FEED_GONE && !w->destroyed)
		die_unloaded();
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int wait_for_end(struct waiting *w, int64_t deadline)
{
	int64_t look = now() + LOOK_NS;
	bool missing = false;

	for (;;) {
		read_all(w);
		if (w->destroyed)
			return STATUS_OK;
		if (w->uncertain || now() >= look) {
			w->uncertain = false;
			if (exists(w)) {
				missing = false;
			} else if (missing) {
				return STATUS_OK;
			} else {
				missing = true;
			}
			look = now() + (missing ? CONFIRM_NS : LOOK_NS);
		}
		if (now() >= deadline)
			return STATUS_TIMEOUT;
		wait_until(w, earlier(look, deadline));
	}
}

/** cmd_wait - the command */
int cmd_wait(int argc, char **argv)
{
	int64_t deadline = INT64_MAX, timeout = -1;
	struct waiting w = { 0 };
	int c, status;

	while ((c = getopt_long(argc, argv, "t:hV", longopts, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!parse_seconds(optarg, &timeout))
				die_usage("invalid time: %s", optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return STATUS_OK;
		case 'V':
			print_version();
		default:
			die_usage(NULL);
		}
	}
	if (argc - optind != 1)
		die_usage(argc == optind ? "no namespace given" : "only one namespace");
	if (timeout >= 0)
		deadline = now() + timeout;

	feed_open(&w.feed, take, &w);
	if (!feed_join(&w.feed, false))
		die(STATUS_NO_MODULE, "module not loaded: try \"modprobe ipcns\"");
	w.feed.objects = 1U << IPCNS_EVENT_OBJECT_NS;
	status = begin(&w, argv[optind]) ? wait_for_end(&w, deadline) : STATUS_OK;
	feed_close(&w.feed);
	return status;
}
