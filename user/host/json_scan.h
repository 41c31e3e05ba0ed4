/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_JSON_SCAN_H
#define IPCNSCTL_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Deepest place at which strings are found: what lies deeper is passed over. */
#define JSON_SCAN_DEPTH 4

/* A string in a document, as it stands there, and where it is. All point into the document. */
struct json_string {
	const char *text;
	size_t len;
	unsigned int depth;	/* objects and arrays around it */
	struct {
		const char *key;	/* in an object; NULL in an array */
		size_t len;
		size_t index;		/* of the member or element, from 0 */
	} at[JSON_SCAN_DEPTH];		/* the outermost first */
};

typedef void (*json_string_fn)(const struct json_string *string, void *arg);

bool json_scan(const char *text, size_t len, json_string_fn found, void *arg);
bool json_string_is_at(const struct json_string *string, unsigned int level, const char *key);

#endif
