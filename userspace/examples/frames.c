// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames: references that end with a scope, on every way out of it, except
 * those that are handed out.
 */
#include <errno.h>

#include "example.h"

/* A list of the squares, or an error; nothing else is left behind. */
static int squares(struct refheap *session, int count, refheap_id *list)
{
	refheap_id made;
	int err;

	REFHEAP_FRAME(session);

	err = refheap_new_list(session, NULL, 0, &made);
	if (err)
		return err;
	for (int i = 0; i < count; i++) {
		refheap_id square;

		if (i > 1000)
			return -ERANGE;
		err = refheap_new_float(session, i * (double)i, &square);
		if (err)
			return err;
		err = refheap_append(session, made, square);
		if (err)
			return err;
	}
	err = refheap_hand_out(session, made);
	if (!err)
		*list = made;
	return err;
}

static uint64_t objects(struct refheap_ctl *ctl, uint32_t heap)
{
	struct refheap_heap_info info;

	try(refheap_heap_get(ctl, heap, &info));
	return info.objects;
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	uint64_t before;
	refheap_id list;
	uint32_t heap;

	try(refheap_open("example.frames", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	heap = refheap_heap(session);
	before = objects(ctl, heap);

	for (int i = 0; i < 3; i++) {
		REFHEAP_FRAME(session);

		try(squares(session, 500, &list));
		printf("%" PRId64 " squares, %" PRIu64 " objects\n",
		       try(refheap_len(session, list)),
		       objects(ctl, heap) - before);
	}
	printf("after the scopes: %" PRIu64 "\n", objects(ctl, heap) - before);

	printf("too many: %s\n",
	       refheap_strerror(squares(session, 5000, &list)));
	printf("after the error: %" PRIu64 "\n", objects(ctl, heap) - before);
	try(refheap_heap_remove(ctl, heap));
	return 0;
}
