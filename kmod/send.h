/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events to those who listen, in each net namespace.
 */
#ifndef _IPCNS_SEND_H
#define _IPCNS_SEND_H

#include <linux/types.h>

struct net;
struct ipcns_scope;

struct ipcns_scope *ipcns_send_scope(const struct net *net);
void ipcns_send(void);
bool ipcns_send_wanted(unsigned int group);
void ipcns_send_open(bool on);
int ipcns_send_init(void);
void ipcns_send_exit(void);

#endif /* _IPCNS_SEND_H */
