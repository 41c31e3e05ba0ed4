// SPDX-License-Identifier: GPL-2.0-only
/*
 * A namespace from a C program, with libipcns: what is in it, what keeps it, and what happens to it
 * until it is destroyed.
 *
 *	cc ipcns-watch.c -o ipcns-watch $(pkg-config --cflags --libs libipcns)
 *	./ipcns-watch NS	inode number, ipc:[INODE], id=NSID, pid=PID, or a path
 *
 * Exit status: 0 when it has been destroyed, 2 without module, 1 for any other error.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <libipcns.h>

#define NAME(names, number) \
	((number) < sizeof(names) / sizeof(*(names)) && (names)[number] ? (names)[number] : "?")

static const char *const states[] = { "active", "pinned", "dying" };
static const char *const kinds[] = { "shm", "sem", "msg", "mq" };
static const char *const things[] = {
	[IPCNS_EVENT_OBJECT_NS] = "ns", [IPCNS_EVENT_OBJECT_SHM] = "shm",
	[IPCNS_EVENT_OBJECT_SEM] = "sem", [IPCNS_EVENT_OBJECT_MSG] = "msg",
	[IPCNS_EVENT_OBJECT_MQ] = "mq",
};
static const char *const happenings[] = {
	[IPCNS_EVENT_KIND_CREATED] = "created", [IPCNS_EVENT_KIND_CHANGED] = "changed",
	[IPCNS_EVENT_KIND_MARKED] = "marked", [IPCNS_EVENT_KIND_UNLINKED] = "unlinked",
	[IPCNS_EVENT_KIND_DYING] = "dying", [IPCNS_EVENT_KIND_DESTROYED] = "destroyed",
};

struct watch {
	uint64_t id;		/* not reused while the module is loaded; inode numbers are */
	uint64_t inum;
	uint64_t state;
	uint64_t refs;		/* references on it, descriptors and mounts too; 0 if not counted */
	unsigned int processes, attachments;
	int gone;
};

static _Noreturn void die(int err, const char *what, const char *why)
{
	fprintf(stderr, "ipcns-watch: %s: %s\n", what, why);
	exit(err == -ENODEV ? 2 : 1);
}

static void take_namespace(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *row[IPCNS_A_NS_MAX + 1];
	struct watch *watch = arg;

	if (!ipcns_index(row, IPCNS_A_NS_MAX + 1, attrs, len))
		return;
	ipcns_uint(row[IPCNS_A_NS_ID], &watch->id);
	ipcns_uint(row[IPCNS_A_NS_INUM], &watch->inum);
	ipcns_uint(row[IPCNS_A_NS_STATE], &watch->state);
}

/* Users choose the names of their queues: what a terminal would act on is escaped. */
static void print_name(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char byte = name[i];

		if (byte > ' ' && byte < 0x7f && byte != '\\')
			putchar(byte);
		else
			printf("\\x%02x", byte);
	}
}

static void print_object(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *row[IPCNS_A_OBJECT_MAX + 1];
	uint64_t kind, id;
	const char *name;
	size_t n;

	(void)arg;
	if (!ipcns_index(row, IPCNS_A_OBJECT_MAX + 1, attrs, len) ||
	    !ipcns_uint(row[IPCNS_A_OBJECT_KIND], &kind) ||
	    !ipcns_uint(row[IPCNS_A_OBJECT_ID], &id))
		return;
	printf("  %s %llu", NAME(kinds, kind), (unsigned long long)id);
	name = ipcns_text(row[IPCNS_A_OBJECT_NAME], &n);
	if (name) {
		fputs(" /", stdout);
		print_name(name, n);
	}
	putchar('\n');
}

static void count_holder(struct nlattr *attrs, int len, void *arg)
{
	struct nlattr *row[IPCNS_A_HOLDER_MAX + 1];
	struct watch *watch = arg;
	uint64_t kind;

	if (!ipcns_index(row, IPCNS_A_HOLDER_MAX + 1, attrs, len) ||
	    !ipcns_uint(row[IPCNS_A_HOLDER_KIND], &kind))
		return;
	if (kind == IPCNS_HOLDER_KIND_COUNT)
		ipcns_uint(row[IPCNS_A_HOLDER_REFS], &watch->refs);
	else if (kind == IPCNS_HOLDER_KIND_TASK)
		watch->processes++;
	else if (kind == IPCNS_HOLDER_KIND_SHM)
		watch->attachments++;
}

/* What was counted is not consistent: it is counted again. */
static bool forget(void *arg)
{
	struct watch *watch = arg;

	watch->refs = 0;
	watch->processes = 0;
	watch->attachments = 0;
	return true;
}

static void print_event(const struct ipcns_event *e, void *arg)
{
	struct watch *watch = arg;

	if (e->object == IPCNS_EVENT_OBJECT_LOST) {
		printf("events %llu to %llu are lost\n", (unsigned long long)e->from,
		       (unsigned long long)e->to);
		return;
	}
	if (e->ns_id != watch->id)
		return;
	printf("%s %s\n", NAME(things, e->object), NAME(happenings, e->kind));
	if (e->object == IPCNS_EVENT_OBJECT_NS && e->kind == IPCNS_EVENT_KIND_DESTROYED)
		watch->gone = 1;
}

/* The namespace that the argument means, and what there is to say of it. */
static void print_state(struct ipcns *c, const char *text, struct watch *watch)
{
	struct ipcns_object_filter filter = { 0 };
	struct ipcns_name name;
	char why[128];
	int ret;

	if (!ipcns_name_parse(text, &name, why, sizeof(why)))
		die(-EINVAL, text, why);
	ret = ipcns_lookup(c, &name, take_namespace, watch);
	if (ret)
		die(ret, text, ipcns_error(c));
	printf("namespace %llu is %s\n", (unsigned long long)watch->inum,
	       NAME(states, watch->state));
	filter.ns_id = watch->id;
	ret = ipcns_objects(c, &filter, print_object, NULL, NULL);
	if (ret)
		die(ret, "objects", ipcns_error(c));
	ret = ipcns_holders(c, watch->id, 0, count_holder, forget, watch);
	if (ret)
		die(ret, "holders", ipcns_error(c));
	printf("%u processes, %u attachments", watch->processes, watch->attachments);
	if (watch->refs)
		printf(", %llu references in all", (unsigned long long)watch->refs);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct watch watch = { 0 };
	struct ipcns_journal journal;
	struct ipcns_feed *feed;
	struct pollfd ready;
	int ret;

	if (argc != 2)
		die(-EINVAL, "usage", "ipcns-watch NS");
	feed = ipcns_feed_new(print_event, &watch);
	if (!feed)
		die(-ENOMEM, "events", "out of memory");
	/* First the events are on, and then the state is read: nothing falls between them. */
	ret = ipcns_feed_open(feed);
	if (!ret)
		ret = ipcns_feed_join(feed, true);
	if (!ret)
		ret = ipcns_feed_journal(feed, &journal);
	if (ret)
		die(ret, "events", ipcns_feed_error(feed));
	ipcns_feed_seek(feed, journal.next - 1);
	print_state(ipcns_feed_connection(feed), argv[1], &watch);

	ready.fd = ipcns_feed_fd(feed);
	ready.events = POLLIN;
	while (!watch.gone) {
		ret = ipcns_feed_read(feed);
		if (ret == IPCNS_FEED_GONE)
			die(-ENODEV, "events", "the module was unloaded");
		if (ret < 0)
			die(ret, "events", ipcns_feed_error(feed));
		fflush(stdout);
		if (ret == IPCNS_FEED_DRY && !watch.gone)
			poll(&ready, 1, -1);
	}
	ipcns_feed_free(feed);
	return 0;
}
