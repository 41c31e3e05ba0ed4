/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IPCNSCTL_CGROUP_NAME_H
#define IPCNSCTL_CGROUP_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Room for any name: four components of a path, and a manager or a pod in front of each. */
#define UNIT_SIZE 2048

#define CONTAINER_ID_LEN 64
#define CONTAINER_NAME_SIZE 256

/* A container that a control group belongs to. */
struct container {
	size_t name_len;	/* 0: only its id is known */
	char name[CONTAINER_NAME_SIZE];
	char id[CONTAINER_ID_LEN];
};

bool container_find(const char *path, size_t len, struct container *c);
size_t unit_name(const char *path, size_t len, char buf[static UNIT_SIZE]);

#endif
