// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl history: the events that are on record, one line each. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>
#include <netlink/msg.h>

#include "command.h"
#include "host/journalctl.h"
#include "ipc/event_entry.h"
#include "ipc/event_line.h"
#include "ipc/journal_position.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/recording.h"
#include "ipc/when.h"
#include "print/table_options.h"
#include "util.h"

#define MONITOR_UNIT "ipcns-monitor.service"

static const char usage[] =
	"Usage: " PROGRAM " history [OPTION...] [NS...]\n\n"
	"Prints the events that the module's journal holds, oldest first, and ends.\n"
	"NS: inode number, ipc:[INODE], id=NSID, pid=PID, unit=NAME, or a path; an inode\n"
	"number or identity may be of one that has ended.\n\n"
	"Options:\n"
	" -t, --type KIND,...   only about ns, shm, sem, msg, mq\n"
	" -e, --events LIST     only these, each as TYPE, EVENT or TYPE.EVENT\n"
	"     --since WHEN      begin here: 09:30, yesterday, \"2026-11-28 09:30\",\n"
	"                       \"10 min ago\", @EPOCH, or the sequence number of an event\n"
	"     --until WHEN      end here\n"
	"     --journal         also what " MONITOR_UNIT " wrote to the systemd\n"
	"                       journal, and the module does not hold any more\n"
	" -J, --json            JSON Lines\n"
	" -b, --bytes           on a terminal: sizes as numbers of bytes\n"
	" -q, --quiet           do not report what was not recorded\n"
	"     --color[=WHEN]    losses in red: auto, always or never\n"
	" -h, --help  -V, --version\n\n"
	"Namespaces, and the removal of objects, are recorded while the module is loaded.\n"
	"Creations and changes of objects are recorded while somebody monitors them, or\n"
	"with the module parameter record=objects.\n";

enum {
	OPTION_SINCE = OPTION_COMMAND,
	OPTION_UNTIL,
	OPTION_JOURNAL,
	OPTION_COLORS,
};

static const struct option longopts[] = {
	{ "type", required_argument, NULL, 't' },
	{ "events", required_argument, NULL, 'e' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "journal", no_argument, NULL, OPTION_JOURNAL },
	{ "json", no_argument, NULL, 'J' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "color", optional_argument, NULL, OPTION_COLORS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 }
};

/* A namespace whose events are asked for. */
struct wanted_ns {
	const char *arg;
	uint64_t id;		/* 0: all that had the inode number */
	uint64_t inum;		/* 0: it was named by its identity or by what has it now */
	bool alive, met;
};

struct history {
	struct event_mask mask;
	struct event_span span;
	struct wanted_ns *only;
	size_t n_only;
	struct event_writer writer;
	struct recording recording;
	struct journal_position module;	/* that is loaded now */
	uint64_t first_seq;	/* of the oldest event that the module holds */
	int64_t first_time;
	bool lost_before;	/* that older ones are missing was printed */
};

static void take_namespace(struct nlattr *attrs, int len, void *arg)
{
	struct wanted_ns *ns = arg;
	struct row row;

	if (row_parse(&row, attrs, len) && ipcns_uint(row.attr[IPCNS_A_NS_ID], &ns->id))
		ns->alive = true;
}

/* Namespaces that the journal may know are taken by what names them, even if they are gone. */
static void select_namespace(struct history *h, struct ipcns *c, char *arg, struct wanted_ns *ns)
{
	struct row_store store = { 0 };
	struct ipcns_name name;

	ns->arg = arg;
	h->n_only++;
	if (ns_is_unit(arg)) {
		ns_select(c, 1, &arg, &store);
		ns->id = ns_id(store.rows);
		ns->alive = true;
		row_store_clear(&store);
		return;
	}
	ns_parse(arg, &name);
	ns_check_lookup(c, arg, &name, ipcns_lookup(c, &name, take_namespace, ns));
	if (name.by_id)
		ns->id = name.value;
	else if (!name.exists)
		ns->inum = name.value;
}

/* Whether an event is of a namespace that is wanted; @ours: of the module that is loaded now. */
static bool is_selected(struct history *h, const struct ipcns_event *e, bool ours)
{
	uint64_t inum = 0;
	struct wanted_ns *ns;
	bool match;
	size_t i;

	if (!h->n_only || event_is_loss(e))
		return true;
	ipcns_uint(e->attr[IPCNS_A_EVENT_NS_INUM], &inum);
	for (i = 0; i < h->n_only; i++) {
		ns = &h->only[i];
		/* Identities restart with the module, inode numbers are used again. */
		match = ours && ns->id ? e->ns_id == ns->id : ns->inum && inum == ns->inum;
		ns->met |= match;
		if (match)
			return true;
	}
	return false;
}

static void print_event(struct history *h, const struct ipcns_event *e, bool ours)
{
	bool in_span = event_span_has(&h->span, e);

	if (is_selected(h, e, ours) && in_span && event_wanted(&h->mask, e))
		event_write(&h->writer, e);
}

static void take_event(struct nlattr *attrs, int len, void *arg)
{
	struct history *h = arg;
	struct ipcns_event e;
	uint64_t time;

	if (!ipcns_event_parse(&e, attrs, len))
		return;
	if (event_is_loss(&e) && !h->first_seq)
		h->lost_before = true;
	if (e.seq && !h->first_seq && ipcns_uint(e.attr[IPCNS_A_EVENT_TIME], &time)) {
		h->first_seq = e.seq;
		h->first_time = time;
	}
	print_event(h, &e, true);
}

static void read_module(struct history *h, struct ipcns *c)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_JOURNAL_GET);
	uint64_t first = event_span_first(&h->span);
	int ret;

	/* That the oldest events are overwritten is a loss only to a reader who asks for them. */
	if (!h->span.has_since)
		first = h->recording.held;
	if (first > h->recording.next)
		die(STATUS_ERROR, "event %llu has not happened yet: the next one is %llu",
		    (unsigned long long)first, (unsigned long long)h->recording.next);
	ipcns_put_u64(r, IPCNS_A_EVENT_SINCE, first);
	ret = ipcns_dump(c, r, take_event, NULL, h);
	if (ret)
		module_die(c, ret, "cannot read the journal");
}

/* Whether an entry is of the module that is loaded now. */
static bool is_ours(const struct history *h, const struct journalctl_entry *entry)
{
	char boot[sizeof(h->module.boot)] = "", text[24] = "";
	const char *field, *from;
	size_t len, i, n = 0;

	field = journalctl_field(entry, "_BOOT_ID", &len);
	/* The journal has it without the dashes. */
	for (from = h->module.boot; *from; from++)
		if (*from != '-')
			boot[n++] = *from;
	if (!field || len != n || memcmp(field, boot, n))
		return false;
	field = journalctl_field(entry, "IPCNS_MODULE", &len);
	i = snprintf(text, sizeof(text), "%llu", (unsigned long long)h->module.module);
	return field && len == i && !memcmp(field, text, i);
}

static void take_entry(const struct journalctl_entry *entry, void *arg)
{
	struct history *h = arg;
	struct ipcns_event e;
	struct nl_msg *msg = event_read_entry(&e, entry);
	bool ours = is_ours(h, entry);

	if (!msg)
		return;
	/* What the module holds, it reports itself. */
	if (!ours || (e.seq ?: e.to) < h->recording.held) {
		h->writer.entry = entry;
		print_event(h, &e, ours);
		h->writer.entry = NULL;
	}
	nlmsg_free(msg);
}

/*
 * Entries are written after the events that they are about. So what was written before the span is
 * not asked for, but what was written after it is.
 */
static void read_systemd(struct history *h)
{
	int64_t since = h->span.has_since && !h->span.since.seq ? h->span.since.time : 0;

	journalctl_read(MONITOR_UNIT, since / NS_PER_SECOND, take_entry, h);
	h->span.over = false;
}

/* Says what was asked for, but is not on record. */
static void report_gaps(const struct history *h, bool journal)
{
	char time[64];

	if (h->recording.blind)
		error("hooks do not fire, so what happens now is not recorded: see \"" PROGRAM
		      " status\"");
	recording_report_past(&h->recording, &h->mask);
	if (!h->first_seq && h->recording.held >= h->recording.next) {
		error("the module has recorded no event since it was loaded");
		return;
	}
	if (!h->first_time || (h->span.has_since && (h->span.since.seq ||
						     h->span.since.time >= h->first_time)))
		return;
	format_time(time, sizeof(time), h->first_time / NS_PER_SECOND, NULL, TIME_ISO);
	if (h->recording.held > 1 && !h->lost_before)
		error("the module holds nothing from before event %llu, of %s%s",
		      (unsigned long long)h->first_seq, time,
		      journal ? "" : ": see --journal");
	else if (h->recording.held == 1 && h->span.has_since)
		error("the first event since the module was loaded is of %s: nothing before that is on record",
		      time);
}

/* What was named has to be there, or to have left something. */
static int check_selected(const struct history *h)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < h->n_only; i++) {
		if (h->only[i].alive || h->only[i].met)
			continue;
		error("no IPC namespace \"%s\", and no event of one", h->only[i].arg);
		status = STATUS_ERROR;
	}
	return status;
}

/** cmd_history - the command */
int cmd_history(int argc, char **argv)
{
	const char *types = NULL, *events = NULL;
	bool as_json = false, journal = false, bytes = false;
	enum color_when color = COLOR_AUTO;
	struct history h = { 0 };
	struct ipcns *c;
	int k;

	while ((k = getopt_long(argc, argv, "t:e:JbqhV", longopts, NULL)) != -1) {
		switch (k) {
		case 't':
			types = optarg;
			break;
		case 'e':
			events = optarg;
			break;
		case OPTION_SINCE:
			event_span_since(&h.span, optarg);
			break;
		case OPTION_UNTIL:
			event_span_until(&h.span, optarg);
			break;
		case OPTION_JOURNAL:
			journal = true;
			break;
		case 'J':
			as_json = true;
			break;
		case 'b':
			bytes = true;
			break;
		case 'q':
			quiet = true;
			break;
		case OPTION_COLORS:
			if (!color_parse(optarg, &color))
				die_usage("unknown color mode: %s (auto, always or never)", optarg);
			break;
		default:
			option_common(k, usage);
		}
	}
	event_mask_take(&h.mask, events, types);
	event_span_check(&h.span);
	if (journal && ((h.span.has_since && h.span.since.seq) ||
			(h.span.has_until && h.span.until.seq)))
		die_usage("--journal goes with times only: numbers of events restart with the module");

	c = module_open();
	if (!recording_get(c, &h.recording))
		die(STATUS_NO_MODULE, "module unloaded");
	journal_position_now(&h.module, 0);
	h.only = xcalloc(argc - optind, sizeof(*h.only));
	for (k = optind; k < argc; k++)
		select_namespace(&h, c, argv[k], &h.only[k - optind]);
	event_writer_init(&h.writer, stdout, as_json ? EVENT_JSON : event_line_form());
	h.writer.colors = !as_json && color_wanted(color);
	h.writer.bytes = bytes;
	if (journal)
		read_systemd(&h);
	read_module(&h, c);
	check_stdout();
	report_part(false);
	if (!quiet)
		report_gaps(&h, journal);
	ipcns_free(c);
	k = check_selected(&h);
	free(h.only);
	return k;
}
