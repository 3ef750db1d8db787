/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The object table: slots, their tags, and which of them are young.
 */
#ifndef REFHEAP_ENGINE_TABLE_H
#define REFHEAP_ENGINE_TABLE_H

#include <linux/bitops.h>
#include <linux/nospec.h>
#include "heap.h"

/* rh_table_reserve() when there is more to do than to look. */
int rh_table_reserve_slow(struct rh_heap *heap, u32 n);

/**
 * rh_table_reserve - make sure that @n slots are free
 * @heap: heap
 * @n: how many
 *
 * Return: 0, -ENOMEM, or -EDQUOT when the table is at its limit.
 */
static inline int rh_table_reserve(struct rh_heap *heap, u32 n)
{
	if (likely(heap->table.nfree >= n && !heap->trace))
		return 0;
	return rh_table_reserve_slow(heap, n);
}

/* Takes the lowest free slot, which rh_table_reserve() has made sure of. */
u32 rh_slot_alloc(struct rh_heap *heap);

/* The slot that rh_slot_alloc() will take next; there is a free one. */
static inline u32 rh_slot_next(struct rh_heap *heap)
{
	struct rh_table *table = &heap->table;
	struct rh_segment *segment;

	while (!table->segment[table->free_hint]->nfree)
		table->free_hint++;
	segment = table->segment[table->free_hint];
	while (!~segment->used[segment->hint])
		segment->hint++;
	return (table->free_hint << RH_SEGMENT_SHIFT) + segment->hint * 64 +
	       __ffs(~segment->used[segment->hint]);
}

/* Frees a slot and changes its tag, so that ids of it go stale. */
void rh_slot_free(struct rh_heap *heap, u32 slot);

/* Slots below this number exist. */
static inline u32 rh_table_end(const struct rh_heap *heap)
{
	return heap->table.nsegments << RH_SEGMENT_SHIFT;
}

/*
 * Whether a slot that a user named exists. Then it may be looked at, also by a
 * processor that only guesses that it does.
 */
static inline bool rh_slot_exists(const struct rh_heap *heap, u32 *slot)
{
	u32 end = rh_table_end(heap);

	if (unlikely(*slot >= end))
		return false;
	*slot = array_index_nospec(*slot, end);
	return true;
}

/* Frees some of the 64 slots from @first on, as the bits say. */
void rh_slots_free(struct rh_heap *heap, u32 first, u64 slots);

/* Puts a slot among the young of @generation (0 or 1), or takes it out. */
static inline void rh_young_add(struct rh_heap *heap, u32 generation, u32 slot)
{
	struct rh_segment *segment = heap->table.segment[slot >> RH_SEGMENT_SHIFT];

	segment->young[generation][(slot & RH_SEGMENT_MASK) / 64] |= 1ULL << slot % 64;
	segment->nyoung[generation]++;
}

static inline void rh_young_del(struct rh_heap *heap, u32 generation, u32 slot)
{
	struct rh_segment *segment = heap->table.segment[slot >> RH_SEGMENT_SHIFT];

	segment->young[generation][(slot & RH_SEGMENT_MASK) / 64] &= ~(1ULL << slot % 64);
	segment->nyoung[generation]--;
}

/*
 * A table stays as large as it has ever been, so a walk may pass over any number
 * of segments: in steps of so many, each about as long as a few units of work.
 */
#define RH_SEGMENTS_AT_ONCE	8U

/*
 * The first young slot from @slot on; where a segment begins, after so many
 * without any; or the end of the table.
 */
u32 rh_young_next(const struct rh_heap *heap, u32 generation, u32 slot);

/* Likewise, used. */
u32 rh_used_next(const struct rh_heap *heap, u32 slot);

/* rh_lookup() of what is not simply alive. */
u32 rh_lookup_slow(const struct rh_heap *heap, u64 id, int *err);

/*
 * Looks up an id.
 * Return: its slot, or 0 with *@err -ENOENT (no such slot was ever used with
 * that tag) or -ESTALE (the object is dead, or condemned).
 */
static inline u32 rh_lookup(const struct rh_heap *heap, u64 id, int *err)
{
	u32 slot = REFHEAP_ID_SLOT(id), meta;

	if (unlikely(!rh_slot_exists(heap, &slot) ||
		     REFHEAP_ID_TAG(id) != rh_tag(heap, slot) || rh_gc_decided(heap)))
		return rh_lookup_slow(heap, id, err);
	/* A slot that is free has no kind, slot 0 neither. */
	meta = rh_head(heap, slot)->meta;
	if (unlikely(!rh_meta_kind(meta) || (meta & RH_META_DEAD)))
		return rh_lookup_slow(heap, id, err);
	*err = 0;
	return slot;
}

void rh_table_exit(struct rh_heap *heap);

#endif
