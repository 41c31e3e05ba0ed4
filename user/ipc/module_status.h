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
	struct value symbol;
	uint64_t armed, missed;
};

bool layout_parse(struct nlattr *attr, struct layout *layout);
bool hook_parse(struct nlattr *attr, struct hook *hook);
void module_problems(struct ipcns *w, struct nlattr *attrs, int len, struct findings *list);
void module_status_get(struct ipcns *w, ipcns_row_fn row, void *arg);

#endif
