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

static const char *const headings[OBJECT_DETAIL_PARTS] = {
	[OBJECT_DETAIL_MESSAGES] = "Messages",
	[OBJECT_DETAIL_WAITERS] = "Waiters",
	[OBJECT_DETAIL_UNDO] = "Undo",
};

/** object_detail_has - whether objects of a kind have such a part */
bool object_detail_has(unsigned int kind, enum object_detail_part part)
{
	return object_detail_columns(kind, part) != NULL;
}

/** object_detail_columns - columns of a part of objects of a kind; NULL if they do not have it */
const struct table_type *object_detail_columns(unsigned int kind, enum object_detail_part part)
{
	static const struct table_type *const columns[KINDS][OBJECT_DETAIL_PARTS] = {
		[IPCNS_KIND_SEM] = {
			[OBJECT_DETAIL_FIRST] = &element_columns,
			[OBJECT_DETAIL_WAITERS] = &sem_waiter_columns,
			[OBJECT_DETAIL_UNDO] = &undo_columns,
		},
		[IPCNS_KIND_MSG] = {
			[OBJECT_DETAIL_FIRST] = &kind_columns[IPCNS_KIND_MSG],
			[OBJECT_DETAIL_MESSAGES] = &type_columns,
			[OBJECT_DETAIL_WAITERS] = &queue_waiter_columns,
		},
		[IPCNS_KIND_MQ] = {
			[OBJECT_DETAIL_FIRST] = &queue_columns,
			[OBJECT_DETAIL_MESSAGES] = &prio_columns,
			[OBJECT_DETAIL_WAITERS] = &queue_waiter_columns,
		},
	};

	return kind < KINDS ? columns[kind][part] : NULL;
}

/* What was read of an object. */
struct parts {
	struct row_store first;
	struct message_list messages;
	struct waiter_answer answer;
	bool unknown[OBJECT_DETAIL_PARTS];	/* could not be read */
};

static void add_first(struct nlattr *attrs, int len, void *arg)
{
	row_store_add(&((struct parts *)arg)->first, attrs, len, element_sort_key);
}

static bool restart_first(void *arg)
{
	row_store_clear(&((struct parts *)arg)->first);
	return true;
}

static void add_message(struct nlattr *attrs, int len, void *arg)
{
	struct row row;

	if (row_parse(&row, attrs, len))
		message_list_add(&((struct parts *)arg)->messages, &row);
}

static bool restart_messages(void *arg)
{
	message_list_free(&((struct parts *)arg)->messages);
	return true;
}

/* What the three requests have in common. */
static struct ipcns_request *request(const struct object_detail *detail, uint8_t cmd)
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

	ipcns_put_u64(r, attrs[cmd].ns_id, detail->nsid);
	ipcns_put_u32(r, attrs[cmd].kind, detail->kind);
	if (detail->name)
		ipcns_put_bytes(r, attrs[cmd].name, detail->name, strlen(detail->name));
	else
		ipcns_put_u32(r, attrs[cmd].id, detail->id);
	return r;
}

/* Ends the tool if @ret is an error that no part can be printed with. */
static void check(struct ipcns *w, const struct object_detail *detail, int ret, const char *what)
{
	if (ret == -ENOENT && detail->name)
		die(STATUS_ERROR, "no %s /%s in namespace \"%s\"", kind_names[detail->kind],
		    detail->name, detail->ns);
	if (ret == -ENOENT)
		die(STATUS_ERROR, "no %s with id %u in namespace \"%s\"", kind_names[detail->kind],
		    (unsigned int)detail->id, detail->ns);
	if (ret)
		module_die(w, ret, "cannot list %s", what);
}

static bool wanted(const struct object_detail *detail, enum object_detail_part part)
{
	return object_detail_has(detail->kind, part) && (!detail->only || detail->part == part);
}

static void get_first(struct ipcns *w, const struct object_detail *detail, struct parts *parts)
{
	struct ipcns_request *r;

	if (detail->kind == IPCNS_KIND_SEM) {
		r = request(detail, IPCNS_CMD_ELEMENT_GET);
		check(w, detail, ipcns_dump(w, r, add_first, restart_first, parts), "elements");
	} else {
		r = request(detail, IPCNS_CMD_OBJECT_GET);
		check(w, detail, ipcns_do(w, r, add_first, parts), "the object");
	}
	row_store_sort(&parts->first);
}

/* Handles that a part other than the first could not be read: the others may be of use. */
static void note(struct ipcns *w, const struct object_detail *detail, int ret,
		 enum object_detail_part part,
		 const char *what, struct parts *parts)
{
	if (ret == -ENOENT || ret == -ENODEV || detail->only)
		check(w, detail, ret, what);
	if (!ret)
		return;
	error("cannot list %s: %s", what, ipcns_error(w));
	parts->unknown[part] = true;
}

static void get_parts(struct ipcns *w, const struct object_detail *detail, struct parts *parts)
{
	struct ipcns_request *r;
	int ret;

	if (wanted(detail, OBJECT_DETAIL_FIRST))
		get_first(w, detail, parts);
	if (wanted(detail, OBJECT_DETAIL_MESSAGES)) {
		r = request(detail, IPCNS_CMD_ELEMENT_GET);
		ret = ipcns_dump(w, r, add_message, restart_messages, parts);
		note(w, detail, ret, OBJECT_DETAIL_MESSAGES, "messages", parts);
		message_list_sort(&parts->messages, detail->kind == IPCNS_KIND_MQ);
	}
	if (wanted(detail, OBJECT_DETAIL_WAITERS) || wanted(detail, OBJECT_DETAIL_UNDO)) {
		r = request(detail, IPCNS_CMD_WAITER_GET);
		ret = waiter_answer_get(w, r, &parts->answer);
		note(w, detail, ret, OBJECT_DETAIL_WAITERS, "waiters", parts);
		parts->unknown[OBJECT_DETAIL_UNDO] = parts->unknown[OBJECT_DETAIL_WAITERS];
	}
	progress_end();		/* not all of this is sorted */
}

static void print_store(const struct row_store *store, bool objects, struct table *out)
{
	bool (*parse)(struct row *, struct nlattr *, int) =
		objects ? object_parse : row_parse;
	struct row row;
	size_t i;

	for (i = 0; i < store->n; i++)
		if (parse(&row, store->rows[i].attrs, store->rows[i].len))
			table_add(out, &row);
}

static size_t rows_of(const struct parts *parts, enum object_detail_part part)
{
	const size_t n[OBJECT_DETAIL_PARTS] = {
		parts->first.n, parts->messages.n, parts->answer.waiters.n,
		parts->answer.undos.n,
	};

	return n[part];
}

static void print_part(const struct object_detail *detail, enum object_detail_part part,
		       const struct parts *parts,
		       const struct table_options *opts, struct json *json)
{
	const struct row_store *const stores[OBJECT_DETAIL_PARTS] = {
		[OBJECT_DETAIL_FIRST] = &parts->first,
		[OBJECT_DETAIL_WAITERS] = &parts->answer.waiters,
		[OBJECT_DETAIL_UNDO] = &parts->answer.undos,
	};
	struct column_choice columns;
	struct table out;

	table_choose(opts, &columns, object_detail_columns(detail->kind, part));
	if (json && parts->unknown[part]) {
		json_null(json, columns.set->root);
	} else {
		table_begin(&out, opts, &columns, json);
		if (stores[part])
			print_store(stores[part], part == OBJECT_DETAIL_FIRST &&
				    detail->kind != IPCNS_KIND_SEM, &out);
		else
			message_list_print(&parts->messages, &out);
		table_end(&out);
	}
	column_choice_free(&columns);
}

static void print_text(const struct object_detail *detail, const struct parts *parts,
		       const struct table_options *opts)
{
	enum object_detail_part part;
	bool printed = false;

	for (part = 0; part < OBJECT_DETAIL_PARTS; part++) {
		if (!wanted(detail, part) || (!rows_of(parts, part) && !detail->only))
			continue;
		if (printed)
			putchar('\n');
		if (printed && !opts->noheadings)
			printf("%s:\n", headings[part]);
		print_part(detail, part, parts, opts, NULL);
		printed = true;
	}
}

static void print_json(const struct object_detail *detail, const struct parts *parts,
		       const struct table_options *opts)
{
	enum object_detail_part part;
	struct json json;

	json_begin(&json, stdout);
	for (part = 0; part < OBJECT_DETAIL_PARTS; part++)
		if (wanted(detail, part))
			print_part(detail, part, parts, opts, &json);
	/* what the lists above lack */
	if (parts->messages.truncated)
		json_number(&json, "messages_truncated", parts->messages.truncated);
	if (parts->answer.truncated)
		json_bool(&json, "waiters_truncated", true);
	json_end(&json);
}

static void say_truncated(const struct parts *parts)
{
	if (parts->messages.truncated)
		error("truncated: the queue has %llu messages more than were counted",
		      (unsigned long long)parts->messages.truncated);
	if (parts->answer.truncated)
		error("truncated: there are more waiters or adjustments than are listed");
}

/**
 * object_detail_print - read and print one object in depth
 * @w: the connection
 * @detail: which, and what of it
 * @opts: how to print it
 *
 * Returns the exit status: an error if a part could not be read.
 */
int object_detail_print(struct ipcns *w, const struct object_detail *detail,
			const struct table_options *opts)
{
	struct parts parts = { 0 };
	bool failed;

	get_parts(w, detail, &parts);
	if (opts->json)
		print_json(detail, &parts, opts);
	else
		print_text(detail, &parts, opts);
	say_truncated(&parts);
	failed = parts.unknown[OBJECT_DETAIL_MESSAGES] || parts.unknown[OBJECT_DETAIL_WAITERS];
	row_store_clear(&parts.first);
	message_list_free(&parts.messages);
	waiter_answer_clear(&parts.answer);
	return failed ? STATUS_ERROR : STATUS_OK;
}
