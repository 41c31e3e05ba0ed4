// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of records of varying size, in chunks that are freed as they are
 * read. Its memory is bounded: a writer has to stop when the queue
 * is full, and to continue later.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "buf.h"

struct chunk {
	struct list_head	list;
	u32			used;
	u8			data[] __aligned(8);
};

/* Each record is preceded by its length; both are multiples of 8. */
struct record {
	u64	len;
	u8	data[];
};

#define CHUNK_ROOM (IPCNS_BUF_CHUNK - sizeof(struct chunk))

static atomic64_t total;

/**
 * ipcns_buf_init() - make an empty buffer
 * @buf:	the buffer
 */
void ipcns_buf_init(struct ipcns_buf *buf)
{
	INIT_LIST_HEAD(&buf->chunks);
	buf->bytes = 0;
	buf->read = 0;
	buf->quota = NULL;
}

static void drop_chunk(struct ipcns_buf *buf, struct chunk *c)
{
	list_del(&c->list);
	if (buf->bytes > IPCNS_BUF_CHUNK)
		ipcns_quota_uncharge(buf->quota, IPCNS_BUF_CHUNK);
	buf->bytes -= IPCNS_BUF_CHUNK;
	atomic64_sub(IPCNS_BUF_CHUNK, &total);
	kvfree(c);
}

/**
 * ipcns_buf_free() - free all that a buffer holds
 * @buf:	the buffer, which is empty and usable afterwards
 */
void ipcns_buf_free(struct ipcns_buf *buf)
{
	struct chunk *c, *next;

	list_for_each_entry_safe(c, next, &buf->chunks, list)
		drop_chunk(buf, c);
	buf->read = 0;
}

/**
 * ipcns_buf_reserve() - find room for one record
 * @buf:	the buffer
 * @size:	bytes the record takes at most
 *
 * The room is there until the next call on @buf; the record counts only once
 * ipcns_buf_commit() was called. May sleep.
 *
 * Return: room aligned to 8 bytes, ERR_PTR(-ENOBUFS) if the buffer is full, or
 * ERR_PTR(-ENOMEM).
 */
void *ipcns_buf_reserve(struct ipcns_buf *buf, u32 size)
{
	u32 need = sizeof(struct record) + ALIGN(size, 8);
	struct chunk *c;

	if (!list_empty(&buf->chunks)) {
		c = list_last_entry(&buf->chunks, struct chunk, list);
		if (need <= CHUNK_ROOM - c->used)
			goto out;
	}
	if (WARN_ON_ONCE(need > CHUNK_ROOM))
		return ERR_PTR(-ENOMEM);
	if (buf->bytes + IPCNS_BUF_CHUNK > IPCNS_BUF_MAX)
		return ERR_PTR(-ENOBUFS);
	/* a user at the limit continues with one chunk */
	if (buf->bytes && !ipcns_quota_charge(buf->quota, IPCNS_BUF_CHUNK))
		return ERR_PTR(-ENOBUFS);
	c = kvmalloc(IPCNS_BUF_CHUNK, GFP_KERNEL_ACCOUNT);
	if (!c) {
		if (buf->bytes)
			ipcns_quota_uncharge(buf->quota, IPCNS_BUF_CHUNK);
		return ERR_PTR(-ENOMEM);
	}
	c->used = 0;
	list_add_tail(&c->list, &buf->chunks);
	buf->bytes += IPCNS_BUF_CHUNK;
	atomic64_add(IPCNS_BUF_CHUNK, &total);
out:
	return ((struct record *)(c->data + c->used))->data;
}

/**
 * ipcns_buf_commit() - add the record that was reserved last
 * @buf:	the buffer
 * @size:	bytes the record really takes, at most what was reserved
 */
void ipcns_buf_commit(struct ipcns_buf *buf, u32 size)
{
	struct chunk *c = list_last_entry(&buf->chunks, struct chunk, list);
	struct record *r = (struct record *)(c->data + c->used);

	r->len = sizeof(*r) + ALIGN(size, 8);
	c->used += r->len;
}

/**
 * ipcns_buf_peek() - look at the oldest record
 * @buf:	the buffer
 *
 * Return: the record, valid until ipcns_buf_pop(); NULL if the queue is empty.
 */
void *ipcns_buf_peek(struct ipcns_buf *buf)
{
	struct chunk *c;

	while (!list_empty(&buf->chunks)) {
		c = list_first_entry(&buf->chunks, struct chunk, list);
		if (buf->read < c->used)
			return ((struct record *)(c->data + buf->read))->data;
		drop_chunk(buf, c);
		buf->read = 0;
	}
	return NULL;
}

/**
 * ipcns_buf_pop() - remove the record that ipcns_buf_peek() returned
 * @buf:	the buffer
 */
void ipcns_buf_pop(struct ipcns_buf *buf)
{
	struct chunk *c = list_first_entry(&buf->chunks, struct chunk, list);

	buf->read += ((struct record *)(c->data + buf->read))->len;
}

/**
 * ipcns_buf_total() - memory that all buffers hold now
 *
 * Return: bytes.
 */
u64 ipcns_buf_total(void)
{
	return atomic64_read(&total);
}
