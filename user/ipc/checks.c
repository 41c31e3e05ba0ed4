// SPDX-License-Identifier: GPL-2.0-only
/* What checks have in common: findings about namespaces, and names of processes in them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/ipcns.h>

#include "host/process.h"
#include "ipc/checks.h"
#include "ipc/namespace.h"
#include "print/value.h"
#include "util.h"

/** check_wants - whether what concerns a kind of objects is checked */
bool check_wants(const struct check_scope *scope, unsigned int kind)
{
	return !scope->kinds || scope->kinds & 1U << kind;
}

static void set_subject(const struct check_scope *scope, struct finding *f)
{
	const struct stored_row wanted = { .key.number = { f->inum, f->nsid } }, *found = NULL;
	struct value unit = { .type = VALUE_UNKNOWN };
	uint64_t pid = 0;
	struct row row;

	if (scope->all->n)
		found = bsearch(&wanted, scope->all->rows, scope->all->n, sizeof(wanted),
				ns_compare);
	if (found && row_parse(&row, found->attrs, found->len) &&
	    ipcns_uint(row.attr[IPCNS_A_NS_PID], &pid) && pid)
		value_unit(&unit, pid);
	if (unit.type == VALUE_UNKNOWN)
		finding_subject(f, "%llu", (unsigned long long)f->inum);
	else
		finding_subject(f, "%llu (%.*s)", (unsigned long long)f->inum, (int)unit.len,
				unit.text);
}

/**
 * check_found - add a finding about a namespace
 * @scope: what is checked
 * @list: where it goes
 * @severity: how bad it is
 * @check: which check found it: a constant word
 * @inum: inode number of the namespace
 * @nsid: its identity
 * @fmt: what was found, as for printf(3)
 *
 * Returns the finding, for a command, until the next one is added.
 */
struct finding *check_found(const struct check_scope *scope, struct findings *list,
			    enum severity severity, const char *check, uint64_t inum,
			    uint64_t nsid, const char *fmt, ...)
{
	struct finding *f;
	va_list ap;
	char *what;

	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		die(STATUS_ERROR, "out of memory");
	va_end(ap);
	f = findings_add(list, severity, check, "%s", what);
	free(what);
	f->inum = inum;
	f->nsid = nsid;
	set_subject(scope, f);
	return f;
}

/** check_process - the number and the command of a process, without arguments; to be freed */
char *check_process(uint32_t pid)
{
	const char *command, *end, *slash;
	size_t len = 0;
	char *text;
	int ret;

	command = pid ? proc_command(pid, &len) : NULL;
	if (command) {
		end = memchr(command, ' ', len) ?: command + len;
		slash = memrchr(command, '/', end - command);
		command = slash ? slash + 1 : command;
		len = end - command;
		ret = asprintf(&text, "%u %.*s", pid, len < 32 ? (int)len : 32, command);
	} else {
		ret = pid ? asprintf(&text, "%u", pid) : asprintf(&text, "a hidden process");
	}
	if (ret < 0)
		die(STATUS_ERROR, "out of memory");
	return text;
}
