// SPDX-License-Identifier: LGPL-2.1-only
/* A feed without a subscription: looks at the journal, and at the list of namespaces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "feed.h"

/* Time between two looks at the journal without a subscription. */
#define POLL_MS 500

/** feed_set_timer - poll every so many milliseconds, 0 for never; 0 or a negative errno */
int feed_set_timer(struct ipcns_feed *f, unsigned int ms)
{
	struct itimerspec spec = { 0 };

	spec.it_interval.tv_sec = spec.it_value.tv_sec = ms / 1000;
	spec.it_interval.tv_nsec = spec.it_value.tv_nsec = ms % 1000 * 1000000L;
	if (timerfd_settime(f->timer, 0, &spec, NULL))
		return feed_fail(f, -errno, "cannot set a timer: %s", strerror(errno));
	return 0;
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void take_seen(struct nlattr *attrs, int len, void *arg)
{
	struct seen_list *list = arg;
	struct nlattr *attr[IPCNS_A_NS_MAX + 1];
	struct seen *bigger;
	uint64_t id, inum;

	if (!ipcns_index(attr, IPCNS_A_NS_MAX + 1, attrs, len) ||
	    !ipcns_uint(attr[IPCNS_A_NS_ID], &id) || !ipcns_uint(attr[IPCNS_A_NS_INUM], &inum))
		return;
	if (list->n == list->max) {
		bigger = realloc(list->ns, (2 * list->max + 64) * sizeof(*bigger));
		list->failed |= !bigger;
		if (!bigger)
			return;
		list->ns = bigger;
		list->max = 2 * list->max + 64;
	}
	list->ns[list->n++] = (struct seen){ .id = id, .inum = inum };
}

static bool forget_seen(void *arg)
{
	((struct seen_list *)arg)->n = 0;
	return true;
}

/* Lists the namespaces that the caller can see, by their ids. */
static int list_seen(struct ipcns_feed *f, struct seen_list *list)
{
	int err = ipcns_namespaces(f->c, 0, take_seen, forget_seen, list);

	if (err)
		return feed_fail(f, err, "cannot list namespaces: %s", ipcns_error(f->c));
	if (list->failed)
		return feed_fail(f, -ENOMEM, "out of memory");
	if (list->n)
		qsort(list->ns, list->n, sizeof(*list->ns), compare_seen);
	return 0;
}

/** feed_start_polling - go on without a subscription: poll the journal; 0 or a negative errno */
int feed_start_polling(struct ipcns_feed *f)
{
	struct ipcns_journal journal;
	int ret = ipcns_feed_journal(f, &journal);

	if (!ret)
		ret = list_seen(f, &f->seen);
	f->polling = !ret;
	return ret ?: feed_set_timer(f, POLL_MS);
}

static struct nlattr *put_attr(char **at, int type, const void *data, uint16_t len)
{
	struct nlattr *attr = (void *)*at;

	*attr = (struct nlattr){ .nla_len = NLA_HDRLEN + len, .nla_type = type };
	memcpy(*at + NLA_HDRLEN, data, len);
	*at += NLA_HDRLEN + NLA_ALIGN(len);
	return attr;
}

/* The end of a namespace, of which nothing is known but that it is not there any more. */
static void report_absent(struct ipcns_feed *f, const struct seen *ns)
{
	const uint32_t object = IPCNS_EVENT_OBJECT_NS, kind = IPCNS_EVENT_KIND_DESTROYED;
	struct ipcns_event e = { .object = object, .kind = kind, .ns_id = ns->id };
	char data[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct timespec now;
	char *at = data;
	int64_t time;

	clock_gettime(CLOCK_REALTIME, &now);
	time = now.tv_sec * 1000000000LL + now.tv_nsec;
	e.attr[IPCNS_A_EVENT_TIME] = put_attr(&at, IPCNS_A_EVENT_TIME, &time, sizeof(time));
	e.attr[IPCNS_A_EVENT_OBJECT] = put_attr(&at, IPCNS_A_EVENT_OBJECT, &object, sizeof(object));
	e.attr[IPCNS_A_EVENT_EVENT] = put_attr(&at, IPCNS_A_EVENT_EVENT, &kind, sizeof(kind));
	e.attr[IPCNS_A_EVENT_NS_INUM] =
		put_attr(&at, IPCNS_A_EVENT_NS_INUM, &ns->inum, sizeof(ns->inum));
	e.attr[IPCNS_A_EVENT_NS_ID] = put_attr(&at, IPCNS_A_EVENT_NS_ID, &ns->id, sizeof(ns->id));
	f->take(&e, f->arg);
}

/** feed_poll - take what happened since the last poll; 0 or a negative errno */
int feed_poll(struct ipcns_feed *f)
{
	struct seen_list now = { 0 };
	int err = list_seen(f, &now);
	size_t i;

	if (!err)
		err = ipcns_feed_fetch(f);
	if (err) {
		free(now.ns);
		return err;
	}
	for (i = 0; i < f->seen.n; i++)
		if (!now.n || !bsearch(&f->seen.ns[i], now.ns, now.n, sizeof(*now.ns), compare_seen))
			report_absent(f, &f->seen.ns[i]);
	free(f->seen.ns);
	f->seen = now;
	return 0;
}

/** feed_timer_expired - whether it is time to poll */
bool feed_timer_expired(struct ipcns_feed *f)
{
	uint64_t times;

	return read(f->timer, &times, sizeof(times)) == sizeof(times);
}
