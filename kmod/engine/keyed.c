// SPDX-License-Identifier: GPL-2.0
/*
 * Weak-keyed dicts as ephemerons: a value is reached when its dict and its key
 * are (Barry Hayes, Ephemerons: a new finalization mechanism, 1997). To the
 * other phases such a dict has no cells.
 *
 * Every entry is looked at when its dict is reached and once more when its key
 * is, so the work is linear: when one is, the other may have been.
 */
#include "map.h"
#include "walk.h"
#include "weakref.h"

/* The next slot of a walk that is one of slots and not of chunks, or the end. */
static u32 next_keyed(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	for (;;) {
		skip_empty(heap);
		if (gc->cursor >= gc->end ||
		    rh_kind(heap, gc->cursor) == REFHEAP_KIND_WEAK_KEY_DICT)
			return gc->cursor;
		if (rh_slice_over(heap))
			return 0;
		/* A dict that the walk stopped within may have died. */
		gc->cell = 0;
		gc->cursor++;
	}
}

/* Return: false when the slice ended. */
static bool subtract_dict(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	const struct rh_cells *cells = rh_cells(heap, slot);
	u32 n = rh_map_used(heap, slot);

	/* It is touched, and a root, when anything in it changes. */
	while (rh_gc_is_candidate(*rh_gc(heap, slot)) && gc->cell < n) {
		count_inner(heap, cells->cell[gc->cell++]);
		if (gc->cell < n && rh_slice_over(heap))
			return false;
	}
	gc->cell = 0;
	return true;
}

enum rh_progress rh_step_subtract_keyed(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	for (;;) {
		u32 slot = next_keyed(heap);

		if (!slot)
			return RH_MORE;
		if (slot >= gc->end)
			return RH_DONE;
		if (!subtract_dict(heap, slot))
			return RH_MORE;
		gc->cursor++;
		if (rh_slice_over(heap))
			return RH_MORE;
	}
}

enum rh_progress rh_step_mark_keyed(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	u32 slot;

	for (;;) {
		if (!rh_mark_drain(heap))
			return RH_MORE;
		slot = next_keyed(heap);
		if (!slot)
			return RH_MORE;
		if (slot >= gc->end)
			return RH_DONE;
		gc->cursor++;
		if (*rh_gc(heap, slot) == RH_GC_IDLE)
			rh_keyed_reached(heap, slot);
		if (rh_slice_over(heap))
			return RH_MORE;
	}
}

void rh_keyed_reached(struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	if (!heap->types.objects[REFHEAP_KIND_WEAK_KEY_DICT])
		return;
	if (rh_meta_kind(meta) != REFHEAP_KIND_WEAK_KEY_DICT && !(meta & RH_META_EXTRA))
		return;
	heap->gc.keyed = slot;
	heap->gc.keyed_at = 0;
}

static bool is_reached(const struct rh_heap *heap, u32 slot)
{
	return !rh_gc_is_candidate(*rh_gc(heap, slot));
}

static void reach(struct rh_heap *heap, u32 slot)
{
	if (slot && rh_gc_is_candidate(*rh_gc(heap, slot)))
		rh_mark_push(heap, slot);
}

static bool mark_dict(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	const struct rh_cells *cells = rh_cells(heap, slot);
	u32 n = rh_map_used(heap, slot), at;

	while (gc->keyed_at < n) {
		at = gc->keyed_at;
		gc->keyed_at += 2;
		reach(heap, cells->cell[at]);
		if (cells->cell[at] &&
		    is_reached(heap, rh_weak(heap, cells->cell[at])->referent))
			reach(heap, cells->cell[at + 1]);
		if (gc->keyed_at < n && rh_slice_over(heap))
			return false;
	}
	gc->keyed = 0;
	return true;
}

/* An object is reached that may be a key: so are its values, where the dict is. */
static bool mark_key(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	const struct rh_weak *weak;

	if (!gc->keyed_at)
		gc->keyed_at = rh_weakref_first(heap, slot);
	while (gc->keyed_at) {
		weak = rh_weak(heap, gc->keyed_at);
		if ((weak->flags & RH_WEAK_KEY) && is_reached(heap, weak->cookie))
			reach(heap, rh_map_value_at(heap, weak->cookie, weak->hash,
						    gc->keyed_at));
		gc->keyed_at = weak->older;
		if (gc->keyed_at && rh_slice_over(heap))
			return false;
	}
	gc->keyed = 0;
	return true;
}

bool rh_keyed_step(struct rh_heap *heap)
{
	u32 slot = heap->gc.keyed;

	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAK_KEY_DICT)
		return mark_dict(heap, slot);
	return mark_key(heap, slot);
}
