// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: processes, their identities, and limits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

static void nothing(struct actor *a)
{
	(void)a;
}

static long fork_and_exit(struct actor *a)
{
	return with_child(a, 0, nothing, 20);
}

static void become_program(struct actor *a)
{
	char *const argv[] = { "world", "noop", NULL }, *const envp[] = { NULL };

	(void)a;
	syscall(SYS_execveat, EXE_FD, "", argv, envp, AT_EMPTY_PATH);
}

static long fork_and_exec(struct actor *a)
{
	return with_child(a, 0, become_program, rnd(a, 60));
}

/* As vfork(2): the memory is the parent's until the program begins. */
static long vfork_and_exec(struct actor *a)
{
	char *const argv[] = { "world", "noop", NULL }, *const envp[] = { NULL };
	pid_t pid = vfork();

	if (!pid) {
		syscall(SYS_execveat, EXE_FD, "", argv, envp, AT_EMPTY_PATH);
		_exit(1);
	}
	if (pid < 0)
		return -1;
	if (chance(a, 50))
		kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0);
}

static void sleep_a_little(struct actor *a)
{
	sleep_ms(5 + rnd(a, 20));
}

/* Up to the limit of processes, which is then met. */
static long many_children(struct actor *a)
{
	unsigned int i;
	long result = -1;

	for (i = 0; i < 12; i++) {
		pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (!pid) {
			sleep_a_little(a);
			_exit(0);
		}
		if (pid < 0)
			break;
		result = 0;
	}
	sleep_ms(1);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return result;
}

/* A zombie, for as long as its parent does not look. */
static long zombie(struct actor *a)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	if (pid < 0)
		return -1;
	sleep_ms(rnd(a, 10));
	return waitpid(pid, NULL, 0);
}

/* An orphan goes on in another process's care. */
static void leave_orphan(struct actor *a)
{
	if (!syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) {
		sleep_a_little(a);
		some_actions(a, 3);
	}
}

static long orphan(struct actor *a)
{
	return with_child(a, 0, leave_orphan, 60);
}

static long stop_and_go_on(struct actor *a)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		some_actions(a, 6);
		_exit(0);
	}
	if (pid < 0)
		return -1;
	kill(pid, SIGSTOP);
	sleep_ms(rnd(a, 15));
	kill(pid, SIGCONT);
	sleep_ms(rnd(a, 15));
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0);
}

static long trace_child(struct actor *a)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	long result;

	if (!pid) {
		some_actions(a, 6);
		_exit(0);
	}
	if (pid < 0)
		return -1;
	result = ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	sleep_ms(rnd(a, 10));
	if (chance(a, 50))
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) > 0)
		;
	return result;
}

static long name_itself(struct actor *a)
{
	char name[16];

	random_name(a, name, sizeof(name));
	return prctl(PR_SET_NAME, name);
}

/* By the system call, so that threads of one process differ. */
static void change_ids(struct actor *a)
{
	syscall(SYS_setresgid, rnd(a, 3), rnd(a, 3), -1);
	syscall(SYS_setresuid, rnd(a, 3), rnd(a, 3), -1);
	some_actions(a, 5);
}

static long other_ids(struct actor *a)
{
	return with_child(a, 0, change_ids, 40);
}

static long less_privileges(struct actor *a)
{
	return chance(a, 50) ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) :
			       prctl(PR_SET_DUMPABLE, rnd(a, 2), 0, 0, 0);
}

static void see_little(struct actor *a)
{
	unshare(CLONE_NEWNS);
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount("proc", "/proc", "proc", 0, "hidepid=2");
	some_actions(a, 5);
}

static long hide_processes(struct actor *a)
{
	return with_child(a, CLONE_NEWPID, see_little, 40);
}

static const struct {
	const char *path;
	unsigned int usual;
} sysctls[] = {
	{ "/proc/sys/kernel/msgmni", 64 }, { "/proc/sys/kernel/msgmax", 8192 },
	{ "/proc/sys/kernel/msgmnb", 16384 }, { "/proc/sys/kernel/shmmni", 64 },
	{ "/proc/sys/fs/mqueue/queues_max", 32 }, { "/proc/sys/fs/mqueue/msg_max", 10 },
	{ "/proc/sys/fs/mqueue/msgsize_max", 8192 }, { "/proc/sys/fs/mqueue/msgsize_default", 64 },
	{ "/proc/sys/user/max_ipc_namespaces", 200 }, { "/proc/sys/user/max_user_namespaces", 200 },
};

static long limit(struct actor *a)
{
	/* the administrator's own numbers of namespaces are the machine's: the last two */
	unsigned int i = rnd(a, ARRAY_SIZE(sysctls) - (a->role == ROOT ? 2 : 0));

	return write_file(sysctls[i].path, "%u",
			  chance(a, 60) ? sysctls[i].usual : rnd(a, sysctls[i].usual));
}

static long limit_sem(struct actor *a)
{
	return write_file("/proc/sys/kernel/sem", "32000 %u 32 %u", 64000 + rnd(a, 1000),
			  16 + rnd(a, 48));
}

static void limited(struct actor *a)
{
	static const int resources[] = { RLIMIT_MSGQUEUE, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS };
	struct rlimit limit = { 0 };
	unsigned int i = rnd(a, ARRAY_SIZE(resources));

	limit.rlim_cur = limit.rlim_max = rnd(a, 1000);
	setrlimit(resources[i], &limit);
	some_actions(a, 6);
}

static long limit_child(struct actor *a)
{
	return with_child(a, 0, limited, 40);
}

/* Numbers that were in use a moment ago, in the pid namespace of the caller. */
static long reuse_pids(struct actor *a)
{
	return write_file("/proc/sys/kernel/ns_last_pid", "%u", 300 + rnd(a, 60));
}

const struct action process_actions[] = {
	{ "fork and exit", fork_and_exit, 2 },
	{ "fork and exec", fork_and_exec, 2 },
	{ "vfork and exec", vfork_and_exec, 2 },
	{ "many children", many_children, 1 },
	{ "zombie", zombie, 1 },
	{ "orphan", orphan, 1 },
	{ "stop and go on", stop_and_go_on, 2 },
	{ "trace a child", trace_child, 2 },
	{ "name with any byte", name_itself, 2 },
	{ "other ids", other_ids, 2 },
	{ "fewer privileges", less_privileges, 1 },
	{ "hidepid", hide_processes, 1 },
	{ "limit of a namespace", limit, 3 },
	{ "limit of semaphores", limit_sem, 1 },
	{ "limit of a process", limit_child, 2 },
	{ "pids used again", reuse_pids, 1 },
	{ 0 }
};
