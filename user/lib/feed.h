/* SPDX-License-Identifier: LGPL-2.1-only */
/* What the files of a feed share. */
#ifndef LIBIPCNS_FEED_H
#define LIBIPCNS_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/netlink.h>

#include "lib.h"

#define MESSAGE_SIZE (128 << 10)

/* A namespace that the caller can see. */
struct seen {
	uint64_t id;
	uint32_t inum;
};

struct seen_list {
	struct seen *ns;
	size_t n, max;
	bool failed;		/* there was no memory */
};

struct ipcns_feed {
	struct ipcns *c;	/* for requests */
	ipcns_event_fn take;
	void *arg;
	uint32_t objects;	/* mask of objects to ask the journal for, 0 for all */
	uint64_t ns_id;		/* the only namespace to ask the journal for, 0 for all */
	uint64_t last;		/* number of the last event that was taken, or is lost */

	struct nl_sock *sk;
	int fd;
	int epoll;		/* readable when the socket is, or when it is time to poll */
	int timer;
	bool joined;
	bool busy;		/* a callback is running */
	bool polling;		/* there is no subscription */
	struct seen_list seen;	/* what the last poll found */
	uint16_t family;	/* of a module that was loaded meanwhile, 0 if not known */
	bool complete;		/* all is subscribed to, so that numbers have no gaps */
	bool overrun;		/* the socket had no room, and is not empty yet */
	uint64_t held;		/* oldest event in the journal when that was seen */
	char text[256];		/* what the last error was */
	char data[MESSAGE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

int feed_fail(struct ipcns_feed *f, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void feed_take(struct ipcns_feed *f, struct ipcns_event *e);
int feed_set_timer(struct ipcns_feed *f, unsigned int ms);
int feed_start_polling(struct ipcns_feed *f);
int feed_poll(struct ipcns_feed *f);
bool feed_timer_expired(struct ipcns_feed *f);

#endif
