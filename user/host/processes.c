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

/* Finds the line of /proc/@pid/@file that begins with @label, and passes on what follows that. */
static bool find_line(uint32_t pid, const char *file, const char *label, char *rest, size_t size)
{
	const size_t len = strlen(label);
	char path[64], line[256];
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (!found && fgets(line, sizeof(line), in)) {
		found = !strncmp(line, label, len);
		if (found)
			snprintf(rest, size, "%s", line + len);
	}
	fclose(in);
	return found;
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
	char rest[128];

	if (!find_line(pid, "status", "Uid:", rest, sizeof(rest)) ||
	    !first_number(rest, UINT32_MAX, &value))
		return false;
	*uid = value;
	return true;
}

/** process_queue_limit - RLIMIT_MSGQUEUE of a process; false if it has ended or has no limit */
bool process_queue_limit(uint32_t pid, uint64_t *bytes)
{
	char rest[128];

	return find_line(pid, "limits", "Max msgqueue size", rest, sizeof(rest)) &&
	       first_number(rest, UINT64_MAX, bytes);
}
