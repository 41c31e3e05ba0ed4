// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts of IPC namespaces, and of mqueue, proc and tmpfs filesystems, in all mount namespaces that
 * a process is in.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/mounts.h"
#include "host/processes.h"
#include "id_set.h"
#include "print/text.h"
#include "util.h"

/* The next word of a line, which spaces part; false at its end. */
static bool next_word(char **at, char *end, char **word, size_t *len)
{
	char *space;

	if (*at >= end)
		return false;
	space = memchr(*at, ' ', end - *at) ?: end;
	*word = *at;
	*len = space - *at;
	*at = space + 1;
	return true;
}

static bool is_word(const char *word, size_t len, const char *want)
{
	return len == strlen(want) && !memcmp(word, want, len);
}

/* MAJOR:MINOR */
static bool parse_dev(const char *text, size_t len, uint32_t *dev)
{
	const char *colon = memchr(text, ':', len);
	uint64_t major, minor;

	if (!colon || !parse_uint(text, colon - text, 10, (1 << 12) - 1, &major) ||
	    !parse_uint(colon + 1, text + len - colon - 1, 10, (1 << 20) - 1, &minor))
		return false;
	*dev = mount_dev(major, minor);
	return true;
}

static bool is_octal(const char *text, size_t len)
{
	return len > 3 && text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
	       text[2] >= '0' && text[2] <= '7' && text[3] >= '0' && text[3] <= '7';
}

/* Blanks and backslashes come as \ooo, see mangle_path() in the kernel. Works in place. */
static size_t decode(char *text, size_t len)
{
	char *to = text;
	size_t i;

	for (i = 0; i < len; i++) {
		if (is_octal(text + i, len - i)) {
			*to++ = (text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
				(text[i + 3] - '0');
			i += 3;
		} else {
			*to++ = text[i];
		}
	}
	return to - text;
}

/* ipc:[INUM] */
static bool parse_root(const char *root, size_t len, uint64_t *inum)
{
	return len > 6 && !memcmp(root, "ipc:[", 5) && root[len - 1] == ']' &&
	       parse_uint(root + 5, len - 6, 10, UINT32_MAX, inum);
}

/**
 * mount_parse - one line of /proc/PID/mountinfo, see proc_pid_mountinfo(5)
 * @line: the line, without its end; it is changed
 * @len: its length
 * @mount: the result, which points into @line; @mount->mntns and @mount->pid are left alone
 *
 * Returns false for all that can have nothing to do with IPC, malformed lines as well.
 */
bool mount_parse(char *line, size_t len, struct mount *mount)
{
	enum { ID, PARENT, DEV, ROOT, PATH, OPTIONS, FIXED };
	char *words[FIXED], *at = line, *word;
	size_t lens[FIXED], n;
	int i;

	for (i = 0; i < FIXED; i++)
		if (!next_word(&at, line + len, &words[i], &lens[i]))
			return false;
	do	/* optional fields, as many as there are */
		if (!next_word(&at, line + len, &word, &n))
			return false;
	while (!is_word(word, n, "-"));
	if (!next_word(&at, line + len, &word, &n))
		return false;
	if (is_word(word, n, "nsfs") && parse_root(words[ROOT], lens[ROOT], &mount->inum))
		mount->kind = MOUNT_NSFS;
	else if (is_word(word, n, "mqueue") && parse_dev(words[DEV], lens[DEV], &mount->dev))
		mount->kind = MOUNT_MQUEUE;
	else if (is_word(word, n, "proc") && parse_dev(words[DEV], lens[DEV], &mount->dev))
		mount->kind = MOUNT_PROC;
	else if ((is_word(word, n, "tmpfs") || is_word(word, n, "devtmpfs")) &&
		 parse_dev(words[DEV], lens[DEV], &mount->dev) &&
		 parse_uint(words[ID], lens[ID], 10, INT32_MAX, &mount->id))
		mount->kind = MOUNT_TMPFS;
	else
		return false;
	mount->path = words[PATH];
	mount->len = decode(words[PATH], lens[PATH]);
	mount->root = words[ROOT];
	mount->root_len = decode(words[ROOT], lens[ROOT]);
	return true;
}

/* Where mounts go, and which mount namespaces have been looked into. */
struct reading {
	mount_fn found;
	void *arg;
	struct number_set done;
	uint64_t failed;		/* the mount namespace that failed last, and how often in a row */
	unsigned int failures;
};

/* Processes of a mount namespace that are tried in a row: reading costs a walk over all its mounts. */
#define MAX_FAILURES 4

/* Longest line of mountinfo that is looked at: paths in it can be longer than PATH_MAX. */
#define MAX_LINE (1UL << 20)

/* A process that does not see all of its mount namespace. */
struct confined {
	uint64_t mntns;
	uint32_t pid;
};

static int compare_confined(const void *p, const void *q)
{
	const struct confined *a = p, *b = q;

	if (a->mntns != b->mntns)
		return a->mntns < b->mntns ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

/*
 * Reads a line without its end, but of one that is longer than the longest only the beginning, which
 * is no mount then: users make paths of any length, and a line needs memory. False at the end.
 */
static bool read_line(FILE *in, struct buffer *line)
{
	int c;

	line->len = 0;
	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (line->len < MAX_LINE)
			buffer_plain(line, &(char){ c }, 1);
	return c != EOF;
}

/* Calls back for each mount that the process sees; false if it is gone, or nothing can be read. */
static bool read_mounts(struct reading *reading, uint32_t pid, uint64_t mntns)
{
	struct mount mount = { .mntns = mntns, .pid = pid };
	struct buffer line = { 0 };
	bool any = false;
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (read_line(in, &line)) {
		any = true;
		if (line.len < MAX_LINE && mount_parse(line.bytes, line.len, &mount))
			reading->found(&mount, reading->arg);
	}
	free(line.bytes);
	fclose(in);
	return any;
}

/* Mounts outside of a process's root directory are not in its mountinfo. */
static bool sees_all(uint32_t pid)
{
	char path[64], root[2];

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	return readlink(path, root, sizeof(root)) == 1 && root[0] == '/';
}

/** mount_namespace - inode number of the mount namespace of a process; false if it is not known */
bool mount_namespace(uint32_t pid, uint64_t *inum)
{
	char task[32];

	snprintf(task, sizeof(task), "/proc/%u", pid);
	return task_namespace(task, "mnt", inum);
}

/**
 * mounts_read - find mounts of IPC namespaces, mqueue, proc and tmpfs filesystems
 * @found: called for each
 * @arg: for @found
 * @done: NULL, or empty; set to the mount namespaces whose mounts were read
 *
 * Reads the mounts of one process in each mount namespace, one whose root directory is that of the
 * mount namespace if there is one. Processes that end meanwhile are passed over, and so are mount
 * namespaces that no visible process is in.
 */
void mounts_read(mount_fn found, void *arg, struct number_set *done)
{
	struct reading reading = { .found = found, .arg = arg };
	struct confined *confined = NULL;
	size_t n = 0, allocated = 0, i;
	struct dirent *entry;
	uint64_t pid, mntns;
	DIR *proc;

	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		if (!parse_uint(entry->d_name, strlen(entry->d_name), 10, INT32_MAX, &pid) ||
		    !mount_namespace(pid, &mntns) || number_set_has(&reading.done, mntns))
			continue;
		if (!sees_all(pid)) {
			confined = xgrow(confined, n, &allocated, sizeof(*confined));
			confined[n++] = (struct confined){ mntns, pid };
		} else if (read_mounts(&reading, pid, mntns)) {
			number_set_add(&reading.done, mntns);
		}
	}
	if (n)
		qsort(confined, n, sizeof(*confined), compare_confined);
	for (i = 0; i < n; i++) {
		if (confined[i].mntns != reading.failed) {
			reading.failed = confined[i].mntns;
			reading.failures = 0;
		}
		if (reading.failures == MAX_FAILURES || number_set_has(&reading.done, confined[i].mntns))
			continue;
		if (read_mounts(&reading, confined[i].pid, confined[i].mntns))
			number_set_add(&reading.done, confined[i].mntns);
		else
			reading.failures++;
	}
	if (proc)
		closedir(proc);
	free(confined);
	if (done)
		*done = reading.done;
	else
		number_set_clear(&reading.done);
}
