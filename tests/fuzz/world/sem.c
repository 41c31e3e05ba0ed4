// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: System V semaphores.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

#define LARGEST 32000

static long create(struct actor *a)
{
	int nsems = chance(a, 90) ? 1 + rnd(a, 8) : 1 + rnd(a, 600);

	return keep_id(a, SEM, semget(some_key(a), nsems, IPC_CREAT | 0600 | rnd(a, 0100)));
}

static long create_largest(struct actor *a)
{
	return keep_id(a, SEM, semget(some_key(a), LARGEST - rnd(a, 4), IPC_CREAT | 0600));
}

static long remove_one(struct actor *a)
{
	return semctl(some_id(a, SEM), 0, IPC_RMID);
}

static long operate(struct actor *a, int flags, unsigned int ms)
{
	struct timespec patience = { .tv_nsec = ms * 1000000L };
	struct sembuf ops[4];
	unsigned int i, n = 1 + rnd(a, ARRAY_SIZE(ops));

	for (i = 0; i < n; i++)
		ops[i] = (struct sembuf) {
			.sem_num = chance(a, 95) ? rnd(a, 4) : rnd(a, LARGEST),
			.sem_op = (int)rnd(a, 5) - 2,
			.sem_flg = flags | (chance(a, 40) ? SEM_UNDO : 0),
		};
	return semtimedop(some_id(a, SEM), ops, n, &patience);
}

static long try_operation(struct actor *a)
{
	return operate(a, IPC_NOWAIT, 0);
}

static long wait_operation(struct actor *a)
{
	return operate(a, 0, rnd(a, 15));
}

static void wait_long(struct actor *a)
{
	operate(a, 0, 900);
}

/* Blocked, and killed while it is. */
static long killed_waiter(struct actor *a)
{
	return with_child(a, 0, wait_long, rnd(a, 20));
}

/* The same, for a process that shares its undo list. */
static long shared_undo(struct actor *a)
{
	return with_child(a, CLONE_SYSVSEM, wait_long, rnd(a, 20));
}

static void undo_much(struct actor *a)
{
	int id, i;

	for (i = 0; i < 8; i++) {
		struct sembuf op = { .sem_num = 0, .sem_op = 1, .sem_flg = SEM_UNDO | IPC_NOWAIT };

		id = semget(IPC_PRIVATE, 1 + rnd(a, 3), IPC_CREAT | 0600);
		if (id >= 0 && semop(id, &op, 1) == 0 && chance(a, 50))
			semctl(id, 0, IPC_RMID);
		keep_id(a, SEM, id);
	}
}

static long undo_at_exit(struct actor *a)
{
	return with_child(a, 0, undo_much, 60);
}

static long set_values(struct actor *a)
{
	static unsigned short zeros[LARGEST];
	union semun arg = { .array = zeros };
	int id = some_id(a, SEM);

	if (chance(a, 50))
		return semctl(id, 0, SETALL, arg);
	arg.val = chance(a, 90) ? rnd(a, 3) : rnd(a, 40000);
	return semctl(id, rnd(a, 4), SETVAL, arg);
}

static long set(struct actor *a)
{
	struct semid_ds info;
	union semun arg = { .buf = &info };
	int id = some_id(a, SEM);

	if (semctl(id, 0, IPC_STAT, arg))
		return -1;
	info.sem_perm.mode = rnd(a, 01000);
	if (chance(a, 30))
		info.sem_perm.gid = rnd(a, 3);
	return semctl(id, 0, IPC_SET, arg);
}

static long look(struct actor *a)
{
	static const int commands[] = { GETVAL, GETPID, GETNCNT, GETZCNT };
	struct semid_ds info;
	union semun arg = { .buf = &info };

	if (chance(a, 30))
		return semctl(rnd(a, 64), 0, SEM_STAT_ANY, arg);
	return semctl(some_id(a, SEM), rnd(a, 4), commands[rnd(a, ARRAY_SIZE(commands))]);
}

const struct action sem_actions[] = {
	{ "sem create", create, 10 },
	{ "sem create with 32000", create_largest, 1 },
	{ "sem remove", remove_one, 3 },
	{ "sem operate", try_operation, 8 },
	{ "sem wait", wait_operation, 3 },
	{ "sem killed while waiting", killed_waiter, 3 },
	{ "sem shared undo list", shared_undo, 2 },
	{ "sem undo at exit", undo_at_exit, 3 },
	{ "sem set values", set_values, 2 },
	{ "sem set", set, 1 },
	{ "sem look", look, 1 },
	{ 0 }
};
