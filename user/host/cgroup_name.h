/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_CGROUP_NAME_H
#define IPCNSCTL_CGROUP_NAME_H

#include <stddef.h>

/* Room for any name: four components of a path, and a manager or a pod in front of each. */
#define UNIT_SIZE 2048

size_t unit_name(const char *path, size_t len, char buf[static UNIT_SIZE]);

#endif
