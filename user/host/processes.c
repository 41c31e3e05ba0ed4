// SPDX-License-Identifier: GPL-2.0-only
/* All processes that /proc shows, their users and limits. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/processes.h"
#include "print/text.h"
#include "util.h"

/* The pid namespace that the kernel begins with: include/linux/proc_ns.h PROC_PID_INIT_INO. */
#define INITIAL_PID_NS "pid:[4026531836]"

/**
 * processes_read - find all processes
 * @found: called for each; it may have ended by then
 * @arg: for @found
 */
void processes_read(process_fn found, void *arg)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	uint64_t pid;

	if (!dir)
		die(STATUS_ERROR, "cannot read /proc: %s", strerror(errno));
	while ((entry = readdir(dir)))
		if (parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, &pid))
			found(pid, arg);
	closedir(dir);
}

/** processes_complete - whether /proc is that of the initial pid namespace, and so has all processes */
bool processes_complete(void)
{
	char text[64];
	ssize_t len = readlink("/proc/1/ns/pid", text, sizeof(text));

	return len == sizeof(INITIAL_PID_NS) - 1 && !memcmp(text, INITIAL_PID_NS, len);
}

/**
 * process_line - find the line of a file of /proc that begins with a label
 * @task: the directory of a process or of a thread, /proc/PID or /proc/PID/task/TID
 * @file: name of a file in it
 * @label: what the line begins with
 * @rest: the result, what follows @label
 * @size: of @rest; what is longer is cut
 *
 * Returns false, with errno set, if there is none; ESRCH of a file without such a line: that of a
 * task that has ended while it was read is empty.
 */
bool process_line(const char *task, const char *file, const char *label, char *rest, size_t size)
{
	const size_t len = strlen(label);
	char path[96], line[256];
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", task, file);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (!found && fgets(line, sizeof(line), in)) {
		found = !strncmp(line, label, len);
		if (found)
			snprintf(rest, size, "%s", line + len);
	}
	fclose(in);
	if (!found)
		errno = ESRCH;
	return found;
}

/**
 * task_namespace - inode number of a namespace of a process or of a thread
 * @task: its directory, as for process_line()
 * @kind: of namespace, as the kernel names it: ipc, mnt
 * @inum: the result
 *
 * Returns false, with errno set, if it cannot be read.
 */
bool task_namespace(const char *task, const char *kind, uint64_t *inum)
{
	const size_t name = strlen(kind);
	char path[96], text[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/ns/%s", task, kind);
	len = readlink(path, text, sizeof(text));
	if (len < 0)
		return false;
	errno = EINVAL;
	return (size_t)len > name + 3 && !memcmp(text, kind, name) &&
	       !memcmp(text + name, ":[", 2) && text[len - 1] == ']' &&
	       parse_uint(text + name + 2, len - name - 3, 10, UINT32_MAX, inum);
}

/* The first number of a text, after blanks. */
static bool first_number(const char *text, uint64_t max, uint64_t *value)
{
	text += strspn(text, " \t");
	return parse_uint(text, strcspn(text, " \t\n"), 10, max, value);
}

/** process_uid - the real user of a process; false if it has ended */
bool process_uid(uint32_t pid, uint32_t *uid)
{
	uint64_t value;
	char task[32], rest[128];

	snprintf(task, sizeof(task), "/proc/%u", pid);
	if (!process_line(task, "status", "Uid:", rest, sizeof(rest)) ||
	    !first_number(rest, UINT32_MAX, &value))
		return false;
	*uid = value;
	return true;
}

/** process_queue_limit - RLIMIT_MSGQUEUE of a process; false if it has ended or has no limit */
bool process_queue_limit(uint32_t pid, uint64_t *bytes)
{
	char task[32], rest[128];

	snprintf(task, sizeof(task), "/proc/%u", pid);
	return process_line(task, "limits", "Max msgqueue size", rest, sizeof(rest)) &&
	       first_number(rest, UINT64_MAX, bytes);
}
