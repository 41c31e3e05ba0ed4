/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_BUF_H
#define _IPCNS_BUF_H

#include <linux/list.h>
#include <linux/types.h>

#include "quota.h"

/* Memory that the records of one dump may take, and its unit of allocation. */
#define IPCNS_BUF_MAX	(4 << 20)
#define IPCNS_BUF_CHUNK	(64 << 10)

/**
 * struct ipcns_buf - records of a dump, collected and not yet sent
 * @chunks:	filled chunks, oldest first
 * @bytes:	memory in @chunks
 * @read:	where in the oldest chunk the next record to send starts
 * @quota:	the user that the memory is accounted to, but for one chunk, which
 *		is accounted to them as long as the buffer is there; or NULL
 *
 * One dump call at a time uses it; the socket sees to that
 * (net/netlink/af_netlink.c netlink_dump() holds the callback mutex).
 */
struct ipcns_buf {
	struct list_head	chunks;
	size_t			bytes;
	u32			read;
	struct ipcns_quota	*quota;
};

void ipcns_buf_init(struct ipcns_buf *buf);
void ipcns_buf_free(struct ipcns_buf *buf);
void *ipcns_buf_reserve(struct ipcns_buf *buf, u32 size);
void ipcns_buf_commit(struct ipcns_buf *buf, u32 size);
void *ipcns_buf_peek(struct ipcns_buf *buf);
void ipcns_buf_pop(struct ipcns_buf *buf);
u64 ipcns_buf_total(void);

#endif /* _IPCNS_BUF_H */
