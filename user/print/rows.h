/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ROWS_H
#define IPCNSCTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>

#include "libipcns.h"

/* More than any message has; a newer module's further attributes are not looked at. */
#define ROW_ATTRS 40
#define ROW_NEST 16

/* Attributes of one message, by number; points into the message. Rows are made of it. */
struct row {
	struct nlattr *attr[ROW_ATTRS];
	struct nlattr *nest[ROW_NEST];	/* of the nest that row_nest() opened */
	unsigned int kind;			/* of an object, see object_parse() */
	unsigned int line;			/* which row, where one message gives several */
	const void *data;			/* what the tool itself made, if it did */
};

bool row_parse(struct row *row, struct nlattr *attrs, int len);
void row_nest(struct row *row, unsigned int attr);

/* What rows are sorted by, most significant first. */
struct sort_key {
	uint64_t number[4];
	const void *text;	/* inside the message */
	size_t text_len;
};

struct stored_row {
	struct sort_key key;
	struct nlattr *attrs;
	int len;
};

/* Copies of messages. */
struct row_store {
	struct stored_row *rows;
	size_t n;
	size_t allocated;
};

typedef void (*sort_key_fn)(const struct row *row, struct sort_key *key);

int sort_key_compare(const struct sort_key *a, const struct sort_key *b);
int stored_row_compare(const void *p, const void *q);

void row_store_add(struct row_store *store, struct nlattr *attrs, int len, sort_key_fn sort_key);
void row_store_sort(struct row_store *store);
void row_store_unique(struct row_store *store);
void row_store_truncate(struct row_store *store, size_t n);
void row_store_clear(struct row_store *store);
bool row_store_restart(void *store);

#endif
