/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_CHECKS_H
#define IPCNSCTL_CHECKS_H

#include "host/posix_shm.h"
#include "ipc/finding.h"
#include "ipc/user_limit.h"
#include "ipc/waits.h"
#include "libipcns.h"
#include "print/rows.h"

/* What is checked. */
struct check_scope {
	struct ipcns *w;
	const struct row_store *all;	/* all namespaces, sorted */
	double listed;			/* when they were listed, in seconds since the epoch */
	const struct row_store *only;	/* namespaces that were asked for, sorted; NULL for all */
	unsigned int kinds;		/* mask of kinds of objects, 0 for all and all else */
};

bool check_wants(const struct check_scope *scope, unsigned int kind);
struct finding *check_found(const struct check_scope *scope, struct findings *list,
			    enum severity severity, const char *check, uint64_t inum,
			    uint64_t nsid, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
char *check_process(uint32_t pid);

void check_shm_limits(const struct check_scope *scope, const struct posix_shm *found,
		      struct findings *list);

/* Limits that are checked; all zero at first. */
struct near_limits {
	struct near_limit *rows;	/* of namespaces, which are nearly used up */
	size_t n, allocated;
	struct user_limits users;
	bool counts_queues;		/* for users, as all of them come with the other objects */
};

void check_limits_begin(const struct check_scope *scope, bool all_objects,
			struct near_limits *list);
void check_limits_count(struct near_limits *list, const struct row *row);
void check_limits_restart(struct near_limits *list, uint64_t nsid);
void check_limits_end(const struct check_scope *scope, struct near_limits *near,
		      struct findings *list);

/* Namespaces that were pinned when a check began. */
struct pinned {
	uint64_t *nsids;	/* sorted */
	size_t n;
};

void check_pinned_begin(const struct check_scope *scope, struct pinned *pinned);
void check_pinned_end(const struct check_scope *scope, struct pinned *pinned,
		      struct findings *list);
void check_dying(const struct check_scope *scope, struct findings *list);
void check_filesystems(const struct check_scope *scope, struct findings *list);

void check_blocked_again(const struct check_scope *scope, const struct waits *before,
			 struct waits *after);
void check_blocked(const struct check_scope *scope, const struct waits *before,
		   const struct waits *after, struct findings *list);

#endif
