// SPDX-License-Identifier: GPL-2.0-only
/* Text in and out: numbers, sizes, times, permissions, and bytes that must be escaped. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "print/text.h"
#include "util.h"

/* Stands for the rest of a text. */
#define MARK "..."

/* Most bytes of a character, shift sequences included: MB_LEN_MAX. */
#define CHARACTER_SIZE 16

/* Of plain text, what is copied at once. */
#define PIECE 256

/**
 * parse_uint - read an unsigned number that fills @text from end to end
 * @text: digits; no sign, no spaces
 * @len: their number
 * @base: 8, 10 or 16
 * @max: largest number that will do
 * @value: the result
 */
bool parse_uint(const char *text, size_t len, int base, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;
	size_t i;
	int digit;

	if (!len)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			digit = text[i] - '0';
		else if (base == 16 && isxdigit((unsigned char)text[i]))
			digit = tolower((unsigned char)text[i]) - 'a' + 10;
		else
			return false;
		if (digit >= base || (uint64_t)digit > max || n > (max - digit) / base)
			return false;
		n = n * base + digit;
	}
	*value = n;
	return true;
}

/** parse_time_format - the argument of --time-format */
bool parse_time_format(const char *text, enum time_format *format)
{
	if (!strcmp(text, "short"))
		*format = TIME_SHORT;
	else if (!strcmp(text, "full"))
		*format = TIME_FULL;
	else if (!strcmp(text, "iso"))
		*format = TIME_ISO;
	else
		return false;
	return true;
}

/* What follows the first byte of a UTF-8 character. */
static size_t utf8_lengths(const unsigned char *s, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return 2;
	if (s[0] == 0xe0)
		*low = 0xa0;
	else if (s[0] == 0xed)
		*high = 0x9f;
	else if (s[0] == 0xf0)
		*low = 0x90;
	else if (s[0] == 0xf4)
		*high = 0x8f;
	if (s[0] >= 0xe0 && s[0] <= 0xef)
		return 3;
	return s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
}

/**
 * utf8_read - read the UTF-8 character at the start of @text
 * @text: the text
 * @len: its length in bytes
 * @c: set to the code point
 *
 * Returns its length in bytes, 0 if there is no valid one: overlong forms, surrogates, and what
 * lies beyond U+10FFFF do not count (RFC 3629, section 4).
 */
size_t utf8_read(const char *text, size_t len, uint32_t *c)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low, high;
	size_t n, i;

	if (!len)
		return 0;
	*c = s[0];
	if (s[0] < 0x80)
		return 1;
	n = utf8_lengths(s, &low, &high);
	if (!n || len < n || s[1] < low || s[1] > high)
		return 0;
	*c = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return n;
}

/**
 * is_unsafe - whether a character is escaped in all output, whatever its form
 * @c: code point
 *
 * These are Unicode's categories Cc, Cf, Zl and Zp (UnicodeData.txt, version 15.1): what drives a
 * terminal, reorders or hides text, or ends a line. A user who names a queue or a control group could
 * make a row look like another one. What else a locale cannot print is not decided here.
 */
bool is_unsafe(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x0600, 0x0605 },
		{ 0x061c, 0x061c }, { 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x0890, 0x0891 },
		{ 0x08e2, 0x08e2 }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x2064 }, { 0x2066, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 },
		{ 0xe0020, 0xe007f },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ranges) && c >= ranges[i].first; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

static const char hex_digits[] = "0123456789abcdef";

/** buffer_grow - make room for @n more bytes, and then some */
void buffer_grow(struct buffer *buf, size_t n)
{
	buf->size = 2 * buf->size + n + 1;
	buf->bytes = xrealloc(buf->bytes, buf->size, 1);
}

/* Whether a byte is a character that is printed as it is, in every locale. */
static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '\\';
}

static char *hexadecimal(char *to, unsigned char byte)
{
	*to++ = '\\';
	*to++ = 'x';
	*to++ = hex_digits[byte >> 4];
	*to++ = hex_digits[byte & 15];
	return to;
}

/** buffer_raw - append text as one word: all but plain characters as \xHH, in every locale */
void buffer_raw(struct buffer *buf, const char *text, size_t len)
{
	char *to = buffer_room(buf, 4 * len);
	size_t i;

	for (i = 0; i < len; i++) {
		if (is_plain(text[i]) && text[i] != ' ')
			*to++ = text[i];
		else
			to = hexadecimal(to, text[i]);
	}
	buf->len = to - buf->bytes;
}

/* Appends one character, or byte that is none; returns its length, and adds to @width. */
static size_t put_character(struct buffer *buf, const char *text, size_t len, mbstate_t *state,
			    size_t *width)
{
	char *to = buffer_room(buf, (size_t)4 * CHARACTER_SIZE);
	wchar_t wc;
	size_t n, i;

	n = mbrtowc(&wc, text, len, state);
	if (!n || n > len) {
		memset(state, 0, sizeof(*state));
		n = 1;
		wc = L'\0';
	}
	if (!iswprint(wc) || is_unsafe(wc) || (len > 1 && text[0] == '\\' && text[1] == 'x')) {
		for (i = 0; i < n; i++)
			to = hexadecimal(to, text[i]);
		*width += 4 * n;
	} else {
		to = mempcpy(to, text, n);
		*width += wcwidth(wc) > 0 ? wcwidth(wc) : 0;
	}
	buf->len = to - buf->bytes;
	return n;
}

/**
 * buffer_cell - append text for people: what is unsafe, or the locale cannot print, as \xHH
 * @buf: the buffer
 * @text: any bytes
 * @len: their number
 * @most: bytes to append at most; of longer text, the beginning and "..."
 *
 * As libsmartcols does in its tables, a backslash that could be mistaken for an escape is escaped,
 * and text of no width does not show. Returns how many columns of a terminal it takes.
 */
size_t buffer_cell(struct buffer *buf, const char *text, size_t len, size_t most)
{
	size_t begin = buf->len, width = 0, cut = begin, cut_width = 0, n;
	mbstate_t state = { 0 };

	while (len && buf->len - begin <= most) {
		/* Most text is plain, and mbrtowc(3) is slow. */
		for (n = 0; n < len && n < PIECE && is_plain(text[n]); n++)
			;
		if (n > 1 && buf->len - begin + n + strlen(MARK) > most)
			n = 1;
		buffer_plain(buf, text, n);
		width += n;
		if (!n)
			n = put_character(buf, text, len, &state, &width);
		text += n;
		len -= n;
		if (buf->len - begin + strlen(MARK) <= most) {
			cut = buf->len;
			cut_width = width;
		}
	}
	if (buf->len - begin > most) {
		buf->len = cut;
		buffer_plain(buf, MARK, strlen(MARK));
		width = cut_width + strlen(MARK);
	}
	if (!width)
		buf->len = begin;
	return width;
}

/** buffer_safe - buffer_cell() of any length */
size_t buffer_safe(struct buffer *buf, const char *text, size_t len)
{
	return buffer_cell(buf, text, len, SIZE_MAX);
}

/** put_safe - write text for people, see buffer_safe() */
void put_safe(FILE *out, const char *text, size_t len)
{
	struct buffer buf = { 0 };

	buffer_safe(&buf, text, len);
	if (buf.len)
		fwrite(buf.bytes, buf.len, 1, out);
	free(buf.bytes);
}

/*
 * Numbers, sizes, keys and permissions are most of what a row of objects shows; with snprintf(3),
 * they took half of its time.
 */

/**
 * format_number - decimal digits of @n
 *
 * They end just before @end, without a zero byte. Returns where they begin.
 */
char *format_number(char *end, uint64_t n)
{
	do
		*--end = '0' + n % 10;
	while (n /= 10);
	return end;
}

/** format_key - 0x12aa0de5 */
void format_key(char buf[static 11], uint32_t key)
{
	int i;

	for (i = 9; i > 1; i--, key >>= 4)
		buf[i] = hex_digits[key & 15];
	memcpy(buf, "0x", 2);
	buf[10] = '\0';
}

/** format_size - bytes for people, as lsipc(1) prints them: 0B, 512B, 4.9K, 16E */
void format_size(char buf[static 8], uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	unsigned int unit = 0, shift, tenths;
	char *end = buf + 8, *begin = end;
	uint64_t whole, rest;

	while (unit < sizeof(units) - 2 && bytes >> 10 * (unit + 1))
		unit++;
	shift = 10 * unit;
	whole = bytes >> shift;
	rest = bytes - (whole << shift);
	if (shift > 50) {	/* a thousand times the rest of an exabyte does not fit */
		rest >>= 10;
		shift -= 10;
	}
	tenths = ((rest * 1000 >> shift) + 50) / 100;
	if (tenths == 10) {
		whole++;
		tenths = 0;
	}
	*--begin = '\0';
	*--begin = units[unit];
	if (tenths) {
		*--begin = '0' + tenths;
		*--begin = '.';
	}
	begin = format_number(begin, whole);
	memmove(buf, begin, end - begin);
}

/** format_percent - a number from 0 to 1e17 with two decimals and a point, whatever the locale */
void format_percent(char buf[static 24], double value)
{
	uint64_t hundredths = (value < 1e17 ? value : 1e17) * 100 + 0.5;

	snprintf(buf, 24, "%llu.%02llu", (unsigned long long)hundredths / 100,
		 (unsigned long long)hundredths % 100);
}

/** format_age - how long ago, in its two largest units: 45s, 2h5m, 3d4h, 3d */
void format_age(char buf[static 32], uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;
	int len;

	while (i < ARRAY_SIZE(units) - 1 && seconds < units[i].seconds)
		i++;
	len = snprintf(buf, 32, "%llu%c", (unsigned long long)(seconds / units[i].seconds),
		       units[i].name);
	seconds %= units[i].seconds;
	if (seconds && ++i < ARRAY_SIZE(units) && seconds >= units[i].seconds)
		snprintf(buf + len, 32 - len, "%llu%c",
			 (unsigned long long)(seconds / units[i].seconds), units[i].name);
}

/** format_duration - how long something took: 950ns, 12.3us, 1.5ms, 45.0s, 2h5m */
void format_duration(char buf[static 32], uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };
	size_t i;

	if (ns >= 60 * units[0].ns) {
		format_age(buf, ns / units[0].ns);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (ns >= units[i].ns) {
			snprintf(buf, 32, "%llu.%llu%s", (unsigned long long)(ns / units[i].ns),
				 (unsigned long long)(ns % units[i].ns / (units[i].ns / 10)),
				 units[i].name);
			return;
		}
	}
	snprintf(buf, 32, "%lluns", (unsigned long long)ns);
}

/**
 * format_time - a time in local time
 * @buf: buffer
 * @size: its size
 * @seconds: seconds since the epoch
 * @now: local time now, for the short form
 * @format: short is 23:05 today, Nov20 this year, 2025-Nov20 before, as lsipc(1) prints it
 */
void format_time(char *buf, size_t size, int64_t seconds, const struct tm *now,
		 enum time_format format)
{
	struct tm tm;
	time_t t = seconds;
	size_t len;

	if (!localtime_r(&t, &tm)) {
		snprintf(buf, size, "@%lld", (long long)seconds);
		return;
	}
	switch (format) {
	case TIME_ISO:
		len = strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm);
		if (len >= 5 && len + 1 < size) {	/* +0100 becomes +01:00 */
			memmove(buf + len - 1, buf + len - 2, 3);
			buf[len - 2] = ':';
		}
		return;
	case TIME_FULL:
		strftime(buf, size, "%a %b %e %H:%M:%S %Y", &tm);
		return;
	default:
		if (tm.tm_year != now->tm_year)
			strftime(buf, size, "%Y-%b%d", &tm);
		else if (tm.tm_yday != now->tm_yday)
			strftime(buf, size, "%b%d", &tm);
		else
			strftime(buf, size, "%H:%M", &tm);
	}
}

/** format_perms - rw-r--r-- */
void format_perms(char buf[static 10], uint32_t mode)
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	for (i = 0; i < 9; i++)
		buf[i] = mode & (0400 >> i) ? letters[i] : '-';
	buf[9] = '\0';
}
