/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine needs from outside: memory, time, and somebody to tell.
 *
 * The engine knows no task, user pointer, file or lock of its own. Whoever
 * makes a heap passes this table and a context, and serialises all calls on
 * that heap with one lock, the heap lock. The callbacks are called with it
 * held.
 */
#ifndef REFHEAP_ENGINE_HOST_H
#define REFHEAP_ENGINE_HOST_H

#include <linux/types.h>

/* Beside REFHEAP_EVENT_GC_START, GC_STOP and LIMIT; see rh_heap_watch(). */
#define RH_NOTICE_BIRTH		0x10000U
#define RH_NOTICE_DEATH		0x20000U
#define RH_NOTICE_CALLBACK	0x40000U	/* a callback is to be run */
#define RH_NOTICE_FINALIZE	0x80000U	/* a finalizer is to be run */
#define RH_NOTICE_SKIPPED	0x100000U	/* nobody is there to run one */

/**
 * struct rh_notice - something that happened, for whoever watches the heap
 * @event: REFHEAP_EVENT_* or RH_NOTICE_*
 * @generation: of the collection
 * @collected: GC_STOP: objects freed
 * @uncollectable: GC_STOP: objects that could not be
 * @value: GC_STOP: longest hold of the heap lock in ns; LIMIT: bytes in use
 * @object: RH_NOTICE_*: id; of CALLBACK, of the weak reference
 * @kind: of that object
 * @type: likewise
 */
struct rh_notice {
	u32 event;
	u32 generation;
	u64 collected;
	u64 uncollectable;
	u64 value;
	u64 object;
	u32 kind;
	u32 type;
};

/**
 * struct rh_host - operations that the owner of a heap provides
 * @alloc: zeroed memory for tables, any size; may sleep. With @owner it is for what a
 *         holder made with that holds, else for the heap. Return: memory or an
 *         ERR_PTR (ENOMEM, EDQUOT).
 * @free: give it back; @owner and @bytes as it was allocated
 * @alloc_pages: zeroed memory of whole pages for arenas, contiguous for the
 *         kernel, that can be mapped page by page; may sleep. Return: memory or an ERR_PTR.
 * @free_pages: give it back
 * @now: monotonic time in ns
 * @coarse: likewise, but cheap and only right to a few milliseconds
 * @unmap: the payload of the object in @slot goes away: when this returns, no
 *         mapping shows it any more
 * @relax: let others run on this processor; for work that keeps the lock
 * @notify: tell watchers; must not fail and not call back into the engine
 * @wake: a holder, made with @owner, has an event to read now and had none before;
 *         likewise
 * @assert_locked: complain when the heap lock is not held
 */
struct rh_host {
	void *(*alloc)(void *ctx, void *owner, size_t bytes);
	void (*free)(void *ctx, void *owner, void *mem, size_t bytes);
	void *(*alloc_pages)(void *ctx, size_t bytes);
	void (*free_pages)(void *ctx, void *mem, size_t bytes);
	u64 (*now)(void *ctx);
	u64 (*coarse)(void *ctx);
	void (*unmap)(void *ctx, u32 slot);
	void (*relax)(void *ctx);
	void (*notify)(void *ctx, const struct rh_notice *notice);
	void (*wake)(void *ctx, void *owner);
	void (*assert_locked)(void *ctx);
};

#endif
