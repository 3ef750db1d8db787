// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The collector: cycles, generations, thresholds, and callbacks.
 */
#include "example.h"

static void make_cycle(struct refheap *session)
{
	refheap_auto_drop struct refheap_ref list = REFHEAP_REF(session);

	try(refheap_new_list(session, NULL, 0, &list.id));
	try(refheap_append(session, list.id, list.id));
}

static void print_event(struct refheap *session,
			const struct refheap_event *event, void *data)
{
	(void)session;
	(void)data;
	if (event->type == REFHEAP_EVENT_GC_START)
		printf("  start of generation %u\n", event->generation);
	else
		printf("  stop: %" PRIu64 " collected\n",
		       (uint64_t)event->collected);
}

static void print_settings(struct refheap_ctl *ctl, uint32_t heap)
{
	struct refheap_gc_info info;

	try(refheap_gc_get(ctl, heap, &info));
	printf("%s, thresholds %u %u %u, collections %" PRIu64 " %" PRIu64
	       " %" PRIu64 "\n", info.enabled ? "enabled" : "disabled",
	       info.generation[0].threshold, info.generation[1].threshold,
	       info.generation[2].threshold, info.generation[0].collections,
	       info.generation[1].collections, info.generation[2].collections);
}

int main(void)
{
	const uint32_t thresholds[] = { 100, 10, 10 };
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	uint32_t heap;

	try(refheap_open("example.collector", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	heap = refheap_heap(session);
	print_settings(ctl, heap);

	try(refheap_subscribe_events(session, REFHEAP_EVENT_GC_START |
					      REFHEAP_EVENT_GC_STOP));
	for (int i = 0; i < 3; i++)
		make_cycle(session);
	printf("collecting finds %" PRId64 "\n",
	       try(refheap_collect(session, 2, NULL)));
	try(refheap_dispatch_events(session, print_event, NULL, 0));

	try(refheap_gc_set_thresholds(ctl, heap, thresholds, 3));
	for (int i = 0; i < 250; i++)
		make_cycle(session);
	printf("250 cycles later:\n");
	try(refheap_dispatch_events(session, print_event, NULL, 0));
	print_settings(ctl, heap);
	try(refheap_heap_remove(ctl, heap));
	return 0;
}
