// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks that cannot be armed, or disarmed, one after the other. The others are real
 * ones, beside those of a module that is loaded.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#include "support.h"

#include "creator.h"
#include "hook.h"
#include "journal.h"
#include "probe.h"

/* Calls until one fails, from 1; 0 for never. */
static u32 fail_filter_in, fail_entries_in, fail_return_in, fail_end_in, fail_disable_in;
static int entries, returns, pins;

static bool is_now(u32 *calls)
{
	return *calls && !--*calls;
}

static int try_filter(struct ftrace_ops *ops, unsigned long ip, int remove, int reset)
{
	return is_now(&fail_filter_in) ? -ENOMEM : ftrace_set_filter_ip(ops, ip, remove, reset);
}

static int try_entries(struct ftrace_ops *ops)
{
	int err = is_now(&fail_entries_in) ? -EBUSY : register_ftrace_function(ops);

	entries += !err;
	return err;
}

static int end_entries(struct ftrace_ops *ops)
{
	int err = is_now(&fail_end_in) ? -ENODEV : unregister_ftrace_function(ops);

	entries -= !err;
	return err;
}

static int try_return(struct kretprobe *p)
{
	int err = is_now(&fail_return_in) ? -ENOMEM : register_kretprobe(p);

	returns += !err;
	return err;
}

static u32 silent;	/* times that hooks seemed silent while one was being disarmed */

static int try_disable(struct kprobe *p)
{
	int err = is_now(&fail_disable_in) ? -ENOMEM : disable_kprobe(p);

	silent += ipcns_hooks_armed(IPCNS_HOOKS_ALWAYS) && !ipcns_hooks_live();
	return err;
}

static void end_returns(struct kretprobe **list, int n)
{
	returns -= n;
	unregister_kretprobes(list, n);
}

static void pin(struct module *module)
{
	pins++;
}

#define ftrace_set_filter_ip try_filter
#define register_ftrace_function try_entries
#define unregister_ftrace_function end_entries
#define register_kretprobe try_return
#define disable_kprobe try_disable
#define unregister_kretprobes end_returns
#define __module_get pin
#include "hook.c"

static void no_wake(void)
{
}

static u32 count(enum ipcns_hook_group group, bool entry, bool armed)
{
	struct ipcns_hook *h;
	u32 i, n = 0;

	for (i = 0; (h = nth_hook(i)); i++)
		n += h->group == group && is_entry(h) == entry && (!armed || h->armed);
	return n;
}

/* Disarms everything, and forgets the filters. */
static void reset(void)
{
	struct ipcns_hook *h;
	u32 i;

	ipcns_hooks_exit();
	for (i = 0; (h = nth_hook(i)); i++)
		h->filtered = false;
	for (i = 0; i < IPCNS_HOOK_GROUPS; i++)
		groups[i].ops = (struct ftrace_ops){
			.func = groups[i].ops.func,
			.flags = FTRACE_OPS_FL_PERMANENT | IPCNS_FTRACE_FLAGS,
		};
}

/* All but the one: that is what is armed, what the status says, and what live knows. */
static void one_fails(struct kunit *test)
{
	u32 always = count(IPCNS_HOOKS_ALWAYS, true, false), k, i, n;
	u32 demand = count(IPCNS_HOOKS_DEMAND, false, false);	/* the target, too */
	struct ipcns_hook_state state;

	KUNIT_ASSERT_GT(test, always, 1U);
	KUNIT_ASSERT_GT(test, demand, 0U);
	for (k = 0; k <= always; k++) {
		fail_filter_in = k;
		KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS), k ? -ENOMEM : 0);
		KUNIT_EXPECT_EQ(test, count(IPCNS_HOOKS_ALWAYS, true, true), always - !!k);
		KUNIT_EXPECT_EQ(test, ipcns_hooks_live(), !k);
		KUNIT_EXPECT_EQ(test, entries, 1);
		for (i = 0, n = 0; ipcns_hook_state(i, &state); i++) {
			KUNIT_EXPECT_NOT_NULL(test, state.symbol);
			n += state.armed;
		}
		KUNIT_EXPECT_EQ(test, i, ipcns_n_hooks);
		/* the status has no target */
		KUNIT_EXPECT_EQ(test, n, always - 1 - (k && k < always));
		/* once more: the one that is missing is added */
		KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS), 0);
		KUNIT_EXPECT_EQ(test, entries, 1);
		KUNIT_EXPECT_TRUE(test, ipcns_hooks_live());
		KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
		KUNIT_EXPECT_EQ(test, entries, 0);
		KUNIT_EXPECT_FALSE(test, ipcns_hooks_live());
		reset();
	}
	for (k = 0; k <= demand; k++) {
		fail_return_in = k;
		KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_DEMAND), k ? -ENOMEM : 0);
		KUNIT_EXPECT_EQ(test, ipcns_hooks_armed(IPCNS_HOOKS_DEMAND), !k);
		KUNIT_EXPECT_EQ(test, returns, (int)(demand - !!k));
		KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_DEMAND), 0);
		KUNIT_EXPECT_EQ(test, returns, (int)demand);
		KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND));
		KUNIT_EXPECT_EQ(test, returns, 0);
	}
	KUNIT_EXPECT_EQ(test, pins, 0);
}

/* A filter without a function stands for all functions: it is never registered. */
static void empty_filter(struct kunit *test)
{
	unsigned long addr[16];
	u32 i;

	KUNIT_ASSERT_LE(test, ipcns_n_hooks + ARRAY_SIZE(targets), ARRAY_SIZE(addr));
	for (i = 0; nth_hook(i); i++) {
		addr[i] = nth_hook(i)->addr;
		if (is_entry(nth_hook(i)))
			nth_hook(i)->addr = 0;
	}
	ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS);
	KUNIT_EXPECT_EQ(test, entries, 0);
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_live());
	for (i = 0; nth_hook(i); i++)
		nth_hook(i)->addr = addr[i];
}

/* ftrace is switched off: reported, and tried again. */
static void refused(struct kunit *test)
{
	fail_entries_in = 1;
	KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS), -EBUSY);
	KUNIT_EXPECT_EQ(test, count(IPCNS_HOOKS_ALWAYS, true, true), 0U);
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_live());
	KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS), 0);
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_live());
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
}

/* What is asked meanwhile is not told that hooks do not fire: others still do. */
static void disarmed_meanwhile(struct kunit *test)
{
	silent = 0;
	KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS), 0);
	KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_DEMAND), 0);
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_live());
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND));
	KUNIT_EXPECT_EQ(test, silent, 0U);
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
}

/* What cannot be disarmed stays, pins the module once, and is never tried again. */
static void stays(struct kunit *test)
{
	u32 demand = count(IPCNS_HOOKS_DEMAND, false, false), i;
	struct ipcns_hook *h;

	ipcns_hooks_arm(IPCNS_HOOKS_DEMAND);
	fail_disable_in = 2;
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND));
	KUNIT_EXPECT_EQ(test, returns, 1);
	KUNIT_EXPECT_EQ(test, pins, 1);
	KUNIT_EXPECT_NOT_NULL(test, ipcns_hooks_stuck());
	KUNIT_EXPECT_EQ(test, ipcns_hooks_arm(IPCNS_HOOKS_DEMAND), 0);
	KUNIT_EXPECT_EQ(test, returns, (int)demand);
	fail_disable_in = demand;	/* one less is tried */
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND));
	KUNIT_EXPECT_EQ(test, fail_disable_in, 1U);
	KUNIT_EXPECT_EQ(test, returns, 1);
	fail_disable_in = 0;

	ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS);
	fail_end_in = 1;
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_live());
	fail_end_in = 1;
	KUNIT_EXPECT_FALSE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
	KUNIT_EXPECT_EQ(test, fail_end_in, 1U);
	KUNIT_EXPECT_EQ(test, entries, 1);
	KUNIT_EXPECT_EQ(test, pins, 1);

	/* nothing really failed, so the test can put it right */
	fail_end_in = 0;
	stuck = NULL;
	groups[IPCNS_HOOKS_ALWAYS].stuck = false;
	for (i = 0; (h = nth_hook(i)); i++)
		h->stuck = false;
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND));
	KUNIT_EXPECT_TRUE(test, ipcns_hooks_disarm(IPCNS_HOOKS_ALWAYS));
	KUNIT_EXPECT_EQ(test, returns, 0);
	KUNIT_EXPECT_EQ(test, entries, 0);
}

static int hook_init(struct kunit *test)
{
	int err = ipcns_journal_init(1 << 20, no_wake);

	pins = 0;
	err = err ?: ipcns_creators_init();
	if (!err) {
		ipcns_probes_init();
		err = ipcns_hooks_init();
	}
	return err;
}

static void hook_exit(struct kunit *test)
{
	fail_filter_in = 0;
	fail_entries_in = 0;
	fail_return_in = 0;
	fail_end_in = 0;
	fail_disable_in = 0;
	reset();
	ipcns_creators_exit();
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_fails),
	KUNIT_CASE(empty_filter),
	KUNIT_CASE(refused),
	KUNIT_CASE(disarmed_meanwhile),
	KUNIT_CASE(stays),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-hook",
	.init = hook_init,
	.exit = hook_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
