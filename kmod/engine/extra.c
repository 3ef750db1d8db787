// SPDX-License-Identifier: GPL-2.0
/*
 * Few objects have more than a head and a block. What they have is in a block
 * of its own, found through an array beside the table that a segment gets with
 * its first one.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>
#include "extra.h"

int rh_extra_prepare(struct rh_heap *heap, u32 slot, u32 *block)
{
	u32 **array = &heap->table.extra[slot >> RH_SEGMENT_SHIFT];
	int err;

	*block = 0;
	if (rh_head(heap, slot)->meta & RH_META_EXTRA)
		return 0;
	err = rh_object_may_grow(heap, rh_block_charge(sizeof(struct rh_extra)));
	if (err)
		return err;
	if (!*array) {
		u32 *handles = rh_alloc(heap, RH_SEGMENT_SLOTS * sizeof(*handles));

		if (IS_ERR(handles))
			return PTR_ERR(handles);
		*array = handles;
	}
	return rh_block_alloc(heap, REFHEAP_SPACE_REFS, sizeof(struct rh_extra), block);
}

void rh_extra_cancel(struct rh_heap *heap, u32 block)
{
	if (block)
		rh_block_free(heap, REFHEAP_SPACE_REFS, block, sizeof(struct rh_extra));
}

struct rh_extra *rh_extra_attach(struct rh_heap *heap, u32 slot, u32 block)
{
	struct rh_extra *extra;

	if (!block)
		return rh_extra(heap, slot);
	extra = rh_block(heap, REFHEAP_SPACE_REFS, block);
	memset(extra, 0, sizeof(*extra));
	heap->table.extra[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK] = block;
	rh_head(heap, slot)->meta |= RH_META_EXTRA;
	rh_object_account(heap, slot, rh_block_charge(sizeof(*extra)));
	heap->extras++;
	return extra;
}

void rh_extra_tidy(struct rh_heap *heap, u32 slot)
{
	u32 *handle = &heap->table.extra[slot >> RH_SEGMENT_SHIFT][slot & RH_SEGMENT_MASK];
	struct rh_extra *extra = rh_extra(heap, slot);

	if (extra->weakrefs || extra->post || extra->history)
		return;
	rh_block_free(heap, REFHEAP_SPACE_REFS, *handle, sizeof(*extra));
	*handle = 0;
	rh_head(heap, slot)->meta &= ~RH_META_EXTRA;
	rh_object_account(heap, slot, -(s64)rh_block_charge(sizeof(*extra)));
	heap->extras--;
}
