/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_REMOVAL_H
#define IPCNSCTL_OBJECT_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "libipcns.h"
#include "print/rows.h"

/* What an object is called in messages, and what goes with it. */
struct object_text {
	char label[320];
	char amount[64];
};

/* How objects are removed, as bits. */
enum {
	REMOVE_IN_USE = 1,	/* also those that are in use */
	REMOVE_GONE = 2,	/* one that is not there any more is as good as removed */
};

void object_describe(const struct row *row, const char *ns, struct object_text *text);
size_t objects_remove(struct ipcns *w, const struct stored_row *ns, const char *ns_name,
		      const struct stored_row *const *objects, size_t n, unsigned int how);

#endif
