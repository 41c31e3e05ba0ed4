/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_STATE_FILE_H
#define IPCNSCTL_STATE_FILE_H

#include <stddef.h>

char *state_file_read(const char *path, size_t max, size_t *len);

#endif
