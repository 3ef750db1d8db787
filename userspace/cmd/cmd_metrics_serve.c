// SPDX-License-Identifier: GPL-2.0
/* The listener: answers GET /metrics, on loopback. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "clock.h"
#include "cmd_metrics.h"
#include "late.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define CONNECTIONS_MAX 256
#define CONNECTION_SECONDS 5	/* from its beginning to its end, however slow */
#define CONNECTION_MEMORY 16384

#define LIBRARY "libmicrohttpd.so.12"
#define FUNCTIONS(use) \
	use(MHD_add_response_header) use(MHD_create_response_from_buffer) \
	use(MHD_destroy_response) use(MHD_get_connection_info) use(MHD_get_daemon_info) \
	use(MHD_get_timeout) use(MHD_lookup_connection_value) use(MHD_queue_response) \
	use(MHD_run) use(MHD_start_daemon) use(MHD_stop_daemon)

static struct {
	FUNCTIONS(LATE_DECLARE)
} http;

/**
 * struct server - the listener
 * @context: of this run
 * @choice: what figures are wanted
 * @socket: that it listens to
 * @signals: SIGINT and SIGTERM come here
 * @daemon: speaks HTTP; does all its work when it is asked to, in this thread
 * @ended: a connection has, in the last turn of @daemon
 * @began_ns: when each connection began, by the place it has; 0: free
 * @connections: their descriptors
 */
struct server {
	struct context *context;
	const struct metrics_choice *choice;
	int socket;
	int signals;
	struct MHD_Daemon *daemon;
	bool ended;
	uint64_t began_ns[CONNECTIONS_MAX];
	int connections[CONNECTIONS_MAX];
};

/* What is answered: @body is freed with it. */
struct answer {
	unsigned int status;
	const char *type;
	const char *allow;
	char *body;
	size_t length;
};

static const char openmetrics_type[] =
	"application/openmetrics-text; version=1.0.0; charset=utf-8";
static const char prometheus_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char plain_type[] = "text/plain; charset=utf-8";

static void say(struct answer *answer, unsigned int status, char *body)
{
	answer->status = status;
	answer->type = plain_type;
	answer->body = body;
	answer->length = strlen(body);
}

static void answer_figures(struct server *server, enum metrics_format format,
			   struct answer *answer)
{
	struct metrics metrics;
	FILE *file;
	int error;

	error = metrics_gather(server->choice, &metrics);
	if (error) {
		say(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
		    error == -ENXIO ? xstrdup("the kernel module refheap is not loaded\n") :
				      xasprintf("%s\n", refheap_strerror(error)));
		return;
	}
	answer->status = MHD_HTTP_OK;
	answer->type = format == METRICS_OPENMETRICS ? openmetrics_type : prometheus_type;
	file = open_memstream(&answer->body, &answer->length);
	if (file) {
		metrics_write(file, &metrics, format);
		error = ferror(file);
		error |= fclose(file);
	}
	metrics_free(&metrics);
	if (!file || error) {
		if (file)
			free(answer->body);
		say(answer, MHD_HTTP_SERVICE_UNAVAILABLE, xstrdup("no memory\n"));
	}
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
	struct MHD_Response *response =
		http.MHD_create_response_from_buffer(answer->length, answer->body,
						     MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!response) {
		free(answer->body);
		return MHD_NO;
	}
	http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	http.MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	/* Connections do not outlive a request, so that none can stay for ever. */
	http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (answer->allow)
		http.MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	result = http.MHD_queue_response(connection, answer->status, response);
	http.MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	const char *accept = http.MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							      MHD_HTTP_HEADER_ACCEPT);
	struct answer answer = { 0 };

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	if (strcmp(url, "/metrics")) {
		say(&answer, MHD_HTTP_NOT_FOUND, xstrdup("there is only /metrics\n"));
	} else if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		say(&answer, MHD_HTTP_METHOD_NOT_ALLOWED, xstrdup("only GET and HEAD\n"));
		answer.allow = "GET, HEAD";
	} else {
		answer_figures(data, metrics_accepted(accept), &answer);
	}
	return send_answer(connection, &answer);
}

static void note_connection(void *data, struct MHD_Connection *connection, void **place,
			    enum MHD_ConnectionNotificationCode what)
{
	struct server *server = data;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		server->ended = true;
		if (*place)
			*(uint64_t *)*place = 0;
		return;
	}
	info = http.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	for (size_t i = 0; info && i < CONNECTIONS_MAX; i++) {
		if (server->began_ns[i])
			continue;
		server->began_ns[i] = clock_now();
		server->connections[i] = info->connect_fd;
		*place = &server->began_ns[i];
		return;
	}
}

/*
 * A client that sends a byte now and then is never quiet for long enough to be
 * thrown out. What is shut down here is closed, and forgotten, by the daemon.
 */
static void end_slow_connections(struct server *server)
{
	uint64_t now = clock_now();

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (server->began_ns[i] &&
		    now - server->began_ns[i] > CONNECTION_SECONDS * 1000000000ULL)
			shutdown(server->connections[i], SHUT_RDWR);
	}
}

static bool any_connection(const struct server *server)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (server->began_ns[i])
			return true;
	}
	return false;
}

/*
 * Milliseconds until something is due without anybody asking. When it has as many
 * connections as it may, the daemon does not listen. It begins again in the turn
 * after the one in which a connection ends, and does not say that it needs one.
 */
static int next_wake(const struct server *server)
{
	MHD_UNSIGNED_LONG_LONG due;
	int wait = any_connection(server) ? 1000 : -1;

	if (server->ended)
		return 0;
	if (http.MHD_get_timeout(server->daemon, &due) == MHD_YES &&
	    (wait < 0 || due < (MHD_UNSIGNED_LONG_LONG)wait))
		wait = due > 1000 ? 1000 : (int)due;
	return wait;
}

static int serve(struct server *server)
{
	const union MHD_DaemonInfo *info =
		http.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd files[] = {
		{ .fd = server->signals, .events = POLLIN },
		{ .fd = info->epoll_fd, .events = POLLIN },
	};

	for (;;) {
		if (poll(files, ARRAY_SIZE(files), next_wake(server)) < 0 && errno != EINTR)
			return report_error(server->context, -errno, "cannot wait");
		if (files[0].revents)
			return STATUS_OK;
		end_slow_connections(server);
		server->ended = false;
		if (http.MHD_run(server->daemon) != MHD_YES)
			return report_refused(server->context, EIO, "the listener has failed");
	}
}

/* ADDRESS:PORT, [ADDRESS]:PORT or PORT. */
static int resolve(struct context *context, const char *where, struct addrinfo **found)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE,
	};
	const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
	cleanup_free char *host = colon ? xstrndup(where, (size_t)(colon - where)) :
					  xstrdup("127.0.0.1");
	char *name = host;
	size_t length = strlen(host);
	uint64_t number;
	int error;

	if (!parse_number(port, &number) || number > UINT16_MAX)
		return report_usage(context, "--listen needs [ADDRESS:]PORT, not '%s'", where);
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		name++;
	}
	if (!*name)
		return report_usage(context, "there is no address in '%s'", where);
	error = getaddrinfo(name, port, &hints, found);
	if (error)
		return report_refused(context, EADDRNOTAVAIL, "there is no address '%s': %s", name,
				      gai_strerror(error));
	return STATUS_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	if (address->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static int bind_socket(struct server *server, const struct addrinfo *address)
{
	int on = 1;

	server->socket = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->socket < 0)
		return -errno;
	setsockopt(server->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->socket, address->ai_addr, address->ai_addrlen) ||
	    listen(server->socket, SOMAXCONN))
		return -errno;
	return 0;
}

static int open_socket(struct server *server, const char *where, bool public)
{
	struct context *context = server->context;
	struct addrinfo *address;
	int error, status = resolve(context, where, &address);

	if (status)
		return status;
	if (!public && !is_loopback(address->ai_addr)) {
		status = report_refused(context, EACCES,
					"'%s' is not on loopback: whoever reaches it would see "
					"what you can see; --public allows that", where);
	} else {
		error = bind_socket(server, address);
		if (error)
			status = report_error(context, error, "cannot listen on '%s'", where);
	}
	freeaddrinfo(address);
	return status;
}

static int start_daemon(struct server *server)
{
	server->daemon = http.MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, server,
		MHD_OPTION_LISTEN_SOCKET, server->socket,
		MHD_OPTION_NOTIFY_CONNECTION, note_connection, server,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)CONNECTION_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_END);
	if (!server->daemon)
		return report_refused(server->context, errno, "cannot start the listener");
	/* It closes the socket as well. */
	server->socket = -1;
	return STATUS_OK;
}

/* With port 0 the kernel has chosen one. */
static int announce(const struct server *server)
{
	const union MHD_DaemonInfo *info =
		http.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD);
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	cleanup_free char *url = NULL;
	struct json_object *document;

	if (getsockname(info->listen_fd, (struct sockaddr *)&address, &length) ||
	    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return report_error(server->context, -errno, "cannot tell the address");
	url = xasprintf(address.ss_family == AF_INET6 ? "http://[%s]:%s/metrics" :
							"http://%s:%s/metrics", host, port);
	if (server->context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "url", json_object_new_string(url));
		output_json(server->context, document);
	} else {
		printf("%s\n", url);
	}
	fflush(stdout);
	return STATUS_OK;
}

int metrics_serve(struct context *context, const struct metrics_choice *choice,
		  const char *where, bool public)
{
	struct server server = { .context = context, .choice = choice, .socket = -1 };
	sigset_t caught, before;
	int status = late_load(context, LIBRARY, (const char *[]){ FUNCTIONS(LATE_NAME) NULL },
			       &http);

	if (!status)
		status = open_socket(&server, where, public);
	sigemptyset(&caught);
	sigaddset(&caught, SIGINT);
	sigaddset(&caught, SIGTERM);
	sigprocmask(SIG_BLOCK, &caught, &before);
	server.signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!status && server.signals < 0)
		status = report_error(context, -errno, "cannot wait for signals");
	if (!status)
		status = start_daemon(&server);
	if (!status)
		status = announce(&server);
	if (!status)
		status = serve(&server);
	if (server.daemon)
		http.MHD_stop_daemon(server.daemon);
	if (server.socket >= 0)
		close(server.socket);
	/* The signal has done what it was sent for. */
	while (server.signals >= 0 &&
	       read(server.signals, &(struct signalfd_siginfo){ 0 },
		    sizeof(struct signalfd_siginfo)) > 0)
		;
	if (server.signals >= 0)
		close(server.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
