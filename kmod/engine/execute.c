// SPDX-License-Identifier: GPL-2.0
/*
 * Executing batches: decode an operation, do what can fail, then do it.
 *
 * An operation that cannot be finished within its slice, because it waits for
 * a collection or walks over something long, returns RH_MORE and is called
 * again with what it left in batch->state.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "collect.h"
#include "execute.h"
#include "frame.h"
#include "history.h"
#include "table.h"
#include "weakref.h"

#define OPERATION_COST	8	/* units */
#define PASSED_IN_A_UNIT 8	/* results that nothing is to be done about */

/* What an operation makes of its fields; all others must be zero. */
enum use {
	A_OBJECT	= 1 << 0,
	A_NUMBER	= 1 << 1,
	B_NUMBER	= 1 << 2,
	B_KEY		= 1 << 3,	/* an object, or with KEY_STR a string */
	C_OBJECT	= 1 << 4,
	C_NUMBER	= 1 << 5,
	ARG		= 1 << 6,
	DATA		= 1 << 7,
	IDS		= 1 << 8,
	GIVES		= 1 << 9,	/* result.value is a reference */
	WRITES		= 1 << 10,
	HEADER		= 1 << 11,	/* birth of what has a collector header */
	C_ANY		= 1 << 12,	/* an object or 0 */
};

struct op_description {
	int (*execute)(struct rh_op *op);
	u32 use;
};

static const struct op_description descriptions[__REFHEAP_OP_MAX] = {
	[REFHEAP_OP_NOP] = { rh_op_nop, 0 },
	[REFHEAP_OP_NONE] = { rh_op_none, GIVES | WRITES },
	[REFHEAP_OP_BOOL] = { rh_op_bool, A_NUMBER | GIVES | WRITES },
	[REFHEAP_OP_INT] = { rh_op_int, A_NUMBER | GIVES | WRITES },
	[REFHEAP_OP_FLOAT] = { rh_op_float, A_NUMBER | GIVES | WRITES },
	[REFHEAP_OP_STR] = { rh_op_str, DATA | ARG | GIVES | WRITES },
	[REFHEAP_OP_BYTES] = { rh_op_bytes, DATA | GIVES | WRITES },
	[REFHEAP_OP_BYTEARRAY] = { rh_op_bytearray, A_NUMBER | DATA | GIVES | WRITES },
	[REFHEAP_OP_TUPLE] = { rh_op_tuple, IDS | GIVES | WRITES | HEADER },
	[REFHEAP_OP_LIST] = { rh_op_list, IDS | GIVES | WRITES | HEADER },
	[REFHEAP_OP_DICT] = { rh_op_dict, IDS | GIVES | WRITES | HEADER },
	[REFHEAP_OP_SET] = { rh_op_set, IDS | GIVES | WRITES | HEADER },
	[REFHEAP_OP_INSTANCE] = { rh_op_instance, ARG | IDS | GIVES | WRITES | HEADER },
	[REFHEAP_OP_TAKE] = { rh_op_take, A_OBJECT | GIVES },
	[REFHEAP_OP_DROP] = { rh_op_drop, A_OBJECT },
	[REFHEAP_OP_LEN] = { rh_op_len, A_OBJECT },
	[REFHEAP_OP_GET_INDEX] = { rh_op_get_index, A_OBJECT | B_NUMBER | GIVES },
	[REFHEAP_OP_SET_INDEX] = { rh_op_set_index, A_OBJECT | B_NUMBER | C_OBJECT | WRITES },
	[REFHEAP_OP_DEL_INDEX] = { rh_op_del_index, A_OBJECT | B_NUMBER | WRITES },
	[REFHEAP_OP_APPEND] = { rh_op_append, A_OBJECT | C_OBJECT | WRITES },
	[REFHEAP_OP_INSERT] = { rh_op_insert, A_OBJECT | B_NUMBER | C_OBJECT | WRITES },
	[REFHEAP_OP_POP] = { rh_op_pop, A_OBJECT | B_NUMBER | GIVES | WRITES },
	[REFHEAP_OP_GET_KEY] = { rh_op_get_key, A_OBJECT | B_KEY | GIVES },
	[REFHEAP_OP_SET_KEY] = { rh_op_set_key, A_OBJECT | B_KEY | C_OBJECT | WRITES },
	[REFHEAP_OP_DEL_KEY] = { rh_op_del_key, A_OBJECT | B_KEY | C_ANY | WRITES },
	[REFHEAP_OP_POP_KEY] = { rh_op_pop_key, A_OBJECT | B_KEY | GIVES | WRITES },
	[REFHEAP_OP_CONTAINS] = { rh_op_contains, A_OBJECT | B_KEY },
	[REFHEAP_OP_ADD] = { rh_op_add, A_OBJECT | B_KEY | WRITES },
	[REFHEAP_OP_DISCARD] = { rh_op_discard, A_OBJECT | B_KEY | WRITES },
	[REFHEAP_OP_GET_ATTR] = { rh_op_get_attr, A_OBJECT | DATA | GIVES },
	[REFHEAP_OP_SET_ATTR] = { rh_op_set_attr, A_OBJECT | DATA | C_OBJECT | WRITES },
	[REFHEAP_OP_DEL_ATTR] = { rh_op_del_attr, A_OBJECT | DATA | WRITES },
	[REFHEAP_OP_CLEAR] = { rh_op_clear, A_OBJECT | WRITES },
	[REFHEAP_OP_NEXT] = { rh_op_next, A_OBJECT | B_NUMBER | ARG },
	[REFHEAP_OP_READ] = { rh_op_read, A_OBJECT | B_NUMBER | C_NUMBER },
	[REFHEAP_OP_WRITE] = { rh_op_write, A_OBJECT | B_NUMBER | DATA | WRITES },
	[REFHEAP_OP_RESIZE] = { rh_op_resize, A_OBJECT | B_NUMBER | WRITES },
	[REFHEAP_OP_VIEW] = { rh_op_view, A_OBJECT },
	[REFHEAP_OP_INFO] = { rh_op_info, A_OBJECT },
	[REFHEAP_OP_TYPE_NEW] = { rh_op_type_new, DATA | WRITES },
	[REFHEAP_OP_TYPE_FIND] = { rh_op_type_find, DATA },
	[REFHEAP_OP_COLLECT] = { rh_op_collect, ARG | WRITES },
	[REFHEAP_OP_FREEZE] = { rh_op_freeze, WRITES },
	[REFHEAP_OP_UNFREEZE] = { rh_op_unfreeze, WRITES },
	[REFHEAP_OP_GARBAGE_CLEAR] = { rh_op_garbage_clear, WRITES },
	[REFHEAP_OP_VERIFY] = { rh_op_verify, WRITES },
	[REFHEAP_OP_WEAKREF] = { rh_op_weakref, A_OBJECT | B_NUMBER | ARG | GIVES | WRITES |
						HEADER },
	[REFHEAP_OP_DEREF] = { rh_op_deref, A_OBJECT | GIVES },
	[REFHEAP_OP_WEAKREFS] = { rh_op_weakrefs, A_OBJECT | B_NUMBER | ARG },
	[REFHEAP_OP_DISARM] = { rh_op_disarm, A_OBJECT | WRITES },
	[REFHEAP_OP_WEAK_VALUE_DICT] = { rh_op_weak_value_dict, GIVES | WRITES | HEADER },
	[REFHEAP_OP_WEAK_KEY_DICT] = { rh_op_weak_key_dict, GIVES | WRITES | HEADER },
	[REFHEAP_OP_WEAK_SET] = { rh_op_weak_set, GIVES | WRITES | HEADER },
	[REFHEAP_OP_FINALIZED] = { rh_op_finalized, A_OBJECT },
	[REFHEAP_OP_ADOPT] = { rh_op_adopt, A_NUMBER | WRITES },
	[REFHEAP_OP_COLLECT_FINISH] = { rh_op_collect_finish, WRITES },
	[REFHEAP_OP_FRAME_PUSH] = { rh_op_frame_push, 0 },
	[REFHEAP_OP_FRAME_POP] = { rh_op_frame_pop, A_NUMBER },
	[REFHEAP_OP_HAND_OUT] = { rh_op_hand_out, A_OBJECT | ARG },
	[REFHEAP_OP_MOVE_TO_END] = { rh_op_move_to_end, A_OBJECT | B_KEY | GIVES | WRITES },
	[REFHEAP_OP_SET_DEFAULT] = { rh_op_set_default,
				     A_OBJECT | B_KEY | C_OBJECT | GIVES | WRITES },
	[REFHEAP_OP_SCAN] = { rh_op_scan, B_NUMBER | ARG },
	[REFHEAP_OP_TRACE] = { rh_op_trace, A_NUMBER | B_NUMBER | C_NUMBER | ARG | WRITES },
	[REFHEAP_OP_TRACE_STAT] = { rh_op_trace_stat, 0 },
	[REFHEAP_OP_TRACE_READ] = { rh_op_trace_read, B_NUMBER },
	[REFHEAP_OP_TRACE_OF] = { rh_op_trace_of, A_OBJECT },
	[REFHEAP_OP_SITE] = { rh_op_site, DATA | WRITES },
	[REFHEAP_OP_HISTORY] = { rh_op_history, A_OBJECT | B_NUMBER | WRITES },
	[REFHEAP_OP_TYPE_HISTORY] = { rh_op_type_history, ARG | B_NUMBER | WRITES },
	[REFHEAP_OP_HISTORY_READ] = { rh_op_history_read, A_OBJECT },
	[REFHEAP_OP_POP_OLDEST] = { rh_op_pop_oldest, A_OBJECT | B_NUMBER | WRITES },
	[REFHEAP_OP_EXTEND] = { rh_op_extend, A_OBJECT | IDS | WRITES },
	[REFHEAP_OP_INSTANCES] = { rh_op_instances, ARG | A_NUMBER | IDS | WRITES | HEADER },
};

static u16 allowed_flags(u32 use)
{
	u16 flags = 0;

	if (use & (A_OBJECT | A_NUMBER))
		flags |= REFHEAP_OPF_A_RESULT;
	if (use & (B_NUMBER | B_KEY))
		flags |= REFHEAP_OPF_B_RESULT;
	if (use & (C_OBJECT | C_NUMBER | C_ANY))
		flags |= REFHEAP_OPF_C_RESULT;
	if (use & ARG)
		flags |= REFHEAP_OPF_ARG_RESULT;
	if (use & IDS)
		flags |= REFHEAP_OPF_IDS_RESULT;
	if (use & B_KEY)
		flags |= REFHEAP_OPF_KEY_STR;
	if (use & GIVES)
		flags |= REFHEAP_OPF_TEMP;
	return flags;
}

/* Fields that the operation does not use must be zero. */
static bool fields_valid(const struct rh_batch *batch, const struct refheap_op *op, u32 use)
{
	bool key_str = op->flags & REFHEAP_OPF_KEY_STR;

	if (op->flags & ~allowed_flags(use))
		return false;
	if (!(use & (A_OBJECT | A_NUMBER)) && op->a)
		return false;
	if ((!(use & (B_NUMBER | B_KEY)) || key_str) && op->b)
		return false;
	if (key_str && (op->flags & REFHEAP_OPF_B_RESULT))
		return false;
	if (!(use & (C_OBJECT | C_NUMBER | C_ANY)) && op->c)
		return false;
	if (!(use & ARG) && op->arg)
		return false;
	if (!(use & (DATA | IDS)) && !key_str && (op->data_off || op->data_len))
		return false;
	return (u64)op->data_off + op->data_len <= batch->in_len;
}

static int decode_numbers(const struct rh_batch *batch, struct rh_op *op)
{
	const struct refheap_op *raw = op->raw;
	u64 arg = raw->arg;
	int err = 0;

	op->a = raw->a;
	op->b = raw->b;
	op->c = raw->c;
	if (raw->flags & REFHEAP_OPF_A_RESULT)
		err = rh_op_result_of(batch, raw->a, &op->a);
	if (!err && (raw->flags & REFHEAP_OPF_B_RESULT))
		err = rh_op_result_of(batch, raw->b, &op->b);
	if (!err && (raw->flags & REFHEAP_OPF_C_RESULT))
		err = rh_op_result_of(batch, raw->c, &op->c);
	if (!err && (raw->flags & REFHEAP_OPF_ARG_RESULT))
		err = rh_op_result_of(batch, raw->arg, &arg);
	if (!err && arg > U32_MAX)
		err = -EINVAL;
	op->arg = arg;
	op->data = batch->in + raw->data_off;
	op->len = raw->data_len;
	return err;
}

static int decode_object(struct rh_heap *heap, u64 id, u32 *slot)
{
	int err;

	*slot = rh_lookup(heap, id, &err);
	return err;
}

static int decode_objects(struct rh_op *op, u32 use)
{
	bool key_str = op->raw->flags & REFHEAP_OPF_KEY_STR;
	int err = 0;

	if (use & A_OBJECT)
		err = decode_object(op->heap, op->a, &op->object);
	if (!err && (use & B_KEY) && !key_str)
		err = decode_object(op->heap, op->b, &op->key);
	if (!err && ((use & C_OBJECT) || ((use & C_ANY) && op->c)))
		err = decode_object(op->heap, op->c, &op->item);
	return err;
}

/*
 * A birth counts once, and may make a collection due, which runs before the
 * object is there.
 */
static int collect_before_birth(struct rh_batch *batch)
{
	int generation;

	if (!batch->state.counted) {
		batch->state.counted = 1;
		generation = rh_collect_due(batch->heap);
		if (generation >= 0 && rh_collect_start(batch->heap, generation))
			batch->state.ticket = batch->heap->gc.ticket;
	}
	return batch->state.ticket && rh_collect_running(batch->heap, batch->state.ticket) ?
	       RH_MORE : 0;
}

static void notify_limit(struct rh_heap *heap)
{
	const struct rh_notice notice = {
		.event = REFHEAP_EVENT_LIMIT,
		.value = heap->used_bytes,
	};

	heap->host->notify(heap->ctx, &notice);
}

/* What failed for want of memory is tried once more after a full collection. */
static int collect_before_refusal(struct rh_batch *batch, int err)
{
	if (err != -ENOMEM && err != -EDQUOT)
		return err;
	if (batch->state.retried) {
		notify_limit(batch->heap);
		return err;
	}
	batch->state.retried = 1;
	batch->state.collect = 3;
	return RH_MORE;
}

void rh_op_not_born(struct rh_op *op)
{
	u32 *count = &op->heap->generation[0].count;

	if (op->batch->state.counted && *count)
		--*count;
	op->batch->state.counted = 0;
}

/* Whether the operation is the birth of something with a collector header. */
static bool is_birth(const struct rh_op *op, u32 use)
{
	switch (op->raw->code) {
	case REFHEAP_OP_TUPLE:
		/* The empty one is a leaf to the collector. */
		return op->len;
	case REFHEAP_OP_WEAKREF:
		return op->arg || !rh_weakref_shared(op->heap, op->object);
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_SET_DEFAULT:
	case REFHEAP_OP_ADD:
		/* Entries of weak containers are weak references. */
		return rh_kind_is_weak_map(rh_kind(op->heap, op->object));
	default:
		return use & HEADER;
	}
}

static int execute(struct rh_batch *batch, struct refheap_result *result)
{
	const struct refheap_op *raw = &batch->ops[batch->done];
	struct rh_op op = {
		.heap = batch->heap, .batch = batch, .raw = raw, .result = result,
	};
	const struct op_description *description;
	int err;

	if (raw->code >= __REFHEAP_OP_MAX ||
	    (batch->site && !rh_site_valid(batch->heap, batch->site)))
		return -EINVAL;
	description = &descriptions[array_index_nospec(raw->code, __REFHEAP_OP_MAX)];
	if (!fields_valid(batch, raw, description->use))
		return -EINVAL;
	if (batch->rdonly && (description->use & WRITES))
		return -EROFS;
	err = decode_numbers(batch, &op);
	if (!err)
		err = decode_objects(&op, description->use);
	if (!err && (description->use & IDS))
		err = rh_op_check_ids(&op);
	if (!err && is_birth(&op, description->use))
		err = collect_before_birth(batch);
	if (!err)
		err = description->execute(&op);
	rh_slice_book(batch->heap, op.len / 256);
	/* Who may only look does not make others collect. */
	return batch->rdonly ? err : collect_before_refusal(batch, err);
}

/* Whether something runs, or is due, that the operation waits for. */
static bool goes_first(const struct rh_batch *batch)
{
	const struct rh_collector *gc = &batch->heap->gc;

	if (gc->phase != RH_PHASE_IDLE)
		return batch->state.collect || rh_collect_running(batch->heap, batch->state.ticket);
	return batch->state.collect && batch->state.collect != RH_COLLECT_AGAIN && gc->again_due;
}

/*
 * Drives the collection that the operation waits for: first the end of one
 * that runs already, when it asked for one of its own.
 * Return: false when the slice is used up.
 */
static bool collected(struct rh_batch *batch)
{
	struct rh_heap *heap = batch->heap;
	struct rh_holder *holder = batch->holder;

	if (goes_first(batch)) {
		rh_work_step(heap);
		if (!batch->state.collect || goes_first(batch))
			return false;
	}
	/* At once, before somebody else's birth makes another one due. */
	if (batch->state.collect) {
		if (batch->state.collect == RH_COLLECT_AGAIN) {
			rh_collect_again_start(heap);
		} else {
			rh_collect_start(heap, batch->state.collect - 1);
			heap->gc.requester = holder;
			holder->collect_ticket = heap->gc.ticket;
		}
		batch->state.ticket = heap->gc.ticket;
		batch->state.collect = 0;
		return false;
	}
	return true;
}

static void end_operation(struct rh_batch *batch, int err)
{
	struct refheap_result *result = &batch->results[batch->done];
	u32 *count = &batch->heap->generation[0].count;

	result->error = err;
	if (err) {
		result->value = 0;
		result->info = 0;
	}
	/* What was not born does not count. */
	if (err && batch->state.counted && *count)
		--*count;
	memset(&batch->state, 0, sizeof(batch->state));
	batch->done++;
}

static bool batch_ended(const struct rh_batch *batch)
{
	if (batch->done == batch->count)
		return true;
	return batch->done && batch->results[batch->done - 1].error &&
	       !(batch->flags & REFHEAP_BATCH_CONTINUE);
}

/* Drops the references that were only wanted within the batch. */
static enum rh_progress drop_temporaries(struct rh_batch *batch)
{
	struct rh_heap *heap = batch->heap;
	u32 *i = &batch->state.cursor, slot;
	int err;

	for (; *i < batch->done; ++*i) {
		if (!(batch->ops[*i].flags & REFHEAP_OPF_TEMP) || batch->results[*i].error) {
			if (*i % PASSED_IN_A_UNIT || !rh_slice_over(heap))
				continue;
			++*i;
			return RH_MORE;
		}
		if (rh_slice_over(heap))
			return RH_MORE;
		slot = rh_lookup(heap, batch->results[*i].value, &err);
		if (!slot || !rh_frameless_count(batch->holder, slot))
			continue;
		rh_holder_less(heap, batch->holder, slot);
		rh_release(heap, slot);
		if (rh_reap_above(heap, batch->dying) != RH_DONE) {
			++*i;
			return RH_MORE;
		}
	}
	return RH_DONE;
}

enum rh_progress rh_batch_step(struct rh_batch *batch)
{
	struct rh_heap *heap = batch->heap;
	u32 begin = batch->done;
	int err;

	rh_assert_locked(heap);
	if (!collected(batch))
		return RH_MORE;
	heap->actor = batch->holder->number;
	heap->site = batch->site;
	rh_slice_begin(heap);
	if (!batch->entered)
		batch->dying = heap->dying;
	batch->entered = true;
	for (;;) {
		/* What others kill is theirs to finish. */
		if (rh_reap_above(heap, batch->dying) != RH_DONE)
			return RH_MORE;
		if (unlikely(batch->holder->closing) && rh_frames_close_step(heap) != RH_DONE)
			return RH_MORE;
		if (batch_ended(batch))
			return drop_temporaries(batch);
		if (batch->done > begin && rh_slice_over(heap))
			return RH_MORE;
		batch->dying = heap->dying;
		batch->results[batch->done] = (struct refheap_result){};
		err = execute(batch, &batch->results[batch->done]);
		if (err == RH_MORE)
			return RH_MORE;
		rh_slice_book(heap, OPERATION_COST);
		end_operation(batch, err);
	}
}
