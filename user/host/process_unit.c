// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units of processes that did something a while ago: by the control group that they were in then,
 * or else by their number, which may belong to another process by now. One that started later than
 * that time is not the one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>
#include <linux/magic.h>

#include "host/cgroup_name.h"
#include "host/process.h"
#include "host/process_unit.h"
#include "util.h"

/*
 * An event about an object has the time at which the module read the clock in the same tick, so it
 * may seem to be as long before its cause; and two clocks are not read at the same moment.
 */
#define SLACK_NS 11000000

/* Processes that are remembered. Events come in bursts, of few processes each. */
#define REMEMBERED 256

/* More than the longest path that the module keeps. */
#define GROUP_PATH_SIZE 1024

/* What was found out about the process that had a number. */
struct finding {
	uint32_t pid;
	int64_t when;		/* it was looked up, on CLOCK_BOOTTIME */
	int64_t started;	/* on the same clock; INT64_MAX: there was none */
	size_t len;		/* of the name of its unit; 0: it has none */
	char *unit;
};

static struct finding findings[REMEMBERED];

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

static void look_up(struct finding *f, uint32_t pid)
{
	char name[UNIT_SIZE];
	uint64_t ticks = 0;
	const char *path;
	size_t len;

	free(f->unit);
	*f = (struct finding){ .pid = pid, .started = INT64_MAX };
	f->when = read_clock(CLOCK_BOOTTIME);
	path = proc_cgroup(pid, &len);
	if (!path)
		return;
	f->len = unit_name(path, len, name);
	f->unit = xmemdup(name, f->len);
	/* After the group: if the number changed hands in between, this is the later one's. */
	if (proc_start(pid, &ticks))
		f->started = ticks * (NS_PER_SECOND / sysconf(_SC_CLK_TCK));
}

/**
 * process_unit_at - the unit of the process that had a number at some time
 * @pid: the number; 0 is nobody's
 * @time: nanoseconds since the epoch, not in the future
 * @len: set to the length of the name
 *
 * Returns the name as unit_name() makes it, valid until the next call; or NULL if that process has
 * ended, belongs to nothing that has a name, or cannot be looked at.
 */
const char *process_unit_at(uint32_t pid, int64_t time, size_t *len)
{
	struct finding *f = &findings[pid % REMEMBERED];
	int64_t now = read_clock(CLOCK_BOOTTIME);
	int64_t then;

	/* what a message says may be any number */
	if (!pid || __builtin_sub_overflow(time, read_clock(CLOCK_REALTIME) - now, &then))
		return NULL;
	/* What is true of a process at one time was true of it since it started. */
	if (f->pid != pid || f->when < then)
		look_up(f, pid);
	*len = f->len;
	return f->len && f->started - SLACK_NS <= then ? f->unit : NULL;
}

/** groups_are_unified - whether the unified hierarchy is the only one, as far as it shows here */
bool groups_are_unified(void)
{
	static bool asked, unified;
	struct statfs fs;

	/* for each event of a process in the root, and it does not change */
	if (!asked)
		unified = !statfs("/sys/fs/cgroup", &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
	asked = true;
	return unified;
}

/**
 * group_unit - the unit that a control group belongs to
 * @path: of the group
 * @len: its length; set to that of the name
 *
 * Returns the name as unit_name() makes it, valid until the next call, or NULL if there is none.
 */
const char *group_unit(const char *path, size_t *len)
{
	/* Events come in bursts, of few groups each. */
	static char last_path[GROUP_PATH_SIZE], name[UNIT_SIZE];
	static size_t last_len, name_len;

	if (!last_len || *len != last_len || memcmp(path, last_path, last_len)) {
		name_len = unit_name(path, *len, name);
		last_len = *len <= sizeof(last_path) ? *len : 0;
		memcpy(last_path, path, last_len);
	}
	*len = name_len;
	return name_len ? name : NULL;
}
