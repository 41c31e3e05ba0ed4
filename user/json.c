// SPDX-License-Identifier: GPL-2.0-only
/* JSON writer: streams, and whatever bytes it is given, what comes out is valid JSON. */
#include <ctype.h>
#include <string.h>

#include "json.h"
#include "text.h"

/**
 * put_string - a quoted string
 *
 * Control characters are escaped as JSON has it. A byte that is not UTF-8 becomes the four
 * characters \xHH, and so does a backslash before an x, so that nothing reads like an escape that
 * is none.
 */
static void put_string(FILE *out, const char *text, size_t len)
{
	unsigned char c;
	size_t n;

	fputc('"', out);
	for (; len; text += n, len -= n) {
		n = utf8_length(text, len);
		c = *text;
		if (!n) {
			fprintf(out, "\\\\x%02x", c);
			n = 1;
		} else if (c == '\\' && len > 1 && text[1] == 'x') {
			fputs("\\\\x5c", out);
		} else if (c == '"' || c == '\\') {
			fputc('\\', out);
			fputc(c, out);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else {
			fwrite_unlocked(text, n, 1, out);
		}
	}
	fputc('"', out);
}

static void put_key(FILE *out, const char *key)
{
	fputc('"', out);
	for (; *key; key++)
		fputc(tolower((unsigned char)*key), out);
	fputs("\": ", out);
}

/* What comes before an element: comma, new line, key. */
static void begin_element(struct json *json, const char *key)
{
	if (json->filled)
		fputc(',', json->out);
	if (json->depth && !json->line)
		fprintf(json->out, "\n%*s", 3 * json->depth, "");
	else if (json->filled)
		fputc(' ', json->out);
	json->filled = true;
	if (key)
		put_key(json->out, key);
}

/** json_begin - start a text, which is one object, on @out */
void json_begin(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out };
	json_open(json, NULL, '{');
}

/** json_begin_line - start a text that is one line: an object in JSON Lines */
void json_begin_line(struct json *json, FILE *out)
{
	*json = (struct json){ .out = out, .line = true };
	json_open(json, NULL, '{');
}

/** json_end - end of the text */
void json_end(struct json *json)
{
	json_close(json, '}');
	fputc('\n', json->out);
}

/** json_open - begin an object ('{') or an array ('[') */
void json_open(struct json *json, const char *key, char bracket)
{
	begin_element(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->filled = false;
}

/** json_close - end the innermost object ('}') or array (']') */
void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->filled && !json->line)
		fprintf(json->out, "\n%*s", 3 * json->depth, "");
	fputc(bracket, json->out);
	json->filled = true;
}

/** json_text - @len bytes of anything as a string */
void json_text(struct json *json, const char *key, const char *text, size_t len)
{
	begin_element(json, key);
	put_string(json->out, text, len);
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
	fprintf(json->out, "%llu", (unsigned long long)value);
}

/** json_signed - an integer that may be negative */
void json_signed(struct json *json, const char *key, int64_t value)
{
	begin_element(json, key);
	fprintf(json->out, "%lld", (long long)value);
}

/** json_percent - a number up to 1e17 with two decimals, with a point in every locale */
void json_percent(struct json *json, const char *key, double value)
{
	uint64_t hundredths = (value < 1e17 ? value : 1e17) * 100 + 0.5;

	begin_element(json, key);
	fprintf(json->out, "%llu.%02llu", (unsigned long long)hundredths / 100,
		(unsigned long long)hundredths % 100);
}

/** json_bool - true or false */
void json_bool(struct json *json, const char *key, bool value)
{
	begin_element(json, key);
	fputs(value ? "true" : "false", json->out);
}

/** json_null - an unknown value */
void json_null(struct json *json, const char *key)
{
	begin_element(json, key);
	fputs("null", json->out);
}
