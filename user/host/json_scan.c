// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds strings in a JSON document, RFC 8259, in one pass and without memory of its own. Only what
 * takes part in finding them is checked: that brackets match, and that strings end.
 */
#include <string.h>

#include "host/json_scan.h"

/* Brackets that may be open at a time. */
#define MAX_DEPTH 64

struct scan {
	const char *at, *end;
	struct json_string place;	/* where @at is */
	char open[MAX_DEPTH];
	bool is_value;			/* in an object: after the colon */
	json_string_fn found;
	void *arg;
};

/* Reads a string after its first quotation mark; false if it does not end. */
static bool read_string(struct scan *s, const char **text, size_t *len)
{
	*text = s->at;
	for (; s->at < s->end; s->at++) {
		if (*s->at == '"') {
			*len = s->at++ - *text;
			return true;
		}
		if (*s->at == '\\' && ++s->at == s->end)
			return false;
	}
	return false;
}

static bool take_string(struct scan *s)
{
	unsigned int detail = s->place.depth;
	const char *text;
	size_t len;

	if (!read_string(s, &text, &len))
		return false;
	if (detail && s->open[detail - 1] == '{' && !s->is_value) {
		if (detail <= JSON_SCAN_DEPTH) {
			s->place.at[detail - 1].key = text;
			s->place.at[detail - 1].len = len;
		}
	} else if (detail <= JSON_SCAN_DEPTH) {
		s->place.text = text;
		s->place.len = len;
		s->found(&s->place, s->arg);
	}
	return true;
}

static bool open_bracket(struct scan *s, char bracket)
{
	unsigned int detail = s->place.depth;

	if (detail == MAX_DEPTH)
		return false;
	s->open[detail] = bracket;
	if (detail < JSON_SCAN_DEPTH)
		memset(&s->place.at[detail], 0, sizeof(s->place.at[detail]));
	s->place.depth++;
	s->is_value = false;
	return true;
}

static bool close_bracket(struct scan *s, char bracket)
{
	if (!s->place.depth || s->open[s->place.depth - 1] != bracket)
		return false;
	s->place.depth--;
	s->is_value = true;
	return true;
}

static void next_member(struct scan *s)
{
	if (s->place.depth && s->place.depth <= JSON_SCAN_DEPTH)
		s->place.at[s->place.depth - 1].index++;
	s->is_value = false;
}

static bool take_byte(struct scan *s, char byte)
{
	switch (byte) {
	case '"':
		return take_string(s);
	case '{':
	case '[':
		return open_bracket(s, byte);
	case '}':
		return close_bracket(s, '{');
	case ']':
		return close_bracket(s, '[');
	case ':':
		s->is_value = true;
		return true;
	case ',':
		next_member(s);
		return true;
	default:	/* blanks, numbers and the three words */
		return true;
	}
}

/**
 * json_scan - find strings in a document
 * @text: the document
 * @len: its length
 * @found: called for each string that is a value, in their order
 * @arg: passed to it
 *
 * Returns false if the document is not a whole one; strings may have been found by then.
 */
bool json_scan(const char *text, size_t len, json_string_fn found, void *arg)
{
	struct scan s = { .at = text, .end = text + len, .found = found, .arg = arg };

	while (s.at < s.end)
		if (!take_byte(&s, *s.at++))
			return false;
	return !s.place.depth;
}

/** json_string_is_at - whether a string lies at or below member @key of the object at @level */
bool json_string_is_at(const struct json_string *string, unsigned int level, const char *key)
{
	return level < string->depth && level < JSON_SCAN_DEPTH && string->at[level].key &&
	       string->at[level].len == strlen(key) &&
	       !memcmp(string->at[level].key, key, string->at[level].len);
}
