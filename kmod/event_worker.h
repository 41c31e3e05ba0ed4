/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_EVENT_WORKER_H
#define _IPCNS_EVENT_WORKER_H

#include <linux/types.h>

int ipcns_events_init(void);
void ipcns_events_start(void);
void ipcns_events_stop(void);
void ipcns_events_exit(void);
bool ipcns_events_live(void);
u32 ipcns_events_recorded(void);

#endif /* _IPCNS_EVENT_WORKER_H */
