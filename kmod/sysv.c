// SPDX-License-Identifier: GPL-2.0-only
/*
 * One System V object, found by its identifier.
 */
#include <linux/idr.h>

#include "object.h"

/**
 * ipcns_sysv_find() - find a System V object by its identifier
 * @ids:	the namespace's table of the kind
 * @id:		the identifier
 *
 * ipc/util.h ipcid_to_idx(): how many low bits of an identifier are the index
 * depends on the boot option ipcmni_extend; the whole identifier decides.
 *
 * Context: RCU read side; the object stays until it ends, but may be deleted.
 * Return: the object, not locked, or NULL.
 */
struct kern_ipc_perm *ipcns_sysv_find(struct ipc_ids *ids, u32 id)
{
	static const u8 index_bits[] = { 15, 24 };
	struct kern_ipc_perm *perm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(index_bits); i++) {
		perm = idr_find(&ids->ipcs_idr, id & (BIT(index_bits[i]) - 1));
		if (perm && perm->id == id)
			return perm;
	}
	return NULL;
}

/**
 * ipcns_sysv_visit() - visit of all System V kinds
 * @c:		the collection; its filter has an id
 * @call:	called with the object, a struct kern_ipc_perm, locked, under RCU, and
 *		not deleted
 * @arg:	for @call
 *
 * Context: any in which spinlocks may be taken.
 * Return: 0, -ENOENT if there is no such object, or -EACCES if the reader may
 * not look into it.
 */
int ipcns_sysv_visit(const struct ipcns_collect *c, void (*call)(void *object, void *arg),
		     void *arg)
{
	struct kern_ipc_perm *perm;
	int err = -ENOENT;

	rcu_read_lock();
	perm = ipcns_sysv_find(&c->ref->ns->ids[c->ops->ids], c->filter->id);
	if (perm) {
		spin_lock(&perm->lock);
		if (!perm->deleted)
			err = ipcns_sysv_may_read(c, perm) ? 0 : -EACCES;
		if (!err)
			call(perm, arg);
		spin_unlock(&perm->lock);
	}
	rcu_read_unlock();
	return err;
}
