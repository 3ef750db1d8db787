/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Birth and death of objects, and whether the collector looks at them.
 */
#ifndef REFHEAP_ENGINE_OBJECT_H
#define REFHEAP_ENGINE_OBJECT_H

#include <linux/errno.h>
#include "barrier.h"

/**
 * rh_object_prepare - do what can fail of a birth
 * @heap: heap
 * @kind: kind
 * @bytes: of the block, may be 0
 * @block: out: the block
 *
 * The caller either calls rh_object_publish() or frees the block.
 *
 * Return: 0, -EDQUOT (limit of the heap or its host), -ENOMEM.
 */
int rh_object_prepare(struct rh_heap *heap, u32 kind, size_t bytes, u32 *block);

/**
 * rh_object_publish - do the rest of it
 * @heap: heap
 * @kind: kind
 * @type: type of an instance, else 0
 * @block: from rh_object_prepare(), filled by the caller
 * @length: of a leaf: bytes of payload
 *
 * Return: the slot of the object, with one reference, which is the caller's.
 */
u32 rh_object_publish(struct rh_heap *heap, u32 kind, u32 type, u32 block, u32 length);

/*
 * Replaces the block of a container or bytearray that grows or shrinks; the
 * old one is freed. @bytes and @old_bytes as they were asked for.
 */
void rh_object_reblock(struct rh_heap *heap, u32 slot, u32 block, size_t bytes,
		       size_t old_bytes);

/* Whether the limits allow @bytes more in blocks. Return: 0 or -EDQUOT. */
static inline int rh_object_may_grow(const struct rh_heap *heap, size_t bytes)
{
	return heap->max_bytes && heap->used_bytes + bytes > heap->max_bytes ? -EDQUOT : 0;
}

/* Bytes that the object itself takes: metadata and block. */
size_t rh_object_sizeof(const struct rh_heap *heap, u32 slot);

/* What CPython calls _PyObject_GC_MAY_BE_TRACKED. */
bool rh_object_may_be_tracked(const struct rh_heap *heap, u32 slot);

void rh_object_track(struct rh_heap *heap, u32 slot);
void rh_object_untrack(struct rh_heap *heap, u32 slot);

/*
 * Puts an object that has come back at the end of its life among the youngest,
 * as CPython's subtype_dealloc() does, unless a collection has yet to come to it.
 */
void rh_object_rejuvenate(struct rh_heap *heap, u32 slot);

/* Moves a tracked object to another generation. */
void rh_object_set_generation(struct rh_heap *heap, u32 slot, u32 generation);

/* Frees block and slot of an object that has no edges any more. */
void rh_object_finish(struct rh_heap *heap, u32 slot);

/* Books @bytes more, or less, of what an object has beside its head. */
void rh_object_account(struct rh_heap *heap, u32 slot, s64 bytes);

/* Books the end of @n tracked objects with that meta and so many bytes in all. */
void rh_object_account_freed(struct rh_heap *heap, u32 meta, u64 n, u64 bytes);

/*
 * Takes all edges out of a container at once: they go to an object that is
 * dead already and releases them in slices. Return: 0 or an errno.
 */
int rh_object_clear(struct rh_heap *heap, u32 slot);

/*
 * Does a slice of the deaths that are pending, or of those above @floor on the
 * death list: what has died since that was its top.
 */
enum rh_progress rh_reap_above(struct rh_heap *heap, u32 floor);

static inline enum rh_progress rh_reap_step(struct rh_heap *heap)
{
	return rh_reap_above(heap, 0);
}

/* Makes sure that no mapping shows the payload, which is about to move or go. */
void rh_object_unmap(struct rh_heap *heap, u32 slot);

/* Whether it is a map inside: dict, set, dict-backed instance. */
bool rh_object_is_map(const struct rh_heap *heap, u32 slot);

#endif
