// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output files of --output.
 *
 * A regular file is replaced in one step by a complete one, which is on the disk before it has the
 * name. Until then it has none (O_TMPFILE), so that nothing is left of it, whatever ends the
 * process. Anything else is written into, as a shell does, or refused: to rename a file over
 * /dev/null would take the device away.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "print/output_file.h"
#include "util.h"

/* What is in such a file, not everybody may see. */
#define DEFAULT_MODE 0600

#define TRIES 100

/* A new file that is to replace another one. */
struct draft {
	const char *path;
	char *name;		/* its own; NULL while it has none */
	sigset_t signals;	/* that were blocked before it had one */
};

static _Noreturn void die_of(const char *path, int err)
{
	die(STATUS_ERROR, "cannot write %s: %s", path, strerror(err));
}

/* Removes what is left of a draft; ends the tool. */
static _Noreturn void die_of_draft(const struct draft *draft, int err)
{
	if (draft->name)
		unlink(draft->name);
	die_of(draft->path, err);
}

/* From here on there is a file that no other process knows of: no signal ends this one. */
static void block_signals(struct draft *draft)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &draft->signals);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + (slash == path) : 1;
	char *folder = xrealloc(NULL, len + 1, 1);

	memcpy(folder, slash ? path : ".", len);
	folder[len] = '\0';
	return folder;
}

/* A name beside @path that nothing has. */
static void make_name(struct draft *draft, unsigned int try)
{
	draft->name = xrealloc(draft->name, strlen(draft->path) + 32, 1);
	sprintf(draft->name, "%s.%d.%u", draft->path, getpid(), try);
}

/* Opens a file without a name, or, where file systems have no such, one with a name of its own. */
static int open_draft(struct draft *draft)
{
	char *folder = folder_of(draft->path);
	unsigned int try = 0;
	int fd;

	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, DEFAULT_MODE);
	free(folder);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	block_signals(draft);
	do {
		make_name(draft, try);
		fd = open(draft->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, DEFAULT_MODE);
	} while (fd < 0 && errno == EEXIST && ++try < TRIES);
	if (fd < 0) {
		free(draft->name);
		draft->name = NULL;
	}
	return fd;
}

/* Gives a draft without a name one; false with errno. */
static bool name_draft(struct draft *draft, int fd)
{
	unsigned int try = 0;
	char link[64];
	int ret;

	if (draft->name)
		return true;
	block_signals(draft);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	do {
		make_name(draft, try);
		ret = linkat(AT_FDCWD, link, AT_FDCWD, draft->name, AT_SYMLINK_FOLLOW);
	} while (ret && errno == EEXIST && ++try < TRIES);
	if (!ret)
		return true;
	free(draft->name);
	draft->name = NULL;
	return false;
}

/* The owner, group and mode of the file that was there; readers depend on them. */
static bool keep_rights(int fd, const struct stat *old)
{
	struct stat info;

	if (fstat(fd, &info))
		return false;
	if ((info.st_uid != old->st_uid || info.st_gid != old->st_gid) &&
	    fchown(fd, info.st_uid == old->st_uid ? (uid_t)-1 : old->st_uid, old->st_gid))
		return false;
	return !fchmod(fd, old->st_mode & 0777);
}

/* @old is NULL if there is no such file. */
static void replace(const char *path, const struct stat *old,
		    void (*fill)(FILE *out, const void *arg), const void *arg)
{
	struct draft draft = { .path = path };
	FILE *out;
	int fd;

	sigprocmask(SIG_SETMASK, NULL, &draft.signals);
	fd = open_draft(&draft);
	if (fd < 0)
		die_of(path, errno);
	if (old && !keep_rights(fd, old))
		die_of_draft(&draft, errno);
	out = fdopen(fd, "w");
	if (!out)
		die_of_draft(&draft, errno);
	fill(out, arg);
	errno = 0;
	if (fflush(out) || ferror(out) || fsync(fd) || !name_draft(&draft, fd) ||
	    rename(draft.name, path))
		die_of_draft(&draft, errno);
	fclose(out);
	free(draft.name);
	sigprocmask(SIG_SETMASK, &draft.signals, NULL);
}

/* Writes into what is no regular file. */
static void write_into(const char *path, void (*fill)(FILE *out, const void *arg),
		       const void *arg)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out)
		die_of(path, errno);
	fill(out, arg);
	errno = 0;
	if (fflush(out) || ferror(out) || fclose(out))
		die_of(path, errno);
}

static bool is_stdout(const struct stat *info)
{
	struct stat own;

	return !fstat(STDOUT_FILENO, &own) && own.st_dev == info->st_dev &&
	       own.st_ino == info->st_ino;
}

/*
 * The file that a symbolic link means. A link in a folder that somebody else can write to could
 * mean any file that this process may replace, so it must be the caller's or root's.
 */
static char *follow(const char *path, const struct stat *link)
{
	char *target;

	if (link->st_uid && link->st_uid != geteuid())
		die(STATUS_ERROR, "cannot write %s: a symbolic link of another user", path);
	target = realpath(path, NULL);
	if (!target)
		die_of(path, errno);
	return target;
}

/**
 * outfile_write - write a file, or die
 * @path: the file; "-" is standard output
 * @fill: writes what is in it
 * @arg: passed to it
 *
 * A regular file is replaced, also one that a symbolic link means, and keeps its owner, group and
 * mode; a new one has mode 0600. Pipes and character devices are written into. Block devices,
 * sockets and folders are refused.
 */
void outfile_write(const char *path, void (*fill)(FILE *out, const void *arg), const void *arg)
{
	char *target = NULL;
	struct stat info;

	if (!strcmp(path, "-")) {
		fill(stdout, arg);
		return;
	}
	if (lstat(path, &info)) {
		if (errno != ENOENT)
			die_of(path, errno);
		replace(path, NULL, fill, arg);
		return;
	}
	if (S_ISLNK(info.st_mode)) {
		if (!stat(path, &info) && is_stdout(&info)) {	/* /dev/stdout */
			fill(stdout, arg);
			return;
		}
		if (lstat(path, &info))
			die_of(path, errno);
		target = follow(path, &info);
		if (lstat(target, &info))
			die_of(path, errno);
	}
	if (S_ISREG(info.st_mode))
		replace(target ?: path, &info, fill, arg);
	else if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))
		write_into(target ?: path, fill, arg);
	else
		die(STATUS_ERROR, "cannot write %s: neither a file nor a pipe nor a character device",
		    path);
	free(target);
}
