// SPDX-License-Identifier: GPL-2.0-only
/* Sets of numbers: ids, device numbers, hashes. */
#include <search.h>
#include <stdlib.h>

#include "id_set.h"
#include "util.h"

static int compare(const void *p, const void *q)
{
	const uint64_t *a = p, *b = q;

	return (*a > *b) - (*a < *b);
}

/** number_set_has - whether @number is in @set */
bool number_set_has(const struct number_set *set, uint64_t number)
{
	return tfind(&number, &set->root, compare);
}

/**
 * number_set_add - add @number to @set, which is all zero at first
 *
 * Returns whether it was not in the set yet.
 */
bool number_set_add(struct number_set *set, uint64_t number)
{
	uint64_t *key;

	if (number_set_has(set, number))
		return false;
	key = xcalloc(1, sizeof(*key));
	*key = number;
	if (!tsearch(key, &set->root, compare))
		die(STATUS_ERROR, "out of memory");
	set->n++;
	set->last = number;
	return true;
}

/** number_set_clear - make @set empty, and free what it holds */
void number_set_clear(struct number_set *set)
{
	tdestroy(set->root, free);
	*set = (struct number_set){ 0 };
}
