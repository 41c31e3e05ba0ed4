// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl monitor: events as they happen, one line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <linux/ipcns.h>

#include "command.h"
#include "id_set.h"
#include "ipc/event_line.h"
#include "ipc/journal_position.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/recording.h"
#include "ipc/snapshot.h"
#include "ipc/snapshot_filter.h"
#include "ipc/when.h"
#include "print/long_output.h"
#include "print/table_options.h"
#include "util.h"

/* Events before a signal is looked for: the journal can give many at a time. */
#define LOOK_EVENTS 256

/* How often it is asked whether hooks still do not fire. */
#define RECHECK_SECONDS 1

static const char usage[] =
	"Usage: " PROGRAM " monitor [OPTION...] [NS...]\n\n"
	"Prints what happens to IPC namespaces and objects, one line for each event.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path.\n\n"
	"Options:\n"
	" -t, --type KIND,...   only about ns, shm, sem, msg, mq\n"
	" -e, --events LIST     only these, each as TYPE, EVENT or TYPE.EVENT\n"
	" -s, --snapshot        first report what exists, as events \"present\"\n"
	"     --since WHEN      start in the journal: event number, 09:30, \"10 min ago\"\n"
	"     --until WHEN      end there\n"
	"     --strict          end with 3 when events are lost or not recorded\n"
	"     --follow-module   while the module is not loaded, wait for it\n"
	" -J, --json            JSON Lines\n"
	" -b, --bytes           on a terminal: sizes as numbers of bytes\n"
	"     --journald        write to the journal of systemd, with fields IPCNS_*\n"
	"     --state FILE      continue where the last run with this file ended\n"
	" -q, --quiet           do not report what is not seen, or was not recorded\n"
	"     --color[=WHEN]    losses in red: auto, always or never\n"
	" -h, --help  -V, --version\n\n"
	"Events: created, destroyed; of ns dying; of shm, sem, msg changed; of shm marked\n"
	"(destroyed at its last detach); of mq unlinked; and lost, if any are missing.\n";

enum {
	OPTION_SINCE = OPTION_COMMAND,
	OPTION_UNTIL,
	OPTION_STRICT,
	OPTION_FOLLOW,
	OPTION_JOURNALD,
	OPTION_STATE,
	OPTION_COLORS,
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "events", required_argument, NULL, 'e' },
	{ "snapshot", no_argument, NULL, 's' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "strict", no_argument, NULL, OPTION_STRICT },
	{ "follow-module", no_argument, NULL, OPTION_FOLLOW },
	{ "json", no_argument, NULL, 'J' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "journald", no_argument, NULL, OPTION_JOURNALD },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "quiet", no_argument, NULL, 'q' },
	{ "color", optional_argument, NULL, OPTION_COLORS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

struct monitor {
	/* What is asked for. */
	struct event_mask mask;
	struct number_set only;
	bool snapshot, strict, follow;
	struct event_span span;	/* since nothing: what comes from now on */
	const char *path;	/* of the file with the state, or NULL */

	int fd;			/* readable when there are events, or the span is over */
	int timer;		/* -1: none ends it */
	struct ipcns_feed *feed;
	struct ipcns *c;	/* the connection of it; NULL while there is no module */
	struct event_writer writer;
	struct snapshot_filter filter;
	struct journal_position state;	/* that the file has */
	bool has_state;		/* it had one at the beginning */
	bool formatting;	/* a line is being made */
	bool changing;		/* from the state of one module to that of the next */
	bool incomplete;	/* events that are wanted are not recorded */
	bool blind;		/* hooks do not fire */
	bool hooks_changed;	/* an event says that hooks ceased to fire, or fire again */
	uint64_t filter_until;	/* events before this may be in the snapshot already */
	uint64_t taken;		/* events that came, wanted or not */
	uint64_t events, lost;	/* that were printed, that are missing */
	bool lost_more;		/* than is known how many */
};

static void count_loss(struct monitor *m, const struct ipcns_event *e)
{
	if (e->to)
		m->lost += e->to - e->from + 1;
	else
		m->lost_more = true;
}

/* Keeps the position of the last event that is out, be it written or not wanted. */
static void keep_state(void *arg)
{
	struct monitor *m = arg;
	uint64_t position = m->state.seq;

	if (!m->path || !m->c || m->changing)
		return;
	/* The last event of the feed is the one whose line is being made, then. */
	if (!long_output_pending(&position) && !m->formatting)
		position = ipcns_feed_last(m->feed);
	if (m->state.seq == position)
		return;
	m->state.seq = position;
	journal_position_write(&m->state);
}

/* Ends the program; what is buffered was written, as far as that goes. */
static void end(struct monitor *m, int status)
{
	uint64_t position, pending = long_output_pending(&position);
	uint64_t events = m->events - (pending < m->events ? pending : m->events);

	keep_state(m);
	if (pending)
		error("%llu line%s not written%s", (unsigned long long)pending,
		      pending == 1 ? " was" : "s were",
		      m->path ? ": the next run with this state begins there" : "");
	else if (!long_output_is_complete())
		error("not all of the snapshot was written");
	error("%llu event%s, %llu lost%s", (unsigned long long)events, events == 1 ? "" : "s",
	      (unsigned long long)m->lost, m->lost_more ? ", and some that nobody counted" : "");
	exit(status == STATUS_OK && !long_output_is_complete() ? STATUS_ERROR : status);
}

static void look_at_end(struct monitor *m, enum output_state how)
{
	/* As head(1) does; only who keeps a state wants to know what was left. */
	if (how == LONG_OUTPUT_CLOSED && !m->path)
		exit(STATUS_OK);
	if (how == LONG_OUTPUT_OPEN)
		return;
	long_output_flush(m->writer.out);
	end(m, STATUS_OK);
}

static void flush(struct monitor *m)
{
	look_at_end(m, long_output_flush(m->writer.out));
	keep_state(m);
}

static void write_event(struct monitor *m, const struct ipcns_event *e)
{
	m->formatting = true;
	event_write(&m->writer, e);
	m->formatting = false;
	if (m->writer.stopped) {
		/* The next run writes it. What is lost with a module has a number of that one. */
		if (e->seq || e->to)
			ipcns_feed_seek(m->feed, (e->seq ?: e->from) - 1);
		if (!m->path)
			error("an event was not written: the systemd journal had no room");
		end(m, m->path ? STATUS_OK : STATUS_ERROR);
	}
	if (m->writer.form == EVENT_JOURNALD)
		keep_state(m);
	else	/* a poller has no number for an end */
		long_output_mark(m->writer.out, e->seq ?: e->to ?: ipcns_feed_last(m->feed));
}

static void pass_on(struct monitor *m, const struct ipcns_event *e)
{
	bool in_span = event_span_has(&m->span, e);

	if (m->span.over) {
		if (e->seq || e->to)
			ipcns_feed_seek(m->feed, (e->seq ?: e->from) - 1);
		flush(m);
		end(m, STATUS_OK);
	}
	if (!in_span)
		return;
	if (event_is_loss(e)) {
		m->hooks_changed |= event_is_of_hooks(e);
		write_event(m, e);
		count_loss(m, e);
		if (m->strict) {
			flush(m);
			end(m, STATUS_LOST);
		}
		return;
	}
	if (m->only.n && !number_set_has(&m->only, e->ns_id))
		return;
	if (m->filter_until && e->seq >= m->filter_until) {
		snapshot_filter_clear(&m->filter);
		m->filter_until = 0;
	}
	if (m->filter_until && !snapshot_filter_pass(&m->filter, e))
		return;
	if (!event_wanted(&m->mask, e))
		return;
	write_event(m, e);
	m->events++;
}

static void take(const struct ipcns_event *e, void *arg)
{
	struct monitor *m = arg;

	pass_on(m, e);
	if (!(++m->taken % LOOK_EVENTS))
		look_at_end(m, long_output_poll(m->fd, 0));
}

/*
 * Reports what was lost from event @from on of a module that is not the one loaded now. Until that
 * is out, the state stays that of the old module; then it becomes that of the new one.
 */
static void change_module(struct monitor *m, uint64_t from)
{
	struct journal_position now;
	struct ipcns_event loss = {
		.object = IPCNS_EVENT_OBJECT_LOST,
		.from = from,
		.cause = "module",
	};

	m->changing = true;
	take(&loss, m);
	flush(m);
	m->changing = false;
	journal_position_now(&now, UINT64_MAX);
	m->writer.module = now.module;
	if (m->path)
		m->state = now;
}

/* Namespaces that the journal may know are taken by their identity, even if they are gone. */
static void select_namespaces(struct monitor *m, int argc, char **argv)
{
	struct row_store store = { 0 };
	struct ipcns_name ns;
	char why[256];
	size_t i;
	int k;

	for (k = 0; k < argc; k++) {
		if (m->span.has_since && ipcns_name_parse(argv[k], &ns, why, sizeof(why)) && ns.by_id)
			number_set_add(&m->only, ns.value);
		else
			ns_select(m->c, 1, argv + k, &store);
	}
	for (i = 0; i < store.n; i++)
		number_set_add(&m->only, ns_id(&store.rows[i]));
	row_store_clear(&store);
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
	if ((objects | 1U << IPCNS_EVENT_OBJECT_NONE) == all)
		objects = 0;
	ipcns_feed_filter(m->feed, objects, m->only.n == 1 ? m->only.last : 0);
}

/* All of these return false if the module is gone. */

static bool fetch(struct monitor *m)
{
	return feed_alive(m->feed, ipcns_feed_fetch(m->feed));
}

static bool begin_snapshot(struct monitor *m)
{
	struct ipcns_journal journal;

	snapshot_filter_clear(&m->filter);
	if (!snapshot_write(m->c, m->only.n ? &m->only : NULL, event_mask_objects(&m->mask),
			    &m->filter, &m->writer))
		return false;
	if (!feed_alive(m->feed, ipcns_feed_journal(m->feed, &journal)))
		return false;
	m->filter_until = journal.next;
	return true;
}

/* What happened since the run before, or since the journal began. */
static bool begin_from_state(struct monitor *m, const struct ipcns_journal *journal)
{
	struct journal_position now;

	journal_position_now(&now, UINT64_MAX);
	if (!m->has_state) {
		ipcns_feed_seek(m->feed, (journal->held ?: journal->next) - 1);
		m->state = now;
	} else if (journal_position_same(&m->state, &now) && m->state.seq < journal->next) {
		ipcns_feed_seek(m->feed, m->state.seq);
	} else {
		ipcns_feed_seek(m->feed, 0);
		change_module(m, m->state.seq + 1);
	}
	return fetch(m);
}

/* The first module that is met. */
static bool begin(struct monitor *m, int argc, char **argv)
{
	struct ipcns_journal journal;
	uint64_t since;

	/* First this, so that what is looked up, and all after it, is in the events to come. */
	if (!feed_alive(m->feed, ipcns_feed_journal(m->feed, &journal)))
		return false;
	select_namespaces(m, argc, argv);
	set_filter(m);
	ipcns_feed_seek(m->feed, journal.next - 1);
	if (m->snapshot)
		return begin_snapshot(m);
	if (m->path)
		return begin_from_state(m, &journal);
	if (!m->span.has_since)
		return true;
	since = event_span_first(&m->span);
	if (since > journal.next)
		die(STATUS_ERROR, "event %llu has not happened yet: the next one is %llu",
		    (unsigned long long)since, (unsigned long long)journal.next);
	ipcns_feed_seek(m->feed, since - 1);
	return fetch(m);
}

/* The next one, whose events have numbers that begin anew: all that it has seen is wanted. */
static bool begin_again(struct monitor *m)
{
	struct ipcns_journal journal;

	if (!feed_alive(m->feed, ipcns_feed_journal(m->feed, &journal)))
		return false;
	set_filter(m);
	if (m->snapshot) {
		ipcns_feed_seek(m->feed, journal.next - 1);
		return begin_snapshot(m);
	}
	return fetch(m);
}

static bool wants_objects(const struct monitor *m)
{
	return event_mask_objects(&m->mask) & ~(1U << IPCNS_EVENT_OBJECT_NS);
}

/*
 * Reports that events are missing, or not any more, as far as it has not been reported. Until then
 * nothing but silence would show it. An event says when hooks change; but this asks later, and what
 * it is answered may be of a moment, so it asks again while they do not fire.
 */
static bool check_recording(struct monitor *m, bool start)
{
	bool was_incomplete = m->incomplete, was_blind = m->blind;
	struct recording now;

	m->hooks_changed = false;
	if (!recording_get(m->c, &now))
		return false;
	m->incomplete = recording_misses(&now, &m->mask);
	m->blind = now.blind;
	if (m->incomplete && !was_incomplete) {
		recording_report_now(&now);
		m->lost_more = true;
		if (m->strict) {
			flush(m);
			end(m, STATUS_LOST);
		}
	} else if (was_blind && !m->incomplete) {
		error("hooks fire again: all events are recorded from here on");
	}
	if (start && !quiet && (m->span.has_since || m->path))
		recording_report_past(&now, &m->mask);
	return true;
}

/* What has come, without waiting. */
static enum ipcns_feed_state read_feed(struct monitor *m)
{
	int state = ipcns_feed_read(m->feed);

	return feed_alive(m->feed, state) ? state : IPCNS_FEED_GONE;
}

/* What waits for events waits for the end of the span, too, if that is a time. */
static void watch_clock(struct monitor *m)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct itimerspec spec = { 0 };

	m->fd = ipcns_feed_fd(m->feed);
	m->timer = -1;
	if (!m->span.has_until || m->span.until.seq)
		return;
	spec.it_value.tv_sec = m->span.until.time / NS_PER_SECOND;
	spec.it_value.tv_nsec = m->span.until.time % NS_PER_SECOND;
	spec.it_value.tv_nsec += !m->span.until.time;	/* all zero would mean never */
	m->timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	m->fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->timer < 0 || m->fd < 0 ||
	    timerfd_settime(m->timer, TFD_TIMER_ABSTIME, &spec, NULL) ||
	    epoll_ctl(m->fd, EPOLL_CTL_ADD, m->timer, &event) ||
	    epoll_ctl(m->fd, EPOLL_CTL_ADD, ipcns_feed_fd(m->feed), &event))
		die(STATUS_ERROR, "cannot wait for a time: %s", strerror(errno));
}

/* Ends when the span is over: by the clock, when events that are on their way are in the journal. */
static void look_at_clock(struct monitor *m)
{
	uint64_t times;

	if (m->c && m->span.until.seq && ipcns_feed_last(m->feed) >= m->span.until.seq) {
		flush(m);
		end(m, STATUS_OK);
	}
	if (m->timer < 0 || read(m->timer, &times, sizeof(times)) != sizeof(times))
		return;
	if (m->c && !fetch(m) && !m->follow)
		die(STATUS_NO_MODULE, "module unloaded");
	flush(m);
	end(m, STATUS_OK);
}

/* Joins the next module that is loaded. */
static void wait_for_module(struct monitor *m)
{
	enum ipcns_feed_state state;

	do {
		state = read_feed(m);
		if (state == IPCNS_FEED_DRY)
			look_at_end(m, long_output_poll(m->fd, -1));
		look_at_clock(m);
	} while (state != IPCNS_FEED_BACK ||
		 !feed_alive(m->feed, ipcns_feed_join(m->feed, wants_objects(m))));
	m->c = ipcns_feed_connection(m->feed);
}

static void listen_anew(struct monitor *m)
{
	uint64_t from;

	do {
		from = ipcns_feed_last(m->feed) + 1;
		ipcns_feed_leave(m->feed);
		m->c = NULL;
		wait_for_module(m);
		change_module(m, from);
		m->filter_until = 0;
	} while (!begin_again(m) || !check_recording(m, false));
}

/* Begins with the first module that is there, now or later; false if it is gone again. */
static bool start(struct monitor *m, int argc, char **argv)
{
	struct journal_position now;
	bool loaded = true, is_begun;

	m->feed = feed_open(wants_objects(m), take, m, m->follow ? &loaded : NULL);
	m->c = ipcns_feed_connection(m->feed);
	report_part(false);
	watch_clock(m);
	if (m->follow && !loaded) {
		m->c = NULL;
		error("module not loaded: waiting for it");
		wait_for_module(m);
	}
	journal_position_now(&now, 0);
	m->writer.module = now.module;
	/* All that a module has seen that was waited for is new. */
	if (m->c && m->follow && !loaded && !m->path && !m->span.has_since)
		is_begun = begin_again(m);
	else
		is_begun = begin(m, argc, argv);
	return is_begun && check_recording(m, true);
}

static void run(struct monitor *m, int argc, char **argv)
{
	enum ipcns_feed_state state;
	int patience;

	if (m->path)
		m->has_state = journal_position_open(&m->state, m->path);
	state = start(m, argc, argv) ? IPCNS_FEED_MORE : IPCNS_FEED_GONE;
	for (;;) {
		if (state == IPCNS_FEED_GONE) {
			flush(m);
			if (!m->follow)
				die(STATUS_NO_MODULE, "module unloaded");
			listen_anew(m);
		} else if (state == IPCNS_FEED_DRY) {
			flush(m);
		}
		look_at_clock(m);
		if (state == IPCNS_FEED_DRY)
			patience = m->blind ? RECHECK_SECONDS : -1;
		else
			patience = 0;
		look_at_end(m, long_output_poll(m->fd, patience));
		state = read_feed(m);
		if ((m->hooks_changed || (m->blind && state == IPCNS_FEED_DRY)) &&
		    state != IPCNS_FEED_GONE && !check_recording(m, false))
			state = IPCNS_FEED_GONE;
	}
}

/** cmd_monitor - the command */
int cmd_monitor(int argc, char **argv)
{
	const char *types = NULL, *events = NULL;
	struct monitor m = { 0 };
	bool as_json = false, as_journald = false, bytes = false;
	enum event_form form = event_line_form();
	enum color_when color = COLOR_AUTO;
	int c;

	while ((c = getopt_long(argc, argv, "t:e:sJbqhV", longopts, NULL)) != -1) {
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
			event_span_since(&m.span, optarg);
			break;
		case OPTION_UNTIL:
			event_span_until(&m.span, optarg);
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
		case 'b':
			bytes = true;
			break;
		case OPTION_JOURNALD:
			as_journald = true;
			break;
		case OPTION_STATE:
			m.path = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case OPTION_COLORS:
			if (!color_parse(optarg, &color))
				die_usage("unknown color mode: %s (auto, always or never)", optarg);
			break;
		default:
			option_common(c, usage);
		}
	}
	event_mask_take(&m.mask, events, types);
	if (as_json && as_journald)
		die_usage("--json and --journald are mutually exclusive");
	if (as_json || as_journald)
		form = as_json ? EVENT_JSON : EVENT_JOURNALD;
	event_span_check(&m.span);
	if (m.snapshot && m.span.has_since)
		die_usage("--snapshot and --since are mutually exclusive");
	if (m.follow && optind < argc)
		die_usage("--follow-module and a namespace are mutually exclusive: NSIDs restart with the module");
	if (m.path && (m.snapshot || m.span.has_since))
		die_usage("--state, --snapshot and --since are mutually exclusive");
	if (m.path && optind < argc)
		die_usage("--state and a namespace are mutually exclusive: NSIDs restart with the module");
	if (form == EVENT_JOURNALD) {
		long_output_signals();
		event_writer_init(&m.writer, NULL, form);
		systemd_journal_check(&m.writer.journald);
	} else {
		event_writer_init(&m.writer, long_output_open(keep_state, &m), form);
	}
	m.writer.colors = !as_json && !as_journald && color_wanted(color);
	m.writer.bytes = bytes;
	run(&m, argc - optind, argv + optind);
	return STATUS_OK;
}
