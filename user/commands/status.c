// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl status: versions, layout checks, counters of the module. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/module.h"
#include "ipc/object.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " status [OPTION...]\n\n"
	"Shows versions, layout checks and counters of the module.\n\n"
	"Options:\n"
	" -J, --json     use JSON output format\n"
	" -b, --bytes    print sizes in bytes\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	VALUE_LONGOPTS,
	{ 0 }
};

static const struct {
	const char *key;	/* in JSON */
	const char *label;
	enum value_kind as;
	unsigned int attr;
} counters[] = {
	{ "namespaces", "Namespaces at last walk", AS_NUMBER, IPCNS_A_STATUS_NAMESPACES },
	{ "pending", "Superblocks passed over", AS_NUMBER, IPCNS_A_STATUS_PENDING },
	{ "walks", "Walks", AS_NUMBER, IPCNS_A_STATUS_WALKS },
	{ "walks_cut", "Walks cut short", AS_NUMBER, IPCNS_A_STATUS_WALKS_CUT },
	{ "dumps", "Open dumps", AS_NUMBER, IPCNS_A_STATUS_DUMPS },
	{ "dump_bytes", "Memory of open dumps", AS_SIZE, IPCNS_A_STATUS_DUMP_BYTES },
	{ "dying", "Dying namespaces", AS_NUMBER, IPCNS_A_STATUS_DYING },
	{ "missed", "Namespaces gone unseen", AS_NUMBER, IPCNS_A_STATUS_MISSED },
	{ "journal_first", "First event in journal", AS_NUMBER, IPCNS_A_STATUS_JOURNAL_FIRST },
	{ "journal_next", "Next event", AS_NUMBER, IPCNS_A_STATUS_JOURNAL_NEXT },
	{ "dropped", "Events dropped", AS_NUMBER, IPCNS_A_STATUS_DROPPED },
	{ "journal_size", "Journal size", AS_SIZE, IPCNS_A_STATUS_JOURNAL_SIZE },
	{ "journal_used", "Journal used", AS_SIZE, IPCNS_A_STATUS_JOURNAL_USED },
	{ "teardowns", "Teardowns seen", AS_NUMBER, IPCNS_A_STATUS_TEARDOWN_COUNT },
	{ "stuck", "Hook stuck, no unloading", AS_TEXT, IPCNS_A_STATUS_STUCK },
};

/* Kinds of holders by their number on the wire. */
static const char *const holder_kind_names[] = {
	[IPCNS_HOLDER_KIND_COUNT] = "count",
	[IPCNS_HOLDER_KIND_TASK] = "task",
	[IPCNS_HOLDER_KIND_SHM] = "shm",
};

/* Check of one struct. */
struct layout {
	struct value name, member;
	const char *state;
	uint64_t kinds, depth, holders;
};

static bool parse_layout(struct nlattr *attr, struct layout *layout)
{
	static const char *const states[] = {
		[IPCNS_LAYOUT_STATE_OK] = "ok",
		[IPCNS_LAYOUT_STATE_MISMATCH] = "mismatch",
		[IPCNS_LAYOUT_STATE_UNKNOWN] = "unknown",
	};
	struct nlattr *tb[IPCNS_A_LAYOUT_MAX + 1];
	uint64_t state;

	memset(layout, 0, sizeof(*layout));
	if (nla_parse_nested(tb, IPCNS_A_LAYOUT_MAX, attr, NULL) < 0)
		return false;
	value_attr(&layout->name, AS_TEXT, tb[IPCNS_A_LAYOUT_NAME]);
	value_attr(&layout->member, AS_TEXT, tb[IPCNS_A_LAYOUT_MEMBER]);
	ipcns_uint(tb[IPCNS_A_LAYOUT_KINDS], &layout->kinds);
	ipcns_uint(tb[IPCNS_A_LAYOUT_DEPTH], &layout->depth);
	ipcns_uint(tb[IPCNS_A_LAYOUT_HOLDERS], &layout->holders);
	layout->state = "unknown";
	if (ipcns_uint(tb[IPCNS_A_LAYOUT_STATE], &state) && state < ARRAY_SIZE(states))
		layout->state = states[state];
	return true;
}

/* One probe. */
struct probe {
	struct value symbol;
	uint64_t armed, missed;
};

static bool parse_probe(struct nlattr *attr, struct probe *probe)
{
	struct nlattr *tb[IPCNS_A_PROBE_MAX + 1];

	memset(probe, 0, sizeof(*probe));
	if (nla_parse_nested(tb, IPCNS_A_PROBE_MAX, attr, NULL) < 0)
		return false;
	value_attr(&probe->symbol, AS_TEXT, tb[IPCNS_A_PROBE_SYMBOL]);
	ipcns_uint(tb[IPCNS_A_PROBE_ARMED], &probe->armed);
	ipcns_uint(tb[IPCNS_A_PROBE_MISSED], &probe->missed);
	return probe->symbol.type == VALUE_TEXT;
}

static void print_value(const char *label, struct value *cell, const struct value_format *format)
{
	value_render(cell, format);
	printf("%-25s", label);
	if (cell->type == VALUE_UNKNOWN)
		putchar('-');
	else
		put_safe(stdout, cell->text, cell->len);
	putchar('\n');
}

/* Names of the bits that are set, after @before; nothing if there are none. */
static void print_mask(const char *before, uint64_t mask, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(mask & 1ULL << i))
			continue;
		printf("%s %s", before, names[i]);
		before = "";
	}
}

static void json_mask(struct json *json, const char *key, uint64_t mask,
		      const char *const *names, size_t n)
{
	size_t i;

	json_open(json, key, '[');
	for (i = 0; i < n; i++)
		if (mask & 1ULL << i)
			json_string(json, NULL, names[i]);
	json_close(json, ']');
}

static void print_layout(struct layout *layout)
{
	bool fits = !strcmp(layout->state, "ok");

	if (layout->name.type == VALUE_TEXT)
		put_safe(stdout, layout->name.text, layout->name.len);
	printf("%*s%s", layout->name.len < 23 ? 23 - (int)layout->name.len : 1, "", layout->state);
	if (layout->member.type == VALUE_TEXT) {
		fputs(" at ", stdout);
		put_safe(stdout, layout->member.text, layout->member.len);
	}
	if (!fits) {
		print_mask(", not read:", layout->kinds, kind_names, KINDS);
		print_mask(", not in depth:", layout->depth, kind_names, KINDS);
		print_mask(", holders not found:", layout->holders, holder_kind_names,
			   ARRAY_SIZE(holder_kind_names));
	}
	putchar('\n');
}

static void print_probe(const struct probe *probe)
{
	size_t len = probe->symbol.len;

	put_safe(stdout, probe->symbol.text, len);
	printf("%*s%s", len < 23 ? 23 - (int)len : 1, "", probe->armed ? "armed" : "off");
	if (probe->missed)
		printf(", missed %llu", (unsigned long long)probe->missed);
	putchar('\n');
}

/* Heading of a list that may be empty. */
static void print_heading(const char **heading)
{
	if (*heading)
		printf("\n%s:\n", *heading);
	*heading = NULL;
	fputs("  ", stdout);
}

static void print_text(struct nlattr *attrs, int len, struct nlattr **tb,
		       const struct value_format *format)
{
	struct value cell = { 0 };
	const char *heading = "Probes";
	struct layout layout;
	struct probe probe;
	struct nlattr *attr;
	uint64_t live;
	size_t i;
	int rest;

	value_attr(&cell, AS_TEXT, tb[IPCNS_A_STATUS_VERSION]);
	print_value("Module version", &cell, format);
	printf("%-25s%s\n", "Tool version", IPCNS_VERSION);
	printf("%-25s%u\n", "Protocol version", IPCNS_PROTOCOL_VERSION);
	cell.type = VALUE_UNKNOWN;
	value_attr(&cell, AS_TEXT, tb[IPCNS_A_STATUS_KERNEL]);
	print_value("Kernel", &cell, format);
	if (ipcns_uint(tb[IPCNS_A_STATUS_EVENTS_LIVE], &live))
		printf("%-25s%s\n", "Events live", live ? "yes" : "no");
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		cell.type = VALUE_UNKNOWN;
		value_attr(&cell, counters[i].as, tb[counters[i].attr]);
		print_value(counters[i].label, &cell, format);
	}
	puts("\nLayout of kernel structs:");
	nla_for_each_attr(attr, attrs, len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_LAYOUT || !parse_layout(attr, &layout))
			continue;
		fputs("  ", stdout);
		print_layout(&layout);
	}
	nla_for_each_attr(attr, attrs, len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_PROBE || !parse_probe(attr, &probe))
			continue;
		print_heading(&heading);
		print_probe(&probe);
	}
}

static void json_layout(struct json *json, struct layout *layout, const struct value_format *format)
{
	json_open(json, NULL, '{');
	value_json(&layout->name, json, "struct", format);
	json_string(json, "state", layout->state);
	value_json(&layout->member, json, "member", format);
	json_mask(json, "kinds", layout->kinds, kind_names, KINDS);
	json_mask(json, "depth", layout->depth, kind_names, KINDS);
	json_mask(json, "holders", layout->holders, holder_kind_names,
		  ARRAY_SIZE(holder_kind_names));
	json_close(json, '}');
}

static void json_probe(struct json *json, struct probe *probe, const struct value_format *format)
{
	json_open(json, NULL, '{');
	value_json(&probe->symbol, json, "symbol", format);
	json_bool(json, "armed", probe->armed);
	json_number(json, "missed", probe->missed);
	json_close(json, '}');
}

static void print_json(struct nlattr *attrs, int len, struct nlattr **tb,
		       const struct value_format *format)
{
	struct value cell = { 0 };
	struct layout layout;
	struct probe probe;
	struct nlattr *attr;
	struct json json;
	uint64_t live;
	size_t i;
	int rest;

	json_begin(&json, stdout);
	json_open(&json, "status", '{');
	value_attr(&cell, AS_TEXT, tb[IPCNS_A_STATUS_VERSION]);
	value_json(&cell, &json, "module", format);
	json_string(&json, "tool", IPCNS_VERSION);
	json_number(&json, "protocol", IPCNS_PROTOCOL_VERSION);
	cell.type = VALUE_UNKNOWN;
	value_attr(&cell, AS_TEXT, tb[IPCNS_A_STATUS_KERNEL]);
	value_json(&cell, &json, "kernel", format);
	if (ipcns_uint(tb[IPCNS_A_STATUS_EVENTS_LIVE], &live))
		json_bool(&json, "events_live", live);
	else
		json_null(&json, "events_live");
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		cell.type = VALUE_UNKNOWN;
		value_attr(&cell, counters[i].as, tb[counters[i].attr]);
		value_json(&cell, &json, counters[i].key, format);
	}
	json_open(&json, "layout", '[');
	nla_for_each_attr(attr, attrs, len, rest)
		if (nla_type(attr) == IPCNS_A_STATUS_LAYOUT && parse_layout(attr, &layout))
			json_layout(&json, &layout, format);
	json_close(&json, ']');
	json_open(&json, "probes", '[');
	nla_for_each_attr(attr, attrs, len, rest)
		if (nla_type(attr) == IPCNS_A_STATUS_PROBE && parse_probe(attr, &probe))
			json_probe(&json, &probe, format);
	json_close(&json, ']');
	json_close(&json, '}');
	json_end(&json);
}

struct request {
	const struct table_options *opts;
	bool answered;
};

static void print(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *tb[IPCNS_A_STATUS_MAX + 1];
	struct request *request = arg;
	const struct table_options *opts = request->opts;

	if (request->answered)
		return;
	request->answered = true;
	if (nla_parse(tb, IPCNS_A_STATUS_MAX, attrs, len, NULL) < 0)
		die(STATUS_ERROR, "malformed answer");
	if (opts->json)
		print_json(attrs, len, tb, &opts->format);
	else
		print_text(attrs, len, tb, &opts->format);
}

/** cmd_status - the command */
int cmd_status(int argc, char **argv)
{
	struct table_options opts;
	struct request request = { .opts = &opts };
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, VALUE_OPTSTRING, longopts, NULL)) != -1)
		if (!table_options_take(&opts, c))
			die_usage(NULL);
	if (table_options_finish(&opts, usage, NULL))
		return STATUS_OK;
	if (optind < argc)
		die_usage("unexpected argument: %s", argv[optind]);

	w = module_open();
	c = ipcns_status(w, print, &request);
	if (c)
		module_die(w, c, "cannot get the status");
	if (!request.answered)
		die(STATUS_ERROR, "cannot get the status: malformed answer");
	ipcns_free(w);
	return STATUS_OK;
}
