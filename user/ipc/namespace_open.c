// SPDX-License-Identifier: GPL-2.0-only
/* A way into a namespace, for commands that act in it. */
#include <errno.h>
#include <stdio.h>

#include "ipc/namespace.h"
#include "ipc/namespace_open.h"

static void look_again(struct nlattr *attrs, int len, void *arg)
{
	struct row_store *store = arg;

	row_store_add(store, attrs, len, ns_sort_key);
}

/* Whether a namespace is dying: looking it up says more than the attempt to open it. */
static bool is_dying(const struct stored_row *ns, char *why, size_t size)
{
	struct row row;

	return row_parse(&row, ns->attrs, ns->len) && ns_describe_dying(&row, why, size);
}

/**
 * ns_open - open a descriptor of a namespace, which is closed on exec
 * @w: the connection
 * @ns: the namespace as it was listed
 * @name: what to call it in a message
 * @why: is set to a message if it cannot be opened, but for -EPERM
 * @size: room there
 *
 * Returns the descriptor, or a negative value of errno, -EPERM if the caller lacks CAP_SYS_ADMIN in
 * the namespace's user namespace.
 */
int ns_open(struct ipcns *w, const struct stored_row *ns, const char *name, char *why,
	    size_t size)
{
	struct row_store again = { 0 };
	bool dying = is_dying(ns, why, size);
	int fd;

	if (dying)
		return -ESRCH;
	fd = ipcns_open_namespace(w, ns_id(ns));
	if (fd >= 0 || fd == -EPERM)
		return fd;
	snprintf(why, size, "cannot open namespace \"%s\": %s", name, ipcns_error(w));
	if (!ipcns_namespaces(w, ns_id(ns), look_again, row_store_restart, &again) && again.n)
		dying = is_dying(again.rows, why, size);
	row_store_clear(&again);
	return dying ? -ESRCH : fd;
}
