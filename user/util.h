/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_UTIL_H
#define IPCNSCTL_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses that scripts rely on. */
enum {
	STATUS_OK = 0,
	STATUS_ERROR = 1,
	STATUS_NO_MODULE = 2,
	STATUS_LOST = 3,
	STATUS_FOUND = 4,	/* check or status found something */
	STATUS_TIMEOUT = 124,
	STATUS_CANNOT_RUN = 126,
	STATUS_NOT_FOUND = 127,
};

#define PROGRAM "ipcnsctl"

#define NS_PER_SECOND 1000000000LL

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

extern const char *command_name;
extern bool quiet;

void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
void die_usage(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void write_stdout(const char *bytes, size_t len);
void check_stdout(void);
void print_version(void) __attribute__((noreturn));
void option_common(int c, const char *usage) __attribute__((noreturn));
void *xrealloc(void *p, size_t n, size_t size);
void *xcalloc(size_t n, size_t size);
void *xgrow(void *p, size_t n, size_t *allocated, size_t size);
void *xmemdup(const void *p, size_t size);
size_t first_not_below(const void *key, const void *base, size_t n, size_t size,
		       int (*compare)(const void *p, const void *q));
int64_t monotonic_ns(void);
int64_t monotonic_ms(void);

#endif
