/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_WAITS_H
#define IPCNSCTL_WAITS_H

#include "ipc/waiter.h"
#include "print/rows.h"
#include "print/table.h"

struct stored_wait;

/* Processes that wait for semaphores and queues; all zero at first. */
struct waits {
	bool brief;			/* who waits, not who could unblock them */
	size_t max;			/* objects that are asked about at most; 0 for any number */
	size_t left_out;		/* objects that are not, since there are more */
	struct row_store objects;	/* that may have waiters */
	struct stored_wait *rows;	/* by object, in the order in which they wait */
	size_t n, allocated;
	struct awaited **things;
	size_t n_things, allocated_things;
	uint64_t refused_nsid;		/* namespace that was refused last */
	size_t refused;			/* namespaces whose waiters the caller may not see */
	size_t truncated;		/* objects with more waiters than were listed */
	size_t unlinked;		/* queues without a name, which cannot be asked about */
	unsigned int unreadable;	/* mask of kinds that this kernel hides */
};

struct waits_mark {
	size_t objects, left_out, unlinked;
};

struct waits_mark waits_mark(const struct waits *waits);
void waits_restart(struct waits *waits, const struct waits_mark *mark);
void waits_add_object(struct waits *waits, struct nlattr *attrs, int len);
void waits_read_objects(struct ipcns *w, const struct row_store *namespaces, unsigned int kinds,
			struct waits *waits);
void waits_read(struct ipcns *w, struct waits *waits);
void waits_print(const struct waits *waits, struct table *out);
void waits_free(struct waits *waits);

#endif
