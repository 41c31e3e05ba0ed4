// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks: entries of functions by ftrace, returns by kretprobes.
 *
 * Each group has one ftrace_ops, so that a group is armed and disarmed at once,
 * with one wait for a grace period. The ops are permanent, as those of live
 * patches are: the kernel refuses kernel.ftrace_enabled=0 as long as one is
 * registered (kernel/trace/ftrace.c ftrace_enable_sysctl()). Filters of groups
 * are disjoint, since two ops on one function are called through a list.
 *
 * Callbacks need no protection against recursion: they call nothing that is
 * hooked, and handlers write events in process context only. They need no RCU and
 * no preemption off either, since a caller keeps its arguments;
 * unregister_ftrace_function() waits for tasks that were preempted in them.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "hook.h"
#include "probe.h"

/* Hooks on returns, for a list of them. */
#define MAX_RETURNS 8

/* Arming and disarming; the worker's, and those of load and unload. */
static DEFINE_MUTEX(hook_mutex);

/* Functions of the module's own, to see whether hooks fire. */
static noinline void ipcns_entry_target(void)
{
	barrier();
}

static noinline void ipcns_return_target(void)
{
	barrier();
}

static atomic_t entry_hits, return_hits;

/**
 * ipcns_hooks_hit() - a function was called that is none of ipcns_hooks[]
 * @ip:		where ftrace was called from
 *
 * Context: callback of ftrace.
 */
notrace void ipcns_hooks_hit(unsigned long ip)
{
	if (ip - (unsigned long)ipcns_entry_target < IPCNS_ENTRY_BYTES)
		atomic_inc(&entry_hits);
}

static int on_return_target(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	atomic_inc(&return_hits);
	return 0;
}
NOKPROBE_SYMBOL(on_return_target);

static struct ipcns_hook targets[] = {
	{
		.symbol = "ipcns_entry_target",
		.group = IPCNS_HOOKS_ALWAYS,
		.addr = (unsigned long)ipcns_entry_target,
	},
	{
		.symbol = "ipcns_return_target",
		.group = IPCNS_HOOKS_DEMAND,
		.krp = { .handler = on_return_target },
		.addr = (unsigned long)ipcns_return_target,
	},
};

/* The name of what could not be disarmed, or NULL. */
static const char *stuck;

/* All hooks, and last those on the targets. */
static __always_inline struct ipcns_hook *nth_hook(unsigned int i)
{
	if (i < ipcns_n_hooks)
		return &ipcns_hooks[i];
	i -= ipcns_n_hooks;
	return i < ARRAY_SIZE(targets) ? &targets[i] : NULL;
}

static bool is_entry(const struct ipcns_hook *h)
{
	return !h->krp.handler;
}

static struct group {
	struct ftrace_ops	ops;
	bool			registered;
	bool			stuck;
} groups[IPCNS_HOOK_GROUPS] = {
	[IPCNS_HOOKS_ALWAYS].ops = {
		.func = ipcns_on_event,
		.flags = FTRACE_OPS_FL_PERMANENT | IPCNS_FTRACE_FLAGS,
	},
	[IPCNS_HOOKS_CREATORS].ops = {
		.func = ipcns_on_creation,
		.flags = FTRACE_OPS_FL_PERMANENT | IPCNS_FTRACE_FLAGS,
	},
};

/* A hook that does not work: says so once. */
static void set_error(struct ipcns_hook *h, int err)
{
	if (err && h->error != err)
		pr_warn("no hook on %s: error %d, events are missing\n", h->symbol, err);
	h->error = err;
}

/**
 * ipcns_hooks_init() - find the functions that are not found yet
 *
 * Symbols are not for modules to look up, but a kprobe has the address of its
 * symbol; one that is registered disabled changes nothing.
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ipcns_hooks_init(void)
{
	struct kprobe *probes, **found;
	struct ipcns_hook *h;
	unsigned int i;
	int n = 0;

	probes = kcalloc(ipcns_n_hooks, sizeof(*probes), GFP_KERNEL);
	found = kcalloc(ipcns_n_hooks, sizeof(*found), GFP_KERNEL);
	for (i = 0; probes && found && i < ipcns_n_hooks; i++) {
		h = &ipcns_hooks[i];
		if (!is_entry(h) || h->addr || (h->error && h->error != -ENOMEM))
			continue;
		probes[i].symbol_name = h->symbol;
		probes[i].flags = KPROBE_FLAG_DISABLED;
		set_error(h, register_kprobe(&probes[i]));
		if (h->error)
			continue;
		h->addr = (unsigned long)probes[i].addr;
		found[n++] = &probes[i];
	}
	/* together, for each call waits for a grace period */
	unregister_kprobes(found, n);
	kfree(found);
	kfree(probes);
	return i ? 0 : -ENOMEM;
}

/*
 * An empty filter stands for all functions (kernel/trace/ftrace.c
 * hash_contains_ip()), so an ops is only registered with a function in it.
 */
static void arm_entries(enum ipcns_hook_group group)
{
	struct group *g = &groups[group];
	struct ipcns_hook *h;
	bool any = false;
	unsigned int i;
	int err = 0;

	for (i = 0; (h = nth_hook(i)); i++) {
		if (h->group != group || !is_entry(h) || !h->addr)
			continue;
		if (!h->filtered) {
			err = ftrace_set_filter_ip(&g->ops, h->addr, 0, 0);
			set_error(h, err);
			h->filtered = !err;
		}
		any |= h->filtered;
	}
	err = 0;
	if (any && !g->registered) {
		err = register_ftrace_function(&g->ops);
		g->registered = !err;
	}
	for (i = 0; (h = nth_hook(i)); i++) {
		if (h->group != group || !h->filtered)
			continue;
		WRITE_ONCE(h->armed, g->registered);
		set_error(h, err);
	}
}

static void arm_return(struct ipcns_hook *h)
{
	/* nothing of an earlier registration may be left in it */
	h->krp.kp = (struct kprobe) {
		.symbol_name = h->addr ? NULL : h->symbol,
		.addr = (kprobe_opcode_t *)h->addr,
	};
	h->krp.nmissed = 0;
	set_error(h, register_kretprobe(&h->krp));
	WRITE_ONCE(h->armed, !h->error);
}

/**
 * ipcns_hooks_arm() - arm the hooks of a group that are not armed
 * @group:	the group
 *
 * Calls can arrive before this returns. A hook that cannot be armed is reported in
 * the log and in the status; the others work without it, and it can be tried again.
 *
 * Context: process context, may sleep. Patches the kernel's text.
 * Return: 0, or the error of one that is not armed.
 */
int ipcns_hooks_arm(enum ipcns_hook_group group)
{
	struct ipcns_hook *h;
	unsigned int i;
	int err = 0;

	mutex_lock(&hook_mutex);
	if (!groups[group].stuck)
		arm_entries(group);
	for (i = 0; (h = nth_hook(i)); i++) {
		if (h->group != group)
			continue;
		if (!is_entry(h) && !h->armed && !h->stuck)
			arm_return(h);
		err = h->error ?: err;
	}
	mutex_unlock(&hook_mutex);
	return err;
}

static u64 missed(const struct ipcns_hook *h)
{
	if (is_entry(h) || !h->armed)
		return h->missed;
	return h->missed + h->krp.nmissed + h->krp.kp.nmissed;
}

/*
 * Something of the kernel's still leads into the module's text. It stays: before
 * module_exit by a reference, so that delete_module(2) fails; there by not
 * returning, see ipcns_hooks_exit(). Trying again would do harm: kernel/kprobes.c
 * __disarm_kprobe_ftrace() counts down before the step that can fail.
 */
static void set_stuck(const char *symbol, int err)
{
	pr_err("the hook on %s cannot be disarmed: error %d; the module stays loaded\n", symbol, err);
	if (!stuck)
		__module_get(THIS_MODULE);
	WRITE_ONCE(stuck, symbol);
}

static void disarm_entries(enum ipcns_hook_group group)
{
	struct group *g = &groups[group];
	struct ipcns_hook *h;
	unsigned int i;
	int err;

	if (!g->registered || g->stuck)
		return;
	err = unregister_ftrace_function(&g->ops);
	g->registered = err;
	g->stuck = err;
	for (i = 0; (h = nth_hook(i)); i++) {
		if (h->group != group || !h->filtered)
			continue;
		if (err)
			set_stuck(h->symbol, err);
		h->stuck = err;
		WRITE_ONCE(h->armed, err);
	}
}

/*
 * Taking a probe out of ftrace's filter needs memory. Without it,
 * unregister_kretprobe() returns all the same, and the kernel continues to use the
 * probe. disable_kprobe() reports that, and leaves nothing to do that can fail.
 */
static bool disarm_return(struct ipcns_hook *h)
{
	unsigned int flags = memalloc_noreclaim_save();
	int err;

	/* first: it ceases to fire long before this returns, and must not seem silent */
	WRITE_ONCE(h->armed, false);
	err = disable_kprobe(&h->krp.kp);
	memalloc_noreclaim_restore(flags);
	if (err) {
		WRITE_ONCE(h->armed, true);
		set_stuck(h->symbol, err);
		h->stuck = true;
		return false;
	}
	h->missed += h->krp.nmissed + h->krp.kp.nmissed;
	return true;
}

/**
 * ipcns_hooks_disarm() - disarm the hooks of a group
 * @group:	the group
 *
 * No call arrives any more when this returns, but from hooks that cannot be
 * disarmed.
 *
 * Context: process context, may sleep. Patches the kernel's text.
 * Return: false if there are such hooks: then the module cannot be unloaded.
 */
bool ipcns_hooks_disarm(enum ipcns_hook_group group)
{
	static struct kretprobe *returns[MAX_RETURNS];
	struct ipcns_hook *h;
	unsigned int i;
	int n = 0;

	mutex_lock(&hook_mutex);
	disarm_entries(group);
	for (i = 0; (h = nth_hook(i)); i++)
		if (h->group == group && !is_entry(h) && h->armed && !h->stuck && disarm_return(h))
			returns[n++] = &h->krp;
	/* together, for each call waits for a grace period */
	unregister_kretprobes(returns, n);
	mutex_unlock(&hook_mutex);
	return !stuck;
}

/**
 * ipcns_hooks_exit() - disarm everything
 *
 * Returns only if nothing leads into the module's text any more.
 *
 * Context: module_exit, or module_init that fails; may sleep.
 */
void ipcns_hooks_exit(void)
{
	unsigned int group;

	for (group = IPCNS_HOOK_GROUPS; group--; )
		ipcns_hooks_disarm(group);
	while (stuck)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	for (group = 0; group < IPCNS_HOOK_GROUPS; group++)
		ipcns_free_filter(&groups[group].ops);
}

/**
 * ipcns_hooks_armed() - are all hooks of a group armed?
 * @group:	the group
 *
 * Context: any.
 */
bool ipcns_hooks_armed(enum ipcns_hook_group group)
{
	struct ipcns_hook *h;
	unsigned int i;

	for (i = 0; (h = nth_hook(i)); i++)
		if (h->group == group && !READ_ONCE(h->armed))
			return false;
	return true;
}

/**
 * ipcns_hooks_enter() - are hooks on entries armed?
 *
 * They are not where the module was loaded with kernel.ftrace_enabled=0. Kretprobes
 * can be registered then, too. But when they are unregistered with ftrace still
 * off, its counts of users stay wrong: the next ops to be unregistered makes
 * ftrace_shutdown() warn, and ftrace stay off until the next boot.
 *
 * Context: any.
 */
bool ipcns_hooks_enter(void)
{
	return READ_ONCE(targets[0].armed);
}

/**
 * ipcns_hooks_live() - do hooks fire?
 *
 * Being registered is not enough (debugfs can switch off kprobes), so functions of
 * the module's own are called.
 * That each function of the kernel is called where it should be, and has not been
 * inlined into its callers, shows in the registry: see ipcns_registry_stats().
 *
 * Context: process context.
 */
bool ipcns_hooks_live(void)
{
	const struct ipcns_hook *on_return = &targets[1];
	int entries = atomic_read(&entry_hits), returns = atomic_read(&return_hits);
	bool armed = READ_ONCE(on_return->armed);

	ipcns_entry_target();
	ipcns_return_target();
	/* those on demand may be disarmed meanwhile */
	if (armed && READ_ONCE(on_return->armed) && atomic_read(&return_hits) == returns)
		return false;
	return ipcns_hooks_armed(IPCNS_HOOKS_ALWAYS) && atomic_read(&entry_hits) != entries;
}

/**
 * ipcns_hooks_stuck() - why the module cannot be unloaded
 *
 * Return: name of a function whose hook cannot be disarmed, or NULL.
 */
const char *ipcns_hooks_stuck(void)
{
	return READ_ONCE(stuck);
}

/**
 * ipcns_hook_state() - the state of one hook
 * @i:		number of the hook, from 0
 * @out:	filled in
 *
 * Context: any; what is being armed may or may not be.
 * Return: false if there are fewer.
 */
bool ipcns_hook_state(unsigned int i, struct ipcns_hook_state *out)
{
	const struct ipcns_hook *h = &ipcns_hooks[i];

	if (i >= ipcns_n_hooks)
		return false;
	out->symbol = h->symbol;
	out->kind = is_entry(h) ? IPCNS_HOOK_KIND_FTRACE : IPCNS_HOOK_KIND_KRETPROBE;
	out->armed = READ_ONCE(h->armed);
	out->error = READ_ONCE(h->error);
	out->missed = missed(h);
	return true;
}
