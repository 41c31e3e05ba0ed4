/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of the world: what an actor has, and what actors can do.
 *
 * Actions are called by many threads and children at once, which share tables of descriptors,
 * mappings and ids without any lock: a stale entry is one more thing that can happen. An action
 * does not block for long, allocates no memory from the heap (it may run in a child of a process
 * with threads), and returns -1 with errno set if what it tried was refused.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define HOME "/tmp/world"	/* a tmpfs of the world's own */
#define MAX_WORKERS 16
#define MAX_ACTIONS 160
#define EXE_FD 200		/* the program itself; actions close descriptors below FDS_END only */
#define FDS_END 150

/* Who lives: from plain users to the machine's administrator. */
enum role { USER, OWNER, NESTED, CONTAINER, ROOT, ROLES };

/* One thread, or one child, that acts. */
struct actor {
	uint64_t random;	/* state of its random numbers */
	unsigned int worker;
	enum role role;
	unsigned int depth;	/* children of children */
};

struct action {
	const char *name;
	long (*act)(struct actor *a);
	unsigned int weight;
};

/* Shared by all processes. */
struct world {
	struct {
		unsigned long done, failed;
		int error;	/* of the failure seen last */
	} counts[MAX_ACTIONS];
	unsigned long lives, killed, kept;
	bool end;
};

extern struct world *world;
extern const char *group_root;	/* control group of the world, or NULL */

extern const struct action namespace_actions[], shm_actions[], sem_actions[], msg_actions[],
	mq_actions[], mqueue_fs_actions[], descriptor_actions[], socket_actions[], process_actions[],
	warden_actions[];

/* Random choices. */
uint32_t rnd(struct actor *a, uint32_t below);
bool chance(struct actor *a, unsigned int percent);
pid_t some_pid(struct actor *a);	/* there may be nobody of that number */
void random_name(struct actor *a, char *name, size_t size);

/* Files of one word. */
int write_file(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Time. */
void sleep_ms(unsigned int ms);
uint64_t now_ms(void);

/*
 * Descriptors that the process keeps. One that is added takes the place of another, which is
 * closed, so their number is bounded.
 */
int keep_fd(struct actor *a, int fd);
int some_fd(struct actor *a);

/* Memory that segments, or parts of them, are attached to. */
void keep_map(struct actor *a, void *address, size_t size);
bool some_map(struct actor *a, char **address, size_t *size);
bool drop_map(struct actor *a, char **address, size_t *size);

/* Ids of System V objects. */
enum kind { SHM, SEM, MSG, KINDS };
int keep_id(struct actor *a, enum kind kind, int id);
int some_id(struct actor *a, enum kind kind);
int some_key(struct actor *a);

/*
 * A child by clone(2) with these flags: it gets an actor of its own and runs act() until that
 * returns, and is killed after some milliseconds if it has not ended by itself (0: at once).
 */
long with_child(struct actor *a, unsigned long flags, void (*act)(struct actor *child),
		unsigned int ms);
/* Some actions chosen by the child's own random numbers. */
void some_actions(struct actor *a, unsigned int number);
/* Maps the caller to uid and gid 0 of its new user namespace. */
int map_self(uid_t uid, gid_t gid);

#endif
