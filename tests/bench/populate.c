// SPDX-License-Identifier: GPL-2.0
/*
 * Makes IPC namespaces with a process in each: populate NAMESPACES SHM SEM MSG MQ, the last four
 * for each namespace. Prints the process ids in one line when all is there; what it made goes when
 * its stdin ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static int ok(int ret)
{
	if (ret >= 0)
		return ret;
	perror("populate");
	_exit(1);
}

/* A limit of the namespace; more than the kernel allows is refused. */
static void limit(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file)) {
		perror(path);
		_exit(1);
	}
}

static void raise_limits(const int n[4])
{
	char text[64];

	snprintf(text, sizeof(text), "%d", n[0]);
	if (n[0] > 4000)
		limit("/proc/sys/kernel/shmmni", text);
	snprintf(text, sizeof(text), "32000 1024000000 500 %d", n[1]);
	if (n[1] > 30000)
		limit("/proc/sys/kernel/sem", text);
	snprintf(text, sizeof(text), "%d", n[2]);
	if (n[2] > 30000)
		limit("/proc/sys/kernel/msgmni", text);
	snprintf(text, sizeof(text), "%d", n[3]);
	if (n[3] > 200)
		limit("/proc/sys/fs/mqueue/queues_max", text);
}

static void furnish(const int n[4])
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	char name[32];
	int i;

	raise_limits(n);
	for (i = 0; i < n[0]; i++)
		ok(shmget(i + 1, 4096, IPC_CREAT | 0600));
	for (i = 0; i < n[1]; i++)
		ok(semget(i + 1, 2, IPC_CREAT | 0600));
	for (i = 0; i < n[2]; i++)
		ok(msgget(i + 1, IPC_CREAT | 0600));
	for (i = 0; i < n[3]; i++) {
		snprintf(name, sizeof(name), "/queue-%d", i);
		ok(close(ok(mq_open(name, O_RDWR | O_CREAT, 0600, &attr))));
	}
}

static int member(const int n[4])
{
	int ready[2], pid;
	char byte;

	ok(pipe(ready));
	pid = ok(fork());
	if (!pid) {
		ok(prctl(PR_SET_PDEATHSIG, SIGKILL));
		ok(unshare(CLONE_NEWIPC));
		furnish(n);
		ok(write(ready[1], "", 1));
		close(STDOUT_FILENO);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (ok(read(ready[0], &byte, 1)) != 1)
		_exit(1);
	close(ready[0]);
	return pid;
}

int main(int argc, char **argv)
{
	const struct rlimit infinite = { RLIM_INFINITY, RLIM_INFINITY };
	int i, count, n[4], *pids;
	char byte;

	if (argc != 6) {
		fprintf(stderr, "usage: populate NAMESPACES SHM SEM MSG MQ\n");
		return 1;
	}
	count = atoi(argv[1]);
	for (i = 0; i < 4; i++)
		n[i] = atoi(argv[i + 2]);
	pids = calloc(count, sizeof(*pids));
	if (!pids || setrlimit(RLIMIT_MSGQUEUE, &infinite)) {
		perror("populate");
		return 1;
	}
	for (i = 0; i < count; i++)
		pids[i] = member(n);
	for (i = 0; i < count; i++)
		printf("%d%c", pids[i], i == count - 1 ? '\n' : ' ');
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	for (i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
