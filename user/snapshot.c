// SPDX-License-Identifier: GPL-2.0-only
/* The state of all namespaces and objects, as lines that events can go on from. */
#include <errno.h>
#include <linux/ipcns.h>

#include "ipcnsctl.h"
#include "module.h"
#include "ns.h"
#include "object.h"
#include "snapshot.h"

/* Rows of a dump that lie in the namespaces wanted. */
struct rows {
	const struct nsids *only;	/* NULL for all */
	struct store store;
	unsigned int id_attr;
	sort_key_fn sort_key;
};

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct rows *rows = arg;
	struct record rec;
	uint64_t id;

	if (!record_parse(&rec, attrs, len) || !ipcns_uint(rec.tb[rows->id_attr], &id))
		return;
	if (!rows->only || nsids_has(rows->only, id))
		store_add(&rows->store, attrs, len, rows->sort_key);
}

static bool restart(void *arg)
{
	struct rows *rows = arg;

	store_clear(&rows->store);
	return true;
}

/* All rows of a dump that ended with @ret; false if the module is gone. */
static bool dumped(struct ipcns *w, int ret, struct rows *rows)
{
	if (ret == -ENODEV)
		return false;
	/* Not found: the only namespace wanted is gone by now, so there are no rows. */
	if (ret && ret != -ENOENT)
		module_die(w, ret, "cannot take the snapshot");
	store_sort(&rows->store);
	return true;
}

/* Identity of the only namespace wanted, 0 if there are several. */
static uint64_t only(const struct rows *rows)
{
	return rows->only && rows->only->n == 1 ? rows->only->ids[0] : 0;
}

static bool dump_objects(struct ipcns *w, uint32_t kinds, struct rows *rows)
{
	struct ipcns_object_filter filter = { .ns_id = only(rows), .kinds = kinds };

	return dumped(w, ipcns_objects(w, &filter, add, restart, rows), rows);
}

static bool dump_namespaces(struct ipcns *w, struct rows *rows)
{
	return dumped(w, ipcns_namespaces(w, only(rows), add, restart, rows), rows);
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
static void write_objects(const struct store *store, const struct store *namespaces,
			  struct told *told, struct event_writer *writer)
{
	struct record rec;
	size_t i;

	for (i = 0; i < store->n; i++) {
		if (!object_parse(&rec, store->rows[i].attrs, store->rows[i].len) ||
		    !ns_selected(namespaces, rec.tb[IPCNS_A_OBJECT_NS_INUM],
				 rec.tb[IPCNS_A_OBJECT_NS_ID]))
			continue;
		told_object(told, &rec);
		event_write_object(writer, &rec);
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
	struct rows object_rows = { .only = only, .id_attr = IPCNS_A_OBJECT_NS_ID,
				    .sort_key = object_sort_key };
	struct rows ns_rows = { .only = only, .id_attr = IPCNS_A_NS_ID, .sort_key = ns_sort_key };
	uint32_t kinds = objects >> IPCNS_EVENT_OBJECT_SHM & ALL_KINDS;
	bool there;

	there = (!kinds || dump_objects(w, kinds, &object_rows)) && dump_namespaces(w, &ns_rows);
	if (there) {
		write_namespaces(&ns_rows.store, objects & 1U << IPCNS_EVENT_OBJECT_NS, told,
				 writer);
		write_objects(&object_rows.store, &ns_rows.store, told, writer);
	}
	store_clear(&object_rows.store);
	store_clear(&ns_rows.store);
	return there;
}
