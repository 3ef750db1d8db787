// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Weak references: to look at objects without keeping them, to be told in an
 * epoll loop when they die, and dicts whose entries go with their values.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "example.h"

static void say_goodbye(struct refheap *session, refheap_id weakref,
			refheap_id referent, void *arg)
{
	(void)weakref;
	printf("%s is dead (%s)\n", (const char *)arg,
	       refheap_alive(session, referent) ? "no" : "really");
}

static void without_callback(struct refheap *session)
{
	refheap_auto_drop struct refheap_ref list = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref weakref = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref found = REFHEAP_REF(session);
	struct refheap_weak weak;

	try(refheap_new_list(session, NULL, 0, &list.id));
	try(refheap_new_weakref(session, list.id, &weakref.id));
	try(refheap_weakref_get(session, weakref.id, &weak));
	/* Costs no system call, and keeps nothing alive. */
	printf("alive: %" PRId64 "\n",
	       try(refheap_weakref_alive(session, &weak)));
	if (try(refheap_deref(session, weakref.id, &found.id)))
		printf("and for now it stays: refcount %" PRId64 "\n",
		       try(refheap_refcount(session, found.id)));
	try(refheap_drop(session, refheap_steal(&found)));
	try(refheap_drop(session, refheap_steal(&list)));
	printf("alive: %" PRId64 "\n",
	       try(refheap_weakref_alive(session, &weak)));
}

/* What a program with an event loop of its own does. */
static void loop_until(struct refheap *session, int wanted)
{
	struct epoll_event event = { .events = EPOLLIN };
	int loop = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(loop, EPOLL_CTL_ADD, refheap_fd(session), &event);
	while (wanted > 0 && epoll_wait(loop, &event, 1, 1000) > 0)
		wanted -= (int)try(refheap_dispatch(session, 0, 0));
	epoll_ctl(loop, EPOLL_CTL_DEL, refheap_fd(session), NULL);
	close(loop);
}

static void with_callbacks(struct refheap *session)
{
	refheap_id first, second, weakref;

	try(refheap_new_list(session, NULL, 0, &first));
	try(refheap_new_list(session, NULL, 0, &second));
	/* The session keeps the weak references until it is closed. */
	try(refheap_new_weakref_callback(session, first, say_goodbye, "first",
					 &weakref));
	try(refheap_new_weakref_callback(session, second, say_goodbye, "second",
					 &weakref));
	/* A cycle is not dead before it is collected, which tells at once. */
	try(refheap_append(session, second, second));
	try(refheap_drop(session, second));
	try(refheap_drop(session, first));
	loop_until(session, 1);
	try(refheap_collect(session, 2, NULL));
}

static void as_cache(struct refheap *session)
{
	refheap_auto_drop struct refheap_ref cache = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref page = REFHEAP_REF(session);

	try(refheap_new_weak_value_dict(session, &cache.id));
	try(refheap_new_list(session, NULL, 0, &page.id));
	try(refheap_set_key_str(session, cache.id, "index.html", page.id));
	printf("cached: %" PRId64 "\n", try(refheap_len(session, cache.id)));
	try(refheap_drop(session, refheap_steal(&page)));
	printf("when nobody uses it: %" PRId64 "\n",
	       try(refheap_len(session, cache.id)));
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;

	try(refheap_open("example.weakrefs", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	without_callback(session);
	with_callbacks(session);
	as_cache(session);
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return 0;
}
