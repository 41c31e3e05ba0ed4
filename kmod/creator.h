/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_CREATOR_H
#define _IPCNS_CREATOR_H

#include <linux/types.h>

#include "access.h"
#include "registry.h"

int ipcns_creators_init(void);
void ipcns_creators_exit(void);
void ipcns_creator_add(const void *object);
bool ipcns_creator_forget(const void *object);
void ipcns_creator_forget_moved(const void *object);
void ipcns_creator_move(const void *object, const void *to);
void ipcns_creators_clear(void);
u32 ipcns_creators_count(u64 *dropped);
void ipcns_creator_read(const struct ipcns_reader *r, const void *object,
			struct ipcns_actor *creator, u32 *gone, u32 *there);

#endif /* _IPCNS_CREATOR_H */
