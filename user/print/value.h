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

enum cell_type {
	CELL_UNKNOWN,		/* empty; null in JSON */
	CELL_MEANINGLESS,	/* "-"; null in JSON */
	CELL_PERCENT,
	CELL_TEXT,
	CELL_LIST,		/* words with commas between; an array in JSON */
	CELL_NUMBERS,		/* the same of numbers */
	/* What follows is what its number says, see cell_same(). */
	CELL_WORD,		/* a constant text; its number is the address */
	CELL_NUMBER,
	CELL_SIGNED,
	CELL_SIZE,
	CELL_TIME,
	CELL_AGE,
	CELL_KEY,
	CELL_PERMS,
	CELL_USER,
	CELL_GROUP,
};

/* One value. Text lies in @buf, or elsewhere until the next cell is filled. */
struct cell {
	enum cell_type type;
	uint64_t number;
	double percent;
	const char *text;
	size_t len;
	char buf[64];
};

/* How an attribute becomes a cell. */
enum cell_as {
	AS_NUMBER = 1,
	AS_SIGNED,
	AS_SIZE,
	AS_PERCENT,
	AS_TIME,	/* seconds since the epoch, 0 is never */
	AS_AGE,		/* seconds */
	AS_TEXT,
	AS_LIST,
	AS_KEY,
	AS_PERMS,
	AS_USER,
	AS_GROUP,
	AS_COMMAND,	/* process id: its command line */
};

struct cell_format {
	bool bytes;
	bool seconds;		/* ages as numbers */
	enum time_format time;
	struct tm now;
};

/** cell_same - whether @cell shows what one of @type and @number shows, if that is sure */
static inline bool cell_same(const struct cell *cell, enum cell_type type, uint64_t number)
{
	return cell->type == type && type >= CELL_WORD && cell->number == number;
}

/** cell_is_plain - whether all that a cell may show are characters that every locale prints */
static inline bool cell_is_plain(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NUMBER:
	case CELL_SIGNED:
	case CELL_SIZE:
	case CELL_AGE:
	case CELL_KEY:
	case CELL_PERMS:
		return true;
	default:
		return false;
	}
}

void cell_number(struct cell *cell, uint64_t value);
void cell_signed(struct cell *cell, int64_t value);
void cell_size(struct cell *cell, uint64_t bytes);
void cell_percent(struct cell *cell, double value);
void cell_age(struct cell *cell, uint64_t seconds);
void cell_text(struct cell *cell, const char *text);
void cell_word(struct cell *cell, const char *word);
void cell_bytes(struct cell *cell, const void *text, size_t len);
void cell_list(struct cell *cell, const char *words, size_t len);
void cell_numbers(struct cell *cell, const char *numbers, size_t len);
void cell_command(struct cell *cell, uint32_t pid);
void cell_attr(struct cell *cell, enum cell_as as, struct nlattr *attr);

void cell_render(struct cell *cell, const struct cell_format *format);
void cell_json(struct cell *cell, struct json *json, const char *key,
	       const struct cell_format *format);

#endif
