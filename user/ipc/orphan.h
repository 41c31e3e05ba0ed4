/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_ORPHAN_H
#define IPCNSCTL_ORPHAN_H

#include "print/rows.h"

enum orphan_certainty {
	ORPHAN_NOT,	/* it is used, or that is unknown */
	ORPHAN_LIKELY,
	ORPHAN_SURE,
};

/* Which orphans are wanted; all if all is zero. */
struct orphan_filter {
	unsigned int kinds;	/* mask of 1 << enum ipcns_kind, KIND_PSHM, KIND_PSEM */
	const uint32_t *key, *uid;
	uint64_t older_than;	/* seconds since the last use */
};

struct column;
struct value;

enum orphan_certainty orphan_judge(const struct row *row, const char **why);
bool orphan_bytes(const struct row *row, uint64_t *bytes);
bool orphan_last_use(const struct row *row, uint64_t *seconds);
void orphan_sort_key(const struct row *row, struct sort_key *key);
void orphans_read(struct ipcns *w, const struct row_store *namespaces,
		  const struct orphan_filter *filter, struct row_store *store);

void orphan_fill_sure(const struct column *column, const struct row *row, struct value *value);
void orphan_fill_why(const struct column *column, const struct row *row, struct value *value);
void orphan_fill_bytes(const struct column *column, const struct row *row, struct value *value);
void orphan_fill_last_user(const struct column *column, const struct row *row,
			   struct value *value);

#endif
