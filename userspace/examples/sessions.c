// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sessions: two of them on one heap. What the first holds is gone when it is
 * closed; what it gave a name stays.
 */
#include "example.h"

static void make_objects(const char *heap)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_id named, unnamed;

	try(refheap_open(heap, REFHEAP_ATTACH_CREATE, &session));
	try(refheap_new_str(session, "held by its name", &named));
	try(refheap_new_str(session, "held by the session", &unnamed));
	try(refheap_set_name(session, "greeting", named));
	printf("references to the named one: %" PRId64 "\n",
	       try(refheap_refcount(session, named)));
	/* Closing the session drops one reference to each. */
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap_heap_info info;
	refheap_id id;
	char *text;

	make_objects("example.session");

	try(refheap_open("example.session", 0, &session));
	try(refheap_get_name(session, "greeting", &id));
	try(refheap_get_data(session, id, &text, NULL));
	printf("still there: %s\n", text);
	free(text);

	try(refheap_ctl_open(&ctl));
	try(refheap_heap_get(ctl, refheap_heap(session), &info));
	printf("heap %s has %" PRIu64 " name, mode %o\n", info.name, info.names,
	       info.mode);
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return 0;
}
