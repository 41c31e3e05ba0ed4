// SPDX-License-Identifier: GPL-2.0
/*
 * Makes and removes IPC objects as fast as it can, and says how long that took.
 *
 * For each line "KIND COUNT" on stdin, a line "WALL CPU" on stdout: nanoseconds that passed, and
 * that this process was on a processor.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static void shm(void)
{
	ok(shmctl(ok(shmget(IPC_PRIVATE, 4096, 0600)), IPC_RMID, NULL));
}

static void sem(void)
{
	ok(semctl(ok(semget(IPC_PRIVATE, 1, 0600)), 0, IPC_RMID));
}

static void msg(void)
{
	ok(msgctl(ok(msgget(IPC_PRIVATE, 0600)), IPC_RMID, NULL));
}

static void mq(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };

	ok(close(ok(mq_open("/lives", O_RDWR | O_CREAT, 0600, &attr))));
	ok(mq_unlink("/lives"));
}

static const struct {
	const char *name;
	void (*live)(void);
} kinds[] = { { "shm", shm }, { "sem", sem }, { "msg", msg }, { "mq", mq } };

int main(void)
{
	long long wall, cpu;
	unsigned int i;
	char kind[8];
	int count;

	while (scanf("%7s %d", kind, &count) == 2) {
		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (!strcmp(kind, kinds[i].name))
				break;
		if (i == sizeof(kinds) / sizeof(kinds[0])) {
			fprintf(stderr, "lives: unknown kind %s\n", kind);
			return 1;
		}
		wall = now();
		cpu = time_of(CLOCK_PROCESS_CPUTIME_ID);
		while (count--)
			kinds[i].live();
		printf("%lld %lld\n", now() - wall,
		       time_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
		fflush(stdout);
	}
	return 0;
}
