/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MEMBER_PROCESSES_H
#define IPCNSCTL_MEMBER_PROCESSES_H

#include "ipc/namespace.h"
#include "print/rows.h"
#include "print/table.h"

void member_processes_get(struct ipcns *w, const struct row_store *namespaces,
			  struct row_store *members);
void member_processes_print(const struct row_store *members, const struct stored_row *ns,
			    const struct ns_facts *facts, struct table *out);

#endif
