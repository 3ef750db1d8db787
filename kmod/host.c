// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's operations. The context is the struct refheap.
 *
 * Memory is charged to the owner's limit and to the memory cgroup of whoever
 * is at work. It is asked for without calling the OOM killer: somebody who
 * fills a heap is to be refused, and not somebody else to be killed for it.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/ktime.h>
#include <linux/vmalloc.h>
#include "events.h"
#include "heap.h"
#include "host.h"
#include "limits.h"
#include "mapping.h"
#include "seat.h"
#include "trace.h"
#include "watch.h"

#define GFP_HEAP \
	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#define GFP_AT_HAND \
	((GFP_KERNEL_ACCOUNT & ~__GFP_DIRECT_RECLAIM) | __GFP_ZERO | __GFP_NOWARN)

/* Up to here contiguous memory is worth looking for. */
#define TABLE_BYTES_MAX	(4 * PAGE_SIZE)
#define EXACT_BYTES_MAX	((size_t)1 << 20)

/* What a session holds is charged to whoever attached it. */
static struct refheap_user *payer(const struct refheap *heap, const struct refheap_seat *owner)
{
	return owner ? owner->user : heap->user;
}

static void *host_alloc(void *ctx, void *owner, size_t bytes)
{
	struct refheap_user *user = payer(ctx, owner);
	void *mem;
	int ret;

	ret = refheap_user_charge(user, bytes);
	if (ret)
		return ERR_PTR(ret);
	mem = bytes <= TABLE_BYTES_MAX ? kmalloc(bytes, GFP_HEAP) :
					 __vmalloc(bytes, GFP_HEAP);
	if (!mem) {
		refheap_user_uncharge(user, bytes);
		return ERR_PTR(-ENOMEM);
	}
	return mem;
}

static void host_free(void *ctx, void *owner, void *mem, size_t bytes)
{
	kvfree(mem);
	refheap_user_uncharge(payer(ctx, owner), bytes);
}

static void *host_alloc_pages(void *ctx, size_t bytes)
{
	struct refheap *heap = ctx;
	void *mem = NULL;
	int ret;

	ret = refheap_user_charge(heap->user, bytes);
	if (ret)
		return ERR_PTR(ret);
	/*
	 * Contiguous memory saves page table lookups, but is not needed: not
	 * worth compacting memory for while others wait for the heap.
	 */
	if (bytes <= EXACT_BYTES_MAX)
		mem = alloc_pages_exact(bytes, GFP_AT_HAND);
	if (!mem)
		mem = __vmalloc(bytes, GFP_HEAP);
	if (!mem) {
		refheap_user_uncharge(heap->user, bytes);
		return ERR_PTR(-ENOMEM);
	}
	return mem;
}

static void host_free_pages(void *ctx, void *mem, size_t bytes)
{
	struct refheap *heap = ctx;

	if (is_vmalloc_addr(mem))
		vfree(mem);
	else
		free_pages_exact(mem, bytes);
	refheap_user_uncharge(heap->user, bytes);
}

static u64 host_now(void *ctx)
{
	return ktime_get_ns();
}

static u64 host_coarse(void *ctx)
{
	return ktime_get_coarse_ns();
}

static void host_unmap(void *ctx, u32 slot)
{
	refheap_unmap_slot(ctx, slot);
}

static void post_to_subscribers(struct refheap *heap,
				const struct rh_notice *notice)
{
	struct refheap_event event = {
		.type = notice->event,
		.generation = notice->generation,
		.collected = notice->collected,
		.uncollectable = notice->uncollectable,
		.value = notice->value,
	};
	struct refheap_events *events;

	refheap_assert_locked(heap);
	if (list_empty(&heap->subscribers))
		return;
	event.time_ns = ktime_get_ns();
	list_for_each_entry(events, &heap->subscribers, subscriber)
		heap->events_lost += refheap_events_post(events, &event);
}

static void book_collection(struct refheap *heap, const struct rh_notice *notice)
{
	static const u64 bounds[REFHEAP_HOLD_BUCKETS - 1] = REFHEAP_HOLD_BOUNDS;
	struct refheap_holds *holds = &heap->holds[notice->generation];
	u32 bucket = 0;

	refheap_assert_locked(heap);
	while (bucket < ARRAY_SIZE(bounds) && notice->value > bounds[bucket])
		bucket++;
	holds->count[bucket]++;
	holds->total_ns += notice->value;
	holds->longest_ns = max(holds->longest_ns, notice->value);
	holds->duration_ns += ktime_get_ns() - heap->collection_began;
}

/* Return: true when it was about an object. */
static bool notify_of_object(struct refheap *heap, const struct rh_notice *notice)
{
	enum refheap_ntf event;

	switch (notice->event) {
	case RH_NOTICE_BIRTH:
		trace_refheap_birth(heap->id, notice);
		event = REFHEAP_NTF_BIRTH;
		break;
	case RH_NOTICE_DEATH:
		trace_refheap_death(heap->id, notice);
		event = REFHEAP_NTF_DEATH;
		break;
	case RH_NOTICE_CALLBACK:
		trace_refheap_callback(heap->id, notice);
		event = REFHEAP_NTF_CALLBACK;
		break;
	case RH_NOTICE_FINALIZE:
		trace_refheap_finalize(heap->id, notice);
		event = REFHEAP_NTF_FINALIZE;
		break;
	case RH_NOTICE_SKIPPED:
		trace_refheap_skipped(heap->id, notice);
		event = REFHEAP_NTF_SKIPPED;
		break;
	default:
		return false;
	}
	refheap_record(heap, event, notice);
	return true;
}

static void host_notify(void *ctx, const struct rh_notice *notice)
{
	struct refheap *heap = ctx;

	if (notify_of_object(heap, notice))
		return;
	post_to_subscribers(heap, notice);
	switch (notice->event) {
	case REFHEAP_EVENT_GC_START:
		heap->collection_began = ktime_get_ns();
		trace_refheap_gc_start(heap->id, notice->generation);
		refheap_tell(heap, REFHEAP_NTF_GC_START, notice);
		break;
	case REFHEAP_EVENT_GC_STOP:
		book_collection(heap, notice);
		trace_refheap_gc_stop(heap->id, notice->generation,
				      notice->collected, notice->uncollectable,
				      notice->value);
		refheap_tell(heap, REFHEAP_NTF_GC_STOP, notice);
		break;
	default:
		heap->refusals++;
		trace_refheap_limit(heap->id, notice->value);
		refheap_tell(heap, REFHEAP_NTF_LIMIT, notice);
		break;
	}
}

static void host_relax(void *ctx)
{
	cond_resched();
}

/* Whom there is nobody left to tell has closed its file. */
static void host_wake(void *ctx, void *owner)
{
	struct refheap_seat *seat = owner;

	refheap_assert_locked(ctx);
	if (seat->events)
		refheap_events_wake(seat->events);
}

static void host_assert_locked(void *ctx)
{
	refheap_assert_locked(ctx);
}

const struct rh_host refheap_host = {
	.alloc = host_alloc,
	.free = host_free,
	.alloc_pages = host_alloc_pages,
	.free_pages = host_free_pages,
	.now = host_now,
	.coarse = host_coarse,
	.unmap = host_unmap,
	.relax = host_relax,
	.notify = host_notify,
	.wake = host_wake,
	.assert_locked = host_assert_locked,
};
