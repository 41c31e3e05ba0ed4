/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_NETLINK_H
#define _IPCNS_NETLINK_H

int ipcns_netlink_init(void);
void ipcns_netlink_exit(void);

#endif /* _IPCNS_NETLINK_H */
