// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of the systemd journal, as journalctl(1) exports them.
 *
 * Not by libsystemd: the tool would need it on machines without systemd, and files of the journal,
 * which may be broken, would be read by this process. And not as JSON: the export format has any
 * bytes as they are, and needs no parser of JSON. It is a field in a line, NAME=VALUE; or NAME, the
 * length as 64 bits in little endian, and the value; with an empty line after each entry
 * (https://systemd.io/JOURNAL_EXPORT_FORMATS).
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/journalctl.h"
#include "util.h"

/* Of longer values the rest is left out, and of more fields in one entry those at the end. */
#define VALUE_SIZE 4096
#define FIELDS 64
#define NAME_SIZE 64

struct field {
	char name[NAME_SIZE];
	size_t len;
	char value[VALUE_SIZE];
};

struct journalctl_entry {
	size_t n;
	struct field fields[FIELDS];
};

/* Where it is: what runs as root does not look for it where a caller's PATH says. */
static const char *const programs[] = { "/usr/bin/journalctl", "/bin/journalctl" };

/** journalctl_field - the value of a field of an entry; NULL if there is none */
const char *journalctl_field(const struct journalctl_entry *entry, const char *name, size_t *len)
{
	size_t i;

	for (i = 0; i < entry->n; i++) {
		if (strcmp(entry->fields[i].name, name))
			continue;
		*len = entry->fields[i].len;
		return entry->fields[i].value;
	}
	return NULL;
}

static const char *find_program(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		if (!access(programs[i], X_OK))
			return programs[i];
	die(STATUS_ERROR, "cannot read the systemd journal: there is no %s", programs[0]);
}

/* Starts journalctl; returns what it writes. */
static FILE *start(const char *unit, int64_t since, pid_t *pid)
{
	static char export[] = "--output=export", quiet[] = "--quiet", pager[] = "--no-pager";
	char match[256], from[64];
	const char *program = find_program();
	char *argv[] = { "journalctl", quiet, pager, export, from, match, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], err;
	FILE *in;

	/* Set by journald itself: nobody else can write entries in the name of a unit. */
	snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s", unit);
	snprintf(from, sizeof(from), "--since=@%" PRId64, since);
	if (pipe2(fds, O_CLOEXEC))
		die(STATUS_ERROR, "cannot make a pipe: %s", strerror(errno));
	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO))
		die(STATUS_ERROR, "out of memory");
	err = posix_spawn(pid, program, &actions, NULL, argv, environ);
	if (err)
		die(STATUS_ERROR, "cannot run %s: %s", program, strerror(err));
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	in = fdopen(fds[0], "r");
	if (!in)
		die(STATUS_ERROR, "out of memory");
	return in;
}

/* Reads up to a line feed, keeping what @buf has room for; false at the end of input. */
static bool read_line(FILE *in, char *buf, size_t size, size_t *len)
{
	int c;

	*len = 0;
	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (*len < size)
			buf[(*len)++] = c;
	return c != EOF;
}

/* A value with its length in front; false at the end of input. */
static bool read_binary(FILE *in, struct field *field)
{
	uint64_t left;
	int c = 0;

	if (fread_unlocked(&left, sizeof(left), 1, in) != 1)
		return false;
	for (left = le64toh(left); left && (c = getc_unlocked(in)) != EOF; left--)
		if (field->len < VALUE_SIZE)
			field->value[field->len++] = c;
	return !left && getc_unlocked(in) == '\n';
}

/* Reads one entry; false at the end of input. */
static bool read_entry(FILE *in, struct journalctl_entry *entry)
{
	static char line[NAME_SIZE + VALUE_SIZE];
	struct field spare, *field;
	char *mark;
	size_t len, name;

	entry->n = 0;
	while (read_line(in, line, sizeof(line), &len)) {
		if (!len)
			return true;
		mark = memchr(line, '=', len);
		name = mark ? (size_t)(mark - line) : len;
		field = entry->n < FIELDS && name < NAME_SIZE ? &entry->fields[entry->n] : &spare;
		field->len = 0;
		if (field != &spare) {
			memcpy(field->name, line, name);
			field->name[name] = '\0';
			entry->n++;
		}
		if (!mark) {
			if (!read_binary(in, field))
				return false;
			continue;
		}
		len -= name + 1;
		field->len = len < VALUE_SIZE ? len : VALUE_SIZE;
		memcpy(field->value, mark + 1, field->len);
	}
	return false;
}

/**
 * journalctl_read - read what a unit wrote to the systemd journal, or die
 * @unit: its name
 * @since: seconds since the epoch; entries that were written earlier are left out
 * @take: takes an entry
 * @arg: passed to it
 */
void journalctl_read(const char *unit, int64_t since, journalctl_fn take, void *arg)
{
	struct journalctl_entry *entry = xcalloc(1, sizeof(*entry));
	int status = 0;
	pid_t pid;
	FILE *in = start(unit, since, &pid);

	while (read_entry(in, entry))
		take(entry, arg);
	fclose(in);
	free(entry);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die(STATUS_ERROR, "cannot wait for journalctl: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die(STATUS_ERROR, "cannot read the systemd journal: journalctl failed");
}
