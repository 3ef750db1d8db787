// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on weak references, finalizers and frames.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "collect.h"
#include "execute.h"
#include "finalize.h"
#include "frame.h"
#include "post.h"
#include "table.h"
#include "weakref.h"

#define WEAKREF_FLAGS	(REFHEAP_WEAKREF_CALLBACK | REFHEAP_WEAKREF_ATEXIT)

static bool is_weakref(const struct rh_op *op)
{
	return rh_kind(op->heap, op->object) == REFHEAP_KIND_WEAKREF;
}

int rh_op_weakref(struct rh_op *op)
{
	bool callback = op->arg & REFHEAP_WEAKREF_CALLBACK;
	u32 flags = 0, slot = 0;
	int err;

	if ((op->arg & ~WEAKREF_FLAGS) || (!callback && (op->arg || op->b)))
		return -EINVAL;
	if (!rh_may_be_weakly_referenced(op->heap, op->object))
		return -EOPNOTSUPP;
	if (callback)
		flags = RH_WEAK_ARMED;
	else
		slot = rh_weakref_shared(op->heap, op->object);
	if (slot)
		return rh_op_give_borrowed(op, slot);
	if (op->arg & REFHEAP_WEAKREF_ATEXIT)
		flags |= RH_WEAK_ATEXIT;
	err = rh_op_prepare_birth(op);
	if (!err)
		err = rh_weakref_new(op->heap, op->batch->holder, op->object, flags, op->b, &slot);
	return err ?: rh_op_give(op, slot);
}

int rh_op_deref(struct rh_op *op)
{
	u32 referent;

	if (!is_weakref(op))
		return -EOPNOTSUPP;
	referent = rh_weakref_referent(op->heap, op->object);
	return referent ? rh_op_give_borrowed(op, referent) : 0;
}

static int give_weakref(struct rh_op *op, u32 slot)
{
	u64 *out = rh_op_output(op, sizeof(*out));
	int err = out ? rh_op_hold(op, slot) : -ENOSPC;

	if (!err)
		*out = rh_id(op->heap, slot);
	else if (out)
		rh_op_output_undo(op, sizeof(*out));
	return err;
}

/* Where the list goes on: behind the weak reference b, or at its beginning. */
static int first_weakref(const struct rh_op *op, u32 *slot)
{
	int err;
	u32 after;

	*slot = rh_weakref_first(op->heap, op->object);
	if (!op->b)
		return 0;
	after = rh_lookup(op->heap, op->b, &err);
	if (!after)
		return err;
	if (rh_kind(op->heap, after) != REFHEAP_KIND_WEAKREF ||
	    rh_weak(op->heap, after)->referent != op->object)
		return -EINVAL;
	*slot = rh_weak(op->heap, after)->older;
	return 0;
}

int rh_op_weakrefs(struct rh_op *op)
{
	u32 want = op->arg ?: 1, *n = &op->result->info, slot;
	int err;

	if (want > REFHEAP_MAX_IDS)
		return -E2BIG;
	err = first_weakref(op, &slot);
	for (; !err && slot && *n < want; slot = rh_weak(op->heap, slot)->older) {
		/* Dead and condemned ones leave the list soon. */
		if ((rh_head(op->heap, slot)->meta & RH_META_DEAD) ||
		    rh_is_condemned(op->heap, slot)) {
			if (!rh_slice_over(op->heap))
				continue;
			if (!*n)
				return RH_MORE;
			break;
		}
		err = give_weakref(op, slot);
		*n += !err;
	}
	op->result->value = rh_weakref_count(op->heap, op->object);
	rh_slice_book(op->heap, *n);
	return *n ? 0 : err;
}

int rh_op_disarm(struct rh_op *op)
{
	if (!is_weakref(op))
		return -EOPNOTSUPP;
	op->result->value = rh_weakref_disarm(op->heap, op->object);
	return 0;
}

static int make_weak_map(struct rh_op *op, u32 kind)
{
	u32 block;
	int err = rh_op_prepare_birth(op);

	if (!err)
		err = rh_object_prepare(op->heap, kind, 0, &block);
	return err ?: rh_op_give(op, rh_object_publish(op->heap, kind, 0, block, 0));
}

int rh_op_weak_value_dict(struct rh_op *op)
{
	return make_weak_map(op, REFHEAP_KIND_WEAK_VALUE_DICT);
}

int rh_op_weak_key_dict(struct rh_op *op)
{
	return make_weak_map(op, REFHEAP_KIND_WEAK_KEY_DICT);
}

int rh_op_weak_set(struct rh_op *op)
{
	return make_weak_map(op, REFHEAP_KIND_WEAK_SET);
}

int rh_op_finalized(struct rh_op *op)
{
	struct rh_holder *holder = op->batch->holder;

	if (!rh_finalizer_end(op->heap, holder, op->object))
		return -ENOTUNIQ;
	/* The reference that came with the event is no frame's. */
	if (rh_frameless_count(holder, op->object))
		rh_holder_less(op->heap, holder, op->object);
	else
		rh_holder_del(op->heap, holder, op->object);
	rh_release(op->heap, op->object);
	return 0;
}

int rh_op_adopt(struct rh_op *op)
{
	if (op->a > 1)
		return -EINVAL;
	rh_adopt(op->heap, op->batch->holder, op->a);
	return 0;
}

/* A collection that runs ends first: the pending may be among what it frees. */
int rh_op_collect_finish(struct rh_op *op)
{
	const struct rh_holder *holder = op->batch->holder;
	const struct rh_collector *gc = &op->heap->gc;
	struct rh_batch *batch = op->batch;

	/* Begun here, or by somebody else. */
	if (gc->again && gc->phase != RH_PHASE_IDLE) {
		batch->state.ticket = gc->ticket;
		return RH_MORE;
	}
	/* Once more, when finalizers have ended meanwhile. */
	if (gc->again_due || (!batch->state.begun && gc->pending)) {
		batch->state.begun = 1;
		batch->state.collect = RH_COLLECT_AGAIN;
		return RH_MORE;
	}
	op->result->value = holder->collected + holder->uncollectable;
	op->result->info = min_t(u64, gc->unended, U32_MAX);
	return 0;
}

int rh_op_frame_push(struct rh_op *op)
{
	int err = rh_frame_push(op->heap, op->batch->holder);

	if (!err)
		op->result->value = rh_holder_depth(op->batch->holder);
	return err;
}

int rh_op_frame_pop(struct rh_op *op)
{
	u32 depth = rh_holder_depth(op->batch->holder);

	if (!depth || (op->a && op->a != depth))
		return -EINVAL;
	rh_frame_pop(op->heap, op->batch->holder);
	return 0;
}

int rh_op_hand_out(struct rh_op *op)
{
	if (op->arg > 1)
		return -EINVAL;
	return rh_frame_hand_out(op->heap, op->batch->holder, op->object, op->arg);
}
