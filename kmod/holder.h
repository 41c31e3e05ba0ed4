/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps namespaces.
 */
#ifndef _IPCNS_HOLDER_H
#define _IPCNS_HOLDER_H

#include <linux/skbuff.h>

#include "buf.h"
#include "task.h"
#include "walk.h"

#define IPCNS_N_HOLDERS		(IPCNS_HOLDER_KIND_SHM + 1)

/* Namespaces searched in one walk over all tasks. */
#define IPCNS_HOLDER_BATCH	16384

/**
 * struct ipcns_holder - one holder of a namespace
 *
 * The members have the names of the attributes in the spec.
 */
struct ipcns_holder {
	u64			ns_id;
	u32			ns_inum;
	u32			refs;
	u64			token, mm;
	u64			nattch, size, start, end;
	struct ipcns_process	process;
	u32			id;
	u32			hidden;
	u8			kind;
	bool			counted;
	bool			read_only;
	bool			truncated;
};

/**
 * struct ipcns_holder_place - where to continue with a batch of namespaces
 * @phase:	what is being searched: namespaces, attachments, tasks
 * @ref:	namespace, by its place in the batch
 * @idx:	segment, by its index in the namespace
 * @mm:		address space of an attachment of that, to be compared only; NULL to
 *		begin with the first one
 * @start:	its first address
 * @pid:	process that shares it, by its number as the reader sees it
 * @nr:		thread, by its number in the initial pid namespace
 */
struct ipcns_holder_place {
	u32	phase;
	u32	ref;
	int	idx;
	const void *mm;
	u64	start;
	u32	pid;
	pid_t	nr;
};

/**
 * struct ipcns_holders - a search for holders
 * @r:		the reader
 * @kinds:	mask of the kinds of holders wanted
 * @refs:	the namespaces, referenced by the caller; NULL ones are left out
 * @n:		how many
 * @buf:	where the records go, struct ipcns_holder
 * @place:	where to continue
 * @hidden:	the record that was added last, if it counts what the reader
 *		cannot see
 */
struct ipcns_holders {
	const struct ipcns_reader	*r;
	u32				kinds;
	const struct ipcns_ns_ref	*refs;
	u32				n;
	struct ipcns_buf		*buf;
	struct ipcns_holder_place	*place;
	struct ipcns_holder		*hidden;
};

int ipcns_holders_collect(struct ipcns_holders *h);
int ipcns_attachments_collect(struct ipcns_holders *h);
int ipcns_holder_add(struct ipcns_holders *h, u32 ref, const struct ipcns_holder *holder,
		     bool hidden);
int ipcns_holder_fill(struct sk_buff *skb, const void *record);
u64 ipcns_token(const void *p);

#endif /* _IPCNS_HOLDER_H */
