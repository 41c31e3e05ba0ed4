/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_WALK_H
#define _IPCNS_WALK_H

#include <linux/ipc_namespace.h>
#include <linux/types.h>

#include "access.h"

/* Namespaces whose references a dump holds at once, while it collects. */
#define IPCNS_BATCH	1024

/*
 * The same where a namespace is one record. A batch costs a walk over all superblocks, and perhaps
 * over all processes, so their number must not grow with that of the namespaces.
 */
#define IPCNS_NS_BATCH	(16 * IPCNS_BATCH)

/* Namespaces that one dump can list: 32 MB of cookies. */
#define IPCNS_MAX_COOKIES	(1 << 22)

/**
 * struct ipcns_view - which namespaces a walk is for
 * @access:	what may be seen of a namespace. Called under RCU, before anything
 *		is done with the namespace; may not sleep.
 * @least:	references are taken where at least this may be seen
 */
struct ipcns_view {
	enum ipcns_access	(*access)(const struct ipcns_view *view,
					  const struct ipc_namespace *ns, u64 cookie);
	enum ipcns_access	least;
};

/**
 * struct ipcns_ns_ref - a namespace that the module holds a reference on
 * @cookie:	its key, see ipcns_cookie(); the first member, by which an array is searched
 * @ns:		the namespace; NULL if it has ended, or is not to be seen
 * @id:		the id that users see
 * @refs:	its reference count, without references of the module's
 * @access:	what may be seen of it, also where that is not enough
 * @held:	in the hash of references that the module holds
 */
struct ipcns_ns_ref {
	u64			cookie;
	struct ipc_namespace	*ns;
	u64			id;
	unsigned int		refs;
	enum ipcns_access	access;
	struct hlist_node	held;
};

/**
 * struct ipcns_cookies - the namespaces there were at one moment
 * @cookie:	their keys, ascending
 * @n:		how many
 * @max:	how many there is room for
 * @pending:	superblocks that had no namespace, or none yet
 */
struct ipcns_cookies {
	u64	*cookie;
	u32	n;
	u32	max;
	u32	pending;
};

/**
 * struct ipcns_index - finds entries of an array by an address in them
 * @keys:	the address in the first entry
 * @stride:	bytes from there to that in the next one
 * @buckets:	hash table: index of the first entry + 1, or 0
 * @next:	for each entry: the same of the next one in its bucket
 * @bits:	log2 of the number of buckets
 */
struct ipcns_index {
	const void	*keys;
	size_t		stride;
	u32		*buckets;
	u32		*next;
	u32		bits;
};

/**
 * struct ipcns_walk_stats - what the walks have seen so far
 * @namespaces:	committed namespaces, in the last walk
 * @pending:	superblocks without a usable namespace, in the last walk
 * @walks:	walks since load
 * @cut:	walks since load that ended early
 */
struct ipcns_walk_stats {
	u32	namespaces;
	u32	pending;
	u64	walks;
	u64	cut;
};

int ipcns_walk_init(void);
void ipcns_walk_exit(void);

struct ipc_namespace *ipcns_init_ns(void);

u64 ipcns_cookie(const struct super_block *sb, const struct ipc_namespace *ns);
int ipcns_walk_cookies(struct ipcns_cookies *cookies, const struct ipcns_view *view);
void ipcns_cookies_free(struct ipcns_cookies *cookies);
int ipcns_walk_get(struct ipcns_ns_ref *refs, u32 n, const struct ipcns_view *view);
int ipcns_walk_left(void (*left)(const struct super_block *sb, bool creating));
int ipcns_walk_find(u32 inum, u64 *cookie, const struct ipcns_view *view);
void ipcns_put(struct ipcns_ns_ref *ref);
int ipcns_compare_cookies(const void *a, const void *b);
int ipcns_index_init(struct ipcns_index *x, const void *keys, size_t stride, u32 n);
void ipcns_index_free(struct ipcns_index *x);
int ipcns_index_find(const struct ipcns_index *x, const void *key);
int ipcns_index_next(const struct ipcns_index *x, u32 i);
void ipcns_walk_stats(struct ipcns_walk_stats *stats);

#endif /* _IPCNS_WALK_H */
