// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier: recomputes what can be recomputed and compares. It may be
 * called between any two steps, also in the middle of a collection or a death.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "arena.h"
#include "frame.h"
#include "map.h"
#include "object.h"
#include "post.h"
#include "table.h"
#include "trace.h"
#include "value.h"
#include "weakref.h"

#define RELAX_SLOTS	1024
#define COUNTS_BYTES	(RH_SEGMENT_SLOTS * sizeof(u32))

struct verify {
	struct rh_heap *heap;
	u32 **expected;		/* counts by segment and slot */
	long faults;
	char *text;
	size_t len;
	u64 live, reaped, bytes, extras, pending;
	u64 garbage, histories;
	u64 unended, awaited, legacy_awaited; /* finalizers */
	u64 obligations;	/* for which a leaf is kept at hand */
	u64 objects[RH_GENERATIONS + 1];
	u64 by_kind[__REFHEAP_KIND_MAX];
};

/* The next object from @slot on. What is verified is verified in one go. */
static u32 next_object(const struct rh_heap *heap, u32 slot)
{
	u32 next = rh_used_next(heap, slot);

	if (next / RELAX_SLOTS != slot / RELAX_SLOTS)
		heap->host->relax(heap->ctx);
	return next;
}

static void fault(struct verify *verify, u32 slot, const char *what)
{
	if (!verify->faults++)
		snprintf(verify->text, verify->len, "object %u (kind %u): %s", slot,
			 slot ? rh_kind(verify->heap, slot) : 0, what);
}

static void expect(struct verify *verify, u32 slot)
{
	verify->expected[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK]++;
}

static bool is_object(const struct rh_heap *heap, u32 slot)
{
	return slot && slot < rh_table_end(heap) && rh_kind(heap, slot);
}

static bool is_dead(const struct rh_heap *heap, u32 slot)
{
	return rh_head(heap, slot)->meta & RH_META_DEAD;
}

/* Those edges are never released, and their slots may be in use again. */
static bool leads_to_condemned(const struct rh_heap *heap, u32 slot)
{
	return slot < rh_table_end(heap) &&
	       (rh_is_condemned(heap, slot) || rh_condemned_bit(heap, slot));
}

/* What lives loses its dead keys, and what it has for them, in WEAKREFS. */
static bool may_lead_to_condemned(const struct rh_heap *heap, u32 slot)
{
	return heap->gc.phase <= RH_PHASE_WEAKREFS &&
	       rh_kind(heap, slot) == REFHEAP_KIND_WEAK_KEY_DICT;
}

/* Counts the edges of one object, those that a dying one has yet to release. */
static void expect_edges(struct verify *verify, u32 slot)
{
	struct rh_heap *heap = verify->heap;
	const struct rh_cells *cells;
	bool dead = is_dead(heap, slot);
	u32 i, end;

	if (rh_kind_is_leaf(rh_kind(heap, slot)))
		return;
	cells = rh_cells(heap, slot);
	if (!cells)
		return;
	if (cells->n > cells->capacity)
		return fault(verify, slot, "has more cells than room");
	end = cells->capacity;
	for (i = dead ? cells->n : 0; i < end; i++) {
		u32 edge = cells->cell[i];

		if (!edge)
			continue;
		if (!dead && i >= rh_cells_used(heap, slot))
			fault(verify, slot, "has an edge behind its cells");
		else if (rh_is_condemned(heap, slot) && leads_to_condemned(heap, edge))
			continue;
		else if (!is_object(heap, edge))
			fault(verify, slot, "has an edge to no object");
		else if (is_dead(heap, edge))
			fault(verify, slot, "has an edge to a dead object");
		else if (rh_is_condemned(heap, edge) && may_lead_to_condemned(heap, slot))
			continue;
		else if (rh_is_condemned(heap, edge))
			fault(verify, slot, "has an edge to a condemned object");
		else
			expect(verify, edge);
	}
}

static void expect_queued(struct verify *verify, const struct rh_holder *holder)
{
	u64 n = 0;
	u32 slot;

	for (slot = holder->post->first; slot; slot = rh_post_next(verify->heap, slot), n++)
		expect(verify, slot);
	if (n != holder->post->queued)
		fault(verify, 0, "a queue counts other events than it has");
}

static void expect_holders(struct verify *verify)
{
	const struct rh_holder *holder;
	u32 i, k, n, slot;
	u64 held;

	for (holder = verify->heap->holders; holder; holder = holder->next) {
		held = 0;
		for (i = 0; i < holder->capacity; i++) {
			if (!holder->leaf[i].hold)
				continue;
			for (k = 0; k < RH_LEAF_SLOTS; k++) {
				n = holder->leaf[i].hold[k].count;
				held += n;
				slot = (i << RH_LEAF_SHIFT) + k;
				if (!rh_frames_verify(holder, slot))
					fault(verify, slot, "is in frames otherwise than held");
				if (n && !is_object(verify->heap, slot))
					fault(verify, 0, "a holder holds no object");
				else if (n)
					verify->expected[slot >> RH_SEGMENT_SHIFT]
							[slot & RH_SEGMENT_MASK] += n;
			}
		}
		if (held != holder->held)
			fault(verify, 0, "a holder's total is not the sum of its counts");
		expect_queued(verify, holder);
	}
}

static void expect_types(struct verify *verify)
{
	const struct rh_types *types = &verify->heap->types;
	u32 i, k;

	for (i = 1; i <= types->n; i++)
		for (k = 0; k < types->type[i]->nslots; k++)
			expect(verify, types->type[i]->slot[k]);
}

static void expect_all(struct verify *verify)
{
	struct rh_heap *heap = verify->heap;
	u32 slot, meta;

	for (slot = next_object(heap, 1); slot < rh_table_end(heap);
	     slot = next_object(heap, slot + 1)) {
		meta = rh_head(heap, slot)->meta;
		if (!rh_meta_kind(meta) || (meta & RH_META_REAPED))
			continue;
		if (meta & RH_META_IMMORTAL)
			expect(verify, slot);
		if (meta & RH_META_GARBAGE)
			expect(verify, slot);
		expect_edges(verify, slot);
	}
	for (slot = heap->retiring; slot; slot = rh_extra(heap, slot)->next_event)
		expect(verify, slot);
	expect_holders(verify);
	expect_types(verify);
}

static void check_weakrefs(struct verify *verify, u32 slot)
{
	struct rh_heap *heap = verify->heap;
	const struct rh_weak *weak;
	u32 ref, newer = 0, n = 0;

	for (ref = rh_weakref_first(heap, slot); ref; ref = weak->older, n++) {
		if (!is_object(heap, ref) || rh_kind(heap, ref) != REFHEAP_KIND_WEAKREF)
			return fault(verify, slot, "has a weak reference that is none");
		weak = rh_weak(heap, ref);
		if (weak->referent != slot || weak->newer != newer)
			return fault(verify, slot, "has a weak reference to something else");
		if (!(weak->flags & (RH_WEAK_ARMED | RH_WEAK_QUEUED)) != !weak->post)
			fault(verify, ref, "is armed by one account only");
		newer = ref;
	}
	if (n != rh_weakref_count(heap, slot))
		fault(verify, slot, "counts other weak references than there are");
}

static bool holds_trackable(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells = rh_cells(heap, slot);
	u32 i;

	for (i = 0; cells && i < cells->n; i++)
		if (cells->cell[i] && rh_object_may_be_tracked(heap, cells->cell[i]))
			return true;
	return false;
}

static void check_tracking(struct verify *verify, u32 slot)
{
	struct rh_heap *heap = verify->heap;
	u32 meta = rh_head(heap, slot)->meta, word = *rh_gc(heap, slot);
	u32 generation = rh_meta_gen(meta);
	bool frozen, permanent;

	if (!(meta & RH_META_TRACKED)) {
		if (word != RH_GC_UNTRACKED)
			fault(verify, slot, "is not tracked but looks so to the collector");
		if (holds_trackable(heap, slot))
			fault(verify, slot, "is not tracked but holds what may be");
		return;
	}
	verify->objects[generation]++;
	frozen = word == RH_GC_FROZEN;
	permanent = generation == RH_PERMANENT;
	if (frozen != permanent)
		fault(verify, slot, "is frozen by one account only");
	if (heap->gc.phase == RH_PHASE_IDLE && word != RH_GC_FROZEN && word != RH_GC_IDLE &&
	    !(word == RH_GC_NEW && generation == 0))
		fault(verify, slot, "is not idle though no collection runs");
}

static void check_young(struct verify *verify, u32 slot)
{
	struct rh_heap *heap = verify->heap;
	const struct rh_segment *segment = heap->table.segment[slot >> RH_SEGMENT_SHIFT];
	u32 meta = rh_head(heap, slot)->meta, generation;
	bool is, should;

	for (generation = 0; generation < 2; generation++) {
		is = segment->young[generation][(slot & RH_SEGMENT_MASK) / 64] &
		     (1ULL << slot % 64);
		should = (meta & RH_META_TRACKED) && rh_meta_gen(meta) == generation;
		if (is != should)
			fault(verify, slot, "is young by one account only");
	}
}

/* Whether somebody has a pin for what is to be told. */
static bool is_pinned(const struct rh_post *post, bool adopted)
{
	return post && post->holder && !adopted;
}

/* What has been promised about an object, and what is counted of that. */
static void count_obligations(struct verify *verify, u32 slot)
{
	const struct rh_heap *heap = verify->heap;
	const struct rh_extra *extra = rh_extra(heap, slot);
	const struct rh_weak *weak;

	verify->garbage += !!(rh_head(heap, slot)->meta & RH_META_GARBAGE);
	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF && *rh_block_of(heap, slot)) {
		weak = rh_weak(heap, slot);
		verify->obligations += is_pinned(weak->post, weak->flags & RH_WEAK_ADOPTED);
	}
	if (!extra)
		return;
	if (!extra->weakrefs && !extra->post && !extra->history)
		fault(verify, slot, "has an extra with nothing in it");
	verify->histories += !!extra->history;
	verify->unended += !!(extra->flags & (RH_EXTRA_QUEUED | RH_EXTRA_RUNNING));
	verify->awaited += !!(extra->flags & RH_EXTRA_AWAITED);
	verify->legacy_awaited += !!(extra->flags & RH_EXTRA_LEGACY);
	verify->obligations += is_pinned(extra->post, extra->flags &
					 (RH_EXTRA_ADOPTED | RH_EXTRA_RUNNING));
}

static void check_object(struct verify *verify, u32 slot)
{
	struct rh_heap *heap = verify->heap;
	const struct rh_head *head = rh_head(heap, slot);
	u32 expected = verify->expected[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
	u32 kind = rh_meta_kind(head->meta);

	if (!rh_trace_check(heap, slot))
		fault(verify, slot, "never lived, or lives no more, but is traced");
	/* Until its slot is freed. */
	verify->pending += rh_is_pending(heap, slot);
	if (head->meta & RH_META_REAPED) {
		verify->reaped++;
		return;
	}
	verify->live++;
	verify->extras += !!(head->meta & RH_META_EXTRA);
	count_obligations(verify, slot);
	check_weakrefs(verify, slot);
	verify->bytes += rh_object_sizeof(heap, slot);
	if (!rh_meta_type(head->meta))
		verify->by_kind[kind]++;
	check_young(verify, slot);
	if (head->meta & RH_META_DEAD) {
		verify->objects[rh_meta_gen(head->meta)] += !!(head->meta & RH_META_TRACKED);
		return;
	}
	if (!rh_is_condemned(heap, slot) && head->count != expected)
		fault(verify, slot, "has another count than it has references");
	if (heap->gc.phase == RH_PHASE_IDLE && !head->count)
		fault(verify, slot, "lives though nothing refers to it");
	if (rh_kind_is_leaf(kind)) {
		if (rh_gc_is_candidate(*rh_gc(heap, slot)))
			fault(verify, slot, "is a leaf but looks tracked");
		return;
	}
	check_tracking(verify, slot);
	if (!rh_is_condemned(heap, slot) && rh_object_is_map(heap, slot) &&
	    !rh_map_verify(heap, slot))
		fault(verify, slot, "has an index that does not fit its entries");
}

static void check_obligations(struct verify *verify)
{
	const struct rh_heap *heap = verify->heap;
	const struct rh_collector *gc = &heap->gc;
	const struct rh_holder *holder;
	u64 pins = 0;
	u32 i;

	for (holder = heap->holders; holder; holder = holder->next)
		for (i = 0; holder->post->holder && i < holder->capacity; i++)
			pins += holder->leaf[i].pins;
	if (verify->obligations != pins)
		fault(verify, 0, "holders keep other leaves at hand than they were told to");
	if (verify->garbage != gc->garbage)
		fault(verify, 0, "the heap counts other garbage than there is");
	if (verify->histories != heap->histories)
		fault(verify, 0, "the heap counts other histories than there are");
	if (verify->unended != gc->unended || verify->awaited != gc->awaited ||
	    verify->legacy_awaited != gc->legacy_awaited)
		fault(verify, 0, "the heap counts other finalizers than have not ended");
}

/* Whether finalizers that have not ended, or that have, let what was put aside be looked at. */
static bool is_awaited(const struct rh_collector *gc)
{
	return gc->awaited || gc->legacy_awaited || gc->again_due;
}

/* Between collections nothing is left of one. */
static void check_rest(struct verify *verify)
{
	const struct rh_heap *heap = verify->heap;
	const struct rh_collector *gc = &heap->gc;
	u32 i;

	if (gc->phase != RH_PHASE_IDLE)
		return;
	if (gc->stack || gc->scanning || gc->keyed || gc->dead_queued)
		fault(verify, 0, "a collection that has ended is still marking");
	if (*heap->state & 1)
		fault(verify, 0, "something is condemned though no collection runs");
	for (i = 0; i < heap->table.nsegments; i++) {
		const struct rh_segment *segment = heap->table.segment[i];

		if (segment->any_condemned)
			fault(verify, 0, "what was condemned is still noted");
		if ((segment->nyoung[RH_SET_PENDING] || segment->nyoung[RH_SET_LEGACY]) &&
		    !is_awaited(gc))
			fault(verify, 0, "something was put aside that nobody will look at");
	}
}

static void check_totals(struct verify *verify)
{
	struct rh_heap *heap = verify->heap;
	const char *what = NULL;
	enum refheap_space space;
	u32 i;

	if (verify->live + verify->reaped != heap->table.live)
		fault(verify, 0, "the table counts other objects than there are");
	if (verify->pending != heap->gc.pending)
		fault(verify, 0, "the heap counts other pending objects than there are");
	if (verify->extras != heap->extras)
		fault(verify, 0, "the heap counts other extras than there are");
	if (verify->bytes != heap->used_bytes)
		fault(verify, 0, "the heap counts other bytes than its objects have");
	for (i = 0; i <= RH_GENERATIONS; i++) {
		const struct rh_generation *generation = &heap->generation[i];

		if (verify->objects[i] != generation->objects)
			fault(verify, 0, "a generation counts other objects than it has");
		if (generation->entered != generation->objects + generation->left +
					   generation->untracked + generation->died)
			fault(verify, 0, "a generation lost or found objects");
	}
	for (i = 1; i < __REFHEAP_KIND_MAX; i++)
		if (verify->by_kind[i] != heap->types.objects[i])
			fault(verify, 0, "a kind counts other objects than it has");
	for (space = 0; space < __REFHEAP_SPACE_MAX; space++)
		if (rh_arena_verify(heap, space, &what))
			fault(verify, 0, what);
}

static void free_expected(struct verify *verify)
{
	struct rh_heap *heap = verify->heap;
	u32 n = heap->table.nsegments, i;

	for (i = 0; i < n; i++)
		if (verify->expected[i])
			rh_free(heap, verify->expected[i], COUNTS_BYTES);
	rh_free(heap, verify->expected, n * sizeof(*verify->expected));
}

static int alloc_expected(struct verify *verify)
{
	struct rh_heap *heap = verify->heap;
	u32 n = heap->table.nsegments, i;
	u32 *counts;

	verify->expected = rh_alloc(heap, n * sizeof(*verify->expected));
	if (IS_ERR(verify->expected))
		return PTR_ERR(verify->expected);
	for (i = 0; i < n; i++) {
		counts = rh_alloc(heap, COUNTS_BYTES);
		if (IS_ERR(counts)) {
			free_expected(verify);
			return PTR_ERR(counts);
		}
		verify->expected[i] = counts;
	}
	return 0;
}

long rh_verify(struct rh_heap *heap, char *text, size_t len)
{
	struct verify verify = { .heap = heap, .text = text, .len = len };
	u32 slot;

	rh_assert_locked(heap);
	if (len)
		text[0] = 0;
	if (alloc_expected(&verify))
		return -ENOMEM;
	expect_all(&verify);
	rh_trace_check_begin(heap);
	for (slot = next_object(heap, 1); slot < rh_table_end(heap);
	     slot = next_object(heap, slot + 1))
		if (rh_kind(heap, slot))
			check_object(&verify, slot);
	if (!rh_trace_check_end(heap))
		fault(&verify, 0, "the trace counts other objects or bytes than it has booked");
	check_totals(&verify);
	check_obligations(&verify);
	check_rest(&verify);
	free_expected(&verify);
	return verify.faults;
}
