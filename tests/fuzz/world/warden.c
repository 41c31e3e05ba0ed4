// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the workers' control groups from outside: memory that is short, no processor,
 * the freezer, and death.
 *
 * Each action undoes what it did before it returns, so that whoever is ended in between leaves a
 * group that is frozen for milliseconds only at the worst: the end of the world kills what is
 * frozen, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

#define MEMORY (96u << 20)	/* of a worker's group, usually; as main.c sets it */
#define TASKS 120

static long set(const struct actor *a, const char *file, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/w%u/%s", group_root, a->worker, file);
	return write_file(path, "%s", value);
}

/* For a while, another value than the usual one. */
static long vary(struct actor *a, const char *file, const char *value, const char *usual,
		 unsigned int ms)
{
	long result = set(a, file, value);

	sleep_ms(ms);
	set(a, file, usual);
	return result;
}

static long freeze(struct actor *a)
{
	return vary(a, "cgroup.freeze", "1", "0", rnd(a, 60));
}

static long starve_memory(struct actor *a)
{
	char little[16], usual[16];

	snprintf(little, sizeof(little), "%u", (1 + rnd(a, 8)) << 18);
	snprintf(usual, sizeof(usual), "%u", MEMORY);
	return vary(a, "memory.max", little, usual, 20 + rnd(a, 100));
}

static long starve_tasks(struct actor *a)
{
	char usual[16];

	snprintf(usual, sizeof(usual), "%u", TASKS);
	return vary(a, "pids.max", chance(a, 50) ? "3" : "12", usual, 20 + rnd(a, 50));
}

static long throttle(struct actor *a)
{
	return vary(a, "cpu.max", "1000 50000", "max", 50 + rnd(a, 150));
}

static long kill_all(struct actor *a)
{
	return set(a, "cgroup.kill", "1");
}

/* A process of a worker's, or 0. */
static pid_t someone(struct actor *a)
{
	char path[256], text[4096], *line, *save;
	pid_t pid = 0;
	unsigned int n = 0;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/w%u/cgroup.procs", group_root, a->worker);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!rnd(a, ++n))
			pid = atoi(line);
	return pid;
}

static long signal_someone(struct actor *a)
{
	static const int signals[] = { SIGSTOP, SIGSTOP, SIGKILL, SIGSEGV, SIGTERM };
	pid_t pid = someone(a);
	int number = signals[rnd(a, ARRAY_SIZE(signals))];
	long result;

	if (!pid) {
		errno = ESRCH;
		return -1;
	}
	result = kill(pid, number);
	if (number == SIGSTOP) {
		sleep_ms(rnd(a, 60));
		kill(pid, SIGCONT);
	}
	return result;
}

static long trace_someone(struct actor *a)
{
	pid_t pid = someone(a);
	long result;

	if (!pid) {
		errno = ESRCH;
		return -1;
	}
	result = ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	if (result)
		return -1;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	sleep_ms(rnd(a, 20));
	while (waitpid(-1, NULL, __WALL | WNOHANG) > 0)
		;
	return ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

const struct action warden_actions[] = {
	{ "group frozen", freeze, 3 },
	{ "group without memory", starve_memory, 1 },
	{ "group without tasks", starve_tasks, 1 },
	{ "group throttled", throttle, 2 },
	{ "group killed", kill_all, 2 },
	{ "signal to somebody", signal_someone, 5 },
	{ "trace somebody", trace_someone, 3 },
	{ 0 }
};
