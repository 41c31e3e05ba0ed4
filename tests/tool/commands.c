// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole commands, before a kernel that answers what a test has laid out, on a host that is always
 * the same: those of the fuzzers (tests/fuzz/kernel.c, host.c). What a real kernel seldom answers, and
 * what the tool makes of it: exit status, output, messages. Results go to stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/ipcns.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "../fuzz/kernel.h"
#include "check.h"
#include "command.h"
#include "host/capability.h"
#include "host/posix_shm.h"
#include "host/removal.h"
#include "util.h"

/* The tool's exit() comes back here, and sockets are the made-up kernel's. */
void fuzz_exit(int status) __attribute__((noreturn));
struct nl_sock *fuzz_socket_alloc(void);
void fuzz_socket_free(struct nl_sock *sk);
void __wrap_exit(int status) __attribute__((noreturn));
struct nl_sock *__wrap_nl_socket_alloc(void);
void __wrap_nl_socket_free(struct nl_sock *sk);

/* What the tool holds when it exits, it does not free. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

void __wrap_exit(int status)
{
	fuzz_exit(status);
}

struct nl_sock *__wrap_nl_socket_alloc(void)
{
	return fuzz_socket_alloc();
}

void __wrap_nl_socket_free(struct nl_sock *sk)
{
	fuzz_socket_free(sk);
}

/* What the kernel answers, and the row that is being made. */
static uint8_t answers[1 << 16];
static size_t answers_len;
static struct nl_msg *msg;

static void put_record(unsigned int kind, const void *data, size_t len)
{
	uint8_t *at = answers + answers_len;

	at[0] = kind;
	at[1] = len;
	at[2] = len >> 8;
	memcpy(at + 3, data, len);
	answers_len += 3 + len;
}

static void begin_row(void)
{
	msg = nlmsg_alloc_simple(NLMSG_MIN_TYPE, 0);
}

static void end_row_as(unsigned int kind)
{
	put_record(kind, nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
}

static void end_row(void)
{
	end_row_as(RECORD_ROW);
}

static void put(int attr, uint64_t value)
{
	nla_put_u64(msg, attr, value);
}

/* How an answer ends: to a request for a dump, or for one thing. */
static void end_dump(int error)
{
	put_record(RECORD_DONE, &error, sizeof(error));
}

static void end_answer(int error)
{
	put_record(RECORD_ERROR, &error, sizeof(error));
}

/* The same, with the module's own words. */
static void refuse_as(unsigned int kind, int error, const char *words)
{
	uint8_t data[256];
	struct nlattr *attr = (void *)(data + sizeof(error));
	size_t len = strlen(words) + 1;

	memset(data, 0, sizeof(data));
	memcpy(data, &error, sizeof(error));
	attr->nla_type = NLMSGERR_ATTR_MSG;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(nla_data(attr), words, len);
	put_record(kind, data, sizeof(error) + NLA_ALIGN(attr->nla_len));
}

static void refuse(int error, const char *words)
{
	refuse_as(RECORD_ERROR, error, words);
}

static void refuse_dump(int error, const char *words)
{
	refuse_as(RECORD_DONE, error, words);
}

static struct nlattr *nest;

static void begin_nest(int attr)
{
	nest = nla_nest_start(msg, attr);
}

static void end_nest(void)
{
	nla_nest_end(msg, nest);
}

static void put_namespace(uint64_t inum, uint64_t id, unsigned int state)
{
	put(IPCNS_A_NS_INUM, inum);
	put(IPCNS_A_NS_ID, id);
	put(IPCNS_A_NS_STATE, state);
}

static void namespace(uint64_t inum, uint64_t id, unsigned int state)
{
	begin_row();
	put_namespace(inum, id, state);
	end_row();
}

/* The answer to the look-up of namespace 7, which has identity 70. */
static void look_up(void)
{
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_answer(0);
}

static void begin_object(unsigned int kind, uint64_t id)
{
	begin_row();
	put(IPCNS_A_OBJECT_NS_INUM, 7);
	put(IPCNS_A_OBJECT_NS_ID, 70);
	put(IPCNS_A_OBJECT_KIND, kind);
	put(IPCNS_A_OBJECT_ID, id);
}

/* What a command printed. */
static char *errors;
static size_t errors_len;

/* Whoever may not see all of this machine is told so by commands, whatever the kernel answers. */
static void drop_remark(void)
{
	char *at = strstr(errors, is_administrator() ? PROGRAM ": files in /dev/shm are not shown" :
						       PROGRAM ": you see only a part"), *end;

	if (!at || (is_administrator() && posix_shm_permitted()))
		return;
	end = strchr(at, '\n') + 1;
	errors_len -= end - at;
	memmove(at, end, strlen(end) + 1);
}

/* Runs a command; a result for its exit status, and one for each text that it has to print. */
static void run(const char *name, int (*command)(int argc, char **argv), char **argv, int want,
		const char *out, const char *err)
{
	FILE *results = stderr;
	const char *text;
	int status;

	stderr = open_memstream(&errors, &errors_len);
	quiet = false;
	status = run_command(command, argv, answers, answers_len, false);
	fclose(stderr);
	stderr = results;
	drop_remark();
	answers_len = 0;
	text = command_output();
	check(status == want, name);
	if (status != want)
		fprintf(stderr, "# exit status %d instead of %d\n# %s\n# %s\n", status, want, text,
			errors);
	if (out && !strstr(text, out)) {
		check(0, name);
		fprintf(stderr, "# \"%s\" is not in \"%s\"\n", out, text);
	}
	if (err ? !strstr(errors, err) : errors_len != 0) {
		check(0, name);
		fprintf(stderr, "# \"%s\" is not in \"%s\"\n", err ?: "nothing", errors);
	}
	free(errors);
}

#define RUN(name, command, want, out, err, ...) \
	run(name, command, (char *[]){ "x", ##__VA_ARGS__, NULL }, want, out, err)


/* Each request can fail, and each command says so in a line. */
static void refused(void)
{
	end_dump(EPERM);
	RUN("list: not permitted", cmd_list, STATUS_ERROR, NULL, "cannot list namespaces: ");
	end_dump(EOPNOTSUPP);
	RUN("objects: not on this kernel", cmd_objects, STATUS_ERROR, NULL, "cannot list objects: ");
	refuse(ENOENT, "no such namespace");
	RUN("show: no such namespace", cmd_show, STATUS_ERROR, NULL, "no IPC namespace \"7\"", "7");
	end_answer(ENOENT);
	RUN("show: the module is gone", cmd_show, STATUS_NO_MODULE, NULL, "module not loaded", "7");
	refuse(EACCES, "not\x1b yours");
	RUN("the module's own words", cmd_show, STATUS_ERROR, NULL,
	    "namespace \"7\": not\\x1b yours\n", "7");
	end_answer(ENOTUNIQ);
	RUN("holders: two namespaces", cmd_holders, STATUS_ERROR, NULL,
	    "inode 7 is ambiguous, use id=NSID", "7");
	end_answer(EACCES);
	RUN("limits: not permitted", cmd_limits, STATUS_ERROR, NULL, "namespace \"7\": ", "7");
	end_dump(EPERM);
	RUN("all limits: not permitted", cmd_limits, STATUS_ERROR, NULL, "cannot list limits: ");
	look_up();
	refuse(ENOENT, "gone");
	RUN("limits: gone meanwhile", cmd_limits, STATUS_ERROR, NULL, "is gone", "7");
	look_up();
	end_dump(EPERM);
	RUN("holders: not permitted", cmd_holders, STATUS_ERROR, NULL, "cannot list holders: ", "7");
	look_up();
	namespace(8, 80, IPCNS_STATE_ACTIVE);
	end_answer(0);
	end_dump(0);
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	RUN("holders: one of two is gone", cmd_holders, STATUS_ERROR, NULL, "namespace 8 is gone\n",
	    "7", "8");
	look_up();
	end_dump(EOPNOTSUPP);
	RUN("list: memory of segments, not on this kernel", cmd_list, STATUS_ERROR, NULL,
	    "cannot list objects: ", "7", "-o", "SHMRSS");
	end_dump(0);	/* limits */
	end_dump(0);	/* namespaces */
	end_dump(ENODEV);
	RUN("limits: the module is gone when queues are listed", cmd_limits, STATUS_NO_MODULE, NULL,
	    "module not loaded");
	end_answer(EPERM);
	RUN("status: not permitted", cmd_status, STATUS_ERROR, NULL, "cannot get the status: ");
	end_answer(0);
	RUN("status: an empty answer", cmd_status, STATUS_ERROR, NULL, "malformed answer");
	end_dump(ENOMEM);
	RUN("metrics: no memory", cmd_metrics, STATUS_ERROR, NULL, "cannot list namespaces: ");
	end_dump(ENOMEM);
	RUN("waiters: no memory", cmd_waiters, STATUS_ERROR, NULL, "cannot list objects: ");
	end_dump(ENOMEM);
	RUN("check: no memory", cmd_check, STATUS_ERROR, NULL, "cannot list namespaces: ");
	end_answer(EPERM);
	RUN("history: not permitted", cmd_history, STATUS_ERROR, NULL, "cannot read the journal: ");
	end_answer(0);
	RUN("history: an empty answer", cmd_history, STATUS_ERROR, NULL, "malformed answer");
	look_up();
	end_dump(EIO);
	RUN("rm: the list fails", cmd_rm, STATUS_ERROR, NULL, "cannot list objects: ", "7", "shm", "1");
	RUN("exec: no such namespace", cmd_exec, STATUS_ERROR, NULL, "malformed answer", "7", "--",
	    "/no/such/program");
}

/* A dump that is not consistent is read once more, and no row of the first one stays. */
static void interrupted(void)
{
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	begin_row();
	put_namespace(8, 80, IPCNS_STATE_ACTIVE);
	end_row_as(RECORD_INTERRUPTED);
	end_dump(0);
	namespace(9, 90, IPCNS_STATE_PINNED);
	end_dump(0);
	RUN("list: what was interrupted is read again", cmd_list, STATUS_OK, "NS STATE\n9 pinned\n",
	    NULL, "-r", "-o", "NS,STATE");
}

static void lists(void)
{
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	namespace(8, 80, IPCNS_STATE_PINNED);
	namespace(9, 90, IPCNS_STATE_DYING);
	end_dump(0);
	RUN("list --state", cmd_list, STATUS_OK, "NS STATE\n8 pinned\n9 dying\n", NULL,
	    "-r", "-o", "NS,STATE", "--state", "dying,pinned");
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	namespace(8, 80, 77);
	end_dump(0);
	RUN("list: a state of another version", cmd_list, STATUS_OK, "NS STATE\n8 -\n7 active\n", NULL,
	    "-r", "-o", "NS,STATE", "--sort", "-NS");
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	namespace(8, 80, IPCNS_STATE_PINNED);
	end_dump(0);
	RUN("list --color", cmd_list, STATUS_OK, "\x1b[", NULL, "--color=always");
	begin_object(IPCNS_KIND_SHM, 1);
	put(IPCNS_A_OBJECT_KEY, 0x10);
	end_row();
	begin_object(IPCNS_KIND_SHM, 2);
	end_row();
	begin_object(IPCNS_KIND_SHM, 3);
	put(IPCNS_A_OBJECT_KEY, 0x9);
	end_row();
	end_dump(0);
	RUN("what is unknown comes last", cmd_objects, STATUS_OK,
	    "KEY ID\n0x00000010 1\n0x00000009 3\n- 2\n", NULL, "-r", "-o", "KEY,ID", "--type", "shm",
	    "--sort", "-KEY");
}

/* What comes of a removal follows from the identifier: enum removal_result (host.c). */
static void removals(void)
{
	static const struct {
		const char *out, *err;
	} results[] = {
		[REMOVAL_NOT_TRIED] = { "", "was not removed: cannot start a process" },
		[REMOVAL_DONE] = { "removed shm 1 (key 0x00000005) in namespace ", NULL },
		[REMOVAL_MARKED] = { "marked shm 2 ", NULL },
		[REMOVAL_GONE] = { "", "it is not there any more" },
		[REMOVAL_CHANGED] = { "", "it was changed or used since it was listed" },
		[REMOVAL_ATTACHED] = { "", "it is attached 3 times, and --in-use was not given" },
		[REMOVAL_OPEN] = { "", "it is mapped or open, and --in-use was not given" },
		[REMOVAL_HIDDEN] = { "", "does not see its folder at /dev/shm any more" },
		[REMOVAL_MISPLACED] = { "", "a name that begins with .ipcnsctl- now" },
		[REMOVAL_FAILED] = { "", "was not removed: Input/output error" },
		[REMOVAL_UNKNOWN] = { "", "may not have been removed: cannot start a process" },
	};
	int fd = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	char id[8], ns[24];
	size_t i;

	fstat(fd, &st);
	snprintf(ns, sizeof(ns), "%llu", (unsigned long long)st.st_ino);
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		namespace(st.st_ino, 70, IPCNS_STATE_ACTIVE);
		end_answer(0);
		begin_object(IPCNS_KIND_SHM, i);
		put(IPCNS_A_OBJECT_KEY, 5);
		put(IPCNS_A_OBJECT_UID, 3);
		end_row();
		end_dump(0);
		begin_row();
		put_namespace(st.st_ino, 70, IPCNS_STATE_ACTIVE);
		put(IPCNS_A_NS_FD, dup(fd));
		end_row();
		end_answer(0);
		snprintf(id, sizeof(id), "%zu", i);
		RUN(results[i].err ?: results[i].out, cmd_rm, results[i].err ? STATUS_ERROR : STATUS_OK,
		    results[i].out, results[i].err, ns, "shm", id);
	}
	look_up();
	begin_object(IPCNS_KIND_SHM, 1);
	end_row();
	end_dump(0);
	end_answer(EPERM);
	RUN("rm: not permitted", cmd_rm, STATUS_ERROR, NULL,
	    "it takes CAP_SYS_ADMIN in the user namespace of namespace 7", "7", "shm", "1");
	namespace(9, 90, IPCNS_STATE_DYING);
	end_answer(0);
	begin_object(IPCNS_KIND_SHM, 1);
	end_row();
	end_dump(0);
	RUN("rm: it is dying", cmd_rm, STATUS_ERROR, NULL, "namespace 9 is dying", "9", "shm", "1");
	look_up();
	begin_object(IPCNS_KIND_MSG, 1);
	begin_nest(IPCNS_A_OBJECT_MSG);
	put(IPCNS_A_MSG_RECEIVERS, 1);
	end_nest();
	end_row();
	begin_object(IPCNS_KIND_MSG, 2);
	end_row();
	end_dump(0);
	RUN("rm: what is in use, or may be", cmd_rm, STATUS_ERROR, "",
	    "1 task waits for it, and --in-use was not given\n"
	    "ipcnsctl: msg 2 (key 0x00000000) in namespace 7 was not removed: it is not known whether",
	    "7", "msg", "1", "2");
	look_up();
	begin_object(IPCNS_KIND_MQ, 5);
	nla_put(msg, IPCNS_A_OBJECT_NAME, 2, "q\n");
	begin_nest(IPCNS_A_OBJECT_MQ);
	put(IPCNS_A_MQ_STATUS, IPCNS_MQ_STATUS_UNLINKED);
	end_nest();
	end_row();
	end_dump(0);
	RUN("rm: a queue without a name", cmd_rm, STATUS_ERROR, "",
	    "mq /q\\x0a in namespace 7 was not removed: its name is removed already", "7", "mq",
	    "q\n");
	close(fd);
}

static void put_layout(const char *name, unsigned int state, const char *member)
{
	begin_nest(IPCNS_A_STATUS_LAYOUT);
	nla_put(msg, IPCNS_A_LAYOUT_NAME, strlen(name), name);
	put(IPCNS_A_LAYOUT_STATE, state);
	if (member)
		nla_put(msg, IPCNS_A_LAYOUT_MEMBER, strlen(member), member);
	put(IPCNS_A_LAYOUT_KINDS, 1U << IPCNS_KIND_SEM);
	put(IPCNS_A_LAYOUT_DEPTH, 1U << IPCNS_KIND_MSG);
	put(IPCNS_A_LAYOUT_HOLDERS, 1U << IPCNS_HOLDER_KIND_SHM);
	end_nest();
}

/* A module on a kernel that it does not know, which lost events and cannot be unloaded. */
static void put_status(void)
{
	static const char interfaces[] = "ns_count:5.11 -listns:6.19 -odd";

	begin_row();
	put(IPCNS_A_STATUS_EVENTS_LIVE, 0);
	put_layout("sem_array", IPCNS_LAYOUT_STATE_MISMATCH, "sems");
	put_layout("msg_msg", 99, NULL);
	begin_nest(IPCNS_A_STATUS_PROBE);
	nla_put(msg, IPCNS_A_PROBE_SYMBOL, 7, "put_ipc");
	put(IPCNS_A_PROBE_MISSED, 2);
	put(IPCNS_A_PROBE_KIND, IPCNS_HOOK_KIND_KRETPROBE);
	put(IPCNS_A_PROBE_ERROR, ENOENT);
	end_nest();
	nla_put(msg, IPCNS_A_STATUS_STUCK, 7, "put_ipc");
	nla_put(msg, IPCNS_A_STATUS_INTERFACES, strlen(interfaces), interfaces);
	put(IPCNS_A_STATUS_DROPPED, 5);
	put(IPCNS_A_STATUS_MISSED, 1);
	end_row();
	end_answer(0);
}

static void statuses(void)
{
	static const char *const parts[] = {
		"struct sem_array of this kernel is not as the module knows it (mismatch at sems); "
		"not listed: sem; without messages and waiters: msg; holders not found: shm",
		"struct msg_msg of this kernel is not as the module knows it (unknown)",
		"hooks do not fire", "the hook on put_ipc cannot be removed",
		"5 dropped, 2 calls not seen by a hook", "1 namespaces were created or destroyed",
	};
	static const char *const texts[] = {
		"  put_ipc                off, kretprobe, cannot be armed: No such file or directory, "
		"missed 2\n",
		"  ns_count               used\n",
		"  listns                 not there, since Linux 6.19: ids of namespaces are the "
		"module's own\n",
		"  odd                    not there, since Linux \n",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		put_status();
		end_dump(0);
		RUN("status: all that can be wrong", cmd_status, STATUS_FOUND, parts[i], NULL);
		put_status();
		end_dump(EPERM);
		RUN("status: as JSON", cmd_status, STATUS_FOUND, parts[i], NULL, "-J");
	}
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		put_status();
		end_dump(0);
		RUN("status: hooks and interfaces", cmd_status, STATUS_FOUND, texts[i], NULL);
	}
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		namespace(7, 70, IPCNS_STATE_ACTIVE);
		end_dump(0);
		end_dump(0);	/* limits */
		end_dump(0);	/* objects */
		put_status();
		end_dump(0);	/* losses in the journal */
		RUN("check: the same", cmd_check, STATUS_FOUND, parts[i], NULL, "--type", "shm", "--all");
	}
}

static void put_live(void)
{
	begin_row();
	put(IPCNS_A_STATUS_EVENTS_LIVE, 1);
	put(IPCNS_A_STATUS_DROPPED, 0);
	end_row();
	end_answer(0);
}

static void put_waiter(unsigned int role, uint64_t semnum, int64_t op, uint64_t pid)
{
	begin_row();
	put(IPCNS_A_WAITER_NS_INUM, 7);
	put(IPCNS_A_WAITER_NS_ID, 70);
	put(IPCNS_A_WAITER_KIND, IPCNS_KIND_SEM);
	put(IPCNS_A_WAITER_ID, 3);
	put(IPCNS_A_WAITER_ROLE, role);
	put(IPCNS_A_WAITER_SEMNUM, semnum);
	nla_put_s64(msg, IPCNS_A_WAITER_SEMOP, op);
	if (pid)
		put(IPCNS_A_WAITER_PID, pid);
	else
		nla_put_flag(msg, IPCNS_A_WAITER_HIDDEN);
	end_row();
}

/* A set that somebody waits for. */
static void put_set(uint64_t id)
{
	begin_object(IPCNS_KIND_SEM, id);
	begin_nest(IPCNS_A_OBJECT_SEM);
	put(IPCNS_A_SEM_NSEMS, 2);
	put(IPCNS_A_SEM_WAITERS, 1);
	end_nest();
	end_row();
}

/* Processes that the host does not have, so that no command of theirs is shown. */
#define NOBODY 4000000000U

static void waiting(void)
{
	put_set(3);
	end_dump(0);
	put_waiter(IPCNS_ROLE_SEM, 0, -1, NOBODY);
	put_waiter(IPCNS_ROLE_SEM, 1, -1, NOBODY + 1);
	put_waiter(IPCNS_ROLE_UNDO, 0, 1, NOBODY + 1);
	put_waiter(IPCNS_ROLE_UNDO, 1, 1, NOBODY);
	end_dump(0);
	RUN("waiters: two wait for each other", cmd_waiters, STATUS_OK,
	    "4000000000 1\n4000000001 1\n", NULL, "-r", "-n", "-o", "PID,CYCLE");
	put_set(3);
	end_dump(0);
	put_waiter(IPCNS_ROLE_SEM, 0, -1, NOBODY);
	put_waiter(IPCNS_ROLE_SEM, 1, -1, NOBODY + 1);
	put_waiter(IPCNS_ROLE_UNDO, 0, 1, NOBODY + 1);
	put_waiter(IPCNS_ROLE_UNDO, 1, 1, NOBODY);
	put_waiter(IPCNS_ROLE_UNDO, 1, 1, 0);
	end_dump(0);
	RUN("waiters: a hidden process may let one go on", cmd_waiters, STATUS_OK,
	    "4000000000 -\n4000000001 -\n", NULL, "-r", "-n", "-o", "PID,CYCLE");
	put_set(3);
	put_set(4);
	end_dump(0);
	end_dump(EPERM);
	RUN("waiters: not visible", cmd_waiters, STATUS_OK, NULL,
	    "waiters of 1 namespaces are not visible");
	put_set(3);
	put_set(4);
	end_dump(0);
	end_dump(EOPNOTSUPP);
	RUN("waiters: not on this kernel", cmd_waiters, STATUS_ERROR, NULL,
	    "waiters of type sem cannot be listed on this kernel");
	put_set(3);
	end_dump(0);
	end_dump(EIO);
	RUN("waiters: cannot be listed", cmd_waiters, STATUS_ERROR, NULL, "cannot list waiters: ");
	put_set(3);
	end_dump(0);
	put_waiter(IPCNS_ROLE_SEM, 0, -1, NOBODY);
	begin_row();
	nla_put_flag(msg, IPCNS_A_WAITER_TRUNCATED);
	end_row();
	end_dump(0);
	end_dump(0);
	RUN("waiters: more than are listed", cmd_waiters, STATUS_OK, NULL,
	    "1 objects have more waiters than are listed");
	RUN("waiters: of segments there are none", cmd_waiters, STATUS_ERROR, NULL,
	    "nobody waits for segments", "--type", "shm");
}

/* What a request fails with when the namespace or the object that it names ended, or is ending. */
static void gone_meanwhile(void)
{
	const int errors[] = { ENOENT, EIDRM, ESTALE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		put_set(3);
		end_dump(0);
		refuse_dump(errors[i], "gone");
		RUN("waiters: the set is gone", cmd_waiters, STATUS_OK, NULL, NULL);
		put_set(3);
		end_dump(0);
		refuse_dump(errors[i], "gone");
		end_dump(0);
		RUN("objects --undo: the set is gone", cmd_objects, STATUS_OK, NULL, NULL, "--undo");
		namespace(7, 70, IPCNS_STATE_ACTIVE);
		end_dump(0);
		end_dump(0);	/* limits */
		put_set(3);
		end_dump(0);
		put_waiter(IPCNS_ROLE_SEM, 0, -1, NOBODY);
		end_dump(0);
		put_live();
		put_set(3);
		end_dump(0);
		refuse_dump(errors[i], "gone");
		end_dump(0);	/* elements */
		RUN("check: the set is gone when it is looked at again", cmd_check, STATUS_OK, "ok\n",
		    NULL, "--type", "sem");
	}
}

/* What waits in the first sample of a check, and in the second. */
static void samples(bool undo)
{
	int i;

	end_dump(0);	/* limits */
	for (i = 0; i < 2; i++) {
		put_set(3);
		end_dump(0);
		put_waiter(IPCNS_ROLE_SEM, 0, -1, NOBODY);
		if (undo)
			put_waiter(IPCNS_ROLE_UNDO, 0, 1, NOBODY + 1);
		end_dump(0);
		if (!i)
			put_live();
	}
	end_dump(0);	/* elements */
}

static void checks(void)
{
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	samples(true);
	RUN("check: who waits, and who has it", cmd_check, STATUS_FOUND,
	    "warn 7: 4000000000 waits for semaphore 0 of set 3, taken by 4000000001 "
	    "[ipcnsctl waiters 7]\n", NULL, "--type", "sem");
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	samples(false);
	RUN("check: what nobody has taken", cmd_check, STATUS_OK,
	    "ok\ninfo 7: 1 process waits for a message, or for a semaphore that nobody has taken",
	    NULL, "--type", "sem");
	look_up();
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	begin_row();
	put(IPCNS_A_LIMITS_NS_INUM, 7);
	put(IPCNS_A_LIMITS_NS_ID, 70);
	put(IPCNS_A_LIMITS_SHMMNI, 1);
	put(IPCNS_A_LIMITS_SHM, 1);
	end_row();
	end_answer(0);
	begin_object(IPCNS_KIND_SHM, 1);
	put(IPCNS_A_OBJECT_UID, 0);
	begin_nest(IPCNS_A_OBJECT_SHM);
	put(IPCNS_A_SHM_SIZE, 4096);
	put(IPCNS_A_SHM_NATTCH, 0);
	nla_put_flag(msg, IPCNS_A_SHM_ORPHAN);
	end_nest();
	end_row();
	begin_row();
	put(IPCNS_A_OBJECT_NS_INUM, 8);	/* of another namespace */
	put(IPCNS_A_OBJECT_NS_ID, 80);
	put(IPCNS_A_OBJECT_KIND, IPCNS_KIND_SHM);
	end_row();
	end_dump(0);
	begin_row();
	put(IPCNS_A_STATUS_EVENTS_LIVE, 1);
	end_row();
	end_answer(0);
	RUN("check: a limit and an orphan", cmd_check, STATUS_FOUND,
	    "crit 7: SHMMNI: 1 of 1 in use, 1 by user root [ipcnsctl limits --above 80 7]\n"
	    "warn 7: 1 shm orphan, 4K [ipcnsctl objects --orphans 7]\n",
	    NULL, "--type", "shm", "7");
	RUN("check: lines of JSON", cmd_check, STATUS_ERROR, NULL, "--lines needs -J", "--lines");
}

/* The journal: next event and first one held, and what is recorded of objects. */
static void put_journal(uint64_t next, uint64_t held, uint32_t objects, unsigned int live)
{
	begin_row();
	put(IPCNS_A_EVENT_SEQ, next);
	put(IPCNS_A_EVENT_FROM, held);
	put(IPCNS_A_EVENT_OBJECTS, objects);
	end_row();
	end_answer(0);
	begin_row();
	put(IPCNS_A_STATUS_EVENTS_LIVE, live);
	end_row();
	end_answer(0);
}

static void event(uint64_t seq, uint64_t nsid)
{
	begin_row();
	put(IPCNS_A_EVENT_SEQ, seq);
	put(IPCNS_A_EVENT_TIME, 1795000000123456789);
	put(IPCNS_A_EVENT_OBJECT, IPCNS_EVENT_OBJECT_NS);
	put(IPCNS_A_EVENT_EVENT, IPCNS_EVENT_KIND_DESTROYED);
	put(IPCNS_A_EVENT_NS_INUM, 7);
	put(IPCNS_A_EVENT_NS_ID, nsid);
	end_row();
}

static void histories(void)
{
	put_journal(1, 1, ~0U, 1);
	end_dump(0);
	RUN("history: nothing happened", cmd_history, STATUS_OK, "", "has recorded no event", "-e",
	    "destroyed");
	put_journal(7, 5, ~0U, 0);
	event(5, 70);
	event(6, 80);
	end_dump(0);
	RUN("history: blind, and of a part", cmd_history, STATUS_OK, "seq=5\n", "hooks do not fire",
	    "-e", "destroyed");
	put_journal(7, 5, ~0U, 1);
	event(5, 70);
	end_dump(0);
	RUN("history: older events are not held", cmd_history, STATUS_OK, "seq=5\n",
	    "the module holds nothing from before event 5, of 20", "-e", "destroyed", "--since",
	    "2020-01-01");
	put_journal(7, 1, ~0U, 1);
	event(1, 70);
	end_dump(0);
	RUN("history: before the module", cmd_history, STATUS_OK, "seq=1\n",
	    "the first event since the module was loaded is of 20", "-e", "destroyed", "--since",
	    "2020-01-01");
	put_journal(7, 5, ~0U, 1);
	RUN("history: what has not happened", cmd_history, STATUS_ERROR, "",
	    "event 8 has not happened yet: the next one is 7", "-e", "destroyed", "--since", "8");
	put_journal(7, 5, ~0U, 1);
	refuse(ENOENT, "gone");
	event(5, 70);
	end_dump(0);
	RUN("history: of an identity that left nothing", cmd_history, STATUS_ERROR, "",
	    "no IPC namespace \"id=90\", and no event of one", "-e", "destroyed", "id=90");
	put_journal(7, 5, ~0U, 1);
	refuse(ENOENT, "gone");
	event(5, 70);
	event(6, 80);
	end_dump(0);
	RUN("history: of one that has ended", cmd_history, STATUS_OK, "seq=6\n", NULL, "-q", "-e",
	    "destroyed", "id=80");
	put_journal(7, 5, ~0U, 1);
	end_dump(EIO);
	RUN("history: cannot be read", cmd_history, STATUS_ERROR, NULL, "cannot read the journal: ");
}

static void put_segment(uint64_t id, uint64_t size, uint64_t changed)
{
	begin_object(IPCNS_KIND_SHM, id);
	put(IPCNS_A_OBJECT_UID, 4321);
	put(IPCNS_A_OBJECT_CTIME, changed);
	begin_nest(IPCNS_A_OBJECT_SHM);
	put(IPCNS_A_SHM_SIZE, size);
	put(IPCNS_A_SHM_NATTCH, 0);
	put(IPCNS_A_SHM_STATUS, id == 1);	/* marked */
	nla_put_flag(msg, IPCNS_A_SHM_ORPHAN);
	end_nest();
	end_row();
}

/* Beside those of the module, the host has files in /dev/shm (host.c). */
static void orphans(void)
{
	put_segment(1, 4096, 1000);
	put_segment(2, 8192, 1000);
	end_dump(0);
	RUN("orphans: the largest first", cmd_objects, STATUS_OK,
	    "ID BYTES SURE WHY\n2 8192 likely unattached\n1 4096 sure marked\n", NULL, "--orphans",
	    "--type", "shm", "-r", "-o", "ID,BYTES,SURE,WHY");
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	put_segment(1, 4096, 1000);
	put_segment(2, 8192, 1000);
	end_dump(0);
	RUN("orphans: sums", cmd_objects, STATUS_OK, "UID ORPHANS SURE BYTES\n4321 2 1 12288\n", NULL,
	    "--orphans", "--summary", "--type", "shm", "-r", "-o", "UID,ORPHANS,SURE,BYTES");
	put_segment(1, 4096, 1000);
	put_segment(2, 8192, time(NULL));
	end_dump(0);
	RUN("orphans: younger ones do not count", cmd_objects, STATUS_OK, "ID\n1\n", NULL, "--orphans",
	    "--older-than", "7 d", "--type", "shm", "-r", "-o", "ID");
	namespace(1, 10, IPCNS_STATE_ACTIVE);
	end_dump(0);
	RUN("orphans: files", cmd_objects, STATUS_OK,
	    "NS TYPE KEY WHY\n1 pshm /file unused\n1 pshm /\\x0a\\x1b[31m unused\n"
	    "1 psem /\\xff, unused\n", NULL, "--orphans", "--type", "pshm,psem", "-r", "-o",
	    "NS,TYPE,KEY,WHY");
	namespace(1, 10, IPCNS_STATE_ACTIVE);
	end_dump(0);
	RUN("list: bytes of files", cmd_list, STATUS_OK, "NS PSHM PSEM PSHMBYTES\n1 2 1 ", NULL, "-r",
	    "-o", "NS,PSHM,PSEM,PSHMBYTES");
	namespace(1, 10, IPCNS_STATE_ACTIVE);
	end_answer(0);
	namespace(1, 10, IPCNS_STATE_ACTIVE);
	end_dump(0);
	RUN("rm: no file of that name", cmd_rm, STATUS_ERROR, "",
	    "no pshm with name /nofile in namespace 1", "1", "pshm", "/nofile");
}

/* The parts of one object: what is refused is said, in tables and in JSON. */
static void details(void)
{
	look_up();
	put_set(3);
	end_dump(0);
	end_dump(EPERM);
	RUN("elements: not permitted", cmd_objects, STATUS_ERROR, NULL, "cannot list ", "--type",
	    "sem", "--id", "3", "7");
	look_up();
	end_dump(0);
	RUN("elements: no such set", cmd_objects, STATUS_ERROR, NULL,
	    "no sem with id 3 in namespace \"7\"", "--type", "sem", "--id", "3", "7");
	put_set(3);
	begin_object(IPCNS_KIND_SHM, 3);
	end_row();
	end_dump(0);
	RUN("an identifier that two objects have", cmd_objects, STATUS_ERROR, NULL,
	    "id 3 is ambiguous, choose by --type and NS: ", "--id", "3");
	end_dump(0);
	RUN("one that none has", cmd_objects, STATUS_ERROR, NULL, "3", "--id", "3");
}

/* What is found on the host, beside what the module answers. */
static void hosts(void)
{
	namespace(7, 70, IPCNS_STATE_ACTIVE);
	end_dump(0);
	begin_row();
	put(IPCNS_A_STATUS_PENDING, 1);
	end_row();
	end_answer(0);
	RUN("list: a filesystem that outlived its namespace", cmd_list, STATUS_OK,
	    "NS STATE MQ MQBYTES HELD\n7 active - - -\n- orphan-fs 2 100 -\n", NULL, "-r", "-o",
	    "NS,STATE,MQ,MQBYTES,HELD");
	end_dump(0);
	begin_row();
	put_namespace(7, 70, IPCNS_STATE_ACTIVE);
	put(IPCNS_A_NS_OWNER_INUM, 5);
	put(IPCNS_A_NS_OWNER_UID, 4321);
	end_row();
	end_dump(0);
	end_dump(0);
	RUN("limits: of users", cmd_limits, STATUS_OK, "RESOURCE LIMIT USED\nMAXIPCNS - 1\n",
	    is_administrator() ? "MAXIPCNS of 1 user namespace cannot be read\n" : NULL, "-r",
	    "-o", "RESOURCE,LIMIT,USED");
	end_dump(0);	/* attachments */
	end_dump(0);	/* filesystems of queues */
	begin_object(IPCNS_KIND_SHM, 1);
	begin_nest(IPCNS_A_OBJECT_SHM);
	put(IPCNS_A_SHM_CPID, 10);
	end_nest();
	end_row();
	end_dump(0);
	RUN("objects of a process", cmd_objects, STATUS_OK, "ID USE\n1 created\n", NULL, "--pid", "10",
	    "-r", "-o", "ID,USE");
}

/* Namespaces that stay, without a process or while they are being destroyed. */
static void put_staying(void)
{
	namespace(8, 80, IPCNS_STATE_PINNED);
	begin_row();
	put_namespace(9, 90, IPCNS_STATE_DYING);
	begin_nest(IPCNS_A_NS_DYING);
	put(IPCNS_A_ACTOR_TIME, 1000000000);	/* in 1970 */
	end_nest();
	end_row();
	end_dump(0);
}

static void stay(const char *text)
{
	put_staying();
	end_dump(0);	/* limits */
	end_dump(0);	/* objects */
	put_live();
	put_live();	/* no mqueue filesystem is left */
	end_dump(EPERM);	/* what keeps it */
	put_staying();
	RUN("check: namespaces that stay", cmd_check, STATUS_FOUND, text, NULL, "--all");
}

static void uses(void)
{
	end_dump(0);	/* attachments */
	end_dump(0);	/* filesystems of queues */
	put_set(3);
	put_set(4);
	end_dump(0);
	end_dump(0);	/* namespaces of files */
	begin_row();
	put(IPCNS_A_ELEMENT_SEMNUM, 0);
	put(IPCNS_A_ELEMENT_PID, 10);
	end_row();
	end_dump(0);
	put_waiter(IPCNS_ROLE_SEM, 0, -1, 10);
	put_waiter(IPCNS_ROLE_UNDO, 0, 1, 10);
	end_dump(0);
	refuse_dump(EIDRM, "gone");
	refuse_dump(ESTALE, "gone");
	RUN("objects of a process: a set, and one that is gone meanwhile", cmd_objects, STATUS_OK,
	    "ID USE\n3 changed,waits,undo\n", NULL, "--pid", "10", "-r", "-o", "ID,USE");
	end_dump(0);
	end_dump(0);
	put_set(3);
	end_dump(0);
	end_dump(0);
	end_dump(EPERM);
	RUN("a set that may not be looked at", cmd_objects, STATUS_ERROR, NULL,
	    "cannot list elements: ", "--pid", "10");
	end_dump(EPERM);
	RUN("attachments that may not be listed", cmd_objects, STATUS_ERROR, NULL,
	    "cannot list attachments: ", "--pid", "10");
	end_dump(0);
	end_dump(EIO);
	RUN("filesystems that cannot be listed", cmd_objects, STATUS_ERROR, NULL,
	    "cannot list namespaces: ", "--pid", "10");
}

int main(void)
{
	refused();
	interrupted();
	lists();
	removals();
	statuses();
	waiting();
	gone_meanwhile();
	checks();
	histories();
	orphans();
	details();
	hosts();
	stay("warn 9: dying for ");
	stay("warn 8: pinned without a process by unknown [ipcnsctl holders 8]\n");
	uses();
	return failures > 0;
}
