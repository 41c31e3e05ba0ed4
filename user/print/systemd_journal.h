/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SYSTEMD_JOURNAL_H
#define IPCNSCTL_SYSTEMD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "print/text.h"

/* Writer of entries to the journal of systemd. */
struct systemd_journal {
	int fd;			/* -1: not connected */
	struct buffer entry;	/* fields so far */
};

void systemd_journal_init(struct systemd_journal *j);
void systemd_journal_check(struct systemd_journal *j);
void systemd_journal_field(struct systemd_journal *j, const char *name, const char *value,
			   size_t len);
bool systemd_journal_send(struct systemd_journal *j);

#endif
