// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a probe wrote an event; and when probes are armed.
 */
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "events.h"
#include "journal.h"
#include "nl_gen.h"
#include "probe.h"
#include "registry.h"
#include "send.h"
#include "walk.h"

#define MIN_MB 1
#define MAX_MB 1024
#define MAX_FLUSH_MS 1000

/* How often it is looked whether anybody listens, and whether probes fire. */
#define WATCH_MS 1000
#define DISARM_MS 20

static unsigned int journal_mb = 16;
module_param(journal_mb, uint, 0444);
MODULE_PARM_DESC(journal_mb, "size of the journal of events in MB, 1 to 1024 (default 16)");

static unsigned int flush_ms = 50;
module_param(flush_ms, uint, 0444);
MODULE_PARM_DESC(flush_ms, "time in which events are gathered to be sent together, 0 to 1000 ms (default 50)");

static char *record = "namespaces";
module_param(record, charp, 0444);
MODULE_PARM_DESC(record, "what is recorded while nobody listens: namespaces (default) or objects");

static bool record_objects;

static void settle(struct work_struct *work);
static void watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(settle_work, settle);
static DECLARE_DELAYED_WORK(watch_work, watch);

/* One at a time: the delayed work, which is never queued twice. */
static void settle(struct work_struct *work)
{
	bool done = ipcns_registry_sync();

	ipcns_send();
	if (!done)
		queue_delayed_work(system_dfl_wq, &settle_work, 0);
}

static void queue_settle(struct irq_work *work)
{
	if (ipcns_journal_urged())
		mod_delayed_work(system_dfl_wq, &settle_work, 0);
	else
		queue_delayed_work(system_dfl_wq, &settle_work, msecs_to_jiffies(flush_ms));
}

static DEFINE_IRQ_WORK(wake_work, queue_settle);

/* Called by handlers: only an irq_work may be queued there. */
static void wake(void)
{
	irq_work_queue(&wake_work);
}

/* Says in the journal that events are missing. */
static void lose(u8 cause)
{
	struct ipcns_event *e = ipcns_journal_begin(0);

	if (!e)
		return;
	*e = (struct ipcns_event) {
		.time = ktime_get_boot_fast_ns(),
		.object = IPCNS_EVENT_OBJECT_LOST,
		.what = cause,
	};
	ipcns_journal_commit(NULL, 0);
}

static u64 probes_missed(void)
{
	struct ipcns_probe_state p;
	unsigned int i;
	u64 sum = 0;

	for (i = 0; ipcns_probe_state(i, &p); i++)
		sum += p.missed;
	return sum;
}

/**
 * ipcns_events_live() - do probes fire?
 *
 * Who asks sees to it that the journal says so, where the answer is another
 * than last time, or where probes could not run meanwhile.
 *
 * Context: process context, may sleep.
 */
bool ipcns_events_live(void)
{
	static DEFINE_MUTEX(mutex);
	static bool was_live = true;
	static u64 was_missed;
	u64 missed;
	bool live;

	mutex_lock(&mutex);
	live = ipcns_probes_live();
	missed = probes_missed();
	if (live != was_live)
		lose(IPCNS_LOST_CAUSE_PROBES_OFF);
	if (missed != was_missed)
		lose(IPCNS_LOST_CAUSE_MISSED);
	was_live = live;
	was_missed = missed;
	mutex_unlock(&mutex);
	return live;
}

/*
 * Looks every second whether probes still fire, whether those on objects are
 * wanted, and what can be forgotten.
 */
static void watch(struct work_struct *work)
{
	ipcns_events_live();
	if (record_objects || ipcns_send_wanted(IPCNS_NLGRP_OBJECTS))
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
	else
		ipcns_probes_disarm(IPCNS_PROBES_OBJECT);	/* or in a second */
	ipcns_registry_forget();
	queue_delayed_work(system_dfl_wq, &watch_work, msecs_to_jiffies(WATCH_MS));
}

/**
 * ipcns_events_listen() - arm the probes that listeners need
 *
 * To be called before a listener's first question is answered.
 *
 * Context: process context, may sleep.
 */
void ipcns_events_listen(void)
{
	if (ipcns_send_wanted(IPCNS_NLGRP_OBJECTS))
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
	ipcns_events_live();
}

/*
 * Makes all namespaces known that there are, the initial one first. Probes are
 * armed already, so what comes or goes meanwhile is not missed.
 */
static int seed(void)
{
	struct ipcns_cookies list = { };
	struct ipcns_ref *refs;
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
	if (!record_objects && strcmp(record, "namespaces")) {
		pr_err("record is \"%s\", must be namespaces or objects\n", record);
		return -EINVAL;
	}
	return 0;
}

/**
 * ipcns_events_init() - begin to record events
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
	err = ipcns_registry_init();
	if (err)
		goto err_registry;
	err = ipcns_send_init();
	if (err)
		goto err_send;
	ipcns_probes_arm(IPCNS_PROBES_NS);
	if (record_objects)
		ipcns_probes_arm(IPCNS_PROBES_OBJECT);
	err = seed();
	if (err == -ENOMEM || err == -EINTR)
		goto err_seed;
	if (err)
		pr_warn("not all namespaces could be listed: error %d\n", err);
	return 0;

err_seed:
	ipcns_events_exit();
	return err;
err_send:
	ipcns_registry_exit();
err_registry:
	ipcns_journal_exit();
	return err;
}

/**
 * ipcns_events_start() - begin to serve listeners
 *
 * The family is registered.
 */
void ipcns_events_start(void)
{
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
	cancel_delayed_work_sync(&watch_work);
	ipcns_probes_disarm(IPCNS_PROBES_OBJECT);
	flush_delayed_work(&settle_work);
	ipcns_send_open(false);
	flush_delayed_work(&settle_work);
}

/**
 * ipcns_events_exit() - stop recording events
 *
 * Nobody may ask the registry any more.
 */
void ipcns_events_exit(void)
{
	/* their handlers are in the module, so there is no way out without */
	while (!ipcns_probes_disarm(IPCNS_PROBES_OBJECT) || !ipcns_probes_disarm(IPCNS_PROBES_NS))
		msleep(DISARM_MS);
	irq_work_sync(&wake_work);
	cancel_delayed_work_sync(&settle_work);
	ipcns_send_exit();
	ipcns_registry_exit();
	ipcns_journal_exit();
}
