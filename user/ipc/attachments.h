/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ATTACHMENTS_H
#define IPCNSCTL_ATTACHMENTS_H

#include "ipc/holder.h"
#include "print/rows.h"
#include "print/table.h"

/* Who has segments attached. */
struct attachments {
	struct holders rows;
	const struct row_store *only;	/* namespaces wanted, NULL for all */
	size_t incomplete;	/* segments of which not as much was found as they count */
	size_t truncated;	/* segments that have more than the kernel looks at */
};

void attachments_get(struct ipcns *w, uint64_t id, struct attachments *attached);
void attachments_add(struct nlattr *attrs, int len, void *arg);
void attachments_settle(struct attachments *attached, const struct row_store *segments,
			bool others);
void attachments_print(const struct attachments *attached, struct table *out);

#endif
