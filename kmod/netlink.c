// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic-netlink family. Policies and the table of commands are generated
 * from Documentation/netlink/specs; each command is in the file of its subject.
 */
#include "dump.h"
#include "netlink.h"
#include "nl_gen.h"

int ipcns_nl_dump_start(struct netlink_callback *cb)
{
	return ipcns_dump_start(cb);
}

int ipcns_nl_dump_done(struct netlink_callback *cb)
{
	return ipcns_dump_done(cb);
}

static struct genl_split_ops merged_ops[2 * IPCNS_CMD_MAX];

/**
 * ipcns_netlink_init() - register the family
 *
 * Requests can come in before this returns.
 */
int __init ipcns_netlink_init(void)
{
	/* the spec's schema has no version of a family; the generator makes it 1 */
	ipcns_nl_family.version = IPCNS_PROTOCOL_VERSION;
	ipcns_nl_merge_ops(&ipcns_nl_family, merged_ops);
	return genl_register_family(&ipcns_nl_family);
}

/**
 * ipcns_netlink_exit() - unregister the family
 *
 * No handler runs any more when this returns. Dumps that are open hold a
 * reference on the module, so there are none.
 */
void ipcns_netlink_exit(void)
{
	genl_unregister_family(&ipcns_nl_family);
}
