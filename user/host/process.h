/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROCESS_H
#define IPCNSCTL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

const char *proc_command(uint32_t pid, size_t *len);
void proc_command_wide(void);
bool proc_is_kernel_thread(uint32_t pid);
bool proc_start(uint32_t pid, uint64_t *ticks);
const char *proc_cgroup(uint32_t pid, size_t *len);
const char *user_name(uint32_t uid);
const char *group_name(uint32_t gid);

#endif
