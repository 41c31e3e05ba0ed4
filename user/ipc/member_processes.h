/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MEMBER_PROCESSES_H
#define IPCNSCTL_MEMBER_PROCESSES_H

#include "print/rows.h"
#include "print/table.h"

void members_get(struct ipcns *w, const struct store *namespaces, struct store *members);
void members_print(const struct store *members, const struct stored *ns, struct output *out);

#endif
