// SPDX-License-Identifier: GPL-2.0
/*
 * A frame knows what it has of each object: a share. The shares of one object
 * are in a chain, innermost frame first, which begins at the leaf of the
 * holder; so taking, dropping and handing outwards cost the same at any depth.
 *
 * A frame that is popped leaves the stack at once. Its references are dropped
 * afterwards in slices, in the order in which they were taken.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include "frame.h"
#include "holder.h"

#define FIRST_SHARES	6
#define MORE_SHARES	126

struct shares {
	struct shares *next;
	u32 n;			/* in use or used up; those behind were never used */
	u32 capacity;
	struct rh_share share[];
};

struct rh_frame {
	struct rh_frame *outer;	/* or the next one to be closed */
	struct rh_holder *holder;
	u32 depth;
	u32 at;			/* closing: next share of the first piece */
	bool closing;
	struct shares *first, *last;
	struct rh_share *unused; /* linked by outer */
};

static size_t shares_bytes(u32 capacity)
{
	return sizeof(struct shares) + capacity * sizeof(struct rh_share);
}

static int add_shares(struct rh_heap *heap, struct rh_frame *frame, u32 capacity)
{
	struct shares *shares = rh_alloc_for(heap, frame->holder->owner, shares_bytes(capacity));

	if (IS_ERR(shares))
		return PTR_ERR(shares);
	shares->capacity = capacity;
	if (frame->last)
		frame->last->next = shares;
	else
		frame->first = shares;
	frame->last = shares;
	return 0;
}

int rh_frame_push(struct rh_heap *heap, struct rh_holder *holder)
{
	struct rh_frame *frame = rh_alloc_for(heap, holder->owner, sizeof(*frame));
	int err;

	if (IS_ERR(frame))
		return PTR_ERR(frame);
	frame->holder = holder;
	err = add_shares(heap, frame, FIRST_SHARES);
	if (err) {
		rh_free_for(heap, holder->owner, frame, sizeof(*frame));
		return err;
	}
	frame->outer = holder->top;
	frame->depth = ++holder->depth;
	holder->top = frame;
	return 0;
}

void rh_frame_pop(struct rh_heap *heap, struct rh_holder *holder)
{
	struct rh_frame *frame = holder->top;

	holder->top = frame->outer;
	holder->depth--;
	holder->closing++;
	frame->closing = true;
	frame->outer = heap->closing;
	heap->closing = frame;
}

u32 rh_holder_depth(const struct rh_holder *holder)
{
	return holder->depth;
}

static struct rh_shares *shares_of(const struct rh_holder *holder, u32 slot)
{
	return &rh_holder_leaf(holder, slot)->shares[slot & (RH_LEAF_SLOTS - 1)];
}

/* The first share that is not of a frame being closed. */
static struct rh_share *innermost(const struct rh_holder *holder, u32 slot)
{
	struct rh_share *share;

	if (!rh_holder_leaf(holder, slot)->shares)
		return NULL;
	share = shares_of(holder, slot)->first;
	while (share && share->frame->closing)
		share = share->outer;
	return share;
}

static bool has_room(const struct rh_frame *frame)
{
	return frame->unused || frame->last->n < frame->last->capacity;
}

int rh_frame_prepare(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	struct rh_leaf *leaf = rh_holder_leaf(holder, slot);

	if (!leaf->shares) {
		struct rh_shares *all = rh_alloc_for(heap, holder->owner,
						     RH_LEAF_SLOTS * sizeof(*all));

		if (IS_ERR(all))
			return PTR_ERR(all);
		leaf->shares = all;
	}
	return has_room(holder->top) ? 0 : add_shares(heap, holder->top, MORE_SHARES);
}

static struct rh_share *new_share(struct rh_frame *frame, u32 slot)
{
	struct rh_share *share = frame->unused;

	if (share)
		frame->unused = share->outer;
	else
		share = &frame->last->share[frame->last->n++];
	*share = (struct rh_share){ .slot = slot, .frame = frame };
	return share;
}

/* Puts a share into its chain in front of @outer, behind @inner. */
static void link(struct rh_holder *holder, struct rh_share *share, struct rh_share *inner,
		 struct rh_share *outer)
{
	share->inner = inner;
	share->outer = outer;
	if (inner)
		inner->outer = share;
	else
		shares_of(holder, share->slot)->first = share;
	if (outer)
		outer->inner = share;
}

/* One reference less in a share, which is given up with the last. */
static void share_less(struct rh_holder *holder, struct rh_share *share)
{
	shares_of(holder, share->slot)->count--;
	if (--share->count)
		return;
	if (share->inner)
		share->inner->outer = share->outer;
	else
		shares_of(holder, share->slot)->first = share->outer;
	if (share->outer)
		share->outer->inner = share->inner;
	share->outer = share->frame->unused;
	share->frame->unused = share;
}

void rh_frame_add(struct rh_holder *holder, u32 slot)
{
	struct rh_share *share = innermost(holder, slot);

	if (!share || share->frame != holder->top) {
		share = new_share(holder->top, slot);
		link(holder, share, NULL, shares_of(holder, slot)->first);
	}
	share->count++;
	shares_of(holder, slot)->count++;
}

void rh_frame_del(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	struct rh_share *share = innermost(holder, slot) ?: shares_of(holder, slot)->first;

	if (share)
		share_less(holder, share);
}

int rh_frame_hand_out(struct rh_heap *heap, struct rh_holder *holder, u32 slot, bool all)
{
	struct rh_frame *outer;
	struct rh_share *share, *next;
	int err;

	if (!rh_holder_slot_count(holder, slot))
		return -ENOTUNIQ;
	if (!holder->top)
		return all ? 0 : -ENOTUNIQ;
	share = innermost(holder, slot);
	if (!share || share->frame != holder->top)
		return -ENOTUNIQ;
	outer = all ? NULL : holder->top->outer;
	next = share->outer;
	if (outer && (!next || next->frame != outer)) {
		err = has_room(outer) ? 0 : add_shares(heap, outer, MORE_SHARES);
		if (err)
			return err;
		next = new_share(outer, slot);
		link(holder, next, share, share->outer);
	}
	if (outer) {
		next->count++;
		shares_of(holder, slot)->count++;
	}
	share_less(holder, share);
	return 0;
}

u32 rh_frame_of(const struct rh_holder *holder, u32 slot)
{
	const struct rh_share *share = innermost(holder, slot);

	return share ? share->frame->depth : 0;
}

/* Drops what one share has. Return: false when the slice ended. */
static bool close_share(struct rh_heap *heap, struct rh_share *share)
{
	struct rh_holder *holder = share->frame->holder;
	u32 slot = share->slot, actor = heap->actor, site = heap->site;

	while (share->count) {
		if (rh_slice_over(heap))
			return false;
		share_less(holder, share);
		rh_holder_less(heap, holder, slot);
		/* Whoever is at work does it for the frame's session. */
		heap->actor = holder->number;
		heap->site = 0;
		rh_release(heap, slot);
		heap->actor = actor;
		heap->site = site;
		if (rh_reap_step(heap) != RH_DONE)
			return false;
	}
	return true;
}

/* Return: false when the slice ended before the frame was empty. */
static bool close_frame(struct rh_heap *heap, struct rh_frame *frame)
{
	struct shares *shares;

	while ((shares = frame->first)) {
		for (; frame->at < shares->n; frame->at++)
			if (!close_share(heap, &shares->share[frame->at]))
				return false;
		frame->first = shares->next;
		frame->at = 0;
		rh_slice_book(heap, shares->n);
		rh_free_for(heap, frame->holder->owner, shares, shares_bytes(shares->capacity));
		if (frame->first && rh_slice_over(heap))
			return false;
	}
	return true;
}

enum rh_progress rh_frames_close_step(struct rh_heap *heap)
{
	struct rh_frame *frame;

	while ((frame = heap->closing)) {
		if (!close_frame(heap, frame))
			return RH_MORE;
		heap->closing = frame->outer;
		frame->holder->closing--;
		rh_free_for(heap, frame->holder->owner, frame, sizeof(*frame));
		if (heap->closing && rh_slice_over(heap))
			return RH_MORE;
	}
	return RH_DONE;
}

u32 rh_frameless_count(const struct rh_holder *holder, u32 slot)
{
	u32 count = rh_holder_slot_count(holder, slot);

	if (!count || !rh_holder_leaf(holder, slot)->shares)
		return count;
	return count - shares_of(holder, slot)->count;
}

bool rh_frames_verify(const struct rh_holder *holder, u32 slot)
{
	const struct rh_share *share;
	u64 sum = 0;

	if (!rh_holder_leaf(holder, slot)->shares)
		return true;
	for (share = shares_of(holder, slot)->first; share; share = share->outer) {
		if (share->slot != slot || !share->count ||
		    (share->outer && share->outer->inner != share))
			return false;
		sum += share->count;
	}
	return sum == shares_of(holder, slot)->count && sum <= rh_holder_slot_count(holder, slot);
}
