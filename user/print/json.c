// SPDX-License-Identifier: GPL-2.0-only
/* JSON writer: streams, and whatever bytes it is given, what comes out is valid JSON. */
#include <string.h>

#include "print/json.h"
#include "print/text.h"
#include "util.h"

/* Of a string, what is put together at once. */
#define PIECE 256

static void flush(struct json *json)
{
	/* Where it fails, stdout alone has nobody who looks at once and still knows why. */
	if (json->out == stdout && json->len)
		write_stdout(json->bytes, json->len);
	else
		fwrite_unlocked(json->bytes, 1, json->len, json->out);
	json->len = 0;
}

/*
 * A call of stdio for each character, or each piece, took most of the time of a row: so pieces are
 * put together here first. Returns where @n bytes more go, few of them.
 */
static char *room(struct json *json, size_t n)
{
	if (json->len + n > sizeof(json->bytes))
		flush(json);
	return json->bytes + json->len;
}

static void put_char(struct json *json, char c)
{
	*room(json, 1) = c;
	json->len++;
}

static void put(struct json *json, const char *text, size_t len)
{
	memcpy(room(json, len), text, len);
	json->len += len;
}

static void put_text(struct json *json, const char *text)
{
	put(json, text, strlen(text));
}

/* Appends @head and the last @digits hexadecimal digits of @n; printf(3) takes most of the time. */
static void put_hexadecimal(struct json *json, const char *head, uint32_t n, int digits)
{
	char text[4];
	int i;

	put_text(json, head);
	for (i = digits; i--; n >>= 4)
		text[i] = "0123456789abcdef"[n & 15];
	put(json, text, digits);
}

/* One character, or byte that is none; returns its length. */
static size_t put_escaped(struct json *json, const char *text, size_t len)
{
	uint32_t c;
	size_t n = utf8_read(text, len, &c);

	if (!n) {
		put_hexadecimal(json, "\\\\x", (unsigned char)*text, 2);
	} else if (c == '\\' && len > 1 && text[1] == 'x') {
		put_text(json, "\\\\x5c");
	} else if (c == '"' || c == '\\') {
		put_char(json, '\\');
		put_char(json, c);
	} else if (is_unsafe(c) && c > 0xffff) {	/* as UTF-16, RFC 8259, section 7 */
		put_hexadecimal(json, "\\u", 0xd7c0 + (c >> 10), 4);
		put_hexadecimal(json, "\\u", 0xdc00 + (c & 0x3ff), 4);
	} else if (is_unsafe(c)) {
		put_hexadecimal(json, "\\u", c, 4);
	} else {
		put(json, text, n);
	}
	return n ?: 1;
}

/* Puts the characters at the beginning of @text that stand for themselves; returns how many. */
static size_t put_plain(struct json *json, const char *text, size_t len)
{
	static const bool plain[UINT8_MAX + 1] = {
		[' '] = true, ['!'] = true, ['"' + 1 ... '\\' - 1] = true, ['\\' + 1 ... '~'] = true,
	};
	size_t most = len < PIECE ? len : PIECE, n = 0;
	char *to = room(json, most);

	for (; n < most && plain[(unsigned char)text[n]]; n++)
		to[n] = text[n];
	json->len += n;
	return n;
}

/**
 * put_string - a quoted string
 *
 * Unsafe characters are escaped as JSON has it. A byte that is not UTF-8 becomes the four
 * characters \xHH, and so does a backslash before an x, so that nothing reads like an escape that
 * is none.
 */
static void put_string(struct json *json, const char *text, size_t len)
{
	size_t n;

	put_char(json, '"');
	for (; len; text += n, len -= n)
		n = put_plain(json, text, len) ?: put_escaped(json, text, len);
	put_char(json, '"');
}

static void put_key(struct json *json, const char *key)
{
	size_t len = strlen(key), i;
	char *to = room(json, len + 4);

	*to++ = '"';
	for (i = 0; i < len; i++)
		*to++ = key[i] >= 'A' && key[i] <= 'Z' ? key[i] - 'A' + 'a' : key[i];
	*to++ = '"';
	*to++ = ':';
	*to = ' ';
	json->len += len + 4;
}

static void put_number(struct json *json, uint64_t value)
{
	char digits[20], *end = digits + sizeof(digits), *begin = format_number(end, value);

	put(json, begin, end - begin);
}

static void new_line(struct json *json)
{
	size_t n = 3 * (size_t)json->depth;
	char *to = room(json, 1 + n);

	*to = '\n';
	memset(to + 1, ' ', n);
	json->len += 1 + n;
}

/* What comes before an element: comma, new line, key. */
static void begin_element(struct json *json, const char *key)
{
	if (json->filled)
		put_char(json, ',');
	if (json->depth && !json->line)
		new_line(json);
	else if (json->filled)
		put_char(json, ' ');
	json->filled = true;
	if (key)
		put_key(json, key);
}

static void begin(struct json *json, FILE *out, bool line)
{
	json->out = out;
	json->depth = 0;
	json->filled = false;
	json->line = line;
	json->len = 0;
	json_open(json, NULL, '{');
}

/** json_begin - start a text, which is one object, on @out */
void json_begin(struct json *json, FILE *out)
{
	begin(json, out, false);
}

/** json_begin_line - start a text that is one line: an object in JSON Lines */
void json_begin_line(struct json *json, FILE *out)
{
	begin(json, out, true);
}

/** json_end - end of the text */
void json_end(struct json *json)
{
	json_close(json, '}');
	put_char(json, '\n');
	flush(json);
}

/** json_open - begin an object ('{') or an array ('[') */
void json_open(struct json *json, const char *key, char bracket)
{
	begin_element(json, key);
	put_char(json, bracket);
	json->depth++;
	json->filled = false;
}

/** json_close - end the innermost object ('}') or array (']') */
void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->filled && !json->line)
		new_line(json);
	put_char(json, bracket);
	json->filled = true;
}

/** json_text - @len bytes of anything as a string */
void json_text(struct json *json, const char *key, const char *text, size_t len)
{
	begin_element(json, key);
	put_string(json, text, len);
}

/** json_string - a string; null if NULL */
void json_string(struct json *json, const char *key, const char *text)
{
	if (text)
		json_text(json, key, text, strlen(text));
	else
		json_null(json, key);
}

/** json_number - an integer */
void json_number(struct json *json, const char *key, uint64_t value)
{
	begin_element(json, key);
	put_number(json, value);
}

/** json_signed - an integer that may be negative */
void json_signed(struct json *json, const char *key, int64_t value)
{
	begin_element(json, key);
	if (value < 0)
		put_char(json, '-');
	put_number(json, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/** json_percent - a number as format_percent() has it */
void json_percent(struct json *json, const char *key, double value)
{
	char text[24];

	format_percent(text, value);
	begin_element(json, key);
	put_text(json, text);
}

/** json_bool - true or false */
void json_bool(struct json *json, const char *key, bool value)
{
	begin_element(json, key);
	put_text(json, value ? "true" : "false");
}

/** json_null - an unknown value */
void json_null(struct json *json, const char *key)
{
	begin_element(json, key);
	put_text(json, "null");
}
