// SPDX-License-Identifier: GPL-2.0-only
/* Cells: from an attribute to a value, from a value to text or JSON. */
#include <stdio.h>
#include <string.h>

#include "host/cgroup_name.h"
#include "host/process.h"
#include "libipcns.h"
#include "print/value.h"
#include "util.h"

/** value_number - fill @value with a plain number */
void value_number(struct value *value, uint64_t number)
{
	value->type = VALUE_NUMBER;
	value->number = number;
}

/** value_signed - fill @value with a number that may be negative */
void value_signed(struct value *value, int64_t number)
{
	value->type = VALUE_SIGNED;
	value->number = number;
}

/** value_size - fill @value with a number of bytes */
void value_size(struct value *value, uint64_t bytes)
{
	value->type = VALUE_SIZE;
	value->number = bytes;
}

/** value_percent - fill @value with a percentage */
void value_percent(struct value *value, double percent)
{
	value->type = VALUE_PERCENT;
	value->percent = percent;
}

/** value_age - fill @value with a time that has passed */
void value_age(struct value *value, uint64_t seconds)
{
	value->type = VALUE_AGE;
	value->number = seconds;
}

/** value_bytes - fill @value with text of @len bytes, which must outlive it */
void value_bytes(struct value *value, const void *text, size_t len)
{
	value->type = VALUE_TEXT;
	value->text = text;
	value->len = len;
}

/** value_text - fill @value with a string, which must outlive it */
void value_text(struct value *value, const char *text)
{
	value_bytes(value, text, strlen(text));
}

/** value_list - fill @value with words that have commas between; they must outlive it */
void value_list(struct value *value, const char *words, size_t len)
{
	value_bytes(value, words, len);
	value->type = VALUE_LIST;
}

/** value_numbers - fill @value with numbers that have commas between; they stay where they are */
void value_numbers(struct value *value, const char *numbers, size_t len)
{
	value_bytes(value, numbers, len);
	value->type = VALUE_NUMBERS;
}

/** value_word - fill @value with one of a few words, which stay where they are */
void value_word(struct value *value, const char *word)
{
	value_text(value, word);
	value->type = VALUE_WORD;
	value->number = (uintptr_t)word;
}

/** value_command - fill @value with the command line of a process, if there is one */
void value_command(struct value *value, uint32_t pid)
{
	const char *text;
	size_t len;

	text = pid ? proc_command(pid, &len) : NULL;
	if (text)
		value_bytes(value, text, len);
}

/**
 * value_unit - fill @value with what a process belongs to: a unit, a container, a job
 *
 * Neighbours often are of one process, which is looked up once.
 */
void value_unit(struct value *value, uint32_t pid)
{
	static char name[UNIT_SIZE];
	static uint32_t last;
	static size_t len;
	const char *path;

	if (!pid || pid != last) {
		path = pid ? proc_cgroup(pid, &len) : NULL;
		len = path ? unit_name(path, len, name) : 0;
		last = pid;
	}
	if (len)
		value_bytes(value, name, len);
}

/**
 * value_attr - fill @value from an attribute
 * @value: the value, VALUE_UNKNOWN
 * @as: what the attribute means
 * @attr: the attribute; if NULL or malformed, @value stays as it is
 */
void value_attr(struct value *value, enum value_kind as, struct nlattr *attr)
{
	/* Others are not what a number says. */
	static const enum value_type types[AS_COMMAND + 1] = {
		[AS_NUMBER] = VALUE_NUMBER,
		[AS_PID] = VALUE_NUMBER,
		[AS_SIZE] = VALUE_SIZE,
		[AS_TIME] = VALUE_TIME,
		[AS_KEY] = VALUE_KEY,
		[AS_PERMS] = VALUE_PERMS,
		[AS_USER] = VALUE_USER,
		[AS_GROUP] = VALUE_GROUP,
	};
	const char *text;
	int64_t signed_number;
	uint64_t number;
	size_t len;

	if (!attr)
		return;
	if (as == AS_SIGNED) {
		if (ipcns_int(attr, &signed_number))
			value_signed(value, signed_number);
		return;
	}
	if (as == AS_TEXT) {
		text = ipcns_text(attr, &len);
		value_bytes(value, text, len);
		return;
	}
	if (!ipcns_uint(attr, &number))
		return;
	if (as == AS_COMMAND) {
		value_command(value, number);
	} else if (as == AS_TIME_NS) {
		value->type = VALUE_TIME;
		value->number = (int64_t)number / NS_PER_SECOND;
	} else if ((as != AS_TIME && as != AS_PID) || number) {
		value->type = types[as];
		value->number = number;
	}
}

/* Neighbours are often of the same second, and localtime_r(3) and strftime(3) are slow. */
static const char *time_text(uint64_t seconds, const struct value_format *format)
{
	static enum time_format last_format;
	static uint64_t last;
	static char text[64];

	if (!*text || seconds != last || format->time != last_format)
		format_time(text, sizeof(text), seconds, &format->now, format->time);
	last = seconds;
	last_format = format->time;
	return text;
}

/** value_render - make @value text for tables; CELL_UNKNOWN stays what it is */
void value_render(struct value *value, const struct value_format *format)
{
	char *end = value->buf + sizeof(value->buf), *begin;

	switch (value->type) {
	case VALUE_UNKNOWN:
	case VALUE_TEXT:
	case VALUE_WORD:
	case VALUE_LIST:
	case VALUE_NUMBERS:
		return;
	case VALUE_MEANINGLESS:
		value_text(value, "-");
		return;
	case VALUE_SIZE:
		if (!format->bytes) {
			format_size(value->buf, value->number);
			break;
		}
		/* fall through */
	case VALUE_AGE:
		if (value->type == VALUE_AGE && !format->seconds) {
			format_age(value->buf, value->number);
			break;
		}
		/* fall through */
	case VALUE_NUMBER:
		begin = format_number(end, value->number);
		value_bytes(value, begin, end - begin);
		return;
	case VALUE_SIGNED:
		snprintf(value->buf, sizeof(value->buf), "%lld", (long long)value->number);
		break;
	case VALUE_PERCENT:
		format_percent(value->buf, value->percent);
		strcat(value->buf, "%");
		break;
	case VALUE_TIME:
		value_text(value, time_text(value->number, format));
		return;
	case VALUE_KEY:
		format_key(value->buf, value->number);
		break;
	case VALUE_PERMS:
		format_perms(value->buf, value->number);
		break;
	case VALUE_USER:
		value_text(value, user_name(value->number));
		return;
	case VALUE_GROUP:
		value_text(value, group_name(value->number));
		return;
	}
	value_text(value, value->buf);
}

/* Words or numbers with commas between as an array. */
static void json_list(struct json *json, const char *key, const struct value *value)
{
	const char *word = value->text, *end = word + value->len, *comma;
	uint64_t number;

	json_open(json, key, '[');
	for (; word < end; word = comma + 1) {
		comma = memchr(word, ',', end - word) ?: end;
		if (value->type == VALUE_NUMBERS &&
		    parse_uint(word, comma - word, 10, UINT64_MAX, &number))
			json_number(json, NULL, number);
		else
			json_text(json, NULL, word, comma - word);
	}
	json_close(json, ']');
}

/** value_json - write @value; sizes are numbers of bytes, times iso unless asked otherwise */
void value_json(struct value *value, struct json *json, const char *key,
		const struct value_format *format)
{
	struct value_format iso;

	switch (value->type) {
	case VALUE_UNKNOWN:
	case VALUE_MEANINGLESS:
		json_null(json, key);
		return;
	case VALUE_NUMBER:
	case VALUE_SIZE:
	case VALUE_AGE:
		json_number(json, key, value->number);
		return;
	case VALUE_SIGNED:
		json_signed(json, key, value->number);
		return;
	case VALUE_LIST:
	case VALUE_NUMBERS:
		json_list(json, key, value);
		return;
	case VALUE_PERCENT:
		json_percent(json, key, value->percent);
		return;
	case VALUE_TIME:
		iso = *format;
		if (iso.time == TIME_DEFAULT)
			iso.time = TIME_ISO;
		value_render(value, &iso);
		break;
	case VALUE_KEY:
	case VALUE_PERMS:
	case VALUE_USER:
	case VALUE_GROUP:
		value_render(value, format);
		break;
	case VALUE_TEXT:
	case VALUE_WORD:
		break;
	}
	json_text(json, key, value->text, value->len);
}
