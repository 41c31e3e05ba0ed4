/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WAITER_H
#define IPCNSCTL_WAITER_H

#include "libipcns.h"
#include "print/columns.h"
#include "print/rows.h"

extern const struct table_type sem_waiter_columns;
extern const struct table_type queue_waiter_columns;
extern const struct table_type undo_columns;
extern const struct table_type all_undo_columns;
extern const struct table_type wait_columns;

/* How it is known who could let a process go on that waits. */
enum awaited_source {
	AWAITED_UNKNOWN,
	AWAITED_UNDO,	/* their end would change the semaphore: they have taken it */
	AWAITED_LAST,	/* changed the semaphore last; sent or received last, at the other end */
	AWAITED_GONE,	/* who was the last has ended */
	AWAITED_OPEN,	/* have the POSIX queue open */
	AWAITED_SOURCES,
};

#define AWAITED_MAX 32

/* What processes wait for, and who could provide it. */
struct awaited {
	uint64_t nsid;
	unsigned int kind;	/* enum ipcns_kind */
	uint32_t id, key;
	uint64_t what;		/* which of the object, see waits.c */
	enum awaited_source source;
	bool more;		/* others may do it, too */
	uint32_t n;
	uint32_t pids[AWAITED_MAX];
};

/* One process that waits: the data of a row of wait_columns. */
struct wait {
	struct awaited *awaited;
	uint32_t pid;		/* 0 if it is not visible */
	uint32_t cycle;		/* number of the cycle that it is part of, or 0 */
};

/* The answer to a request about one object; all zero at first. */
struct waiter_answer {
	struct row_store waiters;	/* in the order in which they wait */
	struct row_store undos;		/* adjustments */
	bool truncated;			/* there are more of either */
};

bool waiter_is_undo(const struct row *row);
int waiter_answer_get(struct ipcns *w, struct ipcns_request *r, struct waiter_answer *answer);
void waiter_answer_clear(struct waiter_answer *answer);

#endif
