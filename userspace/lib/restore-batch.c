// SPDX-License-Identifier: LGPL-2.1-or-later
/* Restoring a heap: operations are gathered, and executed when there are many. */
#include "restore.h"

/* The ids of a group, which are the output of operation @n. */
static const uint32_t *take_group(struct restore *restore, size_t n, const uint32_t *member)
{
	const refheap_id *ids;
	size_t length;

	ids = refheap_batch_output(restore->batch, n, &length);
	for (size_t i = 0; i < length / sizeof(*ids); i++)
		restore->id[*member++] = ids[i];
	return member;
}

static void take_results(struct restore *restore)
{
	size_t count = refheap_batch_count(restore->batch);
	const uint32_t *member = restore->member;

	for (size_t i = 0; i < count; i++) {
		uint32_t made = restore->made[i];

		if (made == GROUP)
			member = take_group(restore, i, member);
		else if (made != NOBODY)
			restore->id[made] = refheap_batch_value(restore->batch, i);
	}
}

/* Execute what the batch has; results become ids. */
int rh_restore_flush(struct restore *restore)
{
	int err;

	if (!refheap_batch_count(restore->batch))
		return 0;
	err = refheap_batch_submit(restore->batch, restore->session, restore->submit);
	if (!err)
		take_results(restore);
	refheap_batch_reset(restore->batch);
	restore->bytes = 0;
	restore->members = 0;
	return err;
}

/* Room for an operation, and up to three beside it, with @bytes of input. */
int rh_restore_room(struct restore *restore, size_t bytes)
{
	int err = 0;

	if (refheap_batch_count(restore->batch) + 4 > BATCH_OPS ||
	    restore->bytes + bytes > BATCH_BYTES)
		err = rh_restore_flush(restore);
	restore->bytes += bytes;
	return err;
}

/* An operation was added (or not, @n then is an error) that makes nothing. */
int rh_restore_added(struct restore *restore, int n)
{
	if (n < 0)
		return n;
	restore->made[n] = NOBODY;
	return 0;
}

/* An operation was added that makes @object. */
int rh_restore_made(struct restore *restore, int n, uint32_t object)
{
	int err = rh_restore_added(restore, n);

	if (err)
		return err;
	restore->made[n] = object;
	restore->id[object] = REFHEAP_ID_RESULT(n);
	return 0;
}
