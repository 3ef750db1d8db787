// SPDX-License-Identifier: GPL-2.0
/*
 * The slow side of the barrier.
 */
#include "barrier.h"
#include "collect.h"
#include "finalize.h"

void rh_touch_slow(struct rh_heap *heap, u32 slot)
{
	rh_collect_changed(heap, slot);
	if (!rh_gc_is_candidate(*rh_gc(heap, slot)))
		return;
	/*
	 * Nobody can lead to what has been condemned but weak containers, until
	 * they have lost what they had of it; what is saved may be led to.
	 */
	if (rh_gc_decided(heap)) {
		WARN_ON_ONCE(!heap->gc.saveall && heap->gc.phase > RH_PHASE_WEAKREFS);
		return;
	}
	rh_collect_touched(heap, slot);
}

/*
 * The last reference to an object has gone. Unless it has a finalizer to be
 * run, it is put onto the death list, and ids of it go stale. A collection has
 * nothing to decide about it any more, but may still have it on its mark stack,
 * whose links must stay. What is condemned is freed with the rest, or revived.
 */
void rh_kill(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u32 *gc = rh_gc(heap, slot);

	if (unlikely(rh_gc_decided(heap)) && rh_is_condemned(heap, slot)) {
		heap->gc.orphaned = true;
		return;
	}
	if (unlikely(rh_finalizer_due(heap, slot)) && rh_finalizer_at_zero(heap, slot)) {
		rh_object_rejuvenate(heap, slot);
		return;
	}
	rh_collect_died(heap, slot);
	if (heap->gc.keyed == slot)
		heap->gc.keyed = 0;
	head->meta |= RH_META_DEAD;
	WRITE_ONCE(*rh_liveness_word(heap, slot), rh_tag(heap, slot) + 1);
	head->count = heap->dying;
	heap->dying = slot;
	if (rh_kind_is_leaf(rh_meta_kind(head->meta)))
		return;
	if (rh_gc_is_candidate(*gc) || *gc == RH_GC_DIRTY)
		heap->gc.undecided--;
	if (rh_gc_is_queued(*gc))
		heap->gc.dead_queued++;
	else
		*gc = RH_GC_DEAD;
	if (*rh_block_of(heap, slot))
		rh_cells(heap, slot)->n = 0;
}
