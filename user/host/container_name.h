/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_CONTAINER_NAME_H
#define IPCNSCTL_CONTAINER_NAME_H

#include <stddef.h>
#include <stdint.h>

const char *container_name(uint32_t pid, size_t *len);

#endif
