// SPDX-License-Identifier: LGPL-2.1-only
/* Rows: attributes by number, and their values. */
#include <stddef.h>
#include <string.h>

#include "lib.h"

/* Without the calls of libnl for each: a row has twenty attributes. */

static const void *payload(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static int length(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

/**
 * ipcns_index - find the attributes of a row by their numbers
 * @table: set to them, NULL where there is none; of one number the last one counts
 * @n: room in it; attributes with higher numbers, of a newer module, are not looked at
 * @attrs: the row
 * @len: its length
 *
 * What nla_parse(3) does without a policy, in a fourth of its time. Returns false unless the
 * attributes fill @len.
 */
bool ipcns_index(struct nlattr *table[], size_t n, struct nlattr *attrs, int len)
{
	char *at = (char *)attrs;
	ptrdiff_t rest = len, step;
	struct nlattr head;
	size_t type;

	memset(table, 0, n * sizeof(*table));
	for (; rest >= NLA_HDRLEN; rest -= step, at += step) {
		memcpy(&head, at, sizeof(head));
		/* Neither shorter than its head nor longer than the rest, in one comparison. */
		if ((size_t)head.nla_len - NLA_HDRLEN > (size_t)rest - NLA_HDRLEN)
			return false;
		type = head.nla_type & NLA_TYPE_MASK;
		if (type < n)
			table[type] = (struct nlattr *)at;
		step = NLA_ALIGN((size_t)head.nla_len);
	}
	return rest <= 0;
}

/** ipcns_index_nested - ipcns_index() of what is inside @attr; false also if that is NULL */
bool ipcns_index_nested(struct nlattr *table[], size_t n, const struct nlattr *attr)
{
	if (attr && ipcns_index(table, n, (struct nlattr *)payload(attr), length(attr)))
		return true;
	memset(table, 0, n * sizeof(*table));
	return false;
}

/**
 * ipcns_uint - read an unsigned integer of whatever width
 * @attr: attribute, or NULL
 * @value: set if there is one
 *
 * Returns false if @attr is absent or no integer: the value is unknown.
 */
bool ipcns_uint(const struct nlattr *attr, uint64_t *value)
{
	uint32_t narrow;
	uint16_t half;

	if (!attr)
		return false;
	switch (length(attr)) {
	case sizeof(uint8_t):
		*value = *(const uint8_t *)payload(attr);
		return true;
	case sizeof(half):
		memcpy(&half, payload(attr), sizeof(half));
		*value = half;
		return true;
	case sizeof(narrow):
		memcpy(&narrow, payload(attr), sizeof(narrow));
		*value = narrow;
		return true;
	case sizeof(*value):
		memcpy(value, payload(attr), sizeof(*value));
		return true;
	}
	return false;
}

/** ipcns_int - ipcns_uint() for a number with a sign, of 32 or 64 bits */
bool ipcns_int(const struct nlattr *attr, int64_t *value)
{
	int32_t narrow;

	if (!attr)
		return false;
	switch (length(attr)) {
	case sizeof(narrow):
		memcpy(&narrow, payload(attr), sizeof(narrow));
		*value = narrow;
		return true;
	case sizeof(*value):
		memcpy(value, payload(attr), sizeof(*value));
		return true;
	}
	return false;
}

/**
 * ipcns_text - read a text
 * @attr: attribute, or NULL
 * @len: set to its length: it need not end with a null byte, and may hold any other
 *
 * Returns NULL if there is none. It lies in the row.
 */
const char *ipcns_text(const struct nlattr *attr, size_t *len)
{
	if (!attr)
		return NULL;
	*len = strnlen(payload(attr), length(attr));
	return payload(attr);
}

/**
 * struct_take - copy a struct of the caller's, as copy_struct_from_user() of the kernel does
 * @to: zero or not
 * @known: its size, as this library knows it
 * @from: the caller's
 * @given: its size, as the caller knows it
 *
 * Returns false if the caller's is longer and asks for what this library does not know.
 */
bool struct_take(void *to, size_t known, const void *from, size_t given)
{
	const char *rest = from;
	size_t i;

	for (i = known; i < given; i++)
		if (rest[i])
			return false;
	memset(to, 0, known);
	memcpy(to, from, given < known ? given : known);
	return true;
}

/** struct_give - copy a struct to one of the caller's; what this library does not know is 0 there */
void struct_give(void *to, size_t given, const void *from, size_t known)
{
	memset(to, 0, given);
	memcpy(to, from, given < known ? given : known);
}
