// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries for the journal of systemd, in its native protocol: a datagram for each, with fields as
 * NAME=VALUE lines; or, where the value has a line break, NAME, the length, and the value.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "print/long_output.h"
#include "print/systemd_journal.h"
#include "util.h"

#define SOCKET_PATH "/run/systemd/journal/socket"

/** systemd_journal_init - make ready for the first field of the first entry */
void systemd_journal_init(struct systemd_journal *j)
{
	*j = (struct systemd_journal){ .fd = -1 };
}

static void put(struct systemd_journal *j, const void *data, size_t len)
{
	memcpy(buffer_room(&j->entry, len), data, len);
	j->entry.len += len;
}

/** systemd_journal_field - add a field to the entry */
void systemd_journal_field(struct systemd_journal *j, const char *name, const char *value,
			   size_t len)
{
	uint64_t size = htole64(len);

	put(j, name, strlen(name));
	if (memchr(value, '\n', len)) {
		put(j, "\n", 1);
		put(j, &size, sizeof(size));
	} else {
		put(j, "=", 1);
	}
	put(j, value, len);
	put(j, "\n", 1);
}

static bool connect_socket(struct systemd_journal *j)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = SOCKET_PATH,
	};

	if (j->fd >= 0)
		close(j->fd);
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return j->fd >= 0 &&
	       !connect(j->fd, (const struct sockaddr *)&address, sizeof(address));
}

static _Noreturn void die_of_journal(void)
{
	die(STATUS_ERROR, "cannot write to the systemd journal: %s", strerror(errno));
}

/** systemd_journal_check - connect to the journal, or die: there is none */
void systemd_journal_check(struct systemd_journal *j)
{
	if (!connect_socket(j))
		die_of_journal();
}

/**
 * systemd_journal_send - send the entry, and begin the next one
 *
 * Waits while the journal has no room. Returns false if a signal came before it had some: the
 * entry was not sent. Dies if there is no journal.
 */
bool systemd_journal_send(struct systemd_journal *j)
{
	bool reconnect = j->fd < 0;	/* the old socket may have no listener any more */

	for (;;) {
		if (reconnect && !connect_socket(j))
			break;
		if (send(j->fd, j->entry.bytes, j->entry.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			j->entry.len = 0;
			return true;
		}
		if (errno == EAGAIN) {
			reconnect = false;
			if (long_output_room(j->fd))
				continue;
			j->entry.len = 0;
			return false;
		}
		if (reconnect || (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET))
			break;
		reconnect = true;
	}
	die_of_journal();
}
