// SPDX-License-Identifier: GPL-2.0-only
/* ipcnsctl status: versions, layout checks, counters of the module. */
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "command.h"
#include "ipc/event_kind.h"
#include "ipc/module.h"
#include "ipc/module_status.h"
#include "ipc/object.h"
#include "print/table.h"
#include "util.h"

static const char usage[] =
	"Usage: " PROGRAM " status [OPTION...]\n\n"
	"Shows whether the module works as it should, and its versions and counters.\n"
	"Exit status: 0 if it does, 4 if something is wrong, 2 if it is not loaded.\n\n"
	"Options:\n"
	" -J, --json     use JSON output format\n"
	" -b, --bytes    print sizes in bytes\n"
	" -q, --quiet    do not report that only a part is visible\n"
	" -h, --help  -V, --version\n";

static const struct option longopts[] = {
	VALUE_LONGOPTS,
	{ "quiet", no_argument, NULL, 'q' },
	{ 0 }
};

/* Counters; one without an attribute begins a group. */
static const struct {
	const char *key;	/* in JSON */
	const char *label;
	enum value_kind as;
	unsigned int attr;
} counters[] = {
	{ NULL, "Namespaces" },
	{ "namespaces", "At the last walk", AS_NUMBER, IPCNS_A_STATUS_NAMESPACES },
	{ "dying", "Dying", AS_NUMBER, IPCNS_A_STATUS_DYING },
	{ "teardowns", "Teardowns seen", AS_NUMBER, IPCNS_A_STATUS_TEARDOWN_COUNT },
	{ "missed", "Without an event", AS_NUMBER, IPCNS_A_STATUS_MISSED },
	{ "pending", "Superblocks skipped", AS_NUMBER, IPCNS_A_STATUS_PENDING },
	{ "walks", "Walks", AS_NUMBER, IPCNS_A_STATUS_WALKS },
	{ "walks_cut", "Walks begun again", AS_NUMBER, IPCNS_A_STATUS_WALKS_CUT },
	{ NULL, "Journal" },
	{ "journal_since", "Reaches back to", AS_TIME_NS, IPCNS_A_STATUS_JOURNAL_SINCE },
	{ "journal_first", "First event in it", AS_NUMBER, IPCNS_A_STATUS_JOURNAL_FIRST },
	{ "journal_next", "Next event", AS_NUMBER, IPCNS_A_STATUS_JOURNAL_NEXT },
	{ "dropped", "Events dropped", AS_NUMBER, IPCNS_A_STATUS_DROPPED },
	{ "journal_size", "Size", AS_SIZE, IPCNS_A_STATUS_JOURNAL_SIZE },
	{ "journal_used", "Used", AS_SIZE, IPCNS_A_STATUS_JOURNAL_USED },
	{ NULL, "Creators of objects" },
	{ "creators", "Known", AS_NUMBER, IPCNS_A_STATUS_CREATORS },
	{ "creators_dropped", "Dropped", AS_NUMBER, IPCNS_A_STATUS_CREATORS_DROPPED },
	{ NULL, "Dumps" },
	{ "dumps", "Open", AS_NUMBER, IPCNS_A_STATUS_DUMPS },
	{ "dump_bytes", "Memory of open ones", AS_SIZE, IPCNS_A_STATUS_DUMP_BYTES },
};

/* Events of these kinds are told apart in the mask of what is recorded. */
#define RECORDED_OBJECTS (1U << IPCNS_EVENT_OBJECT_NS | 1U << IPCNS_EVENT_OBJECT_SHM | \
			  1U << IPCNS_EVENT_OBJECT_SEM | 1U << IPCNS_EVENT_OBJECT_MSG | \
			  1U << IPCNS_EVENT_OBJECT_MQ)

static void print_value(const char *label, struct value *value, const struct value_format *format)
{
	value_render(value, format);
	printf("  %-23s", label);
	if (value->type == VALUE_UNKNOWN)
		putchar('-');
	else
		put_safe(stdout, value->text, value->len);
	putchar('\n');
}

static void print_attr(const char *label, enum value_kind as, struct nlattr *attr,
		       const struct value_format *format)
{
	struct value value = { 0 };

	value_attr(&value, as, attr);
	print_value(label, &value, format);
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

/* @name and spaces up to the second column. */
static void print_name(const struct value *name)
{
	if (name->len)
		put_safe(stdout, name->text, name->len);
	printf("%*s", name->len < 23 ? 23 - (int)name->len : 1, "");
}

static void print_layout(struct layout *layout)
{
	print_name(&layout->name);
	fputs(layout->state, stdout);
	if (layout->member.type == VALUE_TEXT) {
		fputs(" at ", stdout);
		put_safe(stdout, layout->member.text, layout->member.len);
	}
	if (!layout->fits) {
		print_mask(", not read:", layout->kinds, kind_names, MODULE_KINDS);
		print_mask(", not in depth:", layout->depth, kind_names, MODULE_KINDS);
		print_mask(", holders not found:", layout->holders, holder_wire_names,
			   HOLDER_WIRE_KINDS);
	}
	putchar('\n');
}

static void print_hook(const struct hook *hook)
{
	print_name(&hook->symbol);
	fputs(hook->armed ? "armed" : "off", stdout);
	if (hook->kind.type == VALUE_WORD)
		printf(", %s", hook->kind.text);
	if (hook->error.type == VALUE_WORD)
		printf(", cannot be armed: %s", hook->error.text);
	if (hook->missed)
		printf(", missed %llu", (unsigned long long)hook->missed);
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

/* The first line says all there is to know, unless something is wrong. */
static void print_health(const struct findings *problems)
{
	const struct finding *f;
	size_t i;

	fputs("Health: ", stdout);
	if (!findings_bad(problems))
		puts("ok");
	for (i = 0; i < problems->n; i++) {
		f = &problems->rows[i];
		if (i || !findings_bad(problems))
			fputs("        ", stdout);
		printf("%s: ", severity_names[f->severity]);
		put_safe(stdout, f->what, strlen(f->what));
		putchar('\n');
	}
}

static void print_recording(struct nlattr **tb)
{
	uint64_t live, recorded;

	puts("\nRecording:");
	if (ipcns_uint(tb[IPCNS_A_STATUS_EVENTS_LIVE], &live))
		printf("  %-23s%s\n", "Hooks fire", live ? "yes" : "no");
	if (ipcns_uint(tb[IPCNS_A_STATUS_RECORDED], &recorded)) {
		printf("  %-22s", "All events of");
		print_mask("", recorded & RECORDED_OBJECTS, event_object_names,
			   ARRAY_SIZE(event_object_names));
		putchar('\n');
	}
	if (tb[IPCNS_A_STATUS_STUCK])
		print_attr("Stuck hook", AS_TEXT, tb[IPCNS_A_STATUS_STUCK], NULL);
}

static void print_interfaces(struct nlattr *attr)
{
	struct value rest = { 0 };
	struct interface interface;

	value_attr(&rest, AS_TEXT, attr);
	if (rest.type == VALUE_TEXT)
		puts("\nInterfaces of the kernel:");
	while (interface_next(&rest, &interface)) {
		fputs("  ", stdout);
		print_name(&interface.name);
		fputs(interface.found ? "used" : "not there, since Linux ", stdout);
		if (!interface.found && interface.since.len)
			put_safe(stdout, interface.since.text, interface.since.len);
		if (interface.without.type == VALUE_WORD)
			printf(": %s", interface.without.text);
		putchar('\n');
	}
}

static void print_text(struct nlattr *attrs, int len, struct nlattr **tb,
		       const struct findings *problems, const struct value_format *format)
{
	const char *heading = "Hooks";
	struct layout layout;
	struct nlattr *attr;
	struct hook hook;
	size_t i;
	int rest;

	print_health(problems);
	puts("\nVersions:");
	print_attr("Module", AS_TEXT, tb[IPCNS_A_STATUS_VERSION], format);
	printf("  %-23s%s\n", "Tool", IPCNS_VERSION);
	printf("  %-23s%u\n", "Protocol", IPCNS_PROTOCOL_VERSION);
	print_attr("Kernel", AS_TEXT, tb[IPCNS_A_STATUS_KERNEL], format);
	print_attr("Architecture", AS_TEXT, tb[IPCNS_A_STATUS_MACHINE], format);
	print_recording(tb);
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (counters[i].key)
			print_attr(counters[i].label, counters[i].as, tb[counters[i].attr],
				   format);
		else
			printf("\n%s:\n", counters[i].label);
	}
	puts("\nLayout of kernel structs:");
	nla_for_each_attr(attr, attrs, len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_LAYOUT || !layout_parse(attr, &layout))
			continue;
		fputs("  ", stdout);
		print_layout(&layout);
	}
	nla_for_each_attr(attr, attrs, len, rest) {
		if (nla_type(attr) != IPCNS_A_STATUS_PROBE || !hook_parse(attr, &hook))
			continue;
		print_heading(&heading);
		print_hook(&hook);
	}
	print_interfaces(tb[IPCNS_A_STATUS_INTERFACES]);
}

static void json_layout(struct json *json, struct layout *layout, const struct value_format *format)
{
	json_open(json, NULL, '{');
	value_json(&layout->name, json, "struct", format);
	json_string(json, "state", layout->state);
	value_json(&layout->member, json, "member", format);
	json_mask(json, "kinds", layout->kinds, kind_names, MODULE_KINDS);
	json_mask(json, "depth", layout->depth, kind_names, MODULE_KINDS);
	json_mask(json, "holders", layout->holders, holder_wire_names,
		  HOLDER_WIRE_KINDS);
	json_close(json, '}');
}

static void json_hook(struct json *json, struct hook *hook, const struct value_format *format)
{
	json_open(json, NULL, '{');
	value_json(&hook->symbol, json, "symbol", format);
	value_json(&hook->kind, json, "kind", format);
	json_bool(json, "armed", hook->armed);
	value_json(&hook->error, json, "error", format);
	json_number(json, "missed", hook->missed);
	json_close(json, '}');
}

static void json_interfaces(struct json *json, struct nlattr *attr,
			    const struct value_format *format)
{
	struct value rest = { 0 };
	struct interface interface;

	value_attr(&rest, AS_TEXT, attr);
	json_open(json, "interfaces", '[');
	while (interface_next(&rest, &interface)) {
		json_open(json, NULL, '{');
		value_json(&interface.name, json, "name", format);
		json_bool(json, "used", interface.found);
		value_json(&interface.since, json, "since", format);
		value_json(&interface.without, json, "without", format);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void print_json(struct nlattr *attrs, int len, struct nlattr **tb,
		       const struct findings *problems, const struct value_format *format)
{
	struct value value = { 0 };
	struct layout layout;
	struct hook hook;
	struct nlattr *attr;
	struct json json;
	uint64_t live, recorded;
	size_t i;
	int rest;

	json_begin(&json, stdout);
	json_open(&json, "status", '{');
	json_string(&json, "health", findings_bad(problems) ?
		    severity_names[problems->rows[0].severity] : "ok");
	findings_json(problems, &json, "problems");
	value_attr(&value, AS_TEXT, tb[IPCNS_A_STATUS_VERSION]);
	value_json(&value, &json, "module", format);
	json_string(&json, "tool", IPCNS_VERSION);
	json_number(&json, "protocol", IPCNS_PROTOCOL_VERSION);
	value.type = VALUE_UNKNOWN;
	value_attr(&value, AS_TEXT, tb[IPCNS_A_STATUS_KERNEL]);
	value_json(&value, &json, "kernel", format);
	value.type = VALUE_UNKNOWN;
	value_attr(&value, AS_TEXT, tb[IPCNS_A_STATUS_MACHINE]);
	value_json(&value, &json, "architecture", format);
	if (ipcns_uint(tb[IPCNS_A_STATUS_EVENTS_LIVE], &live))
		json_bool(&json, "events_live", live);
	else
		json_null(&json, "events_live");
	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (!counters[i].key)
			continue;
		value.type = VALUE_UNKNOWN;
		value_attr(&value, counters[i].as, tb[counters[i].attr]);
		value_json(&value, &json, counters[i].key, format);
	}
	value.type = VALUE_UNKNOWN;
	value_attr(&value, AS_TEXT, tb[IPCNS_A_STATUS_STUCK]);
	value_json(&value, &json, "stuck", format);
	if (ipcns_uint(tb[IPCNS_A_STATUS_RECORDED], &recorded))
		json_mask(&json, "recorded", recorded & RECORDED_OBJECTS, event_object_names,
			  ARRAY_SIZE(event_object_names));
	else
		json_null(&json, "recorded");
	json_open(&json, "layout", '[');
	nla_for_each_attr(attr, attrs, len, rest)
		if (nla_type(attr) == IPCNS_A_STATUS_LAYOUT && layout_parse(attr, &layout))
			json_layout(&json, &layout, format);
	json_close(&json, ']');
	json_open(&json, "probes", '[');
	nla_for_each_attr(attr, attrs, len, rest)
		if (nla_type(attr) == IPCNS_A_STATUS_PROBE && hook_parse(attr, &hook))
			json_hook(&json, &hook, format);
	json_close(&json, ']');
	json_interfaces(&json, tb[IPCNS_A_STATUS_INTERFACES], format);
	json_close(&json, '}');
	json_end(&json);
}

/* Only the first answer counts; it is kept, since problems take another request. */
static void take(struct nlattr *attrs, int len, void *arg)
{
	struct row_store *answer = arg;

	if (!answer->n)
		row_store_add(answer, attrs, len, NULL);
}

static void print(const struct stored_row *answer, const struct findings *problems,
		  const struct table_options *opts)
{
	struct nlattr *tb[IPCNS_A_STATUS_MAX + 1];

	if (nla_parse(tb, IPCNS_A_STATUS_MAX, answer->attrs, answer->len, NULL) < 0)
		die(STATUS_ERROR, "malformed answer");
	if (opts->json)
		print_json(answer->attrs, answer->len, tb, problems, &opts->format);
	else
		print_text(answer->attrs, answer->len, tb, problems, &opts->format);
}

/** cmd_status - the command */
int cmd_status(int argc, char **argv)
{
	struct table_options opts;
	struct findings problems = { 0 };
	struct row_store answer = { 0 };
	struct ipcns *w;
	int c;

	table_options_init(&opts);
	while ((c = getopt_long(argc, argv, VALUE_OPTSTRING "q", longopts, NULL)) != -1)
		if (!table_options_take(&opts, c))
			die_usage(NULL);
	if (table_options_finish(&opts, usage, NULL))
		return STATUS_OK;
	if (optind < argc)
		die_usage("unexpected argument: %s", argv[optind]);

	w = module_open();
	module_status_get(w, take, &answer);
	if (!answer.n)
		die(STATUS_ERROR, "cannot get the status: malformed answer");
	report_part(false);
	module_problems(w, answer.rows->attrs, answer.rows->len, &problems);
	findings_sort(&problems);
	print(answer.rows, &problems, &opts);
	c = findings_bad(&problems) ? STATUS_FOUND : STATUS_OK;

	findings_free(&problems);
	row_store_clear(&answer);
	ipcns_free(w);
	return c;
}
