// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Batches: a ring of a thousand dicts made by one system call.
 */
#include "example.h"

#define RING 1000

static void build_ring(struct refheap_batch_builder *batch)
{
	int first = refheap_batch_new_dict(batch, NULL, 0);
	int last = first;

	for (int i = 1; i < RING; i++) {
		/* The ring keeps all but the first alive: nobody else must. */
		int next = refheap_batch_temp(batch,
					      refheap_batch_new_dict(batch, NULL, 0));

		refheap_batch_set_key_str(batch, REFHEAP_ID_RESULT(last), "next",
					  REFHEAP_ID_RESULT(next));
		last = next;
	}
	refheap_batch_set_key_str(batch, REFHEAP_ID_RESULT(last), "next",
				  REFHEAP_ID_RESULT(first));
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	refheap_id first;
	int err;

	try(refheap_open(NULL, 0, &session));
	try(refheap_batch_alloc(&batch));

	build_ring(batch);
	printf("%zu operations in one call\n", refheap_batch_count(batch));
	try(refheap_batch_submit(batch, session, 0));
	first = refheap_batch_value(batch, 0);
	printf("references to the first: %" PRId64 "\n",
	       try(refheap_refcount(session, first)));
	try(refheap_drop(session, first));
	printf("collected: %" PRId64 "\n",
	       try(refheap_collect(session, 2, NULL)));

	/* The third operation fails; undoing gives back what the others took. */
	refheap_batch_reset(batch);
	refheap_batch_new_list(batch, NULL, 0);
	refheap_batch_new_dict(batch, NULL, 0);
	refheap_batch_pop(batch, REFHEAP_ID_RESULT(0), -1);
	err = refheap_batch_submit(batch, session, 0);
	printf("operation %d: %s\n", refheap_batch_failed(batch),
	       refheap_strerror(err));
	try(refheap_batch_undo(batch, session));
	return 0;
}
