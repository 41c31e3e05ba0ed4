// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups to the names that people know: units of systemd, containers, pods.
 *
 * The innermost component of a path that means something decides, since containers are run within
 * services, and services within containers. Container engines name their groups after the
 * container's id, 64 hexadecimal digits, of which people see and type the first twelve:
 *
 *	docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, ...	with systemd
 *	docker/ID, libpod_parent/libpod-ID, podUID/ID, ...		without
 *
 * The group of a pod is kubepods-QOS-podUID.slice or kubepods/QOS/podUID.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ipcnsctl.h"
#include "unit.h"

#define ID_LEN 64
#define SHORT_ID_LEN 12
#define SHORT_UID_LEN 8

/* A component of a path. */
struct part {
	const char *text;
	size_t len;
};

static bool begins(const struct part *part, const char *head)
{
	return part->len >= strlen(head) && !memcmp(part->text, head, strlen(head));
}

static bool ends(const struct part *part, const char *tail)
{
	size_t len = strlen(tail);

	return part->len > len && !memcmp(part->text + part->len - len, tail, len);
}

/* The component before @part, the last one if that is empty; false if there is none. */
static bool step_out(const char *path, const char *end, struct part *part)
{
	const char *begin;

	while (end > path && end[-1] == '/')
		end--;
	for (begin = end; begin > path && begin[-1] != '/'; begin--)
		;
	part->text = begin;
	part->len = end - begin;
	return part->len;
}

static bool is_hexadecimal(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	return true;
}

static bool is_id(const char *text, size_t len)
{
	return len == ID_LEN && is_hexadecimal(text, len);
}

/* Takes away what the name of a container's group has around the id. */
static const char *find_engine(const struct part *part, struct part *id)
{
	static const struct {
		const char *head, *engine;
	} engines[] = {
		{ "docker-", "docker" },
		{ "libpod-payload-", "podman" },
		{ "libpod-", "podman" },
		{ "cri-containerd-", "containerd" },
		{ "nerdctl-", "containerd" },
		{ "crio-", "crio" },
	};
	size_t i;

	*id = *part;
	if (ends(id, ".scope"))
		id->len -= strlen(".scope");
	for (i = 0; i < ARRAY_SIZE(engines); i++) {
		if (!begins(id, engines[i].head))
			continue;
		id->text += strlen(engines[i].head);
		id->len -= strlen(engines[i].head);
		return is_id(id->text, id->len) ? engines[i].engine : NULL;
	}
	return NULL;
}

/* A group that is named by an id alone: the engine is known by the group around it. */
static const char *guess_engine(const char *path, const struct part *part)
{
	struct part outer;

	if (!is_id(part->text, part->len))
		return NULL;
	if (step_out(path, part->text, &outer)) {
		if (outer.len == 6 && begins(&outer, "docker"))
			return "docker";
		if (outer.len == 6 && begins(&outer, "k8s.io"))
			return "containerd";
	}
	return "container";
}

/* The pod that a group lies in; false if in none. */
static bool find_pod(const char *path, const char *end, struct part *uid)
{
	struct part part;
	const char *pod;

	for (; step_out(path, end, &part); end = part.text) {
		pod = NULL;
		if (begins(&part, "pod"))
			pod = part.text;
		else if (ends(&part, ".slice") && memmem(part.text, part.len, "kubepods-", 9))
			pod = memmem(part.text, part.len, "-pod", 4);
		if (!pod)
			continue;
		pod += pod == part.text ? 3 : 4;
		if (part.text + part.len - pod < SHORT_UID_LEN ||
		    !is_hexadecimal(pod, SHORT_UID_LEN))
			continue;
		*uid = (struct part){ pod, SHORT_UID_LEN };
		return true;
	}
	return false;
}

static size_t name_container(const char *path, const struct part *part, char *buf)
{
	const char *engine;
	struct part id, uid;

	engine = find_engine(part, &id);
	if (!engine) {
		engine = guess_engine(path, part);
		id = *part;
	}
	if (!engine)
		return 0;
	if (find_pod(path, part->text, &uid))
		return snprintf(buf, UNIT_SIZE, "k8s:%.*s/%.*s", (int)uid.len, uid.text,
				SHORT_ID_LEN, id.text);
	return snprintf(buf, UNIT_SIZE, "%s:%.*s", engine, SHORT_ID_LEN, id.text);
}

static size_t name_lxc(const struct part *part, char *buf)
{
	const size_t head = strlen("lxc.payload.");

	if (!begins(part, "lxc.payload.") || part->len == head)
		return 0;
	return snprintf(buf, UNIT_SIZE, "lxc:%.*s", (int)(part->len - head), part->text + head);
}

static size_t name_unit(const struct part *part, char *buf)
{
	if (!ends(part, ".service") && !ends(part, ".scope"))
		return 0;
	return snprintf(buf, UNIT_SIZE, "%.*s", (int)part->len, part->text);
}

/**
 * unit_name - short name of what a control group belongs to
 * @path: of the group
 * @len: its length
 * @buf: where the name goes: foo.service, session-2.scope, docker:ID, podman:ID, containerd:ID,
 *	crio:ID, k8s:POD/ID, lxc:NAME
 *
 * Returns the length of the name, 0 if there is none.
 */
size_t unit_name(const char *path, size_t len, char buf[static UNIT_SIZE])
{
	const char *end = path + len;
	struct part part;
	size_t n;

	for (; step_out(path, end, &part); end = part.text) {
		/* A file system allows no longer names; one is cut short, not written beyond. */
		if (part.len > UNIT_SIZE / 2)
			part.len = UNIT_SIZE / 2;
		n = name_container(path, &part, buf) ?: name_lxc(&part, buf) ?:
			name_unit(&part, buf);
		if (n)
			return n;
	}
	return 0;
}
