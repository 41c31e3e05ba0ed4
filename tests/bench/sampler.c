// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and looks every HZ-th of a second of its time on a processor where it is:
 * sampler HZ FILE COMMAND... Each sample is a line in FILE: the addresses of the kernel's
 * functions, innermost first, or "user". Symbols are for who reads it.
 */
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAGES 1024	/* of the ring, a power of two */

static void put(FILE *out, const struct perf_event_header *head)
{
	const uint64_t *word = (const uint64_t *)(head + 1);
	uint64_t i, n = word[0];
	int some = 0;

	if (head->type != PERF_RECORD_SAMPLE)
		return;
	for (i = 1; i <= n; i++) {
		if (word[i] >= (uint64_t)PERF_CONTEXT_MAX)	/* a mark, no address */
			continue;
		fprintf(out, "%s%llx", some++ ? " " : "", (unsigned long long)word[i]);
	}
	fputs(some ? "\n" : "user\n", out);
}

static void drain(FILE *out, struct perf_event_mmap_page *page)
{
	static char copy[1 << 16];
	size_t size = (size_t)PAGES * getpagesize(), i;
	const char *ring = (char *)page + getpagesize();
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail;
	struct perf_event_header *event;
	uint16_t len;

	while (tail < head) {
		/* records are multiples of 8 bytes, so a header never wraps */
		event = (struct perf_event_header *)(ring + tail % size);
		len = event->size;
		for (i = 0; i < len; i++)
			copy[i] = ring[(tail + i) % size];
		put(out, (struct perf_event_header *)copy);
		tail += len;
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK, .freq = 1,
		.sample_type = PERF_SAMPLE_CALLCHAIN, .exclude_callchain_user = 1,
		.disabled = 1, .enable_on_exec = 1, .wakeup_events = 1000,
	};
	int fd, go[2], pid, status;
	struct perf_event_mmap_page *page;
	struct pollfd wait = { .events = POLLIN };
	FILE *out;
	char byte;

	if (argc < 4) {
		fprintf(stderr, "usage: sampler HZ FILE COMMAND...\n");
		return 1;
	}
	attr.sample_freq = atoi(argv[1]);
	out = fopen(argv[2], "w");
	ok(out ? 0 : -1);
	ok(pipe(go));
	pid = ok(fork());
	if (!pid) {
		close(go[1]);
		ok(read(go[0], &byte, 1));
		execvp(argv[3], argv + 3);
		ok(-1);
	}
	fd = ok(syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC));
	page = mmap(NULL, (size_t)(PAGES + 1) * getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	ok(page == MAP_FAILED ? -1 : 0);
	close(go[0]);
	close(go[1]);
	wait.fd = fd;
	while (!ok(waitpid(pid, &status, WNOHANG))) {
		poll(&wait, 1, 100);
		drain(out, page);
	}
	drain(out, page);
	return fclose(out) || status;
}
