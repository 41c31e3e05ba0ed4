// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl monitor: events as they happen, one line each. */
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "feed.h"
#include "ipcnsctl.h"
#include "ns.h"
#include "nsarg.h"
#include "nsids.h"
#include "options.h"
#include "sink.h"
#include "snapshot.h"
#include "told.h"

/* Events before a signal is looked for: the journal can give many at a time. */
#define LOOK_EVENTS 256

static const char usage[] =
	"Usage: " PROGRAM " monitor [OPTION...] [NS...]\n\n"
	"Prints what happens to IPC namespaces and objects, one line for each event.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, or a path.\n\n"
	"Options:\n"
	" -t, --type KIND,...   only about ns, shm, sem, msg, mq\n"
	" -e, --events LIST     only these, each as TYPE, EVENT or TYPE.EVENT\n"
	" -s, --snapshot        begin with what there is, as events \"present\"\n"
	"     --since SEQ       begin with what the journal holds from this event on\n"
	"     --strict          end with exit status 3 when events are lost\n"
	"     --follow-module   when the module is unloaded, wait for it to come back\n"
	" -J, --json            JSON Lines\n"
	" -h, --help  -V, --version\n\n"
	"Events: created, destroyed; of ns dying; of shm, sem, msg changed; of shm marked\n"
	"(it will go at its last detach); of mq unlinked. Events that could not be had\n"
	"are told as lost, whatever is asked for.\n"
	"After --snapshot, whatever is destroyed was present or created before; but of\n"
	"a namespace present as dying only the numbers of its objects are told, and then\n"
	"their ends.\n";

enum {
	OPTION_SINCE = OPTION_COMMAND,
	OPTION_STRICT,
	OPTION_FOLLOW,
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "events", required_argument, NULL, 'e' },
	{ "snapshot", no_argument, NULL, 's' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "follow-module", no_argument, NULL, OPTION_FOLLOW },
	{ "json", no_argument, NULL, 'J' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

struct monitor {
	/* What is asked for. */
	struct event_mask mask;
	struct nsids only;
	bool snapshot, strict, follow;
	uint64_t since;		/* 0 for what comes from now on */

	struct feed feed;
	struct event_writer writer;
	struct told told;
	uint64_t told_until;	/* events before this may be in the snapshot already */
	uint64_t taken;		/* events that came, wanted or not */
	uint64_t events, lost;	/* that were printed, that are missing */
	bool lost_more;		/* than is known how many */
};

static void count_loss(struct monitor *m, const struct event *e)
{
	if (e->to)
		m->lost += e->to - e->from + 1;
	else
		m->lost_more = true;
}

/* Ends the program; lines are out already. */
static void end(struct monitor *m, int status)
{
	error("%llu event%s, %llu lost%s", (unsigned long long)m->events,
	      m->events == 1 ? "" : "s", (unsigned long long)m->lost,
	      m->lost_more ? ", and some that nobody counted" : "");
	exit(status);
}

static void look_at_end(struct monitor *m, enum sink_end how)
{
	if (how == SINK_CLOSED)
		exit(STATUS_OK);
	if (how == SINK_STOPPED) {
		sink_flush(m->writer.out);
		end(m, STATUS_OK);
	}
}

static void flush(struct monitor *m)
{
	look_at_end(m, sink_flush(m->writer.out));
}

static void take(const struct event *e, void *arg)
{
	struct monitor *m = arg;

	if (!(++m->taken % LOOK_EVENTS))
		look_at_end(m, sink_poll(m->feed.fd, false));
	if (event_is_loss(e)) {
		event_write(&m->writer, e);
		count_loss(m, e);
		if (m->strict) {
			flush(m);
			end(m, STATUS_LOST);
		}
		return;
	}
	if (m->only.n && !nsids_has(&m->only, e->ns_id))
		return;
	if (m->told_until && e->seq >= m->told_until) {
		told_clear(&m->told);
		m->told_until = 0;
	}
	if (m->told_until && !told_admit(&m->told, e))
		return;
	if (!event_wanted(&m->mask, e))
		return;
	event_write(&m->writer, e);
	m->events++;
}

/* Namespaces that the journal may know are taken by their identity, even if they are gone. */
static void select_namespaces(struct monitor *m, int argc, char **argv)
{
	struct store store = { 0 };
	struct nsarg ns;
	char why[256];
	size_t i;
	int k;

	for (k = 0; k < argc; k++) {
		if (m->since && nsarg_parse(argv[k], &ns, why, sizeof(why)) && ns.by_id)
			nsids_add(&m->only, ns.value);
		else
			ns_select(m->feed.w, 1, argv + k, &store);
	}
	for (i = 0; i < store.n; i++)
		nsids_add(&m->only, ns_id(&store.rows[i]));
	store_clear(&store);
}

/*
 * What the journal is asked for. While what was told decides about events, it must hear of
 * namespaces, too.
 */
static void set_filter(struct monitor *m)
{
	uint32_t all = event_mask_objects(&(struct event_mask){ { ~0U, ~0U, ~0U, ~0U, ~0U, ~0U } });
	uint32_t objects = event_mask_objects(&m->mask);

	if (m->snapshot)
		objects |= 1U << IPCNS_EVENT_OBJECT_NS;
	m->feed.objects = (objects | 1U << IPCNS_EVENT_OBJECT_NONE) == all ? 0 : objects;
	m->feed.ns_id = m->only.n == 1 ? m->only.ids[0] : 0;
}

/* All of these return false if the module is gone. */

static bool begin_snapshot(struct monitor *m)
{
	uint64_t next, held;

	told_clear(&m->told);
	if (!snapshot_write(m->feed.w, m->only.n ? &m->only : NULL, event_mask_objects(&m->mask),
			    &m->told, &m->writer))
		return false;
	if (!feed_state(&m->feed, &next, &held))
		return false;
	m->told_until = next;
	return true;
}

/* The first module that is met. */
static bool begin(struct monitor *m, int argc, char **argv)
{
	uint64_t next, held;

	/* First this, so that what is looked up, and all after it, is in the events to come. */
	if (!feed_state(&m->feed, &next, &held))
		return false;
	select_namespaces(m, argc, argv);
	set_filter(m);
	m->feed.last = next - 1;
	if (m->snapshot)
		return begin_snapshot(m);
	if (!m->since)
		return true;
	if (m->since > next)
		die(STATUS_ERROR, "event %llu has not happened yet: the next one is %llu",
		    (unsigned long long)m->since, (unsigned long long)next);
	m->feed.last = m->since - 1;
	return feed_fetch(&m->feed);
}

/* The next one, whose events have numbers that begin anew: all that it has seen is wanted. */
static bool begin_again(struct monitor *m)
{
	uint64_t next, held;

	if (!feed_state(&m->feed, &next, &held))
		return false;
	set_filter(m);
	if (m->snapshot) {
		m->feed.last = next - 1;
		return begin_snapshot(m);
	}
	return feed_fetch(&m->feed);
}

static bool wants_objects(const struct monitor *m)
{
	return event_mask_objects(&m->mask) & ~(1U << IPCNS_EVENT_OBJECT_NS);
}

/* Joins the next module that is loaded. */
static void wait_for_module(struct monitor *m)
{
	enum feed_state state;

	do {
		state = feed_read(&m->feed);
		if (state == FEED_DRY)
			look_at_end(m, sink_poll(m->feed.fd, true));
	} while (state != FEED_BACK || !feed_join(&m->feed, wants_objects(m)));
}

static void listen_anew(struct monitor *m)
{
	struct event loss = { .object = IPCNS_EVENT_OBJECT_LOST, .cause = "module" };

	do {
		loss.from = m->feed.last + 1;
		feed_leave(&m->feed);
		wait_for_module(m);
		take(&loss, m);
		m->told_until = 0;
	} while (!begin_again(m));
}

static void run(struct monitor *m, int argc, char **argv)
{
	enum feed_state state;

	feed_open(&m->feed, take, m);
	if (!feed_join(&m->feed, wants_objects(m)))
		die(STATUS_NO_MODULE, "module not loaded: try \"modprobe ipcns\"");
	state = begin(m, argc, argv) ? FEED_MORE : FEED_GONE;
	for (;;) {
		if (state == FEED_GONE) {
			flush(m);
			if (!m->follow)
				die(STATUS_NO_MODULE, "module unloaded");
			listen_anew(m);
		} else if (state == FEED_DRY) {
			flush(m);
		}
		look_at_end(m, sink_poll(m->feed.fd, state == FEED_DRY));
		state = feed_read(&m->feed);
	}
}

static void parse_since(struct monitor *m, const char *text)
{
	if (!parse_uint(text, strlen(text), 10, UINT64_MAX - 1, &m->since) || !m->since)
		die_usage("invalid sequence number: %s", text);
}

/** cmd_monitor - the command */
int cmd_monitor(int argc, char **argv)
{
	const char *types = NULL, *events = NULL;
	struct monitor m = { 0 };
	bool as_json = false;
	int c;

	while ((c = getopt_long(argc, argv, "t:e:sJhV", longopts, NULL)) != -1) {
		switch (c) {
		case 't':
			types = optarg;
			break;
		case 'e':
			events = optarg;
			break;
		case 's':
			m.snapshot = true;
			break;
		case OPTION_SINCE:
			parse_since(&m, optarg);
			break;
		case OPTION_STRICT:
			m.strict = true;
			break;
		case OPTION_FOLLOW:
			m.follow = true;
			break;
		case 'J':
			as_json = true;
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
	event_mask_all(&m.mask);
	if (events)
		event_mask_events(&m.mask, events);
	if (types)
		event_mask_types(&m.mask, types);
	if (!event_mask_objects(&m.mask))
		die_usage("--type and --events leave nothing to print");
	if (m.snapshot && m.since)
		die_usage("--snapshot and --since exclude each other");
	if (m.follow && optind < argc)
		die_usage("--follow-module goes with no namespace: identities begin anew with the module");

	event_writer_init(&m.writer, sink_open(), as_json);
	run(&m, argc - optind, argv + optind);
	return STATUS_OK;
}
