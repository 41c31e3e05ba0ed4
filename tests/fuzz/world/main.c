// SPDX-License-Identifier: GPL-2.0-only
/*
 * A world that a module which looks at other people's objects has to bear: users, owners of
 * nested user namespaces, containers and administrators, who make, use, break and leave all that
 * an IPC namespace can have or be held by, in random order and from many threads.
 *
 *	world [OPTION...] SECONDS SEED
 *
 *	--group DIR		control group to make and use, in a mounted cgroup2
 *	--pace N		a slow machine: lives and children have N times as long (default: 1)
 *	--workers N		how many live at a time (default: 5)
 *	--only WORKER[:LIFE]	one worker alone, or one of its lives again and again
 *	--actions NAME,...	these actions only
 *	--log FILE		a line for each life: what it took to make it
 *	--list			the names of all actions
 *
 * A worker lives one life after the other. A life is a process with some threads, which act by
 * random numbers that follow from the seed, the worker's and the life's number; it ends by itself,
 * or is killed after a second and a half. So the same seed makes the same lives. What they meet depends on
 * each other and on the machine, which no seed can repeat.
 *
 * Everything is in a pid namespace of its own, whose end kills it all: what is stopped, traced or
 * frozen, too. Processes, memory and objects are bounded by control groups and by limits of the
 * namespaces. IPC namespaces of others are not touched.
 *
 * Prints, at its end, how often each action was done, how often it was refused, and the error
 * of the last refusal. Exit status 0 if the time has come, 1 if it could not begin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/sched.h>

#include "world.h"

#define LIFETIME 1500		/* milliseconds, after which a life is killed */
#define THREADS 6
#define STEPS 400		/* actions of one thread, if it is not killed before */
#define DEEPEST 3		/* children of children */
#define FIRST_UID 20000		/* of a worker: its user, and subordinate ids behind that */
#define SUB_IDS 1000

struct world *world;
const char *group_root;

static const char *const role_names[] = { "user", "owner", "nested", "container", "root" };

static const struct action *const subjects[] = {
	namespace_actions, shm_actions, sem_actions, msg_actions, mq_actions, mqueue_fs_actions,
	descriptor_actions, socket_actions, process_actions,
};

/* All actions: those of workers, then those of the warden. */
static const struct action *actions[MAX_ACTIONS];
static unsigned int n_all;

/* Places of actions, as often as their weight says. */
static unsigned char lots[1024], warden_lots[64];
static unsigned int n_lots, n_warden_lots;

static uint64_t first_seed;
static uint64_t deadline;	/* of the world */
static unsigned int workers = 5;
static unsigned int pace = 1;
static int only_worker = -1;
static long only_life = -1;
static int log_fd = -1;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "world: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Helpers of actions */

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

uint32_t rnd(struct actor *a, uint32_t below)
{
	a->random = mix(a->random);
	return below ? (a->random >> 32) % below : a->random >> 32;
}

bool chance(struct actor *a, unsigned int percent)
{
	return rnd(a, 100) < percent;
}

pid_t some_pid(struct actor *a)
{
	return 1 + rnd(a, chance(a, 30) ? 8 : 200);
}

/* Every byte that the kernel takes for a name, with its end. */
void random_name(struct actor *a, char *name, size_t size)
{
	size_t i, length = 1 + rnd(a, size - 1);

	for (i = 0; i < length; i++) {
		name[i] = 1 + rnd(a, 255);
		if (name[i] == '/')
			name[i] = ' ';
	}
	name[length] = '\0';
}

int write_file(const char *path, const char *format, ...)
{
	char text[128];
	ssize_t done;
	va_list ap;
	int fd, length, error;

	va_start(ap, format);
	length = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = write(fd, text, length);
	error = errno;
	close(fd);
	errno = error;
	return done == length ? 0 : -1;
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000ULL + time.tv_nsec / 1000000;
}

static int fds[32];

int keep_fd(struct actor *a, int fd)
{
	unsigned int i = rnd(a, ARRAY_SIZE(fds));

	if (fd < 0)
		return -1;
	if (fds[i] > 2)
		close(fds[i]);
	fds[i] = fd;
	return fd;
}

int some_fd(struct actor *a)
{
	unsigned int i, from = rnd(a, ARRAY_SIZE(fds));

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		int fd = fds[(from + i) % ARRAY_SIZE(fds)];

		if (fd > 2 && fd < FDS_END)
			return fd;
	}
	return -1;
}

static struct {
	char *address;
	size_t size;
} maps[12];

void keep_map(struct actor *a, void *address, size_t size)
{
	unsigned int i = rnd(a, ARRAY_SIZE(maps));

	if (maps[i].address)
		shmdt(maps[i].address);
	maps[i].size = size;
	maps[i].address = address;
}

static int find_map(struct actor *a)
{
	unsigned int i, from = rnd(a, ARRAY_SIZE(maps));

	for (i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[(from + i) % ARRAY_SIZE(maps)].address)
			return (from + i) % ARRAY_SIZE(maps);
	return -1;
}

bool some_map(struct actor *a, char **address, size_t *size)
{
	int i = find_map(a);

	if (i < 0)
		return false;
	*address = maps[i].address;
	*size = maps[i].size;
	return *address;
}

bool drop_map(struct actor *a, char **address, size_t *size)
{
	int i = find_map(a);

	if (i < 0)
		return false;
	*address = maps[i].address;
	*size = maps[i].size;
	maps[i].address = NULL;
	return *address;
}

/* The first ids of a namespace count from 0, so these are often right in a new one. */
static int ids[KINDS][6] = { { 0, 1, 2, 3, 4, 5 }, { 0, 1, 2, 3, 4, 5 }, { 0, 1, 2, 3, 4, 5 } };

int keep_id(struct actor *a, enum kind kind, int id)
{
	if (id >= 0)
		ids[kind][rnd(a, ARRAY_SIZE(ids[kind]))] = id;
	return id;
}

/* One that was made here, or whatever is at a place of the kernel's table. */
int some_id(struct actor *a, enum kind kind)
{
	union {
		struct shmid_ds shm;
		struct semid_ds sem;
		struct msqid_ds msg;
	} u;
	unsigned int place = rnd(a, ARRAY_SIZE(ids[kind]));

	if (chance(a, 50))
		return ids[kind][place];
	switch (kind) {
	case SHM:
		return shmctl(place, SHM_STAT, &u.shm);
	case SEM:
		return semctl(place, 0, SEM_STAT, &u.sem);
	default:
		return msgctl(place, MSG_STAT, &u.msg);
	}
}

/* Keys tell by whom an object was made: 0xhhhh0000 of a worker, or no key. */
int some_key(struct actor *a)
{
	return chance(a, 20) ? IPC_PRIVATE : (int)((0x1000u + a->worker) << 16 | rnd(a, 24));
}

static long do_action(struct actor *a, unsigned int place)
{
	long result = actions[place]->act(a);
	int error = errno;

	if (result < 0) {
		world->counts[place].error = error;
		__atomic_add_fetch(&world->counts[place].failed, 1, __ATOMIC_RELAXED);
	} else {
		__atomic_add_fetch(&world->counts[place].done, 1, __ATOMIC_RELAXED);
	}
	return result;
}

void some_actions(struct actor *a, unsigned int number)
{
	while (number--)
		do_action(a, lots[rnd(a, n_lots)]);
}

long with_child(struct actor *a, unsigned long flags, void (*act)(struct actor *child),
		unsigned int ms)
{
	struct actor child = *a;
	uint64_t until;
	pid_t pid;

	child.random = mix(a->random ^ 0xc417d);
	if (++child.depth > DEEPEST) {
		errno = EAGAIN;
		return -1;
	}
	pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		act(&child);
		_exit(0);
	}
	if (pid < 0)
		return -1;
	for (until = now_ms() + ms * pace; now_ms() < until; sleep_ms(2))
		if (waitpid(pid, NULL, WNOHANG | __WALL) == pid)
			return 0;
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, __WALL) == pid ? 0 : -1;
}

int map_self(uid_t uid, gid_t gid)
{
	int result = write_file("/proc/self/setgroups", "deny");

	result |= write_file("/proc/self/uid_map", "0 %u 1", uid);
	result |= write_file("/proc/self/gid_map", "0 %u 1", gid);
	return result;
}

/* Lives */

/* How a life begins; all of it follows from the seed. */
struct birth {
	struct actor actor;
	unsigned long number;
	unsigned int threads, steps;
	bool leader_first;	/* the first thread ends before the others */
};

static struct birth birth_of(unsigned int worker, unsigned long number)
{
	struct birth b = { .number = number };
	struct actor *a = &b.actor;

	a->random = mix(first_seed ^ mix((uint64_t)worker << 40 ^ number));
	a->worker = worker;
	a->role = worker % ROLES;
	b.threads = 1 + rnd(a, THREADS);
	b.steps = STEPS / 4 + rnd(a, STEPS);
	b.leader_first = chance(a, 15);
	return b;
}

static struct birth born;

static void *act_out(void *arg)
{
	struct actor a = born.actor;
	unsigned int i;

	a.random = mix(a.random ^ (uintptr_t)arg);
	for (i = 0; i < born.steps && !world->end; i++)
		do_action(&a, lots[rnd(&a, n_lots)]);
	return NULL;
}

static void act_with_threads(void)
{
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	unsigned int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	for (i = 1; i < born.threads; i++)
		if (pthread_create(&threads[i], &attr, act_out, (void *)(uintptr_t)i))
			threads[i] = 0;
	if (born.leader_first)
		syscall(SYS_exit, 0);
	act_out(NULL);
	for (i = 1; i < born.threads; i++)
		if (threads[i])
			pthread_join(threads[i], NULL);
}

static void become_user(unsigned int worker)
{
	uid_t uid = FIRST_UID + worker * SUB_IDS;

	/* credentials are charged to the worker's group, which may have no memory left */
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(1);
	prctl(PR_SET_DUMPABLE, 1);	/* its /proc/self belongs to it again */
}

/* Bounds of what one namespace can have: the rest of the machine must live on. */
static void bound_namespace(void)
{
	write_file("/proc/sys/kernel/shmmni", "64");
	write_file("/proc/sys/kernel/msgmni", "64");
	write_file("/proc/sys/kernel/sem", "32000 64000 32 64");
	write_file("/proc/sys/fs/mqueue/queues_max", "32");
}

static void be_container(void)
{
	pid_t pid;

	bound_namespace();
	mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	pid = fork();		/* the first of a pid namespace */
	if (pid < 0)
		return;
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	mount("proc", "/proc", "proc", 0, NULL);
	act_with_threads();
}

static void settle_down(struct actor *a)
{
	unsigned int levels;

	switch (a->role) {
	case USER:
		become_user(a->worker);
		act_with_threads();
		break;
	case OWNER:
	case NESTED:
		become_user(a->worker);
		for (levels = a->role == OWNER ? 1 : 2 + rnd(a, 5); levels; levels--) {
			uid_t uid = geteuid();
			gid_t gid = getegid();

			if (unshare(CLONE_NEWUSER | (chance(a, 50) ? CLONE_NEWIPC : 0)))
				break;
			map_self(uid, gid);
			bound_namespace();
		}
		act_with_threads();
		break;
	case CONTAINER:
		be_container();
		break;
	default:
		if (unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0)
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
		bound_namespace();
		act_with_threads();
		break;
	}
}

/* Which namespaces a life of that role begins with, in the child of its supervisor. */
static unsigned long container_flags(struct actor *a)
{
	return CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS |
	       (chance(a, 25) ? CLONE_NEWNET : 0);
}

/*
 * A child in the group of a worker from its first moment: moving it there would hold up every
 * fork and exit of the machine for a grace period of RCU (cgroup_attach_lock()).
 */
static pid_t fork_into_group(unsigned int worker)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	char path[256];
	pid_t pid;
	int fd;

	if (!group_root)
		return fork();
	snprintf(path, sizeof(path), "%s/w%u", group_root, worker);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	args.flags = CLONE_INTO_CGROUP;
	args.cgroup = fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	close(fd);
	return pid;
}

/* A container is made by a user, and mapped by somebody with more rights, as newuidmap does. */
static void begin_life(int ready, int mapped)
{
	struct actor *a = &born.actor;
	char byte;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit) { 256, 256 });
	setrlimit(RLIMIT_CORE, &(struct rlimit) { 0, 0 });
	if (a->role == CONTAINER) {
		unsigned long flags = container_flags(a);

		become_user(a->worker);
		if (unshare(flags))
			_exit(1);
		if (write(ready, "x", 1) != 1 || read(mapped, &byte, 1) != 1)
			_exit(1);
		syscall(SYS_setresgid, 0, 0, 0);
		syscall(SYS_setresuid, 0, 0, 0);
	}
	close(ready);
	close(mapped);
	settle_down(a);
	_exit(0);
}

static void map_container(pid_t pid, unsigned int worker)
{
	unsigned int first = FIRST_UID + worker * SUB_IDS;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, "0 %u %u", first, SUB_IDS);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, "0 %u %u", first, SUB_IDS);
}

static void log_birth(const struct birth *b)
{
	char line[160];
	int length;

	if (log_fd < 0)
		return;
	length = snprintf(line, sizeof(line), "%llu worker=%u life=%lu role=%s threads=%u steps=%u%s\n",
			  (unsigned long long)now_ms(), b->actor.worker, b->number,
			  role_names[b->actor.role], b->threads, b->steps,
			  b->leader_first ? " leader-first" : "");
	if (write(log_fd, line, length) < 0)
		log_fd = -1;
}

/* One life: begun, helped, awaited, and ended if it does not end. */
static void live(unsigned int worker, unsigned long number)
{
	int ready[2], mapped[2], killed = 0;
	uint64_t until;
	char byte, path[256];
	pid_t pid;

	born = birth_of(worker, number);
	log_birth(&born);
	if (pipe2(ready, O_CLOEXEC) || pipe2(mapped, O_CLOEXEC))
		fail("pipe");
	pid = fork_into_group(worker);
	if (pid < 0) {
		sleep_ms(50);
	} else if (!pid) {
		/* what a C library says when it is out of memory is no word of the world's */
		if (log_fd >= 0)
			dup2(log_fd, STDERR_FILENO);
		close(log_fd);
		close(ready[0]);
		close(mapped[1]);
		begin_life(ready[1], mapped[0]);
	}
	close(ready[1]);
	close(mapped[0]);
	if (pid > 0 && born.actor.role == CONTAINER) {
		struct pollfd waits = { .fd = ready[0], .events = POLLIN };

		if (poll(&waits, 1, LIFETIME * pace) == 1 && read(ready[0], &byte, 1) == 1) {
			map_container(pid, worker);
			if (write(mapped[1], "x", 1) != 1)
				sleep_ms(1);
		}
	}
	for (until = now_ms() + LIFETIME * pace; pid > 0; sleep_ms(5)) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		if (!killed && now_ms() > until) {
			kill(pid, SIGKILL);
			killed = 1;
		}
	}
	close(ready[0]);
	close(mapped[1]);
	__atomic_add_fetch(&world->lives, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&world->killed, killed, __ATOMIC_RELAXED);
	/* What it left behind goes on for a while, or goes too. */
	if (group_root && number % 4) {
		snprintf(path, sizeof(path), "%s/w%u/cgroup.kill", group_root, worker);
		if (write_file(path, "1"))
			__atomic_add_fetch(&world->kept, 1, __ATOMIC_RELAXED);
	}
}

/* Objects that lives left in the namespace of their worker. */
static void clear_objects(void)
{
	union {
		struct shmid_ds shm;
		struct semid_ds sem;
		struct msqid_ds msg;
	} u;
	int place;

	for (place = 0; place < 64; place++) {
		shmctl(shmctl(place, SHM_STAT, &u.shm), IPC_RMID, NULL);
		semctl(semctl(place, 0, SEM_STAT, &u.sem), 0, IPC_RMID);
		msgctl(msgctl(place, MSG_STAT, &u.msg), IPC_RMID, NULL);
	}
}

static _Noreturn void supervise(unsigned int worker)
{
	unsigned long number = only_life >= 0 ? only_life : 0;

	if (unshare(CLONE_NEWIPC))
		fail("unshare");
	bound_namespace();
	while (!world->end && now_ms() < deadline) {
		live(worker, number);
		if (only_life < 0)
			number++;
		if (number % 16 == 15)
			clear_objects();
	}
	_exit(0);
}

static _Noreturn void guard(void)
{
	struct actor a = { .random = mix(first_seed ^ 0xdead) };

	while (!world->end && now_ms() < deadline) {
		a.worker = only_worker >= 0 ? (unsigned int)only_worker : rnd(&a, workers);
		if (n_warden_lots)
			do_action(&a, warden_lots[rnd(&a, n_warden_lots)]);
		sleep_ms(10 + rnd(&a, 60));
	}
	_exit(0);
}

/* The beginning and the end */

static void make_groups(void)
{
	static const char *const controllers[] = { "+memory", "+pids", "+cpu" };
	char path[256], *slash;
	unsigned int i;

	if (mkdir(group_root, 0755) && errno != EEXIST)
		fail(group_root);
	for (i = 0; i < ARRAY_SIZE(controllers); i++) {
		snprintf(path, sizeof(path), "%s", group_root);
		slash = strrchr(path, '/');
		snprintf(slash, sizeof(path) - (slash - path), "/cgroup.subtree_control");
		write_file(path, "%s", controllers[i]);
		snprintf(path, sizeof(path), "%s/cgroup.subtree_control", group_root);
		write_file(path, "%s", controllers[i]);
	}
	/* as much as the processes beside it, of which each counts as one */
	snprintf(path, sizeof(path), "%s/cpu.weight", group_root);
	write_file(path, "1000");
	for (i = 0; i < workers; i++) {
		snprintf(path, sizeof(path), "%s/w%u", group_root, i);
		if (mkdir(path, 0755) && errno != EEXIST)
			fail(path);
		snprintf(path, sizeof(path), "%s/w%u/memory.max", group_root, i);
		write_file(path, "%u", 96u << 20);
		snprintf(path, sizeof(path), "%s/w%u/memory.swap.max", group_root, i);
		write_file(path, "0");
		snprintf(path, sizeof(path), "%s/w%u/pids.max", group_root, i);
		if (write_file(path, "120"))
			fail(path);
	}
	snprintf(path, sizeof(path), "%s/main", group_root);
	if (mkdir(path, 0755) && errno != EEXIST)
		fail(path);
	snprintf(path, sizeof(path), "%s/main/cgroup.procs", group_root);
	if (write_file(path, "0"))
		fail(path);
}

static void remove_groups(void)
{
	char path[256];
	unsigned int i;

	snprintf(path, sizeof(path), "%s/../cgroup.procs", group_root);
	write_file(path, "0");
	for (i = 0; i < workers; i++) {
		snprintf(path, sizeof(path), "%s/w%u", group_root, i);
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/main", group_root);
	rmdir(path);
	rmdir(group_root);
}

static void make_home(void)
{
	char path[64];
	unsigned int i;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("unshare");
	if ((mkdir(HOME, 0777) && errno != EEXIST) ||
	    mount("world", HOME, "tmpfs", 0, "size=32m,mode=777"))
		fail(HOME);
	for (i = 0; i < workers; i++) {
		snprintf(path, sizeof(path), HOME "/w%u", i);
		if (mkdir(path, 0777) || chmod(path, 0777))
			fail(path);
	}
}

/* The first process of the pid namespace: it takes in orphans, and its end is everyone's. */
static _Noreturn void rule(void)
{
	unsigned int i;

	signal(SIGTERM, SIG_DFL);	/* from here on, a signal ends one process, not the world */
	signal(SIGINT, SIG_DFL);
	mount("proc", "/proc", "proc", 0, NULL);
	for (i = 0; i < workers; i++)
		if ((only_worker < 0 || only_worker == (int)i) && !fork())
			supervise(i);
	if (group_root && !fork())
		guard();
	while (!world->end && now_ms() < deadline) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		/* Numbers come again soon, and are found by those who guess them. */
		write_file("/proc/sys/kernel/ns_last_pid", "%u", 20 + (unsigned int)now_ms() % 64);
		sleep_ms(10);
	}
	_exit(0);
}

static void on_signal(int number)
{
	(void)number;
	world->end = true;
}

static void report(void)
{
	unsigned int i;

	printf("lives=%lu killed=%lu\n", world->lives, world->killed);
	if (world->kept)
		printf("groups of %lu lives could not be ended: no cgroup.kill\n", world->kept);
	for (i = 0; i < n_all; i++)
		printf("action %-30s done=%lu failed=%lu%s%s\n", actions[i]->name,
		       world->counts[i].done, world->counts[i].failed,
		       world->counts[i].failed ? " last=" : "",
		       world->counts[i].failed ? strerrorname_np(world->counts[i].error) : "");
}

static bool chosen(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *at;

	if (!list)
		return true;
	for (at = strstr(list, name); at; at = strstr(at + 1, name))
		if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
			return true;
	return false;
}

static void add_action(const struct action *action, unsigned char *into, unsigned int *n,
		       const char *list)
{
	unsigned int i;

	actions[n_all] = action;
	for (i = 0; i < action->weight && chosen(list, action->name); i++)
		into[(*n)++] = n_all;
	n_all++;
}

static void make_actions(const char *list)
{
	const struct action *action;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		for (action = subjects[i]; action->name; action++)
			add_action(action, lots, &n_lots, list);
	for (action = warden_actions; action->name; action++)
		add_action(action, warden_lots, &n_warden_lots, list);
	if (!n_lots) {
		fprintf(stderr, "world: none of these is an action: %s\n", list);
		exit(1);
	}
}

static unsigned long parse_number(const char *text, const char *what)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end) {
		fprintf(stderr, "world: %s: not a number: %s\n", what, text);
		exit(1);
	}
	return value;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "workers", required_argument, NULL, 'w' },
		{ "pace", required_argument, NULL, 'p' },
		{ "only", required_argument, NULL, 'o' },
		{ "actions", required_argument, NULL, 'a' },
		{ "log", required_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ 0 }
	};
	const char *list = NULL;
	bool names = false;
	unsigned int i;
	char *colon;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'g':
			group_root = optarg;
			break;
		case 'p':
			pace = parse_number(optarg, "--pace");
			break;
		case 'w':
			workers = parse_number(optarg, "--workers");
			break;
		case 'o':
			colon = strchr(optarg, ':');
			if (colon) {
				*colon = '\0';
				only_life = parse_number(colon + 1, "--only");
			}
			only_worker = parse_number(optarg, "--only");
			break;
		case 'a':
			list = optarg;
			break;
		case 'f':
			log_fd = open(optarg, O_CREAT | O_TRUNC | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
			if (log_fd < 0)
				fail(optarg);
			break;
		case 'l':
			names = true;
			break;
		default:
			exit(1);
		}
	}
	make_actions(list);
	if (names) {
		for (i = 0; i < n_all; i++)
			puts(actions[i]->name);
		exit(0);
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: world [OPTION...] SECONDS SEED\n");
		exit(1);
	}
	if (!workers || workers > MAX_WORKERS || only_worker >= (int)workers) {
		fprintf(stderr, "world: workers are 1 to %d, and --only is one of them\n", MAX_WORKERS);
		exit(1);
	}
	deadline = now_ms() + parse_number(argv[optind], "SECONDS") * 1000;
	first_seed = parse_number(argv[optind + 1], "SEED");
}

int main(int argc, char **argv)
{
	pid_t ruler;
	int exe;

	if (argc == 2 && !strcmp(argv[1], "noop")) {
		sleep_ms(20);
		return 0;
	}
	parse(argc, argv);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		fail("mmap");
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (exe < 0 || dup3(exe, EXE_FD, O_CLOEXEC) < 0)
		fail("/proc/self/exe");
	close(exe);
	if (group_root)
		make_groups();
	else
		fprintf(stderr, "world: no --group: nothing is frozen, throttled or short of memory\n");
	make_home();
	if (unshare(CLONE_NEWPID))
		fail("unshare");
	ruler = fork();
	if (ruler < 0)
		fail("fork");
	if (!ruler)
		rule();
	while (waitpid(ruler, NULL, WNOHANG) != ruler) {
		/* Numbers of the machine's own pid namespace, too, come again soon. */
		write_file("/proc/sys/kernel/ns_last_pid", "%u", 2000 + (unsigned int)now_ms() % 64);
		sleep_ms(20);
	}
	if (group_root)
		remove_groups();
	report();
	return 0;
}
