/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_JOURNALCTL_H
#define IPCNSCTL_JOURNALCTL_H

#include <stddef.h>
#include <stdint.h>

struct journalctl_entry;

/* Takes one entry; it is gone when this returns. */
typedef void (*journalctl_fn)(const struct journalctl_entry *entry, void *arg);

void journalctl_read(const char *unit, int64_t since, journalctl_fn take, void *arg);
const char *journalctl_field(const struct journalctl_entry *entry, const char *name, size_t *len);

#endif
