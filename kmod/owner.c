// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns namespaces, and who is told of them: user namespaces, as far as they
 * matter here. Like the registry, which this is a part of, it is no way to
 * anything: addresses are keys to compare.
 *
 * An address stands for one user namespace as long as something holds it there:
 * an IPC namespace that is not freed, or a net namespace. So an owner can be
 * found as long as it has either, or is above one that has.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "owner.h"

static DEFINE_HASHTABLE(owners, 8);

/* All scopes that count for themselves. */
LIST_HEAD(ipcns_scopes);

/* The initial user namespace, which is always there. */
static struct ipcns_owner initial = { .scope = &ipcns_scope_all, .live = 1, .refs = 1 };

/* The scope of net namespaces that the initial user namespace owns: everything. */
struct ipcns_scope ipcns_scope_all = {
	.owner		= &initial,
	.user_ns	= &init_user_ns,
	.since		= 1,
	.nets		= LIST_HEAD_INIT(ipcns_scope_all.nets),
};

/**
 * ipcns_owner_chain() - the user namespaces above one
 * @user_ns:	the user namespace, referenced by the caller or by what he holds
 * @chain:	filled in with the addresses of it and those above it, but for
 *		the initial one; room for IPCNS_MAX_OWNERS
 *
 * Context: any. A user namespace holds a reference on the one above it.
 * Return: how many.
 */
u32 ipcns_owner_chain(const struct user_namespace *user_ns, u64 *chain)
{
	u32 n = 0;

	for (; user_ns != &init_user_ns && n < IPCNS_MAX_OWNERS; user_ns = user_ns->parent)
		chain[n++] = (unsigned long)user_ns;
	return n;
}

static struct ipcns_owner *find(u64 key)
{
	struct ipcns_owner *o;

	hash_for_each_possible(owners, o, by_key, key)
		if (o->key == key)
			return o;
	return NULL;
}

/* The owner at @key below @parent; it counts as neither live nor referenced yet. */
static struct ipcns_owner *find_or_add(u64 key, struct ipcns_owner *parent)
{
	struct ipcns_owner *o = find(key);

	/* above another one: the end of who was here was not seen */
	if (o && o->parent != parent)
		hash_del(&o->by_key);
	else if (o)
		return o;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		return NULL;
	o->key = key;
	o->parent = parent;
	parent->live++;
	parent->refs++;
	hash_add(owners, &o->by_key, key);
	return o;
}

/**
 * ipcns_owner_get() - the owner that user namespaces stand for
 * @chain:	what ipcns_owner_chain() gave
 * @n:		how many
 *
 * To be released with ipcns_owner_gone(), when what it owns is freed, and then
 * with ipcns_owner_put().
 *
 * Context: process context, may sleep; under the registry's mutex.
 * Return: NULL if there is no memory.
 */
struct ipcns_owner *ipcns_owner_get(const u64 *chain, u32 n)
{
	struct ipcns_owner *o = &initial, *below;

	o->live++;
	o->refs++;
	while (n--) {
		below = find_or_add(chain[n], o);
		if (below) {
			below->live++;
			below->refs++;
		}
		ipcns_owner_gone(o);
		ipcns_owner_put(o);
		if (!below)
			return NULL;
		o = below;
	}
	return o;
}

/**
 * ipcns_owner_gone() - something that it owns is freed
 * @o:		the owner
 *
 * Context: under the registry's mutex.
 */
void ipcns_owner_gone(struct ipcns_owner *o)
{
	for (; o && !--o->live; o = o->parent)
		hash_del(&o->by_key);
}

/**
 * ipcns_owner_put() - something that it owned is forgotten
 * @o:		the owner
 *
 * Context: under the registry's mutex.
 */
void ipcns_owner_put(struct ipcns_owner *o)
{
	while (o && !--o->refs) {
		struct ipcns_owner *parent = o->parent;

		kfree(o);
		o = parent;
	}
}

/**
 * ipcns_owner_below() - is an owner another one, or below it?
 * @o:		the owner
 * @above:	the other one
 *
 * Context: under the registry's mutex.
 */
bool ipcns_owner_below(const struct ipcns_owner *o, const struct ipcns_owner *above)
{
	while (o && o != above)
		o = o->parent;
	return o;
}

/**
 * ipcns_scope_get() - the scope of a net namespace
 * @user_ns:	its owner, which it holds
 * @since:	sequence number of the first event that it may be told of, with
 *		all before it settled
 *
 * Context: process context, may sleep; under the registry's mutex.
 * Return: NULL if there is no memory. To be released with ipcns_scope_put().
 */
struct ipcns_scope *ipcns_scope_get(struct user_namespace *user_ns, u64 since)
{
	u64 chain[IPCNS_MAX_OWNERS];
	struct ipcns_owner *o;
	struct ipcns_scope *s;

	o = ipcns_owner_get(chain, ipcns_owner_chain(user_ns, chain));
	if (!o)
		return NULL;
	s = o->scope ?: kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		goto err;
	if (!o->scope) {
		s->owner = o;
		s->user_ns = user_ns;
		s->since = since;
		s->next = 1;
		s->from = since;
		s->number = 1;
		INIT_LIST_HEAD(&s->nets);
		list_add_tail(&s->list, &ipcns_scopes);
		o->scope = s;
	}
	s->n_nets++;
	return s;
err:
	ipcns_owner_gone(o);
	ipcns_owner_put(o);
	return NULL;
}

/**
 * ipcns_scope_put() - a net namespace ends
 * @s:		its scope
 *
 * Context: under the registry's mutex.
 */
void ipcns_scope_put(struct ipcns_scope *s)
{
	struct ipcns_owner *o = s->owner;

	if (!--s->n_nets && s != &ipcns_scope_all) {
		o->scope = NULL;
		list_del(&s->list);
		kfree(s);
	}
	ipcns_owner_gone(o);
	ipcns_owner_put(o);
}

/**
 * ipcns_scopes_count() - an event gets its number in each scope that is told of it
 * @o:		the owner of its IPC namespace; NULL for an event, or a loss, that
 *		all are told of
 *
 * Context: under the registry's mutex.
 */
void ipcns_scopes_count(const struct ipcns_owner *o)
{
	struct ipcns_scope *s;

	if (!o)
		list_for_each_entry(s, &ipcns_scopes, list)
			s->next++;
	for (; o; o = o->parent)
		if (o->scope)
			o->scope->next++;
}
