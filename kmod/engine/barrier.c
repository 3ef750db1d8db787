// SPDX-License-Identifier: GPL-2.0
/*
 * The slow side of the barrier.
 */
#include "barrier.h"
#include "collect.h"

void rh_touch_slow(struct rh_heap *heap, u32 slot)
{
	rh_collect_changed(heap, slot);
	if (!rh_gc_is_candidate(*rh_gc(heap, slot)))
		return;
	/* Nobody can lead to what has been condemned; what is saved may be led to. */
	if (rh_gc_decided(heap)) {
		WARN_ON_ONCE(!heap->gc.saveall);
		return;
	}
	rh_collect_touched(heap, slot);
}

/*
 * Puts an object whose last reference has gone onto the death list. A
 * collection has nothing to decide about it any more, but may still have it on
 * its mark stack, whose links must stay.
 */
void rh_kill(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u32 *gc = rh_gc(heap, slot);

	rh_collect_changed(heap, slot);
	head->meta |= RH_META_DEAD;
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
