// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes from a cause to what is read of it: makes a segment and waits until something
 * can be read from stdin, a socket or a pipe that tells of it; COUNT times, with pauses. Prints the
 * median in nanoseconds.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static char data[1 << 17];

/* Reads what comes until nothing has come for that long. */
static void drain(int ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (ok(poll(&in, 1, ms)))
		ok(read(STDIN_FILENO, data, sizeof(data)) ?: -1);
}

int main(int argc, char **argv)
{
	int i, id, count = argc == 2 ? atoi(argv[1]) : 0;
	long long begin, *taken = calloc(count + 1, sizeof(*taken));

	if (count < 1 || !taken) {
		fprintf(stderr, "usage: delay COUNT\n");
		return 1;
	}
	for (i = 0; i < count; i++) {
		drain(150);
		usleep(rand() % 100000);
		begin = now();
		id = ok(shmget(IPC_PRIVATE, 4096, 0600));
		ok(read(STDIN_FILENO, data, sizeof(data)) ?: -1);
		taken[i] = now() - begin;
		ok(shmctl(id, IPC_RMID, NULL));
	}
	qsort(taken, count, sizeof(*taken), compare);
	printf("%lld\n", taken[count / 2]);
	return 0;
}
