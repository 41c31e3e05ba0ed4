/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_USER_LIMIT_H
#define IPCNSCTL_USER_LIMIT_H

#include "print/rows.h"

enum user_limit_kind {
	USER_LIMIT_NAMESPACES,	/* user.max_ipc_namespaces of a user namespace */
	USER_LIMIT_QUEUES,	/* RLIMIT_MSGQUEUE of a user's processes */
	USER_LIMIT_SHM,		/* size of a tmpfs at /dev/shm, which is nobody's: see shm_limit.c */
	USER_LIMIT_KINDS,
};

/* What is used of a limit that the kernel does not have in an IPC namespace. */
struct user_limit {
	enum user_limit_kind kind;
	uint64_t userns;	/* inode number of the user namespace, USER_LIMIT_NAMESPACES */
	uint32_t uid;		/* not of USER_LIMIT_SHM */
	uint64_t ns, nsid;	/* IPC namespace of USER_LIMIT_SHM, 0 if there is none */
	bool wanted;		/* one of the namespaces that were asked for has a part in it */
	bool has_limit;
	uint64_t limit, used;
	uint64_t largest;	/* bytes of the largest queue, USER_LIMIT_QUEUES */
};

/* All of them; all zero at first. */
struct user_limits {
	struct user_limit *rows;
	size_t n, allocated, merged;
	const struct row_store *only;	/* namespaces that rows are wanted for; NULL for all */
	void *namespaces;	/* user namespaces, a tree of tsearch(3) */
	size_t unread;		/* user namespaces whose limit was not read: too many */
	size_t refused;		/* of others it could not be read, though the caller sees all */
};

extern const char *const user_limit_names[USER_LIMIT_KINDS];

void user_limits_begin(struct user_limits *list, struct ipcns *w, const struct row_store *all,
		       const struct row_store *only, size_t most);
void user_limits_add(struct user_limits *list, const struct row *row);
void user_limits_restart(struct user_limits *list);
void user_limits_end(struct user_limits *list);
void user_limits_get(struct user_limits *list, struct ipcns *w, const struct row_store *all,
		     const struct row_store *only, size_t most);
double user_limit_use(const struct user_limit *limit);
bool user_limit_is_tight(const struct user_limit *limit);
void user_limits_report(const struct user_limits *list);
void user_limits_free(struct user_limits *list);

#endif
