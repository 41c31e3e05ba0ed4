/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OUTPUT_FILE_H
#define IPCNSCTL_OUTPUT_FILE_H

#include <stdio.h>

void outfile_write(const char *path, void (*fill)(FILE *out, const void *arg), const void *arg);

#endif
