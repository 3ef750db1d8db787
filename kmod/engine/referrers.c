// SPDX-License-Identifier: GPL-2.0
/*
 * What refers to an object is not written down anywhere. To ask each object
 * costs several places of memory for each; so the arenas of edges are searched
 * first, from one end to the other, for anything that looks like a reference to
 * the subject. It may be what a freed block had, or a hash: that is told apart
 * when the objects whose blocks are near it are asked. Of the others, no more
 * than the block's handle is looked at.
 *
 * An object's count says how many references there can be. If these are few,
 * the search stops when as many have been met, and what is marked is asked, but
 * not told: if it has them all, that was it, else the search goes on to its end.
 *
 * Blocks that lie together are a group; groups share a mark when there are many.
 *
 * A search takes several slices. When the heap changes between them, an edge
 * may have moved to where the search has been, and the marks are worth nothing:
 * then every object is asked.
 */
#include <linux/kernel.h>
#include <linux/prefetch.h>
#include <linux/string.h>
#include "block.h"
#include "holder.h"
#include "inspect.h"
#include "map.h"
#include "referrers.h"
#include "table.h"

#define GROUP_SHIFT	10	/* of handles; as many units as a pool has */
#define CHUNK		64U	/* slots; their blocks have no gap in the directory */
#define FEW_CELLS	32
#define FEW_HOLDERS	64
#define AT_ONCE		16	/* words; a stretch has a multiple of it */
#define PREFETCH_AHEAD	(RH_PAGE_BYTES / sizeof(u32))	/* words; beyond what the processor does */

static_assert(RH_POOL_BYTES >> RH_UNIT_SHIFT == 1 << GROUP_SHIFT);
static_assert(!(RH_NEAR_GROUPS & (RH_NEAR_GROUPS - 1)));
static_assert(RH_SEGMENT_SLOTS % CHUNK == 0);

static u32 group_of(u32 block)
{
	return (block >> GROUP_SHIFT) % RH_NEAR_GROUPS;
}

static bool has_word(const struct rh_stretch *stretch, u32 word)
{
	const u32 *at = stretch->words, *end = at + stretch->n;

	for (; at < end; at += AT_ONCE) {
		prefetch(at + PREFETCH_AHEAD);
		if (at[0] == word || at[1] == word || at[2] == word || at[3] == word ||
		    at[4] == word || at[5] == word || at[6] == word || at[7] == word ||
		    at[8] == word || at[9] == word || at[10] == word || at[11] == word ||
		    at[12] == word || at[13] == word || at[14] == word || at[15] == word)
			return true;
	}
	return false;
}

static void mark(struct rh_near *near, const struct rh_stretch *stretch)
{
	u32 group = stretch->first >> GROUP_SHIFT, last = stretch->last >> GROUP_SHIFT;

	for (; group <= last; group++)
		near->group[group % RH_NEAR_GROUPS] = 1;
}

static u32 count_words(const struct rh_stretch *stretch, u32 word)
{
	u32 i, n = 0;

	for (i = 0; i < stretch->n; i++)
		n += stretch->words[i] == word;
	return n;
}

static void walk_from(struct rh_scan *scan, u32 slot)
{
	scan->cursor = slot;
	scan->at = 0;
}

/* How many edges lead to @subject, at most. What a session has of it is none. */
static u64 edges_at_most(struct rh_heap *heap, u32 subject)
{
	const struct rh_head *head = rh_head(heap, subject);
	u32 edges = head->count - !!(head->meta & RH_META_IMMORTAL), n = 0;
	const struct rh_holder *holder;

	for (holder = heap->holders; holder && n < FEW_HOLDERS; holder = holder->next, n++)
		edges -= rh_holder_slot_count(holder, subject);
	rh_slice_book(heap, n);
	return edges;
}

static void begin(struct rh_heap *heap, struct rh_near *near, u32 subject)
{
	near->changes = heap->changes;
	near->left = edges_at_most(heap, subject);
	/* The last of many is likely to be met late. */
	if (near->left > RH_NEAR_FEW)
		near->left = U64_MAX;
	near->stage = near->left ? RH_NEAR_SEARCH : RH_NEAR_KNOWN;
}

/* Blocks move, objects do not: who is known can still be asked. */
static void look_for_changes(struct rh_heap *heap, struct rh_scan *scan)
{
	struct rh_near *near = &scan->near;

	if (near->changes == heap->changes || near->stage == RH_NEAR_KNOWN ||
	    near->stage == RH_NEAR_ALL)
		return;
	/* A check has passed over what it did not tell. */
	if (near->stage == RH_NEAR_CHECK)
		walk_from(scan, 0);
	near->stage = RH_NEAR_ALL;
}

static enum rh_progress search(struct rh_heap *heap, struct rh_near *near, u32 subject)
{
	struct rh_stretch stretch;

	while (near->stage == RH_NEAR_SEARCH) {
		if (rh_slice_over(heap))
			return RH_MORE;
		rh_slice_book_bytes(heap, RH_POOL_BYTES);
		if (!rh_arena_stretch(heap, REFHEAP_SPACE_REFS, &near->cursor, &stretch)) {
			near->stage = RH_NEAR_MARKED;
			break;
		}
		if (!has_word(&stretch, subject))
			continue;
		mark(near, &stretch);
		if (near->left == U64_MAX)
			continue;
		near->left -= min_t(u64, near->left, count_words(&stretch, subject));
		rh_slice_book_bytes(heap, RH_POOL_BYTES);
		if (!near->left) {
			near->left = edges_at_most(heap, subject);
			near->stage = RH_NEAR_CHECK;
		}
	}
	return RH_DONE;
}

/* The slots of a chunk that are marked, in one go since hardly ever any is. */
static bool any_marked(const struct rh_heap *heap, const struct rh_near *near, u32 first)
{
	const u32 *block = rh_block_of(heap, first);
	u8 any = 0;
	u32 i;

	for (i = 0; i < CHUNK; i += 4)
		any |= near->group[group_of(block[i])] | near->group[group_of(block[i + 1])] |
		       near->group[group_of(block[i + 2])] | near->group[group_of(block[i + 3])];
	return any;
}

/* A short look at an object: no if it surely does not refer to @subject. */
static bool may_refer(const struct rh_heap *heap, u32 slot, u32 subject)
{
	u32 kind = rh_kind(heap, slot), i;
	const struct rh_cells *cells;

	if (rh_kind_is_leaf(kind))
		return false;
	cells = rh_cells(heap, slot);
	if (!cells)
		return false;
	/* The collector is not to see the cells of such a dict. */
	if (kind == REFHEAP_KIND_WEAK_KEY_DICT || cells->n > FEW_CELLS)
		return true;
	for (i = 0; i < cells->n; i++)
		if (cells->cell[i] == subject)
			return true;
	return false;
}

/*
 * The first slot from @slot on whose object may refer to the subject, the end of
 * the table, or, when the slice has ended, where to go on.
 */
static u32 next_near(struct rh_heap *heap, const struct rh_near *near, u32 subject, u32 slot)
{
	bool all = near->stage == RH_NEAR_ALL;
	u32 end = rh_table_end(heap);

	while (slot < end && heap->slice_left) {
		if (!all && slot % CHUNK == 0 && !any_marked(heap, near, slot)) {
			slot += CHUNK;
			rh_slice_book(heap, 4);
			continue;
		}
		if ((all || near->group[group_of(*rh_block_of(heap, slot))]) &&
		    may_refer(heap, slot, subject))
			break;
		slot++;
		rh_slice_book(heap, 1);
	}
	return slot;
}

/*
 * Counts the edges of @slot to the subject, from scan->cell on.
 * Return: false when the slice ended within the object; the edges met until
 * then are in scan->edges.
 */
static bool count_edges(struct rh_heap *heap, struct rh_scan *scan, u32 slot, u32 subject)
{
	const struct rh_cells *cells;
	u32 n;

	if (rh_kind_is_leaf(rh_kind(heap, slot)))
		return true;
	cells = rh_cells(heap, slot);
	n = rh_cells_used(heap, slot);
	while (scan->cell < n) {
		scan->edges += cells->cell[scan->cell++] == subject;
		if (scan->cell < n && rh_slice_over(heap))
			return false;
	}
	return true;
}

static u32 next_known(const struct rh_near *near, u32 slot, u32 end)
{
	u32 i;

	for (i = 0; i < near->known_count; i++)
		if (near->known[i] >= slot)
			return near->known[i];
	return end;
}

/* As rh_referrers_next(), of what is asked in this stage. */
static enum rh_progress next_referrer(struct rh_heap *heap, struct rh_scan *scan, u32 subject)
{
	const struct rh_near *near = &scan->near;
	u32 end = rh_table_end(heap), slot;

	for (;; scan->cursor++) {
		slot = min(scan->cursor, end);
		slot = near->stage == RH_NEAR_KNOWN ? next_known(near, slot, end) :
						      next_near(heap, near, subject, slot);
		scan->cursor = slot;
		if (slot >= end)
			return RH_DONE;
		if (rh_slice_over(heap))
			return RH_MORE;
		/* The object that the walk stopped within may have died since. */
		if (scan->at != rh_id(heap, slot)) {
			scan->at = rh_id(heap, slot);
			scan->cell = 0;
			scan->edges = 0;
		}
		if (!rh_is_visible(heap, slot))
			continue;
		if (!count_edges(heap, scan, slot, subject))
			return RH_MORE;
		if (scan->edges)
			return RH_DONE;
	}
}

static enum rh_progress check(struct rh_heap *heap, struct rh_scan *scan, u32 subject)
{
	struct rh_near *near = &scan->near;

	for (; near->stage == RH_NEAR_CHECK; scan->cursor++) {
		if (next_referrer(heap, scan, subject) == RH_MORE)
			return RH_MORE;
		if (scan->cursor >= rh_table_end(heap) || near->known_count == RH_NEAR_FEW) {
			near->left = U64_MAX;
			near->stage = RH_NEAR_SEARCH;
			break;
		}
		near->known[near->known_count++] = scan->cursor;
		near->left -= min_t(u64, near->left, scan->edges);
		if (!near->left)
			near->stage = RH_NEAR_KNOWN;
	}
	walk_from(scan, 0);
	return RH_DONE;
}

enum rh_progress rh_referrers_next(struct rh_heap *heap, struct rh_scan *scan, u32 subject)
{
	struct rh_near *near = &scan->near;

	if (near->stage == RH_NEAR_BEGIN)
		begin(heap, near, subject);
	look_for_changes(heap, scan);
	if (search(heap, near, subject) == RH_MORE ||
	    (near->stage == RH_NEAR_CHECK && check(heap, scan, subject) == RH_MORE) ||
	    search(heap, near, subject) == RH_MORE)
		return RH_MORE;
	return next_referrer(heap, scan, subject);
}
