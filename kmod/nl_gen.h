/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ipcns.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_IPCNS_GEN_H
#define _LINUX_IPCNS_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/ipcns.h>

int ipcns_nl_dump_start(struct netlink_callback *cb);
int ipcns_nl_dump_done(struct netlink_callback *cb);

int ipcns_nl_ns_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_ns_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ipcns_nl_object_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_object_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ipcns_nl_element_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int ipcns_nl_limits_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_limits_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ipcns_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_journal_get_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_journal_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int ipcns_nl_holder_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ipcns_nl_waiter_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int ipcns_nl_ns_open_doit(struct sk_buff *skb, struct genl_info *info);
int ipcns_nl_subscribe_doit(struct sk_buff *skb, struct genl_info *info);

extern struct genl_family ipcns_nl_family;

#endif /* _LINUX_IPCNS_GEN_H */
