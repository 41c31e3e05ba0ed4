// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups to the names that people know: units of systemd, containers, pods.
 *
 * The innermost component of a path that means something decides, since containers are run within
 * services, and services within containers. But whoever has a control group delegated to them, be
 * it a user, a service or a container, calls what is below it as they like, sshd.service, say: so
 * the outermost name, which only root can give, stands first. Container engines name their groups
 * after the container's id, 64 hexadecimal digits, of which people see and type the first twelve:
 *
 *	docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, ...	with systemd
 *	docker/ID, libpod_parent/libpod-ID, podUID/ID, ...		without
 *
 * The group of a pod is kubepods-QOS-podUID.slice or kubepods/QOS/podUID.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/cgroup_name.h"
#include "util.h"

#define ID_LEN 64
#define SHORT_ID_LEN 12
#define SHORT_UID_LEN 8

/* Of a component; a file system allows no longer ones. */
#define PART_SIZE 256
#define NAME_SIZE (PART_SIZE + 64)

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
		return snprintf(buf, NAME_SIZE, "k8s:%.*s/%.*s", (int)uid.len, uid.text,
				SHORT_ID_LEN, id.text);
	return snprintf(buf, NAME_SIZE, "%s:%.*s", engine, SHORT_ID_LEN, id.text);
}

static size_t name_lxc(const struct part *part, char *buf)
{
	const size_t head = strlen("lxc.payload.");

	if (!begins(part, "lxc.payload.") || part->len == head)
		return 0;
	return snprintf(buf, NAME_SIZE, "lxc:%.*s", (int)(part->len - head), part->text + head);
}

static size_t name_unit(const struct part *part, char *buf)
{
	if (!ends(part, ".service") && !ends(part, ".scope"))
		return 0;
	return snprintf(buf, NAME_SIZE, "%.*s", (int)part->len, part->text);
}

/* The name of a component. */
struct name {
	bool container;
	size_t len;		/* 0 if there is none */
	char text[NAME_SIZE];
};

static void name_part(const char *path, const struct part *part, struct name *name)
{
	name->len = name_container(path, part, name->text) ?: name_lxc(part, name->text);
	name->container = name->len;
	if (!name->len)
		name->len = name_unit(part, name->text);
}

static bool is_name(const struct name *name, const char *text)
{
	return name->len == strlen(text) && !memcmp(name->text, text, name->len);
}

/* The manager of a user's own services: user@1000.service. */
static bool is_user_manager(const struct name *name)
{
	return name->len > 13 && !memcmp(name->text, "user@", 5) &&
	       !memcmp(name->text + name->len - 8, ".service", 8);
}

/* A service of the system's that has containers below it, whose names are as good as its own. */
static bool is_engine(const struct name *name)
{
	return is_name(name, "docker.service") || is_name(name, "containerd.service") ||
	       is_name(name, "crio.service");
}

static size_t put_name(char *buf, size_t len, const struct name *name, bool last)
{
	size_t n = name->len;

	if (!last && is_user_manager(name))
		n -= strlen(".service");
	return len + snprintf(buf + len, UNIT_SIZE - len, "%.*s%s", (int)n, name->text,
			      last ? "" : "/");
}

/**
 * unit_name - short name of what a control group belongs to
 * @path: of the group
 * @len: its length
 * @buf: where the name goes: foo.service, session-2.scope, docker:ID, podman:ID, containerd:ID,
 *	crio:ID, k8s:POD/ID, lxc:NAME; with the outermost of the names that lie around it, and the
 *	outermost container, in front: user@1000/podman:ID/foo.service
 *
 * Returns the length of the name, 0 if there is none.
 */
size_t unit_name(const char *path, size_t len, char buf[static UNIT_SIZE])
{
	struct name inner = { .len = 0 }, box = { .len = 0 }, outer = { .len = 0 }, name;
	const char *end = path + len;
	struct part part;

	for (; step_out(path, end, &part); end = part.text) {
		if (part.len > PART_SIZE)
			part.len = PART_SIZE;
		name_part(path, &part, &name);
		if (!name.len)
			continue;
		if (!inner.len) {
			inner = name;
			continue;
		}
		if (outer.container)
			box = outer;
		outer = name;
	}
	if (!inner.len)
		return 0;
	len = 0;
	if (outer.len && !(is_engine(&outer) && (box.len ? box.container : inner.container)))
		len = put_name(buf, len, &outer, false);
	if (box.len)
		len = put_name(buf, len, &box, false);
	return put_name(buf, len, &inner, true);
}
