/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_HTTP_SERVER_H
#define IPCNSCTL_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* What is sent for a request; the body stays the caller's until the next request. */
struct http_answer {
	bool failed;
	const char *type;	/* of the content */
	const char *body;
	size_t len;
};

/*
 * @accept is the header of that name, or NULL. @stop can be read from once the server is to end,
 * and what was made by then is sent to nobody.
 */
typedef void (*http_fn)(const char *accept, int stop, struct http_answer *answer, void *arg);

void http_serve(const char *address, const char *path, http_fn get, void *arg);

#endif
