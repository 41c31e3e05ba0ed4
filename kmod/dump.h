/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answering requests: collect records, then send them.
 */
#ifndef _IPCNS_DUMP_H
#define _IPCNS_DUMP_H

#include <net/genetlink.h>

#include "buf.h"
#include "holder.h"
#include "object.h"
#include "reader.h"
#include "walk.h"

struct ipcns_dump;

/**
 * struct ipcns_dump_ops - what is asked for
 * @cmd:	command of the messages
 * @sight:	what the reader must be allowed to see of a namespace
 * @parse:	take what the command needs from the attributes of the request;
 *		@one says that the answer is to be one message
 * @collect:	add records of namespaces to d->buf, from d->pos on. May stop
 *		when the buffer is full; moves d->pos past what is done.
 *		Namespaces that are gone or not the reader's have ns NULL.
 * @produce:	add records that are not of namespaces; instead of @collect.
 *		Returns 1 if there may be more, 0 if not.
 * @gone:	optional: add records of what no namespace stands for any more,
 *		from d->next on. Returns how many, 0 when there are no more.
 * @fill:	put a record into a message
 * @undo:	optional: the record did not reach the reader
 * @batch:	namespaces to collect of at once, if not IPCNS_BATCH
 * @seq_attr:	attribute for the sequence number that records are true for,
 *		which the first of each message of a dump gets; 0 for none
 * @pad_attr:	what pads it
 */
struct ipcns_dump_ops {
	u8	cmd;
	enum ipcns_sight sight;
	u32	batch;
	int	(*parse)(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack);
	int	(*collect)(struct ipcns_dump *d, const struct ipcns_ref *refs, u32 n);
	int	(*produce)(struct ipcns_dump *d);
	int	(*gone)(struct ipcns_dump *d);
	int	(*fill)(struct sk_buff *skb, const void *record);
	void	(*undo)(const void *record);
	u8	seq_attr;
	u8	pad_attr;
};

/**
 * struct ipcns_dump - one request and how far its answer is
 * @ops:	what is asked for
 * @reader:	who asks
 * @ns_attr:	attribute that names the only namespace wanted, or NULL
 * @inum:	that namespace, by inode number, or 0
 * @id:		the same by id
 * @object_attr: attribute that names the only object wanted, or NULL
 * @filter:	objects wanted
 * @found:	a namespace was found that the reader may see
 * @refused:	a namespace was found of which he may not see what he asks for
 * @list:	the namespaces to go through
 * @collected:	bitmap over @list: those that records were collected of
 * @pos:	index in @list to go on at
 * @kind:	kind of objects to go on with in that namespace
 * @next:	position among those
 * @kinds:	mask of the kinds of holders wanted
 * @place:	where to go on among those
 * @cursor:	place in the journal, if it is what is asked for
 * @objects:	mask of what events are wanted about
 * @seq:	what happened before the records in @buf were collected, and for
 *		the first ones before namespaces were listed, has lower numbers, as
 *		the reader's scope counts; 0 if he is told of no events
 * @buf:	records collected and not yet sent
 *
 * The attributes are those of the request, which netlink keeps as long.
 *
 * One thread at a time uses it: netlink runs the calls of a dump under the
 * socket's callback mutex.
 */
struct ipcns_dump {
	const struct ipcns_dump_ops	*ops;
	struct ipcns_reader		reader;
	const struct nlattr		*ns_attr;
	u32				inum;
	u64				id;
	const struct nlattr		*object_attr;
	struct ipcns_filter		filter;
	bool				found;
	bool				refused;
	struct ipcns_cookies		list;
	unsigned long			*collected;
	u32				pos;
	u32				kind;
	u64				next;
	u32				kinds;
	struct ipcns_holder_place	place;
	struct ipcns_cursor		*cursor;
	u32				objects;
	u64				seq;
	struct ipcns_buf		buf;
};

bool ipcns_dump_collected(const struct ipcns_dump *d, u64 cookie);
int ipcns_dump_start(struct netlink_callback *cb);
int ipcns_dump_step(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct ipcns_dump_ops *ops);
int ipcns_dump_done(struct netlink_callback *cb);
int ipcns_reply_one(struct sk_buff *skb, struct genl_info *info,
		    const struct ipcns_dump_ops *ops);
u32 ipcns_dumps_open(void);

#endif /* _IPCNS_DUMP_H */
