/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_QUEUE_OPENERS_H
#define IPCNSCTL_QUEUE_OPENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libipcns.h"

void openers_read(struct ipcns *w);
bool openers_list(uint64_t nsid, uint64_t ino, const char **pids, size_t *len);
size_t openers_of(uint64_t nsid, uint64_t ino, uint32_t *pids, size_t room, bool *more);
bool openers_has(uint64_t nsid, uint64_t ino, uint32_t pid);
void openers_clear(void);

#endif
