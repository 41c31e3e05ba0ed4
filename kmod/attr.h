/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nla_put_u32() and similar functions, inlined: an object has twenty attributes, and
 * calls for each took two thirds of the time of a dump.
 */
#ifndef _IPCNS_ATTR_H
#define _IPCNS_ATTR_H

#include <net/genetlink.h>
#include <uapi/linux/ipcns.h>

/* A number that is not known. */
#define IPCNS_UNKNOWN	U32_MAX

/* What is put before a number of 64 bits where it would not be aligned; in each set of attributes. */
#define IPCNS_PAD	1
static_assert(IPCNS_A_NS_PAD == IPCNS_PAD && IPCNS_A_ACTOR_PAD == IPCNS_PAD &&
	      IPCNS_A_OBJECT_PAD == IPCNS_PAD && IPCNS_A_SHM_PAD == IPCNS_PAD &&
	      IPCNS_A_SEM_PAD == IPCNS_PAD && IPCNS_A_MSG_PAD == IPCNS_PAD &&
	      IPCNS_A_MQ_PAD == IPCNS_PAD && IPCNS_A_ELEMENT_PAD == IPCNS_PAD &&
	      IPCNS_A_WAITER_PAD == IPCNS_PAD && IPCNS_A_HOLDER_PAD == IPCNS_PAD &&
	      IPCNS_A_LIMITS_PAD == IPCNS_PAD && IPCNS_A_PROBE_PAD == IPCNS_PAD &&
	      IPCNS_A_TEARDOWNS_PAD == IPCNS_PAD && IPCNS_A_STATUS_PAD == IPCNS_PAD &&
	      IPCNS_A_EVENT_PAD == IPCNS_PAD);

/* As skb_put(), but NULL if there is no room; for messages of netlink, which are all in one piece. */
static __always_inline void *ipcns_attr_room(struct sk_buff *skb, unsigned int len)
{
	void *to = skb_tail_pointer(skb);

	if (unlikely(skb_end_pointer(skb) - skb_tail_pointer(skb) < len))
		return NULL;
	skb->tail += len;
	skb->len += len;
	return to;
}

/* As nla_put(), for what is a multiple of 4 bytes long, so that nothing is padded. */
static __always_inline int ipcns_attr_put(struct sk_buff *skb, int type, const void *data,
					  unsigned int len)
{
	struct nlattr *nla = ipcns_attr_room(skb, nla_attr_size(len));

	BUILD_BUG_ON(len % NLA_ALIGNTO);
	if (!nla)
		return -EMSGSIZE;
	*nla = (struct nlattr){ .nla_len = nla_attr_size(len), .nla_type = type };
	memcpy(nla_data(nla), data, len);
	return 0;
}

/**
 * ipcns_attr_message() - genlmsg_put(), inline
 * @skb:	what gets the message
 * @portid:	who asked
 * @seq:	number of the request
 * @family:	the family
 * @flags:	NLM_F_*
 * @cmd:	command of the message
 *
 * Return: what genlmsg_end() and genlmsg_cancel() take, or NULL if there is no room.
 */
static __always_inline void *ipcns_attr_message(struct sk_buff *skb, u32 portid, u32 seq,
						const struct genl_family *family, int flags, u8 cmd)
{
	unsigned int len = nlmsg_msg_size(GENL_HDRLEN);
	struct nlmsghdr *nlh = ipcns_attr_room(skb, len);
	struct genlmsghdr *hdr;

	if (!nlh)
		return NULL;
	*nlh = (struct nlmsghdr){
		.nlmsg_len = len,
		.nlmsg_type = family->id,
		.nlmsg_flags = flags,
		.nlmsg_seq = seq,
		.nlmsg_pid = portid,
	};
	hdr = nlmsg_data(nlh);
	*hdr = (struct genlmsghdr){ .cmd = cmd, .version = family->version };
	return genlmsg_data(hdr);
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
 * ipcns_attr_count() - the same of a number that may be unknown, and is left out then
 * @skb:	the message
 * @type:	of the attribute
 * @value:	its value, or IPCNS_UNKNOWN
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
static __always_inline int ipcns_attr_count(struct sk_buff *skb, int type, u32 value)
{
	return value == IPCNS_UNKNOWN ? 0 : ipcns_attr_u32(skb, type, value);
}

/**
 * ipcns_attr_u64() - nla_put_u64_64bit(), inline
 * @skb:	the message
 * @type:	of the attribute
 * @value:	its value
 *
 * Return: 0, or -EMSGSIZE if there is no room.
 */
static __always_inline int ipcns_attr_u64(struct sk_buff *skb, int type, u64 value)
{
	if (nla_need_padding_for_64bit(skb))	/* never where that does not matter */
		return nla_put_u64_64bit(skb, type, value, IPCNS_PAD);
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
