/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_UNDOS_H
#define IPCNSCTL_UNDOS_H

#include <stdbool.h>

#include "libipcns.h"
#include "print/rows.h"
#include "print/table.h"

bool undos_possible(const struct row *set);
int undos_print(struct ipcns *w, const struct row_store *sets, struct table *out);

#endif
