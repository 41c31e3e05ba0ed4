// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes of the filesystems at /dev/shm, which engines make small: beyond them shm_open(3) and
 * ftruncate(2) succeed, and what is written to the memory ends with SIGBUS.
 */
#include <stdlib.h>

#include "ipc/file_object.h"
#include "ipc/namespace.h"
#include "ipc/shm_limit.h"
#include "util.h"

/* Whether a process of one of the namespaces sees the folder. */
static bool is_seen_in(const struct shm_folder *folder, const struct row_store *namespaces)
{
	size_t i, k;

	for (i = 0; i < namespaces->n; i++)
		for (k = 0; k < folder->n_ipc; k++)
			if (namespaces->rows[i].key.number[0] == folder->ipc[k])
				return true;
	return false;
}

/**
 * shm_limits_add - add the size of each /dev/shm that has one to the limits of users
 * @list: what user_limits_get() made, or empty
 * @found: what posix_shm_read() found
 * @namespaces: all namespaces, sorted
 * @only: namespaces that rows are wanted for, sorted; NULL for all
 *
 * A folder of a larger filesystem has no size of its own, and is left out.
 */
void shm_limits_add(struct user_limits *list, const struct posix_shm *found,
		    const struct row_store *namespaces, const struct row_store *only)
{
	ssize_t *places = file_namespaces(found, namespaces);
	struct user_limit *row;
	size_t i;

	for (i = 0; i < found->n_folders; i++) {
		const struct shm_folder *folder = &found->folders[i];

		if (!folder->dedicated || !folder->size)
			continue;
		list->rows = xgrow(list->rows, list->n, &list->allocated, sizeof(*list->rows));
		row = &list->rows[list->n++];
		*row = (struct user_limit){
			.kind = USER_LIMIT_SHM, .has_limit = true, .limit = folder->size,
			.used = folder->used, .wanted = !only || is_seen_in(folder, only),
		};
		if (places[i] < 0)
			continue;
		row->ns = namespaces->rows[places[i]].key.number[0];
		row->nsid = ns_id(&namespaces->rows[places[i]]);
	}
	free(places);
}
