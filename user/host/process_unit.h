/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROCESS_UNIT_H
#define IPCNSCTL_PROCESS_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool groups_are_unified(void);
const char *group_unit(const char *path, size_t *len);
const char *process_unit_at(uint32_t pid, int64_t time, size_t *len);

#endif
