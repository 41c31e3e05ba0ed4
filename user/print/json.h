/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_JSON_H
#define IPCNSCTL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Writer of one JSON text. Values have a key in an object, and NULL in an array. What is in the
 * text is in @out only after json_end().
 */
struct json {
	FILE *out;
	int depth;
	bool filled;	/* the innermost object or array has an element */
	bool line;	/* no line breaks */
	size_t len;	/* of what has yet to be written to @out */
	char bytes[1024];
};

void json_begin(struct json *json, FILE *out);
void json_begin_line(struct json *json, FILE *out);
void json_end(struct json *json);
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *key, const char *text, size_t len);
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t value);
void json_signed(struct json *json, const char *key, int64_t value);
void json_percent(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
