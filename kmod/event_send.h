/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events to subscribers.
 */
#ifndef _IPCNS_EVENT_SEND_H
#define _IPCNS_EVENT_SEND_H

#include <linux/types.h>

struct net;

int ipcns_subscribe(struct net *net, u32 portid, u32 objects);
u32 ipcns_subscribed(void);
void ipcns_send(void);
void ipcns_send_open(bool on);
int ipcns_send_init(void (*subscribed)(void));
void ipcns_send_exit(void);

#endif /* _IPCNS_EVENT_SEND_H */
