/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_SET_H
#define IPCNSCTL_OBJECT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/event_line.h"

struct objset_group;
struct objset_member;

/* Objects, few bytes for each, in groups of one namespace and kind. */
struct objset {
	struct objset_group *groups;
	struct objset_member *members;
	size_t n_groups, groups_allocated, n, allocated;
};

void objset_add(struct objset *set, struct event_object *o);
void objset_sort(struct objset *set);
void objset_mark(struct objset *set, uint64_t ns_id,
		 void (*tell)(const struct event_object *o, void *arg), void *arg);
bool objset_marked(const struct objset *set, uint64_t ns_id, uint8_t kind, uint32_t id);
void objset_clear(struct objset *set);

#endif
