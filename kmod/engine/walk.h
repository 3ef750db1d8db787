/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks of the collector over slots, a chunk of at most 64 at a time, and the
 * phases made of them (collect.c tells what each does).
 */
#ifndef REFHEAP_ENGINE_WALK_H
#define REFHEAP_ENGINE_WALK_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/prefetch.h>
#include "barrier.h"
#include "collect.h"
#include "object.h"
#include "table.h"

/* Objects with more cells than this are gone through in several steps. */
#define SMALL_CELLS	32
/* Edges found and not pushed yet, and objects popped and not scanned yet. */
#define FOUND_MAX	128
#define POP_AT_ONCE	16
#define PREFETCH_AHEAD	128	/* slots */

enum walk_mask {
	WALK_YOUNG_0,
	WALK_YOUNG_1,
	WALK_PENDING = RH_SET_PENDING,
	WALK_LEGACY = RH_SET_LEGACY,
	WALK_ALL,
};

/*
 * What a walk sums up over a chunk of at most 64 slots, so that the heap's own
 * numbers are written once a chunk.
 */
struct chunk {
	u64 n;			/* objects that were concerned */
	u32 cells;		/* that were looked at */
	u32 nfound;		/* MARK: edges to push */
	u32 found[FOUND_MAX];
	u64 condemned;		/* CONDEMN */
	const u32 *block;	/* of its first slot */
};

typedef bool (*visit_fn)(struct rh_heap *heap, u32 slot, u32 *word,
			 struct chunk *chunk);
typedef void (*chunk_fn)(struct rh_heap *heap, struct chunk *chunk);

/* How many slots from the cursor on may be visited now; they are booked. */
static inline u32 book_slots(struct rh_heap *heap)
{
	u32 n = 64 - heap->gc.cursor % 64;

	if (heap->params.slice_units)
		return 1;
	heap->slice_left -= min(heap->slice_left, n);
	return n;
}

/* How many of @n cells may be looked at now; they are booked. */
static inline u32 book_cells(struct rh_heap *heap, u32 n)
{
	u32 booked = min(n, heap->slice_left + 1);

	heap->slice_left -= booked ? booked - 1 : 0;
	return booked;
}

/*
 * Passes over what is not young, unless the walk stopped within an object. After a
 * long way the cursor is at something that is not young either.
 */
static inline void skip_empty(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->mask != WALK_ALL && !gc->cell && gc->cursor < gc->end)
		gc->cursor = min(rh_young_next(heap, gc->mask, gc->cursor), gc->end);
}

/* The slots of a chunk that the walk visits. */
static inline u64 chunk_bits(const struct rh_heap *heap, u32 n)
{
	const struct rh_collector *gc = &heap->gc;
	const struct rh_segment *segment = heap->table.segment[gc->cursor >> RH_SEGMENT_SHIFT];
	u64 bits = (n == 64 ? ~0ULL : (1ULL << n) - 1) << gc->cursor % 64;

	return bits & segment->young[gc->mask][(gc->cursor & RH_SEGMENT_MASK) / 64];
}

/*
 * Visits the slots of one chunk from the cursor on. A visit that returns false
 * has not finished with its object and will be called for it again. @done gets
 * the sums.
 */
static __always_inline enum rh_progress walk_chunk(struct rh_heap *heap, visit_fn visit,
						   chunk_fn done)
{
	struct rh_collector *gc = &heap->gc;
	u32 at = gc->cursor % 64, first = gc->cursor - at, i, n;
	u32 *word = rh_gc(heap, first);
	struct chunk chunk;
	u64 bits;

	if (rh_slice_over(heap))
		return RH_MORE;
	chunk.n = 0;
	chunk.cells = 0;
	chunk.nfound = 0;
	chunk.condemned = 0;
	chunk.block = rh_block_of(heap, first);
	n = book_slots(heap);
	bits = gc->mask == WALK_ALL ? 0 : chunk_bits(heap, n);
	n += at;
	if (gc->mask == WALK_ALL) {
		for (i = at; i < n; i++)
			if (!visit(heap, first + i, word + i, &chunk))
				break;
	} else {
		for (i = n; bits; bits &= bits - 1, i = n) {
			i = __ffs(bits);
			if (!visit(heap, first + i, word + i, &chunk))
				break;
		}
	}
	gc->cursor = first + i;
	rh_slice_book(heap, chunk.cells / 8);
	done(heap, &chunk);
	return i < n ? RH_MORE : RH_DONE;
}

static __always_inline enum rh_progress walk(struct rh_heap *heap, visit_fn visit,
					     chunk_fn done)
{
	for (;;) {
		skip_empty(heap);
		if (heap->gc.cursor >= heap->gc.end)
			return RH_DONE;
		if (walk_chunk(heap, visit, done) == RH_MORE)
			return RH_MORE;
	}
}

static __always_inline void chunk_ignore(struct rh_heap *heap, struct chunk *chunk)
{
}

/*
 * Blocks of neighbours are neighbours: one prefetch for a few of them is enough,
 * far enough ahead to hide the memory behind the walk.
 */
static __always_inline void prefetch_blocks(const struct rh_heap *heap, u32 slot,
					    const u32 *block)
{
	u32 ahead;

	if (slot % 4 || (slot & RH_SEGMENT_MASK) >= RH_SEGMENT_SLOTS - PREFETCH_AHEAD)
		return;
	/* It may be a leaf, and its block one of another space. */
	ahead = block[PREFETCH_AHEAD];
	if (ahead >> RH_ARENA_SHIFT < heap->space[REFHEAP_SPACE_REFS].capacity)
		prefetch(rh_block(heap, REFHEAP_SPACE_REFS, ahead));
}

/* One inner reference more, if it is a candidate; a full number stays full. */
static __always_inline void count_inner(struct rh_heap *heap, u32 slot)
{
	u32 *word = rh_gc(heap, slot);

	if (*word < RH_GC_TOP - 1)
		++*word;
}

#define RH_WALK_STEP(name, visit, done)						\
enum rh_progress rh_step_##name(struct rh_heap *heap)				\
{										\
	return walk(heap, visit, done);						\
}

/* mark.c */
enum rh_progress rh_step_init(struct rh_heap *heap);
enum rh_progress rh_step_subtract(struct rh_heap *heap);
enum rh_progress rh_step_mark(struct rh_heap *heap);
enum rh_progress rh_step_legacy(struct rh_heap *heap);
enum rh_progress rh_step_revive(struct rh_heap *heap);

/* Reaches a candidate. */
void rh_mark_push(struct rh_heap *heap, u32 slot);
/* Marks what is on the mark stack. Return: false when the slice ended before. */
bool rh_mark_drain(struct rh_heap *heap);

/* keyed.c */
enum rh_progress rh_step_subtract_keyed(struct rh_heap *heap);
enum rh_progress rh_step_mark_keyed(struct rh_heap *heap);
/* An object has been reached whose ephemerons are to be marked. */
void rh_keyed_reached(struct rh_heap *heap, u32 slot);
/* Marks those of gc->keyed. Return: false when the slice ended before. */
bool rh_keyed_step(struct rh_heap *heap);

/* untrack.c */
enum rh_progress rh_step_tuples(struct rh_heap *heap);
enum rh_progress rh_step_dicts(struct rh_heap *heap);

/* garbage.c */
enum rh_progress rh_step_bury(struct rh_heap *heap);
enum rh_progress rh_step_weakrefs(struct rh_heap *heap);
enum rh_progress rh_step_finalize(struct rh_heap *heap);
enum rh_progress rh_step_unlink(struct rh_heap *heap);
enum rh_progress rh_step_uncollectable(struct rh_heap *heap);

/* sweep.c */
enum rh_progress rh_step_condemn(struct rh_heap *heap);
enum rh_progress rh_step_free(struct rh_heap *heap);
enum rh_progress rh_step_save(struct rh_heap *heap);
enum rh_progress rh_step_sweep(struct rh_heap *heap);

#endif
