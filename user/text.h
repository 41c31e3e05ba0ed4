/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TEXT_H
#define IPCNSCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum time_format {
	TIME_DEFAULT,	/* short for people, iso in JSON */
	TIME_SHORT,
	TIME_FULL,
	TIME_ISO,
};

bool parse_uint(const char *text, size_t len, int base, uint64_t max, uint64_t *value);
bool parse_time_format(const char *text, enum time_format *format);

size_t utf8_length(const char *text, size_t len);
void put_raw(FILE *out, const char *text, size_t len);
void put_safe(FILE *out, const char *text, size_t len);

void format_size(char *buf, size_t size, uint64_t bytes);
void format_time(char *buf, size_t size, int64_t seconds, const struct tm *now,
		 enum time_format format);
void format_perms(char *buf, size_t size, uint32_t mode);

#endif
