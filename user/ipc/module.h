/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MODULE_H
#define IPCNSCTL_MODULE_H

#include "libipcns.h"

struct ipcns *module_open(void);
void module_die(const struct ipcns *c, int err, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
bool module_gone(int err);
void report_part(bool files);

struct ipcns_feed *feed_open(bool objects, ipcns_event_fn take, void *arg, bool *loaded);
bool feed_alive(const struct ipcns_feed *f, int ret);

#endif
