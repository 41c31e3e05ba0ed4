/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_EVENT_STAMP_H
#define IPCNSCTL_EVENT_STAMP_H

#include <netlink/attr.h>

#include "ipc/event_line.h"

#define EVENT_STAMP_SIZE 64

void event_stamp(struct event_writer *w, struct nlattr *attr, char buf[static EVENT_STAMP_SIZE]);

#endif
