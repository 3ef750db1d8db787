// SPDX-License-Identifier: GPL-2.0
/*
 * Holders: how many references to which slot somebody owns. Counts are kept by
 * slot, in leaves of one page that come and go, so that nothing is ever
 * rehashed and release is a walk. Which of them are a frame's is known beside
 * (frame.c).
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>
#include "finalize.h"
#include "frame.h"
#include "holder.h"
#include "post.h"
#include "table.h"

struct rh_holder *rh_holder_new(struct rh_heap *heap, u32 number, void *owner)
{
	struct rh_holder *holder = rh_alloc_for(heap, owner, sizeof(*holder));

	if (IS_ERR(holder))
		return holder;
	holder->post = rh_post_new(heap, holder);
	if (IS_ERR(holder->post)) {
		void *err = holder->post;

		rh_free_for(heap, owner, holder, sizeof(*holder));
		return err;
	}
	holder->heap = heap;
	holder->number = number;
	holder->owner = owner;
	holder->next = heap->holders;
	holder->prev = &heap->holders;
	if (holder->next)
		holder->next->prev = &holder->next;
	heap->holders = holder;
	return holder;
}

#define LEAF_BYTES	(RH_LEAF_SLOTS * sizeof(struct rh_hold_word))

static int directory_grow(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	u32 capacity = holder->capacity ?: 8;
	struct rh_leaf *leaf;

	while (capacity <= index)
		capacity *= 2;
	leaf = rh_alloc_for(heap, holder->owner, capacity * sizeof(*leaf));
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	if (holder->capacity) {
		memcpy(leaf, holder->leaf, holder->capacity * sizeof(*leaf));
		rh_free_for(heap, holder->owner, holder->leaf,
			    holder->capacity * sizeof(*leaf));
	}
	holder->leaf = leaf;
	holder->capacity = capacity;
	return 0;
}

static int prepare_leaf(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	u32 index = slot >> RH_LEAF_SHIFT;
	struct rh_hold_word *hold;
	int err;

	if (index >= holder->capacity) {
		err = directory_grow(heap, holder, index);
		if (err)
			return err;
	}
	if (holder->leaf[index].hold)
		return 0;
	hold = rh_alloc_for(heap, holder->owner, LEAF_BYTES);
	if (IS_ERR(hold))
		return PTR_ERR(hold);
	holder->leaf[index].hold = hold;
	return 0;
}

int rh_holder_prepare_slow(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	int err = prepare_leaf(heap, holder, slot);

	return err || !holder->top ? err : rh_frame_prepare(heap, holder, slot);
}

static struct rh_hold_word *hold_of(const struct rh_holder *holder, u32 slot)
{
	return &rh_holder_leaf(holder, slot)->hold[slot & (RH_LEAF_SLOTS - 1)];
}

u32 rh_holder_now(const struct rh_heap *heap)
{
	return (heap->host->coarse(heap->ctx) - heap->born_ns) / RH_SINCE_NS;
}

void rh_holder_book(struct rh_holder *holder, u32 slot)
{
	struct rh_hold_word *hold = hold_of(holder, slot);

	if (!hold->count++) {
		rh_holder_leaf(holder, slot)->n++;
		hold->since = rh_holder_now(holder->heap);
	}
	holder->held++;
}

void rh_holder_add(struct rh_holder *holder, u32 slot)
{
	rh_holder_book(holder, slot);
	if (holder->top)
		rh_frame_add(holder, slot);
}

void rh_holder_add_now(struct rh_holder *holder, u32 slot, u32 now)
{
	struct rh_hold_word *hold = hold_of(holder, slot);

	if (!hold->count++) {
		rh_holder_leaf(holder, slot)->n++;
		hold->since = now;
	}
	holder->held++;
	if (holder->top)
		rh_frame_add(holder, slot);
}

u32 rh_holder_slot_count(const struct rh_holder *holder, u32 slot)
{
	u32 index = slot >> RH_LEAF_SHIFT;

	if (index >= holder->capacity || !holder->leaf[index].hold)
		return 0;
	return hold_of(holder, slot)->count;
}

bool rh_holder_hold(const struct rh_heap *heap, const struct rh_holder *holder, u64 id,
		    struct rh_hold *hold)
{
	int err;
	u32 slot = rh_lookup(heap, id, &err);

	hold->count = slot ? rh_holder_slot_count(holder, slot) : 0;
	if (!hold->count)
		return false;
	hold->frame = rh_frame_of(holder, slot);
	hold->since_ns = heap->born_ns + hold_of(holder, slot)->since * RH_SINCE_NS;
	return true;
}

int rh_holder_take(struct rh_heap *heap, struct rh_holder *holder, u64 id)
{
	int err;
	u32 slot;

	rh_assert_locked(heap);
	heap->actor = holder->number;
	heap->site = 0;
	slot = rh_lookup(heap, id, &err);
	if (!slot)
		return err;
	err = rh_holder_prepare(heap, holder, slot);
	if (err)
		return err;
	if (!rh_can_take(heap, slot, 1))
		return -EOVERFLOW;
	rh_take(heap, slot);
	rh_holder_add(holder, slot);
	return 0;
}

static void leaf_free(struct rh_heap *heap, struct rh_holder *holder, struct rh_leaf *leaf)
{
	if (leaf->shares)
		rh_free_for(heap, holder->owner, leaf->shares,
			    RH_LEAF_SLOTS * sizeof(*leaf->shares));
	rh_free_for(heap, holder->owner, leaf->hold, LEAF_BYTES);
	leaf->shares = NULL;
	leaf->hold = NULL;
}

static bool leaf_is_spare(const struct rh_leaf *leaf)
{
	return leaf->hold && !leaf->n && !leaf->pins;
}

/* One empty leaf stays, for those who take and drop the same object in a loop. */
static void leaf_empty(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	struct rh_leaf *spare = holder->spare ? &holder->leaf[holder->spare - 1] : NULL;

	if (spare && spare != &holder->leaf[index] && leaf_is_spare(spare))
		leaf_free(heap, holder, spare);
	holder->spare = index + 1;
}

int rh_holder_pin(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	int err = prepare_leaf(heap, holder, slot);

	if (!err)
		rh_holder_leaf(holder, slot)->pins++;
	return err;
}

void rh_holder_unpin(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	struct rh_leaf *leaf = rh_holder_leaf(holder, slot);

	if (!--leaf->pins && !leaf->n)
		leaf_empty(heap, holder, slot >> RH_LEAF_SHIFT);
}

void rh_holder_less(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	struct rh_leaf *leaf = rh_holder_leaf(holder, slot);

	holder->held--;
	if (--hold_of(holder, slot)->count)
		return;
	if (!--leaf->n && !leaf->pins)
		leaf_empty(heap, holder, slot >> RH_LEAF_SHIFT);
	/* Whoever has nothing of an object any more cannot be finalizing it. */
	if (unlikely(rh_head(heap, slot)->meta & RH_META_EXTRA))
		rh_finalizer_end(heap, holder, slot);
}

void rh_holder_del(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	if (unlikely(rh_holder_leaf(holder, slot)->shares))
		rh_frame_del(heap, holder, slot);
	rh_holder_less(heap, holder, slot);
}

u64 rh_holder_held(const struct rh_holder *holder)
{
	return holder->held;
}

/* Return: false when the slice ended before the leaf was empty. */
static bool release_leaf(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	struct rh_leaf *leaf = &holder->leaf[index];
	u32 i = 0, slot;

	while (leaf->n) {
		if (!leaf->hold[i].count) {
			i++;
			continue;
		}
		if (rh_slice_over(heap))
			return false;
		slot = (index << RH_LEAF_SHIFT) + i;
		rh_holder_del(heap, holder, slot);
		rh_release(heap, slot);
		/* What dies is reaped at once, lest the dead pile up. */
		if (rh_reap_step(heap) != RH_DONE)
			return false;
	}
	return true;
}

/* What a holder has beside its references. Return: RH_DONE when that is gone. */
static enum rh_progress leave(struct rh_heap *heap, struct rh_holder *holder)
{
	rh_adopt(heap, holder, false);
	if (rh_post_close_step(heap, holder->post) != RH_DONE)
		return RH_MORE;
	while (holder->top || holder->closing) {
		if (!holder->closing)
			rh_frame_pop(heap, holder);
		if (rh_frames_close_step(heap) != RH_DONE || rh_slice_over(heap))
			return RH_MORE;
	}
	return RH_DONE;
}

enum rh_progress rh_holder_release_step(struct rh_heap *heap, struct rh_holder *holder)
{
	rh_assert_locked(heap);
	heap->actor = holder->number;
	heap->site = 0;
	rh_slice_begin(heap);
	if (rh_reap_step(heap) != RH_DONE || leave(heap, holder) != RH_DONE)
		return RH_MORE;
	for (; holder->cursor < holder->capacity; holder->cursor++) {
		u32 index = holder->cursor;

		if (!holder->leaf[index].hold) {
			if (rh_slice_over(heap))
				return RH_MORE;
			continue;
		}
		if (!release_leaf(heap, holder, index))
			return RH_MORE;
		leaf_free(heap, holder, &holder->leaf[index]);
	}
	return RH_DONE;
}

void rh_holder_free(struct rh_heap *heap, struct rh_holder *holder)
{
	rh_assert_locked(heap);
	if (heap->gc.requester == holder)
		heap->gc.requester = NULL;
	if (heap->gc.again_requester == holder)
		heap->gc.again_requester = NULL;
	rh_post_put(heap, holder->post);
	*holder->prev = holder->next;
	if (holder->next)
		holder->next->prev = holder->prev;
	if (holder->capacity)
		rh_free_for(heap, holder->owner, holder->leaf,
			    holder->capacity * sizeof(*holder->leaf));
	rh_free_for(heap, holder->owner, holder, sizeof(*holder));
}
