// SPDX-License-Identifier: GPL-2.0
/*
 * The cycle collector: trial deletion in three generations, as CPython's
 * Modules/gcmodule.c, but as a state machine that can stop after any unit of
 * work and go on later, while others change the heap in between.
 *
 * A collection is a row of phases; each walks over slots in their order:
 *
 *   MERGE     the younger generations join the one that is collected
 *   INIT      every candidate's word becomes 0
 *   SUBTRACT  every edge of a candidate to a candidate adds 1 to the latter's
 *             word, which so becomes the number of its inner references
 *   MARK      a candidate with other references than those, or touched since
 *             the start, is reached and scanned, and so is what it leads to
 *   --------  the decision: candidates whose word is still a number are
 *             garbage. They are condemned by the change of phase alone; ids of
 *             them are stale from here on
 *   TUPLES, DICTS  survivors that hold nothing tracked are untracked
 *   CONDEMN   garbage is noted in a bitmap
 *   FREE      garbage releases its references to what is not in the bitmap and
 *             is freed; or it is put into the heap's garbage with DEBUG_SAVEALL
 *   SWEEP     the bitmap is cleared
 *   PROMOTE   survivors of a young collection become older
 *
 * Why it is sound, with the barrier (barrier.h): an object that was not touched
 * during the epoch had the same references from the same objects all the time,
 * so the number is exact. Everything touched is a root, and everything that a
 * root leads to is marked; what is touched while marking is reached at once.
 *
 * Marking follows CPython's move_unreachable(): one walk, on which a candidate
 * that is reached before the walk comes to it only gets its word changed and
 * waits. Those behind the walk go onto the mark stack, a chain through the
 * words of the objects on it, which needs no memory.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/prefetch.h>
#include <linux/string.h>
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

enum walk_mask { WALK_YOUNG_0, WALK_YOUNG_1, WALK_ALL };

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
static u32 book_slots(struct rh_heap *heap)
{
	u32 n = 64 - heap->gc.cursor % 64;

	if (heap->params.slice_units)
		return 1;
	heap->slice_left -= min(heap->slice_left, n);
	return n;
}

/* How many of @n cells may be looked at now; they are booked. */
static u32 book_cells(struct rh_heap *heap, u32 n)
{
	u32 booked = min(n, heap->slice_left + 1);

	heap->slice_left -= booked ? booked - 1 : 0;
	return booked;
}

/* Passes over what is not young, unless the walk stopped within an object. */
static void skip_empty(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->mask != WALK_ALL && !gc->cell && gc->cursor < gc->end)
		gc->cursor = min(rh_young_next(heap, gc->mask, gc->cursor), gc->end);
}

/* The slots of a chunk that the walk visits. */
static u64 chunk_bits(const struct rh_heap *heap, u32 n)
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

/* Every phase begins its walk anew. */
static void enter(struct rh_heap *heap, enum rh_phase phase, enum walk_mask mask)
{
	heap->gc.phase = phase;
	heap->gc.mask = mask;
	heap->gc.cursor = 0;
	heap->gc.cell = 0;
}

/* Where the candidates are: all of a full collection, or one young generation. */
static enum walk_mask candidates(const struct rh_heap *heap)
{
	return heap->gc.generation == 2 ? WALK_ALL : (enum walk_mask)heap->gc.generation;
}

static __always_inline void chunk_ignore(struct rh_heap *heap, struct chunk *chunk)
{
}

/* Moves the young objects of one chunk to an older generation. */
static void move_chunk(struct rh_heap *heap, u32 to)
{
	struct rh_collector *gc = &heap->gc;
	u32 index = gc->cursor >> RH_SEGMENT_SHIFT, first = gc->cursor & ~63U;
	struct rh_segment *segment = heap->table.segment[index];
	u32 word = (first & RH_SEGMENT_MASK) / 64, n = book_slots(heap);
	u64 all = chunk_bits(heap, n), bits;
	struct rh_head *head = rh_head(heap, first);
	u32 *word_of = rh_gc(heap, first);

	for (bits = all; bits; bits &= bits - 1) {
		u32 i = __ffs(bits);

		head[i].meta = (head[i].meta & ~RH_META_GEN) | to << RH_META_GEN_SHIFT;
		if (word_of[i] == RH_GC_NEW)
			word_of[i] = RH_GC_IDLE;
	}
	gc->cursor += n;
	n = hweight64(all);
	segment->young[gc->mask][word] &= ~all;
	segment->nyoung[gc->mask] -= n;
	heap->generation[gc->mask].objects -= n;
	heap->generation[to].objects += n;
	if (to < 2) {
		segment->young[to][word] |= all;
		segment->nyoung[to] += n;
	}
}

static noinline enum rh_progress step_move(struct rh_heap *heap, u32 to)
{
	for (;;) {
		skip_empty(heap);
		if (heap->gc.cursor >= heap->gc.end)
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		move_chunk(heap, to);
	}
}

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

/* One inner reference more, if it is a candidate; a full number stays full. */
static __always_inline void count_inner(struct rh_heap *heap, u32 slot)
{
	u32 *word = rh_gc(heap, slot);

	if (*word < RH_GC_TOP - 1)
		++*word;
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

void rh_collect_touched(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	/* The walk will come to it, or has passed it. */
	if (gc->phase < RH_PHASE_MARK || slot >= gc->cursor)
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

/* An object is off the stack: reached, or dead meanwhile. Return: true when it lives. */
static __always_inline bool popped(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	u32 *word = rh_gc(heap, slot), meta;

	*word = RH_GC_IDLE;
	if (likely(!gc->dead_queued)) {
		gc->survivors++;
		return true;
	}
	meta = rh_head(heap, slot)->meta;
	if (!(meta & RH_META_DEAD)) {
		gc->survivors++;
		return true;
	}
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
			reach(heap, cells->cell + from, cells->cell + gc->cell, gc->cursor - 1,
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
		reach(heap, cells->cell, cells->cell + cells->n, gc->cursor - 1, chunk);
	}
}

/*
 * Scans a few objects of the stack: all their handles are read, which were
 * prefetched when they were pushed, then all their blocks.
 */
static noinline void drain_some(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	u32 max = heap->params.slice_units ? 1 : POP_AT_ONCE, n = 0, i;
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

static bool drain(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->stack || gc->scanning) {
		if (rh_slice_over(heap))
			return false;
		if (!gc->scanning)
			drain_some(heap);
		else if (!scan_large(heap))
			return false;
	}
	return true;
}

/* The walk is stopped after every chunk, lest the stack hold what it could meet. */
static noinline enum rh_progress step_mark(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	for (;;) {
		if (!drain(heap))
			return RH_MORE;
		skip_empty(heap);
		if (gc->cursor >= gc->end)
			return RH_DONE;
		if (walk_chunk(heap, visit_mark, chunk_mark) == RH_MORE)
			return RH_MORE;
	}
}

/*
 * Looks at the cells of a survivor from gc->cell on, until one holds what may
 * be part of a cycle. Return: false when the slice ended before that.
 */
static bool look_for_tracked(struct rh_heap *heap, const struct rh_cells *cells, bool *found)
{
	struct rh_collector *gc = &heap->gc;
	u32 stop;

	*found = false;
	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++) {
			u32 edge = cells->cell[gc->cell];

			if (edge && rh_object_may_be_tracked(heap, edge)) {
				*found = true;
				return true;
			}
		}
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	return true;
}

/*
 * Untracks a survivor of that kind that holds nothing tracked. One that is
 * changed, or dies, between two slices stays as it is (rh_collect_changed()).
 */
static bool untrack_kind(struct rh_heap *heap, u32 slot, u32 *word, u32 kind)
{
	struct rh_collector *gc = &heap->gc;
	bool found = gc->cell && gc->scanning != slot;

	if (!found) {
		if (*word != RH_GC_IDLE || rh_kind(heap, slot) != kind)
			return true;
		gc->scanning = slot;
		if (*rh_block_of(heap, slot) && !look_for_tracked(heap, rh_cells(heap, slot), &found))
			return false;
	}
	gc->scanning = 0;
	gc->cell = 0;
	if (!found) {
		rh_object_untrack(heap, slot);
		gc->survivors--;
	}
	return true;
}

void rh_collect_changed(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->scanning == slot && rh_gc_decided(heap))
		gc->scanning = 0;
}

static __always_inline bool visit_tuple(struct rh_heap *heap, u32 slot, u32 *word,
					struct chunk *chunk)
{
	return untrack_kind(heap, slot, word, REFHEAP_KIND_TUPLE);
}

static __always_inline bool visit_dict(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	return untrack_kind(heap, slot, word, REFHEAP_KIND_DICT);
}

static __always_inline bool visit_condemn(struct rh_heap *heap, u32 slot, u32 *word,
					  struct chunk *chunk)
{
	chunk->condemned |= (u64)rh_gc_is_candidate(*word) << slot % 64;
	return true;
}

static __always_inline void chunk_condemn(struct rh_heap *heap, struct chunk *chunk)
{
	u32 slot = heap->gc.cursor - 1;
	struct rh_segment *segment = heap->table.segment[slot >> RH_SEGMENT_SHIFT];

	segment->condemned[(slot & RH_SEGMENT_MASK) / 64] |= chunk->condemned;
	segment->any_condemned |= chunk->condemned != 0;
}

/* Lets go of what is not condemned. The edges between the condemned just go. */
static __always_inline void release_outer(struct rh_heap *heap, u32 edge)
{
	if (!rh_condemned_bit(heap, edge) && edge)
		rh_release(heap, edge);
}

/* What has been released is cleared, so that the rest is known. */
static noinline bool release_large(struct rh_heap *heap, struct rh_cells *cells)
{
	struct rh_collector *gc = &heap->gc;
	u32 stop, edge;

	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++) {
			edge = cells->cell[gc->cell];
			cells->cell[gc->cell] = 0;
			release_outer(heap, edge);
		}
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	gc->cell = 0;
	return true;
}

/*
 * What FREE has done in a chunk and books at its end: objects of the same meta
 * and blocks of the same size at once, all slots at once.
 */
struct freed {
	u64 slots;		/* of the chunk */
	u32 meta;
	bool map;		/* what that meta is */
	u64 n, bytes;		/* objects of that meta, and what their blocks take */
	size_t block_bytes, charge;
	u32 nblocks;
	u32 block[64];
};

static void book_objects(struct rh_heap *heap, struct freed *freed)
{
	if (freed->n)
		rh_object_account_freed(heap, freed->meta, freed->n,
					freed->bytes + freed->n * RH_OBJECT_BYTES);
	heap->gc.collected += freed->n;
	freed->n = 0;
	freed->bytes = 0;
}

static void book_blocks(struct rh_heap *heap, struct freed *freed)
{
	rh_block_free_many(heap, REFHEAP_SPACE_REFS, freed->block, freed->nblocks,
			   freed->block_bytes);
	freed->nblocks = 0;
}

static void book_freed(struct rh_heap *heap, u32 first, struct freed *freed)
{
	u32 generation = heap->gc.generation;
	struct rh_segment *segment = heap->table.segment[first >> RH_SEGMENT_SHIFT];

	book_objects(heap, freed);
	book_blocks(heap, freed);
	if (generation < 2) {
		segment->young[generation][(first & RH_SEGMENT_MASK) / 64] &= ~freed->slots;
		segment->nyoung[generation] -= hweight64(freed->slots);
	}
	rh_slots_free(heap, first, freed->slots);
}

/* Return: false when the slice ended within the object. */
static __always_inline bool free_object(struct rh_heap *heap, u32 slot, const u32 *block,
					struct rh_head *head, struct freed *freed)
{
	struct rh_cells *cells = NULL;
	u32 *cell, *end;
	size_t bytes;

	if (*block) {
		cells = rh_block(heap, REFHEAP_SPACE_REFS, *block);
		prefetch_blocks(heap, slot, block);
		if (cells->n > SMALL_CELLS) {
			if (!release_large(heap, cells))
				return false;
		} else {
			for (cell = cells->cell, end = cell + cells->n; cell < end; cell++)
				release_outer(heap, *cell);
		}
	}
	if (unlikely(head->meta != freed->meta)) {
		book_objects(heap, freed);
		freed->meta = head->meta;
		freed->map = rh_object_is_map(heap, slot);
	}
	if (*block) {
		bytes = freed->map ? rh_block_bytes(heap, slot) : rh_cells_bytes(cells->capacity);
		if (unlikely(bytes != freed->block_bytes)) {
			book_blocks(heap, freed);
			freed->block_bytes = bytes;
			freed->charge = rh_block_charge(bytes);
		}
		freed->block[freed->nblocks++] = *block;
		freed->bytes += freed->charge;
	}
	freed->n++;
	freed->slots |= 1ULL << slot % 64;
	return true;
}

/* Return: false when the slice ended within an object. */
static bool free_chunk(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	u32 at = gc->cursor % 64, first = gc->cursor - at, i, n = book_slots(heap);
	const struct rh_segment *segment = heap->table.segment[first >> RH_SEGMENT_SHIFT];
	struct rh_head *head = rh_head(heap, first);
	const u32 *block = rh_block_of(heap, first);
	struct freed freed;
	u64 bits;

	freed.slots = 0;
	freed.meta = 0;
	freed.n = 0;
	freed.bytes = 0;
	freed.nblocks = 0;
	freed.block_bytes = 0;
	freed.charge = 0;
	freed.map = false;
	bits = (n == 64 ? ~0ULL : (1ULL << n) - 1) << at;
	bits &= segment->condemned[(first & RH_SEGMENT_MASK) / 64];
	n += at;
	for (i = n; bits; bits &= bits - 1, i = n) {
		i = __ffs(bits);
		if (!free_object(heap, first + i, block + i, head + i, &freed))
			break;
	}
	gc->cursor = first + i;
	if (freed.slots)
		book_freed(heap, first, &freed);
	return i == n;
}

/* Segments without anything condemned. */
static void skip_innocent(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->cursor < gc->end &&
	       !heap->table.segment[gc->cursor >> RH_SEGMENT_SHIFT]->any_condemned)
		gc->cursor = ((gc->cursor >> RH_SEGMENT_SHIFT) + 1) << RH_SEGMENT_SHIFT;
}

static noinline enum rh_progress step_free(struct rh_heap *heap)
{
	for (;;) {
		skip_innocent(heap);
		if (heap->gc.cursor >= heap->gc.end)
			return RH_DONE;
		if (rh_slice_over(heap) || !free_chunk(heap))
			return RH_MORE;
	}
}

static noinline enum rh_progress step_sweep(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_segment *segment;

	for (;;) {
		skip_innocent(heap);
		if (gc->cursor >= gc->end)
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		segment = heap->table.segment[gc->cursor >> RH_SEGMENT_SHIFT];
		memset(segment->condemned, 0, sizeof(segment->condemned));
		segment->any_condemned = false;
	}
}

static __always_inline bool visit_save(struct rh_heap *heap, u32 slot, u32 *word,
				       struct chunk *chunk)
{
	struct rh_head *head = rh_head(heap, slot);

	if (!rh_gc_is_candidate(*word))
		return true;
	*word = RH_GC_IDLE;
	head->meta |= RH_META_GARBAGE;
	head->count++;
	heap->gc.garbage++;
	heap->gc.collected++;
	return true;
}

static void notify(struct rh_heap *heap, u32 event)
{
	const struct rh_notice notice = {
		.event = event,
		.generation = heap->gc.generation,
		.collected = heap->gc.collected,
		.uncollectable = heap->gc.uncollectable,
		.value = heap->gc.hold_ns,
	};

	heap->host->notify(heap->ctx, &notice);
}

static void finish(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_generation *generation = &heap->generation[gc->generation];
	struct rh_holder *requester = gc->requester;

	if (requester) {
		requester->result_ticket = gc->ticket;
		requester->collected = gc->collected;
		requester->uncollectable = gc->uncollectable;
		gc->requester = NULL;
	}

	if (gc->generation == 2)
		gc->duration_ns = heap->host->now(heap->ctx) - gc->started_ns;
	generation->collections++;
	generation->collected += gc->collected;
	generation->uncollectable += gc->uncollectable;
	gc->phase = RH_PHASE_IDLE;
}

/* What counts as long-lived decides when the next full collection is due. */
static void count_survivors(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	if (gc->generation == 1) {
		gc->long_lived_pending += gc->survivors;
	} else if (gc->generation == 2) {
		gc->long_lived_pending = 0;
		gc->long_lived_total = gc->survivors;
	}
}

/* Each in a frame of its own: the chunks of all of them are too much for one. */
#define WALK(name, visit, done)							\
static noinline enum rh_progress step_##name(struct rh_heap *heap)		\
{										\
	return walk(heap, visit, done);						\
}

WALK(init, visit_init, chunk_init)
WALK(subtract, visit_subtract, chunk_ignore)
WALK(tuples, visit_tuple, chunk_ignore)
WALK(dicts, visit_dict, chunk_ignore)
WALK(condemn, visit_condemn, chunk_condemn)
WALK(save, visit_save, chunk_ignore)

static enum rh_progress phase_step(struct rh_heap *heap)
{
	switch (heap->gc.phase) {
	case RH_PHASE_MERGE:
		return step_move(heap, heap->gc.generation);
	case RH_PHASE_INIT:
		return step_init(heap);
	case RH_PHASE_SUBTRACT:
		return step_subtract(heap);
	case RH_PHASE_MARK:
		return step_mark(heap);
	case RH_PHASE_TUPLES:
		return step_tuples(heap);
	case RH_PHASE_DICTS:
		return step_dicts(heap);
	case RH_PHASE_CONDEMN:
		return step_condemn(heap);
	case RH_PHASE_FREE:
		return heap->gc.saveall ? step_save(heap) : step_free(heap);
	case RH_PHASE_SWEEP:
		return step_sweep(heap);
	case RH_PHASE_PROMOTE:
		return step_move(heap, heap->gc.generation + 1);
	default:
		return RH_DONE;
	}
}

/* What follows on a phase that is through. Phases without work are passed over. */
static void next_phase(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	switch (gc->phase) {
	case RH_PHASE_MERGE:
		if (gc->generation == 2 && gc->mask == WALK_YOUNG_0)
			enter(heap, RH_PHASE_MERGE, WALK_YOUNG_1);
		else
			enter(heap, RH_PHASE_INIT, candidates(heap));
		return;
	case RH_PHASE_MARK:
		enter(heap, RH_PHASE_TUPLES, candidates(heap));
		if (heap->tracked_tuples)
			return;
		fallthrough;
	case RH_PHASE_TUPLES:
		enter(heap, RH_PHASE_DICTS, candidates(heap));
		if (gc->generation == 2 && heap->tracked_dicts)
			return;
		fallthrough;
	case RH_PHASE_DICTS:
		count_survivors(heap);
		enter(heap, RH_PHASE_CONDEMN, candidates(heap));
		if (gc->undecided && !gc->saveall)
			return;
		fallthrough;
	case RH_PHASE_CONDEMN:
		enter(heap, RH_PHASE_FREE, candidates(heap));
		if (gc->undecided)
			return;
		fallthrough;
	case RH_PHASE_FREE:
		enter(heap, RH_PHASE_SWEEP, candidates(heap));
		if (gc->undecided && !gc->saveall)
			return;
		fallthrough;
	case RH_PHASE_SWEEP:
		enter(heap, RH_PHASE_PROMOTE, candidates(heap));
		if (gc->generation < 2)
			return;
		fallthrough;
	case RH_PHASE_PROMOTE:
		finish(heap);
		return;
	default:
		enter(heap, gc->phase + 1, candidates(heap));
	}
}

bool rh_collect_start(struct rh_heap *heap, unsigned int generation)
{
	struct rh_collector *gc = &heap->gc;
	unsigned int i;

	rh_assert_locked(heap);
	if (gc->phase != RH_PHASE_IDLE)
		return false;
	if (generation < 2)
		heap->generation[generation + 1].count++;
	for (i = 0; i <= generation; i++)
		heap->generation[i].count = 0;
	gc->generation = generation;
	gc->end = rh_table_end(heap);
	gc->undecided = 0;
	gc->survivors = 0;
	gc->collected = 0;
	gc->uncollectable = 0;
	gc->saveall = gc->debug & REFHEAP_DEBUG_SAVEALL;
	gc->hold_ns = 0;
	gc->started_ns = heap->host->now(heap->ctx);
	gc->ticket++;
	if (generation)
		enter(heap, RH_PHASE_MERGE, WALK_YOUNG_0);
	else
		enter(heap, RH_PHASE_INIT, candidates(heap));
	notify(heap, REFHEAP_EVENT_GC_START);
	return true;
}

/* A young collection is so small that one slice is enough, as a rule. */
static enum rh_progress collect_step(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->phase != RH_PHASE_IDLE) {
		if (phase_step(heap) != RH_DONE)
			return RH_MORE;
		next_phase(heap);
	}
	return RH_DONE;
}

bool rh_work_pending(const struct rh_heap *heap)
{
	return heap->dying || heap->gc.phase != RH_PHASE_IDLE;
}

static void book_hold(struct rh_heap *heap, u64 since)
{
	struct rh_collector *gc = &heap->gc;
	u64 hold = heap->host->now(heap->ctx) - since;

	if (hold > gc->hold_ns)
		gc->hold_ns = hold;
	if (gc->phase != RH_PHASE_IDLE)
		return;
	if (gc->generation == 2)
		gc->longest_hold_ns = gc->hold_ns;
	notify(heap, REFHEAP_EVENT_GC_STOP);
}

enum rh_progress rh_work_step(struct rh_heap *heap)
{
	bool collecting = heap->gc.phase != RH_PHASE_IDLE;
	u64 since = collecting ? heap->host->now(heap->ctx) : 0;

	rh_assert_locked(heap);
	rh_slice_begin(heap);
	/* The dead have to be through before a collection goes on: their edges. */
	if (rh_reap_step(heap) == RH_DONE && collect_step(heap) == RH_DONE)
		rh_reap_step(heap);
	if (collecting)
		book_hold(heap, since);
	return rh_work_pending(heap) ? RH_MORE : RH_DONE;
}

int rh_collect_due(struct rh_heap *heap)
{
	const struct rh_generation *generation = heap->generation;
	const struct rh_collector *gc = &heap->gc;
	int i;

	heap->generation[0].count++;
	if (!gc->enabled || gc->phase != RH_PHASE_IDLE || !generation[0].threshold ||
	    generation[0].count <= generation[0].threshold)
		return -1;
	for (i = RH_GENERATIONS - 1; i >= 0; i--) {
		if (generation[i].count <= generation[i].threshold)
			continue;
		/* Full ones only when a quarter is new: amortised linear cost. */
		if (i == 2 && gc->long_lived_pending < gc->long_lived_total / 4)
			continue;
		return i;
	}
	return -1;
}

/*
 * The walks below are none of a collection: they keep their own cursor, and
 * meet objects of any state.
 */
typedef void (*each_fn)(struct rh_heap *heap, u32 slot, void *arg);

static enum rh_progress each_used(struct rh_heap *heap, u32 *cursor, each_fn each, void *arg)
{
	rh_assert_locked(heap);
	for (;;) {
		*cursor = rh_used_next(heap, *cursor);
		if (*cursor >= rh_table_end(heap))
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		each(heap, (*cursor)++, arg);
	}
}

static void each_garbage(struct rh_heap *heap, u32 slot, void *arg)
{
	struct rh_head *head = rh_head(heap, slot);
	u64 *n = arg;

	if (!(head->meta & RH_META_GARBAGE))
		return;
	head->meta &= ~RH_META_GARBAGE;
	heap->gc.garbage--;
	++*n;
	rh_release(heap, slot);
}

enum rh_progress rh_garbage_clear_step(struct rh_heap *heap, u32 *cursor, u64 *n)
{
	return each_used(heap, cursor, each_garbage, n);
}

static void each_freeze(struct rh_heap *heap, u32 slot, void *arg)
{
	u32 *word = rh_gc(heap, slot);

	if (*word != RH_GC_IDLE && *word != RH_GC_NEW)
		return;
	*word = RH_GC_FROZEN;
	rh_object_set_generation(heap, slot, RH_PERMANENT);
}

static void each_unfreeze(struct rh_heap *heap, u32 slot, void *arg)
{
	u32 *word = rh_gc(heap, slot);

	if (*word != RH_GC_FROZEN)
		return;
	*word = RH_GC_IDLE;
	rh_object_set_generation(heap, slot, 2);
}

void rh_freeze_begin(struct rh_heap *heap)
{
	unsigned int i;

	for (i = 0; i < RH_GENERATIONS; i++)
		heap->generation[i].count = 0;
}

enum rh_progress rh_freeze_step(struct rh_heap *heap, u32 *cursor)
{
	return each_used(heap, cursor, each_freeze, NULL);
}

enum rh_progress rh_unfreeze_step(struct rh_heap *heap, u32 *cursor)
{
	return each_used(heap, cursor, each_unfreeze, NULL);
}

void rh_gc_stat(const struct rh_heap *heap, struct rh_gc_stat *stat)
{
	const struct rh_collector *gc = &heap->gc;
	unsigned int i;

	stat->enabled = gc->enabled;
	stat->debug = gc->debug;
	stat->collecting = gc->phase == RH_PHASE_IDLE ? 0 : gc->generation + 1;
	stat->frozen = heap->generation[RH_PERMANENT].objects;
	stat->garbage = gc->garbage;
	stat->long_lived_pending = gc->long_lived_pending;
	stat->long_lived_total = gc->long_lived_total;
	stat->longest_hold_ns = gc->longest_hold_ns;
	stat->duration_ns = gc->duration_ns;
	for (i = 0; i < RH_GENERATIONS; i++) {
		stat->generation[i].threshold = heap->generation[i].threshold;
		stat->generation[i].count = heap->generation[i].count;
		stat->generation[i].objects = heap->generation[i].objects;
		stat->generation[i].collections = heap->generation[i].collections;
		stat->generation[i].collected = heap->generation[i].collected;
		stat->generation[i].uncollectable = heap->generation[i].uncollectable;
	}
}

void rh_gc_enable(struct rh_heap *heap, bool enabled)
{
	heap->gc.enabled = enabled;
}

void rh_gc_set_threshold(struct rh_heap *heap, unsigned int generation, u32 threshold)
{
	heap->generation[generation].threshold = threshold;
}

int rh_gc_set_debug(struct rh_heap *heap, u32 flags)
{
	if (flags & ~(REFHEAP_DEBUG_STATS | REFHEAP_DEBUG_LEAK))
		return -EINVAL;
	heap->gc.debug = flags;
	return 0;
}
