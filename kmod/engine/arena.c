// SPDX-License-Identifier: GPL-2.0
/*
 * The arena allocator. Three kinds of arenas: those cut into pools of 16 KiB,
 * whose blocks are of one class each; those cut into runs of pages; and those
 * that are one block.
 *
 * New pools and runs come from the fullest arena that has room, so that others
 * have a chance to become empty and to go back. One empty arena of each kind
 * stays, lest a single block at the edge costs a megabyte each time.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "arena_parts.h"

static size_t arena_struct_bytes(const struct rh_heap *heap, enum arena_use use)
{
	size_t pools = use == USE_POOLS ? pools_per_arena(heap) : 0;

	return sizeof(struct rh_arena) + pools * sizeof(struct rh_pool);
}

static u32 *bucket_of(struct rh_space *space, const struct rh_arena *arena)
{
	return arena->use == USE_POOLS ? &space->bucket[arena->level] :
					 &space->run_bucket[arena->level];
}

static void bucket_add(struct rh_space *space, u32 index, u32 level)
{
	struct rh_arena *arena = space->arena[index];
	u32 *head;

	arena->level = level;
	head = bucket_of(space, arena);
	arena->prev = 0;
	arena->next = *head;
	if (*head)
		space->arena[*head - 1]->prev = index + 1;
	*head = index + 1;
}

static void bucket_del(struct rh_space *space, u32 index)
{
	struct rh_arena *arena = space->arena[index];

	if (arena->prev)
		space->arena[arena->prev - 1]->next = arena->next;
	else
		*bucket_of(space, arena) = arena->next;
	if (arena->next)
		space->arena[arena->next - 1]->prev = arena->prev;
}

static void bucket_move(struct rh_space *space, u32 index, u32 level)
{
	if (space->arena[index]->level == level)
		return;
	bucket_del(space, index);
	bucket_add(space, index, level);
}

/* Makes room for at least one index more in the directories. */
static int directory_grow(struct rh_heap *heap, struct rh_space *space)
{
	u32 old = space->capacity;
	u32 capacity = old ? old * 2 : 16;
	struct rh_arena **arena;
	void **base;

	if (old >= RH_MAX_ARENAS)
		return -ENOMEM;
	base = rh_alloc(heap, capacity * sizeof(*base));
	if (IS_ERR(base))
		return PTR_ERR(base);
	arena = rh_alloc(heap, capacity * sizeof(*arena));
	if (IS_ERR(arena)) {
		rh_free(heap, base, capacity * sizeof(*base));
		return PTR_ERR(arena);
	}
	if (old) {
		memcpy(base, space->base, old * sizeof(*base));
		memcpy(arena, space->arena, old * sizeof(*arena));
		rh_free(heap, space->base, old * sizeof(*base));
		rh_free(heap, space->arena, old * sizeof(*arena));
	}
	space->base = base;
	space->arena = arena;
	space->capacity = capacity;
	return 0;
}

static int find_index(struct rh_heap *heap, struct rh_space *space, u32 *index)
{
	u32 i = space->free_hint;
	int err;

	while (i < space->capacity && space->arena[i])
		i++;
	space->free_hint = i;
	if (i >= space->capacity) {
		err = directory_grow(heap, space);
		if (err)
			return err;
	}
	*index = i;
	return 0;
}

static int arena_new(struct rh_heap *heap, struct rh_space *space, enum arena_use use,
		     size_t bytes, u32 *index)
{
	struct rh_arena *arena;
	void *base;
	int err;

	err = find_index(heap, space, index);
	if (err)
		return err;
	arena = rh_alloc(heap, arena_struct_bytes(heap, use));
	if (IS_ERR(arena))
		return PTR_ERR(arena);
	base = heap->host->alloc_pages(heap->ctx, bytes);
	if (IS_ERR(base)) {
		rh_free(heap, arena, arena_struct_bytes(heap, use));
		return PTR_ERR(base);
	}
	arena->use = use;
	arena->bytes = bytes;
	arena->pages_free = use == USE_ONE ? 0 : bytes / RH_PAGE_BYTES;
	space->arena[*index] = arena;
	space->base[*index] = base;
	space->free_hint = *index + 1;
	space->arenas++;
	space->bytes += bytes;
	heap->reserved += bytes;
	if (use == USE_POOLS)
		bucket_add(space, *index, pools_per_arena(heap));
	else if (use == USE_RUNS)
		bucket_add(space, *index, pages_per_arena(heap));
	return 0;
}

static void arena_free(struct rh_heap *heap, struct rh_space *space, u32 index)
{
	struct rh_arena *arena = space->arena[index];

	if (arena->use != USE_ONE)
		bucket_del(space, index);
	heap->host->free_pages(heap->ctx, space->base[index], arena->bytes);
	space->arenas--;
	space->bytes -= arena->bytes;
	heap->reserved -= arena->bytes;
	space->base[index] = NULL;
	space->arena[index] = NULL;
	if (index < space->free_hint)
		space->free_hint = index;
	rh_free(heap, arena, arena_struct_bytes(heap, arena->use));
}

/* Gives an arena that became empty back, unless it is the only empty one. */
static void arena_empty(struct rh_heap *heap, struct rh_space *space, u32 index)
{
	struct rh_arena *arena = space->arena[index];

	if (arena->prev || arena->next)
		arena_free(heap, space, index);
}

static struct rh_pool *pool_get(struct rh_space *space, u32 id)
{
	return &space->arena[id / RH_POOLS_MAX]->pool[id % RH_POOLS_MAX];
}

static void partial_add(struct rh_space *space, u32 class, u32 id)
{
	struct rh_pool *pool = pool_get(space, id);

	pool->prev = 0;
	pool->next = space->partial[class];
	if (pool->next)
		pool_get(space, pool->next - 1)->prev = id + 1;
	space->partial[class] = id + 1;
}

static void partial_del(struct rh_space *space, u32 class, u32 id)
{
	struct rh_pool *pool = pool_get(space, id);

	if (pool->prev)
		pool_get(space, pool->prev - 1)->next = pool->next;
	else
		space->partial[class] = pool->next;
	if (pool->next)
		pool_get(space, pool->next - 1)->prev = pool->prev;
}

static u32 first_bucket(const u32 *bucket, u32 from, u32 to)
{
	u32 level;

	for (level = from; level <= to; level++)
		if (bucket[level])
			return bucket[level];
	return 0;
}

static int pool_new(struct rh_heap *heap, struct rh_space *space, u32 class)
{
	u32 npools = pools_per_arena(heap);
	u32 index = first_bucket(space->bucket, 1, npools);
	struct rh_arena *arena;
	struct rh_pool *pool;
	u32 i;
	int err;

	if (!index) {
		err = arena_new(heap, space, USE_POOLS, heap->params.arena_bytes, &index);
		if (err)
			return err;
	} else {
		index--;
	}
	arena = space->arena[index];
	for (i = 0; arena->pool[i].class_plus_one; i++)
		;
	pool = &arena->pool[i];
	memset(pool, 0, sizeof(*pool));
	pool->class_plus_one = class + 1;
	pool->capacity = RH_POOL_BYTES / ((class + 1) * 16);
	arena->pages_free -= POOL_PAGES;
	bucket_move(space, index, arena->level - 1);
	partial_add(space, class, index * RH_POOLS_MAX + i);
	space->pools[class]++;
	return 0;
}

static void pool_free(struct rh_heap *heap, struct rh_space *space, u32 class, u32 id)
{
	u32 index = id / RH_POOLS_MAX;
	struct rh_arena *arena = space->arena[index];

	partial_del(space, class, id);
	pool_get(space, id)->class_plus_one = 0;
	space->pools[class]--;
	arena->pages_free += POOL_PAGES;
	bucket_move(space, index, arena->level + 1);
	if (arena->level == pools_per_arena(heap))
		arena_empty(heap, space, index);
}

static noinline int small_alloc(struct rh_heap *heap, struct rh_space *space, u32 class,
				u32 *handle)
{
	struct rh_pool *pool;
	u32 id, word, bit;
	int err;

	if (!space->partial[class]) {
		err = pool_new(heap, space, class);
		if (err)
			return err;
	}
	id = space->partial[class] - 1;
	pool = pool_get(space, id);
	for (word = pool->hint; !~pool->bitmap[word]; word++)
		;
	bit = __ffs(~pool->bitmap[word]);
	pool->bitmap[word] |= 1ULL << bit;
	pool->hint = word;
	if (++pool->used == pool->capacity)
		partial_del(space, class, id);
	space->used[class]++;
	*handle = (id / RH_POOLS_MAX << RH_ARENA_SHIFT) +
		  id % RH_POOLS_MAX * POOL_UNITS + (word * 64 + bit) * (class + 1);
	return 0;
}

/* 65536 / n + 1 for n units of a block: exact for the multiples of n below 1024. */
static const u32 reciprocal[RH_CLASSES] = {
	65537, 32769, 21846, 16385, 13108, 10923, 9363, 8193,
	7282, 6554, 5958, 5462, 5042, 4682, 4370, 4097,
	3856, 3641, 3450, 3277, 3121, 2979, 2850, 2731,
	2622, 2521, 2428, 2341, 2260, 2185, 2115, 2049,
};

/* Frees @n blocks of one pool. */
static noinline void small_free(struct rh_heap *heap, struct rh_space *space, u32 class,
				const u32 *handle, u32 n)
{
	u32 first = handle[0] / POOL_UNITS;
	u32 id = first / UNIT_POOLS * RH_POOLS_MAX + first % UNIT_POOLS, i;
	struct rh_pool *pool = pool_get(space, id);
	bool was_full = pool->used == pool->capacity;

	if (WARN_ON_ONCE(pool->class_plus_one != class + 1 || n > pool->used))
		return;
	for (i = 0; i < n; i++) {
		u32 block = (handle[i] % POOL_UNITS * reciprocal[class]) >> 16;

		WARN_ON_ONCE(!(pool->bitmap[block / 64] & (1ULL << block % 64)));
		pool->bitmap[block / 64] &= ~(1ULL << block % 64);
		if (block / 64 < pool->hint)
			pool->hint = block / 64;
	}
	space->used[class] -= n;
	pool->used -= n;
	if (was_full)
		partial_add(space, class, id);
	/* One empty pool of a class stays while it is its only one to allocate from. */
	if (!pool->used && (pool->prev || pool->next))
		pool_free(heap, space, class, id);
}

u32 rh_find_run(const struct rh_arena *arena, u32 npages, u32 want, u32 *start)
{
	u32 page, length = 0, longest = 0;

	for (page = 0; page < npages; page++) {
		if (arena->pages[page / 64] & (1ULL << page % 64)) {
			length = 0;
			continue;
		}
		if (++length > longest) {
			longest = length;
			*start = page + 1 - length;
			if (longest == want)
				break;
		}
	}
	return longest;
}

static void mark_run(struct rh_arena *arena, u32 start, u32 n, bool used)
{
	u32 page;

	for (page = start; page < start + n; page++) {
		if (used)
			arena->pages[page / 64] |= 1ULL << page % 64;
		else
			arena->pages[page / 64] &= ~(1ULL << page % 64);
	}
	if (used)
		arena->pages_free -= n;
	else
		arena->pages_free += n;
}

static int run_alloc(struct rh_heap *heap, struct rh_space *space, u32 n, u32 *handle)
{
	u32 npages = pages_per_arena(heap);
	u32 index = first_bucket(space->run_bucket, n, npages);
	struct rh_arena *arena;
	u32 start = 0, unused;
	int err;

	if (!index) {
		err = arena_new(heap, space, USE_RUNS, heap->params.arena_bytes, &index);
		if (err)
			return err;
	} else {
		index--;
	}
	arena = space->arena[index];
	rh_find_run(arena, npages, n, &start);
	mark_run(arena, start, n, true);
	bucket_move(space, index, rh_find_run(arena, npages, npages, &unused));
	*handle = (index << RH_ARENA_SHIFT) + start * PAGE_UNITS;
	return 0;
}

static void run_free(struct rh_heap *heap, struct rh_space *space, u32 n, u32 handle)
{
	u32 npages = pages_per_arena(heap);
	u32 index = handle >> RH_ARENA_SHIFT;
	struct rh_arena *arena = space->arena[index];
	u32 unused;

	mark_run(arena, (handle & ((1U << RH_ARENA_SHIFT) - 1)) / PAGE_UNITS, n, false);
	bucket_move(space, index, rh_find_run(arena, npages, npages, &unused));
	if (arena->pages_free == npages)
		arena_empty(heap, space, index);
}

/* Of at most RH_SMALL_MAX bytes; nonsense for others. */
static u32 size_class(size_t bytes)
{
	return (bytes - 1) / 16;
}

static bool is_run(const struct rh_heap *heap, size_t bytes)
{
	return bytes <= heap->params.arena_bytes / 2;
}

static noinline int large_alloc(struct rh_heap *heap, struct rh_space *space, size_t bytes,
				u32 *handle)
{
	u32 index;
	int err;

	bytes = ALIGN(bytes, RH_PAGE_BYTES);
	if (is_run(heap, bytes)) {
		err = run_alloc(heap, space, bytes / RH_PAGE_BYTES, handle);
		if (err)
			return err;
	} else {
		err = arena_new(heap, space, USE_ONE, bytes, &index);
		if (err)
			return err;
		*handle = index << RH_ARENA_SHIFT;
	}
	space->large_blocks++;
	space->large_bytes += bytes;
	return 0;
}

static noinline void large_free(struct rh_heap *heap, struct rh_space *space, u32 handle,
				size_t bytes)
{
	bytes = ALIGN(bytes, RH_PAGE_BYTES);
	space->large_blocks--;
	space->large_bytes -= bytes;
	if (is_run(heap, bytes))
		run_free(heap, space, bytes / RH_PAGE_BYTES, handle);
	else
		arena_free(heap, space, handle >> RH_ARENA_SHIFT);
}

static noinline int alloc_slow(struct rh_heap *heap, enum refheap_space which, size_t bytes,
			       u32 *handle)
{
	struct rh_space *space = &heap->space[which];
	int err;

	*handle = 0;
	if (!bytes)
		return 0;
	if (bytes <= RH_SMALL_MAX)
		err = small_alloc(heap, space, size_class(bytes), handle);
	else
		err = large_alloc(heap, space, bytes, handle);
	/* A free block of a page that is mapped writable may have been written. */
	if (!err && which == REFHEAP_SPACE_MUTABLE)
		memset(rh_block(heap, which, *handle), 0, bytes);
	return err;
}

static noinline void free_slow(struct rh_heap *heap, enum refheap_space which, u32 handle,
			       size_t bytes)
{
	struct rh_space *space = &heap->space[which];

	if (!handle)
		return;
	if (space->scrub && (bytes <= RH_SMALL_MAX || is_run(heap, bytes)))
		memset(rh_block(heap, which, handle), 0, bytes);
	if (bytes > RH_SMALL_MAX) {
		large_free(heap, space, handle, bytes);
		return;
	}
	WARN_ON_ONCE(space->recent[size_class(bytes)] == handle);
	small_free(heap, space, size_class(bytes), &handle, 1);
}

/*
 * The reference block of a class that was freed last is remembered and given
 * out first, which spares those who make and drop in turn the walk to its
 * pool. For the pool it is in use until then.
 */
int rh_block_alloc(struct rh_heap *heap, enum refheap_space which, size_t bytes, u32 *handle)
{
	u32 *recent;

	if (unlikely(bytes - 1 >= RH_SMALL_MAX))
		return alloc_slow(heap, which, bytes, handle);
	recent = &heap->space[which].recent[size_class(bytes)];
	if (unlikely(!*recent))
		return alloc_slow(heap, which, bytes, handle);
	*handle = *recent;
	*recent = 0;
	return 0;
}

void rh_block_free(struct rh_heap *heap, enum refheap_space which, u32 handle, size_t bytes)
{
	u32 *recent;

	if (unlikely(which != REFHEAP_SPACE_REFS || bytes - 1 >= RH_SMALL_MAX || !handle)) {
		free_slow(heap, which, handle, bytes);
		return;
	}
	recent = &heap->space[which].recent[size_class(bytes)];
	if (unlikely(*recent))
		free_slow(heap, which, handle, bytes);
	else
		*recent = handle;
}

/* Gives what is remembered back to the pools. */
static void forget_recent(struct rh_heap *heap, struct rh_space *space)
{
	u32 class;

	for (class = 0; class < RH_CLASSES; class++) {
		if (space->recent[class])
			small_free(heap, space, class, &space->recent[class], 1);
		space->recent[class] = 0;
	}
}

void rh_block_free_many(struct rh_heap *heap, enum refheap_space which, const u32 *handle,
			u32 n, size_t bytes)
{
	struct rh_space *space = &heap->space[which];
	u32 from, to;

	if (bytes > RH_SMALL_MAX || space->scrub) {
		for (from = 0; from < n; from++)
			rh_block_free(heap, which, handle[from], bytes);
		return;
	}
	for (from = 0; from < n; from = to) {
		for (to = from + 1; to < n; to++)
			if (handle[to] / POOL_UNITS != handle[from] / POOL_UNITS)
				break;
		small_free(heap, space, size_class(bytes), handle + from, to - from);
	}
}

void rh_arena_init(struct rh_heap *heap)
{
	enum refheap_space space;

	/* Index 0 stays free: handle 0, its first block, is no block. */
	for (space = 0; space < __REFHEAP_SPACE_MAX; space++)
		heap->space[space].free_hint = 1;
	heap->space[REFHEAP_SPACE_CONST].scrub = true;
	heap->space[REFHEAP_SPACE_MUTABLE].scrub = true;
}

void rh_arena_exit(struct rh_heap *heap)
{
	struct rh_space *space;
	u32 i;

	for (space = heap->space; space < heap->space + __REFHEAP_SPACE_MAX; space++) {
		for (i = 0; i < space->capacity; i++) {
			if (!space->arena[i])
				continue;
			arena_free(heap, space, i);
			heap->host->relax(heap->ctx);
		}
		if (!space->capacity)
			continue;
		rh_free(heap, space->base, space->capacity * sizeof(*space->base));
		rh_free(heap, space->arena, space->capacity * sizeof(*space->arena));
	}
}

size_t rh_trim(struct rh_heap *heap)
{
	u64 before = heap->reserved;
	struct rh_space *space;
	u32 class, index, id;

	rh_assert_locked(heap);
	for (space = heap->space; space < heap->space + __REFHEAP_SPACE_MAX; space++) {
		forget_recent(heap, space);
		for (class = 0; class < RH_CLASSES; class++) {
			id = space->partial[class];
			if (id && !pool_get(space, id - 1)->used)
				pool_free(heap, space, class, id - 1);
		}
		index = space->bucket[pools_per_arena(heap)];
		if (index)
			arena_free(heap, space, index - 1);
		index = space->run_bucket[pages_per_arena(heap)];
		if (index)
			arena_free(heap, space, index - 1);
	}
	return before - heap->reserved;
}
