// SPDX-License-Identifier: GPL-2.0-only
/* Undo adjustments of many semaphore sets, see SEM_UNDO in semop(2). */
#include <errno.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/object.h"
#include "ipc/undos.h"
#include "ipc/waiter.h"
#include "util.h"

/* Sets that are asked about: each takes the kernel a walk over all namespaces. */
#define SETS_MAX 1024

/**
 * undos_possible - whether undos_print() could find an adjustment of a set
 * @set: the set, as object_parse() leaves it
 */
bool undos_possible(const struct row *set)
{
	uint64_t undos;

	return !ipcns_uint(set->nest[IPCNS_A_SEM_UNDOS], &undos) || undos;
}

/* Prints the adjustments of a set; 0, also if it is gone, or the error that leaves them out. */
static int print_set(struct ipcns *w, const struct row *set, struct table *out, bool *truncated)
{
	struct waiter_answer answer = { 0 };
	int ret = waiter_answer_get(w, object_request(IPCNS_CMD_WAITER_GET, set), &answer);
	struct row row;
	size_t i;

	if (module_gone(ret))
		ret = 0;
	else if (ret && ret != -EPERM && ret != -EACCES && ret != -EOPNOTSUPP)
		module_die(w, ret, "cannot list adjustments");
	for (i = 0; !ret && i < answer.undos.n; i++)
		if (row_parse(&row, answer.undos.rows[i].attrs, answer.undos.rows[i].len))
			table_add(out, &row);
	*truncated = answer.truncated;
	waiter_answer_clear(&answer);
	return ret;
}

/**
 * undos_print - print a row for each adjustment, as all_undo_columns has it
 * @w: the connection
 * @sets: sets of object-get that undos_possible() is true of, sorted
 * @out: the table
 *
 * What is left out is reported on stderr. Returns the exit status.
 */
int undos_print(struct ipcns *w, const struct row_store *sets, struct table *out)
{
	size_t i, asked = 0, left_out = 0, refused = 0, cut = 0;
	bool unreadable = false, truncated;
	struct row set;

	for (i = 0; i < sets->n && !unreadable; i++) {
		if (!object_parse(&set, sets->rows[i].attrs, sets->rows[i].len))
			continue;
		if (asked++ >= SETS_MAX) {
			left_out++;
			continue;
		}
		switch (print_set(w, &set, out, &truncated)) {
		case 0:
			cut += truncated;
			break;
		case -EOPNOTSUPP:
			unreadable = true;
			break;
		default:
			refused++;
		}
	}
	if (left_out)
		error("%zu more sets have adjustments, which were not looked at: name a namespace",
		      left_out);
	if (refused)
		error("adjustments of %zu sets are not visible: it takes CAP_SYS_ADMIN in the user "
		      "namespace that owns theirs", refused);
	if (cut)
		error("truncated: %zu sets have more adjustments than are listed", cut);
	if (unreadable)
		error("adjustments cannot be listed on this kernel: see \"" PROGRAM " status\"");
	return unreadable ? STATUS_ERROR : STATUS_OK;
}
