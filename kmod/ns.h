/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_NS_H
#define _IPCNS_NS_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "task.h"
#include "registry.h"
#include "walk.h"

/**
 * struct ipcns_ns - what is known of one namespace at one moment
 * @whole:	the reader may know all of it
 *
 * The other members have the names of the attributes in the spec.
 */
struct ipcns_ns {
	u64			id;
	u32			inum;
	u32			refs;
	u32			owner_inum, owner_uid;
	u32			shm, sem, msg, mq;
	u32			sems;
	u32			mq_dev;
	bool			counted;
	bool			whole;
	bool			mq_bytes_known;
	u64			msgs;
	u64			shm_bytes, msg_bytes, mq_bytes;
	struct ipcns_members	members;
	struct ipcns_actor	born, dying;
};

int ipcns_actor_fill(struct sk_buff *skb, int type, const struct ipcns_actor *a);
int ipcns_ns_fill(struct sk_buff *skb, const void *record);

#endif /* _IPCNS_NS_H */
