// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handing a reference to another process, over a Unix socket. The object is
 * alive while it is on its way, even when nobody else holds it.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

#define HEAP "example.handoff"

static void print_holders(struct refheap *session, refheap_id id)
{
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_holder_info info;

	try(refheap_ctl_open(&ctl));
	try(refheap_iter_holders(ctl, refheap_heap(session), id, &iter));
	while (try(refheap_next_holder(iter, &info)))
		printf("  %u of %s%s\n", info.count, info.comm,
		       info.exported ? ", in a descriptor" : "");
}

/* The child has a session of its own, and so references of its own. */
static void receive(int socket)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_id document;
	char *text;

	try(refheap_open(HEAP, 0, &session));
	try(refheap_receive_object(session, socket, &document));
	try(refheap_get_data(session, document, &text, NULL));
	printf("received: %s; held by\n", text);
	print_holders(session, document);
	free(text);
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_id document;
	int status = 0;
	int ends[2];
	pid_t child;

	try(refheap_open(HEAP, REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return EXIT_FAILURE;
	try(refheap_new_str(session, "a document, made by the parent",
			    &document));
	try(refheap_send_object(session, ends[0], document));
	printf("sent; held by\n");
	print_holders(session, document);
	try(refheap_drop(session, document));
	printf("alive on its way: %" PRId64 "\n",
	       try(refheap_alive(session, document)));

	fflush(stdout);
	child = fork();
	if (!child) {
		receive(ends[1]);
		exit(0);
	}
	waitpid(child, &status, 0);
	close(ends[0]);
	close(ends[1]);
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return status ? EXIT_FAILURE : 0;
}
