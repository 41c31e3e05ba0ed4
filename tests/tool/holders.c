// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps a namespace, from messages of the test's own: rows, doubles, shared references, the
 * sum; descriptors of this process; mounts from lines of mountinfo; attachments; messages and
 * waiters. Results go to stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/ipcns.h>
#include <linux/limits.h>

#include "ipc/attachments.h"
#include "check.h"
#include "commands/holders.h"
#include "util.h"
#include "ipc/references.h"
#include "ipc/message_counts.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/waiter.h"

#define INUM 4026532133U
#define NSID 17

/* A message that is being made; none of the tests needs a larger one. */
static struct {
	struct nlattr attrs[2048];
	int len;
} msg;

static void begin(void)
{
	memset(&msg, 0, sizeof(msg));
}

static void put(int type, const void *data, int len)
{
	struct nlattr *attr = (void *)((char *)msg.attrs + msg.len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(attr), data, len);
	msg.len += NLA_ALIGN(attr->nla_len);
}

static void put32(int type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

static void put64(int type, uint64_t value)
{
	put(type, &value, sizeof(value));
}

static void begin_holder(uint32_t kind, uint64_t token)
{
	begin();
	put32(IPCNS_A_HOLDER_NS_INUM, INUM);
	put64(IPCNS_A_HOLDER_NS_ID, NSID);
	put32(IPCNS_A_HOLDER_KIND, kind);
	put64(IPCNS_A_HOLDER_TOKEN, token);
}

static void no_sort(const struct row *rec, struct sort_key *key)
{
	(void)rec;
	(void)key;
}

/* Begins a ledger of one namespace; @refs below 0: the kernel does not count. */
static void begin_ledger(struct references *ledger, int refs)
{
	struct row_store store = { 0 };

	begin();
	put32(IPCNS_A_NS_INUM, INUM);
	put64(IPCNS_A_NS_ID, NSID);
	put32(IPCNS_A_NS_STATE, IPCNS_STATE_PINNED);
	put32(IPCNS_A_NS_MQ_DEV, 0x00100013);	/* 0:275 */
	row_store_add(&store, msg.attrs, msg.len, no_sort);
	references_begin(ledger, &store);
	row_store_clear(&store);

	begin_holder(IPCNS_HOLDER_KIND_COUNT, 0);
	if (refs >= 0)
		put32(IPCNS_A_HOLDER_REFS, refs);
	references_add(msg.attrs, msg.len, ledger);
}

static void add_task(struct references *ledger, uint64_t token, uint32_t pid)
{
	begin_holder(IPCNS_HOLDER_KIND_TASK, token);
	put32(IPCNS_A_HOLDER_PID, pid);
	put(IPCNS_A_HOLDER_COMM, "job", 4);
	references_add(msg.attrs, msg.len, ledger);
}

/* Of the namespace there is, and of its mqueue filesystem. */
static void add_fd(struct references *ledger, enum descriptor_kind kind, uint32_t pid, uint32_t fd,
		   const char *name)
{
	const struct descriptor descriptor = {
		.kind = kind, .pid = pid, .fd = fd, .inum = INUM, .dev = 0x00100013,
		.name = name, .len = name ? strlen(name) : 0,
	};

	references_add_descriptor(&descriptor, ledger);
}

static void begin_shm(uint64_t token, uint32_t id, uint32_t pid, uint64_t mm, uint64_t start,
		      uint64_t nattch)
{
	begin_holder(IPCNS_HOLDER_KIND_SHM, token);
	put32(IPCNS_A_HOLDER_ID, id);
	if (pid)
		put32(IPCNS_A_HOLDER_PID, pid);
	put64(IPCNS_A_HOLDER_MM, mm);
	put64(IPCNS_A_HOLDER_START, start);
	put64(IPCNS_A_HOLDER_END, start + 0x1000);
	put64(IPCNS_A_HOLDER_SIZE, 4096);
	put64(IPCNS_A_HOLDER_NATTCH, nattch);
}

static void add_mount(struct references *ledger, const char *text)
{
	struct mount mount = { .mntns = 4026531841 };
	char *line = strdup(text);

	if (mount_parse(line, strlen(line), &mount))
		references_add_mount(&mount, ledger);
	free(line);
}

/* Some columns of all rows, as raw output prints them. */
static char *print(const struct table_type *set, const char *columns, void (*rows)(struct table *,
		   const void *), const void *arg, bool json)
{
	FILE *before = stdout;
	struct column_choice sel;
	struct table_options opts;
	struct table out;
	char *text;
	size_t len;

	table_options_init(&opts);
	opts.raw = !json;
	opts.json = json;
	opts.noheadings = true;
	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, set, columns, false);
	table_begin(&out, &opts, &sel, NULL);
	rows(&out, arg);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	return text;
}

static void references_rows(struct table *out, const void *arg)
{
	holders_print(arg, SIZE_MAX, out);
}

/* The rows that are expected; raw output has \x20 for a space in a cell. */
static void references_is(struct references *ledger, const char *want, const char *name)
{
	char *got = print(&holder_columns, "KIND,PID,DETAIL,REFS", references_rows, ledger, false);

	check_text(got, want, name);
	free(got);
	references_free(ledger);
}

static void sums(void)
{
	struct references ledger;
	size_t i;
	uint64_t sum = 0;

	begin_ledger(&ledger, 0);
	references_balance(&ledger);
	references_is(&ledger, "unattributed - - 0\n", "nothing found, nothing counted");

	begin_ledger(&ledger, 3);
	add_task(&ledger, 1, 812);
	references_balance(&ledger);
	check(!ledger.changed && ledger.accounts[0].held ==
	      (1U << HOLDER_TASK | 1U << HOLDER_UNATTRIBUTED), "held by a task and by others");
	references_is(&ledger, "task 812 - 1\nunattributed - - 2\n", "the rest is unattributed");

	begin_ledger(&ledger, 2);
	add_task(&ledger, 2, 900);
	add_task(&ledger, 1, 812);
	add_task(&ledger, 1, 811);
	add_task(&ledger, 1, 812);
	references_balance(&ledger);
	for (i = 0; i < ledger.rows.n; i++)
		sum += ledger.rows.rows[i].refs;
	check(sum == 2, "references add up to the count");
	references_is(&ledger, "task 811 - 1\ntask 812 - -\ntask 900 - 1\nunattributed - - 0\n",
		      "who shares a reference has none of his own; doubles go");

	begin_ledger(&ledger, 1);
	add_task(&ledger, 1, 1);
	add_task(&ledger, 2, 2);
	references_balance(&ledger);
	check(ledger.changed && !(ledger.accounts[0].held & 1U << HOLDER_UNATTRIBUTED),
	      "more found than there are: something changed");
	references_is(&ledger, "task 1 - 1\ntask 2 - 1\n"
		      "unattributed - unknown:\\x20changed\\x20while\\x20reading -\n",
		      "then the rest is unknown");

	begin_ledger(&ledger, -1);
	add_task(&ledger, 1, 1);
	references_balance(&ledger);
	check(!ledger.changed, "no count is no change");
	references_is(&ledger, "task 1 - 1\nunattributed - "
		      "the\\x20kernel\\x20does\\x20not\\x20count\\x20its\\x20references -\n",
		      "where the kernel does not count, the rest is unknown");

	begin_ledger(&ledger, 2);
	add_task(&ledger, 7, 5);
	references_restart(&ledger);
	begin_holder(IPCNS_HOLDER_KIND_COUNT, 0);
	put32(IPCNS_A_HOLDER_REFS, 1);
	references_add(msg.attrs, msg.len, &ledger);
	add_task(&ledger, 9, 6);
	references_balance(&ledger);
	references_is(&ledger, "task 6 - 1\nunattributed - - 0\n", "a dump that begins anew");
}

static void kinds(void)
{
	struct references ledger;
	char *json;

	begin_ledger(&ledger, 9);
	add_fd(&ledger, DESCRIPTOR_QUEUE, 4, 9, "jobs");
	add_fd(&ledger, DESCRIPTOR_SYSVIPC, 4, 3, "shm");
	add_fd(&ledger, DESCRIPTOR_SYSVIPC, 4, 3, "shm");
	add_fd(&ledger, DESCRIPTOR_NSFS, 4, 12, NULL);
	add_fd(&ledger, DESCRIPTOR_NSFS, 4, 5, NULL);
	add_fd(&ledger, DESCRIPTOR_NSFS, 4, 12, NULL);
	begin_shm(1, 3, 40, 1, 0x7f0000000000, 2);
	put(IPCNS_A_HOLDER_READ_ONLY, NULL, 0);
	references_add(msg.attrs, msg.len, &ledger);
	begin_shm(1, 3, 30, 2, 0x1000, 2);
	references_add(msg.attrs, msg.len, &ledger);
	begin_shm(2, 3, 0, 3, 0x2000, 2);
	references_add(msg.attrs, msg.len, &ledger);
	begin_holder(IPCNS_HOLDER_KIND_TASK, 1);
	put32(IPCNS_A_HOLDER_HIDDEN, 3);
	references_add(msg.attrs, msg.len, &ledger);
	begin_holder(IPCNS_HOLDER_KIND_SHM, 9);
	put32(IPCNS_A_HOLDER_ID, 4);
	put32(IPCNS_A_HOLDER_HIDDEN, 1);
	put(IPCNS_A_HOLDER_TRUNCATED, NULL, 0);
	references_add(msg.attrs, msg.len, &ledger);
	add_mount(&ledger, "80 24 0:4 ipc:[4026532133] /run/my\\040ns rw shared:3 - nsfs nsfs rw");
	add_mount(&ledger, "81 24 0:4 ipc:[4026532134] /run/other rw - nsfs nsfs rw");
	add_mount(&ledger, "82 24 0:4 net:[4026532133] /run/net rw - nsfs nsfs rw");
	add_mount(&ledger, "83 24 0:275 / /dev/mqueue rw shared:2 master:1 - mqueue mqueue rw");
	add_mount(&ledger, "84 24 0:19 / /mnt rw - mqueue mqueue rw");
	references_balance(&ledger);
	check(ledger.accounts[0].held == (1U << HOLDER_TASK | 1U << HOLDER_NSFS |
	      1U << HOLDER_MOUNT | 1U << HOLDER_SHM | 1U << HOLDER_UNATTRIBUTED |
	      1U << HOLDER_MQ | 1U << HOLDER_MQUEUE_MOUNT), "held by all kinds");
	json = print(&holder_columns, "REFS,PID,NSID", references_rows, &ledger, true);
	check(!!strstr(json, "\"refs\": 1,\n         \"pid\": null,\n         \"nsid\": 17\n"),
	      "JSON has numbers, and null for a process that cannot be seen");
	free(json);
	references_is(&ledger,
		      "task - 3\\x20processes\\x20not\\x20visible 1\n"
		      "nsfs 4 fd\\x205 1\n"
		      "nsfs 4 fd\\x2012 -\n"
		      "mount - mnt\\x20namespace\\x204026531841\\x20at\\x20/run/my\\x20ns -\n"
		      "shm 30 id\\x203,\\x204096\\x20bytes,\\x2000001000-00002000\\x20rw 1\n"
		      "shm 40 id\\x203,\\x204096\\x20bytes,\\x207f0000000000-7f0000001000\\x20ro -\n"
		      "shm - id\\x203,\\x204096\\x20bytes,\\x2000002000-00003000\\x20rw,"
		      "\\x20process\\x20not\\x20found 1\n"
		      "shm - id\\x204,\\x201\\x20attachment\\x20not\\x20visible,"
		      "\\x20not\\x20all\\x20attachments\\x20listed 1\n"
		      "unattributed - - 4\n"
		      "sysvipc 4 possibly:\\x20/proc/sysvipc/shm\\x20fd\\x203 -\n"
		      "mq 4 queue\\x20/jobs\\x20fd\\x209 0\n"
		      "mqueue-mount - mnt\\x20namespace\\x204026531841\\x20at\\x20/dev/mqueue 0\n",
		      "one of each kind");

	begin_ledger(&ledger, 1);
	add_mount(&ledger, "80 24 0:4 ipc:[4026532133] /b rw - nsfs nsfs rw");
	add_mount(&ledger, "81 24 0:4 ipc:[4026532133] /a rw - nsfs nsfs rw");
	add_mount(&ledger, "81 24 0:4 ipc:[4026532133] /a rw - nsfs nsfs rw");
	references_balance(&ledger);
	references_is(&ledger, "mount - mnt\\x20namespace\\x204026531841\\x20at\\x20/a 1\n"
		      "mount - mnt\\x20namespace\\x204026531841\\x20at\\x20/b -\n"
		      "unattributed - - 0\n", "mounts alone share the reference of the inode");

	begin_ledger(&ledger, 1);
	add_fd(&ledger, DESCRIPTOR_SYSVIPC, 4, 3, "shm");
	add_task(&ledger, 1, 4);
	references_balance(&ledger);
	references_is(&ledger, "task 4 - 1\nunattributed - - 0\n",
		      "where nothing is unattributed, nothing is possible");

	begin_ledger(&ledger, -1);
	add_fd(&ledger, DESCRIPTOR_SYSVIPC, 4, 3, "shm");
	references_balance(&ledger);
	references_is(&ledger, "unattributed - "
		      "the\\x20kernel\\x20does\\x20not\\x20count\\x20its\\x20references -\n"
		      "sysvipc 4 possibly:\\x20/proc/sysvipc/shm\\x20fd\\x203 -\n",
		      "where the rest is unknown, it is possible");
}

/* Several namespaces, whose rows come interleaved. */
static void many(void)
{
	struct row_store store = { 0 };
	struct references ledger;
	uint64_t nsid, k;
	bool good = true;

	for (nsid = 1; nsid <= 3; nsid++) {
		begin();
		put32(IPCNS_A_NS_INUM, INUM);	/* the same one for all */
		put64(IPCNS_A_NS_ID, nsid);
		row_store_add(&store, msg.attrs, msg.len, no_sort);
	}
	references_begin(&ledger, &store);
	for (k = 0; k < 8; k++) {
		for (nsid = 1; nsid <= 4; nsid++) {
			begin();
			put32(IPCNS_A_HOLDER_NS_INUM, INUM);
			put64(IPCNS_A_HOLDER_NS_ID, nsid);
			put32(IPCNS_A_HOLDER_KIND, k ? IPCNS_HOLDER_KIND_TASK :
			      IPCNS_HOLDER_KIND_COUNT);
			if (!k)
				put32(IPCNS_A_HOLDER_REFS, 10 * nsid);
			put32(IPCNS_A_HOLDER_PID, k);
			put64(IPCNS_A_HOLDER_TOKEN, k);
			references_add(msg.attrs, msg.len, &ledger);
		}
	}
	references_balance(&ledger);
	for (nsid = 1; nsid <= 3; nsid++)
		good &= ledger.accounts[nsid - 1].attributed == 7 &&
			ledger.rows.rows[8 * nsid - 1].refs == 10 * nsid - 7;
	check(good && ledger.rows.n == 24, "each has its own, one that was not asked for none");
	references_free(&ledger);
	row_store_clear(&store);
}

/* As list reads it. */
static void brief(void)
{
	struct references ledger;
	uint32_t i;

	begin_ledger(&ledger, 260);
	ledger.brief = true;
	for (i = 0; i < 20000; i++) {
		add_task(&ledger, i % 255, i);
		add_fd(&ledger, DESCRIPTOR_NSFS, i, i, NULL);
	}
	add_mount(&ledger, "80 24 0:4 ipc:[4026532133] /b rw - nsfs nsfs rw");
	references_balance(&ledger);
	check(ledger.accounts[0].attributed == 256 && ledger.accounts[0].held ==
	      (1U << HOLDER_TASK | 1U << HOLDER_NSFS | 1U << HOLDER_MOUNT |
	       1U << HOLDER_UNATTRIBUTED), "references without their holders");
	check(ledger.rows.allocated <= 1024, "take memory for references, not for holders");
	references_free(&ledger);
}

static void hostile(void)
{
	static const char long_name[5000] = { [0 ... 4998] = 'x' };
	static const int sizes[] = { 0, 1, 2, 3, 5, 7, 9, 300 };
	struct references ledger;
	size_t i, at;
	int type;

	begin_ledger(&ledger, 100);
	for (type = 1; type <= IPCNS_A_HOLDER_MAX + 2; type++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			begin_shm(type, 1, 1, 1, 1, 1);
			put(type, long_name, sizes[i]);
			references_add(msg.attrs, msg.len, &ledger);
		}
	}
	for (i = 0; i < 16; i++) {	/* kinds there are not */
		begin_holder(i < 8 ? 7 + i : UINT32_MAX - i, i);
		references_add(msg.attrs, msg.len, &ledger);
	}
	for (at = 0; at < 200; at++) {	/* cut anywhere, into pieces of their own */
		struct nlattr *piece;

		begin_shm(at, 1, 1, 1, 1, 1);
		if ((int)at > msg.len)
			break;
		piece = xmemdup(msg.attrs, at);
		references_add(piece, at, &ledger);
		free(piece);
	}
	add_fd(&ledger, DESCRIPTOR_QUEUE, 1, 1, long_name);
	add_fd(&ledger, DESCRIPTOR_QUEUE, 1, 1, "a\x1b[31m\n\xff");
	begin_holder(IPCNS_HOLDER_KIND_TASK, 1);
	put(IPCNS_A_HOLDER_COMM, long_name, sizeof(long_name));
	references_add(msg.attrs, msg.len, &ledger);
	references_balance(&ledger);
	free(print(&holder_columns, "NS,KIND,PID,COMMAND,DETAIL,REFS,FD,NAME,MNTNS,ID,ADDRESS,MODE",
		   references_rows, &ledger, false));
	free(print(&holder_columns, NULL, references_rows, &ledger, true));
	check(1, "messages of any length and content");
	references_free(&ledger);
}

/* Paths of mounts as long as they can be, and more of them than are kept whole. */
static void long_paths(void)
{
	static char path[2 * PATH_MAX];
	struct mount mount = { .kind = MOUNT_NSFS, .inum = INUM, .mntns = 1, .path = path };
	const struct holder *row;
	struct references ledger;
	size_t i, bytes = 0, cut = 0;

	begin_ledger(&ledger, 1);
	memset(path, 1, sizeof(path));
	for (i = 0; i < 5000; i++) {
		snprintf(path + sizeof(path) - 8, 8, "%zu", i);
		mount.len = i ? sizeof(path) : 20;
		references_add_mount(&mount, &ledger);
	}
	references_balance(&ledger);
	check(ledger.rows.n == 5001, "of mounts at long paths, each has a row");
	for (row = ledger.rows.rows; row < ledger.rows.rows + ledger.rows.n; row++) {
		bytes += row->text_len;
		cut += row->text_len >= 64 && !memcmp(row->text + row->text_len - 3, "...", 3);
	}
	check(cut == 4999, "paths that are cut are marked so");
	check(bytes <= (8 << 20) + PATH_MAX + 5000 * 64, "and memory for them is bounded");
	references_free(&ledger);
}

/* Descriptors that may have a reference of any of many namespaces: rows are not multiplied. */
static void many_possible(void)
{
	struct row_store store = { 0 };
	struct references ledger;
	uint32_t i;

	for (i = 0; i < 100; i++) {
		begin();
		put32(IPCNS_A_NS_INUM, INUM + i);
		put64(IPCNS_A_NS_ID, NSID + i);
		put32(IPCNS_A_NS_STATE, IPCNS_STATE_PINNED);
		row_store_add(&store, msg.attrs, msg.len, no_sort);
	}
	references_begin(&ledger, &store);
	for (i = 0; i < 100; i++) {
		begin();
		put32(IPCNS_A_HOLDER_NS_INUM, INUM + i);
		put64(IPCNS_A_HOLDER_NS_ID, NSID + i);
		put32(IPCNS_A_HOLDER_KIND, IPCNS_HOLDER_KIND_COUNT);
		put32(IPCNS_A_HOLDER_REFS, 1);
		references_add(msg.attrs, msg.len, &ledger);
	}
	for (i = 0; i < 1000; i++)
		add_fd(&ledger, DESCRIPTOR_SYSVIPC, 1, i, "shm");
	references_balance(&ledger);
	check(ledger.rows.n == 100 + 65000 && ledger.left_out == 35,
	      "what may hold any of many namespaces is not listed with each");
	references_free(&ledger);
	row_store_clear(&store);
}

static void mount_is(const char *text, int want, const char *path)
{
	struct mount mount = { 0 };
	size_t len = strlen(text);
	char *line = xmemdup(text, len), name[192];	/* no byte behind it */
	int got = mount_parse(line, len, &mount) ? mount.kind + 1 : 0;

	snprintf(name, sizeof(name), "mountinfo \"%s\"", text);
	check(got == want && (!want || (mount.len == strlen(path) &&
	      !memcmp(mount.path, path, mount.len))), name);
	free(line);
}

static void mounts(void)
{
	struct mount mount;
	char line[] = "83 24 4095:1048575 / / rw - mqueue m rw";

	mount_is("80 24 0:4 ipc:[4026532133] /run/a rw - nsfs nsfs rw", 1, "/run/a");
	mount_is("80 24 0:4 ipc:[4026532133] /run/a rw shared:1 master:2 - nsfs", 1, "/run/a");
	mount_is("80 24 0:4 ipc:[4026532133] /a\\040b\\011c\\012d\\134e rw - nsfs n rw", 1,
		 "/a b\tc\nd\\e");
	mount_is("80 24 0:4 ipc:[4026532133] /a\\04 rw - nsfs n rw", 1, "/a\\04");
	mount_is("80 24 0:4 ipc:[4026532133] /a\\0 rw - nsfs n rw", 1, "/a\\0");
	mount_is("80 24 0:4 ipc:[4026532133] /a\\777\\400 rw - nsfs n rw", 1, "/a\\777\\400");
	mount_is("80 24 0:4 ipc:[4026532133] /a\\377 rw - nsfs n rw", 1, "/a\xff");
	mount_is("80 24 0:4 ipc:[4026532133] /run/a//deleted rw - nsfs n rw", 1, "/run/a//deleted");
	mount_is("80 24 0:4 mnt:[4026532133] /run/a rw - nsfs nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[] /run/a rw - nsfs nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[4294967296] /run/a rw - nsfs nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[12 /run/a rw - nsfs nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[12] /run/a rw - ext4 nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[12] /run/a rw nsfs nsfs rw", 0, "");
	mount_is("80 24 0:4 ipc:[12] /run/a rw -", 0, "");
	mount_is("80 24 0:4 ipc:[12] /run/a", 0, "");
	mount_is("", 0, "");
	mount_is("      ", 0, "");
	mount_is("83 24 0:19 / /dev/mqueue rw shared:5 - mqueue mqueue rw", 2, "/dev/mqueue");
	mount_is("83 24 019 / /dev/mqueue rw - mqueue mqueue rw", 0, "");
	mount_is("83 24 : / /dev/mqueue rw - mqueue mqueue rw", 0, "");
	mount_is("83 24 0:1048576 / /dev/mqueue rw - mqueue mqueue rw", 0, "");
	mount_is("25 24 0:22 / /proc rw,nosuid - proc proc rw,hidepid=2", 3, "/proc");
	mount_is("25 24 022 / /proc rw,nosuid - proc proc rw", 0, "");
	mount_is("26 24 0:22 / /dev/shm rw - tmpfs shm rw,size=64m", 4, "/dev/shm");
	mount_is("26 24 0:22 /a\\040b /dev/s rw - devtmpfs x rw", 4, "/dev/s");
	mount_is("2x 24 0:22 / /dev/shm rw - tmpfs shm rw", 0, "");
	check(mount_parse(line, strlen(line), &mount) && mount.dev == UINT32_MAX,
	      "the largest device number");
}

/* Descriptors of this process that were found: how often by number, and the last of a name. */
struct own {
	unsigned int times[1024];
	char name[64];
	uint64_t inum, ino;
	uint32_t dev;
};

static void take_own(const struct descriptor *descriptor, void *arg)
{
	struct own *own = arg;

	if (descriptor->pid != (uint32_t)getpid() || descriptor->fd >= ARRAY_SIZE(own->times))
		return;
	own->times[descriptor->fd]++;
	if (descriptor->kind == DESCRIPTOR_NSFS)
		own->inum = descriptor->inum;
	else
		snprintf(own->name, sizeof(own->name), "%.*s", (int)descriptor->len,
			 descriptor->name);
	own->dev = descriptor->dev;
	own->ino = descriptor->ino;
}

static void add_search_mount(const struct mount *mount, void *arg)
{
	descriptors_add_mount(arg, mount);
}

static void search_own(unsigned int kinds, struct own *own)
{
	struct descriptor_search search = { .kinds = kinds };

	*own = (struct own){ 0 };
	mounts_read(add_search_mount, &search, NULL);
	descriptors_read(&search, take_own, own);
	descriptors_clear(&search);
}

static void queue_descriptor(void)
{
	static const char name[] = "/ipcns test (deleted)";
	int fd = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
	struct stat st = { 0 };
	struct own own;

	if (fd < 0) {
		fprintf(stderr, "# no POSIX queue can be made here: %s\n", strerror(errno));
		return;
	}
	fstat(fd, &st);
	search_own(1U << DESCRIPTOR_QUEUE, &own);
	check(own.times[fd] == 1 && own.ino == st.st_ino &&
	      own.dev == mount_dev(major(st.st_dev), minor(st.st_dev)),
	      "a queue is found by device and inode");
	check_text(own.name, name + 1, "a name that ends as those of unlinked files do");
	mq_unlink(name);
	search_own(1U << DESCRIPTOR_QUEUE, &own);
	check_text(own.name, name + 1, "the name of an unlinked queue");
	close(fd);
}

/* A thread with a table of its own: the descriptor is in no other. */
static void *open_alone(void *arg)
{
	int *pipes = arg;
	char byte;

	if (unshare(CLONE_FILES))
		return NULL;
	dup2(pipes[4], 900);
	if (write(pipes[1], "x", 1) != 1 || read(pipes[2], &byte, 1) != 1)
		return NULL;
	return arg;
}

static void thread_descriptor(int fd)
{
	int pipes[5] = { [4] = fd };
	pthread_t thread;
	struct own own;
	char byte;

	if (pipe(pipes) || pipe(pipes + 2) || pthread_create(&thread, NULL, open_alone, pipes) ||
	    read(pipes[0], &byte, 1) != 1) {
		check(false, "a thread with a table of its own");
		return;
	}
	search_own(1U << DESCRIPTOR_NSFS, &own);
	check(own.times[900] == 1 && own.times[fd] == 2,
	      "a thread's own table is read, too");
	if (write(pipes[3], "x", 1) != 1)
		check(false, "the thread goes on");
	pthread_join(thread, NULL);
}

static void descriptors(void)
{
	char folder[] = "/tmp/ipcns.XXXXXX";
	struct stat st = { 0 };
	struct own own;
	int fd, file;

	fd = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	fstat(fd, &st);
	search_own(1U << DESCRIPTOR_NSFS | 1U << DESCRIPTOR_QUEUE | 1U << DESCRIPTOR_SYSVIPC, &own);
	check(fd >= 0 && own.times[fd] == 1 && own.inum == st.st_ino,
	      "a descriptor of a namespace is found by its inode number");
	search_own(1U << DESCRIPTOR_QUEUE, &own);
	check(!own.times[fd], "unless others are wanted");
	file = open("/proc/sysvipc/sem", O_RDONLY | O_CLOEXEC);
	search_own(1U << DESCRIPTOR_SYSVIPC, &own);
	check(file >= 0 && own.times[file] == 1 && !strcmp(own.name, "sem"),
	      "an open file of /proc/sysvipc");
	close(file);
	file = mkdtemp(folder) && !chdir(folder) && !mkdir("sysvipc", 0700) ?
	       open("sysvipc/sem", O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	search_own(1U << DESCRIPTOR_SYSVIPC, &own);
	check(file >= 0 && !own.times[file], "a file of that name elsewhere is none");
	close(file);
	unlink("sysvipc/sem");
	rmdir("sysvipc");
	rmdir(folder);
	queue_descriptor();
	thread_descriptor(fd);
	close(fd);
}

static void attachments_rows(struct table *out, const void *arg)
{
	attachments_print(arg, out);
}

static void attachments_is(struct attachments *attached, const struct row_store *segments,
			   bool others,
			   size_t incomplete, const char *want, const char *name)
{
	char *got;

	attachments_settle(attached, segments, others);
	got = print(&attachment_columns, "ID,PID,ADDRESS,MODE,NATTCH,NOTE", attachments_rows,
		    attached,
		    false);
	check_text(got, want, name);
	check(attached->incomplete == incomplete, "as many that do not add up");
	holders_free(&attached->rows);
	attached->incomplete = 0;
	free(got);
}

static void add_segment(struct row_store *store, uint32_t id, uint64_t nattch)
{
	struct {
		struct nlattr attr;
		uint64_t nattch;
	} __attribute__((packed)) nest = {
		{ sizeof(nest), IPCNS_A_SHM_NATTCH }, nattch,
	};

	begin();
	put32(IPCNS_A_OBJECT_NS_INUM, INUM);
	put64(IPCNS_A_OBJECT_NS_ID, NSID);
	put32(IPCNS_A_OBJECT_KIND, IPCNS_KIND_SHM);
	put32(IPCNS_A_OBJECT_ID, id);
	put(IPCNS_A_OBJECT_SHM, &nest, sizeof(nest));
	row_store_add(store, msg.attrs, msg.len, object_sort_key);
}

static void add_attachment(struct attachments *attached, uint32_t id, uint32_t pid, uint64_t mm,
			   uint64_t start, uint64_t nattch)
{
	begin_shm(pid, id, pid, mm, start, nattch);
	attachments_add(msg.attrs, msg.len, attached);
}

static void attachments(void)
{
	struct attachments attached = { 0 };
	struct row_store store = { 0 };

	attachments_is(&attached, &store, true, 0, "", "no segments, no attachments");
	add_segment(&store, 9, 0);
	add_segment(&store, 3, 2);
	add_attachment(&attached, 3, 20, 1, 0x1000, 2);
	add_attachment(&attached, 3, 10, 1, 0x1000, 2);
	add_attachment(&attached, 3, 10, 1, 0x1000, 2);
	add_attachment(&attached, 3, 10, 2, 0x1000, 2);
	attachments_is(&attached, &store, true, 0, "3 10 00001000-00002000 rw 2 -\n"
		       "3 10 00001000-00002000 rw 2 -\n3 20 00001000-00002000 rw 2 -\n",
		       "processes that share an address space are one attachment");
	add_attachment(&attached, 3, 10, 1, 0x1000, 3);
	add_attachment(&attached, 3, 10, 1, 0x3000, 3);
	attachments_is(&attached, &store, true, 1, "3 10 00001000-00002000 rw 3 -\n"
		       "3 10 00003000-00004000 rw 3 -\n3 - - - 3 2\\x20of\\x203\\x20found\n",
		       "too few are said to be too few");
	add_attachment(&attached, 3, 10, 1, 0x1000, 1);
	add_attachment(&attached, 3, 11, 2, 0x1000, 2);
	attachments_is(&attached, &store, true, 1, "3 10 00001000-00002000 rw 1 -\n"
		       "3 11 00001000-00002000 rw 2 -\n"
		       "3 - - - 1 2\\x20found,\\x20the\\x20count\\x20changed\n", "a count that changed");
	attachments_is(&attached, &store, true, 1, "3 - - - 2 0\\x20of\\x202\\x20found\n",
		       "none are said to be none");
	add_attachment(&attached, 3, 0, 1, 0x1000, 2);
	add_attachment(&attached, 3, 12, 2, 0x1000, 2);
	add_attachment(&attached, 5, 12, 2, 0x5000, 1);
	attachments_is(&attached, &store, false, 0, "3 12 00001000-00002000 rw 2 -\n"
		       "3 - 00001000-00002000 rw 2 -\n", "other segments where a filter is");
	add_attachment(&attached, 3, 12, 2, 0x1000, 1);
	add_attachment(&attached, 5, 12, 2, 0x5000, 1);
	attachments_is(&attached, &store, true, 0, "3 12 00001000-00002000 rw 1 -\n"
		       "5 12 00005000-00006000 rw 1 -\n", "and where there is none");
	row_store_clear(&store);
}

static void message_rows(struct table *out, const void *arg)
{
	message_list_print(arg, out);
}

static void messages(void)
{
	static const struct {
		int64_t type;
		uint64_t size;
	} queue[] = { { 5, 10 }, { 5, 1 }, { 1, 0 }, { INT64_MAX, 2 }, { 5, 100 } };
	struct message_list list = { 0 };
	struct row rec;
	char *got;
	size_t i;
	int prio;

	for (i = 0; i < ARRAY_SIZE(queue); i++) {
		begin();
		put64(IPCNS_A_ELEMENT_MTYPE, queue[i].type);
		put64(IPCNS_A_ELEMENT_SIZE, queue[i].size);
		row_parse(&rec, msg.attrs, msg.len);
		message_list_add(&list, &rec);
	}
	message_list_sort(&list, false);
	got = print(&type_columns, NULL, message_rows, &list, false);
	check_text(got, "1 1 0B\n5 3 111B\n9223372036854775807 1 2B\n", "messages by type");
	free(got);
	message_list_free(&list);
	for (prio = 0; prio < 4; prio++) {
		begin();
		put32(IPCNS_A_ELEMENT_PRIO, prio / 2 * 32767);
		row_parse(&rec, msg.attrs, msg.len);
		message_list_add(&list, &rec);
	}
	begin();
	row_parse(&rec, msg.attrs, msg.len);
	message_list_add(&list, &rec);
	message_list_sort(&list, true);
	got = print(&prio_columns, NULL, message_rows, &list, false);
	check_text(got, "32767 2 0B\n0 2 0B\n", "messages by priority, the first to be read first");
	free(got);
	message_list_free(&list);
}

static void waiter_rows(struct table *out, const void *arg)
{
	struct row rec;

	(void)arg;
	row_parse(&rec, msg.attrs, msg.len);
	table_add(out, &rec);
}

static void waiter_is(const char *columns, const char *want)
{
	char *got = print(&queue_waiter_columns, columns, waiter_rows, NULL, false);

	check_text(got, want, want);
	free(got);
}

static void begin_waiter(uint32_t role, int64_t mtype, uint32_t mode, uint64_t size)
{
	begin();
	put32(IPCNS_A_WAITER_ROLE, role);
	if (mtype >= 0)
		put64(IPCNS_A_WAITER_MTYPE, mtype);
	put32(IPCNS_A_WAITER_MODE, mode);
	put64(IPCNS_A_WAITER_SIZE, size);
}

static void waiters(void)
{
	struct row rec;
	char *got;

	begin();
	put32(IPCNS_A_WAITER_ROLE, IPCNS_ROLE_SEM);
	put32(IPCNS_A_WAITER_SEMNUM, 4);
	put32(IPCNS_A_WAITER_SEMOP, -2);
	put32(IPCNS_A_WAITER_NSOPS, 1);
	waiter_is("SEMNUM,OP,WAITSFOR", "4 -2 decrease\\x20by\\x202\n");
	begin();
	put32(IPCNS_A_WAITER_ROLE, IPCNS_ROLE_SEM);
	put32(IPCNS_A_WAITER_SEMOP, 0);
	put32(IPCNS_A_WAITER_NSOPS, 3);
	waiter_is("ROLE,WAITSFOR", "sem to\\x20be\\x20zero,\\x20one\\x20of\\x203\\x20operations\n");
	begin();
	put32(IPCNS_A_WAITER_ROLE, IPCNS_ROLE_SEM);
	put32(IPCNS_A_WAITER_SEMOP, INT32_MIN);
	put32(IPCNS_A_WAITER_NSOPS, UINT32_MAX);
	waiter_is("WAITSFOR", "decrease\\x20by\\x202147483648,\\x20one\\x20of\\x20"
		  "4294967295\\x20operations\n");
	begin_waiter(IPCNS_ROLE_RECEIVER, 7, IPCNS_MSG_MODE_EQUAL, 8192);
	waiter_is("ROLE,WAITSFOR,MODE,MTYPE,SIZE", "receiver type\\x207 equal 7 8K\n");
	begin_waiter(IPCNS_ROLE_RECEIVER, 7, IPCNS_MSG_MODE_NOT_EQUAL, 8192);
	waiter_is("WAITSFOR", "any\\x20type\\x20but\\x207\n");
	begin_waiter(IPCNS_ROLE_RECEIVER, INT64_MAX, IPCNS_MSG_MODE_LESS_EQUAL, 8192);
	waiter_is("WAITSFOR", "lowest\\x20type\\x20up\\x20to\\x209223372036854775807\n");
	begin_waiter(IPCNS_ROLE_RECEIVER, -1, IPCNS_MSG_MODE_ANY, 8192);
	waiter_is("WAITSFOR", "any\\x20message\n");
	begin_waiter(IPCNS_ROLE_RECEIVER, 1, 77, 8192);
	waiter_is("WAITSFOR,MODE,MTYPE", "- - 1\n");
	begin_waiter(IPCNS_ROLE_SENDER, INT64_MAX, 0, UINT64_MAX);
	waiter_is("ROLE,WAITSFOR", "sender room\\x20for\\x2018446744073709551615\\x20bytes\\x20of"
		  "\\x20type\\x209223372036854775807\n");
	begin_waiter(IPCNS_ROLE_SENDER, -1, 0, 10);
	waiter_is("WAITSFOR", "room\\x20for\\x2010\\x20bytes\n");
	begin_waiter(99, -1, 0, 10);
	waiter_is("ROLE,WAITSFOR", "- -\n");

	begin();
	put32(IPCNS_A_WAITER_ROLE, IPCNS_ROLE_UNDO);
	put32(IPCNS_A_WAITER_SEMOP, -3);
	row_parse(&rec, msg.attrs, msg.len);
	check(waiter_is_undo(&rec), "an adjustment is told from who waits");
	got = print(&undo_columns, "ADJUST,PID", waiter_rows, NULL, true);
	check_text(got, "{\n   \"undo\": [\n      {\n         \"adjust\": -3,\n"
		   "         \"pid\": null\n      }\n   ]\n}\n", "an adjustment below zero in JSON");
	free(got);
}

/* Rows of libsmartcols are printed in parts, with headings above the first. */
static void parts(void)
{
	const struct ns_facts some = { true, 1U << HOLDER_TASK };
	size_t headings = 0, rows = 0, len, i;
	struct row rec = { .data = &some };
	FILE *before = stdout, *in;
	struct column_choice sel;
	struct table_options opts;
	char *text, line[256];
	struct table out;

	table_options_init(&opts);
	opts.tree = true;
	stdout = open_memstream(&text, &len);
	column_choice_parse(&sel, &ns_columns, "HELD", false);
	table_begin(&out, &opts, &sel, NULL);
	for (i = 0; i < 40000; i++)
		table_add(&out, &rec);
	table_end(&out);
	column_choice_free(&sel);
	fclose(stdout);
	stdout = before;
	in = fmemopen(text, len, "r");
	while (fgets(line, sizeof(line), in)) {
		headings += !strncmp(line, "HELD", 4);
		rows += !strncmp(line, "task", 4);
	}
	fclose(in);
	free(text);
	check(headings == 1 && rows == 40000, "a table of many rows has each of them, and one heading");
}

static void held_rows(struct table *out, const void *arg)
{
	struct row rec = { .data = arg };

	table_add(out, &rec);
}

static void held_is(const struct ns_facts *held, const char *raw, const char *json)
{
	char *got = print(&ns_columns, "HELD", held_rows, held, false);

	check_text(got, raw, "kinds of holders with commas between");
	free(got);
	got = print(&ns_columns, "HELD", held_rows, held, true);
	check_text(got, json, "and as an array");
	free(got);
}

static void held(void)
{
	struct ns_facts some = { true, 1U << HOLDER_SHM | 1U << HOLDER_TASK | 1U << HOLDER_MQ };
	struct ns_facts none = { true, 1U << HOLDER_MQUEUE_MOUNT };

	held_is(&some, "task,shm\n",
		"{\n   \"namespaces\": [\n      {\n         \"held\": [\n"
		"            \"task\",\n            \"shm\"\n         ]\n      }\n   ]\n}\n");
	held_is(&none, "-\n", "{\n   \"namespaces\": [\n      {\n         \"held\": []\n"
		"      }\n   ]\n}\n");
	held_is(NULL, "-\n", "{\n   \"namespaces\": [\n      {\n         \"held\": null\n"
		"      }\n   ]\n}\n");
}

int main(void)
{
	setlocale(LC_ALL, "C");
	sums();
	kinds();
	many();
	brief();
	hostile();
	long_paths();
	many_possible();
	mounts();
	descriptors();
	attachments();
	messages();
	waiters();
	held();
	parts();
	return failures != 0;
}
