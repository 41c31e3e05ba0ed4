/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_EVENT_ENTRY_H
#define IPCNSCTL_EVENT_ENTRY_H

#include <stddef.h>
#include "libipcns.h"

#include "host/journalctl.h"

const char *event_entry_field(const struct journalctl_entry *entry, const char *name, size_t *len);
struct nl_msg *event_read_entry(struct ipcns_event *e, const struct journalctl_entry *entry);

#endif
