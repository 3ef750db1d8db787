// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Views: two processes, one buffer, no copies.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

#define SIZE (1 << 20)

/* The child finds the buffer by its name, with a session of its own. */
static int write_greeting(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_view struct refheap_view view = { 0 };
	struct refheap_slice slice;
	refheap_id buffer;

	try(refheap_open(NULL, 0, &session));
	try(refheap_get_name(session, "buffer", &buffer));
	try(refheap_view_open(session, buffer, REFHEAP_VIEW_WRITE, &view));
	slice = refheap_view_slice(&view, -16, INT64_MAX);
	snprintf(slice.data, slice.length, "from %s", "the child");
	return 0;
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_view struct refheap_view view = { 0 };
	struct refheap_slice slice;
	refheap_id buffer;
	pid_t child;

	try(refheap_open(NULL, 0, &session));
	try(refheap_new_bytearray(session, NULL, SIZE, &buffer));
	try(refheap_set_name(session, "buffer", buffer));
	try(refheap_view_open(session, buffer, 0, &view));

	child = fork();
	if (!child)
		_exit(write_greeting());
	waitpid(child, NULL, 0);

	slice = refheap_view_slice(&view, -16, INT64_MAX);
	printf("%zu bytes at the end of %zu: %s\n", slice.length, view.length,
	       (char *)slice.data);
	try(refheap_del_name(session, "buffer"));
	return 0;
}
