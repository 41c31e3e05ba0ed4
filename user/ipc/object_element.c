// SPDX-License-Identifier: GPL-2.0-only
/* Semaphores of a set: their order and columns. */
#include <linux/ipcns.h>

#include "ipc/object.h"
#include "util.h"

/** element_sort_key - by number in the set */
void element_sort_key(const struct row *row, struct sort_key *key)
{
	ipcns_uint(row->attr[IPCNS_A_ELEMENT_SEMNUM], &key->number[0]);
}

static void fill_changer_command(const struct column *column, const struct row *row,
				 struct value *value)
{
	if (!row->attr[IPCNS_A_ELEMENT_GONE])
		value_attr(value, column->as, row->attr[column->attr]);
}

static const struct column element[] = {
	{ "SEMNUM", "number of the semaphore", AS_NUMBER, .attr = IPCNS_A_ELEMENT_SEMNUM },
	{ "VALUE", "its value", AS_NUMBER, .attr = IPCNS_A_ELEMENT_SEMVAL },
	{ "NCOUNT", "tasks waiting for it to grow", AS_NUMBER, .attr = IPCNS_A_ELEMENT_NCOUNT },
	{ "ZCOUNT", "tasks waiting for zero", AS_NUMBER, .attr = IPCNS_A_ELEMENT_ZCOUNT },
	{ "PID", "PID that changed it last", AS_PID, .attr = IPCNS_A_ELEMENT_PID },
	{ "COMMAND", "command line of the PID", AS_COMMAND, .attr = IPCNS_A_ELEMENT_PID,
	  .fill = fill_changer_command, .flags = SCOLS_FL_TRUNC },
	{ "NS", "namespace identifier (inode number)", AS_NUMBER, .attr = IPCNS_A_ELEMENT_NS_INUM },
	{ "NSID", NS_ID_HELP, AS_NUMBER, .attr = IPCNS_A_ELEMENT_NS_ID },
	{ "ID", "resource ID of the set", AS_NUMBER, .attr = IPCNS_A_ELEMENT_ID },
};

/** element_columns - columns of the semaphores of one set */
const struct table_type element_columns = {
	.root = "elements",
	.defaults = "SEMNUM,VALUE,NCOUNT,ZCOUNT,PID,COMMAND",
	.columns = element,
	.n = ARRAY_SIZE(element),
};
