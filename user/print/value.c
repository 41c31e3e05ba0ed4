// SPDX-License-Identifier: GPL-2.0-only
/* Cells: from an attribute to a value, from a value to text or JSON. */
#include <stdio.h>
#include <string.h>

#include "host/process.h"
#include "libipcns.h"
#include "print/value.h"

/** cell_number - fill @cell with a plain number */
void cell_number(struct cell *cell, uint64_t value)
{
	cell->type = CELL_NUMBER;
	cell->number = value;
}

/** cell_signed - fill @cell with a number that may be negative */
void cell_signed(struct cell *cell, int64_t value)
{
	cell->type = CELL_SIGNED;
	cell->number = value;
}

/** cell_size - fill @cell with a number of bytes */
void cell_size(struct cell *cell, uint64_t bytes)
{
	cell->type = CELL_SIZE;
	cell->number = bytes;
}

/** cell_percent - fill @cell with a percentage */
void cell_percent(struct cell *cell, double value)
{
	cell->type = CELL_PERCENT;
	cell->percent = value;
}

/** cell_age - fill @cell with a time that has passed */
void cell_age(struct cell *cell, uint64_t seconds)
{
	cell->type = CELL_AGE;
	cell->number = seconds;
}

/** cell_bytes - fill @cell with text of @len bytes, which must outlive it */
void cell_bytes(struct cell *cell, const void *text, size_t len)
{
	cell->type = CELL_TEXT;
	cell->text = text;
	cell->len = len;
}

/** cell_text - fill @cell with a string, which must outlive it */
void cell_text(struct cell *cell, const char *text)
{
	cell_bytes(cell, text, strlen(text));
}

/** cell_list - fill @cell with words that have commas between; they must outlive it */
void cell_list(struct cell *cell, const char *words, size_t len)
{
	cell_bytes(cell, words, len);
	cell->type = CELL_LIST;
}

/** cell_numbers - fill @cell with numbers that have commas between; they stay where they are */
void cell_numbers(struct cell *cell, const char *numbers, size_t len)
{
	cell_bytes(cell, numbers, len);
	cell->type = CELL_NUMBERS;
}

/** cell_word - fill @cell with one of a few words, which stay where they are */
void cell_word(struct cell *cell, const char *word)
{
	cell_text(cell, word);
	cell->type = CELL_WORD;
	cell->number = (uintptr_t)word;
}

/** cell_command - fill @cell with the command line of a process, if there is one */
void cell_command(struct cell *cell, uint32_t pid)
{
	const char *text;
	size_t len;

	text = pid ? proc_command(pid, &len) : NULL;
	if (text)
		cell_bytes(cell, text, len);
}

/**
 * cell_attr - fill @cell from an attribute
 * @cell: the cell, CELL_UNKNOWN
 * @as: what the attribute means
 * @attr: the attribute; if NULL or malformed, @cell stays as it is
 */
void cell_attr(struct cell *cell, enum cell_as as, struct nlattr *attr)
{
	/* Others are not what a number says. */
	static const enum cell_type types[AS_COMMAND + 1] = {
		[AS_NUMBER] = CELL_NUMBER,
		[AS_SIZE] = CELL_SIZE,
		[AS_TIME] = CELL_TIME,
		[AS_KEY] = CELL_KEY,
		[AS_PERMS] = CELL_PERMS,
		[AS_USER] = CELL_USER,
		[AS_GROUP] = CELL_GROUP,
	};
	const char *text;
	uint64_t value;
	int64_t number;
	size_t len;

	if (!attr)
		return;
	if (as == AS_SIGNED) {
		if (ipcns_int(attr, &number))
			cell_signed(cell, number);
		return;
	}
	if (as == AS_TEXT) {
		text = ipcns_text(attr, &len);
		cell_bytes(cell, text, len);
		return;
	}
	if (!ipcns_uint(attr, &value))
		return;
	if (as == AS_COMMAND) {
		cell_command(cell, value);
	} else if (as != AS_TIME || value) {
		cell->type = types[as];
		cell->number = value;
	}
}

/* Neighbours are often of the same second, and localtime_r(3) and strftime(3) are slow. */
static const char *time_text(uint64_t seconds, const struct cell_format *format)
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

/** cell_render - make @cell text for tables; CELL_UNKNOWN stays what it is */
void cell_render(struct cell *cell, const struct cell_format *format)
{
	char *end = cell->buf + sizeof(cell->buf), *begin;

	switch (cell->type) {
	case CELL_UNKNOWN:
	case CELL_TEXT:
	case CELL_WORD:
	case CELL_LIST:
	case CELL_NUMBERS:
		return;
	case CELL_MEANINGLESS:
		cell_text(cell, "-");
		return;
	case CELL_SIZE:
		if (!format->bytes) {
			format_size(cell->buf, cell->number);
			break;
		}
		/* fall through */
	case CELL_AGE:
		if (cell->type == CELL_AGE && !format->seconds) {
			format_age(cell->buf, cell->number);
			break;
		}
		/* fall through */
	case CELL_NUMBER:
		begin = format_number(end, cell->number);
		cell_bytes(cell, begin, end - begin);
		return;
	case CELL_SIGNED:
		snprintf(cell->buf, sizeof(cell->buf), "%lld", (long long)cell->number);
		break;
	case CELL_PERCENT:
		format_percent(cell->buf, cell->percent);
		strcat(cell->buf, "%");
		break;
	case CELL_TIME:
		cell_text(cell, time_text(cell->number, format));
		return;
	case CELL_KEY:
		format_key(cell->buf, cell->number);
		break;
	case CELL_PERMS:
		format_perms(cell->buf, cell->number);
		break;
	case CELL_USER:
		cell_text(cell, user_name(cell->number));
		return;
	case CELL_GROUP:
		cell_text(cell, group_name(cell->number));
		return;
	}
	cell_text(cell, cell->buf);
}

/* Words or numbers with commas between as an array. */
static void json_list(struct json *json, const char *key, const struct cell *cell)
{
	const char *word = cell->text, *end = word + cell->len, *comma;
	uint64_t number;

	json_open(json, key, '[');
	for (; word < end; word = comma + 1) {
		comma = memchr(word, ',', end - word) ?: end;
		if (cell->type == CELL_NUMBERS &&
		    parse_uint(word, comma - word, 10, UINT64_MAX, &number))
			json_number(json, NULL, number);
		else
			json_text(json, NULL, word, comma - word);
	}
	json_close(json, ']');
}

/** cell_json - write @cell; sizes are always numbers of bytes, times iso unless asked otherwise */
void cell_json(struct cell *cell, struct json *json, const char *key,
	       const struct cell_format *format)
{
	struct cell_format iso;

	switch (cell->type) {
	case CELL_UNKNOWN:
	case CELL_MEANINGLESS:
		json_null(json, key);
		return;
	case CELL_NUMBER:
	case CELL_SIZE:
	case CELL_AGE:
		json_number(json, key, cell->number);
		return;
	case CELL_SIGNED:
		json_signed(json, key, cell->number);
		return;
	case CELL_LIST:
	case CELL_NUMBERS:
		json_list(json, key, cell);
		return;
	case CELL_PERCENT:
		json_percent(json, key, cell->percent);
		return;
	case CELL_TIME:
		iso = *format;
		if (iso.time == TIME_DEFAULT)
			iso.time = TIME_ISO;
		cell_render(cell, &iso);
		break;
	case CELL_KEY:
	case CELL_PERMS:
	case CELL_USER:
	case CELL_GROUP:
		cell_render(cell, format);
		break;
	case CELL_TEXT:
	case CELL_WORD:
		break;
	}
	json_text(json, key, cell->text, cell->len);
}
