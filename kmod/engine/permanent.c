// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over all objects that are none of a collection: emptying garbage, and
 * moving objects to the permanent generation and back.
 */
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

static void each_freeze(struct rh_heap *heap, u32 slot, void *arg)
{
	u32 *word = rh_gc(heap, slot);

	if (*word != RH_GC_IDLE && *word != RH_GC_NEW)
		return;
	*word = RH_GC_FROZEN;
	rh_object_set_generation(heap, slot, RH_PERMANENT);
}

static void each_unfreeze(struct rh_heap *heap, u32 slot, void *arg)
{
	u32 *word = rh_gc(heap, slot);

	if (*word != RH_GC_FROZEN)
		return;
	*word = RH_GC_IDLE;
	rh_object_set_generation(heap, slot, 2);
}

void rh_freeze_begin(struct rh_heap *heap)
{
	unsigned int i;

	for (i = 0; i < RH_GENERATIONS; i++)
		heap->generation[i].count = 0;
}

enum rh_progress rh_freeze_step(struct rh_heap *heap, u32 *cursor)
{
	return each_used(heap, cursor, each_freeze, NULL);
}

enum rh_progress rh_unfreeze_step(struct rh_heap *heap, u32 *cursor)
{
	return each_used(heap, cursor, each_unfreeze, NULL);
}
