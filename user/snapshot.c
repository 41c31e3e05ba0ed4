// SPDX-License-Identifier: GPL-2.0-only
/* The state of all namespaces and objects, as lines that events can go on from. */
#include <errno.h>
#include <stdlib.h>
#include <linux/ipcns.h>

#include "ipcnsctl.h"
#include "module.h"
#include "ns.h"
#include "object.h"
#include "progress.h"
#include "snapshot.h"

/* Namespaces wanted, and objects in them. */
struct found {
	const struct nsids *only;	/* NULL for all */
	struct store namespaces;
	struct event_object *objects;
	size_t n, allocated;		/* of objects */
};

static void add_namespace(struct nlattr *attrs, int len, void *arg)
{
	struct found *found = arg;
	struct record rec;
	uint64_t id;

	if (!record_parse(&rec, attrs, len) || !ipcns_uint(rec.tb[IPCNS_A_NS_ID], &id))
		return;
	if (!found->only || nsids_has(found->only, id))
		store_add(&found->namespaces, attrs, len, ns_sort_key);
}

static void add_object(struct nlattr *attrs, int len, void *arg)
{
	struct found *found = arg;
	struct event_object o;
	struct record rec;

	if (!object_parse(&rec, attrs, len) || !event_object_read(&o, &rec))
		return;
	if (found->only && !nsids_has(found->only, o.ns_id)) {
		event_object_clear(&o);
		return;
	}
	found->objects = xgrow(found->objects, found->n, &found->allocated,
			       sizeof(*found->objects));
	found->objects[found->n++] = o;
	progress_row();
}

static bool restart_namespaces(void *arg)
{
	return store_restart(&((struct found *)arg)->namespaces);
}

static bool restart_objects(void *arg)
{
	struct found *found = arg;

	while (found->n)
		event_object_clear(&found->objects[--found->n]);
	return true;
}

/* As object_sort_key() */
static int compare(const void *p, const void *q)
{
	const struct event_object *a = p, *b = q;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	if (a->ns_id != b->ns_id)
		return a->ns_id < b->ns_id ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* Whether a dump that ended with @ret was one; false if the module is gone. */
static bool dumped(struct ipcns *w, int ret)
{
	if (ret == -ENODEV)
		return false;
	/* Not found: the only namespace wanted is gone by now, so there are no rows. */
	if (ret && ret != -ENOENT)
		module_die(w, ret, "cannot take the snapshot");
	return true;
}

/* Identity of the only namespace wanted, 0 if there are several. */
static uint64_t only(const struct found *found)
{
	return found->only && found->only->n == 1 ? found->only->ids[0] : 0;
}

static bool find_objects(struct ipcns *w, uint32_t kinds, struct found *found)
{
	struct ipcns_object_filter filter = { .ns_id = only(found), .kinds = kinds };

	if (!dumped(w, ipcns_objects(w, &filter, add_object, restart_objects, found)))
		return false;
	progress_end();
	if (found->n)
		qsort(found->objects, found->n, sizeof(*found->objects), compare);
	return true;
}

static bool find_namespaces(struct ipcns *w, struct found *found)
{
	if (!dumped(w, ipcns_namespaces(w, only(found), add_namespace, restart_namespaces, found)))
		return false;
	store_sort(&found->namespaces);
	return true;
}

static void write_namespaces(const struct store *store, bool show, struct told *told,
			     struct event_writer *writer)
{
	struct record rec;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!record_parse(&rec, store->rows[i].attrs, store->rows[i].len))
			continue;
		told_ns(told, &rec);
		if (show)
			event_write_ns(writer, &rec);
	}
}

/* An object whose namespace is gone since is left out, and told_admit() leaves its end out. */
static void write_objects(const struct found *found, struct told *told,
			  struct event_writer *writer)
{
	const struct event_object *o;

	for (o = found->objects; o < found->objects + found->n; o++) {
		if (!(o->known & EVENT_HAS_INUM) ||
		    !ns_among(&found->namespaces, o->inum, o->ns_id))
			continue;
		told_object(told, o);
		event_write_object(writer, o);
	}
}

/**
 * snapshot_write - write what there is
 * @w: the connection
 * @only: the only namespaces wanted, NULL for all
 * @objects: mask of 1 << enum ipcns_event_object: what is wanted
 * @told: what was written is added
 * @writer: where lines go
 *
 * Objects are listed before namespaces: of a namespace that is listed as alive, all objects are.
 * Returns false if the module is gone.
 */
bool snapshot_write(struct ipcns *w, const struct nsids *only, uint32_t objects,
		    struct told *told, struct event_writer *writer)
{
	struct found found = { .only = only };
	uint32_t kinds = objects >> IPCNS_EVENT_OBJECT_SHM & ALL_KINDS;
	bool there;

	there = (!kinds || find_objects(w, kinds, &found)) && find_namespaces(w, &found);
	if (there) {
		write_namespaces(&found.namespaces, objects & 1U << IPCNS_EVENT_OBJECT_NS, told,
				 writer);
		write_objects(&found, told, writer);
	}
	restart_objects(&found);
	free(found.objects);
	store_clear(&found.namespaces);
	return there;
}
