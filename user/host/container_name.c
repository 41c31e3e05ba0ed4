// SPDX-License-Identifier: GPL-2.0-only
/*
 * The name that people gave to a container, as its engine keeps it on disk. No engine is asked: one
 * that hangs would hang this program, and some are reached over a network.
 *
 *	Docker		/var/lib/docker/containers/ID/config.v2.json
 *	podman, CRI-O	/var/lib/containers/storage/overlay-containers/containers.json, or
 *			/run/containers/storage/overlay-containers/volatile-containers.json
 *	containerd	of Kubernetes:
 *			/run/containerd/io.containerd.runtime.v2.task/k8s.io/ID/config.json
 *	LXC, machined	in the name of the control group
 *
 * What is not known: a container of a user without privileges, since the store is a file of that
 * user's; one that runs inside another, since the store is in there; one of an engine with another
 * folder than by default; and one of nerdctl, whose names are in a database.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup_name.h"
#include "host/container_name.h"
#include "host/json_scan.h"
#include "host/process.h"
#include "host/state_file.h"
#include "util.h"

#define DOCKER "/var/lib/docker/containers/%.64s/config.v2.json"
#define CONTAINERD "/run/containerd/io.containerd.runtime.v2.task/k8s.io/%.64s/config.json"

/* Longest files that are read. Stores list all containers of a machine, some KiB each. */
#define MAX_STORE (64UL << 20)
#define MAX_CONFIG (1UL << 20)

#define CRI "io.kubernetes.cri."

static const char *const stores[] = {
	"/var/lib/containers/storage/overlay-containers/containers.json",
	"/run/containers/storage/overlay-containers/volatile-containers.json",
	"/var/lib/containers/storage/vfs-containers/containers.json",
	"/var/lib/containers/storage/btrfs-containers/containers.json",
};

/* Names are short, and of few characters, so that none is escaped in JSON. */
struct text {
	char bytes[256];
	size_t len;	/* 0 if there is none */
};

static void take_text(const struct json_string *s, struct text *text)
{
	text->len = 0;
	if (s->len > sizeof(text->bytes) || memchr(s->text, '\\', s->len))
		return;
	memcpy(text->bytes, s->text, s->len);
	text->len = s->len;
}

/* A container in a store. */
struct stored {
	char id[CONTAINER_ID_LEN];
	struct text name;
};

static struct {
	bool read;
	struct stored *rows;
	size_t n, allocated;
	/* The element of the list that is read. */
	struct stored now;
	size_t index;
	bool has_id;
} store;

static void add_stored(void)
{
	if (store.has_id && store.now.name.len) {
		store.rows = xgrow(store.rows, store.n, &store.allocated, sizeof(*store.rows));
		store.rows[store.n++] = store.now;
	}
	store.has_id = false;
	store.now.name.len = 0;
}

/* [ { "id": ID, "names": [ NAME, ... ], ... }, ... ] */
static void take_stored(const struct json_string *s, void *arg)
{
	(void)arg;
	if (s->depth < 2 || s->at[0].key)
		return;
	if (s->at[0].index != store.index) {
		add_stored();
		store.index = s->at[0].index;
	}
	if (s->depth == 2 && json_string_is_at(s, 1, "id") && s->len == CONTAINER_ID_LEN) {
		memcpy(store.now.id, s->text, s->len);
		store.has_id = true;
	} else if (s->depth == 3 && json_string_is_at(s, 1, "names") && !s->at[2].key &&
		   !s->at[2].index) {
		take_text(s, &store.now.name);
	}
}

static int compare_stored(const void *p, const void *q)
{
	const struct stored *a = p, *b = q;

	return memcmp(a->id, b->id, sizeof(a->id));
}

static void read_stores(void)
{
	size_t i, len, before;
	char *text;

	store.read = true;
	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		text = state_file_read(stores[i], MAX_STORE, &len);
		if (!text)
			continue;
		before = store.n;
		store.index = 0;
		if (json_scan(text, len, take_stored, NULL))
			add_stored();
		else
			store.n = before;
		store.has_id = false;
		store.now.name.len = 0;
		free(text);
	}
	if (store.n)
		qsort(store.rows, store.n, sizeof(*store.rows), compare_stored);
}

static bool find_stored(const char *id, struct text *name)
{
	const struct stored *row = NULL;
	struct stored wanted;

	if (!store.read)
		read_stores();
	memcpy(wanted.id, id, sizeof(wanted.id));
	if (store.n)
		row = bsearch(&wanted, store.rows, store.n, sizeof(wanted), compare_stored);
	if (row)
		*name = row->name;
	return row;
}

/* { "Name": "/NAME", ... } */
static void take_docker(const struct json_string *s, void *arg)
{
	if (s->depth == 1 && json_string_is_at(s, 0, "Name"))
		take_text(s, arg);
}

static bool find_docker(const char *id, struct text *name)
{
	char path[sizeof(DOCKER) + CONTAINER_ID_LEN], *text;
	size_t len;

	snprintf(path, sizeof(path), DOCKER, id);
	text = state_file_read(path, MAX_CONFIG, &len);
	if (!text)
		return false;
	if (!json_scan(text, len, take_docker, name))
		name->len = 0;
	free(text);
	/* The slash is of a time when containers had names of several parts. */
	if (name->len && name->bytes[0] == '/')
		memmove(name->bytes, name->bytes + 1, --name->len);
	return name->len;
}

/* What containerd writes down of a container of a pod. */
struct pod {
	struct text namespace, pod, container;
};

/* { "annotations": { "io.kubernetes.cri.container-name": NAME, ... }, ... } */
static void take_pod(const struct json_string *s, void *arg)
{
	struct pod *pod = arg;

	if (s->depth != 2 || !json_string_is_at(s, 0, "annotations"))
		return;
	if (json_string_is_at(s, 1, CRI "sandbox-namespace"))
		take_text(s, &pod->namespace);
	else if (json_string_is_at(s, 1, CRI "sandbox-name"))
		take_text(s, &pod->pod);
	else if (json_string_is_at(s, 1, CRI "container-name"))
		take_text(s, &pod->container);
}

/* NAMESPACE/POD/CONTAINER; the sandbox of a pod is no container of it and has the first two. */
static bool find_containerd(const char *id, struct text *name)
{
	char path[sizeof(CONTAINERD) + CONTAINER_ID_LEN], whole[sizeof(name->bytes)], *text;
	struct pod pod = { .namespace.len = 0 };
	bool good;
	size_t len;

	snprintf(path, sizeof(path), CONTAINERD, id);
	text = state_file_read(path, MAX_CONFIG, &len);
	if (!text)
		return false;
	good = json_scan(text, len, take_pod, &pod) && pod.namespace.len && pod.pod.len;
	free(text);
	if (!good)
		return false;
	len = snprintf(whole, sizeof(whole), "%.*s/%.*s%s%.*s", (int)pod.namespace.len,
		       pod.namespace.bytes, (int)pod.pod.len, pod.pod.bytes,
		       pod.container.len ? "/" : "", (int)pod.container.len, pod.container.bytes);
	name->len = len < sizeof(whole) ? len : sizeof(whole) - 1;
	memcpy(name->bytes, whole, name->len);
	return true;
}

/**
 * container_name - the name that the engine of a container knows it by
 * @pid: a process in it, as this process sees it
 * @len: set to the length of the name
 *
 * Returns the name, valid until the next call; NULL if the process is in none, or the name is not
 * known.
 */
const char *container_name(uint32_t pid, size_t *len)
{
	static struct {
		char id[CONTAINER_ID_LEN];
		struct text name;
	} last;		/* neighbours are often of the same one */
	struct container c;
	const char *path;
	size_t n;

	path = pid ? proc_cgroup(pid, &n) : NULL;
	if (!path || !container_find(path, n, &c))
		return NULL;
	if (c.name_len) {
		memcpy(last.name.bytes, c.name, c.name_len);
		last.name.len = c.name_len;
		memset(last.id, 0, sizeof(last.id));
	} else if (memcmp(c.id, last.id, sizeof(last.id))) {
		memcpy(last.id, c.id, sizeof(last.id));
		last.name.len = 0;
		if (!find_docker(c.id, &last.name) && !find_stored(c.id, &last.name) &&
		    !find_containerd(c.id, &last.name))
			last.name.len = 0;
	}
	*len = last.name.len;
	return last.name.len ? last.name.bytes : NULL;
}
