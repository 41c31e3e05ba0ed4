// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipcnsctl metrics --listen: metrics by HTTP.
 *
 * A child process reads and writes each text. So whatever ends a reading, as a module that is not
 * loaded, ends only that, and what was read and kept is forgotten.
 */
#include "commands/metrics.h"
#include "util.h"

#ifdef HAVE_MICROHTTPD
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/http_server.h"
#include "print/text.h"

#define PATH "/metrics"
#define PATIENCE_MS 60000	/* for one reading */
#define FRESH_MS 1000		/* a text this young is sent again: more requests cost no more */
#define FAILED "the metrics cannot be read: see the standard error of ipcnsctl\n"

/* A text in one format. */
struct text {
	struct buffer buf;
	int64_t time;		/* when it was made, or could not be, in ms; 0 for never */
	bool complete;		/* it was made */
};

struct exporter {
	struct metrics how;	/* without what is read */
	struct text texts[2];	/* OpenMetrics, and the older format */
};

/* In the child. */
static _Noreturn void write_text(const struct exporter *exporter, bool prometheus, int fd)
{
	struct metrics m = exporter->how;
	FILE *out = fdopen(fd, "w");
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	m.prometheus = prometheus;
	if (!out)
		_exit(STATUS_ERROR);
	metrics_read(&m);
	metrics_write(&m, out);
	_exit(fclose(out) ? STATUS_ERROR : STATUS_OK);
}

/* Reads what the child writes; false if it takes too long, or @stop can be read from before. */
static bool read_text(int fd, int stop, struct buffer *buf)
{
	const int64_t end = monotonic_ms() + PATIENCE_MS;
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop, .events = POLLIN },
	};
	int64_t left;
	ssize_t n;

	buf->len = 0;
	for (;;) {
		left = end - monotonic_ms();
		if (left <= 0 || (poll(fds, ARRAY_SIZE(fds), left) < 0 && errno != EINTR) ||
		    fds[1].revents)
			return false;
		if (!fds[0].revents)
			continue;
		n = read(fd, buffer_room(buf, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return !n;
		buf->len += n;
	}
}

/* A child that was killed may be in a system call that takes its time: the next text reaps it. */
static bool make_text(const struct exporter *exporter, bool prometheus, int stop,
		      struct buffer *buf)
{
	int ends[2], status = 0;
	bool complete;
	pid_t pid;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	fflush(NULL);
	if (pipe(ends))
		return false;
	pid = fork();
	if (!pid) {
		close(ends[0]);
		write_text(exporter, prometheus, ends[1]);
	}
	close(ends[1]);
	complete = pid > 0 && read_text(ends[0], stop, buf);
	close(ends[0]);
	if (pid < 0)
		return false;
	if (!complete)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, complete ? 0 : WNOHANG) < 0 && errno == EINTR)
		continue;
	return complete && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void answer_with(const char *accept, int stop, struct http_answer *answer, void *arg)
{
	struct exporter *exporter = arg;
	const bool prometheus = !accept || !strstr(accept, "application/openmetrics-text");
	struct text *text = &exporter->texts[prometheus];

	if (!text->time || monotonic_ms() - text->time >= FRESH_MS) {
		text->complete = make_text(exporter, prometheus, stop, &text->buf);
		text->time = monotonic_ms();
	}
	if (!text->complete) {
		*answer = (struct http_answer){
			.failed = true, .type = "text/plain; charset=utf-8",
			.body = FAILED, .len = strlen(FAILED),
		};
		return;
	}
	*answer = (struct http_answer){
		.type = prometheus ? "text/plain; version=0.0.4; charset=utf-8" :
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
		.body = text->buf.bytes, .len = text->buf.len,
	};
}

/**
 * metrics_listen - answer requests for metrics, until SIGINT or SIGTERM, or die
 * @how: how they are shown
 * @address: where, see http_serve()
 */
void metrics_listen(const struct metrics *how, const char *address)
{
	struct exporter exporter = { .how = *how };

	http_serve(address, PATH, answer_with, &exporter);
	free(exporter.texts[0].buf.bytes);
	free(exporter.texts[1].buf.bytes);
}
#else
/* Without the library there is nothing to listen with. */
void metrics_listen(const struct metrics *how, const char *address)
{
	(void)how;
	(void)address;
	die(STATUS_ERROR, "--listen takes an " PROGRAM " that was built with libmicrohttpd");
}
#endif
