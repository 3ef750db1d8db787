/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holders, for the engine: which references a session owns.
 */
#ifndef REFHEAP_ENGINE_HOLDER_H
#define REFHEAP_ENGINE_HOLDER_H

#include "object.h"

/* rh_holder_prepare() when there is more to do than to look. */
int rh_holder_prepare_slow(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* Makes sure that rh_holder_add() of @slot cannot fail. Return: 0 or an errno. */
static inline int rh_holder_prepare(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	u32 index = slot >> RH_LEAF_SHIFT;

	if (likely(index < holder->capacity && holder->leaf[index].hold && !holder->top))
		return 0;
	return rh_holder_prepare_slow(heap, holder, slot);
}

/* When it is now, as holders remember it. */
u32 rh_holder_now(const struct rh_heap *heap);

/* Books one reference, which the caller has taken, as the holder's topmost frame's. */
void rh_holder_add(struct rh_holder *holder, u32 slot);

/* Likewise, by one who knows rh_holder_now(). */
void rh_holder_add_now(struct rh_holder *holder, u32 slot, u32 now);

/* Likewise, but as no frame's: what comes from elsewhere. */
void rh_holder_book(struct rh_holder *holder, u32 slot);

/* Takes one reference off the holder; the caller owns it then. */
void rh_holder_del(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* Likewise, when a frame has given its share of it up. */
void rh_holder_less(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* How many references to @slot it owns. */
u32 rh_holder_slot_count(const struct rh_holder *holder, u32 slot);

/*
 * Makes sure that rh_holder_book() of @slot cannot fail, from now until
 * rh_holder_unpin(). Return: 0 or an errno.
 */
int rh_holder_pin(struct rh_heap *heap, struct rh_holder *holder, u32 slot);
void rh_holder_unpin(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* The leaf of a slot that the holder has a reference to, or is prepared for. */
static inline struct rh_leaf *rh_holder_leaf(const struct rh_holder *holder, u32 slot)
{
	return &holder->leaf[slot >> RH_LEAF_SHIFT];
}

#endif
