// SPDX-License-Identifier: GPL-2.0-only
/*
 * A child process that enters namespaces of others.
 *
 * In a user namespace of theirs it keeps the caller's user and files, without capabilities over
 * them, and root of the container can send it signals: it may be stopped or killed at any time.
 * So nobody may trace it, it has no descriptors but those that it needs, and nobody waits for it
 * without a bound.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/visitor.h"

/* How often a visitor is looked at that does not answer, and one that was killed, in ms. */
#define LOOK_MS 20
#define END_MS 1000

static int compare_descriptors(const void *p, const void *q)
{
	const int *a = p, *b = q;

	return (*a > *b) - (*a < *b);
}

/* Closes all descriptors from 3 on but those in @keep, which is sorted here. */
static bool close_others(int *keep, size_t n)
{
	unsigned int next = 3;
	size_t i;

	qsort(keep, n, sizeof(*keep), compare_descriptors);
	for (i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > next &&
		    syscall(SYS_close_range, next, keep[i] - 1, 0))
			return false;
		next = keep[i] + 1;
	}
	return !syscall(SYS_close_range, next, ~0U, 0);
}

/* What it says on a terminal of the caller's, nobody else shall say. */
static bool leave_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd;

	for (fd = 0; null >= 0 && fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return false;
	return null >= 0;
}

/* Ends with its parent; the kernel forgets both where credentials change. */
static bool seclude(void)
{
	return !prctl(PR_SET_DUMPABLE, 0) && !prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static _Noreturn void visit(int end, const int *keep, size_t n, visitor_fn run, void *arg)
{
	int kept[8];
	size_t i;

	for (i = 0; i < n && i < 7; i++)
		kept[i] = keep[i];
	kept[i++] = end;
	/* A session of its own: keys of a terminal are for the parent, which ends it. */
	if (!seclude() || setsid() < 0 || !leave_standard_streams() || !close_others(kept, i))
		_exit(1);
	run(end, arg);
	_exit(0);
}

/**
 * visitor_start - start a child process
 * @visitor: set for the functions below
 * @keep: descriptors that it needs, none below 3
 * @n: their number, at most 7
 * @run: what it does, after which it ends
 * @arg: passed to @run
 *
 * Returns false, with errno set, if there can be none.
 */
bool visitor_start(struct visitor *visitor, const int *keep, size_t n, visitor_fn run, void *arg)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	visitor->pid = fork();
	if (!visitor->pid)
		visit(ends[1], keep, n, run, arg);
	close(ends[1]);
	visitor->end = ends[0];
	if (visitor->pid < 0) {
		close(ends[0]);
		return false;
	}
	return true;
}

/**
 * visitor_enter_user - in a visitor: enter a user namespace
 * @userns: descriptor of it
 *
 * Returns false, with errno set, if it is not permitted.
 */
bool visitor_enter_user(int userns)
{
	return !setns(userns, CLONE_NEWUSER) && seclude();
}

static bool is_stopped(const struct visitor *visitor)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, visitor->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) && info.si_pid;
}

/**
 * visitor_read - wait for the next record of a visitor
 * @visitor: the visitor
 * @record: where it goes
 * @size: room there
 * @len: set to its length if there is one
 * @patience: how long to wait at most, in milliseconds
 *
 * After any other state than VISITOR_ANSWERED, nothing more is to be expected of the visitor.
 */
enum visitor_state visitor_read(struct visitor *visitor, void *record, size_t size, ssize_t *len,
				int patience)
{
	struct pollfd end = { .fd = visitor->end, .events = POLLIN };
	bool stopped = false;
	int waited;

	for (waited = 0; waited <= patience; waited += LOOK_MS) {
		if (poll(&end, 1, stopped ? 0 : LOOK_MS) == 1) {
			*len = read(visitor->end, record, size);
			return *len > 0 ? VISITOR_ANSWERED : VISITOR_ENDED;
		}
		if (stopped)
			return VISITOR_STOPPED;
		stopped = is_stopped(visitor);
	}
	return VISITOR_SILENT;
}

/**
 * visitor_end - end a visitor
 * @visitor: the visitor, not to be used any more
 *
 * One that the kernel does not let go, since it sleeps on a lock that others hold, is left behind:
 * it ends when it wakes up.
 */
void visitor_end(struct visitor *visitor)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int waited;

	close(visitor->end);
	kill(visitor->pid, SIGKILL);
	for (waited = 0; waited < END_MS && !waitpid(visitor->pid, NULL, WNOHANG); waited++)
		nanosleep(&pause, NULL);
}
