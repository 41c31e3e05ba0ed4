/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_HOLDERS_H
#define IPCNSCTL_HOLDERS_H

#include "ipc/references.h"
#include "print/table.h"

size_t holders_print(const struct references *references, size_t most, struct table *out);

#endif
