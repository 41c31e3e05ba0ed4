/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answering requests: collect records, then send them.
 */
#ifndef _IPCNS_DUMP_H
#define _IPCNS_DUMP_H

#include <net/genetlink.h>

#include "access.h"
#include "buf.h"
#include "walk.h"

/* Namespaces that are dying, looked at in one go. */
#define IPCNS_DYING_WINDOW 64

struct ipcns_dump;

/**
 * struct ipcns_dump_ops - one command
 * @cmd:	command of the messages
 * @priv_size:	bytes of the command's own state in d->priv
 * @ns_attr:	attribute for the inode number of the only namespace wanted, and
 *		after it that for its id; 0 if @parse sees to it
 * @ns_needed:	a dump has to be of one namespace, too
 * @access:	what the reader must be allowed to see of a namespace
 * @batch:	namespaces to collect of at once, if not IPCNS_BATCH
 * @parse:	optional: take what else the command needs from the attributes of
 *		the request; @one says that the answer is to be one message
 * @collect:	add records of namespaces to d->buf, from d->pos on. May stop
 *		when the buffer is full; moves d->pos past what is done.
 *		Namespaces that have ended or are not visible have ns NULL.
 * @collect_events: add records that are not of namespaces; instead of @collect.
 *		Returns 1 if there may be more, 0 if not.
 * @collect_dying: optional: add records of namespaces that only the registry
 *		knows any more. Returns how many, 0 when there are no more.
 * @fill:	put a record into a message
 * @undo:	optional: the record did not reach the reader
 * @release:	optional: free what the command's own state points to
 * @set_error_text: optional: explain an error; returns false for those that
 *		are explained the same way for all commands
 * @seq_attr:	attribute for the sequence number that records are true for,
 *		which the first of each message of a dump gets; 0 for none
 */
struct ipcns_dump_ops {
	u8	cmd;
	u32	priv_size;
	u8	ns_attr;
	bool	ns_needed;
	enum ipcns_access access;
	u32	batch;
	int	(*parse)(struct ipcns_dump *d, struct nlattr **attrs, bool one,
			 struct netlink_ext_ack *extack);
	int	(*collect)(struct ipcns_dump *d, const struct ipcns_ns_ref *refs, u32 n);
	int	(*collect_events)(struct ipcns_dump *d);
	int	(*collect_dying)(struct ipcns_dump *d);
	int	(*fill)(struct sk_buff *skb, const void *record);
	void	(*undo)(const void *record);
	void	(*release)(void *priv);
	bool	(*set_error_text)(const struct ipcns_dump *d, struct netlink_ext_ack *extack,
				  int err);
	u8	seq_attr;
};

/**
 * struct ipcns_dump - one request and the progress of its answer
 * @ops:	the command
 * @priv:	the command's own state, zeroed before @ops->parse
 * @reader:	the sender of the request
 * @view:	what the reader may see, for walks
 * @quota:	the user that memory is accounted to; NULL for the administrator
 * @charged:	bytes that are accounted to them besides @buf
 * @ns_attr:	attribute that names the only namespace wanted, or NULL
 * @inum:	that namespace, by inode number, or 0
 * @id:		the same by id
 * @found:	a namespace was found that the reader may see
 * @refused:	a namespace was found of which the reader may not see what is
 *		asked for
 * @list:	the namespaces to go through
 * @collected:	bitmap over @list: those that records were collected of
 * @pos:	index in @list to continue at
 * @seq:	events from before the records in @buf were collected, and for the
 *		first ones from before namespaces were listed, have lower numbers
 * @buf:	records collected and not yet sent
 *
 * The attributes are those of the request, which netlink keeps as long.
 *
 * One thread at a time uses it: netlink runs the calls of a dump under the
 * socket's callback mutex.
 */
struct ipcns_dump {
	const struct ipcns_dump_ops	*ops;
	void				*priv;
	struct ipcns_reader		reader;
	struct ipcns_view		view;
	struct ipcns_quota		*quota;
	size_t				charged;
	const struct nlattr		*ns_attr;
	u32				inum;
	u64				id;
	bool				found;
	bool				refused;
	struct ipcns_cookies		list;
	unsigned long			*collected;
	u32				pos;
	u64				seq;
	struct ipcns_buf		buf;
};

int ipcns_parse_ns(struct ipcns_dump *d, struct nlattr *inum, struct nlattr *id, bool one,
		   struct netlink_ext_ack *extack);
int ipcns_dump_charge(struct ipcns_dump *d, size_t bytes);
bool ipcns_dump_collected(const struct ipcns_dump *d, u64 cookie);
int ipcns_dump_start(struct netlink_callback *cb);
int ipcns_dump_step(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct ipcns_dump_ops *ops);
int ipcns_dump_done(struct netlink_callback *cb);
int ipcns_reply_one(struct sk_buff *skb, struct genl_info *info,
		    const struct ipcns_dump_ops *ops);
u32 ipcns_dumps_open(void);

/* The functions by which nl_gen.c knows a command that is one struct ipcns_dump_ops. */
#define IPCNS_DO(command, ops)							\
int ipcns_nl_##command##_doit(struct sk_buff *skb, struct genl_info *info)	\
{										\
	return ipcns_reply_one(skb, info, &(ops));				\
}

#define IPCNS_DUMP(command, ops)						\
int ipcns_nl_##command##_dumpit(struct sk_buff *skb, struct netlink_callback *cb) \
{										\
	return ipcns_dump_step(skb, cb, &(ops));				\
}

#endif /* _IPCNS_DUMP_H */
