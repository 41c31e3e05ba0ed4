/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_HELP_H
#define IPCNSCTL_HELP_H

#include <stdbool.h>

struct table_type;

bool help_print(const char *section);
void help_print_columns(const struct table_type *set);

#endif
