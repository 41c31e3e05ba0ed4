// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipcns: see the IPC namespaces of a machine and what is in them.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "access.h"
#include "event_worker.h"
#include "layout.h"
#include "netlink.h"
#include "walk.h"

static int __init ipcns_init(void)
{
	int err;

	err = ipcns_access_init();
	if (err)
		return err;
	ipcns_layout_check();
	err = ipcns_walk_init();
	if (err)
		return err;
	err = ipcns_events_init();
	if (err)
		goto err_events;
	err = ipcns_netlink_init();
	if (err)
		goto err_netlink;
	ipcns_events_start();
	return 0;

err_netlink:
	ipcns_events_exit();
err_events:
	ipcns_walk_exit();
	return err;
}

static void __exit ipcns_exit(void)
{
	ipcns_events_stop();
	ipcns_netlink_exit();
	ipcns_events_exit();
	ipcns_walk_exit();
}

module_init(ipcns_init);
module_exit(ipcns_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("IPC namespaces and their objects over generic netlink");
MODULE_VERSION(IPCNS_VERSION);
