// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small HTTP server for one path, by libmicrohttpd, without threads and without TLS: requests are
 * answered one after the other, one of each connection.
 *
 * Whoever can connect can be slow. So a connection has a time in which all of it has to be done,
 * and where there are too many, the oldest of the address that has most of them is closed: clients
 * that stall do not keep others away.
 */
#ifdef HAVE_MICROHTTPD
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/http_server.h"
#include "print/text.h"
#include "util.h"

#define CONNECTIONS 32U
#define CONNECTION_MS 10000	/* without the time in which an answer is made */
#define CONNECTION_BYTES ((size_t)16384)
#define SYSTEMD "systemd"
#define SYSTEMD_FD 3		/* SD_LISTEN_FDS_START of sd_listen_fds(3) */

/* A connection, in the order in which they came. */
struct client {
	struct client *next;
	int fd;
	int64_t end;		/* when it is closed, by monotonic_ms() */
	unsigned char address[16];	/* all zero for one that is not of IP */
	bool closing;
};

struct server {
	const char *path;
	http_fn get;
	void *arg;
	int signals;
	struct client *clients;
};

static bool is_number(const char *text, uint64_t wanted)
{
	uint64_t value;

	return text && parse_uint(text, strlen(text), 10, UINT32_MAX, &value) && value == wanted;
}

/* The one socket that systemd listens on for the caller. */
static int systemd_socket(void)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (!is_number(getenv("LISTEN_PID"), getpid()) || !is_number(getenv("LISTEN_FDS"), 1))
		die(STATUS_ERROR, "--listen " SYSTEMD ": systemd has not passed one socket");
	if (getsockopt(SYSTEMD_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) || !listens)
		die(STATUS_ERROR, "--listen " SYSTEMD ": its socket does not listen");
	fcntl(SYSTEMD_FD, F_SETFD, FD_CLOEXEC);
	return SYSTEMD_FD;
}

/* Splits HOST:PORT or [HOST]:PORT, which is changed for that. */
static bool split(char *address, char **host, char **port)
{
	char *colon = strrchr(address, ':');

	if (!colon || colon == address || !colon[1])
		return false;
	*colon = '\0';
	*host = address;
	*port = colon + 1;
	if (*address != '[')
		return !strchr(address, ':');
	*host = address + 1;
	if (colon - address < 3 || colon[-1] != ']')
		return false;
	colon[-1] = '\0';
	return true;
}

static int open_socket(const struct addrinfo *info)
{
	const int on = 1;
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			info->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, SOMAXCONN))
		return fd;
	close(fd);
	return -1;
}

static int listen_at(const char *address)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	char *copy = xmemdup(address, strlen(address) + 1), *host, *port;
	struct addrinfo *list, *info;
	int ret, fd = -1;

	if (!split(copy, &host, &port))
		die_usage("invalid address: %s (HOST:PORT, [HOST]:PORT or " SYSTEMD ")", address);
	ret = getaddrinfo(host, port, &hints, &list);
	if (ret)
		die(STATUS_ERROR, "cannot listen on %s: %s", address, gai_strerror(ret));
	for (info = list; info && fd < 0; info = info->ai_next)
		fd = open_socket(info);
	if (fd < 0)
		die(STATUS_ERROR, "cannot listen on %s: %s", address, strerror(errno));
	freeaddrinfo(list);
	free(copy);
	return fd;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status,
				   const char *type, const char *body, size_t len)
{
	struct MHD_Response *response;
	enum MHD_Result ret;

	response = MHD_create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int status,
				 const char *text)
{
	return send_answer(connection, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* Makes the answer; all connections have as much more time as that takes. */
static void make_answer(struct server *server, struct MHD_Connection *connection,
			struct http_answer *answer)
{
	const int64_t begin = monotonic_ms();
	struct client *client;
	int64_t taken;

	server->get(MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						MHD_HTTP_HEADER_ACCEPT),
		    server->signals, answer, server->arg);
	taken = monotonic_ms() - begin;
	for (client = server->clients; client; client = client->next)
		client->end += taken;
}

/*
 * Called for the head of a request, for each part of a body, and at the end. The body of a request
 * that is refused is not read, since each answer ends the connection; any other body is dropped.
 */
static enum MHD_Result take_request(void *arg, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version,
				    const char *upload, size_t *upload_len, void **seen)
{
	struct server *server = arg;
	struct http_answer answer = { 0 };

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (strcmp(url, server->path))
		return send_text(connection, MHD_HTTP_NOT_FOUND, "not found: try /metrics\n");
	if (!*seen || *upload_len) {
		*seen = server;
		*upload_len = 0;
		return MHD_YES;
	}
	make_answer(server, connection, &answer);
	return send_answer(connection, answer.failed ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
			   answer.type, answer.body, answer.len);
}

/* The library notices, closes the connection, and calls take_client(). */
static void end_client(struct client *client)
{
	client->closing = true;
	shutdown(client->fd, SHUT_RDWR);
}

static size_t count_clients(const struct server *server, const unsigned char *address)
{
	const struct client *client;
	size_t n = 0;

	for (client = server->clients; client; client = client->next)
		n += !client->closing &&
		     (!address || !memcmp(client->address, address, sizeof(client->address)));
	return n;
}

static void end_oldest(struct server *server)
{
	struct client *client, *oldest = NULL;
	size_t n, most = 0;

	for (client = server->clients; client; client = client->next) {
		n = client->closing ? 0 : count_clients(server, client->address);
		if (n > most) {
			most = n;
			oldest = client;
		}
	}
	if (oldest)
		end_client(oldest);
}

static void set_address(struct client *client, const struct sockaddr *address)
{
	if (address && address->sa_family == AF_INET)
		memcpy(client->address, &((const struct sockaddr_in *)address)->sin_addr,
		       sizeof(struct in_addr));
	else if (address && address->sa_family == AF_INET6)
		memcpy(client->address, &((const struct sockaddr_in6 *)address)->sin6_addr,
		       sizeof(struct in6_addr));
}

/* Called where a connection begins and where it has ended. */
static void take_client(void *arg, struct MHD_Connection *connection, void **context,
			enum MHD_ConnectionNotificationCode code)
{
	struct server *server = arg;
	struct client *client = *context, **place = &server->clients;

	while (*place && *place != client)
		place = &(*place)->next;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		*place = client->next;
		free(client);
		return;
	}
	client = xcalloc(1, sizeof(*client));
	client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		->connect_fd;
	client->end = monotonic_ms() + CONNECTION_MS;
	set_address(client, MHD_get_connection_info(connection,
						    MHD_CONNECTION_INFO_CLIENT_ADDRESS)
		    ->client_addr);
	*context = *place = client;
	if (count_clients(server, NULL) > CONNECTIONS)
		end_oldest(server);
}

/* Ends connections whose time is over; milliseconds until that of the next is, -1 for never. */
static int end_late(struct server *server)
{
	const int64_t now = monotonic_ms();
	struct client *client;
	int64_t left = -1;

	for (client = server->clients; client; client = client->next) {
		if (client->closing)
			continue;
		if (client->end <= now)
			end_client(client);
		else if (left < 0 || client->end - now < left)
			left = client->end - now;
	}
	return left;
}

/* Until SIGINT or SIGTERM. */
static void run(struct MHD_Daemon *daemon, struct server *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {
		{ .fd = server->signals, .events = POLLIN },
		{ .fd = info->epoll_fd, .events = POLLIN },
	};
	MHD_UNSIGNED_LONG_LONG timeout;
	int wait;

	for (;;) {
		wait = end_late(server);
		if (MHD_get_timeout(daemon, &timeout) == MHD_YES &&
		    (wait < 0 || timeout < (unsigned int)wait))
			wait = timeout;
		if (poll(fds, ARRAY_SIZE(fds), wait) < 0 && errno != EINTR)
			die(STATUS_ERROR, "cannot wait for requests: %s", strerror(errno));
		if (fds[0].revents)
			return;
		MHD_run(daemon);
	}
}

/**
 * http_serve - answer requests for one path, until SIGINT or SIGTERM, or die
 * @address: HOST:PORT, [HOST]:PORT, or "systemd" for the socket that systemd passed
 * @path: the path
 * @get: makes an answer
 * @arg: for @get
 */
void http_serve(const char *address, const char *path, http_fn get, void *arg)
{
	struct server server = { .path = path, .get = get, .arg = arg };
	int fd = strcmp(address, SYSTEMD) ? listen_at(address) : systemd_socket();
	struct MHD_Daemon *daemon;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);	/* for good: the caller ends */
	server.signals = signalfd(-1, &set, SFD_CLOEXEC);
	daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, take_request, &server,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, 2 * CONNECTIONS,
				  MHD_OPTION_NOTIFY_CONNECTION, take_client, &server,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
				  MHD_OPTION_END);
	if (!daemon || server.signals < 0)
		die(STATUS_ERROR, "cannot serve: %s", strerror(errno));
	run(daemon, &server);
	MHD_stop_daemon(daemon);	/* closes the socket, too */
	close(server.signals);
}
#endif
