/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_MQUEUE_CONTENTS_H
#define IPCNSCTL_MQUEUE_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

/* What is in an mqueue filesystem. */
struct mqueue_contents {
	uint64_t queues, bytes;
};

bool mqueue_contents_read(uint32_t pid, const char *path, uint32_t dev,
			  struct mqueue_contents *contents);

#endif
