/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_LOOKUP_H
#define IPCNSCTL_OBJECT_LOOKUP_H

#include "print/rows.h"

void object_lookup(struct ipcns *w, const struct row_store *namespaces, unsigned int kinds,
		   uint32_t id, struct row_store *found);
void object_lookup_die(const struct row_store *found, unsigned int kinds, uint32_t id,
		       const char *where) __attribute__((noreturn));
uint32_t object_parse_key(const char *text);

#endif
