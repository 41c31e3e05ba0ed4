/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_NAMESPACE_OPEN_H
#define IPCNSCTL_NAMESPACE_OPEN_H

#include <stddef.h>

#include "libipcns.h"
#include "print/rows.h"

int ns_open(struct ipcns *w, const struct stored_row *ns, const char *name, char *why,
	    size_t size);

#endif
