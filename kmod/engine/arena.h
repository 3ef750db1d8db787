/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The arena allocator: blocks of a space, named by 32-bit handles.
 *
 * After CPython's pymalloc (arenas, pools, 16-byte size classes up to 512
 * bytes), with occupancy in bitmaps beside the pools, so that a freed block
 * holds nothing that anybody could corrupt. Larger blocks are runs of pages,
 * the largest have an arena of their own.
 */
#ifndef REFHEAP_ENGINE_ARENA_H
#define REFHEAP_ENGINE_ARENA_H

#include <linux/kernel.h>
#include "heap.h"

#define RH_UNIT_SHIFT	4	/* handles count units of 16 bytes */
#define RH_ARENA_SHIFT	16	/* units of an arena: 1 MiB */
#define RH_MAX_ARENAS	(1U << (32 - RH_ARENA_SHIFT))

/* Address of a block. */
static inline void *rh_block(const struct rh_heap *heap, enum refheap_space space, u32 handle)
{
	return (u8 *)heap->space[space].base[handle >> RH_ARENA_SHIFT] +
	       ((size_t)(handle & ((1U << RH_ARENA_SHIFT) - 1)) << RH_UNIT_SHIFT);
}

/**
 * rh_block_alloc - allocate a block
 * @heap: heap
 * @space: space
 * @bytes: size; 0 gives the handle 0, which is no block
 * @handle: out
 *
 * A block of payload is zeroed; one of references is not.
 *
 * Return: 0, -ENOMEM or -EDQUOT.
 */
int rh_block_alloc(struct rh_heap *heap, enum refheap_space space, size_t bytes, u32 *handle);

/* Frees a block of @bytes, as they were asked for. Handle 0 is nothing. */
void rh_block_free(struct rh_heap *heap, enum refheap_space space, u32 handle, size_t bytes);

/* Frees @n blocks of @bytes each; neighbours in the array that share a pool are cheap. */
void rh_block_free_many(struct rh_heap *heap, enum refheap_space space, const u32 *handle,
			u32 n, size_t bytes);

/**
 * struct rh_stretch - a piece of an arena, at most as large as a pool
 * @words: what it has; blocks that are free, too
 * @n: how many
 * @first: the blocks of which it has anything begin at this handle
 * @last: or later, at this one at most
 */
struct rh_stretch {
	const u32 *words;
	u32 n;
	u32 first;
	u32 last;
};

/* The next stretch that may have a block. @cursor: 0 at first. Return: false at the end. */
bool rh_arena_stretch(const struct rh_heap *heap, enum refheap_space space, u64 *cursor,
		      struct rh_stretch *stretch);

/* What a block of @bytes really takes. */
static inline size_t rh_block_charge(size_t bytes)
{
	return bytes <= RH_SMALL_MAX ? ALIGN(bytes, 16) : ALIGN(bytes, RH_PAGE_BYTES);
}

void rh_arena_init(struct rh_heap *heap);
void rh_arena_exit(struct rh_heap *heap);

/* Checks the bookkeeping of one space. Return: number of faults. */
unsigned int rh_arena_verify(struct rh_heap *heap, enum refheap_space space, const char **what);

#endif
