// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A server that keeps a table for its clients. Whatever a request makes goes
 * with the request's frame, however the request ends; what it stores in the
 * table stays. Requests are lines, "put KEY TEXT", "get KEY" and "bad".
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

struct server {
	struct refheap *session;
	struct refheap_ctl *ctl;
	refheap_id table;
};

static int put(struct server *server, const char *key, const char *text)
{
	refheap_id value;
	int err;

	err = refheap_new_str(server->session, text, &value);
	if (err)
		return err;
	return refheap_set_key_str(server->session, server->table, key, value);
}

static int get(struct server *server, const char *key, char *answer, size_t room)
{
	refheap_id value;
	ssize_t length;
	int err;

	err = refheap_get_key_str(server->session, server->table, key, &value);
	if (err)
		return err;
	length = refheap_read(server->session, value, 0, answer, room - 1);
	if (length < 0)
		return (int)length;
	answer[length] = '\0';
	return 0;
}

/* Makes a good many objects before it sees that it cannot go on. */
static int fail(struct server *server)
{
	refheap_id id;

	for (int i = 0; i < 100; i++)
		try(refheap_new_list(server->session, NULL, 0, &id));
	return -EINVAL;
}

/* No path out of here drops anything by hand. */
static int handle(struct server *server, char *request, char *answer,
		  size_t room)
{
	char *verb = strtok(request, " ");
	char *key = strtok(NULL, " ");
	char *text = strtok(NULL, "");

	REFHEAP_FRAME(server->session);

	snprintf(answer, room, "ok");
	if (verb && !strcmp(verb, "put") && key && text)
		return put(server, key, text);
	if (verb && !strcmp(verb, "get") && key)
		return get(server, key, answer, room);
	return fail(server);
}

static uint64_t objects(struct server *server)
{
	struct refheap_heap_info info;

	try(refheap_heap_get(server->ctl, refheap_heap(server->session),
			     &info));
	return info.objects;
}

static void serve(struct server *server, int client)
{
	char request[256], answer[256];
	ssize_t length;
	int err;

	while ((length = recv(client, request, sizeof(request) - 1, 0)) > 0) {
		request[length] = '\0';
		printf("%-16s ", request);
		err = handle(server, request, answer, sizeof(answer));
		if (err)
			snprintf(answer, sizeof(answer), "error: %s",
				 refheap_strerror(err));
		printf("%-28s %3" PRIu64 " objects\n", answer, objects(server));
		send(client, answer, strlen(answer), MSG_NOSIGNAL);
	}
}

static void client(int server)
{
	static const char *const requests[] = {
		"put color blue", "get color", "get size", "bad",
		"put color green", "get color",
	};
	char answer[256];

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		send(server, requests[i], strlen(requests[i]), MSG_NOSIGNAL);
		if (recv(server, answer, sizeof(answer), 0) <= 0)
			break;
	}
	_exit(0);
}

int main(void)
{
	struct server server;
	int ends[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		return EXIT_FAILURE;
	fflush(stdout);
	child = fork();
	if (!child) {
		close(ends[0]);
		client(ends[1]);
	}
	close(ends[1]);
	try(refheap_open("example.server", REFHEAP_ATTACH_CREATE,
			 &server.session));
	try(refheap_ctl_open(&server.ctl));
	try(refheap_new_dict(server.session, NULL, 0, &server.table));
	serve(&server, ends[0]);
	waitpid(child, NULL, 0);

	try(refheap_heap_remove(server.ctl, refheap_heap(server.session)));
	refheap_ctl_close(server.ctl);
	refheap_close(server.session);
	return 0;
}
