// SPDX-License-Identifier: GPL-2.0
/*
 * Making and destroying a heap.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "arena.h"
#include "collect.h"
#include "intern.h"
#include "map.h"
#include "history.h"
#include "object.h"
#include "post.h"
#include "table.h"
#include "trace.h"
#include "type.h"
#include "weakref.h"

void rh_params_init(struct rh_params *params)
{
	*params = (struct rh_params){
		.slice_ns = 100 * 1000,
		.arena_bytes = 1 << 20,
		.max_count = 0x3fffffff,
		.max_tag = 0xffffffff,
		.max_slots = RH_SLOT_LIMIT,
		.max_cells = 1 << 22,
		.max_payload = 1 << 26,
	};
}

void *rh_alloc_for(struct rh_heap *heap, void *owner, size_t bytes)
{
	void *mem = heap->host->alloc(heap->ctx, owner, bytes);

	if (!IS_ERR(mem))
		heap->reserved += bytes;
	return mem;
}

void rh_free_for(struct rh_heap *heap, void *owner, void *mem, size_t bytes)
{
	heap->host->free(heap->ctx, owner, mem, bytes);
	heap->reserved -= bytes;
}

void *rh_alloc(struct rh_heap *heap, size_t bytes)
{
	return rh_alloc_for(heap, NULL, bytes);
}

void rh_free(struct rh_heap *heap, void *mem, size_t bytes)
{
	rh_free_for(heap, NULL, mem, bytes);
}

void *rh_alloc_pages(struct rh_heap *heap, size_t bytes)
{
	void *mem = heap->host->alloc_pages(heap->ctx, bytes);

	if (!IS_ERR(mem))
		heap->reserved += bytes;
	return mem;
}

void rh_free_pages(struct rh_heap *heap, void *mem, size_t bytes)
{
	heap->host->free_pages(heap->ctx, mem, bytes);
	heap->reserved -= bytes;
}

void *rh_liveness_state(const struct rh_heap *heap)
{
	return heap->state;
}

static void free_parts(struct rh_heap *heap)
{
	rh_type_exit(heap);
	rh_intern_exit(heap);
	rh_arena_exit(heap);
	rh_table_exit(heap);
	if (heap->state)
		rh_free_pages(heap, heap->state, RH_PAGE_BYTES);
	heap->host->free(heap->ctx, NULL, heap, sizeof(*heap));
}

/* The root namespace is in the permanent generation: nothing frees it. */
static int make_root(struct rh_heap *heap)
{
	u32 block, slot;
	int err;

	err = rh_object_prepare(heap, REFHEAP_KIND_DICT, 0, &block);
	if (err)
		return err;
	slot = rh_object_publish(heap, REFHEAP_KIND_DICT, 0, block, 0);
	if (WARN_ON(slot != RH_ROOT_SLOT))
		return -EINVAL;
	rh_head(heap, slot)->meta |= RH_META_IMMORTAL;
	return 0;
}

struct rh_heap *rh_heap_new(const struct rh_host *host, void *ctx,
			    const struct rh_params *params)
{
	static const u32 thresholds[] = { 700, 10, 10 };
	struct rh_heap *heap;
	unsigned int i;
	int err;

	heap = host->alloc(ctx, NULL, sizeof(*heap));
	if (IS_ERR(heap))
		return heap;
	heap->host = host;
	heap->ctx = ctx;
	heap->params = *params;
	heap->key.key[0] = params->hash_key[0];
	heap->key.key[1] = params->hash_key[1];
	heap->gc.enabled = true;
	for (i = 0; i < RH_GENERATIONS; i++)
		heap->generation[i].threshold = thresholds[i];
	heap->born_ns = host->coarse(ctx);
	rh_arena_init(heap);
	heap->state = rh_alloc_pages(heap, RH_PAGE_BYTES);
	if (IS_ERR(heap->state)) {
		err = PTR_ERR(heap->state);
		heap->state = NULL;
	} else {
		err = make_root(heap);
	}
	if (err) {
		free_parts(heap);
		return ERR_PTR(err);
	}
	return heap;
}

/* Gives up what an object has that is in no arena. */
static void discard(struct rh_heap *heap, u32 slot)
{
	struct rh_extra *extra;

	if (!rh_kind(heap, slot))
		return;
	rh_object_unmap(heap, slot);
	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF && *rh_block_of(heap, slot) &&
	    rh_weak(heap, slot)->post)
		rh_post_put(heap, rh_weak(heap, slot)->post);
	extra = rh_extra(heap, slot);
	if (extra && extra->post)
		rh_post_put(heap, extra->post);
	if (extra) {
		extra->post = NULL;
		extra->weakrefs = 0;
		rh_history_attach(heap, slot, NULL);
	}
}

/*
 * Nobody can reach the heap any more: objects need no death of their own, only
 * their memory must go, and mappings must have gone. Arenas are freed one by
 * one.
 */
enum rh_progress rh_heap_destroy_step(struct rh_heap *heap)
{
	WARN_ON_ONCE(heap->holders);
	rh_slice_begin(heap);
	rh_trace_stop(heap);
	if (rh_trace_end_step(heap) != RH_DONE)
		return RH_MORE;
	while (heap->destroy_cursor < rh_table_end(heap)) {
		u32 slot = rh_used_next(heap, heap->destroy_cursor);

		heap->destroy_cursor = slot + 1;
		if (slot < rh_table_end(heap))
			discard(heap, slot);
		if (rh_slice_over(heap))
			return RH_MORE;
	}
	free_parts(heap);
	return RH_DONE;
}

void rh_heap_stat(const struct rh_heap *heap, struct rh_heap_stat *stat)
{
	stat->objects = heap->table.live;
	stat->bytes = heap->used_bytes;
	stat->reserved = heap->reserved;
	stat->births = heap->births;
	stat->deaths = heap->deaths;
	stat->names = rh_map_len(heap, RH_ROOT_SLOT);
	stat->max_objects = heap->max_objects;
	stat->max_bytes = heap->max_bytes;
	stat->changes = heap->changes;
}

void rh_heap_set_limits(struct rh_heap *heap, u64 max_bytes, u64 max_objects)
{
	heap->max_bytes = max_bytes;
	heap->max_objects = max_objects;
}
