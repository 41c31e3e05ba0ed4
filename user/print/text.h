/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_TEXT_H
#define IPCNSCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum time_format {
	TIME_DEFAULT,	/* short for people, iso in JSON */
	TIME_SHORT,
	TIME_FULL,
	TIME_ISO,
};

/* Bytes that grow in number; all zero at first. */
struct buffer {
	char *bytes;
	size_t len;
	size_t size;
};

void buffer_grow(struct buffer *buf, size_t n);

/**
 * buffer_room - room for @n more bytes
 * @buf: the buffer
 * @n: how many
 *
 * Returns where they go, never NULL; who has put them there adds to @buf->len.
 */
static inline char *buffer_room(struct buffer *buf, size_t n)
{
	if (buf->size - buf->len <= n)
		buffer_grow(buf, n);
	return buf->bytes + buf->len;
}

/** buffer_plain - append bytes as they are; none if @text is NULL */
static inline void buffer_plain(struct buffer *buf, const char *text, size_t len)
{
	char *to = buffer_room(buf, len);

	if (!len)
		return;
	memcpy(to, text, len);
	buf->len += len;
}

bool parse_uint(const char *text, size_t len, int base, uint64_t max, uint64_t *value);
bool parse_time_format(const char *text, enum time_format *format);

size_t utf8_read(const char *text, size_t len, uint32_t *c);
bool is_unsafe(uint32_t c);

void buffer_raw(struct buffer *buf, const char *text, size_t len);

/* Most that a table shows of a cell: it is kept until all rows are there. */
#define TABLE_CELL_SIZE 4096

/* Bytes of text in a table after which cells are cut to SHORT_CELL_SIZE. */
#define TABLE_TEXT_SIZE (24UL << 20)
#define SHORT_CELL_SIZE 64

/** table_cell_size - most of the next cell, not over @most, in a table with @kept bytes of text */
static inline size_t table_cell_size(size_t kept, size_t most)
{
	return kept < TABLE_TEXT_SIZE ? most : SHORT_CELL_SIZE;
}

size_t buffer_cell(struct buffer *buf, const char *text, size_t len, size_t most);
size_t buffer_safe(struct buffer *buf, const char *text, size_t len);
void put_safe(FILE *out, const char *text, size_t len);

char *format_number(char *end, uint64_t n);
void format_key(char buf[static 11], uint32_t key);
void format_size(char buf[static 8], uint64_t bytes);
void format_percent(char buf[static 24], double value);
void format_age(char buf[static 32], uint64_t seconds);
void format_duration(char buf[static 32], uint64_t ns);
void format_time(char *buf, size_t size, int64_t seconds, const struct tm *now,
		 enum time_format format);
void format_perms(char buf[static 10], uint32_t mode);

#endif
