/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cycle collector.
 */
#ifndef REFHEAP_ENGINE_COLLECT_H
#define REFHEAP_ENGINE_COLLECT_H

#include "heap.h"

/* Makes a candidate a root, or reached, before the decision: for the barrier. */
void rh_collect_touched(struct rh_heap *heap, u32 slot);

/* After the decision: an object was changed, or is about to die. */
void rh_collect_changed(struct rh_heap *heap, u32 slot);

/* Likewise: the walk that has stopped within it goes on with the next one. */
void rh_collect_died(struct rh_heap *heap, u32 slot);

/*
 * Which generation a birth should collect first, or -1. Counts the birth.
 */
int rh_collect_due(struct rh_heap *heap);

/* The cells [@at, @at + @n) of @slot were taken out and those behind moved up. */
static inline void rh_cells_removed(struct rh_heap *heap, u32 slot, u32 at, u32 n)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->scanning == slot && at < gc->cell)
		gc->cell -= n < gc->cell - at ? n : gc->cell - at;
}

/* The cells of @slot were arranged anew. */
static inline void rh_cells_rearranged(struct rh_heap *heap, u32 slot)
{
	if (heap->gc.scanning == slot)
		heap->gc.cell = 0;
	if (heap->gc.keyed == slot)
		heap->gc.keyed_at = 0;
}

/* A weak reference leaves the list of its referent; @older is behind it. */
static inline void rh_weakref_unlinked(struct rh_heap *heap, u32 slot, u32 older)
{
	struct rh_collector *gc = &heap->gc;

	if (!gc->keyed || gc->keyed_at != slot ||
	    rh_kind(heap, gc->keyed) == REFHEAP_KIND_WEAK_KEY_DICT)
		return;
	gc->keyed_at = older;
	if (!older)
		gc->keyed = 0;
}

/*
 * Looks at what is pending once more: what the finalizers that have ended did
 * not bring back is freed.
 * Return: true when that was started; rh_work_step() drives it.
 */
bool rh_collect_again_start(struct rh_heap *heap);

/* Takes every object out of garbage in slices. @*cursor begins as 0, @*n counts. */
enum rh_progress rh_garbage_clear_step(struct rh_heap *heap, u32 *cursor, u64 *n);

/*
 * Moves everything tracked to the permanent generation, or from it to 2. No
 * collection is running: a candidate cannot be moved.
 */
void rh_freeze_begin(struct rh_heap *heap);
enum rh_progress rh_freeze_step(struct rh_heap *heap, u32 *cursor);
enum rh_progress rh_unfreeze_step(struct rh_heap *heap, u32 *cursor);

#endif
