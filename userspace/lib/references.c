// SPDX-License-Identifier: LGPL-2.1-or-later
/* Taking references and giving them back. */
#include <errno.h>

#include "calls.h"

/* Operations in one call: small enough for the stack, large enough to matter. */
#define DROPS_AT_ONCE 64

int refheap_take(struct refheap *session, refheap_id id)
{
	return rh_do(session, rh_call_object(REFHEAP_OP_TAKE, id));
}

int refheap_drop(struct refheap *session, refheap_id id)
{
	return rh_do(session, rh_call_object(REFHEAP_OP_DROP, id));
}

/* Drop at most DROPS_AT_ONCE objects; returns the first error. */
static int drop_some(struct refheap *session, const refheap_id *ids,
		     size_t count)
{
	struct refheap_op ops[DROPS_AT_ONCE];
	struct refheap_result results[DROPS_AT_ONCE] = { 0 };
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.flags = REFHEAP_BATCH_CONTINUE,
		.ops = (uintptr_t)ops,
		.results = (uintptr_t)results,
	};
	int err;

	for (size_t i = 0; i < count; i++)
		if (ids[i])
			ops[batch.count++] =
				rh_call_object(REFHEAP_OP_DROP, ids[i]).op;
	if (!batch.count)
		return 0;
	err = rh_execute(session, &batch);
	for (uint32_t i = 0; !err && i < batch.count; i++)
		err = results[i].error;
	return err;
}

int refheap_drop_many(struct refheap *session, const refheap_id *ids,
		      size_t count)
{
	int first = 0;

	while (count) {
		size_t some = count < DROPS_AT_ONCE ? count : DROPS_AT_ONCE;
		int err = drop_some(session, ids, some);

		if (!first)
			first = err;
		ids += some;
		count -= some;
	}
	return first;
}

int refheap_drop_entries(struct refheap *session,
			 const struct refheap_entry *entries, size_t count)
{
	refheap_id ids[DROPS_AT_ONCE];
	int first = 0;

	while (count) {
		size_t n = 0;
		int err;

		for (; count && n < DROPS_AT_ONCE; count--, entries++) {
			ids[n++] = entries->key;
			ids[n++] = entries->value;
		}
		err = refheap_drop_many(session, ids, n);
		if (!first)
			first = err;
	}
	return first;
}

int refheap_drop_entry(struct refheap *session,
		       const struct refheap_entry *entry)
{
	return refheap_drop_entries(session, entry, 1);
}
