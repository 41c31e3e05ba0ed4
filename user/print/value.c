// SPDX-License-Identifier: GPL-2.0-only
/* Cells: from an attribute to a value, from a value to text or JSON. */
#include <stdio.h>
#include <string.h>

#include "host/cgroup_name.h"
#include "host/process.h"
#include "libipcns.h"
#include "print/value.h"

/** value_number - fill @cell with a plain number */
void value_number(struct value *cell, uint64_t value)
{
	cell->type = VALUE_NUMBER;
	cell->number = value;
}

/** value_signed - fill @cell with a number that may be negative */
void value_signed(struct value *cell, int64_t value)
{
	cell->type = VALUE_SIGNED;
	cell->number = value;
}

/** value_size - fill @cell with a number of bytes */
void value_size(struct value *cell, uint64_t bytes)
{
	cell->type = VALUE_SIZE;
	cell->number = bytes;
}

/** value_percent - fill @cell with a percentage */
void value_percent(struct value *cell, double value)
{
	cell->type = VALUE_PERCENT;
	cell->percent = value;
}

/** value_age - fill @cell with a time that has passed */
void value_age(struct value *cell, uint64_t seconds)
{
	cell->type = VALUE_AGE;
	cell->number = seconds;
}

/** value_bytes - fill @cell with text of @len bytes, which must outlive it */
void value_bytes(struct value *cell, const void *text, size_t len)
{
	cell->type = VALUE_TEXT;
	cell->text = text;
	cell->len = len;
}

/** value_text - fill @cell with a string, which must outlive it */
void value_text(struct value *cell, const char *text)
{
	value_bytes(cell, text, strlen(text));
}

/** value_list - fill @cell with words that have commas between; they must outlive it */
void value_list(struct value *cell, const char *words, size_t len)
{
	value_bytes(cell, words, len);
	cell->type = VALUE_LIST;
}

/** value_numbers - fill @cell with numbers that have commas between; they stay where they are */
void value_numbers(struct value *cell, const char *numbers, size_t len)
{
	value_bytes(cell, numbers, len);
	cell->type = VALUE_NUMBERS;
}

/** value_word - fill @cell with one of a few words, which stay where they are */
void value_word(struct value *cell, const char *word)
{
	value_text(cell, word);
	cell->type = VALUE_WORD;
	cell->number = (uintptr_t)word;
}

/** value_command - fill @cell with the command line of a process, if there is one */
void value_command(struct value *cell, uint32_t pid)
{
	const char *text;
	size_t len;

	text = pid ? proc_command(pid, &len) : NULL;
	if (text)
		value_bytes(cell, text, len);
}

/**
 * value_unit - fill @cell with what a process belongs to: a unit, a container, a job
 *
 * Neighbours often are of one process, which is looked up once.
 */
void value_unit(struct value *cell, uint32_t pid)
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
		value_bytes(cell, name, len);
}

/**
 * value_attr - fill @cell from an attribute
 * @cell: the cell, CELL_UNKNOWN
 * @as: what the attribute means
 * @attr: the attribute; if NULL or malformed, @cell stays as it is
 */
void value_attr(struct value *cell, enum value_kind as, struct nlattr *attr)
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
	uint64_t value;
	int64_t number;
	size_t len;

	if (!attr)
		return;
	if (as == AS_SIGNED) {
		if (ipcns_int(attr, &number))
			value_signed(cell, number);
		return;
	}
	if (as == AS_TEXT) {
		text = ipcns_text(attr, &len);
		value_bytes(cell, text, len);
		return;
	}
	if (!ipcns_uint(attr, &value))
		return;
	if (as == AS_COMMAND) {
		value_command(cell, value);
	} else if ((as != AS_TIME && as != AS_PID) || value) {
		cell->type = types[as];
		cell->number = value;
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

/** value_render - make @cell text for tables; CELL_UNKNOWN stays what it is */
void value_render(struct value *cell, const struct value_format *format)
{
	char *end = cell->buf + sizeof(cell->buf), *begin;

	switch (cell->type) {
	case VALUE_UNKNOWN:
	case VALUE_TEXT:
	case VALUE_WORD:
	case VALUE_LIST:
	case VALUE_NUMBERS:
		return;
	case VALUE_MEANINGLESS:
		value_text(cell, "-");
		return;
	case VALUE_SIZE:
		if (!format->bytes) {
			format_size(cell->buf, cell->number);
			break;
		}
		/* fall through */
	case VALUE_AGE:
		if (cell->type == VALUE_AGE && !format->seconds) {
			format_age(cell->buf, cell->number);
			break;
		}
		/* fall through */
	case VALUE_NUMBER:
		begin = format_number(end, cell->number);
		value_bytes(cell, begin, end - begin);
		return;
	case VALUE_SIGNED:
		snprintf(cell->buf, sizeof(cell->buf), "%lld", (long long)cell->number);
		break;
	case VALUE_PERCENT:
		format_percent(cell->buf, cell->percent);
		strcat(cell->buf, "%");
		break;
	case VALUE_TIME:
		value_text(cell, time_text(cell->number, format));
		return;
	case VALUE_KEY:
		format_key(cell->buf, cell->number);
		break;
	case VALUE_PERMS:
		format_perms(cell->buf, cell->number);
		break;
	case VALUE_USER:
		value_text(cell, user_name(cell->number));
		return;
	case VALUE_GROUP:
		value_text(cell, group_name(cell->number));
		return;
	}
	value_text(cell, cell->buf);
}

/* Words or numbers with commas between as an array. */
static void json_list(struct json *json, const char *key, const struct value *cell)
{
	const char *word = cell->text, *end = word + cell->len, *comma;
	uint64_t number;

	json_open(json, key, '[');
	for (; word < end; word = comma + 1) {
		comma = memchr(word, ',', end - word) ?: end;
		if (cell->type == VALUE_NUMBERS &&
		    parse_uint(word, comma - word, 10, UINT64_MAX, &number))
			json_number(json, NULL, number);
		else
			json_text(json, NULL, word, comma - word);
	}
	json_close(json, ']');
}

/** value_json - write @cell; sizes are always numbers of bytes, times iso unless asked otherwise */
void value_json(struct value *cell, struct json *json, const char *key,
		const struct value_format *format)
{
	struct value_format iso;

	switch (cell->type) {
	case VALUE_UNKNOWN:
	case VALUE_MEANINGLESS:
		json_null(json, key);
		return;
	case VALUE_NUMBER:
	case VALUE_SIZE:
	case VALUE_AGE:
		json_number(json, key, cell->number);
		return;
	case VALUE_SIGNED:
		json_signed(json, key, cell->number);
		return;
	case VALUE_LIST:
	case VALUE_NUMBERS:
		json_list(json, key, cell);
		return;
	case VALUE_PERCENT:
		json_percent(json, key, cell->percent);
		return;
	case VALUE_TIME:
		iso = *format;
		if (iso.time == TIME_DEFAULT)
			iso.time = TIME_ISO;
		value_render(cell, &iso);
		break;
	case VALUE_KEY:
	case VALUE_PERMS:
	case VALUE_USER:
	case VALUE_GROUP:
		value_render(cell, format);
		break;
	case VALUE_TEXT:
	case VALUE_WORD:
		break;
	}
	json_text(json, key, cell->text, cell->len);
}
