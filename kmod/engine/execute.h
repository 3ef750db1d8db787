/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One operation of a batch while it is executed.
 */
#ifndef REFHEAP_ENGINE_EXECUTE_H
#define REFHEAP_ENGINE_EXECUTE_H

#include <linux/errno.h>
#include <linux/string.h>
#include "holder.h"
#include "table.h"

/**
 * struct rh_op - a decoded operation
 * @heap: heap
 * @batch: the batch that it is part of
 * @raw: as it came
 * @result: to be filled
 * @a: numbers, with results of earlier operations put in
 * @b: likewise
 * @c: likewise
 * @arg: likewise
 * @data: input
 * @len: its length
 * @object: the slot that a names
 * @key: the slot that b names
 * @item: the slot that c names
 * @made: INSTANCES: ids of what it has made, or NULL
 */
struct rh_op {
	struct rh_heap *heap;
	struct rh_batch *batch;
	const struct refheap_op *raw;
	struct refheap_result *result;
	u64 a, b, c;
	u32 arg;
	const u8 *data;
	u32 len;
	u32 object, key, item;
	const u64 *made;
};

/* The value of an earlier operation. Return: 0, -EINVAL or -ECANCELED. */
static inline int rh_op_result_of(const struct rh_batch *batch, u64 index, u64 *value)
{
	if (index >= batch->done)
		return -EINVAL;
	index = array_index_nospec(index, (u64)batch->done);
	if (batch->results[index].error)
		return -ECANCELED;
	*value = batch->results[index].value;
	return 0;
}

static inline bool rh_collect_running(const struct rh_heap *heap, u32 ticket)
{
	return heap->gc.phase != RH_PHASE_IDLE && heap->gc.ticket == ticket;
}

/*
 * The operations. Return: 0, a negative errno with nothing changed, or RH_MORE
 * to be called again.
 */
#define RH_OP(name)	int rh_op_##name(struct rh_op *op)

/* op_make.c */
RH_OP(nop);
RH_OP(none);
RH_OP(bool);
RH_OP(int);
RH_OP(float);
RH_OP(str);
RH_OP(bytes);
RH_OP(bytearray);
RH_OP(tuple);
RH_OP(list);
RH_OP(dict);
RH_OP(set);
RH_OP(instance);
RH_OP(instances);
RH_OP(take);
RH_OP(drop);
RH_OP(type_new);
RH_OP(type_find);

/* op_weak.c */
RH_OP(weakref);
RH_OP(deref);
RH_OP(weakrefs);
RH_OP(disarm);
RH_OP(weak_value_dict);
RH_OP(weak_key_dict);
RH_OP(weak_set);
RH_OP(finalized);
RH_OP(adopt);
RH_OP(collect_finish);
RH_OP(frame_push);
RH_OP(frame_pop);
RH_OP(hand_out);

/* op_scan.c */
RH_OP(scan);

/* op_trace.c */
RH_OP(trace);
RH_OP(trace_stat);
RH_OP(trace_read);
RH_OP(trace_of);

/* op_history.c */
RH_OP(site);
RH_OP(history);
RH_OP(type_history);
RH_OP(history_read);

/* op_container.c */
RH_OP(len);
RH_OP(get_index);
RH_OP(set_index);
RH_OP(del_index);
RH_OP(append);
RH_OP(extend);
RH_OP(insert);
RH_OP(pop);
RH_OP(get_key);
RH_OP(set_key);
RH_OP(set_default);
RH_OP(del_key);
RH_OP(pop_key);
RH_OP(contains);
RH_OP(add);
RH_OP(discard);
RH_OP(get_attr);
RH_OP(set_attr);
RH_OP(del_attr);
RH_OP(clear);
RH_OP(move_to_end);
RH_OP(pop_oldest);
RH_OP(next);

/* op_whole.c */
RH_OP(read);
RH_OP(write);
RH_OP(resize);
RH_OP(view);
RH_OP(info);
RH_OP(collect);
RH_OP(freeze);
RH_OP(unfreeze);
RH_OP(garbage_clear);
RH_OP(verify);

/* Whether every id names a live object, or may be none. Return: 0 or an errno. */
int rh_op_check_ids(const struct rh_op *op);

/* rh_op_id_at() of an id that names nothing that was there before the operation. */
int rh_op_no_id(const struct rh_op *op, u64 id, u32 *slot);

/* The slot that the i-th id names, 0 for none. Return: 0 or an errno. */
static __always_inline int rh_op_id_at(const struct rh_op *op, u32 i, u32 *slot)
{
	u64 id;
	int err;

	memcpy(&id, op->data + i * sizeof(id), sizeof(id));
	if (unlikely(!REFHEAP_ID_TAG(id)))
		return rh_op_no_id(op, id, slot);
	if (unlikely((op->raw->flags & REFHEAP_OPF_IDS_RESULT) && id >> 32 == 0xffffffff)) {
		err = rh_op_result_of(op->batch, (u32)id, &id);
		if (err)
			return err;
	}
	*slot = rh_lookup(op->heap, id, &err);
	return err;
}

/* Takes a reference to each of the first @n. Return: 0, or an errno with none taken. */
int rh_op_take_ids(struct rh_op *op, u32 n);

/* Undoes that. None dies: others hold them. */
void rh_op_release_ids(struct rh_op *op, u32 n);

/*
 * Gives the caller's reference to @slot to the holder and names it as the
 * result. Return: 0, or an errno with the reference released.
 */
int rh_op_give(struct rh_op *op, u32 slot);

/* Takes a reference to a live object and gives it. Return: 0 or an errno. */
int rh_op_give_borrowed(struct rh_op *op, u32 slot);

/* Undoes that: drops what was given. */
void rh_op_take_back(struct rh_op *op, u32 slot);

/* Takes a reference for the holder, but of none (0), too, and without naming it as the result. */
int rh_op_hold(struct rh_op *op, u32 slot);

/*
 * Makes sure that the object about to be born can be given to the holder, lest
 * it be born in vain. Return: 0 or an errno.
 */
int rh_op_prepare_birth(struct rh_op *op);

/* A birth that was counted has not happened. */
void rh_op_not_born(struct rh_op *op);

/* In batch->state.collect: what is pending is to be collected again. */
#define RH_COLLECT_AGAIN	4

/* Room for @len bytes of output, aligned to 8, or NULL when it is full. */
void *rh_op_output(struct rh_op *op, u32 len);

/* Gives the last @len bytes of it back. */
void rh_op_output_undo(struct rh_op *op, u32 len);

/*
 * Puts op->key and the value into a dict, or the key into a set (@value 0).
 * @*cost grows by what hashing the key cost. Return: 0 or an errno.
 */
int rh_op_map_set(struct rh_op *op, u32 map, u32 value, u32 *cost);

#endif
