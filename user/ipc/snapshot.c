// SPDX-License-Identifier: GPL-2.0-only
/* The state of all namespaces and objects, as lines that events can continue. */
#include <errno.h>
#include <stdlib.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_set.h"
#include "ipc/snapshot.h"
#include "progress.h"
#include "util.h"

/* Namespaces wanted, and objects in them. */
struct found {
	const struct number_set *only;	/* NULL for all */
	struct row_store namespaces;
	struct object_set *objects;
};

static void add_namespace(struct nlattr *attrs, int len, void *arg)
{
	struct found *found = arg;
	struct row row;
	uint64_t id;

	if (!row_parse(&row, attrs, len) || !ipcns_uint(row.attr[IPCNS_A_NS_ID], &id))
		return;
	if (!found->only || number_set_has(found->only, id))
		row_store_add(&found->namespaces, attrs, len, ns_sort_key);
}

static void add_object(struct nlattr *attrs, int len, void *arg)
{
	struct found *found = arg;
	struct event_object o;
	struct row row;

	if (!object_parse(&row, attrs, len) || !event_object_read(&o, &row))
		return;
	if (found->only && !number_set_has(found->only, o.ns_id)) {
		event_object_clear(&o);
		return;
	}
	object_set_add(found->objects, &o);
	progress_row();
}

static bool restart_namespaces(void *arg)
{
	return row_store_restart(&((struct found *)arg)->namespaces);
}

static bool restart_objects(void *arg)
{
	object_set_clear(((struct found *)arg)->objects);
	return true;
}

/* Whether a dump that ended with @ret was one; false if the module is gone. */
static bool dumped(struct ipcns *w, int ret)
{
	if (ret == -ENODEV)
		return false;
	/* Not found: the only namespace wanted is gone by now, so there are no rows. */
	if (ret && !module_gone(ret))
		module_die(w, ret, "cannot take the snapshot");
	return true;
}

/* Identity of the only namespace wanted, 0 if there are several. */
static uint64_t only(const struct found *found)
{
	return found->only && found->only->n == 1 ? found->only->last : 0;
}

static bool find_objects(struct ipcns *w, uint32_t kinds, struct found *found)
{
	struct ipcns_object_filter filter = { .ns_id = only(found), .kinds = kinds };

	if (!dumped(w, ipcns_objects(w, &filter, add_object, restart_objects, found)))
		return false;
	progress_end();
	object_set_sort(found->objects);
	return true;
}

static bool find_namespaces(struct ipcns *w, struct found *found)
{
	if (!dumped(w, ipcns_namespaces(w, only(found), add_namespace, restart_namespaces, found)))
		return false;
	row_store_sort(&found->namespaces);
	return true;
}

static void write_namespaces(const struct row_store *store, bool show,
			     struct snapshot_filter *filter, struct event_writer *writer)
{
	struct row row;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!row_parse(&row, store->rows[i].attrs, store->rows[i].len))
			continue;
		snapshot_filter_ns(filter, &row);
		if (show)
			event_write_ns(writer, &row);
	}
}

static void write_object(const struct event_object *o, void *arg)
{
	event_write_object(arg, o);
}

/* An object whose namespace has ended since is left out; snapshot_filter_pass() drops its end. */
static void write_objects(const struct row_store *store, struct snapshot_filter *filter,
			  struct event_writer *writer)
{
	size_t i;

	for (i = 0; i < store->n; i++)
		object_set_mark(&filter->objects, ns_id(&store->rows[i]), write_object, writer);
}

/**
 * snapshot_write - write what there is
 * @w: the connection
 * @only: the only namespaces wanted, NULL for all
 * @objects: mask of 1 << enum ipcns_event_object: what is wanted
 * @filter: empty; what was written is added
 * @writer: where lines go
 *
 * Objects are listed before namespaces: of a namespace that is listed as alive, all objects are.
 * Returns false if the module is gone.
 */
bool snapshot_write(struct ipcns *w, const struct number_set *only, uint32_t objects,
		    struct snapshot_filter *filter, struct event_writer *writer)
{
	struct found found = { .only = only, .objects = &filter->objects };
	uint32_t kinds = objects >> IPCNS_EVENT_OBJECT_SHM & ALL_MODULE_KINDS;
	bool there;

	there = (!kinds || find_objects(w, kinds, &found)) && find_namespaces(w, &found);
	if (there) {
		write_namespaces(&found.namespaces, objects & 1U << IPCNS_EVENT_OBJECT_NS, filter,
				 writer);
		write_objects(&found.namespaces, filter, writer);
	}
	row_store_clear(&found.namespaces);
	return there;
}
