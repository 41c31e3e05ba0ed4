/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MEMBERS_H
#define IPCNSCTL_MEMBERS_H

#include "output.h"
#include "record.h"

void members_get(struct ipcns *w, const struct store *namespaces, struct store *members);
void members_print(const struct store *members, const struct stored *ns, struct output *out);

#endif
