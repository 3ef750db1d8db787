// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over all objects that are none of a collection: emptying garbage, and
 * moving objects to the permanent generation and back.
 */
#include <linux/bitops.h>
#include "collect.h"
#include "object.h"
#include "table.h"

/*
 * The walks below are none of a collection: they keep their own cursor, and
 * meet objects of any state.
 */
typedef void (*each_fn)(struct rh_heap *heap, u32 slot, void *arg);

static enum rh_progress each_used(struct rh_heap *heap, u32 *cursor, each_fn each, void *arg)
{
	rh_assert_locked(heap);
	for (;;) {
		*cursor = rh_used_next(heap, *cursor);
		if (*cursor >= rh_table_end(heap))
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		each(heap, (*cursor)++, arg);
	}
}

static void each_garbage(struct rh_heap *heap, u32 slot, void *arg)
{
	struct rh_head *head = rh_head(heap, slot);
	u64 *n = arg;

	if (!(head->meta & RH_META_GARBAGE))
		return;
	head->meta &= ~RH_META_GARBAGE;
	heap->gc.garbage--;
	++*n;
	rh_release(heap, slot);
}

enum rh_progress rh_garbage_clear_step(struct rh_heap *heap, u32 *cursor, u64 *n)
{
	return each_used(heap, cursor, each_garbage, n);
}

void rh_freeze_begin(struct rh_heap *heap)
{
	unsigned int i;

	for (i = 0; i < RH_GENERATIONS; i++)
		heap->generation[i].count = 0;
}

/*
 * Moves those of the 64 slots from @first on that the bits say and whose words
 * are one of two; what the heap sums up is written once.
 */
static void move_chunk(struct rh_heap *heap, u32 first, u64 bits, u32 word, u32 other, u32 to,
		       u32 generation)
{
	struct rh_segment *segment = heap->table.segment[first >> RH_SEGMENT_SHIFT];
	u32 left[RH_GENERATIONS + 1] = { 0 }, *gc = rh_gc(heap, first), i, n;
	u32 at = (first & RH_SEGMENT_MASK) / 64;
	struct rh_head *head = rh_head(heap, first);
	u64 moved = 0;

	/* In CPython a collection that runs finalizers has those in lists of its own. */
	if (to == RH_GC_FROZEN)
		bits &= ~(segment->young[RH_SET_PENDING][at] | segment->young[RH_SET_LEGACY][at]);
	for (; bits; bits &= bits - 1) {
		i = __ffs(bits);
		if (gc[i] != word && gc[i] != other)
			continue;
		gc[i] = to;
		left[rh_meta_gen(head[i].meta)]++;
		head[i].meta = (head[i].meta & ~RH_META_GEN) | generation << RH_META_GEN_SHIFT;
		moved |= 1ULL << i;
	}
	for (i = 0; i < 2; i++) {
		n = hweight64(segment->young[i][at] & moved);
		segment->young[i][at] &= ~moved;
		segment->nyoung[i] -= n;
	}
	for (i = 0; i <= RH_GENERATIONS; i++) {
		heap->generation[i].left += left[i];
		heap->generation[i].objects -= left[i];
	}
	heap->generation[generation].entered += hweight64(moved);
	heap->generation[generation].objects += hweight64(moved);
}

/* The same for all slots, in slices. */
static enum rh_progress move_step(struct rh_heap *heap, u32 *cursor, u32 word, u32 other,
				  u32 to, u32 generation)
{
	u32 at, n;
	u64 used;

	rh_assert_locked(heap);
	for (;;) {
		*cursor = rh_used_next(heap, *cursor);
		if (*cursor >= rh_table_end(heap))
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		at = *cursor % 64;
		n = heap->params.slice_units ? 1 : 64 - at;
		rh_slice_book(heap, n - 1);
		used = heap->table.segment[*cursor >> RH_SEGMENT_SHIFT]
			       ->used[(*cursor & RH_SEGMENT_MASK) / 64];
		move_chunk(heap, *cursor - at, used & GENMASK_ULL(at + n - 1, at), word, other,
			   to, generation);
		*cursor += n;
	}
}

enum rh_progress rh_freeze_step(struct rh_heap *heap, u32 *cursor)
{
	return move_step(heap, cursor, RH_GC_IDLE, RH_GC_NEW, RH_GC_FROZEN, RH_PERMANENT);
}

enum rh_progress rh_unfreeze_step(struct rh_heap *heap, u32 *cursor)
{
	return move_step(heap, cursor, RH_GC_FROZEN, RH_GC_FROZEN, RH_GC_IDLE, 2);
}
