// SPDX-License-Identifier: GPL-2.0-only
/* Names of containers: in control groups, and in JSON that engines write. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "host/cgroup_name.h"
#include "host/json_scan.h"
#include "util.h"

#define ID "3f4e5d6c7b8a90817263544536271809aabbccddeeff00112233445566778899"
#define OTHER "00000000000000000000000000000000000000000000000000000000000000ff"

/* What is found in a control group: a name, an id, or "". The path ends where memory does. */
static void container_is(const char *path, const char *want)
{
	char *copy = xmemdup(path, strlen(path)), got[CONTAINER_NAME_SIZE + 1] = "";
	struct container c;

	if (container_find(copy, strlen(path), &c)) {
		if (c.name_len)
			memcpy(got, c.name, c.name_len);
		else
			memcpy(got, c.id, sizeof(c.id));
	}
	check_text(got, want, path);
	free(copy);
}

static void groups(void)
{
	container_is("/", "");
	container_is("/system.slice/postgresql.service", "");
	container_is("/system.slice/docker-" ID ".scope", ID);
	container_is("/docker/" ID, ID);
	container_is("/system.slice/docker.service/docker/" ID, ID);
	container_is("/machine.slice/libpod-" ID ".scope/container", ID);
	container_is("/machine.slice/libpod-conmon-" ID ".scope", "");
	container_is("/kubepods.slice/kubepods-pod1a2b3c4d_5e6f_7081_9203_a4b5c6d7e8f9.slice/crio-"
		     ID ".scope", ID);
	container_is("/kubepods/burstable/pod1a2b3c4d-5e6f-7081-9203-a4b5c6d7e8f9/" ID, ID);
	container_is("/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:"
		     ID, ID);
	container_is("/lxc.payload.web01/system.slice/cron.service", "web01");
	container_is("/machine.slice/machine-my\\x2ddeb.scope/payload", "my-deb");
	container_is("/machine.slice/systemd-nspawn@deb.service/payload", "deb");
	container_is("/slurm/uid_1000/job_77/step_batch", "");
	/* within a container, what has a name is not of the machine's engines */
	container_is("/docker/" ID "/docker/" OTHER, ID);
	container_is("/lxc.payload.web01/docker/" ID, "web01");
	/* users and services name their groups as they like */
	container_is("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		     ".scope/container", "");
	container_is("/user.slice/user-1000.slice/user@1000.service/lxc.payload.web01", "");
	container_is("/system.slice/evil.service/docker-" ID ".scope", "");
	container_is("/system.slice/evil.service/docker.service/docker/" ID, "");
	container_is("/system.slice/docker-3f4e.scope", "");
}

/* Strings that were found, each as PATH=TEXT and a line break. */
static char found[4096];

static void take(const struct json_string *s, void *arg)
{
	size_t n = strlen(found);
	unsigned int i;

	(void)arg;
	for (i = 0; i < s->depth; i++) {
		if (s->at[i].key)
			n += snprintf(found + n, sizeof(found) - n, "/%.*s", (int)s->at[i].len,
				      s->at[i].key);
		else
			n += snprintf(found + n, sizeof(found) - n, "/%zu", s->at[i].index);
	}
	snprintf(found + n, sizeof(found) - n, "=%.*s\n", (int)s->len, s->text);
}

static bool scan(const char *text, size_t len)
{
	char *copy = xmemdup(text, len);
	bool good;

	found[0] = '\0';
	good = json_scan(copy, len, take, NULL);
	free(copy);
	return good;
}

static void strings_are(const char *text, const char *want)
{
	check(scan(text, strlen(text)), text);
	check_text(found, want, text);
}

static const char whole[] = " {\"id\": \"a\", \"n\": [-1.5e3, true, null, {}], \"names\":[\"x\",\"y\"],\n"
			    "\"q\":\"{\\\"id\\\":\\\"no\\\\\", \"o\":{\"p\":{\"r\":\"deep\"}},\"z\":\"last\"} ";

static void documents(void)
{
	char deep[200], text[64];
	size_t i, n = 0;

	check(scan(whole, strlen(whole)), "a document");
	check_text(found, "/id=a\n/names/0=x\n/names/1=y\n/q={\\\"id\\\":\\\"no\\\\\n"
		   "/o/p/r=deep\n/z=last\n", "what is in it");
	strings_are("[{\"a\":1,\"b\":\"c\"},[],{\"b\":\"d\"}]", "/0/b=c\n/2/b=d\n");
	strings_are("\"alone\"", "=alone\n");
	strings_are("[[[[\"four\",[\"five\"]]]]]", "/0/0/0/0=four\n");
	strings_are("{\"a\":{\"Name\":\"inner\"},\"Name\":\"outer\"}", "/a/Name=inner\n/Name=outer\n");
	for (i = 2; i < sizeof(whole) - 2; i++)	/* a blank alone is one */
		n += scan(whole, i);
	check(!n, "no part of a document is a whole one");
	check(!scan("[}", 2) && !scan("]", 1) && !scan("{]", 2), "brackets that do not match");
	memset(deep, '[', sizeof(deep));
	check(!scan(deep, 65) && !scan(deep, sizeof(deep)), "too deep");
	memset(deep + 64, ']', 64);
	check(scan(deep, 128), "just not too deep");
	srandom(1);
	for (i = 0; i < 200000; i++) {
		for (n = 0; n < sizeof(text); n++)
			text[n] = "{}[]\"\\:,a0 \0\xff"[random() % 13];
		scan(text, random() % sizeof(text));
	}
	check(true, "nonsense");
}

int main(void)
{
	groups();
	documents();
	return failures != 0;
}
