// SPDX-License-Identifier: GPL-2.0
/*
 * REFHEAP_OP_SCAN: all objects, one after the other, with what they refer to.
 * The cursor is a slot and, of an object whose edges did not fit into one
 * record, how many of them have been told.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "execute.h"
#include "inspect.h"
#include "map.h"
#include "table.h"
#include "weakref.h"

#define SCAN_FLAGS	(REFHEAP_SCAN_EDGES | REFHEAP_SCAN_PAYLOAD)

static_assert(sizeof(struct refheap_scan) % 8 == 0);

/* How much of an object goes into one record from edge @first on. */
static u32 record_n(const struct rh_op *op, u32 slot, u32 first)
{
	u32 kind = rh_kind(op->heap, slot), n;

	if (rh_kind_is_leaf(kind)) {
		n = rh_length(op->heap, slot);
		return (op->arg & REFHEAP_SCAN_PAYLOAD) && n <= REFHEAP_SCAN_PAYLOAD_MAX ? n : 0;
	}
	if (!(op->arg & REFHEAP_SCAN_EDGES))
		return 0;
	n = kind == REFHEAP_KIND_WEAKREF ? 1 : rh_cells_used(op->heap, slot);
	return n > first ? min_t(u32, n - first, REFHEAP_SCAN_EDGES_MAX) : 0;
}

static void fill_tail(const struct rh_op *op, u32 slot, const struct refheap_scan *record,
		      void *out, u32 bytes)
{
	u32 *edge = out, n = record->n;

	if (bytes % 8)
		memset(out + bytes - bytes % 8, 0, 8);
	if (rh_kind_is_leaf(record->kind)) {
		if (n)
			memcpy(out, rh_payload(op->heap, slot), n);
	} else if (record->kind == REFHEAP_KIND_WEAKREF) {
		if (n)
			*edge = rh_weakref_referent(op->heap, slot);
	} else if (n) {
		memcpy(out, rh_cells(op->heap, slot)->cell + record->first, n * sizeof(u32));
	}
}

/* Return: false when there is no room for the record. */
static bool put_record(struct rh_op *op, u32 slot, u32 first, u32 n)
{
	u32 bytes = rh_kind_is_leaf(rh_kind(op->heap, slot)) ? n : n * sizeof(u32);
	struct refheap_scan *record = rh_op_output(op, sizeof(*record) + ALIGN(bytes, 8));
	u32 meta = rh_head(op->heap, slot)->meta;

	if (!record)
		return false;
	*record = (struct refheap_scan){
		.id = rh_id(op->heap, slot),
		.changes = op->heap->changes,
		.sizeof_ = rh_object_sizeof(op->heap, slot),
		.length = rh_object_len(op->heap, slot),
		.refcount = rh_object_refcount(op->heap, slot),
		.type = rh_meta_type(meta),
		.flags = rh_object_flags(op->heap, slot),
		.first = first,
		.n = n,
		.kind = rh_meta_kind(meta),
		.generation = rh_meta_gen(meta),
	};
	fill_tail(op, slot, record, record + 1, bytes);
	rh_slice_book_bytes(op->heap, sizeof(*record) + bytes);
	rh_slice_book(op->heap, rh_object_len_cost(op->heap, slot));
	return true;
}

static bool is_told(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	return rh_meta_kind(meta) && !(meta & RH_META_DEAD) && !rh_is_condemned(heap, slot);
}

/*
 * The records of the object at the cursor. Return: false when there is no room
 * for the next of them.
 */
static bool put_object(struct rh_op *op, u64 *cursor)
{
	u32 slot = (u32)*cursor, first = *cursor >> 32, n;

	n = record_n(op, slot, first);
	if (!first || n) {
		if (!put_record(op, slot, first, n))
			return false;
		op->result->info++;
	}
	if (n == REFHEAP_SCAN_EDGES_MAX && !rh_kind_is_leaf(rh_kind(op->heap, slot)))
		*cursor += (u64)n << 32;
	else
		*cursor = slot + 1;
	return true;
}

int rh_op_scan(struct rh_op *op)
{
	u64 *cursor = &op->batch->state.n;
	u32 end = rh_table_end(op->heap), slot;

	if (op->arg & ~SCAN_FLAGS)
		return -EINVAL;
	if (!op->batch->state.begun) {
		*cursor = op->b ?: 1;
		op->batch->state.begun = 1;
	}
	while ((u32)*cursor < end) {
		slot = rh_used_next(op->heap, (u32)*cursor);
		if (slot != (u32)*cursor)
			*cursor = slot;
		if (slot >= end)
			break;
		if (!is_told(op->heap, slot))
			*cursor = slot + 1;
		else if (!put_object(op, cursor))
			break;
		/* What has been told is given out, lest it be told twice. */
		if (rh_slice_over(op->heap)) {
			if (op->result->info)
				break;
			return RH_MORE;
		}
	}
	op->result->value = (u32)*cursor < end ? *cursor : 0;
	return op->result->value && !op->result->info ? -ENOSPC : 0;
}
