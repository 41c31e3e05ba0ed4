// SPDX-License-Identifier: GPL-2.0-only
/* Command lines and control groups of processes, and names of users. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/process.h"
#include "util.h"

#define NAME_BUCKETS 16384	/* a power of 2 */

/* Most that is shown of a command line, which can have 128 KiB and, in a table, many rows. */
#define COMMAND_SIZE 4096

/* Stands for the rest of a command line. */
#define MARK "..."

static char buffer[(128UL << 10) + sizeof(MARK)];
static size_t command_limit = COMMAND_SIZE;

/* Process whose command the buffer holds, and its length: neighbours are often the same. */
static uint32_t command_pid;
static size_t command_len;

/* Reads at most @limit bytes of /proc/@pid/@file into the buffer; 0 if there is nothing. */
static size_t read_proc(uint32_t pid, const char *file, size_t limit)
{
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	command_pid = 0;
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (len < limit) {
		n = read(fd, buffer + len, limit - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	close(fd);
	return len;
}

/** proc_command_wide - show command lines up to 128 KiB from here on */
void proc_command_wide(void)
{
	command_limit = sizeof(buffer) - sizeof(MARK);
}

/* Cuts @n bytes in the buffer at the end of a character, and puts the mark there. */
static size_t cut_command(size_t n)
{
	size_t end = command_limit - strlen(MARK), i;

	if (n <= command_limit)
		return n;
	for (i = 0; i < 3 && ((unsigned char)buffer[end] & 0xc0) == 0x80; i++)
		end--;
	strcpy(buffer + end, MARK);
	return end + strlen(MARK);
}

/**
 * proc_command - command line of a process, or its name if it has none, as a kernel thread
 * @pid: process id, as this process sees it
 * @len: set to the length
 *
 * At most 4 KiB of it, with "..." at the end of one that is longer; see proc_command_wide().
 * Returns bytes that the next call overwrites, or NULL if there is no such process.
 */
const char *proc_command(uint32_t pid, size_t *len)
{
	size_t n, i;

	if (pid && pid == command_pid) {
		*len = command_len;
		return buffer;
	}
	/* One byte more shows whether there are any. */
	n = read_proc(pid, "cmdline", command_limit + 1);
	while (n && !buffer[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!buffer[i])
			buffer[i] = ' ';
	n = cut_command(n);
	if (!n) {
		n = read_proc(pid, "comm", command_limit);
		if (n && buffer[n - 1] == '\n')
			n--;
	}
	command_pid = n ? pid : 0;
	command_len = n;
	*len = n;
	return n ? buffer : NULL;
}

/* A number of /proc/@pid/stat: the field @nth after the name; see proc_pid_stat(5). */
static bool read_stat(uint32_t pid, int nth, uint64_t *value)
{
	size_t n = read_proc(pid, "stat", 4096);
	const char *at;
	char *end;
	int field;

	/* The name of a process can have any bytes; what follows it has no brackets. */
	buffer[n] = '\0';
	at = memrchr(buffer, ')', n);
	/* Each field has a space before it. */
	for (field = 0; at && field < nth; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	*value = strtoull(at, &end, 10);
	return end != at;
}

/**
 * proc_is_kernel_thread - whether a process is a thread of the kernel's own
 * @pid: process id, as this process sees it
 *
 * See PF_KTHREAD in the kernel's include/linux/sched.h.
 */
bool proc_is_kernel_thread(uint32_t pid)
{
	const unsigned int kthread = 0x00200000;
	uint64_t flags;

	return read_stat(pid, 7, &flags) && flags & kthread;
}

/**
 * proc_start - when a process started
 * @pid: process id, as this process sees it
 * @ticks: set to ticks of sysconf(_SC_CLK_TCK) on CLOCK_BOOTTIME, rounded down
 */
bool proc_start(uint32_t pid, uint64_t *ticks)
{
	return read_stat(pid, 20, ticks);
}

/* Finds the path behind @label in the lines of the buffer, after a number if @numbered. */
static const char *find_cgroup(size_t n, bool numbered, const char *label, size_t *len)
{
	const char *line, *end;

	for (line = buffer; line < buffer + n; line = end + 1) {
		end = memchr(line, '\n', buffer + n - line);
		if (!end)
			break;
		if (numbered)
			line += strspn(line, "0123456789");
		if (strncmp(line, label, strlen(label)))
			continue;
		*len = end - line - strlen(label);
		return line + strlen(label);
	}
	return NULL;
}

/**
 * proc_cgroup - control group path of a process
 * @pid: process id, as this process sees it
 * @len: set to the length
 *
 * That of the unified hierarchy; where a process has none there, or its root, that of systemd's own
 * (version 1), which has any number. Returns bytes that the next call overwrites, or NULL if it is
 * not known.
 */
const char *proc_cgroup(uint32_t pid, size_t *len)
{
	size_t n = read_proc(pid, "cgroup", sizeof(buffer)), named_len;
	const char *unified, *named;

	unified = find_cgroup(n, false, "0::", len);
	if (unified && *len > 1)
		return unified;
	named = find_cgroup(n, true, ":name=systemd:", &named_len);
	if (!named)
		return unified;
	*len = named_len;
	return named;
}

struct name {
	struct name *next;
	uint32_t id;
	char text[];
};

static struct name *users[NAME_BUCKETS];
static struct name *groups[NAME_BUCKETS];

static const char *cached_name(struct name **cache, uint32_t id, const char *(*look_up)(uint32_t))
{
	struct name **bucket = &cache[id & (NAME_BUCKETS - 1)];
	struct name *name;
	const char *text;
	char number[16];

	for (name = *bucket; name; name = name->next)
		if (name->id == id)
			return name->text;
	text = look_up(id);
	if (!text) {
		snprintf(number, sizeof(number), "%u", id);
		text = number;
	}
	name = xrealloc(NULL, 1, sizeof(*name) + strlen(text) + 1);
	strcpy(name->text, text);
	name->id = id;
	name->next = *bucket;
	*bucket = name;
	return name->text;
}

static const char *look_up_user(uint32_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : NULL;
}

static const char *look_up_group(uint32_t gid)
{
	struct group *gr = getgrgid(gid);

	return gr ? gr->gr_name : NULL;
}

/** user_name - name of a user, or the number as text; stays valid */
const char *user_name(uint32_t uid)
{
	return cached_name(users, uid, look_up_user);
}

/** group_name - name of a group, or the number as text; stays valid */
const char *group_name(uint32_t gid)
{
	return cached_name(groups, gid, look_up_group);
}
