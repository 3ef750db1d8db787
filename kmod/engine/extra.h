/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only few objects have: weak references to them, a finalizer.
 */
#ifndef REFHEAP_ENGINE_EXTRA_H
#define REFHEAP_ENGINE_EXTRA_H

#include "object.h"

/* What an object has of that, or NULL. */
static inline struct rh_extra *rh_extra(const struct rh_heap *heap, u32 slot)
{
	if (!(rh_head(heap, slot)->meta & RH_META_EXTRA))
		return NULL;
	return rh_block(heap, REFHEAP_SPACE_REFS,
			heap->table.extra[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK]);
}

/**
 * rh_extra_prepare - get what rh_extra_attach() needs
 * @heap: heap
 * @slot: of the object, or of one that is about to be born
 * @block: out: the block, 0 when the object has one already
 *
 * The caller either attaches the block or frees it with rh_extra_cancel().
 *
 * Return: 0, -EDQUOT, -ENOMEM.
 */
int rh_extra_prepare(struct rh_heap *heap, u32 slot, u32 *block);
void rh_extra_cancel(struct rh_heap *heap, u32 block);

/* Gives a block that was prepared to a live object. Return: what the object has. */
struct rh_extra *rh_extra_attach(struct rh_heap *heap, u32 slot, u32 block);

/* Frees it when there is nothing left in it. */
void rh_extra_tidy(struct rh_heap *heap, u32 slot);

#endif
