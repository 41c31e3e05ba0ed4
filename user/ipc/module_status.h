/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MODULE_STATUS_H
#define IPCNSCTL_MODULE_STATUS_H

#include <linux/ipcns.h>

#include "ipc/finding.h"
#include "libipcns.h"
#include "print/value.h"

#define HOLDER_WIRE_KINDS (IPCNS_HOLDER_KIND_SHM + 1)

extern const char *const holder_wire_names[HOLDER_WIRE_KINDS];

/* The comparison of one struct with the running kernel's. */
struct layout {
	struct value name, member;
	const char *state;
	bool fits;
	uint64_t kinds, depth, holders;	/* masks of what is not read because of it */
};

/* One hook. */
struct hook {
	struct value symbol, kind;
	struct value error;		/* why it cannot be armed */
	uint64_t armed, missed;
};

/* An interface that not all kernels have. */
struct interface {
	struct value name, since;	/* since: the first Linux with it */
	struct value without;		/* what users miss without it */
	bool found;
};

bool layout_parse(struct nlattr *attr, struct layout *layout);
bool hook_parse(struct nlattr *attr, struct hook *hook);
bool interface_next(struct value *rest, struct interface *interface);
void module_problems(struct ipcns *w, struct nlattr *attrs, int len, struct findings *list);
void module_status_get(struct ipcns *w, ipcns_row_fn row, void *arg);

#endif
