/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What arenas are made of, for arena.c, which allocates, and arena_inspect.c,
 * which looks.
 */
#ifndef REFHEAP_ENGINE_ARENA_PARTS_H
#define REFHEAP_ENGINE_ARENA_PARTS_H

#include "arena.h"

#define POOL_WORDS	(RH_POOL_BYTES / 16 / 64)
#define POOL_PAGES	(RH_POOL_BYTES / RH_PAGE_BYTES)
#define POOL_UNITS	(RH_POOL_BYTES >> RH_UNIT_SHIFT)
#define PAGE_UNITS	(RH_PAGE_BYTES >> RH_UNIT_SHIFT)
/* Pools in what a handle can name of an arena. */
#define UNIT_POOLS	((1U << RH_ARENA_SHIFT) / POOL_UNITS)
#define PAGE_WORDS	(RH_ARENA_PAGES_MAX / 64)

enum arena_use { USE_POOLS, USE_RUNS, USE_ONE };

/* Links are the other's number + 1, so that 0 is the end. */
struct rh_pool {
	u32 prev, next;		/* among the partial ones of the class */
	u16 class_plus_one;	/* 0: the pool is free */
	u16 used, capacity;	/* blocks */
	u16 hint;		/* no word before it has a free block */
	u64 bitmap[POOL_WORDS];	/* blocks in use */
};

struct rh_arena {
	enum arena_use use;
	u32 prev, next;		/* in the bucket */
	u32 level;		/* which bucket: free pools, or longest free run */
	u32 pages_free;
	size_t bytes;
	u64 pages[PAGE_WORDS];	/* RUNS: in use */
	struct rh_pool pool[];	/* POOLS */
};

static inline unsigned int pools_per_arena(const struct rh_heap *heap)
{
	return heap->params.arena_bytes / RH_POOL_BYTES;
}

static inline unsigned int pages_per_arena(const struct rh_heap *heap)
{
	return heap->params.arena_bytes / RH_PAGE_BYTES;
}

/* First free run of at least @want pages, or the longest. Return: its length. */
u32 rh_find_run(const struct rh_arena *arena, u32 npages, u32 want, u32 *start);

#endif
