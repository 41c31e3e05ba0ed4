// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that says how far events were read. Numbers of events restart when the module is loaded:
 * the file has the identity of that, too, which is the inode number of the module's directory in
 * sysfs. Those are not used again before the next boot.
 *
 * The file is written in place, by one call for a line of fixed length, after each piece of output:
 * a process that is killed leaves the position of what it wrote, not an older one. The line is far
 * shorter than a sector of a disk, and after a crash of the machine the boot is another one anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/journal_position.h"
#include "print/text.h"
#include "util.h"

#define MODULE "/sys/module/ipcns"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Longer than the line of a state can be. */
#define LINE_SIZE 128

static const char *file_path;
static int file_fd = -1;

/** journal_position_now - the module that is loaded now, and an event of it */
void journal_position_now(struct journal_position *state, uint64_t seq)
{
	struct stat info;
	FILE *file = fopen(BOOT_ID, "re");

	*state = (struct journal_position){ .seq = seq };
	if (!file || fscanf(file, "%39s", state->boot) != 1)
		die(STATUS_ERROR, "cannot read %s", BOOT_ID);
	fclose(file);
	/* If it is unloaded meanwhile, the next request finds that out. */
	if (!stat(MODULE, &info))
		state->module = info.st_ino;
	else if (errno != ENOENT)
		die(STATUS_ERROR, "cannot look at %s: %s", MODULE, strerror(errno));
}

/** journal_position_same - whether both have numbers of the same module since it was loaded */
bool journal_position_same(const struct journal_position *a, const struct journal_position *b)
{
	return a->module == b->module && !strcmp(a->boot, b->boot);
}

/* Opens the file, a new one if there is none; nobody else may use it until the process ends. */
static void open_file(void)
{
	struct stat info;

	file_fd = open(file_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (file_fd < 0)
		die(STATUS_ERROR, "cannot write %s: %s", file_path, strerror(errno));
	if (fstat(file_fd, &info))
		die(STATUS_ERROR, "cannot look at %s: %s", file_path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		die(STATUS_ERROR, "%s is not a regular file", file_path);
	if (flock(file_fd, LOCK_EX | LOCK_NB))
		die(STATUS_ERROR, "%s is in use: %s", file_path, errno == EWOULDBLOCK ?
		    "another process keeps its state there" : strerror(errno));
}

/* Reads the file; false if it is empty, or, with @broken, if it says something else. */
static bool read_file(struct journal_position *state, bool *broken)
{
	char text[LINE_SIZE], module[21], seq[21], end;
	ssize_t len = pread(file_fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		die(STATUS_ERROR, "cannot read %s: %s", file_path, strerror(errno));
	text[len] = '\0';
	*broken = len && (sscanf(text, "boot=%39s module=%20s seq=%20s%c", state->boot, module, seq,
				 &end) != 4 || end != '\n' ||
			  !parse_uint(module, strlen(module), 10, UINT64_MAX, &state->module) ||
			  !parse_uint(seq, strlen(seq), 10, UINT64_MAX - 1, &state->seq));
	return len && !*broken;
}

/* Renames a file that is no state, for a person to look at. */
static void set_aside(void)
{
	char *aside = xrealloc(NULL, strlen(file_path) + sizeof(".broken"), 1);

	strcpy(stpcpy(aside, file_path), ".broken");
	if (rename(file_path, aside))
		die(STATUS_ERROR, "not an ipcnsctl state file: %s; it cannot be renamed: %s",
		    file_path, strerror(errno));
	error("not an ipcnsctl state file: %s; renamed to %s, starting without it", file_path,
	      aside);
	free(aside);
	close(file_fd);
	open_file();
}

/**
 * journal_position_open - open the file that journal_position_write() writes to
 * @state: set to what it says
 * @path: the file; it is made if there is none
 *
 * Dies if it cannot be written, or another process has it. Returns false if it says nothing: it is
 * new or empty, or said something else and was set aside.
 */
bool journal_position_open(struct journal_position *state, const char *path)
{
	bool broken;

	file_path = path;
	open_file();
	if (read_file(state, &broken))
		return true;
	if (broken)
		set_aside();
	return false;
}

/* The first write to a file, from where on it has its length, makes sure that it stays. */
static void write_line(const char *line, size_t len)
{
	struct stat info;

	if (fstat(file_fd, &info))
		die(STATUS_ERROR, "cannot look at %s: %s", file_path, strerror(errno));
	if (!info.st_nlink) {	/* somebody removed it */
		close(file_fd);
		open_file();
		info.st_size = 0;
	}
	if (pwrite(file_fd, line, len, 0) != (ssize_t)len ||
	    (info.st_size != (off_t)len && (ftruncate(file_fd, len) || fsync(file_fd))))
		die(STATUS_ERROR, "cannot write %s: %s", file_path, strerror(errno));
}

/** journal_position_write - put @state into the file that journal_position_open() opened */
void journal_position_write(const struct journal_position *state)
{
	char line[LINE_SIZE];
	int len;

	len = snprintf(line, sizeof(line), "boot=%s module=%020" PRIu64 " seq=%020" PRIu64 "\n",
		       state->boot, state->module, state->seq);
	write_line(line, len);
}
