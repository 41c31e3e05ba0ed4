// SPDX-License-Identifier: GPL-2.0-only
/* Events of the tool: from messages to lines, which are wanted, and what a snapshot told already. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ipc/event_line.h"
#include "util.h"
#include "id_set.h"
#include "ipc/object.h"
#include "ipc/object_set.h"
#include "ipc/snapshot_filter.h"

#include <netlink/msg.h>

static struct nl_msg *msg;

static void start(void)
{
	nlmsg_free(msg);
	msg = nlmsg_alloc();
	nlmsg_put(msg, 0, 0, 0, 0, 0);
}

static struct ipcns_event finish(void)
{
	struct ipcns_event e;

	if (!ipcns_event_parse(&e, nlmsg_attrdata(nlmsg_hdr(msg), 0), nlmsg_attrlen(nlmsg_hdr(msg), 0)))
		check(0, "a message that parses");
	return e;
}

/* An event of namespace 17. */
static void event(uint64_t seq, unsigned int object, unsigned int kind)
{
	start();
	nla_put_u64(msg, IPCNS_A_EVENT_SEQ, seq);
	nla_put_s64(msg, IPCNS_A_EVENT_TIME, 1795000000123456789);
	nla_put_u32(msg, IPCNS_A_EVENT_OBJECT, object);
	nla_put_u32(msg, IPCNS_A_EVENT_EVENT, kind);
	nla_put_u32(msg, IPCNS_A_EVENT_NS_INUM, 4026532115);
	nla_put_u64(msg, IPCNS_A_EVENT_NS_ID, 17);
}

static void line_is(const char *want, int as_json, const char *name)
{
	struct ipcns_event e = finish();
	struct event_writer w;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	event_writer_init(&w, out, as_json);
	event_write(&w, &e);
	fclose(out);
	check_text(text, want, name);
	free(text);
}

static void lines(void)
{
	setenv("TZ", "EST5", 1);
	tzset();
	event(90211, IPCNS_EVENT_OBJECT_SHM, IPCNS_EVENT_KIND_CREATED);
	nla_put_u32(msg, IPCNS_A_EVENT_ID, 0);
	nla_put_u32(msg, IPCNS_A_EVENT_KEY, 0x12aa0de5);
	nla_put_u32(msg, IPCNS_A_EVENT_UID, 0);
	nla_put_u64(msg, IPCNS_A_EVENT_BYTES, 4096);
	nla_put_u32(msg, IPCNS_A_EVENT_PID, 812);
	nla_put(msg, IPCNS_A_EVENT_COMM, 8, "postgres");
	line_is("[2026-11-18T06:06:40.123456] [shm,created] ns=4026532115 nsid=17 id=0 "
		"key=0x12aa0de5 uid=0 bytes=4096 pid=812 comm=postgres seq=90211\n", 0,
		"a segment is created");
	line_is("{\"seq\": 90211, \"time\": \"2026-11-18T06:06:40.123456-05:00\", "
		"\"event\": \"created\", \"object\": \"shm\", \"ns\": 4026532115, \"nsid\": 17, "
		"\"id\": 0, \"key\": \"0x12aa0de5\", \"uid\": 0, \"bytes\": 4096, \"pid\": 812, "
		"\"comm\": \"postgres\", \"unit\": null}\n", 1, "the same as JSON");

	event(1, IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_UNLINKED);
	nla_put_u32(msg, IPCNS_A_EVENT_ID, 5);
	nla_put(msg, IPCNS_A_EVENT_NAME, 6, "a b\n\\\xff");
	nla_put(msg, IPCNS_A_EVENT_COMM, 4, "x y\t");
	line_is("[2026-11-18T06:06:40.123456] [mq,unlinked] ns=4026532115 nsid=17 id=5 "
		"name=/a\\x20b\\x0a\\x5c\\xff comm=x\\x20y\\x09 seq=1\n", 0,
		"hostile names are words");
	line_is("{\"seq\": 1, \"time\": \"2026-11-18T06:06:40.123456-05:00\", "
		"\"event\": \"unlinked\", \"object\": \"mq\", \"ns\": 4026532115, \"nsid\": 17, "
		"\"id\": 5, \"name\": \"/a b\\u000a\\\\\\\\xff\", \"comm\": \"x y\\u0009\"}\n", 1,
		"and valid JSON");

	event(2, IPCNS_EVENT_OBJECT_MSG, IPCNS_EVENT_KIND_CHANGED);
	nla_put_u32(msg, IPCNS_A_EVENT_MODE, 0640);
	line_is("[2026-11-18T06:06:40.123456] [msg,changed] ns=4026532115 nsid=17 "
		"mode=rw-r----- seq=2\n", 0, "a mode is changed");
	event(3, IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_DESTROYED);
	nla_put_u32(msg, IPCNS_A_EVENT_REASON, IPCNS_EVENT_REASON_TEARDOWN);
	line_is("[2026-11-18T06:06:40.123456] [sem,destroyed] ns=4026532115 nsid=17 "
		"reason=teardown seq=3\n", 0, "an end has a reason");
	event(4, IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DESTROYED);
	nla_put_u32(msg, IPCNS_A_EVENT_SHM, 1);
	nla_put_u64(msg, IPCNS_A_EVENT_SHM_BYTES, 4096);
	nla_put_u64(msg, IPCNS_A_EVENT_DURATION, 1500);
	line_is("[2026-11-18T06:06:40.123456] [ns,destroyed] ns=4026532115 nsid=17 shm=1 "
		"shm_bytes=4096 duration_ns=1500 seq=4\n", 0, "a namespace is destroyed");
	event(5, 40, 30);
	line_is("[2026-11-18T06:06:40.123456] [40,30] ns=4026532115 nsid=17 seq=5\n", 0,
		"what a newer module tells is numbers");

	start();
	nla_put_s64(msg, IPCNS_A_EVENT_TIME, -1);
	nla_put_u32(msg, IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_LOST);
	nla_put_u64(msg, IPCNS_A_EVENT_FROM, 7);
	nla_put_u64(msg, IPCNS_A_EVENT_TO, 9);
	nla_put_u32(msg, IPCNS_A_EVENT_CAUSE, IPCNS_LOST_CAUSE_OVERWRITTEN);
	line_is("[1969-12-31T18:59:59.999999] [lost] from=7 to=9 cause=overwritten\n", 0, "a loss");
	line_is("{\"time\": \"1969-12-31T18:59:59.999999-05:00\", \"event\": \"lost\", "
		"\"from\": 7, \"to\": 9, \"cause\": \"overwritten\"}\n", 1, "a loss as JSON");
}

static void malformed(void)
{
	struct ipcns_event e;

	start();
	nla_put_u32(msg, IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_SHM);
	check(!ipcns_event_parse(&e, nlmsg_attrdata(nlmsg_hdr(msg), 0),
			   nlmsg_attrlen(nlmsg_hdr(msg), 0)), "an event without number is none");
	nla_put_u64(msg, IPCNS_A_EVENT_FROM, 9);
	nla_put_u64(msg, IPCNS_A_EVENT_TO, 7);
	check(!ipcns_event_parse(&e, nlmsg_attrdata(nlmsg_hdr(msg), 0),
			   nlmsg_attrlen(nlmsg_hdr(msg), 0)), "nor is a range that ends early");
}

/* Exit status of a list of events or types. */
static int bad_list(void (*parse)(struct event_mask *, const char *), const char *list)
{
	struct event_mask mask = { 0 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		parse(&mask, list);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int wants(const struct event_mask *mask, unsigned int object, unsigned int kind)
{
	struct ipcns_event e = { .object = object, .kind = kind };

	return event_wanted(mask, &e);
}

static void masks(void)
{
	static const char *const bad[] = { "", "foo", "ns,", ",ns", "shm.unlinked", "foo.created",
		"shm.foo", "shm.", ".created", "lost", "present", "ns,,shm" };
	struct event_mask mask;
	size_t i;

	event_mask_events(&mask, "ns,shm.destroyed,changed");
	check(wants(&mask, IPCNS_EVENT_OBJECT_NS, IPCNS_EVENT_KIND_DYING) &&
	      wants(&mask, IPCNS_EVENT_OBJECT_SHM, IPCNS_EVENT_KIND_DESTROYED) &&
	      !wants(&mask, IPCNS_EVENT_OBJECT_SHM, IPCNS_EVENT_KIND_CREATED) &&
	      wants(&mask, IPCNS_EVENT_OBJECT_SEM, IPCNS_EVENT_KIND_CHANGED) &&
	      !wants(&mask, IPCNS_EVENT_OBJECT_MQ, IPCNS_EVENT_KIND_DESTROYED) &&
	      wants(&mask, IPCNS_EVENT_OBJECT_LOST, 0) && !wants(&mask, 40, 0),
	      "objects, events, and both");
	event_mask_types(&mask, "shm,mq");
	check(event_mask_objects(&mask) == 1U << IPCNS_EVENT_OBJECT_SHM,
	      "types leave what is about them");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(bad_list(event_mask_events, bad[i]) == STATUS_ERROR &&
		      bad_list(event_mask_types, bad[i]) == STATUS_ERROR, bad[i]);
}

static int admit_end(struct snapshot_filter *told, unsigned int object, uint32_t id,
		     uint32_t reason)
{
	struct ipcns_event e;

	event(1, object, IPCNS_EVENT_KIND_DESTROYED);
	nla_put_u32(msg, IPCNS_A_EVENT_ID, id);
	nla_put_u32(msg, IPCNS_A_EVENT_REASON, reason);
	e = finish();
	return snapshot_filter_pass(told, &e);
}

static int admit(struct snapshot_filter *told, unsigned int object, unsigned int kind, uint32_t id)
{
	struct ipcns_event e;

	event(1, object, kind);
	nla_put_u32(msg, IPCNS_A_EVENT_ID, id);
	e = finish();
	return snapshot_filter_pass(told, &e);
}

static struct row row(void)
{
	struct row rec;

	row_parse(&rec, nlmsg_attrdata(nlmsg_hdr(msg), 0), nlmsg_attrlen(nlmsg_hdr(msg), 0));
	return rec;
}

static void tell_ns(struct snapshot_filter *told, uint32_t state)
{
	struct row rec;

	start();
	nla_put_u64(msg, IPCNS_A_NS_ID, 17);
	nla_put_u32(msg, IPCNS_A_NS_STATE, state);
	rec = row();
	snapshot_filter_ns(told, &rec);
}

static void add_object(struct object_set *set, uint64_t ns_id, uint32_t kind, uint32_t id)
{
	struct event_object o;
	struct row rec;

	start();
	nla_put_u64(msg, IPCNS_A_OBJECT_NS_ID, ns_id);
	nla_put_u32(msg, IPCNS_A_OBJECT_KIND, kind);
	nla_put_u32(msg, IPCNS_A_OBJECT_ID, id);
	rec = row();
	if (event_object_read(&o, &rec))
		object_set_add(set, &o);
}

/* Lists those that are marked. */
static void list_object(const struct event_object *o, void *arg)
{
	char *list = arg;

	sprintf(list + strlen(list), " %u:%u:%u", (unsigned int)o->ns_id, o->kind, o->id);
}

static void tell_object(struct snapshot_filter *told, uint32_t kind, uint32_t id)
{
	char list[64] = "";

	add_object(&told->objects, 17, kind, id);
	object_set_sort(&told->objects);
	object_set_mark(&told->objects, 17, list_object, list);
}

static void object_sets(void)
{
	struct object_set set = { 0 };
	char list[256] = "";

	object_set_sort(&set);
	object_set_mark(&set, 1, list_object, list);
	check(!*list && !object_set_marked(&set, 1, IPCNS_KIND_SHM, 0), "an empty set has none");
	add_object(&set, 5, IPCNS_KIND_SEM, 7);
	add_object(&set, 5, IPCNS_KIND_SHM, 32768);
	add_object(&set, 5, IPCNS_KIND_SHM, 0);
	add_object(&set, 5, IPCNS_KIND_SHM, 4);
	add_object(&set, 3, IPCNS_KIND_SHM, 1);
	add_object(&set, 5, IPCNS_KIND_SHM, 9);
	add_object(&set, 4, IPCNS_KIND_MQ, 2);
	object_set_sort(&set);
	object_set_mark(&set, 5, list_object, list);
	object_set_mark(&set, 4, list_object, list);
	object_set_mark(&set, 6, list_object, list);
	check_text(list, " 5:0:0 5:0:4 5:0:32768 5:0:9 5:1:7 4:3:2",
		   "by kind and id, though they came otherwise");
	check(object_set_marked(&set, 5, IPCNS_KIND_SHM, 0) &&
	      object_set_marked(&set, 5, IPCNS_KIND_SHM, 9) &&
	      object_set_marked(&set, 5, IPCNS_KIND_SHM, 32768) &&
	      object_set_marked(&set, 5, IPCNS_KIND_SEM, 7) && object_set_marked(&set, 4,
										 IPCNS_KIND_MQ, 2),
	      "each is found");
	check(!object_set_marked(&set, 3, IPCNS_KIND_SHM, 1) &&
	      !object_set_marked(&set, 5, IPCNS_KIND_SHM, 7) &&
	      !object_set_marked(&set, 5, IPCNS_KIND_MSG, 0) &&
	      !object_set_marked(&set, 6, IPCNS_KIND_SHM, 0), "others are not");
	object_set_clear(&set);
	check(!object_set_marked(&set, 5, IPCNS_KIND_SEM, 7), "a set that was cleared has none");
}

/* An object of namespace 17, a row of object-get. */
static void object(uint32_t kind)
{
	start();
	nla_put_u32(msg, IPCNS_A_OBJECT_NS_INUM, 4026532115);
	nla_put_u64(msg, IPCNS_A_OBJECT_NS_ID, 17);
	nla_put_u32(msg, IPCNS_A_OBJECT_KIND, kind);
	nla_put_u32(msg, IPCNS_A_OBJECT_ID, 32769);
	nla_put_u32(msg, IPCNS_A_OBJECT_MODE, 0101640);
	nla_put_u32(msg, IPCNS_A_OBJECT_UID, 1000);
}

/* Its line, behind the time, which is that of the test. */
static void object_is(const char *want, const char *name)
{
	struct event_object o;
	struct event_writer w;
	struct row rec;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	event_writer_init(&w, out, EVENT_LINES);
	if (object_parse(&rec, nlmsg_attrdata(nlmsg_hdr(msg), 0),
			 nlmsg_attrlen(nlmsg_hdr(msg), 0)) && event_object_read(&o, &rec)) {
		event_write_object(&w, &o);
		event_object_clear(&o);
	}
	fclose(out);
	check_text(strchrnul(text, ' '), want, name);
	free(text);
}

static void objects(void)
{
	struct nlattr *nest;

	object(IPCNS_KIND_SHM);
	nla_put_u32(msg, IPCNS_A_OBJECT_KEY, 0xfedcba98);
	nest = nla_nest_start(msg, IPCNS_A_OBJECT_SHM);
	nla_put_u64(msg, IPCNS_A_SHM_SIZE, 1ULL << 40);
	nla_nest_end(msg, nest);
	object_is(" [shm,present] ns=4026532115 nsid=17 id=32769 key=0xfedcba98 uid=1000 "
		  "mode=rw-r----- bytes=1099511627776\n", "a segment is present");
	object(IPCNS_KIND_MQ);
	nla_put(msg, IPCNS_A_OBJECT_NAME, 3, "a b");
	object_is(" [mq,present] ns=4026532115 nsid=17 id=32769 name=/a\\x20b uid=1000 "
		  "mode=rw-r-----\n", "a queue is present");
	object(IPCNS_KIND_SEM);
	nla_put_u32(msg, IPCNS_A_OBJECT_KEY, 0);
	object_is(" [sem,present] ns=4026532115 nsid=17 id=32769 key=0x00000000 uid=1000 "
		  "mode=rw-r-----\n", "a set is present");
	object(17);
	object_is("", "what a newer module has is left out");
	start();
	nla_put_u64(msg, IPCNS_A_OBJECT_NS_ID, 1);
	nla_put_u32(msg, IPCNS_A_OBJECT_KIND, IPCNS_KIND_MSG);
	object_is(" [msg,present] nsid=1\n", "what is not known is not told");
}

static void snapshots(void)
{
	const unsigned int ns = IPCNS_EVENT_OBJECT_NS, shm = IPCNS_EVENT_OBJECT_SHM,
		mq = IPCNS_EVENT_OBJECT_MQ, created = IPCNS_EVENT_KIND_CREATED,
		dying = IPCNS_EVENT_KIND_DYING, destroyed = IPCNS_EVENT_KIND_DESTROYED,
		unlinked = IPCNS_EVENT_KIND_UNLINKED, changed = IPCNS_EVENT_KIND_CHANGED,
		teardown = IPCNS_EVENT_REASON_TEARDOWN, removed = IPCNS_EVENT_REASON_REMOVED;
	struct snapshot_filter told = { 0 };
	unsigned int i, good = 1;

	check(!admit(&told, shm, created, 1) && !admit(&told, ns, dying, 0) &&
	      !admit(&told, ns, destroyed, 0),
	      "a namespace that was gone before the snapshot is not mentioned");
	snapshot_filter_clear(&told);

	tell_ns(&told, IPCNS_STATE_ACTIVE);
	tell_object(&told, IPCNS_KIND_SHM, 1);
	check(!admit(&told, ns, created, 0) && !admit(&told, shm, created, 1),
	      "what is there is not created again");
	check(admit(&told, shm, changed, 1) && admit(&told, shm, destroyed, 1) &&
	      !admit(&told, shm, destroyed, 1), "it ends once");
	check(!admit(&told, shm, changed, 2) && !admit(&told, shm, destroyed, 2),
	      "what is not there does not end");
	check(admit(&told, shm, created, 2) && admit(&told, shm, destroyed, 2),
	      "what came and went is told in full");

	tell_object(&told, IPCNS_KIND_MQ, 70);
	check(!admit(&told, mq, created, 70) && admit(&told, mq, unlinked, 70) &&
	      admit(&told, mq, destroyed, 70) && admit(&told, mq, created, 71),
	      "a queue is known by its number");

	for (i = 100; i < 5000; i++)
		good &= admit(&told, shm, created, i);
	for (i = 100; i < 5000; i++)
		good &= !admit(&told, shm, created, i);
	check(good, "many things");

	check(admit(&told, ns, dying, 0) && !admit(&told, ns, dying, 0) &&
	      admit_end(&told, shm, 9999, teardown) && !admit_end(&told, shm, 9997, removed) &&
	      admit_end(&told, mq, 9999, removed) && admit(&told, ns, destroyed, 0) &&
	      !admit_end(&told, shm, 9998, teardown),
	      "in a dying namespace all that is torn down is told, and queues that are closed");
	snapshot_filter_clear(&told);
	tell_ns(&told, IPCNS_STATE_DYING);
	check(!admit(&told, ns, dying, 0) && admit_end(&told, shm, 3, teardown),
	      "one that was dying already is not dying again");
	snapshot_filter_clear(&told);
}

static void sets(void)
{
	struct number_set set = { 0 };

	check(!number_set_has(&set, 1), "an empty set");
	check(number_set_add(&set, 5) && number_set_add(&set, UINT64_MAX) &&
	      number_set_add(&set, 1), "numbers are added to it");
	check(!number_set_add(&set, 5), "and not twice");
	check(set.n == 3 && number_set_has(&set, 1) && number_set_has(&set, 5) &&
	      number_set_has(&set, UINT64_MAX) && !number_set_has(&set, 2) && !number_set_has(&set, 0),
	      "a set of numbers");
	number_set_clear(&set);
	check(!set.n && !number_set_has(&set, 1), "and emptied");
}

int main(void)
{
	lines();
	objects();
	malformed();
	masks();
	object_sets();
	snapshots();
	sets();
	nlmsg_free(msg);
	return failures != 0;
}
