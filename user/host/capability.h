/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_CAPABILITY_H
#define IPCNSCTL_CAPABILITY_H

#include <stdbool.h>

bool has_capability(unsigned int capability);
bool is_administrator(void);

#endif
