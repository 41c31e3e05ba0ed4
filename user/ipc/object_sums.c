// SPDX-License-Identifier: GPL-2.0-only
/* Memory of segments, messages in POSIX queues and orphans of namespaces, added up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_sums.h"
#include "ipc/orphan.h"
#include "progress.h"
#include "util.h"

struct sums {
	const struct row_store *namespaces;
	struct object_sums *of;		/* each of them */
};

static struct object_sums *find_sum(const struct sums *sums, const struct row *row)
{
	struct stored_row wanted = { 0 }, *found;

	if (!sums->namespaces->n ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_INUM], &wanted.key.number[0]) ||
	    !ipcns_uint(row->attr[IPCNS_A_OBJECT_NS_ID], &wanted.key.number[1]))
		return NULL;
	found = bsearch(&wanted, sums->namespaces->rows, sums->namespaces->n, sizeof(wanted),
			ns_compare);
	return found ? &sums->of[found - sums->namespaces->rows] : NULL;
}

static void add_memory(struct object_sums *sum, const struct row *row)
{
	uint64_t rss, swap;

	if (ipcns_uint(row->nest[IPCNS_A_SHM_RSS], &rss) &&
	    ipcns_uint(row->nest[IPCNS_A_SHM_SWAP], &swap)) {
		sum->rss += rss;
		sum->swap += swap;
	} else {
		sum->unknown = true;
	}
}

static void add_orphan(struct object_sums *sum, const struct row *row)
{
	const char *why;
	enum orphan_certainty certainty = orphan_judge(row, &why);
	uint64_t bytes;

	if (certainty == ORPHAN_NOT)
		return;
	sum->orphans[row->kind]++;
	sum->sure[row->kind] += certainty == ORPHAN_SURE;
	if (orphan_bytes(row, &bytes))
		sum->orphan_bytes[row->kind] += bytes;
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct object_sums *sum;
	uint64_t messages;
	struct row row;

	progress_row();
	if (!object_parse(&row, attrs, len) || row.kind >= MODULE_KINDS)
		return;
	sum = find_sum(arg, &row);
	if (!sum)
		return;
	if (row.kind == IPCNS_KIND_SHM)
		add_memory(sum, &row);
	else if (row.kind == IPCNS_KIND_MQ && ipcns_uint(row.nest[IPCNS_A_MQ_CURMSGS], &messages))
		sum->mq_messages += messages;
	add_orphan(sum, &row);
}

static bool restart(void *arg)
{
	struct sums *sums = arg;

	memset(sums->of, 0, sums->namespaces->n * sizeof(*sums->of));
	return true;
}

/**
 * object_sums_get - add up the objects of namespaces, or die
 * @w: the connection
 * @namespaces: which, sorted; if there is only one, objects of others are not looked at
 * @kinds: mask of 1 << enum ipcns_kind: others count as none
 *
 * Returns a sum for each of @namespaces, which the caller frees.
 */
struct object_sums *object_sums_get(struct ipcns *w, const struct row_store *namespaces,
				    unsigned int kinds)
{
	struct sums sums = { namespaces, xcalloc(namespaces->n, sizeof(*sums.of)) };
	const struct ipcns_object_filter wanted = {
		.ns_id = namespaces->n == 1 ? ns_id(namespaces->rows) : 0,
		.kinds = kinds,
	};
	int ret = ipcns_objects(w, &wanted, add, restart, &sums);

	if (ret && !(wanted.ns_id && module_gone(ret)))
		module_die(w, ret, "cannot list objects");
	progress_end();
	return sums.of;
}
