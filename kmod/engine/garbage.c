// SPDX-License-Identifier: GPL-2.0
/*
 * What is done about garbage before it is freed (collect.c): weak references to
 * it, finalizers in it, and what holds on to others otherwise than by edges.
 */
#include "finalize.h"
#include "history.h"
#include "map.h"
#include "type.h"
#include "walk.h"
#include "weakref.h"

/* While LEGACY reached it, it was condemned, and could not die. */
static __always_inline bool visit_bury(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	if (*word == RH_GC_LEGACY && !rh_head(heap, slot)->count)
		rh_kill(heap, slot);
	return true;
}

static __always_inline bool visit_weakrefs(struct rh_heap *heap, u32 slot, u32 *word,
					   struct chunk *chunk)
{
	if (!rh_gc_is_candidate(*word))
		return true;
	/*
	 * Those that are garbage themselves are cleared whatever they refer to,
	 * but entries of weak containers only go with what they are about.
	 */
	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF &&
	    !(rh_weak(heap, slot)->flags & RH_WEAK_ENTRY))
		rh_weakref_end(heap, slot);
	return rh_weakrefs_clear_step(heap, slot);
}

/* Return: whether it was not in the set before. */
static bool add_to_set(struct rh_heap *heap, u32 set, u32 slot)
{
	if (rh_is_in_set(heap, set, slot))
		return false;
	rh_young_add(heap, set, slot);
	return true;
}

static void put_into_garbage(struct rh_heap *heap, struct rh_head *head)
{
	head->meta |= RH_META_GARBAGE;
	head->count++;
	heap->gc.garbage++;
}

/*
 * Something dead lives on until finalizers have ended. What is left of its
 * references may be none: those of dead keys and values to each other.
 */
static void keep_pending(struct rh_heap *heap, u32 slot)
{
	heap->gc.pending += add_to_set(heap, RH_SET_PENDING, slot);
	if (rh_finalizer_due(heap, slot) && rh_finalizer_begin(heap, slot))
		rh_finalizer_await(heap, slot);
	if (rh_head(heap, slot)->count)
		return;
	heap->gc.collected++;
	if (heap->gc.saveall)
		put_into_garbage(heap, rh_head(heap, slot));
	else
		rh_kill(heap, slot);
}

/* What legacy finalizers can reach is put aside until the others have ended. */
static __always_inline bool visit_finalize(struct rh_heap *heap, u32 slot, u32 *word,
					   struct chunk *chunk)
{
	u32 was = *word;

	if (was != RH_GC_LEGACY && was != RH_GC_REVIVED)
		return true;
	*word = RH_GC_IDLE;
	if (was == RH_GC_LEGACY)
		add_to_set(heap, RH_SET_LEGACY, slot);
	else
		keep_pending(heap, slot);
	return true;
}

static void count_uncollectable(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);

	heap->gc.uncollectable++;
	if ((head->meta & RH_META_GARBAGE) ||
	    (!heap->gc.saveall && !rh_type_is_legacy(heap, slot)))
		return;
	put_into_garbage(heap, head);
}

/*
 * While one of them is dying, or something pending may lead to one and die, it
 * is not known what will be left.
 */
static bool is_open(const struct rh_collector *gc)
{
	return gc->legacy_awaited || (gc->again && (gc->awaited || gc->again_due));
}

static __always_inline bool visit_uncollectable(struct rh_heap *heap, u32 slot, u32 *word,
						struct chunk *chunk)
{
	bool aside = heap->gc.mask == WALK_LEGACY;

	if (!aside && *word != RH_GC_LEGACY)
		return true;
	if (!aside)
		*word = RH_GC_IDLE;
	if (is_open(&heap->gc)) {
		heap->gc.aside = true;
		add_to_set(heap, RH_SET_LEGACY, slot);
		return true;
	}
	/* It may have been put aside, and found once more before that was looked at. */
	if (rh_is_in_set(heap, RH_SET_LEGACY, slot))
		rh_young_del(heap, RH_SET_LEGACY, slot);
	if (!(rh_head(heap, slot)->meta & RH_META_DEAD))
		count_uncollectable(heap, slot);
	return true;
}

/* Lets go of what is not condemned. Return: false when the slice ended. */
static bool empty_keyed(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_cells *cells = rh_cells(heap, slot);
	u32 n = rh_map_used(heap, slot);

	while (gc->cell < n) {
		u32 edge = cells->cell[gc->cell];

		cells->cell[gc->cell++] = 0;
		if (edge && !rh_condemned_bit(heap, edge))
			rh_release(heap, edge);
		if (gc->cell < n && rh_slice_over(heap))
			return false;
	}
	gc->cell = 0;
	return true;
}

static __always_inline bool visit_unlink(struct rh_heap *heap, u32 slot, u32 *word,
					 struct chunk *chunk)
{
	u32 kind;

	if (!rh_gc_is_candidate(*word))
		return true;
	kind = rh_kind(heap, slot);
	if (kind == REFHEAP_KIND_WEAKREF)
		rh_weakref_end(heap, slot);
	if (rh_extra(heap, slot))
		rh_history_attach(heap, slot, NULL);
	return kind != REFHEAP_KIND_WEAK_KEY_DICT || empty_keyed(heap, slot);
}

RH_WALK_STEP(bury, visit_bury, chunk_ignore)
RH_WALK_STEP(weakrefs, visit_weakrefs, chunk_ignore)
RH_WALK_STEP(finalize, visit_finalize, chunk_ignore)
RH_WALK_STEP(unlink, visit_unlink, chunk_ignore)
RH_WALK_STEP(uncollectable, visit_uncollectable, chunk_ignore)
