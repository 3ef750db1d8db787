// SPDX-License-Identifier: GPL-2.0
/*
 * Survivors that hold nothing tracked are tracked no longer (collect.c).
 */
#include "walk.h"

/*
 * Looks at the cells of a survivor from gc->cell on, until one holds what may
 * be part of a cycle. Return: false when the slice ended before that.
 */
static bool look_for_tracked(struct rh_heap *heap, const struct rh_cells *cells, bool *found)
{
	struct rh_collector *gc = &heap->gc;
	u32 stop;

	*found = false;
	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++) {
			u32 edge = cells->cell[gc->cell];

			if (edge && rh_object_may_be_tracked(heap, edge)) {
				*found = true;
				return true;
			}
		}
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	return true;
}

/*
 * Untracks a survivor of that kind that holds nothing tracked. One that is
 * changed, or dies, between two slices stays as it is (rh_collect_changed()).
 */
static bool untrack_kind(struct rh_heap *heap, u32 slot, u32 *word, u32 kind)
{
	struct rh_collector *gc = &heap->gc;
	bool found = gc->cell && gc->scanning != slot;
	const struct rh_cells *cells;

	if (!found) {
		if (*word != RH_GC_IDLE || rh_kind(heap, slot) != kind)
			return true;
		gc->scanning = slot;
		cells = rh_cells(heap, slot);
		if (cells && !look_for_tracked(heap, cells, &found))
			return false;
	}
	gc->scanning = 0;
	gc->cell = 0;
	if (!found) {
		rh_object_untrack(heap, slot);
		gc->survivors--;
	}
	return true;
}

void rh_collect_changed(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->scanning == slot &&
	    (gc->phase == RH_PHASE_TUPLES || gc->phase == RH_PHASE_DICTS))
		gc->scanning = 0;
}

void rh_collect_died(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	rh_collect_changed(heap, slot);
	if (gc->cursor == slot &&
	    (gc->phase == RH_PHASE_SUBTRACT || gc->phase == RH_PHASE_SUBTRACT_KEYED ||
	     gc->phase == RH_PHASE_TUPLES || gc->phase == RH_PHASE_DICTS))
		gc->cell = 0;
}

static __always_inline bool visit_tuple(struct rh_heap *heap, u32 slot, u32 *word,
					struct chunk *chunk)
{
	return untrack_kind(heap, slot, word, REFHEAP_KIND_TUPLE);
}

static __always_inline bool visit_dict(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	return untrack_kind(heap, slot, word, REFHEAP_KIND_DICT);
}

RH_WALK_STEP(tuples, visit_tuple, chunk_ignore)
RH_WALK_STEP(dicts, visit_dict, chunk_ignore)
