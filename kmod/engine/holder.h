/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holders, for the engine: which references a session owns.
 */
#ifndef REFHEAP_ENGINE_HOLDER_H
#define REFHEAP_ENGINE_HOLDER_H

#include "object.h"

/* Makes sure that rh_holder_add() of @slot cannot fail. Return: 0 or an errno. */
int rh_holder_prepare(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* Books one reference, which the caller has taken, as the holder's topmost frame's. */
void rh_holder_add(struct rh_holder *holder, u32 slot);

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
