// SPDX-License-Identifier: GPL-2.0-only
/* Finding the one object that has an identifier, where its namespace or its kind is not named. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/ipcns.h>

#include "ipc/module.h"
#include "ipc/namespace.h"
#include "ipc/object.h"
#include "ipc/object_lookup.h"
#include "print/text.h"
#include "util.h"

/* Candidates that an error message names. */
#define MAX_NAMED 4

struct lookup {
	const struct row_store *namespaces;	/* the only ones wanted; empty for all */
	struct row_store *found;
	size_t before;				/* rows that earlier requests found */
	uint32_t id;
};

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct lookup *lookup = arg;
	struct row row;
	uint64_t id;

	if (!object_parse(&row, attrs, len) || !ipcns_uint(row.attr[IPCNS_A_OBJECT_ID], &id) ||
	    id != lookup->id)
		return;
	if (!lookup->namespaces->n ||
	    ns_selected(lookup->namespaces, row.attr[IPCNS_A_OBJECT_NS_INUM],
			row.attr[IPCNS_A_OBJECT_NS_ID]))
		row_store_add(lookup->found, attrs, len, object_sort_key);
}

static bool restart(void *arg)
{
	struct lookup *lookup = arg;

	row_store_truncate(lookup->found, lookup->before);
	return true;
}

static void request(struct ipcns *w, unsigned int kinds, struct lookup *lookup)
{
	struct ipcns_request *r = ipcns_request(IPCNS_CMD_OBJECT_GET);
	int ret;

	if (lookup->namespaces->n == 1)
		ipcns_put_u64(r, IPCNS_A_OBJECT_NS_ID, ns_id(lookup->namespaces->rows));
	ipcns_put_u32(r, IPCNS_A_OBJECT_KINDS, kinds);
	/* A filter on the id leaves out POSIX queues. */
	if (kinds != 1U << IPCNS_KIND_MQ)
		ipcns_put_u32(r, IPCNS_A_OBJECT_ID, lookup->id);
	lookup->before = lookup->found->n;
	ret = ipcns_dump(w, r, add, restart, lookup);
	if (ret)
		module_die(w, ret, "cannot list objects");
}

/**
 * object_lookup - find objects by identifier
 * @w: the connection
 * @namespaces: those to look in, sorted; empty for all
 * @kinds: mask of 1 << enum ipcns_kind, 0 for all
 * @id: the identifier; of a POSIX queue, its inode number
 * @found: gets a row for each object, sorted
 */
void object_lookup(struct ipcns *w, const struct row_store *namespaces, unsigned int kinds,
		   uint32_t id, struct row_store *found)
{
	struct lookup lookup = { .namespaces = namespaces, .found = found, .id = id };
	const unsigned int mq = 1U << IPCNS_KIND_MQ;

	kinds = kinds ?: ALL_MODULE_KINDS;
	if (kinds & ~mq)
		request(w, kinds & ~mq, &lookup);
	if (kinds & mq)
		request(w, mq, &lookup);
	row_store_sort(found);
}

/**
 * object_lookup_die - exit with an error: there is no such object, or more than one
 * @found: rows of object_lookup(), not exactly one
 * @kinds: as there
 * @id: as there
 * @where: the namespace as the user named it, or NULL
 */
void object_lookup_die(const struct row_store *found, unsigned int kinds, uint32_t id,
		       const char *where)
{
	const char *kind = "object";
	char list[256] = "";
	size_t i, len = 0;

	for (i = 0; i < KINDS; i++)
		if (kinds == 1U << i)
			kind = kind_names[i];
	if (!found->n && where)
		die(STATUS_ERROR, "no %s with id %u in namespace \"%s\"", kind, id, where);
	if (!found->n)
		die(STATUS_ERROR, "no %s with id %u", kind, id);
	for (i = 0; i < found->n && i < MAX_NAMED; i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s in %llu", i ? ", " : "",
				kind_names[found->rows[i].key.number[2]],
				(unsigned long long)found->rows[i].key.number[0]);
	die(STATUS_ERROR, "id %u is ambiguous, choose by --type and NS: %s%s", id, list,
	    found->n > MAX_NAMED ? ", and more" : "");
}

/**
 * object_parse_key - a key as the user writes it, or die
 * @text: a number as C has it: decimal, octal or hexadecimal, and negative as ftok(3) returns it
 */
uint32_t object_parse_key(const char *text)
{
	const char *digits = text + (*text == '-');
	bool negative = digits != text;
	int base = 10;
	uint64_t key;

	if (!strncmp(digits, "0x", 2) || !strncmp(digits, "0X", 2)) {
		digits += 2;
		base = 16;
	} else if (digits[0] == '0' && digits[1]) {
		base = 8;
	}
	if (!parse_uint(digits, strlen(digits), base, negative ? 1U << 31 : UINT32_MAX, &key))
		die_usage("invalid key: %s (decimal, 0... octal, 0x... hexadecimal)", text);
	return negative ? -key : key;
}
