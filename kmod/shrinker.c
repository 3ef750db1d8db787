// SPDX-License-Identifier: GPL-2.0
/*
 * Under memory pressure empty arenas are given back at once, and the worker is
 * asked for a full collection, whose arenas it gives back itself. A heap that
 * is in use is passed over: reclaim may have been entered with its lock held.
 */
#include <linux/jiffies.h>
#include "compat.h"
#include "registry.h"
#include "shrinker.h"
#include "worker.h"

/* A collection asked for by pressure, at most so often for one heap. */
#define PRESSURE_INTERVAL	(5 * HZ)

static struct shrinker *shrinker;

static bool may_ask(const struct refheap *heap)
{
	return !time_before(jiffies, heap->pressed_at + PRESSURE_INTERVAL);
}

/*
 * Return: pages that may be free within the heap's arenas; none while what
 * pressure has asked for last is still to show in them.
 */
static unsigned long count_heap(struct refheap *heap, unsigned long unused)
{
	struct rh_heap_stat stat;
	unsigned long pages = 0;

	if (!refheap_trylock(heap))
		return 0;
	if (!heap->removed && may_ask(heap)) {
		rh_heap_stat(heap->engine, &stat);
		if (stat.reserved > stat.bytes)
			pages = (stat.reserved - stat.bytes) >> PAGE_SHIFT;
	}
	refheap_unlock(heap);
	return pages;
}

static void ask_for_collection(struct refheap *heap)
{
	refheap_assert_locked(heap);
	if (!may_ask(heap))
		return;
	heap->pressed_at = jiffies;
	heap->collect = true;
	heap->trim = true;
	refheap_kick(heap);
}

/* Return: pages given back. */
static unsigned long shrink_heap(struct refheap *heap, unsigned long wanted)
{
	unsigned long pages = 0;

	if (!refheap_trylock(heap))
		return 0;
	if (!heap->removed) {
		pages = rh_trim(heap->engine) >> PAGE_SHIFT;
		if (pages < wanted)
			ask_for_collection(heap);
	}
	refheap_unlock(heap);
	return pages;
}

static unsigned long shrinker_count(struct shrinker *shrink,
				    struct shrink_control *control)
{
	unsigned long pages = refheap_try_each(count_heap, ULONG_MAX);

	return pages ? pages : SHRINK_EMPTY;
}

static unsigned long shrinker_scan(struct shrinker *shrink,
				   struct shrink_control *control)
{
	unsigned long pages = refheap_try_each(shrink_heap, control->nr_to_scan);

	return pages ? pages : SHRINK_STOP;
}

/**
 * refheap_shrinker_init - take part in memory reclaim
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int refheap_shrinker_init(void)
{
	int ret;

	shrinker = shrinker_alloc(0, "refheap");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = shrinker_count;
	shrinker->scan_objects = shrinker_scan;
	ret = refheap_shrinker_register(shrinker, "refheap");
	if (ret)
		shrinker_free(shrinker);
	return ret;
}

/**
 * refheap_shrinker_exit - when this returns, reclaim does not call any more
 *
 * Context: module exit.
 */
void refheap_shrinker_exit(void)
{
	refheap_shrinker_unregister(shrinker);
}
