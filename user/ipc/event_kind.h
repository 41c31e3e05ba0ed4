/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_EVENT_KIND_H
#define IPCNSCTL_EVENT_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipcns.h>

#include "libipcns.h"

/* Kinds of objects, events, reasons and causes of loss, by their numbers on the wire. */
#define EVENT_OBJECTS IPCNS_EVENT_OBJECT_LOST
#define EVENT_KINDS (IPCNS_EVENT_KIND_DESTROYED + 1)
#define EVENT_REASONS (IPCNS_EVENT_REASON_EXIT + 1)
#define EVENT_CAUSES (IPCNS_LOST_CAUSE_MISSED + 1)

extern const char *const event_object_names[EVENT_OBJECTS + 1];
extern const char *const event_kind_names[EVENT_KINDS];
extern const char *const event_reason_names[EVENT_REASONS];
extern const char *const event_cause_names[EVENT_CAUSES];

unsigned int event_find_name(const char *const names[], unsigned int n, const char *word,
			     size_t len);

/* Which events are wanted: a mask of kinds of events for each kind of object. */
struct event_mask {
	unsigned int kinds[EVENT_OBJECTS];
};

bool event_is_loss(const struct ipcns_event *e);
bool event_is_of_hooks(const struct ipcns_event *e);

void event_mask_all(struct event_mask *mask);
void event_mask_events(struct event_mask *mask, const char *list);
void event_mask_types(struct event_mask *mask, const char *list);
void event_mask_take(struct event_mask *mask, const char *events, const char *types);
uint32_t event_mask_objects(const struct event_mask *mask);
bool event_wanted(const struct event_mask *mask, const struct ipcns_event *e);

#endif
