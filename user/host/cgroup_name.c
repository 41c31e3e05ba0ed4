// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups to the names that people know: units of systemd, containers, pods.
 *
 * The innermost component of a path that means something decides, since containers are run within
 * services, and services within containers. But a user who has a control group delegated to them, be
 * it a user, a service or a container, calls what is below it as they like, sshd.service, say: so
 * the outermost name, which only root can give, stands first. Container engines name their groups
 * after the container's id, 64 hexadecimal digits, of which people see and type the first twelve:
 *
 *	docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, ...	with systemd
 *	docker/ID, libpod_parent/libpod-ID, podUID/ID, buildkit/ID, ...	without
 *	kubepods-QOS-podUID.slice:cri-containerd:ID	systemd's notation, used without it
 *
 * The group of a pod is kubepods-QOS-podUID.slice or kubepods/QOS/podUID, that of a task of ECS
 * ecs/TASK or ecstasks-TASK.slice. Others use names that people gave:
 *
 *	lxc.payload.NAME, lxc/NAME			LXC, Incus, Proxmox
 *	machine-NAME.scope, systemd-nspawn@NAME.service	systemd-machined, libvirt
 *	slurmstepd.scope/job_N, slurm/uid_UID/job_N	Slurm
 *	nomad.slice/share.slice/ALLOC.TASK.scope	Nomad
 *	garden/HANDLE, garden/good/HANDLE		Garden (Cloud Foundry)
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/cgroup_name.h"
#include "util.h"

#define ID_LEN CONTAINER_ID_LEN
#define SHORT_ID_LEN 12
#define SHORT_UID_LEN 8
#define UUID_LEN 36

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

static bool part_is(const struct part *part, const char *text)
{
	return part->len == strlen(text) && !memcmp(part->text, text, part->len);
}

static bool is_number(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len;
}

static int shortened(size_t len)
{
	return len < SHORT_ID_LEN ? len : SHORT_ID_LEN;
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
	const char *colon;
	size_t head, i;

	*id = *part;
	if (ends(id, ".scope"))
		id->len -= strlen(".scope");
	colon = memchr(id->text, ':', id->len);
	if (colon) {	/* SLICE:ENGINE:ID */
		id->len -= colon + 1 - id->text;
		id->text = colon + 1;
	}
	for (i = 0; i < ARRAY_SIZE(engines); i++) {
		head = strlen(engines[i].head);
		/* The last character of @head is what is between the engine and the id. */
		if (id->len < head || memcmp(id->text, engines[i].head, head - 1) ||
		    id->text[head - 1] != (colon ? ':' : '-'))
			continue;
		id->text += head;
		id->len -= head;
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
		if (part_is(&outer, "docker"))
			return "docker";
		if (part_is(&outer, "k8s.io"))
			return "containerd";
		if (part_is(&outer, "buildkit"))
			return "buildkit";
	}
	return "container";
}

static bool is_pod(const struct part *part, struct part *uid)
{
	const char *pod = NULL;

	if (begins(part, "pod"))
		pod = part->text;
	else if (ends(part, ".slice") && memmem(part->text, part->len, "kubepods-", 9))
		pod = memmem(part->text, part->len, "-pod", 4);
	if (!pod)
		return false;
	pod += pod == part->text ? 3 : 4;
	if (part->text + part->len - pod < SHORT_UID_LEN || !is_hexadecimal(pod, SHORT_UID_LEN))
		return false;
	*uid = (struct part){ pod, SHORT_UID_LEN };
	return true;
}

/* The pod that a container's group lies in, or names itself; false if there is none. */
static bool find_pod(const char *path, const struct part *container, struct part *uid)
{
	const char *end = container->text, *colon;
	struct part part = *container;

	colon = memchr(part.text, ':', part.len);
	if (colon) {
		part.len = colon - part.text;
		if (is_pod(&part, uid))
			return true;
	}
	for (; step_out(path, end, &part); end = part.text)
		if (is_pod(&part, uid))
			return true;
	return false;
}

/* The task of ECS that a container's group lies in; false if in none. */
static bool find_task(const char *path, const struct part *container, struct part *task)
{
	struct part outer;

	if (!step_out(path, container->text, task))
		return false;
	if (begins(task, "ecstasks-") && ends(task, ".slice")) {
		task->text += strlen("ecstasks-");
		task->len -= strlen("ecstasks-") + strlen(".slice");
		return is_hexadecimal(task->text, task->len);
	}
	return step_out(path, task->text, &outer) && part_is(&outer, "ecs");
}

static size_t name_container(const char *path, const struct part *part, char *buf)
{
	const char *engine;
	struct part id, outer;

	engine = find_engine(part, &id);
	if (!engine) {
		engine = guess_engine(path, part);
		id = *part;
	}
	if (!engine)
		return 0;
	if (find_pod(path, part, &outer))
		return snprintf(buf, NAME_SIZE, "k8s:%.*s/%.*s", (int)outer.len, outer.text,
				SHORT_ID_LEN, id.text);
	if (find_task(path, part, &outer))
		return snprintf(buf, NAME_SIZE, "ecs:%.*s/%.*s", shortened(outer.len), outer.text,
				SHORT_ID_LEN, id.text);
	return snprintf(buf, NAME_SIZE, "%s:%.*s", engine, SHORT_ID_LEN, id.text);
}

static size_t put_named(char *buf, const char *manager, const char *name, size_t len)
{
	return len ? snprintf(buf, NAME_SIZE, "%s:%.*s", manager, (int)len, name) : 0;
}

static size_t name_lxc(const char *path, const struct part *part, char *buf)
{
	struct part outer;

	if (begins(part, "lxc.payload."))
		return put_named(buf, "lxc", part->text + strlen("lxc.payload."),
				 part->len - strlen("lxc.payload."));
	if (step_out(path, part->text, &outer) &&
	    (part_is(&outer, "lxc") || part_is(&outer, "lxc.payload")))
		return put_named(buf, "lxc", part->text, part->len);
	return 0;
}

/* The name of a machine is part of a unit's, where it has \x2d for "-". */
static size_t put_machine(char *buf, const char *name, size_t len)
{
	const char *end = name + len;
	size_t n = strlen(strcpy(buf, "machine:"));

	for (; name < end; name++) {
		if (end - name >= 4 && !memcmp(name, "\\x2d", 4)) {
			buf[n++] = '-';
			name += 3;
		} else {
			buf[n++] = *name;
		}
	}
	return n;
}

static size_t name_machine(const char *path, const struct part *part, char *buf)
{
	static const struct {
		const char *head, *tail;
	} forms[] = {
		{ "machine-", ".scope" },
		{ "systemd-nspawn@", ".service" },
	};
	struct part outer;
	size_t i, around;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		around = strlen(forms[i].head) + strlen(forms[i].tail);
		if (!begins(part, forms[i].head) || !ends(part, forms[i].tail) ||
		    part->len <= around)
			continue;
		/* Any scope can be called so; those of machines are in their own slice. */
		if (!i && !(step_out(path, part->text, &outer) && begins(&outer, "machine")))
			return 0;
		return put_machine(buf, part->text + strlen(forms[i].head), part->len - around);
	}
	return 0;
}

static size_t name_slurm(const char *path, const struct part *part, char *buf)
{
	const size_t head = strlen("job_");
	struct part outer;

	if (!begins(part, "job_") || !is_number(part->text + head, part->len - head) ||
	    !step_out(path, part->text, &outer))
		return 0;
	if (begins(&outer, "uid_") && !step_out(path, outer.text, &outer))
		return 0;
	/* With several daemons on a machine, their names are added: slurm_NODE, NODE_slurmstepd. */
	if (!part_is(&outer, "slurm") && !begins(&outer, "slurm_") &&
	    !part_is(&outer, "slurmstepd.scope") && !ends(&outer, "_slurmstepd.scope"))
		return 0;
	return put_named(buf, "slurm", part->text + head, part->len - head);
}

/* Nomad: the allocation, of which its own tool shows the first digits, and the task. */
static size_t name_nomad(const char *path, const struct part *part, char *buf)
{
	struct part task = *part, outer;
	const char *end = part->text;

	if (ends(&task, ".scope"))
		task.len -= strlen(".scope");
	if (task.len <= UUID_LEN + 1 || task.text[UUID_LEN] != '.' ||
	    !is_hexadecimal(task.text, SHORT_UID_LEN) || task.text[SHORT_UID_LEN] != '-')
		return 0;
	for (; step_out(path, end, &outer); end = outer.text)
		if (part_is(&outer, "nomad") || part_is(&outer, "nomad.slice"))
			break;
	if (!outer.len)
		return 0;
	return snprintf(buf, NAME_SIZE, "nomad:%.*s/%.*s", SHORT_UID_LEN, task.text,
			(int)task.len - UUID_LEN - 1, task.text + UUID_LEN + 1);
}

/* Garden puts containers that use more than their share of a processor apart. */
static size_t name_garden(const char *path, const struct part *part, char *buf)
{
	struct part outer;

	if (part_is(part, "good") || part_is(part, "bad") ||
	    !step_out(path, part->text, &outer))
		return 0;
	if ((part_is(&outer, "good") || part_is(&outer, "bad")) &&
	    !step_out(path, outer.text, &outer))
		return 0;
	return part_is(&outer, "garden") ? put_named(buf, "garden", part->text, part->len) : 0;
}

/* BuildKit's identifiers are 25 letters and digits. */
static size_t name_buildkit(const char *path, const struct part *part, char *buf)
{
	struct part outer;

	if (part->len < SHORT_ID_LEN || !step_out(path, part->text, &outer) ||
	    !part_is(&outer, "buildkit"))
		return 0;
	return put_named(buf, "buildkit", part->text, SHORT_ID_LEN);
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
	static size_t (*const managers[])(const char *path, const struct part *part, char *buf) = {
		name_container, name_lxc, name_machine, name_slurm, name_nomad, name_garden,
		name_buildkit,
	};
	size_t i;

	name->len = 0;
	for (i = 0; i < ARRAY_SIZE(managers) && !name->len; i++)
		name->len = managers[i](path, part, name->text);
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
	       is_name(name, "crio.service") || is_name(name, "buildkit.service") ||
	       is_name(name, "slurmstepd.scope") ||
	       (name->len > 17 && !memcmp(name->text + name->len - 17, "_slurmstepd.scope", 17));
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
 *	crio:ID, k8s:POD/ID, lxc:NAME, machine:NAME, slurm:JOB and the like; with the outermost of
 *	the names that lie around it, the outermost container, and the outermost manager of a user
 *	inside, in front: user@1000/podman:ID/foo.service, machine:NAME/user@1000/foo.service
 *
 * Returns the length of the name, 0 if there is none.
 */
size_t unit_name(const char *path, size_t len, char buf[static UNIT_SIZE])
{
	struct name inner = { .len = 0 }, box = { .len = 0 }, outer = { .len = 0 }, name;
	struct name user = { .len = 0 };	/* outermost manager between @outer and @inner */
	bool user_first = false;		/* @box lies inside @user */
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
		if (is_user_manager(&outer))
			user = outer;
		if (outer.container || is_user_manager(&outer))
			user_first = !outer.container;
		outer = name;
	}
	if (!inner.len)
		return 0;
	len = 0;
	if (outer.len && !(is_engine(&outer) && (box.len ? box.container : inner.container)))
		len = put_name(buf, len, &outer, false);
	/* All that lies in a user's group is theirs, whatever it is called. */
	if (is_user_manager(&outer) && (user_first || !box.len))
		user.len = 0;
	if (user.len && user_first)
		len = put_name(buf, len, &user, false);
	if (box.len)
		len = put_name(buf, len, &box, false);
	if (user.len && !user_first)
		len = put_name(buf, len, &user, false);
	return put_name(buf, len, &inner, true);
}

/* The id that is part of a component; NULL if there is none. */
static const char *find_id(const struct part *part)
{
	size_t i;

	for (i = 0; i + ID_LEN <= part->len; i++)
		if (is_id(part->text + i, ID_LEN))
			return part->text + i;
	return NULL;
}

/* The name of a container of a manager that names control groups by it. */
static bool take_given_name(const struct name *name, struct container *c)
{
	static const char *const managers[] = { "lxc:", "machine:" };
	size_t i, head;

	for (i = 0; i < ARRAY_SIZE(managers); i++) {
		head = strlen(managers[i]);
		if (name->len <= head || memcmp(name->text, managers[i], head) ||
		    name->len - head > sizeof(c->name))
			continue;
		c->name_len = name->len - head;
		memcpy(c->name, name->text + head, c->name_len);
		return true;
	}
	return false;
}

/**
 * container_find - the container that a control group belongs to
 * @path: of the group
 * @len: its length
 * @c: the result: its name, where the group has it, or its id
 *
 * Of several, the outermost one, and only if no other name lies around it than one of an engine:
 * a user who has a group delegated to them can name what is below it after any container.
 */
bool container_find(const char *path, size_t len, struct container *c)
{
	const char *end = path + len, *id = NULL;
	struct name outer = { .len = 0 }, name;
	struct part part;

	memset(c, 0, sizeof(*c));
	for (; step_out(path, end, &part); end = part.text) {
		if (part.len > PART_SIZE)
			part.len = PART_SIZE;
		name_part(path, &part, &name);
		if (!name.len || (is_engine(&name) && outer.container))
			continue;
		outer = name;
		id = name.container ? find_id(&part) : NULL;
	}
	if (!outer.container)
		return false;
	if (take_given_name(&outer, c))
		return true;
	if (id)
		memcpy(c->id, id, ID_LEN);
	return id;
}
