// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces by the name of a unit, a container, a machine or a job. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/ipcns.h>

#include "host/processes.h"
#include "ipc/namespace.h"
#include "ipc/unit.h"
#include "print/value.h"
#include "util.h"

#define SHOWN 2		/* candidates that an error names */

/* Namespaces that a name could mean. */
struct candidates {
	const struct row_store *all;
	const char *unit;
	bool whole;		/* one has exactly this name: those that only begin so do not count */
	size_t n;		/* of @row, or one more */
	const struct stored_row *row[SHOWN];
	char name[SHOWN][128];
};

/* Considers the namespace @row, of which a process belongs to the unit in @unit. */
static void consider(struct candidates *c, const struct stored_row *row, const struct value *unit)
{
	size_t len = strlen(c->unit), i;
	bool whole = unit->len == len;

	if (unit->type == VALUE_UNKNOWN || unit->len < len || memcmp(unit->text, c->unit, len) ||
	    (c->whole && !whole))
		return;
	if (whole && !c->whole) {
		c->whole = true;
		c->n = 0;
	}
	for (i = 0; i < c->n && i < SHOWN; i++)
		if (c->row[i] == row)
			return;
	if (c->n < SHOWN) {
		c->row[c->n] = row;
		snprintf(c->name[c->n], sizeof(c->name[0]), "%.*s", (int)unit->len, unit->text);
	}
	if (c->n <= SHOWN)
		c->n++;
}

static void consider_lowest(struct candidates *c)
{
	struct value unit;
	struct row row;
	uint64_t pid;
	size_t i;

	for (i = 0; i < c->all->n; i++) {
		if (!row_parse(&row, c->all->rows[i].attrs, c->all->rows[i].len) ||
		    !ipcns_uint(row.attr[IPCNS_A_NS_PID], &pid))
			continue;
		unit.type = VALUE_UNKNOWN;
		value_unit(&unit, pid);
		consider(c, &c->all->rows[i], &unit);
	}
}

/* The namespace of a process; NULL if it is not known. One that is dying has none. */
static const struct stored_row *row_of(const struct row_store *all, uint32_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", pid);
	return stat(path, &st) ? NULL : ns_find_live(all, st.st_ino);
}

static void consider_process(uint32_t pid, void *arg)
{
	struct value unit = { .type = VALUE_UNKNOWN };
	struct candidates *c = arg;
	const struct stored_row *row;

	value_unit(&unit, pid);
	if (unit.type == VALUE_UNKNOWN || unit.len < strlen(c->unit) ||
	    memcmp(unit.text, c->unit, strlen(c->unit)))
		return;
	row = row_of(c->all, pid);
	if (row)
		consider(c, row, &unit);
}

static unsigned long long inode(const struct stored_row *row)
{
	return row->key.number[0];
}

/**
 * unit_find - the namespace that the name of a unit means, or die
 * @all: all namespaces, sorted by inode number
 * @unit: the name as the column UNIT has it, or any beginning of it that means one namespace
 *
 * The column is about one process of a namespace, that with the lowest number. A name that it has
 * nowhere is looked for among all processes: services often are in the namespace of the host.
 */
const struct stored_row *unit_find(const struct row_store *all, const char *unit)
{
	struct candidates c = { .all = all, .unit = unit };

	if (!*unit)
		die(STATUS_ERROR, "namespace \"unit=\": after unit= comes a name as the UNIT column "
		    "has it, or its beginning");
	consider_lowest(&c);
	if (!c.n)
		processes_read(consider_process, &c);
	if (!c.n)
		die(STATUS_ERROR, "no process of a unit \"%s\" is in an IPC namespace that is visible "
		    "here: see the UNIT column of \"" PROGRAM " list --tree\"", unit);
	if (c.n > 1)
		die(STATUS_ERROR, "unit \"%s\" could mean namespace %llu (%s) or %llu (%s)%s: name "
		    "one by its inode number", unit, inode(c.row[0]), c.name[0], inode(c.row[1]),
		    c.name[1], c.n > SHOWN ? " or others" : "");
	return c.row[0];
}

/* The units of all namespaces, looked up when they are first wanted. */
static struct {
	struct row_store all;
	char **names;		/* of each: NULL if it was not looked up, empty if it has none */
	bool known;
} units;

/** units_read - make it possible to ask for units of namespaces, or die */
void units_read(struct ipcns *w)
{
	struct row_store all = { 0 };

	ns_select_all(w, &all);
	units.names = xcalloc(all.n, sizeof(*units.names));
	units.all = all;
	units.known = true;
}

/* The unit of the lowest process; never NULL, and for free(3). */
static char *look_up(const struct stored_row *stored)
{
	struct value unit = { .type = VALUE_UNKNOWN };
	struct row row;
	uint64_t pid;

	if (row_parse(&row, stored->attrs, stored->len) &&
	    ipcns_uint(row.attr[IPCNS_A_NS_PID], &pid))
		value_unit(&unit, pid);
	return unit.type == VALUE_UNKNOWN ? xmemdup("", 1) : strndup(unit.text, unit.len);
}

/**
 * units_name - the unit of the lowest process of a namespace, as units_read() found it
 * @inum: inode number of the namespace
 * @nsid: its identity
 *
 * Returns NULL if it is not known.
 */
const char *units_name(uint64_t inum, uint64_t nsid)
{
	const struct stored_row wanted = { .key.number = { inum, nsid } }, *row = NULL;
	char **name;

	if (units.all.n)
		row = bsearch(&wanted, units.all.rows, units.all.n, sizeof(wanted), ns_compare);
	if (!row)
		return NULL;
	name = &units.names[row - units.all.rows];
	if (!*name)
		*name = look_up(row);
	return *name && **name ? *name : NULL;
}

/** units_known - whether units_read() was called */
bool units_known(void)
{
	return units.known;
}

/** units_clear - forget what units_read() found */
void units_clear(void)
{
	size_t i;

	for (i = 0; i < units.all.n; i++)
		free(units.names[i]);
	free(units.names);
	row_store_clear(&units.all);
	memset(&units, 0, sizeof(units));
}
