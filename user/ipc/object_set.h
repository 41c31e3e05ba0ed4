/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_SET_H
#define IPCNSCTL_OBJECT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/event_line.h"

struct object_set_group;
struct object_set_member;

/* Objects, few bytes for each, in groups of one namespace and kind. */
struct object_set {
	struct object_set_group *groups;
	struct object_set_member *members;
	size_t n_groups, groups_allocated, n, allocated;
};

void object_set_add(struct object_set *set, struct event_object *o);
void object_set_sort(struct object_set *set);
void object_set_mark(struct object_set *set, uint64_t ns_id,
		     void (*report)(const struct event_object *o, void *arg), void *arg);
bool object_set_marked(const struct object_set *set, uint64_t ns_id, uint8_t kind, uint32_t id);
void object_set_clear(struct object_set *set);

#endif
