/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the kernel that call this module.
 */
#ifndef _IPCNS_HOOK_H
#define _IPCNS_HOOK_H

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <uapi/linux/ipcns.h>

/*
 * Bytes from the address of a function to the place from which ftrace is called:
 * instructions for landing pads and patching may come before it.
 */
#define IPCNS_ENTRY_BYTES 16

/**
 * enum ipcns_hook_group - when hooks are armed
 * @IPCNS_HOOKS_ALWAYS:	 as long as the module is loaded
 * @IPCNS_HOOKS_CREATORS: the same; without them events are complete, and creators of
 *			 objects unknown
 * @IPCNS_HOOKS_DEMAND:	 while there are subscriptions to objects, or with record=objects
 */
enum ipcns_hook_group {
	IPCNS_HOOKS_ALWAYS,
	IPCNS_HOOKS_CREATORS,
	IPCNS_HOOKS_DEMAND,
	IPCNS_HOOK_GROUPS,
};

/**
 * struct ipcns_hook - one function
 * @symbol:	its name
 * @group:	when the hook is armed
 * @krp:	for a function whose return value is needed: called at its return.
 *		Without a handler the hook is on the function's entry, and the group's
 *		callback is called. It neither sleeps nor calls what is hooked;
 *		preemption may be on.
 * @addr:	its address, 0 if it is not known
 * @filtered:	@addr is in the filter of the group
 * @armed:	calls arrive now
 * @stuck:	disarming failed, and is never tried again
 * @error:	error of the last attempt to arm it, or 0
 * @missed:	calls that did not arrive, until it was disarmed last
 */
struct ipcns_hook {
	const char		*symbol;
	enum ipcns_hook_group	group;
	struct kretprobe	krp;
	unsigned long		addr;
	bool			filtered;
	bool			armed;
	bool			stuck;
	int			error;
	u64			missed;
};

extern struct ipcns_hook ipcns_hooks[];
extern const unsigned int ipcns_n_hooks;

/**
 * struct ipcns_hook_state - one hook, for readers
 * @symbol:	name of the function
 * @kind:	how it calls
 * @armed:	calls arrive now
 * @error:	error of the last attempt to arm it, or 0
 * @missed:	calls that did not arrive since load
 */
struct ipcns_hook_state {
	const char		*symbol;
	enum ipcns_hook_kind	kind;
	bool			armed;
	int			error;
	u64			missed;
};

int ipcns_hooks_init(void);
int ipcns_hooks_arm(enum ipcns_hook_group group);
bool ipcns_hooks_disarm(enum ipcns_hook_group group);
void ipcns_hooks_exit(void);
bool ipcns_hooks_armed(enum ipcns_hook_group group);
bool ipcns_hooks_enter(void);
bool ipcns_hooks_live(void);
const char *ipcns_hooks_stuck(void);
bool ipcns_hook_state(unsigned int i, struct ipcns_hook_state *out);
void ipcns_hooks_hit(unsigned long ip);

#endif /* _IPCNS_HOOK_H */
