/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ATTACHMENTS_H
#define IPCNSCTL_ATTACHMENTS_H

#include "ipc/holder.h"
#include "print/rows.h"
#include "print/table.h"

/* Who has segments attached. */
struct attached {
	struct holders rows;
	const struct store *only;	/* namespaces wanted, NULL for all */
	size_t incomplete;	/* segments of which not as much was found as they count */
	size_t truncated;	/* segments that have more than the kernel looks at */
};

void attached_get(struct ipcns *w, uint64_t id, struct attached *attached);
void attached_add(struct nlattr *attrs, int len, void *arg);
void attached_settle(struct attached *attached, const struct store *segments, bool others);
void attached_print(const struct attached *attached, struct output *out);

#endif
