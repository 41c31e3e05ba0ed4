/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_VALUE_H
#define IPCNSCTL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <netlink/attr.h>

#include "print/json.h"
#include "print/text.h"

enum value_type {
	VALUE_UNKNOWN,		/* empty; null in JSON */
	VALUE_MEANINGLESS,	/* "-"; null in JSON */
	VALUE_PERCENT,
	VALUE_TEXT,
	VALUE_LIST,		/* words with commas between; an array in JSON */
	VALUE_NUMBERS,		/* the same of numbers */
	/* What follows is what its number says, see value_same(). */
	VALUE_WORD,		/* a constant text; its number is the address */
	VALUE_NUMBER,
	VALUE_SIGNED,
	VALUE_SIZE,
	VALUE_TIME,
	VALUE_AGE,
	VALUE_KEY,
	VALUE_PERMS,
	VALUE_USER,
	VALUE_GROUP,
};

/* One value. Text lies in @buf, or elsewhere until the next cell is filled. */
struct value {
	enum value_type type;
	uint64_t number;
	double percent;
	const char *text;
	size_t len;
	char buf[64];
};

/* How an attribute becomes a cell. */
enum value_kind {
	AS_NUMBER = 1,
	AS_SIGNED,
	AS_SIZE,
	AS_PERCENT,
	AS_TIME,	/* seconds since the epoch, 0 is never */
	AS_TIME_NS,	/* nanoseconds since the epoch */
	AS_AGE,		/* seconds */
	AS_TEXT,
	AS_LIST,
	AS_KEY,
	AS_PERMS,
	AS_USER,
	AS_GROUP,
	AS_PID,		/* 0 is nobody, or a process that the caller cannot see */
	AS_COMMAND,	/* process id: its command line */
};

struct value_format {
	bool bytes;
	bool seconds;		/* ages as numbers */
	enum time_format time;
	struct tm now;
};

/** value_same - whether @value shows what one of @type and @number shows, if that is sure */
static inline bool value_same(const struct value *value, enum value_type type, uint64_t number)
{
	return value->type == type && type >= VALUE_WORD && value->number == number;
}

/** value_is_plain - whether all that a cell may show are characters that every locale prints */
static inline bool value_is_plain(const struct value *value)
{
	switch (value->type) {
	case VALUE_NUMBER:
	case VALUE_SIGNED:
	case VALUE_SIZE:
	case VALUE_AGE:
	case VALUE_KEY:
	case VALUE_PERMS:
		return true;
	default:
		return false;
	}
}

void value_number(struct value *value, uint64_t number);
void value_signed(struct value *value, int64_t number);
void value_size(struct value *value, uint64_t bytes);
void value_percent(struct value *value, double percent);
void value_age(struct value *value, uint64_t seconds);
void value_text(struct value *value, const char *text);
void value_word(struct value *value, const char *word);
void value_bytes(struct value *value, const void *text, size_t len);
void value_list(struct value *value, const char *words, size_t len);
void value_numbers(struct value *value, const char *numbers, size_t len);
void value_command(struct value *value, uint32_t pid);
void value_unit(struct value *value, uint32_t pid);
void value_attr(struct value *value, enum value_kind as, struct nlattr *attr);

void value_render(struct value *value, const struct value_format *format);
void value_json(struct value *value, struct json *json, const char *key,
		const struct value_format *format);

#endif
