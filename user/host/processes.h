/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_PROCESSES_H
#define IPCNSCTL_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*process_fn)(uint32_t pid, void *arg);

void processes_read(process_fn found, void *arg);
bool proc_is_complete(void);
bool process_exists(uint32_t pid);
bool process_uid(uint32_t pid, uint32_t *uid);
bool process_queue_limit(uint32_t pid, uint64_t *bytes);
size_t process_threads(uint32_t pid);

/* A thread that sleeps in semop(2). */
struct sem_sleeper {
	uint64_t ipc_inum;	/* inode number of its IPC namespace */
	uint32_t args[2];	/* one of them is the set, if @has_args */
	bool has_args;
};

typedef void (*sem_sleeper_fn)(const struct sem_sleeper *sleeper, void *arg);

bool sem_sleepers_read(sem_sleeper_fn found, void *arg);

#endif
