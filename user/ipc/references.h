/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_REFERENCES_H
#define IPCNSCTL_REFERENCES_H

#include "host/descriptors.h"
#include "ipc/holder.h"

/* One namespace of a ledger. */
struct ns_references {
	uint64_t inum, nsid;
	uint32_t mq_dev;
	bool has_mq_dev;
	bool dying;
	bool known;		/* a row of it came */
	bool seen;		/* it was there afterwards */
	bool counted;		/* the kernel counts its references: */
	uint64_t refs;		/* so many, before holders were looked for */
	uint64_t attributed;	/* references that have a holder */
	unsigned int held;	/* mask of 1 << enum holder_kind */
	uint32_t pid;		/* the lowest holder of a brief ledger, 0 if none was found */
};

/* What keeps some namespaces: references, and who has them. */
struct references {
	struct ns_references *accounts;	/* sorted by inode number and identity */
	size_t n;
	struct ns_references **by_dev;	/* those that have a device and live, sorted by it */
	size_t n_devs;
	struct holders rows;
	struct holders possible;	/* rows that may be of any of the namespaces */
	size_t n_possible;	/* rows that were made of these */
	size_t left_out;	/* namespaces that should have them, too */
	struct descriptor_search search;
	bool brief;		/* only which kinds hold what, no rows to print */
	bool refused;		/* of some namespaces the module does not tell this user */
	bool changed;		/* it does not add up, or did not stay as it was */
};

void references_begin(struct references *references, const struct row_store *namespaces);
void references_add(struct nlattr *attrs, int len, void *arg);
void references_add_mount(const struct mount *mount, void *arg);
void references_add_descriptor(const struct descriptor *descriptor, void *arg);
void references_balance(struct references *references);
void references_restart(struct references *references);
void references_free(struct references *references);

void references_read(struct ipcns *w, const struct row_store *namespaces,
		     struct references *references);
void references_read_once(struct ipcns *w, const struct row_store *namespaces,
			  struct references *references);
const struct ns_references *references_of(const struct references *references,
					  const struct stored_row *row);

#endif
