/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_EVENTS_H
#define _IPCNS_EVENTS_H

#include <linux/types.h>

int ipcns_events_init(void);
void ipcns_events_start(void);
void ipcns_events_stop(void);
void ipcns_events_exit(void);
void ipcns_events_listen(void);
bool ipcns_events_live(void);

#endif /* _IPCNS_EVENTS_H */
