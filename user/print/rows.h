/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ROWS_H
#define IPCNSCTL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>

#include "libipcns.h"

/* More than any message has; a newer module's further attributes are not looked at. */
#define RECORD_ATTRS 40
#define RECORD_NEST 16

/* Attributes of one message, by number; points into the message. Rows are made of it. */
struct record {
	struct nlattr *tb[RECORD_ATTRS];
	struct nlattr *nest[RECORD_NEST];	/* of the nest that record_nest() opened */
	unsigned int kind;			/* of an object, see object_parse() */
	unsigned int line;			/* which row, where one message gives several */
	const void *row;			/* what the tool itself made, if it did */
};

bool record_parse(struct record *rec, struct nlattr *attrs, int len);
void record_nest(struct record *rec, unsigned int attr);

/* What rows are sorted by, most significant first. */
struct sort_key {
	uint64_t number[4];
	const void *text;	/* inside the message */
	size_t text_len;
};

struct stored {
	struct sort_key key;
	struct nlattr *attrs;
	int len;
};

/* Copies of messages. */
struct store {
	struct stored *rows;
	size_t n;
	size_t allocated;
};

typedef void (*sort_key_fn)(const struct record *rec, struct sort_key *key);

int sort_key_compare(const struct sort_key *a, const struct sort_key *b);

void store_add(struct store *store, struct nlattr *attrs, int len, sort_key_fn sort_key);
void store_sort(struct store *store);
void store_unique(struct store *store);
void store_truncate(struct store *store, size_t n);
void store_clear(struct store *store);
bool store_restart(void *store);

#endif
