/* SPDX-License-Identifier: LGPL-2.1-only */
/* What the files of libipcns share, and others do not see. */
#ifndef LIBIPCNS_LIB_H
#define LIBIPCNS_LIB_H

#include "libipcns.h"

struct nl_sock;

void connection_refuse_senders(int fd);
void connection_hold(struct ipcns *c, bool hold);
bool struct_take(void *to, size_t known, const void *from, size_t given);
void struct_give(void *to, size_t given, const void *from, size_t known);
int connection_open(struct ipcns *c, uint16_t family);
uint16_t connection_family(const struct ipcns *c);
int connection_do_on(struct ipcns *c, struct nl_sock *sk, struct ipcns_request *r,
		     ipcns_row_fn row, void *arg);
int connection_error(struct ipcns *c, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
