/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libipcns: the protocol of the kernel module ipcns, for C programs.
 *
 * What IPC namespaces there are, what is in them, what keeps them, and what happens to them, as
 * rows of attributes. The attributes of each kind of row are those of <linux/ipcns.h>; what they
 * mean is in ipcns.yaml, see ipcns(7).
 *
 * Errors are negative values of errno, and have a text: ipcns_error(), ipcns_feed_error(). -ENODEV
 * always means that the module is not loaded, or not any more. Nothing is printed and no process
 * is ended. What a caller may see is decided by the kernel, from the credentials of who opened the
 * connection and of who sends the request.
 *
 * A connection, a feed or a request may be used by one thread at a time, each time by another one
 * if the program orders that; different ones by different threads at once. What works on rows and
 * names only has no state. In a callback, the connection or the feed that called it is in use:
 * other calls with it return -EBUSY.
 *
 * Structs that a program allocates can grow. Inline functions pass their size on, to functions that
 * have _sized in their names: a library with a longer struct does not write beyond a shorter one,
 * and takes what is missing for 0; one with a shorter struct refuses what it does not know.
 */
#ifndef LIBIPCNS_H
#define LIBIPCNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipcns.h>
#include <linux/netlink.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows */

bool ipcns_index(struct nlattr *table[], size_t n, struct nlattr *attrs, int len);
bool ipcns_index_nested(struct nlattr *table[], size_t n, const struct nlattr *attr);
bool ipcns_uint(const struct nlattr *attr, uint64_t *value);
bool ipcns_int(const struct nlattr *attr, int64_t *value);
const char *ipcns_text(const struct nlattr *attr, size_t *len);

/* Takes the attributes of one row; they are freed when it returns. */
typedef void (*ipcns_row_fn)(struct nlattr *attrs, int len, void *arg);

/*
 * Things changed while a dump was read, and it restarts. Forgets all rows so far and returns
 * true, or returns false if it is too late for that. NULL stands for one that returns false.
 */
typedef bool (*ipcns_restart_fn)(void *arg);

/* Connections */

struct ipcns;

struct ipcns *ipcns_new(void);
int ipcns_connect(struct ipcns *c);
void ipcns_free(struct ipcns *c);
const char *ipcns_error(const struct ipcns *c);

/* What there is */

/* Which objects are wanted; all that is zero does not matter. */
struct ipcns_object_filter {
	uint64_t ns_id;		/* identity of their namespace */
	uint32_t kinds;		/* mask of 1 << enum ipcns_kind */
	const uint32_t *key;
	const uint32_t *uid;	/* of the owner */
};

int ipcns_namespaces(struct ipcns *c, uint64_t ns_id, ipcns_row_fn row, ipcns_restart_fn restart,
		     void *arg);
int ipcns_objects_sized(struct ipcns *c, const struct ipcns_object_filter *filter,
			size_t filter_size, ipcns_row_fn row, ipcns_restart_fn restart, void *arg);
int ipcns_holders(struct ipcns *c, uint64_t ns_id, uint32_t kinds, ipcns_row_fn row,
		  ipcns_restart_fn restart, void *arg);
int ipcns_limits(struct ipcns *c, uint64_t ns_id, ipcns_row_fn row, ipcns_restart_fn restart,
		 void *arg);
int ipcns_status(struct ipcns *c, ipcns_row_fn row, void *arg);
int ipcns_open_namespace(struct ipcns *c, uint64_t ns_id);

/* How people name a namespace. */
struct ipcns_name {
	bool by_id;		/* by its identity, not by its inode number */
	bool exists;		/* it was seen in /proc, or behind a path */
	uint64_t value;
};

bool ipcns_name_parse_sized(const char *text, struct ipcns_name *name, size_t name_size, char *why,
			    size_t size);
int ipcns_lookup_sized(struct ipcns *c, const struct ipcns_name *name, size_t name_size,
		       ipcns_row_fn row, void *arg);

static inline int ipcns_objects(struct ipcns *c, const struct ipcns_object_filter *filter,
				ipcns_row_fn row, ipcns_restart_fn restart, void *arg)
{
	return ipcns_objects_sized(c, filter, sizeof(*filter), row, restart, arg);
}

static inline bool ipcns_name_parse(const char *text, struct ipcns_name *name, char *why,
				    size_t size)
{
	return ipcns_name_parse_sized(text, name, sizeof(*name), why, size);
}

static inline int ipcns_lookup(struct ipcns *c, const struct ipcns_name *name, ipcns_row_fn row,
			       void *arg)
{
	return ipcns_lookup_sized(c, name, sizeof(*name), row, arg);
}

/* Any other request */

struct ipcns_request;

struct ipcns_request *ipcns_request(uint8_t cmd);
void ipcns_put_u32(struct ipcns_request *r, int attr, uint32_t value);
void ipcns_put_u64(struct ipcns_request *r, int attr, uint64_t value);
void ipcns_put_bytes(struct ipcns_request *r, int attr, const void *bytes, size_t len);
int ipcns_do(struct ipcns *c, struct ipcns_request *r, ipcns_row_fn row, void *arg);
int ipcns_dump(struct ipcns *c, struct ipcns_request *r, ipcns_row_fn row,
	       ipcns_restart_fn restart, void *arg);

/* Events */

/*
 * More attributes than an event has. This number is part of the struct and stays; attributes beyond
 * it are found by ipcns_index() of @attrs.
 */
#define IPCNS_EVENT_ATTRS 40

/* One event, or the loss of some. */
struct ipcns_event {
	struct nlattr *attr[IPCNS_EVENT_ATTRS];	/* by IPCNS_A_EVENT_*; NULL where there is none */
	uint64_t seq;		/* 0 if it has none: the loss of a range */
	uint64_t object;	/* enum ipcns_event_object */
	uint64_t kind;		/* enum ipcns_event_kind */
	uint64_t ns_id;
	uint64_t from, to;	/* what is lost, 0 if that is not known */
	const char *cause;	/* for losses that a program makes up; else NULL */
	struct nlattr *attrs;	/* the whole message */
	int len;		/* of it */
};

/* Takes an event; it is freed when it returns. */
typedef void (*ipcns_event_fn)(const struct ipcns_event *e, void *arg);

/* What ipcns_feed_read() found. */
enum ipcns_feed_state {
	IPCNS_FEED_MORE,	/* there may be more to read */
	IPCNS_FEED_DRY,		/* all that was there is read */
	IPCNS_FEED_GONE,	/* the module was unloaded */
	IPCNS_FEED_BACK,	/* a module was loaded, while none is joined */
};

/* The state of the journal. */
struct ipcns_journal {
	uint64_t next;		/* number that the next event will have */
	uint64_t held;		/* number of the oldest event in it, @next if it is empty */
	uint64_t next_ns_id;	/* below it, all identities were handed out; 0: the kernel does it */
};

struct ipcns_feed;

struct ipcns_feed *ipcns_feed_new(ipcns_event_fn take, void *arg);
void ipcns_feed_free(struct ipcns_feed *f);
const char *ipcns_feed_error(const struct ipcns_feed *f);
int ipcns_feed_open(struct ipcns_feed *f);
int ipcns_feed_fd(const struct ipcns_feed *f);
int ipcns_feed_join(struct ipcns_feed *f, bool objects);
void ipcns_feed_leave(struct ipcns_feed *f);
struct ipcns *ipcns_feed_connection(const struct ipcns_feed *f);
void ipcns_feed_filter(struct ipcns_feed *f, uint32_t objects, uint64_t ns_id);
int ipcns_feed_journal_sized(struct ipcns_feed *f, struct ipcns_journal *journal, size_t size);
uint64_t ipcns_feed_last(const struct ipcns_feed *f);
void ipcns_feed_seek(struct ipcns_feed *f, uint64_t last);
int ipcns_feed_fetch(struct ipcns_feed *f);
int ipcns_feed_read(struct ipcns_feed *f);
bool ipcns_event_parse_sized(struct ipcns_event *e, size_t size, struct nlattr *attrs, int len);

static inline int ipcns_feed_journal(struct ipcns_feed *f, struct ipcns_journal *journal)
{
	return ipcns_feed_journal_sized(f, journal, sizeof(*journal));
}

static inline bool ipcns_event_parse(struct ipcns_event *e, struct nlattr *attrs, int len)
{
	return ipcns_event_parse_sized(e, sizeof(*e), attrs, len);
}

#ifdef __cplusplus
}
#endif

#endif
