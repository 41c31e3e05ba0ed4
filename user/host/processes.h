/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROCESSES_H
#define IPCNSCTL_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*process_fn)(uint32_t pid, void *arg);

void processes_read(process_fn found, void *arg);
bool processes_complete(void);
bool process_line(const char *task, const char *file, const char *label, char *rest,
		  size_t size);
bool task_namespace(const char *task, const char *kind, uint64_t *inum);
bool process_uid(uint32_t pid, uint32_t *uid);
bool process_queue_limit(uint32_t pid, uint64_t *bytes);

#endif
