/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference blocks: what the edges of an object look like.
 *
 * Every block begins with a header and its cells; a cell is a slot or 0. The
 * collector knows no more than that. Maps have more behind the cells (map.c).
 */
#ifndef REFHEAP_ENGINE_BLOCK_H
#define REFHEAP_ENGINE_BLOCK_H

#include "arena.h"

struct rh_cells {
	u32 n;		/* cells to be looked at; of a dying object: the next to release */
	u32 capacity;	/* room for cells; those from n on are 0 */
	u32 cell[];
};

static inline struct rh_cells *rh_cells(const struct rh_heap *heap, u32 slot)
{
	u32 block = *rh_block_of(heap, slot);

	return block ? rh_block(heap, REFHEAP_SPACE_REFS, block) : NULL;
}

static inline size_t rh_cells_bytes(u32 capacity)
{
	return sizeof(struct rh_cells) + (size_t)capacity * sizeof(u32);
}

/* Length of a leaf's payload. */
static inline u32 rh_length(const struct rh_heap *heap, u32 slot)
{
	return *rh_gc(heap, slot) & ~RH_GC_TOP;
}

static inline void *rh_payload(const struct rh_heap *heap, u32 slot)
{
	u32 block = *rh_block_of(heap, slot);

	return block ? rh_block(heap, rh_kind_space(rh_kind(heap, slot)), block) : NULL;
}

/* Bytes of the block of an object, as it was allocated. */
size_t rh_block_bytes(const struct rh_heap *heap, u32 slot);

#endif
