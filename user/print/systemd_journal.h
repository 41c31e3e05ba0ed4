/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SYSTEMD_JOURNAL_H
#define IPCNSCTL_SYSTEMD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "print/text.h"

/* Writer of entries to the journal of systemd. */
struct journald {
	int fd;			/* -1: not connected */
	struct buffer entry;	/* fields so far */
};

void journald_init(struct journald *j);
void journald_check(struct journald *j);
void journald_field(struct journald *j, const char *name, const char *value, size_t len);
bool journald_send(struct journald *j);

#endif
