/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_NAMESPACE_H
#define IPCNSCTL_NAMESPACE_H

#include "print/columns.h"
#include "print/rows.h"

extern const struct table_type ns_columns;

#define NS_STATES 3

extern const char *const ns_state_names[NS_STATES];

/* Columns that take a look at more than namespaces; the last three at /dev/shm. */
#define NS_HELD "HELD"
#define NS_SHMRSS "SHMRSS"
#define NS_SHMSWAP "SHMSWAP"
#define NS_PSHM "PSHM"
#define NS_PSEM "PSEM"
#define NS_PSHMBYTES "PSHMBYTES"

/* What such columns show of a namespace: the data of a row. */
struct ns_facts {
	bool has_holders;
	unsigned int holders;	/* mask of 1 << enum holder_kind */
	bool has_memory;
	uint64_t shm_rss, shm_swap;	/* bytes */
	const struct file_sums *files;	/* NULL if nobody looked */
	/* Of a row with processes below it, and of those. */
	const char *unit;	/* the namespace's */
	size_t unit_len;	/* 0 if it has none */
	bool below;		/* it is a row of a process */
};

/*
 * Looking up one namespace costs the kernel a walk over all of them. So for more than a few, take
 * all there are and choose.
 */
#define NS_FEW 8

struct file_sums;
struct ipcns_name;

void ns_parse(const char *arg, struct ipcns_name *ns);
void ns_check_lookup(struct ipcns *w, const char *arg, const struct ipcns_name *ns, int ret);
void ns_select(struct ipcns *w, int argc, char **argv, struct row_store *store);
bool ns_selected(const struct row_store *store, struct nlattr *inum, struct nlattr *id);
void ns_select_all(struct ipcns *w, struct row_store *store);
bool ns_describe_dying(const struct row *row, char *text, size_t size);
void ns_refuse_dying(const struct row *row);
bool ns_is_unit(const char *arg);
bool ns_is_dying(const struct row *row);
const struct stored_row *ns_find_live(const struct row_store *all, uint64_t inum);
uint64_t ns_id(const struct stored_row *row);
int ns_compare(const void *p, const void *q);
void ns_sort_key(const struct row *row, struct sort_key *key);

#endif
