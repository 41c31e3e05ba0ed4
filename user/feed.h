/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_FEED_H
#define IPCNSCTL_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "wire.h"

/* Takes an event; it is gone when it returns. Events come in order, each one once. */
typedef void (*feed_event_fn)(const struct event *e, void *arg);

/* The stream of events, with its holes filled from the journal. */
struct feed {
	struct wire *w;		/* for requests; NULL while no module is joined */
	feed_event_fn take;
	void *arg;
	uint32_t objects;	/* mask of objects to ask the journal for, 0 for all */
	uint64_t ns_id;		/* the only namespace to ask the journal for, 0 for all */
	uint64_t last;		/* number of the last event that was taken, or is lost */
	uint64_t next_ns_id;	/* of feed_state(): below it, all were handed out; 0: the kernel does */

	/* The rest is its own. */
	uint16_t family;	/* of a module that was loaded meanwhile, 0 if not known */
	struct nl_sock *sk;
	int fd;
	bool complete;		/* both groups are joined, so that numbers have no gaps */
	bool overrun;		/* the socket had no room, and is not empty yet */
	uint64_t held;		/* oldest event in the journal when that was seen */
};

enum feed_state {
	FEED_MORE,		/* there may be more to read */
	FEED_DRY,		/* all that was there is read */
	FEED_GONE,		/* the module was unloaded */
	FEED_BACK,		/* a module was loaded, while none is joined */
};

void feed_open(struct feed *f, feed_event_fn take, void *arg);
bool feed_join(struct feed *f, bool objects);
void feed_leave(struct feed *f);
void feed_close(struct feed *f);
bool feed_state(struct feed *f, uint64_t *next, uint64_t *held);
bool feed_fetch(struct feed *f);
enum feed_state feed_read(struct feed *f);

#endif
