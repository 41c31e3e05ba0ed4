/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_VISITOR_H
#define IPCNSCTL_VISITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A child process that enters namespaces of others, and reports by records. */
struct visitor {
	pid_t pid;
	int end;	/* of a socket on which each write is one record */
};

/* Runs in the child, with the other end of the socket; its exit status does not matter. */
typedef void (*visitor_fn)(int end, void *arg);

enum visitor_state {
	VISITOR_ANSWERED,
	VISITOR_ENDED,		/* it was killed, or had no more to say */
	VISITOR_STOPPED,
	VISITOR_SILENT,		/* there was no answer in time */
};

bool visitor_start(struct visitor *visitor, const int *keep, size_t n, visitor_fn run, void *arg);
bool visitor_enter_user(int userns);
enum visitor_state visitor_read(struct visitor *visitor, void *record, size_t size, ssize_t *len,
				int patience);
void visitor_end(struct visitor *visitor);

#endif
