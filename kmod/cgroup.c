// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups of the tasks that caused events.
 *
 * A handler may take the id of a group, but no lock that its path needs. So the worker
 * looks up each group that it meets for the first time: later the group may have been
 * removed, and then nobody knows its path. An event has the number of the group's place in
 * a table. New groups take the places in turn, so that a group can have the place of an
 * older one: events from before that time do not mean it.
 */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <net/netlink.h>

#include "cgroup.h"
#include "event.h"

/* One user can make as many groups; those of others are then forgotten. */
#define N_PLACES 8192

/* Room for a path; none that fills it is kept. */
#define PATH_SIZE 1024

/**
 * struct cgroup_place - a place in the table
 * @hash:	among those that are in use, by id
 * @since:	sequence number of the first event that can mean this group
 * @id:		the group's id
 * @path:	its path from the root of the unified hierarchy, or NULL if that is not known
 */
struct cgroup_place {
	struct hlist_node	hash;
	u64			since;
	u64			id;
	char			*path;
};

/* The worker's, but for members of places, which readers see under the lock. */
static struct cgroup_place places[N_PLACES];
static DEFINE_HASHTABLE(by_id, 12);
static u32 last_place;
static char path_buf[PATH_SIZE];
static DEFINE_SPINLOCK(place_lock);

/**
 * ipcns_cgroups_exit() - forget all groups
 *
 * The worker and all readers have ended.
 */
void ipcns_cgroups_exit(void)
{
	u32 i;

	for (i = 0; i < N_PLACES; i++)
		kfree(places[i].path);
	memset(places, 0, sizeof(places));
	hash_init(by_id);
	last_place = 0;
}

/* The path of a group, or NULL if it cannot be known; an error if it can, but not now. */
static char *look_up(u64 id)
{
	int len = ipcns_cgroup_path(id, path_buf, sizeof(path_buf));

	if (len <= 0)
		return NULL;
	return kmemdup(path_buf, len + 1, GFP_KERNEL | __GFP_NOWARN) ?: ERR_PTR(-ENOMEM);
}

/**
 * ipcns_cgroup_place() - the place of a group, which is looked up if it is new
 * @id:		as ipcns_cgroup_current() returned it
 * @seq:	sequence number of the event that has it; they rise
 *
 * Context: the worker, may sleep.
 * Return: number of the place, 0 for none.
 */
u32 ipcns_cgroup_place(u64 id, u64 seq)
{
	struct cgroup_place *p;
	char *path, *old;

	BUILD_BUG_ON(N_PLACES > 1 << IPCNS_EVENT_CGROUP_BITS);
	if (!id || !IPCNS_CGROUPS_FOUND)
		return 0;
	hash_for_each_possible(by_id, p, hash, id)
		if (p->id == id)
			return p - places;
	path = look_up(id);
	if (IS_ERR(path))
		return 0;
	last_place = last_place % (N_PLACES - 1) + 1;
	p = &places[last_place];
	hash_del(&p->hash);
	spin_lock(&place_lock);
	old = p->path;
	p->path = path;
	p->id = id;
	p->since = seq;
	spin_unlock(&place_lock);
	kfree(old);
	hash_add(by_id, &p->hash, id);
	return last_place;
}

/**
 * ipcns_cgroup_fill() - put a group into a message about an event
 * @skb:	the message
 * @place:	number of its place, 0 for none
 * @seq:	sequence number of the event
 *
 * Context: process context.
 * Return: 0, with nothing put if the group has been forgotten; or -EMSGSIZE.
 */
int ipcns_cgroup_fill(struct sk_buff *skb, u32 place, u64 seq)
{
	const struct cgroup_place *p;
	int err = 0;

	if (!place || place >= N_PLACES)
		return 0;
	p = &places[place];
	spin_lock(&place_lock);
	if (p->since <= seq) {
		err = nla_put_u64_64bit(skb, IPCNS_A_EVENT_CGROUP_ID, p->id, IPCNS_A_EVENT_PAD);
		if (!err && p->path)
			err = nla_put(skb, IPCNS_A_EVENT_CGROUP, strlen(p->path), p->path);
	}
	spin_unlock(&place_lock);
	return err;
}
