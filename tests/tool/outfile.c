// SPDX-License-Identifier: GPL-2.0-only
/* Output files: what is replaced, what is written into, what is refused, and what is left. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "util.h"
#include "print/output_file.h"

static void fill_text(FILE *out, const void *arg)
{
	fputs(arg, out);
}

static void fill_and_die(FILE *out, const void *arg)
{
	fputs(arg, out);
	fflush(out);
	kill(getpid(), SIGKILL);
}

static void fill_and_stop(FILE *out, const void *arg)
{
	fputs(arg, out);
	fflush(out);
	kill(getpid(), SIGTERM);
}

/* Writes "text" in a child; its exit status, or minus a signal. */
static int put(const char *path, void (*fill)(FILE *out, const void *arg))
{
	int status, saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	pid_t pid;

	fflush(NULL);
	dup2(null, STDERR_FILENO);
	pid = fork();
	if (!pid) {
		outfile_write(path, fill, "text");
		fflush(stdout);
		_exit(0);
	}
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool holds(const char *path, const char *want)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n >= 0 && !strcmp(text, want);
}

static bool mode_is(const char *path, mode_t mode)
{
	struct stat info;

	return !lstat(path, &info) && S_ISREG(info.st_mode) && (info.st_mode & 07777) == mode;
}

static void make(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (write(fd, "old", 3) != 3 || fchmod(fd, mode))
		check(0, "a file for a test");
	close(fd);
}

static int entries(void)
{
	DIR *folder = opendir(".");
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(folder)))
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

static void regular(void)
{
	struct stat info;

	umask(0);
	check(!put("new", fill_text) && holds("new", "text") && mode_is("new", 0600),
	      "a new file is the caller's alone, whatever the umask");
	make("kept", 0640);
	umask(077);
	check(!put("kept", fill_text) && holds("kept", "text") && mode_is("kept", 0640),
	      "an old one keeps its mode");
	umask(022);
	if (!geteuid()) {
		if (chown("kept", 4711, 4712))
			check(0, "chown");
		check(!put("kept", fill_text) && !lstat("kept", &info) && info.st_uid == 4711 &&
		      info.st_gid == 4712 && mode_is("kept", 0640), "and its owner and group");
	} else {
		check(1, "and its owner and group # SKIP not root");
	}
	check(put("none/new", fill_text) == 1, "no folder: an error");
	make("dead", 0600);
	check(put("dead", fill_and_die) == -SIGKILL && holds("dead", "old") && entries() == 3,
	      "a process that is killed leaves the old file and no other");
	check(put("dead", fill_and_stop) == -SIGTERM && holds("dead", "old") && entries() == 3,
	      "a signal, too");
	unlink("new");
	unlink("kept");
	unlink("dead");
}

static void links(void)
{
	struct stat info;

	make("target", 0644);
	if (symlink("target", "link") || symlink("/dev/null", "null") || symlink("gone", "dangling"))
		check(0, "links");
	check(!put("link", fill_text) && holds("target", "text") && mode_is("target", 0644) &&
	      !lstat("link", &info) && S_ISLNK(info.st_mode), "a symbolic link stays one");
	check(!put("null", fill_text) && !lstat("null", &info) && S_ISLNK(info.st_mode),
	      "to a device, too");
	check(put("dangling", fill_text) == 1 && access("gone", F_OK), "to nothing: an error");
	if (!geteuid()) {
		if (lchown("link", 4711, 4711))
			check(0, "lchown");
		make("target", 0644);
		check(put("link", fill_text) == 1 && holds("target", "old"),
		      "another user's is not followed");
	} else {
		check(1, "another user's is not followed # SKIP not root");
	}
	unlink("link");
	unlink("null");
	unlink("dangling");
	unlink("target");
}

static void others(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd, sk = socket(AF_UNIX, SOCK_DGRAM, 0), out[2], saved;
	char text[8] = "";
	struct stat info;

	check(!put("/dev/null", fill_text) && !lstat("/dev/null", &info) && S_ISCHR(info.st_mode),
	      "/dev/null stays a device");
	check(put("/dev/full", fill_text) == 1, "a full one is an error");
	if (mkfifo("fifo", 0600) || mkdir("folder", 0700) ||
	    bind(sk, (struct sockaddr *)&address, sizeof(address)))
		check(0, "others");
	fd = open("fifo", O_RDWR);
	check(!put("fifo", fill_text) && read(fd, text, 4) == 4 && !strcmp(text, "text") &&
	      !lstat("fifo", &info) && S_ISFIFO(info.st_mode), "a pipe is written into");
	close(fd);
	check(put("folder", fill_text) == 1, "a folder is refused");
	check(put("socket", fill_text) == 1 && !lstat("socket", &info) && S_ISSOCK(info.st_mode),
	      "a socket is refused");
	if (!geteuid() && !mknod("block", S_IFBLK | 0600, makedev(7, 4711)))
		check(put("block", fill_text) == 1 && !lstat("block", &info) &&
		      S_ISBLK(info.st_mode), "a block device is refused");
	else
		check(1, "a block device is refused # SKIP none can be made here");
	unlink("block");
	unlink("fifo");
	unlink("socket");
	rmdir("folder");
	close(sk);

	saved = dup(STDOUT_FILENO);
	if (pipe(out))
		check(0, "pipe");
	dup2(out[1], STDOUT_FILENO);
	memset(text, 0, sizeof(text));
	check(!put("-", fill_text) && read(out[0], text, 4) == 4 && !strcmp(text, "text"),
	      "- is standard output");
	make("log", 0600);
	fd = open("log", O_WRONLY | O_APPEND);
	dup2(fd, STDOUT_FILENO);
	check(!put("/dev/stdout", fill_text) && holds("log", "oldtext"), "so is /dev/stdout");
	dup2(saved, STDOUT_FILENO);
	unlink("log");
}

int main(void)
{
	char folder[] = "/tmp/ipcns-outfile-XXXXXX";

	if (!mkdtemp(folder) || chdir(folder)) {
		check(0, "a folder");
		return 1;
	}
	regular();
	links();
	others();
	check(!entries(), "nothing is left");
	if (chdir("/") || rmdir(folder))
		check(0, "the folder goes");
	return failures != 0;
}
