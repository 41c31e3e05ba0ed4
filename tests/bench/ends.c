// SPDX-License-Identifier: GPL-2.0
/*
 * How long the end of a namespace takes, from the end of its last process until nothing is left of
 * it: ends OBJECTS COUNT. For each of COUNT namespaces a line "WALL WORK": nanoseconds that passed,
 * most of them waiting for grace periods, and that workers of the kernel were at it.
 *
 * That nothing is left is seen without the module: only one namespace besides the first may be at
 * a time, so until the old one has gone no new one can be made (user.max_ipc_namespaces).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LIMIT "/proc/sys/user/max_ipc_namespaces"

static void limit(const char *value)
{
	FILE *file = fopen(LIMIT, "w");

	if (!file || fputs(value, file) < 0 || fclose(file))
		ok(-1);
}

/* Time on a processor of all workers of the kernel. */
static long long work(void)
{
	long long all = 0, one;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300], comm[32];
	FILE *file;

	while (proc && (entry = readdir(proc))) {
		if (*entry->d_name < '0' || *entry->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(comm, sizeof(comm), file))
			*comm = '\0';
		fclose(file);
		if (strncmp(comm, "kworker", 7))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%lld", &one) == 1)
			all += one;
		fclose(file);
	}
	if (proc)
		closedir(proc);
	return all;
}

/* Makes a new namespace, once there is room for one. */
static void enter(void)
{
	while (unshare(CLONE_NEWIPC)) {
		if (errno != ENOSPC)
			ok(-1);
		sched_yield();
	}
}

static int start(int objects)
{
	int i, pid, ready[2];
	char byte;

	ok(pipe(ready));
	pid = ok(fork());
	if (pid) {
		close(ready[1]);
		if (ok(read(ready[0], &byte, 1)) != 1)
			exit(1);
		close(ready[0]);
		return pid;
	}
	enter();
	for (i = 0; i < objects; i += 3) {
		ok(shmget(IPC_PRIVATE, 4096, 0600));
		ok(semget(IPC_PRIVATE, 2, 0600));
		ok(msgget(IPC_PRIVATE, 0600));
	}
	ok(write(ready[1], "", 1));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int home, pid, objects, count;
	long long begin, worked;
	char before[32];
	FILE *file;

	if (argc != 3) {
		fprintf(stderr, "usage: ends OBJECTS COUNT\n");
		return 1;
	}
	objects = atoi(argv[1]);
	home = ok(open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC));
	file = fopen(LIMIT, "r");
	if (!file || !fgets(before, sizeof(before), file) || fclose(file))
		ok(-1);
	limit("1");
	for (count = atoi(argv[2]); count > 0; count--) {
		pid = start(objects);
		usleep(300000);		/* what is to be told of the objects is told */
		worked = work();
		begin = now();
		ok(kill(pid, SIGKILL));
		ok(waitpid(pid, NULL, 0));
		enter();
		begin = now() - begin;
		printf("%lld %lld\n", begin, work() - worked);
		ok(setns(home, CLONE_NEWIPC));
	}
	limit(before);
	return 0;
}
