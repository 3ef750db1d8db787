// SPDX-License-Identifier: GPL-2.0
/*
 * Holders: how many references to which slot somebody owns. Counts are kept by
 * slot, in leaves of one page that come and go, so that nothing is ever
 * rehashed and release is a walk.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>
#include "barrier.h"
#include "holder.h"
#include "table.h"

struct rh_holder *rh_holder_new(struct rh_heap *heap, u32 number, void *owner)
{
	struct rh_holder *holder = rh_alloc(heap, sizeof(*holder));

	if (IS_ERR(holder))
		return holder;
	holder->number = number;
	holder->owner = owner;
	holder->next = heap->holders;
	holder->prev = &heap->holders;
	if (holder->next)
		holder->next->prev = &holder->next;
	heap->holders = holder;
	return holder;
}

#define LEAF_BYTES	(RH_LEAF_SLOTS * sizeof(u32))

static int directory_grow(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	u32 capacity = holder->capacity ?: 8;
	struct rh_leaf *leaf;

	while (capacity <= index)
		capacity *= 2;
	leaf = rh_alloc(heap, capacity * sizeof(*leaf));
	if (IS_ERR(leaf))
		return PTR_ERR(leaf);
	if (holder->capacity) {
		memcpy(leaf, holder->leaf, holder->capacity * sizeof(*leaf));
		rh_free(heap, holder->leaf, holder->capacity * sizeof(*leaf));
	}
	holder->leaf = leaf;
	holder->capacity = capacity;
	return 0;
}

int rh_holder_prepare(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	u32 index = slot >> RH_LEAF_SHIFT;
	u32 *count;
	int err;

	if (index >= holder->capacity) {
		err = directory_grow(heap, holder, index);
		if (err)
			return err;
	}
	if (holder->leaf[index].count)
		return 0;
	count = rh_alloc(heap, LEAF_BYTES);
	if (IS_ERR(count))
		return PTR_ERR(count);
	holder->leaf[index].count = count;
	return 0;
}

void rh_holder_add(struct rh_holder *holder, u32 slot)
{
	struct rh_leaf *leaf = &holder->leaf[slot >> RH_LEAF_SHIFT];

	if (!leaf->count[slot & (RH_LEAF_SLOTS - 1)]++)
		leaf->n++;
	holder->held++;
}

u32 rh_holder_slot_count(const struct rh_holder *holder, u32 slot)
{
	u32 index = slot >> RH_LEAF_SHIFT;

	if (index >= holder->capacity || !holder->leaf[index].count)
		return 0;
	return holder->leaf[index].count[slot & (RH_LEAF_SLOTS - 1)];
}

static void leaf_free(struct rh_heap *heap, struct rh_leaf *leaf)
{
	rh_free(heap, leaf->count, LEAF_BYTES);
	leaf->count = NULL;
}

/* One empty leaf stays, for those who take and drop the same object in a loop. */
static void leaf_empty(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	struct rh_leaf *spare = holder->spare ? &holder->leaf[holder->spare - 1] : NULL;

	if (spare && spare != &holder->leaf[index] && spare->count && !spare->n)
		leaf_free(heap, spare);
	holder->spare = index + 1;
}

void rh_holder_del(struct rh_heap *heap, struct rh_holder *holder, u32 slot)
{
	struct rh_leaf *leaf = &holder->leaf[slot >> RH_LEAF_SHIFT];

	holder->held--;
	if (--leaf->count[slot & (RH_LEAF_SLOTS - 1)])
		return;
	if (!--leaf->n)
		leaf_empty(heap, holder, slot >> RH_LEAF_SHIFT);
}

u64 rh_holder_held(const struct rh_holder *holder)
{
	return holder->held;
}

/* Return: false when the slice ended before the leaf was empty. */
static bool release_leaf(struct rh_heap *heap, struct rh_holder *holder, u32 index)
{
	struct rh_leaf *leaf = &holder->leaf[index];
	u32 i = 0;

	while (leaf->n) {
		if (!leaf->count[i]) {
			i++;
			continue;
		}
		if (rh_slice_over(heap))
			return false;
		rh_holder_del(heap, holder, (index << RH_LEAF_SHIFT) + i);
		rh_release(heap, (index << RH_LEAF_SHIFT) + i);
		/* What dies is reaped at once, lest the dead pile up. */
		if (rh_reap_step(heap) != RH_DONE)
			return false;
	}
	return true;
}

enum rh_progress rh_holder_release_step(struct rh_heap *heap, struct rh_holder *holder)
{
	rh_assert_locked(heap);
	rh_slice_begin(heap);
	if (rh_reap_step(heap) != RH_DONE)
		return RH_MORE;
	for (; holder->cursor < holder->capacity; holder->cursor++) {
		u32 index = holder->cursor;

		if (!holder->leaf[index].count) {
			if (rh_slice_over(heap))
				return RH_MORE;
			continue;
		}
		if (!release_leaf(heap, holder, index))
			return RH_MORE;
		leaf_free(heap, &holder->leaf[index]);
	}
	return RH_DONE;
}

void rh_holder_free(struct rh_heap *heap, struct rh_holder *holder)
{
	rh_assert_locked(heap);
	if (heap->gc.requester == holder)
		heap->gc.requester = NULL;
	*holder->prev = holder->next;
	if (holder->next)
		holder->next->prev = holder->prev;
	if (holder->capacity)
		rh_free(heap, holder->leaf, holder->capacity * sizeof(*holder->leaf));
	rh_free(heap, holder, sizeof(*holder));
}
