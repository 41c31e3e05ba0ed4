// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes of namespaces, as rows below the namespace they share. Such a row has the columns of a
 * namespace's: those that are about its process are filled, all others are not known.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <linux/ipcns.h>
#include <netlink/msg.h>

#include "host/process.h"
#include "ipc/member_processes.h"
#include "ipc/module.h"
#include "ipc/namespace.h"
#include "util.h"

/* What rows are found by: the namespace, and the process. */
static void sort_key(const struct row *row, struct sort_key *key)
{
	ipcns_uint(row->attr[IPCNS_A_HOLDER_NS_INUM], &key->number[0]);
	ipcns_uint(row->attr[IPCNS_A_HOLDER_NS_ID], &key->number[1]);
	ipcns_uint(row->attr[IPCNS_A_HOLDER_PID], &key->number[2]);
}

static void add(struct nlattr *attrs, int len, void *arg)
{
	struct row row;
	uint64_t kind, pid;

	/* Other kinds are not asked for; a process that is not visible from here has no pid. */
	if (row_parse(&row, attrs, len) &&
	    ipcns_uint(row.attr[IPCNS_A_HOLDER_KIND], &kind) && kind == IPCNS_HOLDER_KIND_TASK &&
	    ipcns_uint(row.attr[IPCNS_A_HOLDER_PID], &pid) && pid)
		row_store_add(arg, attrs, len, sort_key);
}

/**
 * member_processes_get - look up the processes of namespaces, or die
 * @w: the connection
 * @namespaces: which; if there is only one, others are not looked at
 * @members: the result, sorted by namespace and process
 */
void member_processes_get(struct ipcns *w, const struct row_store *namespaces,
			  struct row_store *members)
{
	uint64_t only = namespaces->n == 1 ? ns_id(namespaces->rows) : 0;
	int ret;

	ret = ipcns_holders(w, only, 1U << IPCNS_HOLDER_KIND_TASK, add, row_store_restart, members);
	if (ret && !(only && module_gone(ret)))
		module_die(w, ret, "cannot list processes");
	row_store_sort(members);
	row_store_unique(members);
}

/* The row of one process; @facts are of the namespace that it stands below, or NULL. */
static void print(const struct stored_row *member, const struct ns_facts *facts,
		  struct table *out)
{
	struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_MIN_TYPE, 0);
	struct row holder, row, shown;
	struct nlattr *comm;
	char path[32];
	struct stat st;

	if (!msg || !row_parse(&holder, member->attrs, member->len))
		die(STATUS_ERROR, "out of memory");
	snprintf(path, sizeof(path), "/proc/%u", (unsigned int)member->key.number[2]);
	comm = holder.attr[IPCNS_A_HOLDER_COMM];
	if (nla_put_u32(msg, IPCNS_A_NS_PID, member->key.number[2]) < 0 ||
	    (!stat(path, &st) && nla_put_u32(msg, IPCNS_A_NS_UID, st.st_uid) < 0) ||
	    (comm && nla_put(msg, IPCNS_A_NS_COMM, nla_len(comm), nla_data(comm)) < 0))
		die(STATUS_ERROR, "out of memory");
	if (row_parse(&row, nlmsg_attrdata(nlmsg_hdr(msg), 0),
		      nlmsg_attrlen(nlmsg_hdr(msg), 0))) {
		shown = row;
		shown.data = facts;
		table_child(out, &row, &shown);
	}
	nlmsg_free(msg);
}

/**
 * member_processes_print - print the processes of a namespace below its row
 * @members: processes of all namespaces
 * @ns: the namespace
 * @facts: of its row, which is for people: threads of the kernel are left out; NULL for programs
 * @out: where rows go
 */
void member_processes_print(const struct row_store *members, const struct stored_row *ns,
			    const struct ns_facts *facts, struct table *out)
{
	const struct stored_row *member = NULL, *end;
	struct ns_facts below = { .below = true };

	if (members->n)
		member = bsearch(ns, members->rows, members->n, sizeof(*ns), ns_compare);
	if (!member)
		return;
	if (facts) {
		below.unit = facts->unit;
		below.unit_len = facts->unit_len;
	}
	end = members->rows + members->n;
	while (member > members->rows && !ns_compare(member - 1, ns))
		member--;
	for (; member < end && !ns_compare(member, ns); member++)
		if (!facts || !proc_is_kernel_thread(member->key.number[2]))
			print(member, &below, out);
}
