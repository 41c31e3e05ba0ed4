// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard output of a command that runs until a signal ends it: written in large pieces, but
 * never in a way that a slow reader of a pipe could keep a signal from ending it.
 *
 * A caller that continues later where its output ended marks each line with a position: what counts
 * is not what was formatted, but the last line that is written to its end.
 *
 * SIGINT and SIGTERM are blocked except during ppoll(2), so that none arrives unnoticed between
 * check and wait.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "print/long_output.h"
#include "util.h"

#define BUFFER_SIZE (64 << 10)

/* No line is longer: the buffer is written out at the end of a line, not in the middle of one. */
#define LINE_SIZE (16 << 10)

/* A pipe that poll(2) says can be written to takes as much at once, pipe(7). */
#define PIECE 4096

/* How long what is buffered may take to get out, once a signal came. */
#define LAST_MS 200

/* The end of a line. */
struct mark {
	uint64_t end;		/* bytes of output up to there */
	uint64_t position;
};

static volatile sig_atomic_t stopped;
static sigset_t waiting;	/* signals that are blocked while this waits */
static bool closed;
static bool writing;		/* to standard output */
static uint64_t passed;		/* bytes that left the buffer of the stream */
static uint64_t written;	/* of these, bytes that standard output took */
static struct mark *marks;	/* ends of lines that are not out, oldest first */
static size_t first_mark, n_marks, marks_allocated;
static struct mark last_mark;	/* of the last line that is out */
static void (*on_progress)(void *arg);
static void *progress_arg;

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

static enum output_state how_it_is(void)
{
	look_for_signal();
	if (stopped)
		return LONG_OUTPUT_STOPPED;
	return closed ? LONG_OUTPUT_CLOSED : LONG_OUTPUT_OPEN;
}

/*
 * How much of what there is to write goes in one piece: whole lines, if there is the end of one. A
 * pipe takes a piece as a whole or not at all, so its reader is never left with half a line.
 */
static size_t piece_length(const char *data, size_t len)
{
	const char *end;

	if (len <= PIECE)
		return len;
	end = memrchr(data, '\n', PIECE);
	return end ? (size_t)(end + 1 - data) : PIECE;
}

/* Writes a piece that does not block; false if there is no more use in writing. */
static bool write_piece(const char *data, size_t *len)
{
	ssize_t n = write(STDOUT_FILENO, data, piece_length(data, *len));

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

/* Takes the marks of lines that are out. */
static void pass_marks(void)
{
	while (first_mark < n_marks && marks[first_mark].end <= written)
		last_mark = marks[first_mark++];
	if (first_mark == n_marks)
		first_mark = n_marks = 0;
}

/* Waits until standard output can be written to; false if a reader does not read after a signal. */
static bool wait_for_reader(int64_t *deadline)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	struct timespec last;
	int64_t rest;
	int ready;

	do {
		rest = 0;
		if (stopped) {
			if (!*deadline)
				*deadline = monotonic_ms() + LAST_MS;
			rest = *deadline - monotonic_ms();
			rest = rest > 0 ? rest : 0;
		}
		last = (struct timespec){ .tv_nsec = rest * 1000000L };
		ready = ppoll(&out, 1, stopped ? &last : NULL, &waiting);
	} while (ready < 0);
	return ready;
}

static ssize_t write_patiently(void *cookie, const char *data, size_t size)
{
	static int64_t deadline;
	size_t done = 0, n;

	(void)cookie;
	passed += size;
	while (done < size && !closed) {
		if (!wait_for_reader(&deadline)) {
			closed = true;
			break;
		}
		n = size - done;
		if (!write_piece(data + done, &n))
			break;
		done += n;
		written += n;
		pass_marks();
		if (n && on_progress)
			on_progress(progress_arg);
	}
	return size;
}

/** long_output_signals - handle SIGINT, SIGTERM and SIGPIPE, also without a stream */
void long_output_signals(void)
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
 * long_output_open - write to standard output, and take signals in hand
 * @progress: called after each piece that was written, or NULL
 * @arg: passed to it
 *
 * Returns a stream to standard output, which is written out by long_output_flush(), by
 * long_output_mark(), and when its buffer is full.
 */
FILE *long_output_open(void (*progress)(void *arg), void *arg)
{
	const cookie_io_functions_t functions = { .write = write_patiently };
	FILE *out;

	long_output_signals();
	writing = true;
	on_progress = progress;
	progress_arg = arg;
	out = fopencookie(NULL, "w", functions);
	if (!out || setvbuf(out, NULL, _IOFBF, BUFFER_SIZE))
		die(STATUS_ERROR, "out of memory");
	__fsetlocking(out, FSETLOCKING_BYCALLER);
	return out;
}

/**
 * long_output_poll - look for signals and for the end of standard output's reader
 * @fd: what to wait for, to become readable
 * @seconds: how long to wait, 0 only to look; negative: until something happens
 */
enum output_state long_output_poll(int fd, int seconds)
{
	struct pollfd fds[] = {
		{ .fd = writing ? STDOUT_FILENO : -1 },
		{ .fd = fd, .events = POLLIN },
	};
	struct timespec span = { .tv_sec = seconds };

	if (!stopped && !closed && ppoll(fds, 2, seconds < 0 ? NULL : &span, &waiting) > 0 &&
	    fds[0].revents & (POLLERR | POLLHUP))
		closed = true;
	return how_it_is();
}

/** long_output_room - wait until a descriptor can be written to; false if a signal came first */
bool long_output_room(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	while (how_it_is() != LONG_OUTPUT_STOPPED)
		if (ppoll(&out, 1, NULL, &waiting) > 0)
			return true;
	return false;
}

/**
 * long_output_mark - what was written so far ends with a line
 * @out: from long_output_open()
 * @position: what to continue after, once that line is written
 */
void long_output_mark(FILE *out, uint64_t position)
{
	struct mark *mark;

	/* At most as many are pending as lines fit into the buffer. */
	if (n_marks == marks_allocated && first_mark) {
		n_marks -= first_mark;
		memmove(marks, marks + first_mark, n_marks * sizeof(*marks));
		first_mark = 0;
	}
	marks = xgrow(marks, n_marks, &marks_allocated, sizeof(*marks));
	mark = &marks[n_marks++];
	*mark = (struct mark){ .end = passed + __fpending(out), .position = position };
	if (__fpending(out) > BUFFER_SIZE - LINE_SIZE)
		fflush(out);
}

/**
 * long_output_pending - how many marked lines are not written to their end
 * @position: set to that of the last line that is, if there is one
 */
size_t long_output_pending(uint64_t *position)
{
	if (last_mark.end)
		*position = last_mark.position;
	return n_marks - first_mark;
}

/** long_output_is_complete - whether standard output accepted all that left the buffer */
bool long_output_is_complete(void)
{
	return passed == written;
}

/** long_output_flush - write out what is buffered */
enum output_state long_output_flush(FILE *out)
{
	fflush(out);
	return how_it_is();
}
