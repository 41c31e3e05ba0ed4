/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of rows, put into messages without a call for each. An object has
 * twenty: with nla_put_u32() and its like, they were two thirds of what a dump
 * took.
 */
#ifndef _IPCNS_ATTR_H
#define _IPCNS_ATTR_H

#include <net/netlink.h>

/* As nla_put(), for what is a multiple of 4 bytes long, so that nothing is padded. */
static __always_inline int ipcns_attr_put(struct sk_buff *skb, int type, const void *data,
					  unsigned int len)
{
	struct nlattr *nla;

	BUILD_BUG_ON(len % NLA_ALIGNTO);
	if (unlikely(skb_tailroom(skb) < nla_attr_size(len)))
		return -EMSGSIZE;
	nla = __skb_put(skb, nla_attr_size(len));
	nla->nla_type = type;
	nla->nla_len = nla_attr_size(len);
	memcpy(nla_data(nla), data, len);
	return 0;
}

/**
 * ipcns_attr_u32() - nla_put_u32(), inline
 * @skb:	the message
 * @type:	of the attribute
 * @value:	its value
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
static __always_inline int ipcns_attr_u32(struct sk_buff *skb, int type, u32 value)
{
	return ipcns_attr_put(skb, type, &value, sizeof(value));
}

/**
 * ipcns_attr_u64() - nla_put_u64_64bit(), inline
 * @skb:	the message
 * @type:	of the attribute
 * @value:	its value
 * @pad:	type of what is put before it where it would not be aligned
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
static __always_inline int ipcns_attr_u64(struct sk_buff *skb, int type, u64 value, int pad)
{
	if (nla_need_padding_for_64bit(skb))	/* never where that does not matter */
		return nla_put_u64_64bit(skb, type, value, pad);
	return ipcns_attr_put(skb, type, &value, sizeof(value));
}

/**
 * ipcns_attr_nest() - nla_nest_start(), inline
 * @skb:	the message
 * @type:	of the attribute
 *
 * Return: what nla_nest_end() takes, or NULL if there is no room.
 */
static __always_inline struct nlattr *ipcns_attr_nest(struct sk_buff *skb, int type)
{
	struct nlattr *nest = (struct nlattr *)skb_tail_pointer(skb);

	return ipcns_attr_put(skb, type | NLA_F_NESTED, NULL, 0) ? NULL : nest;
}

#endif
