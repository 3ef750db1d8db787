/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The barrier: every change of a count or of an edge goes through here.
 *
 * While a collection is under way, an object whose count or edges change, or
 * to which a reference is handed over, is touched: it becomes a root of that
 * collection. That is what makes a collection in slices sound: whatever was
 * not touched had the same count and the same incoming edges all the time.
 */
#ifndef REFHEAP_ENGINE_BARRIER_H
#define REFHEAP_ENGINE_BARRIER_H

#include "block.h"

void rh_touch_slow(struct rh_heap *heap, u32 slot);
void rh_kill(struct rh_heap *heap, u32 slot);

/* All that is left of the references to an object may be an event's (finalize.c). */
void rh_finalizer_left(struct rh_heap *heap, u32 slot);

/* Adds a change to the history of an object, if it has one (history.c). */
void rh_history_add(struct rh_heap *heap, u32 slot, u32 what);

static inline void rh_touch(struct rh_heap *heap, u32 slot)
{
	heap->changes++;
	if (unlikely(heap->gc.phase != RH_PHASE_IDLE))
		rh_touch_slow(heap, slot);
}

/* Asked before anything is changed. */
static inline bool rh_can_take(const struct rh_heap *heap, u32 slot, u32 n)
{
	return n <= heap->params.max_count &&
	       rh_head(heap, slot)->count <= heap->params.max_count - n;
}

/* One reference more. The caller has made sure that the count has room. */
static inline void rh_take(struct rh_heap *heap, u32 slot)
{
	rh_head(heap, slot)->count++;
	if (unlikely(heap->histories))
		rh_history_add(heap, slot, REFHEAP_CHANGE_TAKE);
	rh_touch(heap, slot);
}

/*
 * One reference less; the last one kills. Its death is finished by
 * rh_reap_step().
 */
static inline void rh_release(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);

	heap->changes++;
	--head->count;
	if (unlikely(heap->histories))
		rh_history_add(heap, slot, REFHEAP_CHANGE_DROP);
	if (!head->count) {
		rh_kill(heap, slot);
		return;
	}
	rh_touch(heap, slot);
	if (unlikely(heap->gc.awaited) && head->count == 1)
		rh_finalizer_left(heap, slot);
}

/* Puts a reference that was taken, or none, into a cell that held none. */
static inline void rh_cell_fill(struct rh_heap *heap, u32 owner, u32 *cell, u32 slot)
{
	*cell = slot;
	rh_touch(heap, owner);
}

/* Takes what a cell holds out of it. The reference is the caller's now. */
static inline u32 rh_cell_empty(struct rh_heap *heap, u32 owner, u32 *cell)
{
	u32 slot = *cell;

	*cell = 0;
	rh_touch(heap, owner);
	if (slot)
		rh_touch(heap, slot);
	return slot;
}

#endif
