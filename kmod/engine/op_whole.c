// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on payload, inspection of one object, and what concerns the whole
 * heap.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "collect.h"
#include "execute.h"
#include "inspect.h"
#include "value.h"

#define VERIFY_TEXT	160

void *rh_op_output(struct rh_op *op, u32 len)
{
	struct rh_batch *batch = op->batch;
	struct refheap_result *result = op->result;
	u64 at = batch->out_used;

	if (!result->out_len)
		at = ALIGN(at, 8);
	if (at + len > batch->out_len)
		return NULL;
	/* The caller fills what it asked for; nothing else may be told. */
	if (at != batch->out_used)
		memset(batch->out + batch->out_used, 0, at - batch->out_used);
	if (!result->out_len)
		result->out_off = at;
	result->out_len += len;
	batch->out_used = at + len;
	return batch->out + at;
}

void rh_op_output_undo(struct rh_op *op, u32 len)
{
	op->result->out_len -= len;
	op->batch->out_used -= len;
}

static bool is_leaf(const struct rh_op *op)
{
	return rh_kind_is_leaf(rh_kind(op->heap, op->object));
}

int rh_op_read(struct rh_op *op)
{
	u64 len = is_leaf(op) ? rh_length(op->heap, op->object) : 0, n;
	void *out;

	if (!is_leaf(op))
		return -EOPNOTSUPP;
	if (op->b > len)
		return -ERANGE;
	n = min(op->c, len - op->b);
	if (n > REFHEAP_MAX_DATA)
		return -E2BIG;
	if (n) {
		out = rh_op_output(op, n);
		if (!out)
			return -ENOSPC;
		memcpy(out, (u8 *)rh_payload(op->heap, op->object) + op->b, n);
		rh_slice_book_bytes(op->heap, n);
	}
	op->result->value = n;
	return 0;
}

int rh_op_write(struct rh_op *op)
{
	u64 len;

	if (rh_kind(op->heap, op->object) != REFHEAP_KIND_BYTEARRAY)
		return -EOPNOTSUPP;
	len = rh_length(op->heap, op->object);
	if (op->b > len || op->len > len - op->b)
		return -ERANGE;
	if (op->len)
		memcpy((u8 *)rh_payload(op->heap, op->object) + op->b, op->data, op->len);
	op->heap->changes++;
	rh_slice_book_bytes(op->heap, op->len);
	op->result->value = op->len;
	return 0;
}

int rh_op_resize(struct rh_op *op)
{
	if (rh_kind(op->heap, op->object) != REFHEAP_KIND_BYTEARRAY)
		return -EOPNOTSUPP;
	if (op->b > op->heap->params.max_payload)
		return -EFBIG;
	return rh_bytearray_resize(op->heap, op->object, op->b);
}

int rh_op_view(struct rh_op *op)
{
	u32 offset;
	int err = rh_payload_view(op->heap, op->object, &offset);

	if (err)
		return err;
	op->result->value = (u64)op->object << REFHEAP_VIEW_SHIFT;
	op->result->info = offset;
	return 0;
}

int rh_op_info(struct rh_op *op)
{
	struct refheap_info *info = rh_op_output(op, sizeof(*info));

	if (!info)
		return -ENOSPC;
	rh_object_info(op->heap, op->object, info);
	rh_slice_book(op->heap, rh_object_len_cost(op->heap, op->object));
	info->held = rh_holder_slot_count(op->batch->holder, op->object);
	return 0;
}

/*
 * A signal throws the state of an operation away. Whoever asks again for what
 * is still running waits for that, or a timer would start collections for ever.
 */
int rh_op_collect(struct rh_op *op)
{
	struct rh_batch *batch = op->batch;
	struct rh_holder *holder = batch->holder;
	u32 *ticket = &batch->state.ticket;

	if (op->arg >= RH_GENERATIONS)
		return -EINVAL;
	if (!*ticket && op->heap->gc.requester == holder && op->heap->gc.generation == op->arg)
		*ticket = holder->collect_ticket;
	if (*ticket && rh_collect_running(op->heap, *ticket))
		return RH_MORE;
	if (!*ticket || holder->result_ticket != *ticket) {
		batch->state.collect = op->arg + 1;
		return RH_MORE;
	}
	op->result->value = holder->collected + holder->uncollectable;
	op->result->info = holder->uncollectable;
	return 0;
}

/*
 * Collections are over before anything moves to or from the permanent generation,
 * and so is what finalizers that have ended left to be done.
 */
static bool collection_runs(struct rh_op *op)
{
	if (op->heap->gc.phase == RH_PHASE_IDLE && !op->heap->gc.again_due)
		return false;
	rh_work_step(op->heap);
	return true;
}

int rh_op_freeze(struct rh_op *op)
{
	struct rh_batch *batch = op->batch;

	if (collection_runs(op))
		return RH_MORE;
	if (!batch->state.begun)
		rh_freeze_begin(op->heap);
	batch->state.begun = 1;
	return rh_freeze_step(op->heap, &batch->state.cursor);
}

int rh_op_unfreeze(struct rh_op *op)
{
	if (collection_runs(op))
		return RH_MORE;
	return rh_unfreeze_step(op->heap, &op->batch->state.cursor);
}

int rh_op_garbage_clear(struct rh_op *op)
{
	struct rh_batch *batch = op->batch;

	op->result->value = 0;
	if (rh_garbage_clear_step(op->heap, &batch->state.cursor, &batch->state.n) != RH_DONE)
		return RH_MORE;
	op->result->value = batch->state.n;
	return 0;
}

int rh_op_verify(struct rh_op *op)
{
	char text[VERIFY_TEXT];
	long faults = rh_verify(op->heap, text, sizeof(text));
	void *out;

	if (faults < 0)
		return faults;
	op->result->value = faults;
	out = faults ? rh_op_output(op, strlen(text)) : NULL;
	if (out)
		memcpy(out, text, strlen(text));
	return 0;
}
