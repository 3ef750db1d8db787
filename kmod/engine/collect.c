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
 *             the start, is reached and scanned, and so is what it leads to;
 *             MARK_KEYED adds the values of weak-keyed dicts (keyed.c)
 *   --------  the decision: candidates whose word is still a number are
 *             garbage. They are condemned by the change of phase alone; ids of
 *             them are stale from here on
 *   LEGACY    what legacy finalizers in it can reach is uncollectable, and with
 *             the end of this phase lives again
 *   BURY      what of that has lost its last reference meanwhile dies
 *   TUPLES, DICTS  survivors that hold nothing tracked are untracked
 *   WEAKREFS  weak references to garbage are cleared
 *   REVIVE    when there are finalizers among it, all of it is pending, and with
 *             the end of this phase lives again
 *   FINALIZE  those finalizers are queued
 *   CONDEMN   garbage is noted in a bitmap
 *   UNLINK    garbage lets go of what it is linked with otherwise than by edges
 *   FREE      garbage releases its references to what is not in the bitmap and
 *             is freed; or it is put into the heap's garbage with DEBUG_SAVEALL
 *   SWEEP     the bitmap is cleared
 *   UNCOLLECTABLE  what LEGACY has found and still lives is counted, and what
 *             has such a finalizer put into the heap's garbage
 *   PROMOTE   survivors of a young collection become older
 *
 * When the last finalizer of what is pending has ended, or somebody asks, it is
 * collected again: by the same phases, with the pending as candidates.
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
#include <linux/errno.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include "frame.h"
#include "trace.h"
#include "walk.h"

/* Every phase begins its walk anew. */
static void enter(struct rh_heap *heap, enum rh_phase phase, enum walk_mask mask)
{
	heap->gc.phase = phase;
	heap->gc.mask = mask;
	heap->gc.cursor = 0;
	heap->gc.cell = 0;
	heap->gc.reached = phase == RH_PHASE_REVIVE ? RH_GC_REVIVED :
			   phase == RH_PHASE_LEGACY ? RH_GC_LEGACY : RH_GC_IDLE;
}

/* Where the candidates are: all of a full collection, one young generation, the pending. */
static enum walk_mask candidates(const struct rh_heap *heap)
{
	if (heap->gc.again)
		return WALK_PENDING;
	return heap->gc.generation == 2 ? WALK_ALL : (enum walk_mask)heap->gc.generation;
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

		if (word_of[i] == RH_GC_NEW) {
			word_of[i] = RH_GC_IDLE;
			/* What has become young meanwhile stays so. */
			if (gc->phase == RH_PHASE_PROMOTE) {
				all &= ~(1ULL << i);
				continue;
			}
		}
		head[i].meta = (head[i].meta & ~RH_META_GEN) | to << RH_META_GEN_SHIFT;
	}
	gc->cursor += n;
	n = hweight64(all);
	segment->young[gc->mask][word] &= ~all;
	segment->nyoung[gc->mask] -= n;
	heap->generation[gc->mask].objects -= n;
	heap->generation[gc->mask].left += n;
	heap->generation[to].objects += n;
	heap->generation[to].entered += n;
	if (to < 2) {
		segment->young[to][word] |= all;
		segment->nyoung[to] += n;
	}
}

static enum rh_progress step_move(struct rh_heap *heap, u32 to)
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

/* What finalizers that have all ended brought back is pending no more. */
static enum rh_progress step_settle(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_segment *segment;

	/* One that has ended meanwhile may have kept something until it was too late. */
	while (!gc->awaited && !gc->again_due && gc->cursor < gc->end) {
		if (rh_slice_over(heap))
			return RH_MORE;
		segment = heap->table.segment[gc->cursor >> RH_SEGMENT_SHIFT];
		memset(segment->young[RH_SET_PENDING], 0, sizeof(segment->young[0]));
		gc->pending -= segment->nyoung[RH_SET_PENDING];
		segment->nyoung[RH_SET_PENDING] = 0;
		gc->cursor += RH_SEGMENT_SLOTS;
	}
	return RH_DONE;
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

/* Books the result with who asked for the collection. */
static void tell_requester(struct rh_collector *gc)
{
	struct rh_holder *requester = gc->again ? gc->again_requester : gc->requester;

	if (!requester)
		return;
	if (gc->again) {
		requester->collected += gc->collected;
		requester->uncollectable += gc->uncollectable;
		return;
	}
	requester->result_ticket = gc->ticket;
	requester->collected = gc->collected;
	requester->uncollectable = gc->uncollectable;
	gc->requester = NULL;
}

static void finish(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	struct rh_generation *generation = &heap->generation[gc->generation];

	tell_requester(gc);
	if (gc->generation == 2 && !gc->again)
		gc->duration_ns = heap->host->now(heap->ctx) - gc->started_ns;
	generation->collections += !gc->again;
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
		return step_move(heap, heap->gc.generation);
	case RH_PHASE_INIT:
		return rh_step_init(heap);
	case RH_PHASE_SUBTRACT:
		return rh_step_subtract(heap);
	case RH_PHASE_SUBTRACT_KEYED:
		return rh_step_subtract_keyed(heap);
	case RH_PHASE_MARK:
		return rh_step_mark(heap);
	case RH_PHASE_MARK_KEYED:
		return rh_step_mark_keyed(heap);
	case RH_PHASE_LEGACY:
		return rh_step_legacy(heap);
	case RH_PHASE_BURY:
		return rh_step_bury(heap);
	case RH_PHASE_TUPLES:
		return rh_step_tuples(heap);
	case RH_PHASE_DICTS:
		return rh_step_dicts(heap);
	case RH_PHASE_WEAKREFS:
		return rh_step_weakrefs(heap);
	case RH_PHASE_REVIVE:
		return rh_step_revive(heap);
	case RH_PHASE_FINALIZE:
		return rh_step_finalize(heap);
	case RH_PHASE_CONDEMN:
		return rh_step_condemn(heap);
	case RH_PHASE_UNLINK:
		return rh_step_unlink(heap);
	case RH_PHASE_FREE:
		return heap->gc.saveall ? rh_step_save(heap) : rh_step_free(heap);
	case RH_PHASE_SWEEP:
		return rh_step_sweep(heap);
	case RH_PHASE_UNCOLLECTABLE:
		return rh_step_uncollectable(heap);
	case RH_PHASE_PROMOTE:
		return heap->gc.again ? step_settle(heap) :
					step_move(heap, heap->gc.generation + 1);
	default:
		return RH_DONE;
	}
}

/* Whether there is anything for a phase to do. */
static bool is_needed(const struct rh_heap *heap, enum rh_phase phase)
{
	const struct rh_collector *gc = &heap->gc;
	bool free = gc->undecided && !gc->saveall;
	bool keyed = heap->types.objects[REFHEAP_KIND_WEAK_KEY_DICT];

	switch (phase) {
	case RH_PHASE_SUBTRACT_KEYED:
	case RH_PHASE_MARK_KEYED:
		return keyed;
	case RH_PHASE_LEGACY:
		return gc->undecided && heap->legacy_types;
	case RH_PHASE_BURY:
		return gc->orphaned;
	case RH_PHASE_TUPLES:
		return heap->tracked_tuples && !gc->again;
	case RH_PHASE_DICTS:
		return heap->tracked_dicts && gc->generation == 2 && !gc->again;
	case RH_PHASE_WEAKREFS:
	case RH_PHASE_REVIVE:
		return gc->undecided && heap->extras;
	case RH_PHASE_FINALIZE:
		return gc->revived;
	case RH_PHASE_UNCOLLECTABLE:
		return gc->again || (gc->legacy && !gc->revived);
	case RH_PHASE_UNLINK:
		return free && (keyed || heap->histories ||
				heap->types.objects[REFHEAP_KIND_WEAKREF]);
	case RH_PHASE_CONDEMN:
	case RH_PHASE_SWEEP:
		return free;
	case RH_PHASE_FREE:
		return gc->undecided;
	case RH_PHASE_PROMOTE:
		return gc->generation < 2 || gc->again;
	default:
		return true;
	}
}

/* Readers of liveness words ask while the number is odd, and when it has changed. */
static void set_state(struct rh_heap *heap, bool condemned)
{
	if ((*heap->state & 1) == condemned)
		return;
	/* After the words that changed before, and before those that change now. */
	smp_wmb();
	WRITE_ONCE(*heap->state, *heap->state + 1);
	/* See above. */
	smp_wmb();
}

/* Who asked for a collection wants its number, whatever collects by itself. */
static void expect_again(struct rh_collector *gc)
{
	if (gc->again || (!gc->requester && gc->was_pending))
		return;
	gc->again_generation = gc->generation;
	gc->again_requester = gc->requester;
}

/* What happens between two phases. */
static void leave(struct rh_heap *heap, enum rh_phase phase)
{
	struct rh_collector *gc = &heap->gc;

	switch (phase) {
	case RH_PHASE_MARK_KEYED:
		set_state(heap, gc->undecided && !gc->saveall);
		return;
	case RH_PHASE_DICTS:
		if (!gc->again)
			count_survivors(heap);
		return;
	case RH_PHASE_FINALIZE:
		if (!gc->revived)
			return;
		expect_again(gc);
		/* With nobody to run any of the finalizers there is nothing to wait for. */
		gc->again_due = !gc->awaited;
		return;
	case RH_PHASE_UNCOLLECTABLE:
		if (gc->aside)
			expect_again(gc);
		return;
	case RH_PHASE_FREE:
		set_state(heap, false);
		return;
	default:
		return;
	}
}

/* What follows on a phase that is through. */
static void next_phase(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;
	enum rh_phase phase = gc->phase;

	if (phase == RH_PHASE_MERGE && gc->generation == 2 && gc->mask == WALK_YOUNG_0) {
		enter(heap, RH_PHASE_MERGE, WALK_YOUNG_1);
		return;
	}
	/* Nothing is cleared before all finalizers have ended: PEP 442. */
	if (phase == RH_PHASE_REVIVE && gc->revived && !gc->revive_all) {
		gc->revive_all = true;
		enter(heap, RH_PHASE_REVIVE, candidates(heap));
		return;
	}
	/* What was put aside before follows on what this one has found. */
	if (phase == RH_PHASE_UNCOLLECTABLE && gc->mask == WALK_PENDING) {
		enter(heap, phase, WALK_LEGACY);
		return;
	}
	do {
		leave(heap, phase);
		if (phase == RH_PHASE_PROMOTE) {
			finish(heap);
			return;
		}
	} while (!is_needed(heap, ++phase));
	enter(heap, phase, candidates(heap));
}

static void begin(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	gc->end = rh_table_end(heap);
	gc->undecided = 0;
	gc->survivors = 0;
	gc->was_pending = gc->pending;
	gc->legacy = 0;
	gc->orphaned = false;
	gc->aside = false;
	gc->revived = 0;
	gc->revive_all = false;
	gc->collected = 0;
	gc->uncollectable = 0;
	gc->saveall = gc->debug & REFHEAP_DEBUG_SAVEALL;
	gc->hold_ns = 0;
	gc->started_ns = heap->host->now(heap->ctx);
	gc->ticket++;
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
	gc->again = false;
	begin(heap);
	if (generation)
		enter(heap, RH_PHASE_MERGE, WALK_YOUNG_0);
	else
		enter(heap, RH_PHASE_INIT, candidates(heap));
	notify(heap, REFHEAP_EVENT_GC_START);
	return true;
}

bool rh_collect_again_start(struct rh_heap *heap)
{
	struct rh_collector *gc = &heap->gc;

	rh_assert_locked(heap);
	if (gc->phase != RH_PHASE_IDLE)
		return false;
	gc->generation = gc->again_generation;
	gc->again = true;
	gc->again_due = false;
	begin(heap);
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
		/* What died of a phase still holds what it led to. */
		if (rh_reap_step(heap) != RH_DONE)
			return RH_MORE;
	}
	return RH_DONE;
}

bool rh_work_pending(const struct rh_heap *heap)
{
	return heap->dying || heap->retiring || heap->closing || heap->gc.phase != RH_PHASE_IDLE ||
	       heap->gc.again_due || heap->traces_ended;
}

static void book_hold(struct rh_heap *heap, u64 since)
{
	struct rh_collector *gc = &heap->gc;
	u64 hold = heap->host->now(heap->ctx) - since;

	if (hold > gc->hold_ns)
		gc->hold_ns = hold;
	if (gc->phase != RH_PHASE_IDLE)
		return;
	if (gc->generation == 2 && !gc->again)
		gc->longest_hold_ns = gc->hold_ns;
	notify(heap, REFHEAP_EVENT_GC_STOP);
}

enum rh_progress rh_work_step(struct rh_heap *heap)
{
	bool collecting;
	u64 since;

	rh_assert_locked(heap);
	heap->actor = 0;
	heap->site = 0;
	if (heap->gc.again_due)
		rh_collect_again_start(heap);
	collecting = heap->gc.phase != RH_PHASE_IDLE;
	since = collecting ? heap->host->now(heap->ctx) : 0;
	rh_slice_begin(heap);
	/* The dead have to be through before a collection goes on: their edges. */
	if (rh_reap_step(heap) == RH_DONE && collect_step(heap) == RH_DONE)
		rh_frames_close_step(heap);
	rh_trace_end_step(heap);
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
	stat->pending = gc->unended;
	stat->finalized = gc->finalized;
	stat->skipped = gc->skipped;
	for (i = 0; i < RH_GENERATIONS; i++) {
		stat->generation[i].threshold = heap->generation[i].threshold;
		stat->generation[i].count = heap->generation[i].count;
		stat->generation[i].objects = heap->generation[i].objects;
		stat->generation[i].entered = heap->generation[i].entered;
		stat->generation[i].left = heap->generation[i].left;
		stat->generation[i].untracked = heap->generation[i].untracked;
		stat->generation[i].died = heap->generation[i].died;
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
