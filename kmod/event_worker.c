// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker: publishes and sends events, and arms what is recorded on demand.
 */
#include <linux/irq_work.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "cgroup.h"
#include "creator.h"
#include "event_send.h"
#include "event_worker.h"
#include "hook.h"
#include "journal.h"
#include "nl_gen.h"
#include "probe.h"
#include "registry.h"
#include "walk.h"

#define MIN_MB 1
#define MAX_MB 1024
#define MAX_FLUSH_MS 1000

/* How often the worker checks whether hooks fire, and what is wanted. */
#define WATCH_MS 1000

static unsigned int journal_mb = 16;
module_param(journal_mb, uint, 0444);
MODULE_PARM_DESC(journal_mb, "size of the journal of events in MB, 1 to 1024 (default 16)");

static unsigned int flush_ms = 50;
module_param(flush_ms, uint, 0444);
MODULE_PARM_DESC(flush_ms, "time in which events are gathered to be sent together, 0 to 1000 ms (default 50)");

static char *record = "removals";
module_param(record, charp, 0444);
MODULE_PARM_DESC(record, "what is recorded in any case: removals, namespaces and the removal of objects (default); objects, all that happens to them");

static bool record_objects;

/* All events about objects are recorded, as long as there are subscriptions to them. */
static bool recorded_on_demand;

/* Nothing is armed any more. */
static bool stopping = true;

static void publish(struct work_struct *work);
static void watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(publish_work, publish);
static DECLARE_DELAYED_WORK(watch_work, watch);

/* One at a time: the delayed work, which is never queued twice. */
static void publish(struct work_struct *work)
{
	bool done = ipcns_registry_sync();

	ipcns_send();
	if (!done)
		queue_delayed_work(system_dfl_wq, &publish_work, 0);
}

static void queue_publish(struct irq_work *work)
{
	if (ipcns_journal_filling_up())
		mod_delayed_work(system_dfl_wq, &publish_work, 0);
	else
		queue_delayed_work(system_dfl_wq, &publish_work, msecs_to_jiffies(flush_ms));
}

static DEFINE_IRQ_WORK(wake_work, queue_publish);

/* Called by handlers: only an irq_work may be queued there. */
static void wake(void)
{
	irq_work_queue(&wake_work);
}

/* Records in the journal that events are missing. */
static void record_loss(u8 cause)
{
	struct ipcns_event *e = ipcns_journal_begin(0);

	if (!e)
		return;
	*e = (struct ipcns_event) {
		.time = e->time,
		.object = IPCNS_EVENT_OBJECT_LOST,
		.what = cause,
	};
	ipcns_journal_commit(e, NULL, 0);
}

static u64 calls_missed(void)
{
	struct ipcns_hook_state p;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; ipcns_hook_state(i, &p); i++)
		sum += p.missed;
	return sum;
}

/**
 * ipcns_events_live() - are events recorded that should be?
 *
 * Hooks are armed and fire, and nothing that the registry has seen says otherwise.
 *
 * Context: process context.
 */
bool ipcns_events_live(void)
{
	return ipcns_hooks_live() && !ipcns_registry_silent();
}

/* Records losses: events are missing where hooks did not fire, or could not run. */
static void check_hooks(void)
{
	static bool was_live = true;
	static u64 was_missed;
	u64 missed = calls_missed();
	bool live = ipcns_events_live();

	if (!live)
		ipcns_creators_clear();
	if (live != was_live)
		record_loss(IPCNS_LOST_CAUSE_PROBES_OFF);
	if (missed != was_missed)
		record_loss(IPCNS_LOST_CAUSE_MISSED);
	was_live = live;
	was_missed = missed;
}

/*
 * Registers all namespaces that exist. Hooks are armed already, so creations and
 * ends in the meantime are not missed.
 */
static int register_existing(void)
{
	struct ipcns_cookies list = { };
	struct ipcns_ns_ref *refs;
	u32 i, n, pos;
	int err;

	refs = kvmalloc_array(IPCNS_NS_BATCH, sizeof(*refs), GFP_KERNEL);
	if (!refs)
		return -ENOMEM;
	err = ipcns_walk_cookies(&list, NULL);
	for (pos = 0; pos < list.n && !err; pos += n) {
		n = min_t(u32, list.n - pos, IPCNS_NS_BATCH);
		memset(refs, 0, n * sizeof(*refs));
		for (i = 0; i < n; i++)
			refs[i].cookie = list.cookie[pos + i];
		err = ipcns_walk_get(refs, n, NULL);
		if (!err)
			err = ipcns_registry_name(refs, n);
		for (i = 0; i < n; i++)
			ipcns_put(&refs[i]);
	}
	ipcns_cookies_free(&list);
	kvfree(refs);
	return err;
}

/*
 * After a loss of events, compares the registry with what exists. Returns the time
 * of the next check.
 */
static u64 check_registry(u64 now)
{
	int err;

	ipcns_registry_check_begin();
	err = register_existing();
	if (!err)
		err = ipcns_registry_check_end(now);
	if (err)
		pr_warn_ratelimited("namespaces could not be compared with events: error %d, trying again\n", err);
	return now + IPCNS_CHECK_MS * NSEC_PER_MSEC;
}

static bool is_demand(void)
{
	return record_objects || (ipcns_subscribed() & ~BIT(IPCNS_EVENT_OBJECT_NS));
}

/*
 * A subscription is entered first, and then reported what is recorded. Here it is the
 * other way round: first nothing is reported as recorded on demand, then subscriptions
 * are looked at. So one of the two sees the other.
 */
static void arm_on_demand(void)
{
	if (!is_demand()) {
		WRITE_ONCE(recorded_on_demand, false);
		smp_mb();	/* pairs with the one in ipcns_events_recorded() */
		if (!is_demand()) {
			ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND);
			return;
		}
	}
	if (!ipcns_hooks_enter())
		return;
	ipcns_hooks_arm(IPCNS_HOOKS_DEMAND);
	WRITE_ONCE(recorded_on_demand, ipcns_hooks_armed(IPCNS_HOOKS_DEMAND));
}

/*
 * Runs every second, and after each subscription. Only here is the text of the
 * kernel patched, and never while a caller waits for a reply.
 */
static void watch(struct work_struct *work)
{
	static u64 next_check;

	if (READ_ONCE(stopping))
		return;
	check_hooks();
	if (!ipcns_hooks_armed(IPCNS_HOOKS_ALWAYS) || !ipcns_hooks_armed(IPCNS_HOOKS_CREATORS)) {
		ipcns_hooks_init();
		ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS);
		ipcns_hooks_arm(IPCNS_HOOKS_CREATORS);
	}
	arm_on_demand();
	if (ipcns_registry_in_doubt() && ktime_get_boottime_ns() >= next_check)
		next_check = check_registry(ktime_get_boottime_ns());
	ipcns_registry_forget();
	queue_delayed_work(system_dfl_wq, &watch_work, msecs_to_jiffies(WATCH_MS));
}

static void on_subscription(void)
{
	mod_delayed_work(system_dfl_wq, &watch_work, 0);
}

/**
 * ipcns_events_recorded() - about what are all events recorded now?
 *
 * Return: mask of 1 << enum ipcns_event_object.
 */
u32 ipcns_events_recorded(void)
{
	u32 objects = 0;

	if (ipcns_hooks_armed(IPCNS_HOOKS_ALWAYS))
		objects |= BIT(IPCNS_EVENT_OBJECT_NS);
	smp_mb();	/* pairs with the one in arm_on_demand() */
	if (READ_ONCE(recorded_on_demand))
		objects |= BIT(IPCNS_EVENT_OBJECT_SHM) | BIT(IPCNS_EVENT_OBJECT_SEM) |
			   BIT(IPCNS_EVENT_OBJECT_MSG) | BIT(IPCNS_EVENT_OBJECT_MQ);
	return objects;
}

static int check_parameters(void)
{
	if (journal_mb < MIN_MB || journal_mb > MAX_MB) {
		pr_err("journal_mb is %u, must be %u to %u\n", journal_mb, MIN_MB, MAX_MB);
		return -EINVAL;
	}
	if (flush_ms > MAX_FLUSH_MS) {
		pr_err("flush_ms is %u, must be 0 to %u\n", flush_ms, MAX_FLUSH_MS);
		return -EINVAL;
	}
	record_objects = !strcmp(record, "objects");
	if (!record_objects && strcmp(record, "removals")) {
		pr_err("record is \"%s\", must be removals or objects\n", record);
		return -EINVAL;
	}
	return 0;
}

/**
 * ipcns_events_init() - start recording events
 *
 * Return: 0, -EINVAL if a module parameter is out of bounds, -ENOMEM, or the
 * error of a walk.
 */
int ipcns_events_init(void)
{
	int err;

	err = check_parameters();
	if (err)
		return err;
	err = ipcns_journal_init((size_t)journal_mb << 20, wake);
	if (err)
		return err;
	ipcns_registry_init();
	err = ipcns_creators_init();
	if (err)
		goto err_creators;
	err = ipcns_send_init(on_subscription);
	if (err)
		goto err_send;
	ipcns_probes_init();
	err = ipcns_hooks_init();
	if (err)
		goto err_hooks;
	ipcns_hooks_arm(IPCNS_HOOKS_ALWAYS);
	ipcns_hooks_arm(IPCNS_HOOKS_CREATORS);
	if (record_objects)
		arm_on_demand();
	err = register_existing();
	if (err == -ENOMEM || err == -EINTR)
		goto err_seed;
	if (err)
		pr_warn("not all namespaces could be listed: error %d\n", err);
	return 0;

err_seed:
	ipcns_events_exit();
	return err;
err_hooks:
	ipcns_send_exit();
err_send:
	ipcns_creators_exit();
err_creators:
	ipcns_registry_exit();
	ipcns_journal_exit();
	return err;
}

/**
 * ipcns_events_start() - start serving subscribers
 *
 * The family is registered.
 */
void ipcns_events_start(void)
{
	WRITE_ONCE(stopping, false);
	ipcns_send_open(true);
	queue_delayed_work(system_dfl_wq, &watch_work, msecs_to_jiffies(WATCH_MS));
}

/**
 * ipcns_events_stop() - send what there is, and no more
 *
 * The family can be unregistered afterwards. Events are still recorded.
 */
void ipcns_events_stop(void)
{
	WRITE_ONCE(stopping, true);
	cancel_delayed_work_sync(&watch_work);
	ipcns_hooks_disarm(IPCNS_HOOKS_DEMAND);
	flush_delayed_work(&publish_work);
	ipcns_send_open(false);
	flush_delayed_work(&publish_work);
}

/**
 * ipcns_events_exit() - stop recording events
 *
 * The registry has no readers any more.
 */
void ipcns_events_exit(void)
{
	/* a last subscription may have queued it after ipcns_events_stop() */
	cancel_delayed_work_sync(&watch_work);
	/* it may not return: then the worker goes on publishing, and sends to no one */
	ipcns_hooks_exit();
	irq_work_sync(&wake_work);
	cancel_delayed_work_sync(&publish_work);
	ipcns_send_exit();
	ipcns_creators_exit();
	ipcns_registry_exit();
	ipcns_cgroups_exit();
	ipcns_journal_exit();
}
