/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who owns namespaces, and who is told of them.
 */
#ifndef _IPCNS_OWNER_H
#define _IPCNS_OWNER_H

#include <linux/list.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct user_namespace;

/*
 * User namespaces above one another, the initial one left out: the kernel has no
 * more (kernel/user_namespace.c create_user_ns()).
 */
#define IPCNS_MAX_OWNERS 33

/**
 * struct ipcns_owner - a user namespace that IPC or net namespaces are known of
 * @by_key:	in the hash by @key, as long as @live
 * @key:	its address
 * @parent:	the one above it, NULL for the initial one
 * @scope:	what is told to net namespaces that it owns, if there are any
 * @live:	what shows that the user namespace exists: IPC namespaces that are
 *		not freed, a scope, owners below it that are live
 * @refs:	what points here: the registry's entries, the scope, owners below
 */
struct ipcns_owner {
	struct hlist_node	by_key;
	u64			key;
	struct ipcns_owner	*parent;
	struct ipcns_scope	*scope;
	u32			live;
	u32			refs;
};

/**
 * struct ipcns_scope - the events that net namespaces of one owner are told of
 * @list:	in the list of all, but for the initial owner's
 * @owner:	events of its IPC namespaces, and of those of owners below it
 * @user_ns:	that owner itself, which each of the net namespaces holds
 * @n_nets:	how many net namespaces there are
 * @since:	sequence number of the first event after the first of these came
 * @next:	number that its next event will get. Each scope counts for itself,
 *		so that nobody sees how much happens elsewhere; but what all are
 *		told, which the initial owner's is, has the journal's own numbers
 * @nets:	those net namespaces
 * @from:	sequence number of the first event that is to be sent
 * @number:	its number
 * @wanted:	mask of groups that somebody listens to
 * @skb:	messages that are not sent yet, or NULL
 * @group:	the group that they are for
 *
 * What is behind @nets is the sender's; both mutexes, the registry's and the
 * sender's, are held when scopes come and go.
 */
struct ipcns_scope {
	struct list_head	list;
	struct ipcns_owner	*owner;
	struct user_namespace	*user_ns;
	u32			n_nets;
	u64			since;
	u64			next;
	struct list_head	nets;
	u64			from;
	u64			number;
	unsigned long		wanted;
	struct sk_buff		*skb;
	unsigned int		group;
};

extern struct ipcns_scope ipcns_scope_all;
extern struct list_head ipcns_scopes;

u32 ipcns_owner_chain(const struct user_namespace *user_ns, u64 *chain);
struct ipcns_owner *ipcns_owner_get(const u64 *chain, u32 n);
void ipcns_owner_gone(struct ipcns_owner *o);
void ipcns_owner_put(struct ipcns_owner *o);
bool ipcns_owner_below(const struct ipcns_owner *o, const struct ipcns_owner *above);

struct ipcns_scope *ipcns_scope_get(struct user_namespace *user_ns, u64 since);
void ipcns_scope_put(struct ipcns_scope *s);
void ipcns_scopes_count(const struct ipcns_owner *o);

#endif /* _IPCNS_OWNER_H */
