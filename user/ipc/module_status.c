// SPDX-License-Identifier: GPL-2.0-only
/* What the module reports about itself, and what of that is a problem. */
#include <stdlib.h>
#include <string.h>
#include <netlink/attr.h>

#include "ipc/module.h"
#include "ipc/module_status.h"
#include "ipc/object.h"
#include "print/text.h"
#include "util.h"

/** holder_wire_names - kinds of holders by their number on the wire */
const char *const holder_wire_names[HOLDER_WIRE_KINDS] = {
	[IPCNS_HOLDER_KIND_COUNT] = "count",
	[IPCNS_HOLDER_KIND_TASK] = "task",
	[IPCNS_HOLDER_KIND_SHM] = "shm",
};

/** layout_parse - read the check of one struct; false if it is malformed */
bool layout_parse(struct nlattr *attr, struct layout *layout)
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
	if (ipcns_uint(tb[IPCNS_A_LAYOUT_STATE], &state) && state < ARRAY_SIZE(states)) {
		layout->state = states[state];
		layout->fits = state == IPCNS_LAYOUT_STATE_OK;
	}
	return true;
}

/** hook_parse - read the state of one hook; false if it is malformed */
bool hook_parse(struct nlattr *attr, struct hook *hook)
{
	static const char *const kinds[] = {
		[IPCNS_HOOK_KIND_FTRACE] = "ftrace",
		[IPCNS_HOOK_KIND_KRETPROBE] = "kretprobe",
	};
	struct nlattr *tb[IPCNS_A_PROBE_MAX + 1];
	uint64_t kind, error;

	memset(hook, 0, sizeof(*hook));
	if (nla_parse_nested(tb, IPCNS_A_PROBE_MAX, attr, NULL) < 0)
		return false;
	value_attr(&hook->symbol, AS_TEXT, tb[IPCNS_A_PROBE_SYMBOL]);
	ipcns_uint(tb[IPCNS_A_PROBE_ARMED], &hook->armed);
	ipcns_uint(tb[IPCNS_A_PROBE_MISSED], &hook->missed);
	if (ipcns_uint(tb[IPCNS_A_PROBE_KIND], &kind) && kind < ARRAY_SIZE(kinds))
		value_word(&hook->kind, kinds[kind]);
	if (ipcns_uint(tb[IPCNS_A_PROBE_ERROR], &error))
		value_word(&hook->error, strerror((int)error));
	return hook->symbol.type == VALUE_TEXT;
}

/* Cuts what comes before the first @end, or everything, off @rest. */
static struct value cut_off(struct value *rest, char end)
{
	const char *at = memchr(rest->text, end, rest->len);
	size_t len = at ? (size_t)(at - rest->text) : rest->len;
	struct value word = { .type = VALUE_TEXT, .text = rest->text, .len = len };

	len += at != NULL;
	rest->text += len;
	rest->len -= len;
	return word;
}

/**
 * interface_next - read the next of the interfaces that the module was built for
 * @rest: text of the attribute; what was read is cut off
 * @interface: filled in; its texts lie in @rest
 *
 * Returns false at the end.
 */
bool interface_next(struct value *rest, struct interface *interface)
{
	static const char listns[] = "listns";
	struct value word;

	memset(interface, 0, sizeof(*interface));
	if (rest->type != VALUE_TEXT || !rest->len)
		return false;
	word = cut_off(rest, ' ');
	interface->found = !word.len || *word.text != '-';
	if (!interface->found)
		cut_off(&word, '-');
	interface->name = cut_off(&word, ':');
	interface->since = word;
	if (!interface->found && interface->name.len == strlen(listns) &&
	    !memcmp(interface->name.text, listns, strlen(listns)))
		value_word(&interface->without, "ids of namespaces are the module's own");
	return interface->name.len;
}

/* Appends the names of the bits that are set, with commas between, after @before. */
static void add_names(struct buffer *text, const char *before, uint64_t mask,
		      const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(mask & 1ULL << i))
			continue;
		buffer_plain(text, before, strlen(before));
		buffer_plain(text, names[i], strlen(names[i]));
		before = ", ";
	}
}

static void check_layout(const struct layout *layout, struct findings *list)
{
	struct buffer text = { 0 };
	bool named = layout->name.type == VALUE_TEXT, at = layout->member.type == VALUE_TEXT;

	if (layout->fits)
		return;
	add_names(&text, "; not listed: ", layout->kinds, kind_names, MODULE_KINDS);
	add_names(&text, "; without messages and waiters: ", layout->depth, kind_names, MODULE_KINDS);
	add_names(&text, "; holders not found: ", layout->holders, holder_wire_names,
		  HOLDER_WIRE_KINDS);
	*buffer_room(&text, 1) = '\0';
	findings_add(list, layout->kinds ? SEVERITY_CRIT : SEVERITY_WARN, "layout",
		     "struct %.*s of this kernel is not as the module knows it (%s%s%.*s)%s",
		     named ? (int)layout->name.len : 1, named ? layout->name.text : "?",
		     layout->state, at ? " at " : "", at ? (int)layout->member.len : 0,
		     at ? layout->member.text : "", text.bytes);
	finding_more(&list->rows[list->n - 1], PROGRAM " status");
	free(text.bytes);
}

/* Losses that the journal still shows. */
static void count_loss(struct nlattr *attrs, int len, void *arg)
{
	size_t *losses = arg;
	struct ipcns_event e;
	uint64_t cause;

	if (ipcns_event_parse(&e, attrs, len) && e.object == IPCNS_EVENT_OBJECT_LOST &&
	    ipcns_uint(e.attr[IPCNS_A_EVENT_CAUSE], &cause) &&
	    cause != IPCNS_LOST_CAUSE_OVERWRITTEN)
		++*losses;
}

static bool restart_losses(void *arg)
{
	*(size_t *)arg = 0;
	return true;
}

/*
 * Counters of losses never go back. A loss is a problem while the journal shows it, and is history
 * when newer events have taken its place. If the journal cannot be read, it counts as a problem.
 */
static bool is_recent_loss(struct ipcns *w)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_JOURNAL_GET);
	size_t losses = 0;

	ipcns_put_u32(r, IPCNS_A_EVENT_OBJECTS, 1U << IPCNS_EVENT_OBJECT_LOST);
	return ipcns_dump(w, r, count_loss, restart_losses, &losses) || losses;
}

static void check_losses(struct ipcns *w, struct nlattr **tb, uint64_t hooks_missed,
			 struct findings *list)
{
	uint64_t dropped = 0, missed = 0;
	struct finding *f;

	ipcns_uint(tb[IPCNS_A_STATUS_DROPPED], &dropped);
	ipcns_uint(tb[IPCNS_A_STATUS_MISSED], &missed);
	if (dropped || hooks_missed) {
		f = findings_add(list, is_recent_loss(w) ? SEVERITY_WARN : SEVERITY_INFO, "lost",
				 "events were lost since the module was loaded: %llu dropped, "
				 "%llu calls not seen by a hook",
				 (unsigned long long)dropped, (unsigned long long)hooks_missed);
		finding_more(f, PROGRAM " status");
	}
	if (missed) {
		f = findings_add(list, SEVERITY_INFO, "lost",
				 "%llu namespaces were created or destroyed without an event",
				 (unsigned long long)missed);
		finding_more(f, PROGRAM " status");
	}
}

static void take_hook(const struct hook *hook, uint64_t *missed, struct findings *list)
{
	*missed += hook->missed;
	if (hook->error.type == VALUE_WORD)
		finding_more(findings_add(list, SEVERITY_WARN, "hooks",
					  "the hook on %.*s cannot be armed: %s",
					  (int)hook->symbol.len, hook->symbol.text,
					  hook->error.text), PROGRAM " status");
}

/**
 * module_problems - find what is wrong with the module itself
 * @w: the connection, for losses that the journal shows
 * @attrs: attributes of an answer of status-get
 * @len: their length
 * @list: where findings go
 */
void module_problems(struct ipcns *w, struct nlattr *attrs, int len, struct findings *list)
{
	struct nlattr *tb[IPCNS_A_STATUS_MAX + 1], *attr;
	uint64_t live, missed = 0;
	struct layout layout;
	const char *symbol;
	struct hook hook;
	size_t n;
	int rest;

	if (nla_parse(tb, IPCNS_A_STATUS_MAX, attrs, len, NULL) < 0)
		return;
	nla_for_each_attr(attr, attrs, len, rest) {
		if (nla_type(attr) == IPCNS_A_STATUS_LAYOUT && layout_parse(attr, &layout))
			check_layout(&layout, list);
		else if (nla_type(attr) == IPCNS_A_STATUS_PROBE && hook_parse(attr, &hook))
			take_hook(&hook, &missed, list);
	}
	if (ipcns_uint(tb[IPCNS_A_STATUS_EVENTS_LIVE], &live) && !live)
		finding_more(findings_add(list, SEVERITY_WARN, "hooks",
					  "hooks do not fire: who creates and removes namespaces "
					  "and objects is not recorded"), PROGRAM " status");
	symbol = ipcns_text(tb[IPCNS_A_STATUS_STUCK], &n);
	if (symbol)
		finding_more(findings_add(list, SEVERITY_WARN, "hooks",
					  "the hook on %.*s cannot be removed: the module cannot be "
					  "unloaded until the next boot", (int)n, symbol),
			     PROGRAM " status");
	check_losses(w, tb, missed, list);
}

/** module_status_get - request the status of the module, or die */
void module_status_get(struct ipcns *w, ipcns_row_fn row, void *arg)
{
	int ret = ipcns_status(w, row, arg);

	if (ret)
		module_die(w, ret, "cannot get the status");
}
