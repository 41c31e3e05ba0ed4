// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actions: System V message queues.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "world.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

#define LONGEST 8192
#define FILL 64		/* messages until a queue counts as full, if it is not before */

struct message {
	long type;
	char text[LONGEST];
};

static long create(struct actor *a)
{
	return keep_id(a, MSG, msgget(some_key(a), IPC_CREAT | 0600 | rnd(a, 0100)));
}

static long remove_one(struct actor *a)
{
	return msgctl(some_id(a, MSG), IPC_RMID, NULL);
}

static size_t length(struct actor *a)
{
	switch (rnd(a, 4)) {
	case 0:
		return 0;
	case 1:
		return rnd(a, LONGEST + 1);
	default:
		return rnd(a, 64);
	}
}

static long send_one(struct actor *a)
{
	struct message message = { .type = 1 + rnd(a, 4) };

	return msgsnd(some_id(a, MSG), &message, length(a), IPC_NOWAIT);
}

static long fill(struct actor *a)
{
	struct message message = { .type = 1 };
	int id = some_id(a, MSG), i;
	size_t size = length(a);

	for (i = 0; i < FILL; i++)
		if (msgsnd(id, &message, size, IPC_NOWAIT))
			return errno == EAGAIN ? 0 : -1;
	return 0;
}

static long receive_one(struct actor *a)
{
	struct message message;
	int flags = IPC_NOWAIT;

	if (chance(a, 10))
		flags |= MSG_COPY;
	else
		flags |= (chance(a, 20) ? MSG_EXCEPT : 0) | (chance(a, 80) ? MSG_NOERROR : 0);
	return msgrcv(some_id(a, MSG), &message, rnd(a, LONGEST), (long)rnd(a, 7) - 2, flags);
}

static void wait_for_message(struct actor *a)
{
	struct message message;

	if (chance(a, 50)) {
		msgrcv(some_id(a, MSG), &message, LONGEST, 77, 0);
	} else {
		int id = some_id(a, MSG), i;

		memset(&message, 'x', sizeof(message));
		message.type = 1;
		for (i = 0; i < FILL; i++)
			if (msgsnd(id, &message, LONGEST - 1, 0))
				break;
	}
}

/* A receiver without a message, or a sender to a full queue, that is killed. */
static long killed_waiter(struct actor *a)
{
	return with_child(a, 0, wait_for_message, rnd(a, 20));
}

static long set(struct actor *a)
{
	struct msqid_ds info;
	int id = some_id(a, MSG);

	if (msgctl(id, IPC_STAT, &info))
		return -1;
	info.msg_qbytes = chance(a, 50) ? rnd(a, 16384) : 16384;
	info.msg_perm.mode = 0600 | rnd(a, 0100);
	return msgctl(id, IPC_SET, &info);
}

static long look(struct actor *a)
{
	struct msqid_ds info;
	struct msginfo limits;

	return chance(a, 50) ? msgctl(rnd(a, 64), MSG_STAT_ANY, &info) :
			       msgctl(0, MSG_INFO, (struct msqid_ds *)&limits);
}

const struct action msg_actions[] = {
	{ "msg create", create, 9 },
	{ "msg remove", remove_one, 3 },
	{ "msg send", send_one, 6 },
	{ "msg fill", fill, 2 },
	{ "msg receive", receive_one, 5 },
	{ "msg killed while waiting", killed_waiter, 3 },
	{ "msg set", set, 1 },
	{ "msg look", look, 1 },
	{ 0 }
};
