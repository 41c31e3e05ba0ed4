/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ID_SET_H
#define IPCNSCTL_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of numbers, a balanced tree of tsearch(3). */
struct number_set {
	void *root;
	size_t n;
	uint64_t last;	/* the number that was added last */
};

bool number_set_add(struct number_set *set, uint64_t number);
bool number_set_has(const struct number_set *set, uint64_t number);
void number_set_clear(struct number_set *set);

#endif
