// SPDX-License-Identifier: GPL-2.0-only
/* All processes that /proc shows: their users and limits, and which sleep in semop(2). */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "host/processes.h"
#include "print/text.h"
#include "util.h"

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

/* The pid namespace that the kernel begins with: include/linux/proc_ns.h PROC_PID_INIT_INO. */
#define INITIAL_PID_NS "pid:[4026531836]"

/** proc_is_complete - whether /proc shows all processes of the machine */
bool proc_is_complete(void)
{
	char text[64];
	ssize_t len = readlink("/proc/1/ns/pid", text, sizeof(text));

	return len == sizeof(INITIAL_PID_NS) - 1 && !memcmp(text, INITIAL_PID_NS, len);
}

/** process_exists - whether there is a process with this number now */
bool process_exists(uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return !access(path, F_OK);
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

/** process_threads - how many threads a process has; 0 if it has ended */
size_t process_threads(uint32_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	/* a folder has two links of its own, and one for each folder in it */
	return !stat(path, &st) && st.st_nlink > 2 ? st.st_nlink - 2 : 0;
}

/* A search for threads that sleep in semop(2). */
struct sleeper_search {
	sem_sleeper_fn found;
	void *arg;
	bool works;	/* /proc names functions that threads sleep in */
	bool failed;	/* it does not say enough about one of them */
};

/* Reads a short file; the length of its text, which has a zero at its end. */
static size_t read_text(const char *path, char *text, size_t size)
{
	FILE *in = fopen(path, "re");
	size_t len = 0;

	if (in) {
		len = fread(text, 1, size - 1, in);
		fclose(in);
	}
	text[len] = '\0';
	return len;
}

static void take_thread(struct sleeper_search *search, uint32_t pid, uint32_t tid)
{
	struct sem_sleeper sleeper = { 0 };
	char path[96], text[256], *at, *end;
	struct stat st;
	size_t i;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/wchan", pid, tid);
	if (!read_text(path, text, sizeof(text)) || !strcmp(text, "0"))
		return;
	search->works = true;
	if (!strstr(text, "semtimedop"))
		return;
	snprintf(path, sizeof(path), "/proc/%u/ns/ipc", pid);
	if (stat(path, &st)) {
		search->failed = true;
		return;
	}
	sleeper.ipc_inum = st.st_ino;
	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", pid, tid);
	/* the number of the call, then its arguments, each with a space before it */
	at = read_text(path, text, sizeof(text)) ? text : NULL;
	for (i = 0; at && i < ARRAY_SIZE(sleeper.args); i++) {
		at = strstr(at, " 0x");
		if (at) {
			sleeper.args[i] = strtoull(at + 1, &end, 16);
			at = end;
		}
	}
	sleeper.has_args = at != NULL;
	search->found(&sleeper, search->arg);
}

static void take_sleepers(uint32_t pid, void *arg)
{
	const struct dirent *entry;
	char path[64];
	uint64_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, &tid))
			take_thread(arg, pid, tid);
	closedir(dir);
}

/**
 * sem_sleepers_read - find threads that sleep in semop(2)
 * @found: called for each
 * @arg: for @found
 *
 * The set is the first argument of the system call, or the second of ipc(2), which 32-bit programs
 * may use. Returns false if this kernel or the caller's rights do not allow to find all of them.
 */
bool sem_sleepers_read(sem_sleeper_fn found, void *arg)
{
	struct sleeper_search search = { .found = found, .arg = arg };

	if (!proc_is_complete())
		return false;
	processes_read(take_sleepers, &search);
	return search.works && !search.failed;
}
