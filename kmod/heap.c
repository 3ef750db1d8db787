// SPDX-License-Identifier: GPL-2.0
/*
 * Birth and end of a heap; what happens between is the registry's, the
 * sessions' and the worker's.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "heap.h"
#include "inode.h"
#include "limits.h"

static uint slice_us;
module_param(slice_us, uint, 0644);
MODULE_PARM_DESC(slice_us,
		 "microseconds that a heap is held in one go, for heaps made from now on (0: the engine's choice)");

static uint max_count;
module_param(max_count, uint, 0644);
MODULE_PARM_DESC(max_count,
		 "references to one object at most, for heaps made from now on (0: the engine's choice)");

static int make_engine(struct refheap *heap, const struct refheap_options *options,
		       const struct rh_host *host)
{
	uint slice = READ_ONCE(slice_us), count = READ_ONCE(max_count);
	struct rh_params params;
	struct rh_heap *engine;

	rh_params_init(&params);
	if (slice)
		params.slice_ns = (u64)slice * NSEC_PER_USEC;
	if (count)
		params.max_count = min(count, params.max_count);
	get_random_bytes(params.hash_key, sizeof(params.hash_key));

	refheap_lock(heap);
	engine = rh_heap_new(host, heap, &params);
	if (!IS_ERR(engine)) {
		rh_heap_set_limits(engine, options->max_bytes, options->max_objects);
		heap->engine = engine;
	}
	refheap_unlock(heap);
	return PTR_ERR_OR_ZERO(engine);
}

/**
 * refheap_new - make a heap that nobody knows yet
 * @options: how it shall be
 * @host: what the engine gets from outside, with the heap as its context
 * @work: runs on @refheap.work
 * @tick: runs on @refheap.tick
 *
 * Context: may sleep; the caller does not hold the registry lock.
 * Return: the heap with one reference, or ERR_PTR: -ENOMEM, -EDQUOT.
 */
struct refheap *refheap_new(const struct refheap_options *options,
			    const struct rh_host *host, work_func_t work,
			    work_func_t tick)
{
	struct refheap *heap;
	int ret;

	heap = kzalloc(sizeof(*heap), GFP_KERNEL_ACCOUNT);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	kref_init(&heap->ref);
	mutex_init(&heap->lock);
	init_waitqueue_head(&heap->turned);
	xa_init_flags(&heap->seats, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&heap->subscribers);
	INIT_LIST_HEAD(&heap->leaving);
	INIT_WORK(&heap->work, work);
	INIT_DELAYED_WORK(&heap->tick, tick);
	strscpy(heap->name, options->name, sizeof(heap->name));
	heap->owner = options->owner;
	heap->group = options->group;
	heap->mode = options->mode;
	heap->pressed_at = jiffies;
	heap->period_generation = RH_GENERATIONS - 1;

	heap->user = refheap_user_get(heap->owner);
	if (IS_ERR(heap->user)) {
		ret = PTR_ERR(heap->user);
		goto err_free_heap;
	}
	ret = refheap_user_add_heap(heap->user);
	if (ret)
		goto err_put_user;
	heap->inode = refheap_inode_new();
	if (IS_ERR(heap->inode)) {
		ret = PTR_ERR(heap->inode);
		goto err_remove_heap;
	}
	ret = make_engine(heap, options, host);
	if (ret)
		goto err_put_inode;
	return heap;

err_put_inode:
	iput(heap->inode);
err_remove_heap:
	refheap_user_remove_heap(heap->user);
err_put_user:
	refheap_user_put(heap->user);
err_free_heap:
	kfree(heap);
	return ERR_PTR(ret);
}

static void free_heap(struct kref *ref)
{
	struct refheap *heap = container_of(ref, struct refheap, ref);

	WARN_ON_ONCE(heap->engine);
	kfree(heap->records);
	xa_destroy(&heap->seats);
	iput(heap->inode);
	refheap_user_put(heap->user);
	kfree(heap);
}

/**
 * refheap_put - give a reference back
 * @heap: the heap
 *
 * Context: may sleep; no lock of the module is held.
 */
void refheap_put(struct refheap *heap)
{
	kref_put(&heap->ref, free_heap);
}

/**
 * refheap_destroy_step - take a heap apart
 * @heap: the heap, whose engine is still there
 *
 * Once it is gone the heap does not count among those of its owner any more,
 * who cannot help it when somebody else keeps a file of it.
 *
 * Context: may sleep; the heap lock is held.
 * Return: RH_DONE when the engine is gone.
 */
enum rh_progress refheap_destroy_step(struct refheap *heap)
{
	refheap_assert_locked(heap);
	if (rh_heap_destroy_step(heap->engine) == RH_MORE)
		return RH_MORE;
	heap->engine = NULL;
	refheap_user_remove_heap(heap->user);
	return RH_DONE;
}

/**
 * refheap_discard - end a heap that was never made known
 * @heap: the heap; its one reference is taken over
 *
 * Context: may sleep; no lock of the module is held.
 */
void refheap_discard(struct refheap *heap)
{
	refheap_lock(heap);
	while (refheap_destroy_step(heap) == RH_MORE)
		refheap_relax(heap);
	refheap_unlock(heap);
	refheap_put(heap);
}
