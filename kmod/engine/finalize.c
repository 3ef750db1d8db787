// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers run in processes: the engine queues the object with a reference,
 * which the holder that reads the event gets. The finalizer has ended when it
 * says so, or when it gives up all that it has of the object.
 *
 * Nobody is waited for. What was found dead with a finalizer in it stays as it
 * is, alive, and is looked at again when all finalizers have ended, or by the
 * next collection (collect.c).
 */
#include "finalize.h"
#include "holder.h"
#include "post.h"
#include "table.h"
#include "type.h"
#include "weakref.h"

void rh_finalizer_attach(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	rh_extra(heap, slot)->post = rh_post_get(holder->post);
}

/* Nobody has an obligation for it any more. */
static void release_post(struct rh_heap *heap, u32 slot, struct rh_extra *extra)
{
	struct rh_post *post = extra->post;

	extra->post = NULL;
	rh_post_put(heap, post);
	rh_extra_tidy(heap, slot);
}

/* No more is to be waited for it. */
static void ended(struct rh_heap *heap, struct rh_extra *extra)
{
	struct rh_collector *gc = &heap->gc;

	if ((extra->flags & RH_EXTRA_AWAITED) && !--gc->awaited)
		gc->again_due = true;
	if ((extra->flags & RH_EXTRA_LEGACY) && !--gc->legacy_awaited && !gc->awaited)
		gc->again_due = true;
	extra->flags = 0;
}

static void skip(struct rh_heap *heap, u32 slot, struct rh_extra *extra)
{
	ended(heap, extra);
	heap->gc.skipped++;
	rh_notify_object(heap, RH_NOTICE_SKIPPED, slot);
	release_post(heap, slot, extra);
}

static void adopt(struct rh_heap *heap, struct rh_extra *extra, struct rh_post *other)
{
	rh_post_put(heap, extra->post);
	extra->post = rh_post_get(other);
	extra->flags |= RH_EXTRA_ADOPTED;
}

bool rh_finalizer_begin(struct rh_heap *heap, u32 slot)
{
	struct rh_extra *extra = rh_extra(heap, slot);
	struct rh_post *post = rh_post_or_adopter(heap, extra->post);

	rh_head(heap, slot)->meta |= RH_META_FINALIZED;
	if (!post) {
		skip(heap, slot, extra);
		return false;
	}
	if (post != extra->post)
		adopt(heap, extra, post);
	extra->flags |= RH_EXTRA_QUEUED;
	heap->gc.unended++;
	heap->gc.finalized++;
	rh_notify_object(heap, RH_NOTICE_FINALIZE, slot);
	rh_post_queue(heap, post, slot);
	return true;
}

bool rh_finalizer_at_zero(struct rh_heap *heap, u32 slot)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!extra->weakrefs || !rh_type_is_legacy(heap, slot))
		return rh_finalizer_begin(heap, slot);
	rh_head(heap, slot)->count++;
	rh_touch(heap, slot);
	extra->flags |= RH_EXTRA_RETIRING;
	extra->next_event = heap->retiring;
	heap->retiring = slot;
	return true;
}

bool rh_finalizer_retire_step(struct rh_heap *heap)
{
	u32 slot = heap->retiring;
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!rh_weakrefs_clear_step(heap, slot))
		return !rh_slice_over(heap);
	heap->retiring = extra->next_event;
	extra->flags &= ~RH_EXTRA_RETIRING;
	rh_head(heap, slot)->count--;
	if (!rh_finalizer_begin(heap, slot) && !rh_head(heap, slot)->count)
		rh_kill(heap, slot);
	return true;
}

void rh_finalizer_await(struct rh_heap *heap, u32 slot)
{
	rh_extra(heap, slot)->flags |= RH_EXTRA_AWAITED;
	heap->gc.awaited++;
}

void rh_finalizer_await_legacy(struct rh_heap *heap, u32 slot)
{
	if (rh_is_in_set(heap, RH_SET_LEGACY, slot))
		rh_young_del(heap, RH_SET_LEGACY, slot);
	rh_extra(heap, slot)->flags |= RH_EXTRA_LEGACY;
	heap->gc.legacy_awaited++;
}

/*
 * In CPython something that a collection has found dies by itself when the
 * finalizer of another lets go of it before its own turn. It is none of the
 * collection's from then on, and has a youth of its own if it comes back.
 */
void rh_finalizer_left(struct rh_heap *heap, u32 slot)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!extra || !(extra->flags & RH_EXTRA_AWAITED) || !rh_is_pending(heap, slot) ||
	    *rh_gc(heap, slot) != RH_GC_IDLE)
		return;
	rh_young_del(heap, RH_SET_PENDING, slot);
	heap->gc.pending--;
	rh_object_rejuvenate(heap, slot);
}

bool rh_finalizer_end(struct rh_heap *heap, const struct rh_holder *holder, u32 slot)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!extra || !(extra->flags & RH_EXTRA_RUNNING) || extra->post != holder->post)
		return false;
	heap->gc.unended--;
	ended(heap, extra);
	release_post(heap, slot, extra);
	return true;
}

bool rh_finalizer_is_orphan(const struct rh_heap *heap, u32 slot)
{
	return rh_extra(heap, slot)->flags & RH_EXTRA_ADOPTED;
}

bool rh_finalizer_orphaned(struct rh_heap *heap, u32 slot, struct rh_post *other)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (other) {
		adopt(heap, extra, other);
		return true;
	}
	heap->gc.unended--;
	skip(heap, slot, extra);
	return false;
}

bool rh_finalizer_returned(struct rh_heap *heap, u32 slot, const struct rh_holder *holder)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!extra || !(extra->flags & RH_EXTRA_RUNNING) || extra->post != holder->post)
		return false;
	/* There is no pin for it any more, as with what is adopted. */
	extra->flags &= ~RH_EXTRA_RUNNING;
	extra->flags |= RH_EXTRA_QUEUED | RH_EXTRA_ADOPTED;
	return true;
}

void rh_finalizer_deliver(struct rh_heap *heap, u32 slot, struct refheap_event *event)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	if (!(extra->flags & RH_EXTRA_ADOPTED))
		rh_holder_unpin(heap, extra->post->holder, slot);
	event->value = rh_meta_type(rh_head(heap, slot)->meta);
	extra->flags = (extra->flags & ~RH_EXTRA_QUEUED) | RH_EXTRA_RUNNING;
}
