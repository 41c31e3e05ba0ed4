// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches the programs of probes.bpf.o, which lies beside it, prints a line when they are, and
 * empties their ring four times a second until stdin ends; then prints how many events came.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

static unsigned long events;

static int take(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	events++;
	return 0;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring;

	if (argc != 2) {
		fprintf(stderr, "usage: probes FILE\n");
		return 1;
	}
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object))
		die("load");
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			die(bpf_program__name(program));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), take, NULL, NULL);
	if (!ring)
		die("ring");
	puts("attached");
	fflush(stdout);
	while (!poll(&in, 1, 250))
		ring_buffer__consume(ring);
	ring_buffer__consume(ring);
	printf("%lu\n", events);
	return 0;
}
