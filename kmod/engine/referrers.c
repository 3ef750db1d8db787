// SPDX-License-Identifier: GPL-2.0
/*
 * What refers to an object is not written down anywhere. To ask each object
 * costs several places of memory for each; so the arenas of edges are searched
 * first, from one end to the other, for anything that looks like a reference to
 * the subject. It may be what a freed block had, or a hash: that is told apart
 * when the objects whose blocks are near it are asked. Of the others, no more
 * than the block's handle is looked at.
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
#include "referrers.h"
#include "table.h"

#define GROUP_SHIFT	10	/* of handles; as many units as a pool has */
#define CHUNK		64U	/* slots; their blocks have no gap in the directory */
#define FEW_CELLS	32
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

static void look_for_changes(struct rh_heap *heap, struct rh_near *near)
{
	if (near->stage == RH_NEAR_BEGIN) {
		near->stage = RH_NEAR_SEARCH;
		near->changes = heap->changes;
	} else if (near->changes != heap->changes) {
		near->stage = RH_NEAR_ALL;
	}
}

enum rh_progress rh_near_search(struct rh_heap *heap, struct rh_near *near, u32 subject)
{
	struct rh_stretch stretch;

	look_for_changes(heap, near);
	while (near->stage == RH_NEAR_SEARCH) {
		if (rh_slice_over(heap))
			return RH_MORE;
		if (!rh_arena_stretch(heap, REFHEAP_SPACE_REFS, &near->cursor, &stretch))
			near->stage = RH_NEAR_MARKED;
		else if (has_word(&stretch, subject))
			mark(near, &stretch);
		rh_slice_book_bytes(heap, RH_POOL_BYTES);
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

u32 rh_near_next(struct rh_heap *heap, const struct rh_near *near, u32 subject, u32 slot)
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
