// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the dumps of one user may have at a time. Their memory is also charged to
 * the memory group of the task that reads; but a user can have many of these.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "quota.h"

#define QUOTA_BITS 6

/**
 * struct ipcns_quota - one user who has dumps
 * @node:	in the hash by @uid
 * @uid:	the user
 * @dumps:	dumps that have not ended
 * @bytes:	memory of these
 */
struct ipcns_quota {
	struct hlist_node	node;
	kuid_t			uid;
	u32			dumps;
	size_t			bytes;
};

static DEFINE_HASHTABLE(users, QUOTA_BITS);

/* The hash and what is in it. Held for a few instructions, and never with another lock. */
static DEFINE_RAW_SPINLOCK(users_lock);

/*
 * A user can have many user ids in user namespaces below the initial one (see
 * subuid(5)), and is known by the owner of the topmost of these, or, where that is
 * root, by the user who is root in it.
 */
static kuid_t user_of(const struct cred *cred)
{
	struct user_namespace *ns = cred->user_ns;
	kuid_t uid;

	if (ns == &init_user_ns)
		return cred->uid;
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	/* root makes user namespaces for different users: each is known by its own root */
	uid = make_kuid(ns, 0);
	return uid_eq(ns->owner, GLOBAL_ROOT_UID) && uid_valid(uid) ? uid : ns->owner;
}

static struct ipcns_quota *find_quota(kuid_t uid)
{
	struct ipcns_quota *q;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, q, node, __kuid_val(uid))
		if (uid_eq(q->uid, uid))
			return q;
	return NULL;
}

/**
 * ipcns_quota_get() - account a new dump to its user
 * @cred:	credentials of the sender of the request
 *
 * Context: process context, may sleep.
 * Return: the user's quota, to be released with ipcns_quota_put(); ERR_PTR(-EDQUOT)
 * if there are IPCNS_QUOTA_DUMPS already, or ERR_PTR(-ENOMEM).
 */
struct ipcns_quota *ipcns_quota_get(const struct cred *cred)
{
	struct ipcns_quota *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), *q;
	kuid_t uid = user_of(cred);

	if (!new)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock(&users_lock);
	q = find_quota(uid);
	if (!q) {
		q = new;
		new = NULL;
		q->uid = uid;
		hash_add(users, &q->node, __kuid_val(uid));
	}
	if (q->dumps < IPCNS_QUOTA_DUMPS)
		q->dumps++;
	else
		q = ERR_PTR(-EDQUOT);
	raw_spin_unlock(&users_lock);
	kfree(new);
	return q;
}

/**
 * ipcns_quota_put() - a dump has ended
 * @q:		quota of its user, from which all memory was taken again; or NULL
 *
 * Context: process context.
 */
void ipcns_quota_put(struct ipcns_quota *q)
{
	if (!q)
		return;
	raw_spin_lock(&users_lock);
	if (--q->dumps)
		q = NULL;
	else
		hash_del(&q->node);
	raw_spin_unlock(&users_lock);
	kfree(q);
}

/**
 * ipcns_quota_charge() - account memory to a user
 * @q:		the user's quota, or NULL for a user without one
 * @bytes:	how much
 *
 * Context: process context.
 * Return: false if that would be more than IPCNS_QUOTA_BYTES.
 */
bool ipcns_quota_charge(struct ipcns_quota *q, size_t bytes)
{
	bool ok;

	if (!q)
		return true;
	raw_spin_lock(&users_lock);
	ok = bytes <= IPCNS_QUOTA_BYTES - q->bytes;
	if (ok)
		q->bytes += bytes;
	raw_spin_unlock(&users_lock);
	return ok;
}

/**
 * ipcns_quota_uncharge() - undo ipcns_quota_charge()
 * @q:		the user's quota, or NULL
 * @bytes:	how much
 */
void ipcns_quota_uncharge(struct ipcns_quota *q, size_t bytes)
{
	if (!q)
		return;
	raw_spin_lock(&users_lock);
	q->bytes -= bytes;
	raw_spin_unlock(&users_lock);
}
