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
 * ipcns_sysv_visit() - look at one System V object
 * @ids:	the namespace's table of the kind
 * @id:		the identifier
 * @visit:	called with the object locked, under RCU, and not deleted
 * @arg:	for @visit
 *
 * Return: false if there is no such object.
 */
bool ipcns_sysv_visit(struct ipc_ids *ids, u32 id,
		      void (*visit)(struct kern_ipc_perm *perm, void *arg), void *arg)
{
	struct kern_ipc_perm *perm;
	bool found = false;

	rcu_read_lock();
	perm = ipcns_sysv_find(ids, id);
	if (perm) {
		spin_lock(&perm->lock);
		found = !perm->deleted;
		if (found)
			visit(perm, arg);
		spin_unlock(&perm->lock);
	}
	rcu_read_unlock();
	return found;
}
