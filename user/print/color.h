/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_COLOR_H
#define IPCNSCTL_COLOR_H

#include <stdbool.h>

enum color_when {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

bool color_parse(const char *text, enum color_when *when);
bool color_wanted(enum color_when when);

#endif
