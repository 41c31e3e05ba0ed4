/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _IPCNS_REGISTRY_H
#define _IPCNS_REGISTRY_H

#include <linux/sched.h>
#include <linux/types.h>

#include "event.h"
#include "walk.h"

/* Time between two checks after which an entry that neither has found is retired. */
#define IPCNS_CHECK_MS 5000

/* Bounds by which teardowns are counted. */
#define IPCNS_N_BOUNDS 11

/**
 * struct ipcns_actor - the task that did something
 * @time:	when, nanoseconds of CLOCK_BOOTTIME; 0 if it was not seen
 * @pid:	its process in the initial pid namespace
 * @uid:	its effective user id in the initial user namespace
 * @comm:	its command name
 */
struct ipcns_actor {
	u64	time;
	u32	pid;
	u32	uid;
	char	comm[TASK_COMM_LEN];
};

/**
 * struct ipcns_ns_info - what the registry knows of a namespace
 * @id:		the id that users see, never used again
 * @cookie:	its key among namespaces that live, see walk.c
 * @inum:	inode number
 * @owner_inum:	inode number of the owning user namespace
 * @owner_uid:	owner of that, in the initial user namespace
 * @born:	its creator
 * @dying:	who dropped the last reference
 * @inventory:	what was in it then
 */
struct ipcns_ns_info {
	u64				id;
	u64				cookie;
	u32				inum;
	u32				owner_inum;
	u32				owner_uid;
	struct ipcns_actor		born;
	struct ipcns_actor		dying;
	struct ipcns_event_inventory	inventory;
};

/**
 * struct ipcns_registry_stats - the registry's counters
 * @known:	namespaces it knows
 * @dying:	of these, those whose teardown has not ended
 * @missed:	namespaces created or destroyed without an event, since load
 * @teardowns:	namespaces whose teardown was seen from its start to its end,
 *		since load: by the lowest of ipcns_bounds that their time is not
 *		above, and last those that took longer than all
 * @teardown_sum: nanoseconds that these took together
 */
struct ipcns_registry_stats {
	u32	known;
	u32	dying;
	u64	missed;
	u64	teardowns[IPCNS_N_BOUNDS + 1];
	u64	teardown_sum;
};

extern const u64 ipcns_bounds[IPCNS_N_BOUNDS];

void ipcns_registry_init(void);
void ipcns_registry_exit(void);
bool ipcns_registry_sync(void);
void ipcns_registry_wait(void);
void ipcns_registry_forget(void);
int ipcns_registry_name(struct ipcns_ns_ref *refs, u32 n);
bool ipcns_registry_get(u64 id, struct ipcns_ns_info *out);
bool ipcns_registry_lookup(u64 id, struct ipcns_ns_info *out);
u32 ipcns_registry_dying(struct ipcns_ns_info *out, u32 max, u64 *after);
u64 ipcns_registry_now(void);
u64 ipcns_registry_next_id(void);
bool ipcns_registry_in_doubt(void);
bool ipcns_registry_silent(void);
bool ipcns_registry_unfinished(void);
void ipcns_registry_check_begin(void);
int ipcns_registry_check_end(u64 now);
void ipcns_registry_stats(struct ipcns_registry_stats *out);

#endif /* _IPCNS_REGISTRY_H */
