// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes that cannot be registered, or disabled, one after the other. Those that
 * can be are real ones, beside those of a module that is loaded.
 */
#include <linux/kprobes.h>

#include "support.h"

/* Calls until one fails, from 1; 0 for never. */
static u32 fail_in, fail_disable_in;
static u32 registered;

static bool is_now(u32 *calls)
{
	return *calls && !--*calls;
}

static int try_kprobe(struct kprobe *p)
{
	int err = is_now(&fail_in) ? -EINVAL : register_kprobe(p);

	registered += !err;
	return err;
}

static int try_kretprobe(struct kretprobe *p)
{
	int err = is_now(&fail_in) ? -ENOMEM : register_kretprobe(p);

	registered += !err;
	return err;
}

static int try_disable(struct kprobe *p)
{
	return is_now(&fail_disable_in) ? -ENOMEM : disable_kprobe(p);
}

static void end_kprobes(struct kprobe **list, int n)
{
	registered -= n;
	unregister_kprobes(list, n);
}

static void end_kretprobes(struct kretprobe **list, int n)
{
	registered -= n;
	unregister_kretprobes(list, n);
}

#define register_kprobe try_kprobe
#define register_kretprobe try_kretprobe
#define disable_kprobe try_disable
#define unregister_kprobes end_kprobes
#define unregister_kretprobes end_kretprobes
#include "probe.c"

static void no_wake(void)
{
}

static u32 armed(u32 group)
{
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		n += probes[i].group == group && probes[i].armed;
	return n;
}

static u32 all(u32 group)
{
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		n += probes[i].group == group;
	return n;
}

/* All but the one: that is what is armed, what status says, and what live knows. */
static void one_fails(struct kunit *test)
{
	u32 ns = all(IPCNS_PROBES_NS), object = all(IPCNS_PROBES_OBJECT), k, i, shown;
	struct ipcns_probe_state state;

	for (k = 0; k <= ns + object; k++) {
		bool ns_fails = k && k <= ns, object_fails = k > ns;

		fail_in = k;
		ipcns_probes_arm(IPCNS_PROBES_NS);
		KUNIT_EXPECT_EQ(test, armed(IPCNS_PROBES_NS), ns - ns_fails);
		KUNIT_EXPECT_EQ(test, armed(IPCNS_PROBES_OBJECT), 0U);
		KUNIT_EXPECT_EQ_MSG(test, ipcns_probes_live(), !ns_fails, "probe %u", k);
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
		KUNIT_EXPECT_EQ(test, armed(IPCNS_PROBES_OBJECT), object - object_fails);
		KUNIT_EXPECT_EQ_MSG(test, ipcns_probes_live(), !ns_fails, "probe %u", k);
		KUNIT_EXPECT_EQ(test, registered, ns + object - !!k);

		for (i = 0, shown = 0; ipcns_probe_state(i, &state); i++) {
			KUNIT_EXPECT_NOT_NULL(test, state.symbol);
			shown += state.armed;
		}
		KUNIT_EXPECT_EQ(test, i, (u32)ARRAY_SIZE(probes) - 1);
		KUNIT_EXPECT_EQ(test, shown, ns + object - 1 - (k > 1));

		/* once more: the one that is missing comes, the others stay */
		ipcns_probes_arm(IPCNS_PROBES_NS);
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
		KUNIT_EXPECT_EQ(test, registered, ns + object);
		KUNIT_EXPECT_TRUE(test, ipcns_probes_live());

		ipcns_probes_disarm(IPCNS_PROBES_OBJECT);
		KUNIT_EXPECT_EQ(test, registered, ns);
		KUNIT_EXPECT_TRUE(test, ipcns_probes_live());
		ipcns_probes_disarm(IPCNS_PROBES_NS);
		KUNIT_EXPECT_EQ(test, registered, 0U);
		KUNIT_EXPECT_FALSE(test, ipcns_probes_live());
		/* disarming what is not armed */
		ipcns_probes_disarm(IPCNS_PROBES_OBJECT);
		KUNIT_EXPECT_EQ(test, registered, 0U);
	}
}

/* The one stays, and is not armed a second time; then it goes. */
static void one_stays(struct kunit *test)
{
	u32 ns = all(IPCNS_PROBES_NS), object = all(IPCNS_PROBES_OBJECT), k;

	ipcns_probes_arm(IPCNS_PROBES_NS);
	for (k = 1; k <= object; k++) {
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
		fail_disable_in = k;
		KUNIT_EXPECT_FALSE(test, ipcns_probes_disarm(IPCNS_PROBES_OBJECT));
		KUNIT_EXPECT_EQ(test, armed(IPCNS_PROBES_OBJECT), 1U);
		KUNIT_EXPECT_EQ(test, registered, ns + 1);
		KUNIT_EXPECT_TRUE(test, ipcns_probes_live());

		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
		KUNIT_EXPECT_EQ(test, registered, ns + object);
		fail_disable_in = k;
		KUNIT_EXPECT_FALSE(test, ipcns_probes_disarm(IPCNS_PROBES_OBJECT));
		KUNIT_EXPECT_TRUE(test, ipcns_probes_disarm(IPCNS_PROBES_OBJECT));
		KUNIT_EXPECT_EQ(test, registered, ns);
	}
}

static int probe_init(struct kunit *test)
{
	return ipcns_journal_init(1 << 20, no_wake);
}

static void probe_exit(struct kunit *test)
{
	fail_in = 0;
	fail_disable_in = 0;
	ipcns_probes_disarm(IPCNS_PROBES_OBJECT);
	ipcns_probes_disarm(IPCNS_PROBES_NS);
	ipcns_journal_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one_fails),
	KUNIT_CASE(one_stays),
	{ }
};

static struct kunit_suite suite = {
	.name = "ipcns-probe",
	.init = probe_init,
	.exit = probe_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
