// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing objects in the IPC namespace of others.
 *
 * A child process enters it, compares each object with what was listed, and removes it by the
 * system call. The caller's own user namespace is left only where the kernel permits no other way
 * in, to somebody who owns the namespace and is not root: nobody in the namespace can touch a
 * process that stays outside of their user namespace.
 *
 * Between the comparison and the removal is one system call. An identifier of System V has a
 * sequence number in it, so it cannot mean another object then. A POSIX queue can only be removed
 * by its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/ipcns.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "host/mounts.h"
#include "host/posix_shm.h"
#include "host/removal.h"
#include "host/user_namespace.h"
#include "host/visitor.h"

/* What a file of /dev/shm is called while it is looked at: not to be guessed. */
#define PRIVATE_NAME ".ipcnsctl-%016llx"

/*
 * How long one removal may take: freeing a large segment takes a while. It can take for ever, since
 * whoever is in the namespace can make a lock of it be held.
 */
#define PATIENCE_MS 10000

/* What the visitor reports first, and then for each object. */
struct report {
	uint64_t attached;
	uint32_t place;
	int32_t result;		/* enum removal_result, or enum entry */
	int32_t error;
};

enum entry {
	ENTERED,
	ENTERED_AS_OWNER,	/* through the user namespace */
	NOT_ENTERED,
};

struct visit {
	int ns, userns;
	struct removal *removals;
	size_t n;
};

/* What semctl(2) takes. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static void set_failed(struct removal *r)
{
	r->error = errno;
	switch (errno) {
	case EINVAL:	/* a number that was never given, or is given again in another sequence */
	case EIDRM:
	case ENOENT:
		r->result = REMOVAL_GONE;
		break;
	default:
		r->result = REMOVAL_FAILED;
	}
}

static bool is_same(const struct removal *r, const struct ipc_perm *perm, int64_t ctime)
{
	return (uint32_t)perm->__key == r->key && perm->uid == r->uid && ctime == r->ctime;
}

/* Whether what a system call found, with result @ret, is the object that was listed. */
static bool check_found(struct removal *r, int ret, const struct ipc_perm *perm, int64_t ctime)
{
	if (ret)
		set_failed(r);
	else if (!is_same(r, perm, ctime))
		r->result = REMOVAL_CHANGED;
	else
		return true;
	return false;
}

/* Takes the result of the system call that removes. */
static void set_result(struct removal *r, int ret, enum removal_result done)
{
	if (ret)
		set_failed(r);
	else
		r->result = done;
}

static void remove_segment(struct removal *r)
{
	struct shmid_ds now = { 0 };
	int ret = shmctl(r->id, IPC_STAT, &now);

	r->attached = now.shm_nattch;
	if (!check_found(r, ret, &now.shm_perm, now.shm_ctime))
		return;
	if (now.shm_nattch && !r->in_use)
		r->result = REMOVAL_ATTACHED;
	else
		set_result(r, shmctl(r->id, IPC_RMID, NULL),
			   now.shm_nattch ? REMOVAL_MARKED : REMOVAL_DONE);
}

static void remove_set(struct removal *r)
{
	struct semid_ds now = { 0 };
	union semun arg = { .buf = &now };
	int ret = semctl(r->id, 0, IPC_STAT, arg);

	if (!check_found(r, ret, &now.sem_perm, now.sem_ctime))
		return;
	if (!r->in_use && now.sem_otime != r->last[0])
		r->result = REMOVAL_CHANGED;
	else
		set_result(r, semctl(r->id, 0, IPC_RMID), REMOVAL_DONE);
}

static void remove_msg(struct removal *r)
{
	struct msqid_ds now = { 0 };
	int ret = msgctl(r->id, IPC_STAT, &now);

	if (!check_found(r, ret, &now.msg_perm, now.msg_ctime))
		return;
	if (!r->in_use && (now.msg_stime != r->last[0] || now.msg_rtime != r->last[1]))
		r->result = REMOVAL_CHANGED;
	else
		set_result(r, msgctl(r->id, IPC_RMID, NULL), REMOVAL_DONE);
}

/*
 * The system calls take the name without a slash in front, and mean the namespace of the caller,
 * whatever is mounted where. Each use of a queue changes its ctime, so that one in use has another
 * one all the time; its inode number tells queues apart.
 */
static void remove_queue(struct removal *r)
{
	struct stat now;
	int fd, ret;

	fd = syscall(SYS_mq_open, r->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, NULL);
	if (fd < 0) {
		set_failed(r);
		return;
	}
	ret = fstat(fd, &now);
	close(fd);
	if (ret)
		set_failed(r);
	else if ((uint32_t)now.st_ino != (uint32_t)r->id || now.st_uid != r->uid ||
		 (!r->in_use && now.st_ctime != r->ctime))
		r->result = REMOVAL_CHANGED;
	else
		set_result(r, syscall(SYS_mq_unlink, r->name), REMOVAL_DONE);
}

/*
 * The folder of a file, where a process sees it; -1 if it sees another one by now. That can be one of
 * the same filesystem, with files of the same names or even the same files.
 */
static int open_folder(const struct removal *r)
{
	struct statx stx;
	char path[64];
	int root, fd = -1;

	snprintf(path, sizeof(path), "/proc/%u/root", r->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0) {
		fd = posix_shm_open_folder(root);
		close(root);
	}
	if (fd >= 0 &&
	    (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) ||
	     stx.stx_ino != r->folder ||
	     mount_dev(stx.stx_dev_major, stx.stx_dev_minor) != r->dev)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_same_file(const struct removal *r, int folder, const char *name)
{
	struct statx stx;

	return !statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		      STATX_BASIC_STATS, &stx) &&
	       S_ISREG(stx.stx_mode) && stx.stx_ino == r->id && stx.stx_uid == r->uid &&
	       mount_dev(stx.stx_dev_major, stx.stx_dev_minor) == r->dev;
}

/*
 * Whether somebody has a file open or mapped, as far as the kernel tells: it gives no lease for
 * writing then, see F_SETLEASE in fcntl(2). Whoever opens the file meanwhile waits until it is
 * given back.
 */
static bool is_file_open(const struct removal *r, int folder, const char *name)
{
	bool open_elsewhere;
	struct stat now;
	int fd;

	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	if (fd < 0)
		return false;
	open_elsewhere = !fstat(fd, &now) && now.st_ino == r->id &&
			 fcntl(fd, F_SETLEASE, F_WRLCK) && errno == EAGAIN;
	close(fd);	/* and the lease is given back */
	return open_elsewhere;
}

static bool make_private_name(char *name, size_t size)
{
	unsigned long long number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(name, size, PRIVATE_NAME, number);
	return true;
}

/*
 * There is no removal by inode number. So the file gets another name first, by which nobody else
 * replaces it, and the old one again if it is not the one that was listed.
 */
static void remove_file(struct removal *r)
{
	char private[64];
	int folder = open_folder(r);

	if (folder < 0) {
		r->result = REMOVAL_HIDDEN;
		return;
	}
	if (!make_private_name(private, sizeof(private)) ||
	    renameat2(folder, r->name, folder, private, RENAME_NOREPLACE)) {
		set_failed(r);
		close(folder);
		return;
	}
	r->result = REMOVAL_DONE;
	if (!is_same_file(r, folder, private))
		r->result = REMOVAL_CHANGED;
	else if (!r->in_use && is_file_open(r, folder, private))
		r->result = REMOVAL_OPEN;
	if (r->result != REMOVAL_DONE &&
	    renameat2(folder, private, folder, r->name, RENAME_NOREPLACE))
		r->result = REMOVAL_MISPLACED;	/* there is another one of that name again */
	if (r->result == REMOVAL_DONE && unlinkat(folder, private, 0)) {
		set_failed(r);
		if (errno == ENOENT)	/* it is there by another name */
			r->result = REMOVAL_CHANGED;
	}
	close(folder);
}

static void remove_object(struct removal *r)
{
	switch (r->kind) {
	case IPCNS_KIND_SHM:
		remove_segment(r);
		break;
	case IPCNS_KIND_SEM:
		remove_set(r);
		break;
	case IPCNS_KIND_MSG:
		remove_msg(r);
		break;
	case IPCNS_KIND_MQ:
		remove_queue(r);
		break;
	default:
		remove_file(r);
	}
}

static enum entry enter(const struct visit *visit)
{
	if (visit->ns < 0 || !setns(visit->ns, CLONE_NEWIPC))
		return ENTERED;
	if (errno != EPERM || visit->userns < 0 || !visitor_enter_user(visit->userns) ||
	    setns(visit->ns, CLONE_NEWIPC))
		return NOT_ENTERED;
	return ENTERED_AS_OWNER;
}

static bool send_report(int end, const struct report *report)
{
	return send(end, report, sizeof(*report), MSG_NOSIGNAL) == sizeof(*report);
}

/* In the child. Owners are numbers of another user namespace if it had to enter that. */
static void remove_all(int end, void *arg)
{
	struct visit *visit = arg;
	struct report report = { 0 };
	struct removal *r;
	ssize_t len = sizeof(r->uid);
	size_t i;

	report.result = enter(visit);
	report.error = errno;
	if (visit->ns >= 0)
		close(visit->ns);
	if (visit->userns >= 0)
		close(visit->userns);
	if (!send_report(end, &report) || report.result == NOT_ENTERED)
		return;
	for (i = 0; i < visit->n; i++) {
		r = &visit->removals[i];
		if (report.result == ENTERED_AS_OWNER)
			len = read(end, &r->uid, sizeof(r->uid));
		if (len != sizeof(r->uid))
			return;
		remove_object(r);
		if (!send_report(end, &(struct report){ .attached = r->attached, .place = i,
							.result = r->result, .error = r->error }))
			return;
	}
}

/* What user @uid of the caller's user namespace is in the visitor's; false if it cannot be read. */
static bool map_uid(pid_t pid, uint32_t *uid)
{
	unsigned long inside, outside, count;
	bool read = false, found = false;
	uint32_t mapped = 0;
	char text[64], *at;
	FILE *in;

	snprintf(text, sizeof(text), "/proc/%d/uid_map", pid);
	in = fopen(text, "re");
	while (in && !found && fgets(text, sizeof(text), in)) {
		inside = strtoul(text, &at, 10);
		outside = strtoul(at, &at, 10);
		count = strtoul(at, &at, 10);
		read = true;
		found = *uid >= outside && *uid - outside < count;
		mapped = inside + (*uid - outside);
	}
	if (in)
		fclose(in);
	if (!found) {
		in = fopen("/proc/sys/kernel/overflowuid", "re");
		read &= in && fgets(text, sizeof(text), in);
		mapped = read ? strtoul(text, NULL, 10) : 0;
		if (in)
			fclose(in);
	}
	*uid = mapped;
	return read;
}

static enum removal_state why_silent(enum visitor_state state)
{
	switch (state) {
	case VISITOR_STOPPED:
		return REMOVALS_STOPPED;
	case VISITOR_SILENT:
		return REMOVALS_SILENT;
	default:
		return REMOVALS_KILLED;
	}
}

/* Takes the reports of the visitor. */
static enum removal_state follow(struct visitor *visitor, struct removal *removals, size_t n)
{
	enum visitor_state state;
	enum entry entry = NOT_ENTERED;
	struct report report = { 0 };
	struct removal *r = NULL;
	uint32_t uid;
	ssize_t len;
	size_t i;

	for (i = 0; i <= n; i++) {
		if (r && entry == ENTERED_AS_OWNER) {
			uid = r->uid;
			if (!map_uid(visitor->pid, &uid))
				return REMOVALS_KILLED;
			send(visitor->end, &uid, sizeof(uid), MSG_NOSIGNAL);
		}
		state = visitor_read(visitor, &report, sizeof(report), &len, PATIENCE_MS);
		if (state != VISITOR_ANSWERED || len != sizeof(report)) {
			if (r)
				r->result = REMOVAL_UNKNOWN;
			return why_silent(state);
		}
		if (r) {
			r->result = report.result;
			r->error = report.error;
			r->attached = report.attached;
		} else {
			entry = report.result;
			errno = report.error;
			if (entry == NOT_ENTERED)
				return REMOVALS_REFUSED;
		}
		r = &removals[i];
	}
	return REMOVALS_DONE;
}

/**
 * removals_run - remove objects of one IPC namespace
 * @ns: descriptor of the namespace; -1 for files of /dev/shm, for which none has to be entered
 * @removals: the objects; what came of it is set in each
 * @n: their number, at least 1
 *
 * If it does not return REMOVALS_DONE, some objects are left as REMOVAL_NOT_TRIED, and one of the
 * others may be REMOVAL_UNKNOWN.
 */
enum removal_state removals_run(int ns, struct removal *removals, size_t n)
{
	struct visit visit = { .ns = ns, .userns = user_namespace_of(ns),
			       .removals = removals, .n = n };
	const int keep[] = { ns, visit.userns };
	enum removal_state state;
	struct visitor visitor;
	size_t n_keep;

	if (visit.userns >= 0 && user_namespace_is_own(visit.userns)) {
		close(visit.userns);
		visit.userns = -1;
	}
	n_keep = (ns >= 0) + (visit.userns >= 0);
	if (visitor_start(&visitor, keep, n_keep, remove_all, &visit)) {
		state = follow(&visitor, removals, n);
		visitor_end(&visitor);
	} else {
		state = REMOVALS_NO_PROCESS;
	}
	if (visit.userns >= 0)
		close(visit.userns);
	return state;
}
