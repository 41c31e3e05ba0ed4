// SPDX-License-Identifier: GPL-2.0-only
/* What is resident and what is swapped out of the segments of namespaces, added up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/shm_memory.h"
#include "progress.h"
#include "util.h"

struct sums {
	const struct row_store *namespaces;
	struct shm_memory *of;		/* of each of them */
};

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct stored_row wanted = { 0 }, *found;
	struct sums *sums = arg;
	struct shm_memory *sum;
	uint64_t rss, swap;
	struct row rec;

	progress_row();
	if (!object_parse(&rec, attrs, len) || rec.kind != IPCNS_KIND_SHM ||
	    !ipcns_uint(rec.attr[IPCNS_A_OBJECT_NS_INUM], &wanted.key.number[0]) ||
	    !ipcns_uint(rec.attr[IPCNS_A_OBJECT_NS_ID], &wanted.key.number[1]))
		return;
	found = bsearch(&wanted, sums->namespaces->rows, sums->namespaces->n, sizeof(wanted),
			ns_compare);
	if (!found)
		return;
	sum = &sums->of[found - sums->namespaces->rows];
	if (ipcns_uint(rec.nest[IPCNS_A_SHM_RSS], &rss) &&
	    ipcns_uint(rec.nest[IPCNS_A_SHM_SWAP], &swap)) {
		sum->rss += rss;
		sum->swap += swap;
	} else {
		sum->unknown = true;
	}
}

static bool restart(void *arg)
{
	struct sums *sums = arg;

	memset(sums->of, 0, sums->namespaces->n * sizeof(*sums->of));
	return true;
}

/**
 * shm_memory_get - add up what the segments of namespaces have in memory, or die
 * @w: the connection
 * @namespaces: which, sorted; if there is only one, segments of others are not looked at
 *
 * Returns a sum for each of @namespaces, which the caller frees.
 */
struct shm_memory *shm_memory_get(struct ipcns *w, const struct row_store *namespaces)
{
	struct sums sums = { namespaces, xcalloc(namespaces->n, sizeof(*sums.of)) };
	const struct ipcns_object_filter wanted = {
		.ns_id = namespaces->n == 1 ? ns_id(namespaces->rows) : 0,
		.kinds = 1U << IPCNS_KIND_SHM,
	};
	int ret = ipcns_objects(w, &wanted, add, restart, &sums);

	/* Not found: the only namespace has just been destroyed. */
	if (ret && (!wanted.ns_id || ret == -ENODEV))
		module_die(w, ret, "cannot list segments");
	progress_end();
	return sums.of;
}
