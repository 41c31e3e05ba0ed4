/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_SHM_LIMIT_H
#define IPCNSCTL_SHM_LIMIT_H

#include "host/posix_shm.h"
#include "ipc/user_limit.h"

void shm_limits_add(struct user_limits *list, const struct posix_shm *found,
		    const struct row_store *namespaces, const struct row_store *only);

#endif
