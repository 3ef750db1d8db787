// SPDX-License-Identifier: GPL-2.0
/*
 * Who can be reached: counting inner references, and marking (collect.c).
 */
#include "finalize.h"
#include "type.h"
#include "walk.h"

static __always_inline bool visit_init(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	/* What was born since the start is among the young only. */
	if (*word == RH_GC_IDLE || (heap->gc.mask != WALK_ALL && *word == RH_GC_NEW)) {
		*word = 0;
		chunk->n++;
	}
	return true;
}

static __always_inline void chunk_init(struct rh_heap *heap, struct chunk *chunk)
{
	heap->gc.undecided += chunk->n;
}

static noinline bool subtract_large(struct rh_heap *heap, const struct rh_cells *cells)
{
	struct rh_collector *gc = &heap->gc;
	u32 stop;

	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++)
			count_inner(heap, cells->cell[gc->cell]);
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	gc->cell = 0;
	return true;
}

static __always_inline bool visit_subtract(struct rh_heap *heap, u32 slot, u32 *word,
					   struct chunk *chunk)
{
	const u32 *block = &chunk->block[slot % 64], *cell, *end;
	const struct rh_cells *cells;

	if (!rh_gc_is_candidate(*word) || !*block) {
		/* It was touched, or died, when the last slice ended within it. */
		if (heap->gc.cell)
			heap->gc.cell = 0;
		return true;
	}
	cells = rh_block(heap, REFHEAP_SPACE_REFS, *block);
	prefetch_blocks(heap, slot, block);
	if (cells->n > SMALL_CELLS)
		return subtract_large(heap, cells);
	chunk->cells += cells->n;
	for (cell = cells->cell, end = cell + cells->n; cell < end; cell++)
		count_inner(heap, *cell);
	return true;
}

static void stack_put(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	*rh_gc(heap, slot) = gc->stack ? RH_GC_TOP | gc->stack : RH_GC_END;
	gc->stack = slot;
}

static u32 stack_take(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	u32 slot = gc->stack, *word = rh_gc(heap, slot);

	gc->stack = *word == RH_GC_END ? 0 : *word & ~RH_GC_TOP;
	*word = RH_GC_QUEUED;
	return slot;
}

static void push(struct rh_heap *heap, u32 slot)
{
	stack_put(heap, slot);
	heap->gc.undecided--;
}

void rh_mark_push(struct rh_heap *heap, u32 slot)
{
	push(heap, slot);
}

void rh_collect_touched(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	/* The walk will come to it, or has passed it, or is another one by now. */
	if (gc->phase < RH_PHASE_MARK || (gc->phase == RH_PHASE_MARK && slot >= gc->cursor))
		*rh_gc(heap, slot) = RH_GC_DIRTY;
	else
		push(heap, slot);
}

static __always_inline void push_found(struct rh_heap *heap, struct chunk *chunk)
{
	u32 i;

	for (i = 0; i < chunk->nfound; i++) {
		push(heap, chunk->found[i]);
		prefetch(rh_block_of(heap, chunk->found[i]));
	}
	chunk->nfound = 0;
}

/*
 * Reaches what the cells lead to: what is ahead of the walk at @at waits for
 * it, the rest is found and to be pushed.
 */
static __always_inline void reach(struct rh_heap *heap, const u32 *cell, const u32 *end, u32 at,
				  struct chunk *chunk)
{
	for (; cell < end; cell++) {
		u32 *word = rh_gc(heap, *cell);

		if (rh_gc_is_candidate(*word)) {
			*word = RH_GC_DIRTY;
			chunk->found[chunk->nfound] = *cell;
			chunk->nfound += *cell <= at;
		}
	}
	if (chunk->nfound > FOUND_MAX - SMALL_CELLS)
		push_found(heap, chunk);
}

static __always_inline bool visit_mark(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	const u32 *block = &chunk->block[slot % 64];
	const struct rh_cells *cells;

	/* Dirty is asked first: then the count need not be read. */
	if (*word != RH_GC_DIRTY &&
	    (!rh_gc_is_candidate(*word) || *word == rh_head(heap, slot)->count))
		return true;
	if (*block) {
		cells = rh_block(heap, REFHEAP_SPACE_REFS, *block);
		prefetch_blocks(heap, slot, block);
		if (cells->n > SMALL_CELLS) {
			push(heap, slot);
			return true;
		}
		*word = RH_GC_IDLE;
		chunk->cells += cells->n;
		reach(heap, cells->cell, cells->cell + cells->n, slot, chunk);
	}
	*word = RH_GC_IDLE;
	chunk->n++;
	return true;
}

static __always_inline void chunk_mark(struct rh_heap *heap, struct chunk *chunk)
{
	heap->gc.undecided -= chunk->n;
	heap->gc.survivors += chunk->n;
	push_found(heap, chunk);
}

/* Only the walk of MARK comes to what is ahead of it; in other phases all is pushed. */
static __always_inline u32 passed(const struct rh_collector *gc)
{
	return gc->phase == RH_PHASE_MARK ? gc->cursor - 1 : U32_MAX;
}

static __always_inline bool reached(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	if (likely(gc->reached == RH_GC_IDLE))
		gc->survivors++;
	else if (gc->reached == RH_GC_LEGACY)
		gc->legacy++;
	else
		gc->revived++;
	if (unlikely(gc->phase != RH_PHASE_MARK))
		rh_keyed_reached(heap, slot);
	return true;
}

/* An object is off the stack: reached, or dead meanwhile. Return: true when it lives. */
static __always_inline bool popped(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	u32 *word = rh_gc(heap, slot), meta;

	*word = gc->reached;
	if (likely(!gc->dead_queued))
		return reached(heap, slot);
	meta = rh_head(heap, slot)->meta;
	if (!(meta & RH_META_DEAD))
		return reached(heap, slot);
	gc->dead_queued--;
	if (meta & RH_META_REAPED)
		rh_slot_free(heap, slot);
	else
		*word = RH_GC_DEAD;
	return false;
}

/* Goes on with the large object that is being scanned. */
static noinline bool scan_large(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	const struct rh_cells *cells = rh_cells(heap, gc->scanning);
	struct chunk chunk;
	u32 stop, from;

	chunk.nfound = 0;
	/* A dying one is left alone: its edges are released through the barrier. */
	while (cells && !(rh_head(heap, gc->scanning)->meta & RH_META_DEAD) &&
	       gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (from = gc->cell; from < stop; from = gc->cell) {
			gc->cell = min(stop, from + SMALL_CELLS);
			reach(heap, cells->cell + from, cells->cell + gc->cell, passed(gc),
			      &chunk);
		}
		push_found(heap, &chunk);
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	popped(heap, gc->scanning);
	gc->scanning = 0;
	gc->cell = 0;
	return true;
}

/* What has come off the stack is looked at: a large one is left for scan_large(). */
static __always_inline void scan_popped(struct rh_heap *heap, u32 slot, struct chunk *chunk)
{
	struct rh_collector *gc = &heap->gc;
	const struct rh_cells *cells = rh_cells(heap, slot);

	if (unlikely(cells && cells->n > SMALL_CELLS)) {
		if (gc->scanning) {
			stack_put(heap, slot);
			return;
		}
		gc->scanning = slot;
		gc->cell = 0;
	} else if (popped(heap, slot) && cells) {
		reach(heap, cells->cell, cells->cell + cells->n, passed(gc), chunk);
	}
}

/*
 * Scans a few objects of the stack: all their handles are read, which were
 * prefetched when they were pushed, then all their blocks.
 */
static noinline void drain_some(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	bool one = heap->params.slice_units || gc->phase != RH_PHASE_MARK;
	u32 max = one ? 1 : POP_AT_ONCE, n = 0, i;
	u32 some[POP_AT_ONCE];
	struct chunk chunk;

	chunk.nfound = 0;
	while (gc->stack && n < max) {
		some[n] = stack_take(heap);
		prefetch(rh_cells(heap, some[n]));
		n++;
	}
	for (i = 0; i < n; i++)
		scan_popped(heap, some[i], &chunk);
	rh_slice_book(heap, n);
	push_found(heap, &chunk);
}

bool rh_mark_drain(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->stack || gc->scanning || gc->keyed) {
		if (rh_slice_over(heap))
			return false;
		if (gc->keyed) {
			if (!rh_keyed_step(heap))
				return false;
		} else if (!gc->scanning) {
			drain_some(heap);
		} else if (!scan_large(heap)) {
			return false;
		}
	}
	return true;
}

/* The walk is stopped after every chunk, lest the stack hold what it could meet. */
static __always_inline enum rh_progress mark(struct rh_heap *heap, visit_fn visit,
					     chunk_fn done)
{
	struct rh_collector *gc = &heap->gc;

	for (;;) {
		if (!rh_mark_drain(heap))
			return RH_MORE;
		skip_empty(heap);
		if (gc->cursor >= gc->end)
			return RH_DONE;
		if (walk_chunk(heap, visit, done) == RH_MORE)
			return RH_MORE;
	}
}

enum rh_progress rh_step_mark(struct rh_heap *heap)
{
	return mark(heap, visit_mark, chunk_mark);
}

static __always_inline bool visit_legacy(struct rh_heap *heap, u32 slot, u32 *word,
					 struct chunk *chunk)
{
	if (rh_gc_is_candidate(*word) && rh_type_is_legacy(heap, slot))
		push(heap, slot);
	return true;
}

enum rh_progress rh_step_legacy(struct rh_heap *heap)
{
	return mark(heap, visit_legacy, chunk_ignore);
}

static __always_inline bool visit_revive(struct rh_heap *heap, u32 slot, u32 *word,
					 struct chunk *chunk)
{
	if (rh_gc_is_candidate(*word) &&
	    (heap->gc.revive_all || rh_finalizer_due(heap, slot)))
		push(heap, slot);
	return true;
}

enum rh_progress rh_step_revive(struct rh_heap *heap)
{
	return mark(heap, visit_revive, chunk_ignore);
}

RH_WALK_STEP(init, visit_init, chunk_init)
RH_WALK_STEP(subtract, visit_subtract, chunk_ignore)
