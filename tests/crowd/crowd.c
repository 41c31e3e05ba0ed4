// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a crowd of one sort, for guest/bounds.py: crowd SORT COUNT TEXT. TEXT of 16 characters or
 * more only makes the command line long, which each process shares with the others but for its first bytes. Prints a
 * line when all is there; what it made goes when its stdin ends.
 *
 *	namespaces	processes, each in an IPC namespace of its own
 *	owners		the same, each in a user namespace of its own
 *	pairs		the same, each with a second process in the control group that is the
 *			working directory
 *	processes	processes in one new IPC namespace
 *	descriptors	descriptors of one new IPC namespace, 1,000 in each process
 *	mounts		mounts of one new IPC namespace at long paths below the working directory
 *	filesystems	mqueue filesystems at such paths whose IPC namespaces have ended
 *	files		files with the longest names in a /dev/shm of its own
 *	queues		POSIX queues with the longest names in one new IPC namespace
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EACH 1000	/* descriptors of a process */
#define NAME 255

static int ends[2];	/* of a pipe in which each process says that it is ready */
static char *title;	/* the first argument, in memory that is the command line */

static long ok(long ret, const char *what)
{
	if (ret >= 0)
		return ret;
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Gives the caller a command line like no other. */
static void number(unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%08u", n);
	memcpy(title, text, strlen(text));
}

static _Noreturn void stay(void)
{
	char byte = 1;

	ok(write(ends[1], &byte, 1), "write");
	for (;;)
		pause();
}

static pid_t child(void)
{
	pid_t parent = getpid(), pid = ok(fork(), "fork");

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

static unsigned int make_processes(unsigned int count, int flags)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (child())
			continue;
		number(i);
		if (flags)
			ok(unshare(flags), "unshare");
		stay();
	}
	return count;
}

static unsigned int make_pairs(unsigned int count)
{
	int procs = ok(open("cgroup.procs", O_WRONLY | O_CLOEXEC), "cgroup.procs");
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (child())
			continue;
		number(i);
		ok(unshare(CLONE_NEWIPC), "unshare");
		if (!child())
			ok(write(procs, "0", 1), "cgroup.procs");
		stay();
	}
	return 2 * count;
}

static unsigned int make_descriptors(unsigned int count)
{
	unsigned int i, k;

	for (i = 0; i < count / EACH; i++) {
		if (child())
			continue;
		number(i);
		for (k = 0; k < EACH; k++)
			ok(open("/proc/self/ns/ipc", O_RDONLY), "open");
		stay();
	}
	return count / EACH;
}

/* A name of @len bytes, each of which takes four characters where it is escaped. */
static void name(char *to, unsigned int n, size_t len)
{
	memset(to, 1, len);
	to[len] = '\0';
	snprintf(to, len, "%08u", n);
	to[8] = 1;
}

/* Enters a mount namespace of its own and a folder with a long path. */
static void enter_folder(void)
{
	char text[NAME + 1];
	unsigned int i;

	ok(unshare(CLONE_NEWNS), "unshare");
	ok(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	for (i = 0; i < 12; i++) {
		name(text, i, NAME);
		ok(mkdir(text, 0700), "mkdir");
		ok(chdir(text), "chdir");
	}
}

static unsigned int make_mounts(unsigned int count)
{
	char text[NAME + 1];
	unsigned int i;

	enter_folder();
	for (i = 0; i < count; i++) {
		name(text, i, NAME);
		close(ok(open(text, O_CREAT | O_WRONLY, 0600), "open"));
		ok(mount("/proc/self/ns/ipc", text, NULL, MS_BIND, NULL), "mount");
	}
	return 0;
}

static unsigned int make_filesystems(unsigned int count)
{
	char text[NAME + 1];
	unsigned int i;

	enter_folder();
	for (i = 0; i < count; i++) {
		name(text, i, NAME);
		ok(mkdir(text, 0700), "mkdir");
		ok(mount("mqueue", text, "mqueue", 0, NULL), "mount");
		ok(unshare(CLONE_NEWIPC), "unshare");
	}
	return 0;
}

static unsigned int make_files(unsigned int count)
{
	char text[NAME + 1];
	unsigned int i;

	ok(unshare(CLONE_NEWNS), "unshare");
	ok(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
	mkdir("/dev/shm", 0777);	/* it is there, mostly */
	ok(mount("shm", "/dev/shm", "tmpfs", 0, "nr_inodes=0"), "mount");
	ok(chdir("/dev/shm"), "chdir");
	for (i = 0; i < count; i++) {
		name(text, i, NAME);
		close(ok(open(text, O_CREAT | O_WRONLY, 0600), "open"));
	}
	return 0;
}

static unsigned int make_queues(unsigned int count)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	char text[NAME + 2] = "/";
	unsigned int i;

	for (i = 0; i < count; i++) {
		name(text + 1, i, NAME);
		close(ok(mq_open(text, O_RDWR | O_CREAT, 0600, &attr), "mq_open"));
	}
	return 0;
}

static void raise_limits(void)
{
	const struct rlimit files = { 4096, 4096 }, none = { RLIM_INFINITY, RLIM_INFINITY };
	FILE *file;

	ok(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
	ok(setrlimit(RLIMIT_MSGQUEUE, &none), "setrlimit");
	file = fopen("/proc/sys/fs/mqueue/queues_max", "w");
	if (!file || fputs("1000000", file) < 0 || fclose(file))
		ok(-1, "queues_max");
}

static unsigned int make_namespaces(unsigned int count)
{
	return make_processes(count, CLONE_NEWIPC);
}

static unsigned int make_owners(unsigned int count)
{
	return make_processes(count, CLONE_NEWIPC | CLONE_NEWUSER);
}

static unsigned int make_members(unsigned int count)
{
	return make_processes(count, 0);
}

static const struct {
	const char *name;
	unsigned int (*make)(unsigned int count);	/* returns how many say that they are ready */
	bool own;					/* each has a namespace of its own */
} sorts[] = {
	{ "namespaces", make_namespaces, true },
	{ "owners", make_owners, true },
	{ "pairs", make_pairs, true },
	{ "processes", make_members, false },
	{ "descriptors", make_descriptors, false },
	{ "mounts", make_mounts, false },
	{ "filesystems", make_filesystems, false },
	{ "files", make_files, false },
	{ "queues", make_queues, false },
};

int main(int argc, char **argv)
{
	unsigned int count, ready = 0, i;
	char byte;

	if (argc != 4 || strlen(argv[3]) < 16)
		return 1;
	count = strtoul(argv[2], NULL, 10);
	title = argv[argc - 1];
	ok(pipe(ends), "pipe");
	for (i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (!strcmp(argv[1], sorts[i].name))
			break;
	if (i == sizeof(sorts) / sizeof(sorts[0]))
		return 1;
	if (!sorts[i].own)
		ok(unshare(CLONE_NEWIPC), "unshare");
	raise_limits();
	ready = sorts[i].make(count);
	for (i = 0; i < ready; i++)
		ok(read(ends[0], &byte, 1) - 1, "read");
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	kill(0, SIGKILL);
	return 0;
}
