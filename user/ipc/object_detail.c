// SPDX-License-Identifier: GPL-2.0-only
/* One semaphore set or queue in depth: what is in it, and who has to do with it now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/message_counts.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_detail.h"
#include "ipc/waiter.h"
#include "progress.h"
#include "util.h"

static const char *const headings[DEPTH_PARTS] = {
	[DEPTH_MESSAGES] = "Messages",
	[DEPTH_WAITERS] = "Waiters",
	[DEPTH_UNDO] = "Undo",
};

/** depth_has - whether objects of a kind have such a part */
bool depth_has(unsigned int kind, enum depth_part part)
{
	return depth_columns(kind, part) != NULL;
}

/** depth_columns - columns of a part of objects of a kind; NULL if they do not have it */
const struct column_set *depth_columns(unsigned int kind, enum depth_part part)
{
	static const struct column_set *const columns[KINDS][DEPTH_PARTS] = {
		[IPCNS_KIND_SEM] = {
			[DEPTH_FIRST] = &element_columns,
			[DEPTH_WAITERS] = &sem_waiter_columns,
			[DEPTH_UNDO] = &undo_columns,
		},
		[IPCNS_KIND_MSG] = {
			[DEPTH_FIRST] = &kind_columns[IPCNS_KIND_MSG],
			[DEPTH_MESSAGES] = &type_columns,
			[DEPTH_WAITERS] = &queue_waiter_columns,
		},
		[IPCNS_KIND_MQ] = {
			[DEPTH_FIRST] = &queue_columns,
			[DEPTH_MESSAGES] = &prio_columns,
			[DEPTH_WAITERS] = &queue_waiter_columns,
		},
	};

	return kind < KINDS ? columns[kind][part] : NULL;
}

/* What was read of an object. */
struct parts {
	struct store first, waiters, undo;
	struct message_list messages;
	bool unknown[DEPTH_PARTS];	/* could not be read */
	bool truncated;			/* there are more waiters or adjustments */
};

static void add_first(struct nlattr *attrs, int len, void *arg)
{
	store_add(&((struct parts *)arg)->first, attrs, len, element_sort_key);
}

static bool restart_first(void *arg)
{
	store_clear(&((struct parts *)arg)->first);
	return true;
}

static void add_message(struct nlattr *attrs, int len, void *arg)
{
	struct record rec;

	if (record_parse(&rec, attrs, len))
		message_list_add(&((struct parts *)arg)->messages, &rec);
}

static bool restart_messages(void *arg)
{
	message_list_free(&((struct parts *)arg)->messages);
	return true;
}

/* Those who wait stay in the order in which they wait. */
static void add_waiter(struct nlattr *attrs, int len, void *arg)
{
	struct parts *parts = arg;
	struct record rec;

	if (!record_parse(&rec, attrs, len))
		return;
	if (waiter_is_truncated(&rec))
		parts->truncated = true;
	else
		store_add(waiter_is_undo(&rec) ? &parts->undo : &parts->waiters, attrs, len,
			  NULL);
}

static bool restart_waiters(void *arg)
{
	struct parts *parts = arg;

	store_clear(&parts->waiters);
	store_clear(&parts->undo);
	parts->truncated = false;
	return true;
}

/* What the three requests have in common. */
static struct ipcns_request *request(const struct depth *depth, uint8_t cmd)
{
	static const struct {
		int ns_id, kind, id, name;
	} attrs[] = {
		[IPCNS_CMD_OBJECT_GET] = { IPCNS_A_OBJECT_NS_ID, IPCNS_A_OBJECT_KIND,
					   IPCNS_A_OBJECT_ID, IPCNS_A_OBJECT_NAME },
		[IPCNS_CMD_ELEMENT_GET] = { IPCNS_A_ELEMENT_NS_ID, IPCNS_A_ELEMENT_KIND,
					    IPCNS_A_ELEMENT_ID, IPCNS_A_ELEMENT_NAME },
		[IPCNS_CMD_WAITER_GET] = { IPCNS_A_WAITER_NS_ID, IPCNS_A_WAITER_KIND,
					   IPCNS_A_WAITER_ID, IPCNS_A_WAITER_NAME },
	};
	struct ipcns_request *r = ipcns_request(cmd);

	ipcns_put_u64(r, attrs[cmd].ns_id, depth->nsid);
	ipcns_put_u32(r, attrs[cmd].kind, depth->kind);
	if (depth->name)
		ipcns_put_bytes(r, attrs[cmd].name, depth->name, strlen(depth->name));
	else
		ipcns_put_u32(r, attrs[cmd].id, depth->id);
	return r;
}

/* Ends the tool if @ret is an error that no part can be printed with. */
static void check(struct ipcns *w, const struct depth *depth, int ret, const char *what)
{
	if (ret == -ENOENT && depth->name)
		die(STATUS_ERROR, "no %s /%s in namespace \"%s\"", kind_names[depth->kind],
		    depth->name, depth->ns);
	if (ret == -ENOENT)
		die(STATUS_ERROR, "no %s with id %u in namespace \"%s\"", kind_names[depth->kind],
		    (unsigned int)depth->id, depth->ns);
	if (ret)
		module_die(w, ret, "cannot list %s", what);
}

static bool wanted(const struct depth *depth, enum depth_part part)
{
	return depth_has(depth->kind, part) && (!depth->only || depth->part == part);
}

static void get_first(struct ipcns *w, const struct depth *depth, struct parts *parts)
{
	struct ipcns_request *r;

	if (depth->kind == IPCNS_KIND_SEM) {
		r = request(depth, IPCNS_CMD_ELEMENT_GET);
		check(w, depth, ipcns_dump(w, r, add_first, restart_first, parts), "elements");
	} else {
		r = request(depth, IPCNS_CMD_OBJECT_GET);
		check(w, depth, ipcns_do(w, r, add_first, parts), "the object");
	}
	store_sort(&parts->first);
}

/* Handles that a part other than the first could not be read: the others may be of use. */
static void note(struct ipcns *w, const struct depth *depth, int ret, enum depth_part part,
		 const char *what, struct parts *parts)
{
	if (ret == -ENOENT || ret == -ENODEV || depth->only)
		check(w, depth, ret, what);
	if (!ret)
		return;
	error("cannot list %s: %s", what, ipcns_error(w));
	parts->unknown[part] = true;
}

static void get_parts(struct ipcns *w, const struct depth *depth, struct parts *parts)
{
	struct ipcns_request *r;
	int ret;

	if (wanted(depth, DEPTH_FIRST))
		get_first(w, depth, parts);
	if (wanted(depth, DEPTH_MESSAGES)) {
		r = request(depth, IPCNS_CMD_ELEMENT_GET);
		ret = ipcns_dump(w, r, add_message, restart_messages, parts);
		note(w, depth, ret, DEPTH_MESSAGES, "messages", parts);
		message_list_sort(&parts->messages, depth->kind == IPCNS_KIND_MQ);
	}
	if (wanted(depth, DEPTH_WAITERS) || wanted(depth, DEPTH_UNDO)) {
		r = request(depth, IPCNS_CMD_WAITER_GET);
		ret = ipcns_dump(w, r, add_waiter, restart_waiters, parts);
		note(w, depth, ret, DEPTH_WAITERS, "waiters", parts);
		parts->unknown[DEPTH_UNDO] = parts->unknown[DEPTH_WAITERS];
	}
	progress_end();		/* not all of this is sorted */
}

static void print_store(const struct store *store, bool objects, struct output *out)
{
	bool (*parse)(struct record *, struct nlattr *, int) =
		objects ? object_parse : record_parse;
	struct record rec;
	size_t i;

	for (i = 0; i < store->n; i++)
		if (parse(&rec, store->rows[i].attrs, store->rows[i].len))
			output_row(out, &rec);
}

static size_t rows_of(const struct parts *parts, enum depth_part part)
{
	const size_t n[DEPTH_PARTS] = {
		parts->first.n, parts->messages.n, parts->waiters.n, parts->undo.n,
	};

	return n[part];
}

static void print_part(const struct depth *depth, enum depth_part part, const struct parts *parts,
		       const struct options *opts, struct json *json)
{
	const struct store *const stores[DEPTH_PARTS] = {
		[DEPTH_FIRST] = &parts->first,
		[DEPTH_WAITERS] = &parts->waiters,
		[DEPTH_UNDO] = &parts->undo,
	};
	struct selection sel;
	struct output out;

	selection_parse(&sel, depth_columns(depth->kind, part), opts->output, opts->output_all);
	if (json && parts->unknown[part]) {
		json_null(json, sel.set->root);
	} else {
		output_begin(&out, opts, &sel, json);
		if (stores[part])
			print_store(stores[part], part == DEPTH_FIRST &&
				    depth->kind != IPCNS_KIND_SEM, &out);
		else
			message_list_print(&parts->messages, &out);
		output_end(&out);
	}
	selection_free(&sel);
}

static void print_text(const struct depth *depth, const struct parts *parts,
		       const struct options *opts)
{
	enum depth_part part;
	bool printed = false;

	for (part = 0; part < DEPTH_PARTS; part++) {
		if (!wanted(depth, part) || (!rows_of(parts, part) && !depth->only))
			continue;
		if (printed)
			putchar('\n');
		if (printed && !opts->noheadings)
			printf("%s:\n", headings[part]);
		print_part(depth, part, parts, opts, NULL);
		printed = true;
	}
}

static void print_json(const struct depth *depth, const struct parts *parts,
		       const struct options *opts)
{
	enum depth_part part;
	struct json json;

	json_begin(&json, stdout);
	for (part = 0; part < DEPTH_PARTS; part++)
		if (wanted(depth, part))
			print_part(depth, part, parts, opts, &json);
	/* what the lists above lack */
	if (parts->messages.truncated)
		json_number(&json, "messages_truncated", parts->messages.truncated);
	if (parts->truncated)
		json_bool(&json, "waiters_truncated", true);
	json_end(&json);
}

static void say_truncated(const struct parts *parts)
{
	if (parts->messages.truncated)
		error("truncated: the queue has %llu messages more than were counted",
		      (unsigned long long)parts->messages.truncated);
	if (parts->truncated)
		error("truncated: there are more waiters or adjustments than are listed");
}

/**
 * depth_print - read and print one object in depth
 * @w: the connection
 * @depth: which, and what of it
 * @opts: how to print it
 *
 * Returns the exit status: an error if a part could not be read.
 */
int depth_print(struct ipcns *w, const struct depth *depth, const struct options *opts)
{
	struct parts parts = { 0 };
	bool failed;

	get_parts(w, depth, &parts);
	if (opts->json)
		print_json(depth, &parts, opts);
	else
		print_text(depth, &parts, opts);
	say_truncated(&parts);
	failed = parts.unknown[DEPTH_MESSAGES] || parts.unknown[DEPTH_WAITERS];
	store_clear(&parts.first);
	store_clear(&parts.waiters);
	store_clear(&parts.undo);
	message_list_free(&parts.messages);
	return failed ? STATUS_ERROR : STATUS_OK;
}
