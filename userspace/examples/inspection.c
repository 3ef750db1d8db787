// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Inspection: what is in a heap, who refers to an object, by whom it is held.
 */
#include "example.h"

static void print_types(struct refheap_ctl *ctl, uint32_t heap)
{
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_type_info info;

	try(refheap_iter_types(ctl, heap, &iter));
	while (try(refheap_next_type(iter, &info)))
		if (info.objects)
			printf("%-10s %5" PRIu64 " objects, %7" PRIu64 " bytes\n",
			       info.name, info.objects, info.bytes);
}

static void print_referrers(struct refheap_ctl *ctl, uint32_t heap,
			    refheap_id id)
{
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_object_info info;

	try(refheap_iter_referrers(ctl, heap, id, &iter));
	while (try(refheap_next_object(iter, &info)))
		printf("a %s of length %" PRIu64 " refers to it %u times\n",
		       refheap_kind_name(info.kind), info.length, info.edges);
}

static void print_sessions(struct refheap_ctl *ctl, uint32_t heap)
{
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_session_info info;

	try(refheap_iter_sessions(ctl, heap, &iter));
	while (try(refheap_next_session(iter, &info)))
		printf("%s holds %" PRIu64 " references\n", info.comm,
		       info.held);
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_id text, pair[2], tuple, list;
	uint32_t heap;
	char broken[200];

	try(refheap_open("example.inspection", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	heap = refheap_heap(session);

	try(refheap_new_str(session, "looked for", &text));
	pair[0] = pair[1] = text;
	try(refheap_new_tuple(session, pair, 2, &tuple));
	try(refheap_new_list(session, pair, 1, &list));
	for (int i = 0; i < 100; i++)
		try(refheap_append(session, list, tuple));

	print_types(ctl, heap);
	print_referrers(ctl, heap, text);
	print_sessions(ctl, heap);
	printf("broken invariants: %" PRId64 "\n",
	       try(refheap_verify(session, broken, sizeof(broken))));
	try(refheap_heap_remove(ctl, heap));
	return 0;
}
