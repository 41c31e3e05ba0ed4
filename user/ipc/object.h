/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_OBJECT_H
#define IPCNSCTL_OBJECT_H

#include <linux/ipcns.h>

#include "print/columns.h"
#include "print/rows.h"

/* Kinds that the module reports, and those that the tool finds in /dev/shm. */
#define MODULE_KINDS (IPCNS_KIND_MQ + 1)

enum {
	KIND_PSHM = MODULE_KINDS,
	KIND_PSEM,
	KINDS,
};

#define ALL_MODULE_KINDS ((1U << MODULE_KINDS) - 1)
#define FILE_KINDS (1U << KIND_PSHM | 1U << KIND_PSEM)

extern const char *const kind_names[KINDS];
extern const struct table_type object_columns;
extern const struct table_type kind_columns[KINDS];
extern const struct table_type orphan_columns;
extern const struct table_type file_columns;
extern const struct table_type element_columns;
extern const struct table_type queue_columns;

/* A column of POSIX queues that takes a look at all descriptors of the machine. */
#define OBJECT_OPENERS "OPENERS"

/* A column of objects of several kinds that needs units_read(). */
#define OBJECT_UNIT "UNIT"

/* What one process has to do with the object: struct process_uses, in the row's data. */
#define OBJECT_USE "USE"

unsigned int kinds_parse(const char *list);
bool object_parse(struct row *row, struct nlattr *attrs, int len);
void object_queue_name(const struct nlattr *attr, struct value *value);
bool object_remembers_gone(const struct row *row, enum ipcns_remembered which);
bool object_is_unlinked(const struct row *row);
bool object_may_have_waiters(const struct row *row);
struct ipcns_request *object_request(uint8_t cmd, const struct row *row);
void object_sort_key(const struct row *row, struct sort_key *key);
void element_sort_key(const struct row *row, struct sort_key *key);

#endif
