// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ipcns.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "nl_gen.h"

#include <uapi/linux/ipcns.h>

/* IPCNS_CMD_NS_GET - do */
static const struct nla_policy ipcns_ns_get_do_nl_policy[IPCNS_A_NS_ID + 1] = {
	[IPCNS_A_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* IPCNS_CMD_NS_GET - dump */
static const struct nla_policy ipcns_ns_get_dump_nl_policy[IPCNS_A_NS_ID + 1] = {
	[IPCNS_A_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* IPCNS_CMD_OBJECT_GET - do */
static const struct nla_policy ipcns_object_get_do_nl_policy[IPCNS_A_OBJECT_UID + 1] = {
	[IPCNS_A_OBJECT_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_OBJECT_KIND] = NLA_POLICY_MAX(NLA_U32, 3),
	[IPCNS_A_OBJECT_KINDS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[IPCNS_A_OBJECT_ID] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_KEY] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_NAME] = { .type = NLA_BINARY, },
	[IPCNS_A_OBJECT_UID] = { .type = NLA_U32, },
};

/* IPCNS_CMD_OBJECT_GET - dump */
static const struct nla_policy ipcns_object_get_dump_nl_policy[IPCNS_A_OBJECT_UID + 1] = {
	[IPCNS_A_OBJECT_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_OBJECT_KIND] = NLA_POLICY_MAX(NLA_U32, 3),
	[IPCNS_A_OBJECT_KINDS] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[IPCNS_A_OBJECT_ID] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_KEY] = { .type = NLA_U32, },
	[IPCNS_A_OBJECT_NAME] = { .type = NLA_BINARY, },
	[IPCNS_A_OBJECT_UID] = { .type = NLA_U32, },
};

/* IPCNS_CMD_ELEMENT_GET - dump */
static const struct nla_policy ipcns_element_get_nl_policy[IPCNS_A_ELEMENT_NAME + 1] = {
	[IPCNS_A_ELEMENT_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_ELEMENT_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_ELEMENT_KIND] = NLA_POLICY_MAX(NLA_U32, 3),
	[IPCNS_A_ELEMENT_ID] = { .type = NLA_U32, },
	[IPCNS_A_ELEMENT_NAME] = { .type = NLA_BINARY, },
};

/* IPCNS_CMD_LIMITS_GET - do */
static const struct nla_policy ipcns_limits_get_do_nl_policy[IPCNS_A_LIMITS_NS_ID + 1] = {
	[IPCNS_A_LIMITS_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_LIMITS_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* IPCNS_CMD_LIMITS_GET - dump */
static const struct nla_policy ipcns_limits_get_dump_nl_policy[IPCNS_A_LIMITS_NS_ID + 1] = {
	[IPCNS_A_LIMITS_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_LIMITS_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* IPCNS_CMD_JOURNAL_GET - dump */
static const struct nla_policy ipcns_journal_get_nl_policy[IPCNS_A_EVENT_OBJECTS + 1] = {
	[IPCNS_A_EVENT_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_EVENT_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_EVENT_SINCE] = { .type = NLA_U64, },
	[IPCNS_A_EVENT_OBJECTS] = NLA_POLICY_MASK(NLA_U32, 0x7f),
};

/* IPCNS_CMD_HOLDER_GET - dump */
static const struct nla_policy ipcns_holder_get_nl_policy[IPCNS_A_HOLDER_KINDS + 1] = {
	[IPCNS_A_HOLDER_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_HOLDER_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_HOLDER_KINDS] = NLA_POLICY_MASK(NLA_U32, 0x7),
};

/* IPCNS_CMD_WAITER_GET - dump */
static const struct nla_policy ipcns_waiter_get_nl_policy[IPCNS_A_WAITER_NAME + 1] = {
	[IPCNS_A_WAITER_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_WAITER_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[IPCNS_A_WAITER_KIND] = NLA_POLICY_MAX(NLA_U32, 3),
	[IPCNS_A_WAITER_ID] = { .type = NLA_U32, },
	[IPCNS_A_WAITER_NAME] = { .type = NLA_BINARY, },
};

/* IPCNS_CMD_NS_OPEN - do */
static const struct nla_policy ipcns_ns_open_nl_policy[IPCNS_A_NS_ID + 1] = {
	[IPCNS_A_NS_INUM] = { .type = NLA_U32, },
	[IPCNS_A_NS_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

/* IPCNS_CMD_SUBSCRIBE - do */
static const struct nla_policy ipcns_subscribe_nl_policy[IPCNS_A_EVENT_OBJECTS + 1] = {
	[IPCNS_A_EVENT_OBJECTS] = NLA_POLICY_MASK(NLA_U32, 0x7f),
};

/* Ops table for ipcns */
static const struct genl_split_ops ipcns_nl_ops[] = {
	{
		.cmd		= IPCNS_CMD_NS_GET,
		.doit		= ipcns_nl_ns_get_doit,
		.policy		= ipcns_ns_get_do_nl_policy,
		.maxattr	= IPCNS_A_NS_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= IPCNS_CMD_NS_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_ns_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_ns_get_dump_nl_policy,
		.maxattr	= IPCNS_A_NS_ID,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_OBJECT_GET,
		.doit		= ipcns_nl_object_get_doit,
		.policy		= ipcns_object_get_do_nl_policy,
		.maxattr	= IPCNS_A_OBJECT_UID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= IPCNS_CMD_OBJECT_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_object_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_object_get_dump_nl_policy,
		.maxattr	= IPCNS_A_OBJECT_UID,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_ELEMENT_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_element_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_element_get_nl_policy,
		.maxattr	= IPCNS_A_ELEMENT_NAME,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_LIMITS_GET,
		.doit		= ipcns_nl_limits_get_doit,
		.policy		= ipcns_limits_get_do_nl_policy,
		.maxattr	= IPCNS_A_LIMITS_NS_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= IPCNS_CMD_LIMITS_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_limits_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_limits_get_dump_nl_policy,
		.maxattr	= IPCNS_A_LIMITS_NS_ID,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd	= IPCNS_CMD_STATUS_GET,
		.doit	= ipcns_nl_status_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= IPCNS_CMD_JOURNAL_GET,
		.doit	= ipcns_nl_journal_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= IPCNS_CMD_JOURNAL_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_journal_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_journal_get_nl_policy,
		.maxattr	= IPCNS_A_EVENT_OBJECTS,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_HOLDER_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_holder_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_holder_get_nl_policy,
		.maxattr	= IPCNS_A_HOLDER_KINDS,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_WAITER_GET,
		.start		= ipcns_nl_dump_start,
		.dumpit		= ipcns_nl_waiter_get_dumpit,
		.done		= ipcns_nl_dump_done,
		.policy		= ipcns_waiter_get_nl_policy,
		.maxattr	= IPCNS_A_WAITER_NAME,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= IPCNS_CMD_NS_OPEN,
		.doit		= ipcns_nl_ns_open_doit,
		.policy		= ipcns_ns_open_nl_policy,
		.maxattr	= IPCNS_A_NS_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= IPCNS_CMD_SUBSCRIBE,
		.doit		= ipcns_nl_subscribe_doit,
		.policy		= ipcns_subscribe_nl_policy,
		.maxattr	= IPCNS_A_EVENT_OBJECTS,
		.flags		= GENL_CMD_CAP_DO,
	},
};

struct genl_family ipcns_nl_family __ro_after_init = {
	.name		= IPCNS_FAMILY_NAME,
	.version	= IPCNS_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= ipcns_nl_ops,
	.n_split_ops	= ARRAY_SIZE(ipcns_nl_ops),
};
