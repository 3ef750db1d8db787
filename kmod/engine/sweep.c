// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of the condemned (collect.c).
 */
#include <linux/string.h>
#include "trace.h"
#include "walk.h"

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
	bool varied;		/* blocks of that meta are no plain cells */
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

/* What is pending may be of any generation. */
static void leave_young(struct rh_heap *heap, struct rh_segment *segment, u32 word, u64 slots)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		if (heap->gc.generation != i && !heap->gc.again)
			continue;
		segment->nyoung[i] -= hweight64(segment->young[i][word] & slots);
		segment->young[i][word] &= ~slots;
	}
}

static void book_freed(struct rh_heap *heap, u32 first, struct freed *freed)
{
	struct rh_segment *segment = heap->table.segment[first >> RH_SEGMENT_SHIFT];

	book_objects(heap, freed);
	book_blocks(heap, freed);
	leave_young(heap, segment, (first & RH_SEGMENT_MASK) / 64, freed->slots);
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
		freed->varied = rh_object_is_map(heap, slot) ||
				rh_meta_kind(head->meta) == REFHEAP_KIND_WEAKREF;
	}
	if (*block) {
		bytes = freed->varied ? rh_block_bytes(heap, slot) :
					rh_cells_bytes(cells->capacity);
		if (unlikely(bytes != freed->block_bytes)) {
			book_blocks(heap, freed);
			freed->block_bytes = bytes;
			freed->charge = rh_block_charge(bytes);
		}
		freed->block[freed->nblocks++] = *block;
		freed->bytes += freed->charge;
	}
	if (unlikely(heap->followed))
		rh_follow_death(heap, slot);
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
	freed.varied = false;
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

/* Segments without anything condemned, as far as is passed over in one step. */
static void skip_innocent(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	u32 n = 0;

	while (gc->cursor < gc->end && n++ < RH_SEGMENTS_AT_ONCE &&
	       !heap->table.segment[gc->cursor >> RH_SEGMENT_SHIFT]->any_condemned)
		gc->cursor = ((gc->cursor >> RH_SEGMENT_SHIFT) + 1) << RH_SEGMENT_SHIFT;
}

enum rh_progress rh_step_free(struct rh_heap *heap)
{
	for (;;) {
		skip_innocent(heap);
		if (heap->gc.cursor >= heap->gc.end)
			return RH_DONE;
		if (rh_slice_over(heap) || !free_chunk(heap))
			return RH_MORE;
	}
}

enum rh_progress rh_step_sweep(struct rh_heap *heap)
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

RH_WALK_STEP(condemn, visit_condemn, chunk_condemn)
RH_WALK_STEP(save, visit_save, chunk_ignore)
