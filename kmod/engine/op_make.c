// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that make objects, references and types.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "execute.h"
#include "intern.h"
#include "list.h"
#include "map.h"
#include "table.h"
#include "type.h"

int rh_op_give(struct rh_op *op, u32 slot)
{
	int err = rh_holder_prepare(op->heap, op->batch->holder, slot);

	if (err) {
		rh_release(op->heap, slot);
		return err;
	}
	/* A temporary outlives a frame that is popped within the batch. */
	if (op->raw->flags & REFHEAP_OPF_TEMP)
		rh_holder_book(op->batch->holder, slot);
	else
		rh_holder_add(op->batch->holder, slot);
	op->result->value = rh_id(op->heap, slot);
	return 0;
}

void rh_op_take_back(struct rh_op *op, u32 slot)
{
	if (op->raw->flags & REFHEAP_OPF_TEMP)
		rh_holder_less(op->heap, op->batch->holder, slot);
	else
		rh_holder_del(op->heap, op->batch->holder, slot);
	rh_release(op->heap, slot);
}

int rh_op_give_borrowed(struct rh_op *op, u32 slot)
{
	int err = rh_holder_prepare(op->heap, op->batch->holder, slot);

	if (err)
		return err;
	if (!rh_can_take(op->heap, slot, 1))
		return -EOVERFLOW;
	rh_take(op->heap, slot);
	return rh_op_give(op, slot);
}

int rh_op_hold(struct rh_op *op, u32 slot)
{
	int err;

	if (!slot)
		return 0;
	err = rh_holder_prepare(op->heap, op->batch->holder, slot);
	if (err)
		return err;
	if (!rh_can_take(op->heap, slot, 1))
		return -EOVERFLOW;
	rh_take(op->heap, slot);
	rh_holder_add(op->batch->holder, slot);
	return 0;
}

/* What hashing the keys of one operation may cost, in units of 64 bytes. */
#define KEYS_COST_MAX	(REFHEAP_MAX_KEYS / 64)

#define INSTANCE_COST	4	/* units, of one among many */

int rh_op_prepare_birth(struct rh_op *op)
{
	int err = rh_table_reserve(op->heap, 1);

	if (err)
		return err;
	return rh_holder_prepare(op->heap, op->batch->holder, rh_slot_next(op->heap));
}

int rh_op_nop(struct rh_op *op)
{
	return 0;
}

int rh_op_none(struct rh_op *op)
{
	u32 slot;
	int err = rh_none(op->heap, &slot);

	return err ?: rh_op_give(op, slot);
}

int rh_op_bool(struct rh_op *op)
{
	u32 slot;
	int err;

	if (op->a > 1)
		return -EINVAL;
	err = rh_bool(op->heap, op->a, &slot);
	return err ?: rh_op_give(op, slot);
}

int rh_op_int(struct rh_op *op)
{
	u32 slot;
	int err = rh_op_prepare_birth(op);

	if (!err)
		err = rh_int(op->heap, op->a, &slot);
	return err ?: rh_op_give(op, slot);
}

static int give_leaf(struct rh_op *op, u32 kind, const void *data, u32 len)
{
	u32 slot;
	int err = rh_op_prepare_birth(op);

	if (!err)
		err = rh_leaf_new(op->heap, kind, data, len, &slot);
	return err ?: rh_op_give(op, slot);
}

int rh_op_float(struct rh_op *op)
{
	return give_leaf(op, REFHEAP_KIND_FLOAT, &op->a, sizeof(op->a));
}

int rh_op_str(struct rh_op *op)
{
	u32 slot;
	int err;

	if (op->arg > 1)
		return -EINVAL;
	err = rh_op_prepare_birth(op);
	if (!err)
		err = rh_str(op->heap, op->data, op->len, op->arg, &slot);
	return err ?: rh_op_give(op, slot);
}

int rh_op_bytes(struct rh_op *op)
{
	return give_leaf(op, REFHEAP_KIND_BYTES, op->data, op->len);
}

int rh_op_bytearray(struct rh_op *op)
{
	if (op->a && op->len)
		return -EINVAL;
	if (op->a > op->heap->params.max_payload)
		return -EFBIG;
	return give_leaf(op, REFHEAP_KIND_BYTEARRAY, op->len ? op->data : NULL,
			 op->len ?: op->a);
}

int rh_op_no_id(const struct rh_op *op, u64 id, u32 *slot)
{
	bool many = op->raw->code == REFHEAP_OP_INSTANCES;

	*slot = 0;
	if (!id)
		return many || op->raw->code == REFHEAP_OP_INSTANCE ? 0 : -ENOENT;
	if (!many || id > op->a)
		return -ENOENT;
	if (op->made)
		*slot = REFHEAP_ID_SLOT(op->made[id - 1]);
	return 0;
}

int rh_op_check_ids(const struct rh_op *op)
{
	u32 i, n = op->len / sizeof(u64), slot;
	int err;

	if (op->len % sizeof(u64))
		return -EINVAL;
	if (n > REFHEAP_MAX_IDS)
		return -E2BIG;
	for (i = 0; i < n; i++) {
		err = rh_op_id_at(op, i, &slot);
		if (err)
			return err;
	}
	rh_slice_book(op->heap, n);
	return 0;
}

void rh_op_release_ids(struct rh_op *op, u32 n)
{
	u32 slot;

	while (n--)
		if (!rh_op_id_at(op, n, &slot) && slot)
			rh_release(op->heap, slot);
}

int rh_op_take_ids(struct rh_op *op, u32 n)
{
	u32 i, slot;
	int err;

	for (i = 0; i < n; i++) {
		err = rh_op_id_at(op, i, &slot);
		if (!err && slot && !rh_can_take(op->heap, slot, 1))
			err = -EOVERFLOW;
		if (err) {
			rh_op_release_ids(op, i);
			return err;
		}
		if (slot)
			rh_take(op->heap, slot);
	}
	return 0;
}

static int make_sequence(struct rh_op *op, u32 kind)
{
	u32 n = op->len / sizeof(u64), i, slot, item;
	int err = rh_op_prepare_birth(op);

	if (!err)
		err = rh_op_take_ids(op, n);
	if (err)
		return err;
	err = rh_sequence_new(op->heap, kind, n, &slot);
	if (err) {
		rh_op_release_ids(op, n);
		return err;
	}
	for (i = 0; i < n; i++) {
		rh_op_id_at(op, i, &item);
		rh_sequence_append(op->heap, slot, item);
	}
	return rh_op_give(op, slot);
}

int rh_op_tuple(struct rh_op *op)
{
	u32 slot;
	int err;

	if (op->len)
		return make_sequence(op, REFHEAP_KIND_TUPLE);
	err = rh_empty_tuple(op->heap, &slot);
	return err ?: rh_op_give(op, slot);
}

int rh_op_list(struct rh_op *op)
{
	return make_sequence(op, REFHEAP_KIND_LIST);
}

/*
 * Fills a map that nobody knows yet; what fails leaves it to be released. Long
 * keys are looked at within bounds, as this cannot stop in the middle.
 */
static int fill_map(struct rh_op *op, u32 map, u32 n, u32 stride)
{
	u32 i, value = 0, cost = 0;
	int err = 0;

	for (i = 0; !err && i < n; i += stride) {
		err = rh_op_id_at(op, i, &op->key);
		if (!err && stride == 2)
			err = rh_op_id_at(op, i + 1, &value);
		if (!err)
			err = rh_op_map_set(op, map, value, &cost);
		if (!err && cost > KEYS_COST_MAX)
			err = -E2BIG;
	}
	rh_slice_book(op->heap, n + cost);
	return err;
}

static int make_map(struct rh_op *op, u32 kind, u32 stride)
{
	u32 n = op->len / sizeof(u64), slot, block;
	int err = n % stride ? -EINVAL : rh_op_prepare_birth(op);

	if (!err)
		err = rh_object_prepare(op->heap, kind, 0, &block);
	if (err)
		return err;
	slot = rh_object_publish(op->heap, kind, 0, block, 0);
	err = fill_map(op, slot, n, stride);
	if (err) {
		/* Its death takes the birth back. */
		op->batch->state.counted = 0;
		rh_release(op->heap, slot);
		return err;
	}
	return rh_op_give(op, slot);
}

int rh_op_dict(struct rh_op *op)
{
	return make_map(op, REFHEAP_KIND_DICT, 2);
}

int rh_op_set(struct rh_op *op)
{
	return make_map(op, REFHEAP_KIND_SET, 1);
}

int rh_op_instance(struct rh_op *op)
{
	u32 n = op->len / sizeof(u64), i, slot, value;
	int err = rh_type_check(op->heap, op->arg, n);

	if (!err)
		err = rh_op_prepare_birth(op);
	if (!err)
		err = rh_op_take_ids(op, n);
	if (err)
		return err;
	err = rh_instance_new(op->heap, op->batch->holder, op->arg, &slot);
	if (err) {
		rh_op_release_ids(op, n);
		return err;
	}
	for (i = 0; i < n; i++) {
		rh_op_id_at(op, i, &value);
		if (value)
			rh_cell_fill(op->heap, slot, &rh_cells(op->heap, slot)->cell[i], value);
	}
	return rh_op_give(op, slot);
}

/* Undoes what was made; what it refers to is held by others, or made with it. */
static void unmake_instances(struct rh_op *op, u32 n)
{
	struct rh_cells *cells;
	u32 i, j, slot;

	for (i = 0; i < n; i++) {
		slot = REFHEAP_ID_SLOT(op->made[i]);
		cells = rh_cells(op->heap, slot);
		for (j = 0; cells && j < cells->n; j++)
			if (cells->cell[j])
				rh_release(op->heap, rh_cell_empty(op->heap, slot,
								   &cells->cell[j]));
	}
	for (i = 0; i < n; i++)
		rh_op_take_back(op, REFHEAP_ID_SLOT(op->made[i]));
	/* Their deaths take the births back. */
	if (n)
		op->batch->state.counted = 0;
}

/* Makes all of them, unset and held. @*n: how many there are now. Return: 0 or an errno. */
static int make_instances(struct rh_op *op, u64 *made, u32 *n)
{
	u32 slot, now = rh_holder_now(op->heap);
	int err;

	op->made = made;
	for (*n = 0; *n < op->a; ++*n) {
		err = rh_op_prepare_birth(op);
		if (!err)
			err = rh_instance_new(op->heap, op->batch->holder, op->arg, &slot);
		if (err)
			return err;
		/* The first one was counted before. */
		op->heap->generation[0].count += *n > 0;
		rh_holder_add_now(op->batch->holder, slot, now);
		made[*n] = rh_id(op->heap, slot);
	}
	return 0;
}

/* Gives each of them its next @each values. Return: 0 or an errno. */
static int fill_instances(struct rh_op *op, u32 each)
{
	u32 i, j, slot, value;
	struct rh_cells *cells;
	int err;

	for (i = 0; i < op->a && each; i++) {
		slot = REFHEAP_ID_SLOT(op->made[i]);
		cells = rh_cells(op->heap, slot);
		for (j = 0; j < each; j++) {
			err = rh_op_id_at(op, i * each + j, &value);
			if (!err && value && !rh_can_take(op->heap, value, 1))
				err = -EOVERFLOW;
			if (err)
				return err;
			if (!value)
				continue;
			rh_take(op->heap, value);
			rh_cell_fill(op->heap, slot, &cells->cell[j], value);
		}
	}
	return 0;
}

/* So many values for each. Return: 0 or an errno. */
static int check_instances(const struct rh_op *op, u32 *each)
{
	u32 values = op->len / sizeof(u64);
	int err;

	if (!op->a)
		return -EINVAL;
	if (op->a > REFHEAP_MAX_INSTANCES)
		return -E2BIG;
	if (values % op->a)
		return -EINVAL;
	*each = values / (u32)op->a;
	err = rh_type_check(op->heap, op->arg, *each);
	if (err)
		return err;
	if (op->a * op->heap->types.type[op->arg]->nslots > REFHEAP_MAX_IDS)
		return -E2BIG;
	/* Who takes them back would have them run. */
	return rh_type_has_finalizer(op->heap, op->arg) ? -EOPNOTSUPP : 0;
}

int rh_op_instances(struct rh_op *op)
{
	u32 each, n;
	u64 *made;
	int err = check_instances(op, &each);

	if (err)
		return err;
	made = rh_op_output(op, op->a * sizeof(*made));
	if (!made)
		return -ENOSPC;
	err = make_instances(op, made, &n);
	if (!err)
		err = fill_instances(op, each);
	if (err) {
		unmake_instances(op, n);
		rh_op_output_undo(op, op->a * sizeof(*made));
		return err;
	}
	rh_slice_book(op->heap, n * INSTANCE_COST);
	op->result->value = n;
	return 0;
}

int rh_op_take(struct rh_op *op)
{
	return rh_op_give_borrowed(op, op->object);
}

int rh_op_drop(struct rh_op *op)
{
	if (!rh_holder_slot_count(op->batch->holder, op->object))
		return -ENOTUNIQ;
	rh_holder_del(op->heap, op->batch->holder, op->object);
	rh_release(op->heap, op->object);
	return 0;
}

/* Types are compared by name one after the other. */
static void book_types(struct rh_heap *heap)
{
	rh_slice_book(heap, heap->types.n / 2);
}

int rh_op_type_new(struct rh_op *op)
{
	int id = rh_type_new(op->heap, op->data, op->len);

	book_types(op->heap);
	if (id < 0)
		return id;
	op->result->value = id;
	return 0;
}

int rh_op_type_find(struct rh_op *op)
{
	int id = rh_type_find(op->heap, op->data, op->len);

	book_types(op->heap);
	if (id < 0)
		return id;
	op->result->value = id;
	return 0;
}
