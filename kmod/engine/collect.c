// SPDX-License-Identifier: GPL-2.0
/*
 * The cycle collector: trial deletion in three generations, as CPython's
 * Modules/gcmodule.c, but as a state machine that can stop after any unit of
 * work and go on later, while others change the heap in between.
 *
 * A collection is a row of phases; each but MARK walks over slots:
 *
 *   MERGE     the younger generations join the one that is collected
 *   INIT      every candidate's word becomes 0
 *   SUBTRACT  every edge of a candidate to a candidate adds 1 to the latter's
 *             word, which so becomes the number of its inner references
 *   ROOTS     a candidate with other references than those, or touched since
 *             the start, is pushed onto the mark stack
 *   MARK      what the stack leads to is pushed; what is scanned is idle again
 *   --------  the decision: candidates whose word is still a number are
 *             garbage. They are condemned by the change of phase alone; ids of
 *             them are stale from here on
 *   TUPLES, DICTS  survivors that hold nothing tracked are untracked
 *   CLEAR     garbage releases its references to what is not garbage
 *   FREE      garbage is freed, or put into heap.garbage with DEBUG_SAVEALL
 *   PROMOTE   survivors of a young collection become older
 *
 * Why it is sound, with the barrier (barrier.h): an object that was not touched
 * during the epoch had the same references from the same objects all the time,
 * so the number is exact. Everything touched is a root, and everything that a
 * root leads to is marked; what is touched while marking is pushed at once.
 *
 * The mark stack is a chain through the words of the objects on it: it needs
 * no memory. In front of it are two short rings of objects and edges whose
 * memory has been prefetched (after Cher, Hosking and Vitek, "Software
 * prefetching for mark-sweep garbage collection", 2004).
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/prefetch.h>
#include "barrier.h"
#include "collect.h"
#include "object.h"
#include "table.h"

enum walk_mask { WALK_YOUNG_0, WALK_YOUNG_1, WALK_USED };

static u64 walk_word(const struct rh_segment *segment, enum walk_mask mask, u32 word)
{
	return mask == WALK_USED ? segment->used[word] : segment->young[mask][word];
}

static bool walk_segment_empty(const struct rh_segment *segment, enum walk_mask mask)
{
	return mask != WALK_USED && !segment->nyoung[mask];
}

typedef bool (*visit_fn)(struct rh_heap *heap, u32 slot, struct rh_hot *hot);

/*
 * Visits the slots of the mask from the cursor on. A visit that returns false
 * has not finished with its object and will be called for it again.
 */
static __always_inline enum rh_progress walk(struct rh_heap *heap, visit_fn visit)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->cursor < gc->end) {
		u32 index = gc->cursor >> RH_SEGMENT_SHIFT;
		u32 word = (gc->cursor & RH_SEGMENT_MASK) / 64;
		const struct rh_segment *segment = heap->table.segment[index];
		struct rh_hot *hot = &heap->table.hot[index][word * 64];
		u32 first = gc->cursor & ~63U;
		u64 bits;

		if (walk_segment_empty(segment, gc->mask)) {
			gc->cursor = (index + 1) << RH_SEGMENT_SHIFT;
			continue;
		}
		bits = walk_word(segment, gc->mask, word) & (~0ULL << gc->cursor % 64);
		for (; bits; bits &= bits - 1) {
			u32 bit = __ffs(bits);

			gc->cursor = first + bit;
			if (rh_slice_over(heap) || !visit(heap, first + bit, hot + bit))
				return RH_MORE;
		}
		gc->cursor = first + 64;
	}
	return RH_DONE;
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
	return heap->gc.generation == 2 ? WALK_USED : (enum walk_mask)heap->gc.generation;
}

static bool visit_merge(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	rh_object_set_generation(heap, slot, heap->gc.generation);
	return true;
}

static bool visit_init(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	if (hot->gc == RH_GC_IDLE) {
		hot->gc = 0;
		heap->gc.undecided++;
	}
	return true;
}

static void ring_put(struct rh_ring *ring, u32 item)
{
	ring->item[(ring->head + ring->n++) % RH_RING] = item;
}

static u32 ring_get(struct rh_ring *ring)
{
	u32 item = ring->item[ring->head];

	ring->head = (ring->head + 1) % RH_RING;
	ring->n--;
	return item;
}

/* One inner reference more, if it is a candidate; a full number stays full. */
static void count_inner(struct rh_heap *heap, u32 slot)
{
	struct rh_hot *hot = rh_hot(heap, slot);

	if (hot->gc < RH_GC_TOP - 1)
		hot->gc++;
}

static void prefetch_word(const struct rh_heap *heap, u32 slot)
{
	prefetchw(rh_hot(heap, slot));
}

/*
 * How many of @n cells may be looked at before the slice must be asked again.
 * They are booked.
 */
static u32 book_cells(struct rh_heap *heap, u32 n)
{
	u32 booked = n < heap->slice_left + 1 ? n : heap->slice_left + 1;

	heap->slice_left -= booked ? booked - 1 : 0;
	return booked;
}

static bool visit_subtract(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_ring *ring = &gc->edges;
	struct rh_cells *cells;
	u32 stop;

	if (!rh_gc_is_candidate(hot->gc) || !hot->block)
		return true;
	cells = rh_block(heap, REFHEAP_SPACE_REFS, hot->block);
	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++) {
			u32 edge = cells->cell[gc->cell];

			if (!edge)
				continue;
			if (ring->n == RH_RING)
				count_inner(heap, ring_get(ring));
			prefetch_word(heap, edge);
			ring_put(ring, edge);
		}
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	gc->cell = 0;
	return true;
}

static enum rh_progress step_subtract(struct rh_heap *heap)
{
	enum rh_progress progress = walk(heap, visit_subtract);
	struct rh_ring *ring = &heap->gc.edges;

	/* What others touch from here on must have been counted before. */
	while (ring->n)
		count_inner(heap, ring_get(ring));
	return progress;
}

void rh_collect_push(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;

	rh_hot(heap, slot)->gc = gc->stack ? RH_GC_TOP | gc->stack : RH_GC_END;
	gc->stack = slot;
	gc->undecided--;
}

static bool visit_root(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	if (hot->gc == RH_GC_DIRTY ||
	    (rh_gc_is_candidate(hot->gc) && hot->gc != rh_head(heap, slot)->count))
		rh_collect_push(heap, slot);
	return true;
}

static void mark_edge(struct rh_heap *heap, u32 slot)
{
	if (rh_gc_is_candidate(rh_hot(heap, slot)->gc))
		rh_collect_push(heap, slot);
}

/* Moves objects from the stack to the ring, where their blocks are awaited. */
static void fill_object_ring(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->stack && gc->objects.n < RH_RING / 2) {
		u32 slot = gc->stack;
		struct rh_hot *hot = rh_hot(heap, slot);

		gc->stack = hot->gc == RH_GC_END ? 0 : hot->gc & ~RH_GC_TOP;
		hot->gc = RH_GC_QUEUED;
		if (hot->block)
			prefetch(rh_block(heap, REFHEAP_SPACE_REFS, hot->block));
		ring_put(&gc->objects, slot);
	}
}

/* The object that is being scanned is done with: reached, or dead meanwhile. */
static void scan_end(struct rh_heap *heap, u32 slot)
{
	struct rh_hot *hot = rh_hot(heap, slot);
	u32 meta = rh_head(heap, slot)->meta;

	heap->gc.scanning = 0;
	if (meta & RH_META_REAPED) {
		rh_slot_free(heap, slot);
	} else if (meta & RH_META_DEAD) {
		hot->gc = RH_GC_DEAD;
	} else {
		hot->gc = RH_GC_IDLE;
		heap->gc.survivors++;
	}
}

/* Return: false when the slice ended within the object. */
static bool scan_object(struct rh_heap *heap, u32 slot)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_hot *hot = rh_hot(heap, slot);
	struct rh_cells *cells;
	u32 stop;

	if (!hot->block || (rh_head(heap, slot)->meta & RH_META_DEAD))
		return true;
	cells = rh_block(heap, REFHEAP_SPACE_REFS, hot->block);
	while (gc->cell < cells->n) {
		stop = gc->cell + book_cells(heap, cells->n - gc->cell);
		for (; gc->cell < stop; gc->cell++) {
			u32 edge = cells->cell[gc->cell];

			if (!edge)
				continue;
			if (gc->edges.n == RH_RING)
				mark_edge(heap, ring_get(&gc->edges));
			prefetch_word(heap, edge);
			ring_put(&gc->edges, edge);
		}
		if (gc->cell < cells->n && rh_slice_over(heap))
			return false;
	}
	return true;
}

static enum rh_progress step_mark(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	for (;;) {
		if (!gc->scanning) {
			fill_object_ring(heap);
			if (!gc->objects.n && !gc->edges.n)
				return RH_DONE;
			if (rh_slice_over(heap))
				return RH_MORE;
			if (!gc->objects.n) {
				mark_edge(heap, ring_get(&gc->edges));
				continue;
			}
			gc->scanning = ring_get(&gc->objects);
			gc->cell = 0;
		}
		if (!scan_object(heap, gc->scanning))
			return RH_MORE;
		scan_end(heap, gc->scanning);
	}
}

/* Whether all that a surviving container holds can never be part of a cycle. */
static bool holds_nothing_tracked(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells = rh_cells(heap, slot);
	u32 i;

	for (i = 0; i < cells->n; i++)
		if (cells->cell[i] && rh_object_may_be_tracked(heap, cells->cell[i]))
			return false;
	return true;
}

static void untrack_kind(struct rh_heap *heap, u32 slot, struct rh_hot *hot, u32 kind)
{
	u32 meta = rh_head(heap, slot)->meta;

	if (hot->gc != RH_GC_IDLE || rh_meta_kind(meta) != kind)
		return;
	if (hot->block && !holds_nothing_tracked(heap, slot))
		return;
	rh_object_untrack(heap, slot);
	heap->gc.survivors--;
}

static bool visit_tuple(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	untrack_kind(heap, slot, hot, REFHEAP_KIND_TUPLE);
	return true;
}

static bool visit_dict(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	untrack_kind(heap, slot, hot, REFHEAP_KIND_DICT);
	return true;
}

/* Edges between the condemned need no release: both ends go. */
static bool visit_clear(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_cells *cells;

	if (!rh_gc_is_candidate(hot->gc) || !hot->block)
		return true;
	cells = rh_block(heap, REFHEAP_SPACE_REFS, hot->block);
	for (; gc->cell < cells->n; gc->cell++) {
		u32 edge = cells->cell[gc->cell];

		if (!edge)
			continue;
		if (rh_slice_over(heap))
			return false;
		cells->cell[gc->cell] = 0;
		if (!rh_gc_is_candidate(rh_hot(heap, edge)->gc))
			rh_release(heap, edge);
	}
	gc->cell = 0;
	rh_object_drop_block(heap, slot);
	return true;
}

static bool visit_free(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	if (!rh_gc_is_candidate(hot->gc))
		return true;
	heap->gc.collected++;
	rh_object_finish(heap, slot);
	return true;
}

static bool visit_save(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	struct rh_head *head = rh_head(heap, slot);

	if (!rh_gc_is_candidate(hot->gc))
		return true;
	hot->gc = RH_GC_IDLE;
	head->meta |= RH_META_GARBAGE;
	head->count++;
	heap->gc.garbage++;
	heap->gc.collected++;
	return true;
}

static bool visit_promote(struct rh_heap *heap, u32 slot, struct rh_hot *hot)
{
	rh_object_set_generation(heap, slot, heap->gc.generation + 1);
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
	struct rh_gc_result *result = &gc->result[gc->ticket % RH_RESULTS];

	result->ticket = gc->ticket;
	result->collected = gc->collected;
	result->uncollectable = gc->uncollectable;

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

static enum rh_progress phase_step(struct rh_heap *heap)
{
	switch (heap->gc.phase) {
	case RH_PHASE_MERGE:
		return walk(heap, visit_merge);
	case RH_PHASE_INIT:
		return walk(heap, visit_init);
	case RH_PHASE_SUBTRACT:
		return step_subtract(heap);
	case RH_PHASE_ROOTS:
		return walk(heap, visit_root);
	case RH_PHASE_MARK:
		return step_mark(heap);
	case RH_PHASE_TUPLES:
		return walk(heap, visit_tuple);
	case RH_PHASE_DICTS:
		return walk(heap, visit_dict);
	case RH_PHASE_CLEAR:
		return walk(heap, visit_clear);
	case RH_PHASE_FREE:
		if (heap->gc.saveall)
			return walk(heap, visit_save);
		return walk(heap, visit_free);
	case RH_PHASE_PROMOTE:
		return walk(heap, visit_promote);
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
		enter(heap, RH_PHASE_CLEAR, candidates(heap));
		if (gc->undecided && !gc->saveall)
			return;
		fallthrough;
	case RH_PHASE_CLEAR:
		enter(heap, RH_PHASE_FREE, candidates(heap));
		if (gc->undecided)
			return;
		fallthrough;
	case RH_PHASE_FREE:
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

/* Young collections are small, and nobody else is let in between. */
static enum rh_progress collect_step(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	while (gc->phase != RH_PHASE_IDLE) {
		if (phase_step(heap) == RH_DONE)
			next_phase(heap);
		else if (gc->generation == 2)
			return RH_MORE;
		else
			rh_slice_begin(heap);
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
	u64 since = heap->host->now(heap->ctx);

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
	struct rh_hot *hot = rh_hot(heap, slot);

	if (hot->gc != RH_GC_IDLE)
		return;
	hot->gc = RH_GC_FROZEN;
	rh_object_set_generation(heap, slot, RH_PERMANENT);
}

static void each_unfreeze(struct rh_heap *heap, u32 slot, void *arg)
{
	struct rh_hot *hot = rh_hot(heap, slot);

	if (hot->gc != RH_GC_FROZEN)
		return;
	hot->gc = RH_GC_IDLE;
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
