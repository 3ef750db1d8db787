// SPDX-License-Identifier: GPL-2.0
/*
 * A notifier chain, so that those who hear of heaps can come and go.
 *
 * Births and deaths come by the million. The engine tells of them only while
 * somebody wants to know, which is looked up before each of its steps, and they
 * are passed on many at a time.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "trace.h"
#include "watch.h"

static BLOCKING_NOTIFIER_HEAD(watchers);
/* The one of them who may want news of objects. */
static struct refheap_watcher __rcu *object_watcher;

/**
 * refheap_watch - have a watcher called from now on
 * @watcher: the only one
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int refheap_watch(struct refheap_watcher *watcher)
{
	int ret;

	ret = blocking_notifier_chain_register(&watchers, &watcher->block);
	if (!ret)
		rcu_assign_pointer(object_watcher, watcher);
	return ret;
}

/**
 * refheap_unwatch - when this returns, the watcher is not called any more
 * @watcher: as it was given to refheap_watch()
 *
 * Context: may sleep; no heap lock is held.
 */
void refheap_unwatch(struct refheap_watcher *watcher)
{
	rcu_assign_pointer(object_watcher, NULL);
	synchronize_rcu();
	blocking_notifier_chain_unregister(&watchers, &watcher->block);
}

static void tell(enum refheap_ntf event, struct refheap_news *news)
{
	news->time_ns = ktime_get_ns();
	blocking_notifier_call_chain(&watchers, event, news);
}

/**
 * refheap_tell - tell the watchers
 * @heap: the heap
 * @event: what happened
 * @notice: what the engine said, or NULL
 *
 * Context: may sleep; the heap lock is held when there is a @notice.
 */
void refheap_tell(struct refheap *heap, enum refheap_ntf event,
		  const struct rh_notice *notice)
{
	tell(event, &(struct refheap_news) { .heap = heap, .notice = notice });
}

/**
 * refheap_tell_of_seat - tell the watchers who has come or goes
 * @heap: the heap
 * @event: REFHEAP_NTF_SESSION_NEW or REFHEAP_NTF_SESSION_END
 * @seat: which the caller keeps from being freed
 *
 * Context: may sleep; the caller does not hold the heap lock.
 */
void refheap_tell_of_seat(struct refheap *heap, enum refheap_ntf event,
			  const struct refheap_seat *seat)
{
	tell(event, &(struct refheap_news) { .heap = heap, .seat = seat });
}

static bool tracing_objects(void)
{
	return trace_refheap_birth_enabled() || trace_refheap_death_enabled() ||
	       trace_refheap_callback_enabled() ||
	       trace_refheap_finalize_enabled() ||
	       trace_refheap_skipped_enabled();
}

static bool somebody_wants_objects(void)
{
	struct refheap_watcher *watcher;
	bool ret;

	rcu_read_lock();
	watcher = rcu_dereference(object_watcher);
	ret = watcher && watcher->wants_objects();
	rcu_read_unlock();
	return ret;
}

/**
 * refheap_look_for_watchers - have the engine tell of objects, or not
 * @heap: the heap, whose engine has not been destroyed
 *
 * To be called before a step of the engine in which objects may be born or die,
 * and refheap_tell_records() after it.
 *
 * Context: may sleep; the heap lock is held.
 */
void refheap_look_for_watchers(struct refheap *heap)
{
	bool recording = somebody_wants_objects();
	bool watched = recording || tracing_objects();

	refheap_assert_locked(heap);
	heap->recording = recording;
	if (unlikely(watched != heap->watched)) {
		heap->watched = watched;
		rh_heap_watch(heap->engine, watched);
	}
	if (unlikely(recording && !heap->records))
		heap->records = kmalloc_array(REFHEAP_RECORDS, sizeof(*heap->records),
					      GFP_KERNEL | __GFP_NOWARN);
}

/**
 * refheap_record - keep a notice of the engine for the watchers
 * @heap: the heap
 * @event: what it is called there
 * @notice: of an object
 *
 * Context: does not sleep; the heap lock is held.
 */
void refheap_record(struct refheap *heap, enum refheap_ntf event,
		    const struct rh_notice *notice)
{
	refheap_assert_locked(heap);
	if (!heap->recording)
		return;
	if (!heap->records) {
		heap->records_lost++;
		return;
	}
	heap->records[heap->record_count++] = (struct refheap_record) {
		.time_ns = ktime_get_ns(),
		.object = notice->object,
		.event = event,
		.kind = notice->kind,
		.type = notice->type,
	};
	if (heap->record_count == REFHEAP_RECORDS)
		refheap_tell_records_now(heap);
}

/**
 * refheap_tell_records_now - tell the watchers what has been kept for them
 * @heap: the heap
 *
 * Context: does not sleep but for the chain's lock; the heap lock is held.
 */
void refheap_tell_records_now(struct refheap *heap)
{
	struct refheap_news news = {
		.heap = heap,
		.records = heap->records,
		.count = heap->record_count,
		.lost = heap->records_lost,
	};

	refheap_assert_locked(heap);
	tell(REFHEAP_NTF_OBJECTS, &news);
	heap->record_count = 0;
	heap->records_lost = 0;
}
