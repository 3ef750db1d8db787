/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The object table: slots, their tags, and which of them are young.
 */
#ifndef REFHEAP_ENGINE_TABLE_H
#define REFHEAP_ENGINE_TABLE_H

#include "heap.h"

/**
 * rh_table_reserve - make sure that @n slots are free
 * @heap: heap
 * @n: how many
 *
 * Return: 0, -ENOMEM, or -EDQUOT when the table is at its limit.
 */
int rh_table_reserve(struct rh_heap *heap, u32 n);

/* Takes the lowest free slot, which rh_table_reserve() has made sure of. */
u32 rh_slot_alloc(struct rh_heap *heap);

/* The slot that rh_slot_alloc() will take next; there is a free one. */
u32 rh_slot_next(struct rh_heap *heap);

/* Frees a slot and changes its tag, so that ids of it go stale. */
void rh_slot_free(struct rh_heap *heap, u32 slot);

/* Slots below this number exist. */
static inline u32 rh_table_end(const struct rh_heap *heap)
{
	return heap->table.nsegments << RH_SEGMENT_SHIFT;
}

/* Frees some of the 64 slots from @first on, as the bits say. */
void rh_slots_free(struct rh_heap *heap, u32 first, u64 slots);

/* Puts a slot among the young of @generation (0 or 1), or takes it out. */
void rh_young_add(struct rh_heap *heap, u32 generation, u32 slot);
void rh_young_del(struct rh_heap *heap, u32 generation, u32 slot);

/* The first young slot from @slot on, or the end of the table. */
u32 rh_young_next(const struct rh_heap *heap, u32 generation, u32 slot);

/* The first used slot from @slot on, or the end of the table. */
u32 rh_used_next(const struct rh_heap *heap, u32 slot);

/*
 * Looks up an id.
 * Return: its slot, or 0 with *@err -ENOENT (no such slot was ever used with
 * that tag) or -ESTALE (the object is dead, or condemned).
 */
u32 rh_lookup(const struct rh_heap *heap, u64 id, int *err);

void rh_table_exit(struct rh_heap *heap);

#endif
