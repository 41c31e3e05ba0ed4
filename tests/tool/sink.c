// SPDX-License-Identifier: GPL-2.0-only
/* Standard output with a slow reader: which line was the last one that is out. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "check.h"
#include "util.h"
#include "print/long_output.h"

#define LINES 3000

/* What the writer found when it was stopped. */
struct result {
	uint64_t position;
	uint64_t at_progress;	/* the position when a piece was out for the last time */
	size_t pending;
	bool complete;
};

static void note_progress(void *arg)
{
	long_output_pending(&((struct result *)arg)->at_progress);
}

/* Lines with their numbers, of 10 to 1,000 bytes. */
static void write_lines(int report)
{
	struct result result = { 0 };
	FILE *out = long_output_open(note_progress, &result);
	int i, nothing[2];

	if (pipe(nothing))
		exit(1);
	for (i = 1; i <= LINES; i++) {
		fprintf(out, "%d %0*d\n", i, i * 7919 % 990, 0);
		long_output_mark(out, i);
		if (long_output_poll(nothing[0], 0) != LONG_OUTPUT_OPEN)
			break;
	}
	long_output_flush(out);
	result.pending = long_output_pending(&result.position);
	result.complete = long_output_is_complete();
	if (write(report, &result, sizeof(result)) != sizeof(result))
		exit(1);
	_exit(0);
}

/* Reads @size bytes, sends a signal or goes away, and compares. */
static bool leave(size_t size, int number)
{
	static char text[LINES * 1024];
	int out[2], report[2], status;
	struct result result = { 0 };
	uint64_t last = 0;
	size_t len = 0;
	char *line;
	ssize_t n;
	pid_t pid;

	if (pipe(out) || pipe(report))
		return false;
	fcntl(out[0], F_SETPIPE_SZ, 4096);
	pid = fork();
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		write_lines(report[1]);
	}
	close(out[1]);
	close(report[1]);
	while (len < size && (n = read(out[0], text + len, size - len)) > 0)
		len += n;
	kill(pid, number);
	/* A reader that is slow beyond what a signal allows. */
	usleep(size % 2 ? 0 : 300000);
	while ((n = read(out[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	if (read(report[0], &result, sizeof(result)) != sizeof(result))
		return false;
	waitpid(pid, &status, 0);
	close(out[0]);
	close(report[0]);
	for (line = text; (line = strchr(line, '\n')); line++)
		last++;
	if (len && text[len - 1] != '\n')
		return false;
	return result.position == last && (!result.pending || result.at_progress == last) &&
	       result.complete == !result.pending;
}

int main(void)
{
	static const size_t sizes[] = { 1, 100, 4095, 4096, 4097, 10001, 65536, 65537, 300001, 900000 };
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		good &= leave(sizes[i], i % 2 ? SIGTERM : SIGINT);
	check(good, "a signal leaves whole lines, and the position of the last one");
	return failures != 0;
}
