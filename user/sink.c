// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard output of a command that runs until it is told to end: written in large pieces, but
 * never in a way that a slow reader of a pipe could keep a signal from ending it.
 *
 * SIGINT and SIGTERM are blocked but while this waits, so that one never comes unseen between a
 * look and a wait.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "ipcnsctl.h"
#include "sink.h"

#define BUFFER_SIZE (64 << 10)

/* A pipe that poll(2) says can be written to takes as much at once, pipe(7). */
#define PIECE 4096

/* How long what is buffered may take to get out, once a signal came. */
#define LAST_MS 200

static volatile sig_atomic_t stopped;
static sigset_t waiting;	/* signals that are blocked while this waits */
static bool closed;
static bool writing;		/* to standard output */

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* ppoll(2) lets a signal in only if it has to wait; this sees one whatever is ready. */
static void look_for_signal(void)
{
	sigset_t pending;

	if (!sigpending(&pending) &&
	    (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1))
		stopped = 1;
}

static enum sink_end how_it_is(void)
{
	look_for_signal();
	if (stopped)
		return SINK_STOPPED;
	return closed ? SINK_CLOSED : SINK_OPEN;
}

/* Writes a piece that does not block; false if there is no more use in writing. */
static bool write_piece(const char *data, size_t *len)
{
	ssize_t n = write(STDOUT_FILENO, data, *len < PIECE ? *len : PIECE);

	if (n >= 0) {
		*len = n;
		return true;
	}
	*len = 0;
	if (errno == EINTR || errno == EAGAIN)
		return true;
	/* exit(3) flushes once more, which must not try again */
	closed = true;
	if (errno != EPIPE)
		die(STATUS_ERROR, "write error: %s", strerror(errno));
	return false;
}

static ssize_t write_patiently(void *cookie, const char *data, size_t size)
{
	struct timespec last = { .tv_nsec = LAST_MS * 1000000L };
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0, n;
	int ready;

	(void)cookie;
	while (done < size && !closed) {
		ready = ppoll(&out, 1, stopped ? &last : NULL, &waiting);
		if (!ready)	/* a reader that does not read; the rest is lost */
			closed = true;
		if (ready <= 0)
			continue;
		n = size - done;
		if (!write_piece(data + done, &n))
			break;
		done += n;
	}
	return size;
}

/** sink_signals - take SIGINT, SIGTERM and SIGPIPE in hand, whether or not there is a sink */
void sink_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigdelset(&waiting, SIGINT);
	sigdelset(&waiting, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/**
 * sink_open - write to standard output, and take signals in hand
 *
 * Returns a stream to standard output, which only sink_flush() or a full buffer writes out.
 */
FILE *sink_open(void)
{
	const cookie_io_functions_t functions = { .write = write_patiently };
	FILE *out;

	sink_signals();
	writing = true;
	out = fopencookie(NULL, "w", functions);
	if (!out || setvbuf(out, NULL, _IOFBF, BUFFER_SIZE))
		die(STATUS_ERROR, "out of memory");
	__fsetlocking(out, FSETLOCKING_BYCALLER);
	return out;
}

/**
 * sink_poll - look for signals and for the end of standard output's reader
 * @fd: what to wait for, to become readable
 * @wait: wait; otherwise only look
 */
enum sink_end sink_poll(int fd, bool wait)
{
	struct pollfd fds[] = {
		{ .fd = writing ? STDOUT_FILENO : -1 },
		{ .fd = fd, .events = POLLIN },
	};
	struct timespec now = { 0 };

	if (!stopped && !closed && ppoll(fds, 2, wait ? NULL : &now, &waiting) > 0 &&
	    fds[0].revents & (POLLERR | POLLHUP))
		closed = true;
	return how_it_is();
}

/** sink_room - wait until a descriptor can be written to; false if a signal came first */
bool sink_room(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	while (how_it_is() != SINK_STOPPED)
		if (ppoll(&out, 1, NULL, &waiting) > 0)
			return true;
	return false;
}

/** sink_flush - write out what is buffered */
enum sink_end sink_flush(FILE *out)
{
	fflush(out);
	return how_it_is();
}
