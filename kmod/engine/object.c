// SPDX-License-Identifier: GPL-2.0
/*
 * Birth and death.
 *
 * Deaths are a worklist, not a recursion: the death list is a stack through
 * the counts of the dying. The object on top releases its edges in order; one
 * that dies of it goes on top and is finished first, as in CPython, whatever
 * the depth.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "collect.h"
#include "extra.h"
#include "finalize.h"
#include "history.h"
#include "intern.h"
#include "map.h"
#include "object.h"
#include "post.h"
#include "table.h"
#include "trace.h"
#include "type.h"
#include "weakref.h"

#define UNMAP_COST	64	/* units */
#define DEATH_COST	8	/* likewise */

bool rh_object_is_map(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta, kind = rh_meta_kind(meta);

	if (kind == REFHEAP_KIND_INSTANCE)
		return rh_type_has_dict(heap, rh_meta_type(meta));
	return rh_kind_is_map(kind);
}

size_t rh_block_bytes(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells;

	if (rh_kind_is_leaf(rh_kind(heap, slot)))
		return rh_length(heap, slot);
	cells = rh_cells(heap, slot);
	if (!cells)
		return 0;
	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF)
		return sizeof(struct rh_weak);
	if (rh_object_is_map(heap, slot))
		return rh_map_bytes(cells->capacity, rh_map_stride(heap, slot));
	return rh_cells_bytes(cells->capacity);
}

size_t rh_object_sizeof(const struct rh_heap *heap, u32 slot)
{
	size_t bytes = RH_OBJECT_BYTES + rh_block_charge(rh_block_bytes(heap, slot));

	if (rh_extra(heap, slot))
		bytes += rh_block_charge(sizeof(struct rh_extra)) + rh_history_bytes(heap, slot);
	return bytes;
}

int rh_object_prepare(struct rh_heap *heap, u32 kind, size_t bytes, u32 *block)
{
	int err;

	if (heap->max_objects && heap->table.live >= heap->max_objects)
		return -EDQUOT;
	err = rh_object_may_grow(heap, RH_OBJECT_BYTES + rh_block_charge(bytes));
	if (err)
		return err;
	err = rh_table_reserve(heap, 1);
	if (err)
		return err;
	return rh_block_alloc(heap, rh_kind_space(kind), bytes, block);
}

static bool counts_as_header(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	/* The empty tuple, which has no header, is never freed. */
	return !rh_kind_is_leaf(rh_meta_kind(meta)) && !(meta & RH_META_CARRIER);
}

static bool born_tracked(u32 kind, u32 block)
{
	switch (kind) {
	case REFHEAP_KIND_TUPLE:
		return block;
	case REFHEAP_KIND_DICT:
		return false;
	default:
		return !rh_kind_is_leaf(kind);
	}
}

static void account(struct rh_heap *heap, u32 meta, s64 objects, s64 bytes)
{
	u32 type = rh_meta_type(meta);

	heap->used_bytes += bytes;
	if (type) {
		heap->types.type[type]->objects += objects;
		heap->types.type[type]->bytes += bytes;
	} else {
		heap->types.objects[rh_meta_kind(meta)] += objects;
		heap->types.bytes[rh_meta_kind(meta)] += bytes;
	}
}

void rh_object_account(struct rh_heap *heap, u32 slot, s64 bytes)
{
	account(heap, rh_head(heap, slot)->meta, 0, bytes);
	if (unlikely(heap->trace))
		rh_trace_resize(heap, slot, bytes);
}

u32 rh_object_publish(struct rh_heap *heap, u32 kind, u32 type, u32 block, u32 length)
{
	u32 slot = rh_slot_alloc(heap);
	struct rh_head *head = rh_head(heap, slot);
	u32 *block_of = rh_block_of(heap, slot);

	head->count = 1;
	head->meta = kind | type << RH_META_TYPE_SHIFT;
	*block_of = block;
	*rh_gc(heap, slot) = rh_kind_is_leaf(kind) ? RH_GC_TOP | length : RH_GC_UNTRACKED;
	if (born_tracked(kind, block))
		rh_object_track(heap, slot);
	account(heap, head->meta, 1, RH_OBJECT_BYTES + rh_block_charge(rh_block_bytes(heap, slot)));
	heap->births++;
	heap->changes++;
	if (unlikely(heap->followed))
		rh_follow_birth(heap, slot);
	return slot;
}

void rh_object_reblock(struct rh_heap *heap, u32 slot, u32 block, size_t bytes,
		       size_t old_bytes)
{
	u32 *block_of = rh_block_of(heap, slot);

	rh_block_free(heap, rh_kind_space(rh_kind(heap, slot)), *block_of, old_bytes);
	*block_of = block;
	rh_object_account(heap, slot,
			  (s64)rh_block_charge(bytes) - (s64)rh_block_charge(old_bytes));
	rh_touch(heap, slot);
}

bool rh_object_may_be_tracked(const struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta, kind = rh_meta_kind(meta);

	if (rh_kind_is_leaf(kind))
		return false;
	return kind != REFHEAP_KIND_TUPLE || (meta & RH_META_TRACKED);
}

static u64 *tracked_of_kind(struct rh_heap *heap, u32 kind, u64 *other)
{
	if (kind == REFHEAP_KIND_TUPLE)
		return &heap->tracked_tuples;
	return kind == REFHEAP_KIND_DICT ? &heap->tracked_dicts : other;
}

void rh_object_track(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u64 other = 0;

	head->meta = (head->meta & ~RH_META_GEN) | RH_META_TRACKED;
	*rh_gc(heap, slot) = heap->gc.phase == RH_PHASE_IDLE ? RH_GC_IDLE : RH_GC_NEW;
	rh_young_add(heap, 0, slot);
	heap->generation[0].objects++;
	heap->generation[0].entered++;
	(*tracked_of_kind(heap, rh_meta_kind(head->meta), &other))++;
}

void rh_object_account_freed(struct rh_heap *heap, u32 meta, u64 n, u64 bytes)
{
	u32 *count = &heap->generation[0].count;
	u64 other = n;

	account(heap, meta, -(s64)n, -(s64)bytes);
	heap->generation[rh_meta_gen(meta)].objects -= n;
	heap->generation[rh_meta_gen(meta)].died += n;
	*tracked_of_kind(heap, rh_meta_kind(meta), &other) -= n;
	*count -= min_t(u64, *count, n);
	heap->deaths += n;
	heap->changes += n;
}

/* Takes a tracked object off its generation. */
static void leave_generation(struct rh_heap *heap, u32 slot)
{
	u32 generation = rh_meta_gen(rh_head(heap, slot)->meta);

	if (generation < 2)
		rh_young_del(heap, generation, slot);
	heap->generation[generation].objects--;
}

static void untrack(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u64 other = 1;

	leave_generation(heap, slot);
	head->meta &= ~(RH_META_TRACKED | RH_META_GEN);
	*rh_gc(heap, slot) = RH_GC_UNTRACKED;
	(*tracked_of_kind(heap, rh_meta_kind(head->meta), &other))--;
}

void rh_object_untrack(struct rh_heap *heap, u32 slot)
{
	heap->generation[rh_meta_gen(rh_head(heap, slot)->meta)].untracked++;
	untrack(heap, slot);
}

void rh_object_set_generation(struct rh_heap *heap, u32 slot, u32 generation)
{
	struct rh_head *head = rh_head(heap, slot);

	heap->generation[rh_meta_gen(head->meta)].left++;
	heap->generation[generation].entered++;
	leave_generation(heap, slot);
	head->meta = (head->meta & ~RH_META_GEN) | generation << RH_META_GEN_SHIFT;
	if (generation < 2)
		rh_young_add(heap, generation, slot);
	heap->generation[generation].objects++;
}

void rh_object_rejuvenate(struct rh_heap *heap, u32 slot)
{
	u32 *word = rh_gc(heap, slot);

	if (*word == RH_GC_LEGACY || rh_is_in_set(heap, RH_SET_LEGACY, slot))
		rh_finalizer_await_legacy(heap, slot);
	else if (*word == RH_GC_REVIVED)
		rh_finalizer_await(heap, slot);
	if (!(rh_head(heap, slot)->meta & RH_META_TRACKED) ||
	    (*word != RH_GC_IDLE && *word != RH_GC_FROZEN && *word != RH_GC_LEGACY &&
	     *word != RH_GC_REVIVED))
		return;
	rh_object_set_generation(heap, slot, 0);
	*word = heap->gc.phase == RH_PHASE_IDLE ? RH_GC_IDLE : RH_GC_NEW;
}

void rh_object_unmap(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);

	if (!(head->meta & RH_META_MAPPED))
		return;
	heap->host->unmap(heap->ctx, slot);
	rh_slice_book(heap, UNMAP_COST);
	head->meta &= ~RH_META_MAPPED;
}

static void drop_block(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u32 *block_of = rh_block_of(heap, slot);
	size_t bytes = rh_block_bytes(heap, slot);

	if (!*block_of)
		return;
	rh_object_unmap(heap, slot);
	rh_slice_book_bytes(heap, bytes);
	rh_block_free(heap, rh_kind_space(rh_meta_kind(head->meta)), *block_of, bytes);
	*block_of = 0;
	account(heap, head->meta, 0, -(s64)rh_block_charge(bytes));
}

void rh_object_finish(struct rh_heap *heap, u32 slot)
{
	struct rh_head *head = rh_head(heap, slot);
	u32 word = *rh_gc(heap, slot);

	rh_slice_book(heap, DEATH_COST);
	if (head->meta & RH_META_INTERNED)
		rh_intern_remove(heap, slot);
	drop_block(heap, slot);
	if (head->meta & RH_META_TRACKED) {
		heap->generation[rh_meta_gen(head->meta)].died++;
		untrack(heap, slot);
	}
	if (counts_as_header(heap, slot) && heap->generation[0].count)
		heap->generation[0].count--;
	account(heap, head->meta, -1, -(s64)RH_OBJECT_BYTES);
	heap->deaths += !(head->meta & RH_META_CARRIER);
	heap->changes++;
	/* The marker frees what it still has on its stack, when it comes to it. */
	if (!rh_kind_is_leaf(rh_meta_kind(head->meta)) && rh_gc_is_queued(word)) {
		*rh_gc(heap, slot) = word;
		head->meta |= RH_META_REAPED;
		return;
	}
	rh_slot_free(heap, slot);
}

int rh_object_clear(struct rh_heap *heap, u32 slot)
{
	u32 *block_of = rh_block_of(heap, slot);
	struct rh_head *head;
	u32 carrier;
	int err;

	if (!*block_of)
		return 0;
	err = rh_table_reserve(heap, 1);
	if (err)
		return err;
	/* What is let go of is not traced any more. */
	if (unlikely(heap->trace))
		rh_trace_resize(heap, slot, -(s64)rh_block_charge(rh_block_bytes(heap, slot)));
	carrier = rh_slot_alloc(heap);
	*rh_gc(heap, carrier) = RH_GC_DEAD;
	*rh_block_of(heap, carrier) = *block_of;
	rh_cells(heap, carrier)->n = 0;
	*block_of = 0;
	head = rh_head(heap, carrier);
	head->meta = rh_head(heap, slot)->meta & (RH_META_KIND | ~0U << RH_META_TYPE_SHIFT);
	head->meta |= RH_META_DEAD | RH_META_CARRIER;
	head->count = heap->dying;
	heap->dying = carrier;
	account(heap, head->meta, 1, RH_OBJECT_BYTES);
	rh_touch(heap, slot);
	rh_cells_rearranged(heap, slot);
	return 0;
}

/*
 * What comes before the edges: a dead weak reference is forgotten, weak
 * references to the dead are cleared.
 * Return: false when the slice ended or something died of it.
 */
static bool reap_weakrefs(struct rh_heap *heap, u32 slot)
{
	u32 meta = rh_head(heap, slot)->meta;

	if (meta & RH_META_CARRIER)
		return true;
	if (rh_meta_kind(meta) == REFHEAP_KIND_WEAKREF)
		rh_weakref_end(heap, slot);
	if (!(meta & RH_META_EXTRA))
		return true;
	if (!rh_weakrefs_clear_step(heap, slot))
		return false;
	if (rh_extra(heap, slot))
		rh_history_attach(heap, slot, NULL);
	return true;
}

/*
 * Releases edges of the object on top of the death list until one of them dies
 * or none is left.
 * Return: false when the slice ended.
 */
static bool reap_top(struct rh_heap *heap, u32 slot)
{
	struct rh_cells *cells;
	u32 edge;

	if (!reap_weakrefs(heap, slot))
		return heap->dying != slot;
	if (!rh_kind_is_leaf(rh_kind(heap, slot)) && *rh_block_of(heap, slot)) {
		cells = rh_cells(heap, slot);
		while (cells->n < cells->capacity) {
			edge = cells->cell[cells->n];
			cells->cell[cells->n++] = 0;
			if (edge)
				rh_release(heap, edge);
			if (heap->dying != slot || heap->retiring)
				return true;
			if (cells->n < cells->capacity && rh_slice_over(heap))
				return false;
		}
	}
	heap->dying = rh_head(heap, slot)->count;
	if (unlikely(heap->followed))
		rh_follow_death(heap, slot);
	rh_object_finish(heap, slot);
	return true;
}

static bool anything_above(const struct rh_heap *heap, u32 floor)
{
	return heap->retiring || (heap->dying && heap->dying != floor);
}

enum rh_progress rh_reap_above(struct rh_heap *heap, u32 floor)
{
	rh_assert_locked(heap);
	while (anything_above(heap, floor)) {
		if (!(heap->retiring ? rh_finalizer_retire_step(heap) :
				       reap_top(heap, heap->dying)))
			return RH_MORE;
		if (anything_above(heap, floor) && rh_slice_over(heap))
			return RH_MORE;
	}
	return RH_DONE;
}
