// SPDX-License-Identifier: GPL-2.0
/*
 * How long shmget(2) and semop(2) take: latency COUNT. A process of real-time priority makes a
 * segment, and raises and lowers a semaphore, COUNT times with pauses, in which others get the
 * processor. What it has to wait for are locks that they hold, not their turns. Prints, for
 * each, "NAME MEDIAN P999" in nanoseconds.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define PAUSE_US 200

static void print(const char *name, long long *taken, int count)
{
	qsort(taken, count, sizeof(*taken), compare);
	printf("%s %lld %lld\n", name, taken[count / 2], taken[count - 1 - count / 1000]);
}

int main(int argc, char **argv)
{
	const struct sched_param priority = { .sched_priority = 1 };
	struct sembuf up = { .sem_op = 1 }, down = { .sem_op = -1 };
	int i, id, set, count = argc == 2 ? atoi(argv[1]) : 0;
	long long begin, *shm, *sem;

	if (count < 1) {
		fprintf(stderr, "usage: latency COUNT\n");
		return 1;
	}
	shm = calloc(count, sizeof(*shm));
	sem = calloc(count, sizeof(*sem));
	ok(shm && sem ? 0 : -1);
	ok(mlockall(MCL_CURRENT | MCL_FUTURE));
	ok(sched_setscheduler(0, SCHED_FIFO, &priority));
	set = ok(semget(IPC_PRIVATE, 1, 0600));
	for (i = 0; i < count; i++) {
		usleep(PAUSE_US);
		begin = now();
		id = ok(shmget(IPC_PRIVATE, 4096, 0600));
		shm[i] = now() - begin;
		ok(shmctl(id, IPC_RMID, NULL));
		usleep(PAUSE_US);
		begin = now();
		ok(semop(set, &up, 1));
		ok(semop(set, &down, 1));
		sem[i] = (now() - begin) / 2;
	}
	ok(semctl(set, 0, IPC_RMID));
	print("shmget", shm, count);
	print("semop", sem, count);
	return 0;
}
