/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_USER_NAMESPACE_H
#define IPCNSCTL_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>

int process_namespace_open(uint32_t pid, uint64_t ipc_inum);
int user_namespace_of(int ns);
int user_namespace_parent(int userns);
bool user_namespace_identify(int userns, uint64_t *inum, uint32_t *owner);
bool user_namespace_is_own(int userns);
bool user_namespace_limit(int userns, uint64_t *limit);

#endif
