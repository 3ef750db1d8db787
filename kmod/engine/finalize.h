/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finalizers: who runs them, and when they have ended.
 */
#ifndef REFHEAP_ENGINE_FINALIZE_H
#define REFHEAP_ENGINE_FINALIZE_H

#include "extra.h"

/*
 * An instance of a type with a finalizer is born, which @holder will run. It
 * has a struct rh_extra, and @holder a pin for it.
 */
void rh_finalizer_attach(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* Whether an object has a finalizer that has yet to be begun. */
static inline bool rh_finalizer_due(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	return (meta & (RH_META_EXTRA | RH_META_FINALIZED)) == RH_META_EXTRA &&
	       rh_extra(heap, slot)->post;
}

/*
 * Has the finalizer of an object run that is due: queues it, with a reference.
 * Return: false when nobody is there to run it; it is not due any more then.
 */
bool rh_finalizer_begin(struct rh_heap *heap, u32 slot);

/*
 * Likewise, of one whose last reference has gone. A legacy finalizer is queued
 * when the weak references to its object are dead, by the step below.
 */
bool rh_finalizer_at_zero(struct rh_heap *heap, u32 slot);

/* Goes on with heap->retiring. Return: false when the slice ended. */
bool rh_finalizer_retire_step(struct rh_heap *heap);

/* Whether nothing but a legacy finalizer is left for an object. */
static inline bool rh_is_retiring(const struct rh_heap *heap, u32 slot)
{
	return unlikely(heap->retiring) && (rh_head(heap, slot)->meta & RH_META_EXTRA) &&
	       (rh_extra(heap, slot)->flags & RH_EXTRA_RETIRING);
}

/*
 * The finalizer that was begun is of something that the running collection has
 * found: what it found with that is looked at again when this one has ended.
 */
void rh_finalizer_await(struct rh_heap *heap, u32 slot);

/*
 * The finalizer that was begun is of a legacy find that has died after all, and
 * with it may what it leads to: it is not uncollectable.
 */
void rh_finalizer_await_legacy(struct rh_heap *heap, u32 slot);

/* The finalizer of an object has ended. Return: false when none runs with @holder. */
bool rh_finalizer_end(struct rh_heap *heap, const struct rh_holder *holder, u32 slot);

/* For post.c. */
bool rh_finalizer_is_orphan(const struct rh_heap *heap, u32 slot);
bool rh_finalizer_orphaned(struct rh_heap *heap, u32 slot, struct rh_post *other);
bool rh_finalizer_returned(struct rh_heap *heap, u32 slot, const struct rh_holder *holder);
void rh_finalizer_deliver(struct rh_heap *heap, u32 slot, struct refheap_event *event);

#endif
