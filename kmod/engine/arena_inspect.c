// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of arenas: what they have room for, what is in them, piece by
 * piece, and whether that is what is noted of them.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "arena_parts.h"

static const u32 use_for_users[] = {
	[USE_POOLS] = REFHEAP_ARENA_USE_POOLS,
	[USE_RUNS] = REFHEAP_ARENA_USE_RUNS,
	[USE_ONE] = REFHEAP_ARENA_USE_ONE,
};

/* Of a pool, a block lies in one stretch; a larger one may have begun anywhere before. */
static void fill_stretch(const struct rh_space *space, u32 index, u32 piece,
			 struct rh_stretch *stretch)
{
	const struct rh_arena *arena = space->arena[index];
	size_t offset = (size_t)piece * RH_POOL_BYTES;
	u32 handle = index << RH_ARENA_SHIFT;

	stretch->words = (const u32 *)((const u8 *)space->base[index] + offset);
	stretch->n = min_t(size_t, arena->bytes - offset, RH_POOL_BYTES) / sizeof(u32);
	stretch->first = handle + (arena->use == USE_POOLS ? piece * POOL_UNITS : 0);
	stretch->last = handle;
	if (arena->use != USE_ONE)
		stretch->last += (piece + 1) * POOL_UNITS - 1;
}

/* The cursor is an arena and, of that, a piece. */
bool rh_arena_stretch(const struct rh_heap *heap, enum refheap_space which, u64 *cursor,
		      struct rh_stretch *stretch)
{
	const struct rh_space *space = &heap->space[which];
	u32 index = *cursor >> 32, piece = (u32)*cursor, pieces;

	for (; index < space->capacity; index++, piece = 0) {
		const struct rh_arena *arena = space->arena[index];

		pieces = arena ? (arena->bytes + RH_POOL_BYTES - 1) / RH_POOL_BYTES : 0;
		while (piece < pieces && arena->use == USE_POOLS && !arena->pool[piece].used)
			piece++;
		if (piece >= pieces)
			continue;
		fill_stretch(space, index, piece, stretch);
		*cursor = ((u64)index << 32) + piece + 1;
		return true;
	}
	*cursor = (u64)index << 32;
	return false;
}

int rh_class_stat(struct rh_heap *heap, enum refheap_space which, u32 class,
		  struct rh_class_stat *stat)
{
	const struct rh_space *space = &heap->space[which];
	u32 bytes = (class + 1) * 16;

	if (class >= RH_CLASSES)
		return -ENOENT;
	stat->bytes = bytes;
	stat->pools = space->pools[class];
	stat->used = space->used[class] - (space->recent[class] != 0);
	stat->free = stat->pools * (RH_POOL_BYTES / bytes) - stat->used;
	return 0;
}

int rh_arena_stat(struct rh_heap *heap, enum refheap_space which, u32 index,
		  struct rh_arena_stat *stat)
{
	const struct rh_space *space = &heap->space[which];

	while (index < space->capacity && !space->arena[index])
		index++;
	if (index >= space->capacity)
		return -ENOENT;
	stat->index = index;
	stat->bytes = space->arena[index]->bytes;
	stat->pages = stat->bytes / RH_PAGE_BYTES;
	stat->pages_free = space->arena[index]->pages_free;
	stat->use = use_for_users[space->arena[index]->use];
	return 0;
}

static void stat_pool(const struct rh_pool *pool, struct refheap_pool *out)
{
	if (!pool->class_plus_one)
		return;
	out->block_bytes = pool->class_plus_one * 16;
	out->used = pool->used;
	out->capacity = pool->capacity;
}

/* Pages of a run's arena, as many as a pool has. */
static void stat_pages(const struct rh_arena *arena, u32 first, struct refheap_pool *out)
{
	u64 bits = arena->pages[first / 64] >> first % 64 & ((1U << POOL_PAGES) - 1);

	out->used = hweight64(bits);
	if (!out->used)
		return;
	out->block_bytes = RH_PAGE_BYTES;
	out->capacity = POOL_PAGES;
}

u32 rh_arena_pools(struct rh_heap *heap, enum refheap_space which, u32 index,
		   struct refheap_pool *pool)
{
	const struct rh_arena *arena = heap->space[which].arena[index];
	u32 n = arena->use == USE_ONE ? 0 : pools_per_arena(heap), i;

	memset(pool, 0, n * sizeof(*pool));
	for (i = 0; i < n; i++) {
		if (arena->use == USE_POOLS)
			stat_pool(&arena->pool[i], &pool[i]);
		else
			stat_pages(arena, i * POOL_PAGES, &pool[i]);
	}
	return n;
}

void rh_space_stat(struct rh_heap *heap, enum refheap_space which, struct rh_space_stat *stat)
{
	const struct rh_space *space = &heap->space[which];

	stat->arenas = space->arenas;
	stat->bytes = space->bytes;
	stat->large_blocks = space->large_blocks;
	stat->large_bytes = space->large_bytes;
}

/* Compares the pools of one arena with what is noted of them. */
static bool pools_consistent(const struct rh_heap *heap, const struct rh_arena *arena,
			     u64 *pools, u64 *used)
{
	u32 npools = pools_per_arena(heap), free = 0, i, word, n;

	for (i = 0; i < npools; i++) {
		const struct rh_pool *pool = &arena->pool[i];

		if (!pool->class_plus_one) {
			free++;
			continue;
		}
		for (n = 0, word = 0; word < POOL_WORDS; word++)
			n += hweight64(pool->bitmap[word]);
		if (n != pool->used || n > pool->capacity)
			return false;
		pools[pool->class_plus_one - 1]++;
		used[pool->class_plus_one - 1] += n;
	}
	return arena->level == free && arena->pages_free == free * POOL_PAGES;
}

unsigned int rh_arena_verify(struct rh_heap *heap, enum refheap_space which, const char **what)
{
	const struct rh_space *space = &heap->space[which];
	u64 pools[RH_CLASSES] = {}, used[RH_CLASSES] = {};
	unsigned int faults = 0;
	u32 i, unused;

	for (i = 0; i < space->capacity; i++) {
		const struct rh_arena *arena = space->arena[i];

		if (!arena || arena->use == USE_ONE)
			continue;
		if (arena->use == USE_POOLS && !pools_consistent(heap, arena, pools, used)) {
			*what = "an arena's pools are not what is noted of them";
			faults++;
		}
		if (arena->use == USE_RUNS &&
		    rh_find_run(arena, pages_per_arena(heap), RH_ARENA_PAGES_MAX, &unused) !=
		    arena->level) {
			*what = "an arena's longest run of pages is not what is noted of it";
			faults++;
		}
	}
	for (i = 0; i < RH_CLASSES; i++) {
		if (pools[i] != space->pools[i] || used[i] != space->used[i]) {
			*what = "a size class has other pools or blocks than are counted";
			faults++;
		}
	}
	return faults;
}
