// SPDX-License-Identifier: GPL-2.0
/*
 * One work item per heap, each step of it with the heap lock held anew. After
 * a while it queues itself again, so that a large heap does not keep a small
 * one waiting when the pool is busy.
 */
#include <linux/delay.h>
#include <linux/sched/stat.h>
#include "mapping.h"
#include "seat.h"
#include "watch.h"
#include "worker.h"

#define RUN_STEPS	256
/* About as long as a step takes. */
#define REST_US		100

static struct workqueue_struct *queue;
/* Nobody is kept waiting any more: the module goes. */
static bool ending;

/* Return: true when something was done and there may be more to do. */
static bool empty_leaving_seat(struct refheap *heap)
{
	struct refheap_seat *seat;

	seat = list_first_entry_or_null(&heap->leaving, struct refheap_seat, leaving);
	if (!seat)
		return false;
	if (refheap_seat_empty_step(heap, seat) == RH_DONE) {
		list_del(&seat->leaving);
		refheap_seat_free(seat);
	}
	return true;
}

/*
 * Likewise: the next seat of those who are still attached to a removed heap.
 * Nobody takes a seat any more, so one round over them is enough.
 */
static bool empty_taken_seat(struct refheap *heap)
{
	struct refheap_seat *seat;

	seat = xa_find(&heap->seats, &heap->swept, ULONG_MAX, XA_PRESENT);
	if (!seat)
		return false;
	if (refheap_seat_empty_step(heap, seat) == RH_DONE) {
		if (seat->events)
			refheap_events_end(seat->events);
		heap->swept++;
	}
	return true;
}

static bool destroy_step(struct refheap *heap)
{
	enum rh_progress progress;

	if (!heap->engine)
		return false;
	if (empty_taken_seat(heap))
		return true;
	refheap_look_for_watchers(heap);
	progress = refheap_destroy_step(heap);
	refheap_tell_records(heap);
	return progress == RH_MORE;
}

/* What memory pressure asked for: a collection first, to have more to trim. */
static bool relieve_step(struct refheap *heap)
{
	if (heap->collect) {
		heap->collect = false;
		rh_collect_start(heap->engine, RH_GENERATIONS - 1);
		return true;
	}
	if (heap->trim) {
		heap->trim = false;
		rh_trim(heap->engine);
	}
	return false;
}

static bool work_step(struct refheap *heap)
{
	refheap_assert_locked(heap);
	if (empty_leaving_seat(heap))
		return true;
	if (heap->removed)
		return destroy_step(heap);
	if (rh_work_pending(heap->engine)) {
		refheap_look_for_watchers(heap);
		rh_work_step(heap->engine);
		refheap_tell_records(heap);
		return true;
	}
	return relieve_step(heap);
}

/*
 * Between two steps. Who wants the heap gets the lock; who wants this processor
 * gets that as well: a kernel that does not preempt its own threads would let
 * them wait for the next tick, or for as long as the scheduler thinks fair.
 */
static void rest(struct refheap *heap)
{
	refheap_yield(heap);
	if (!single_task_running())
		usleep_range(REST_US, 2 * REST_US);
	refheap_lock(heap);
}

/**
 * refheap_work - do what is left to do at a heap
 * @work: of the heap, with a reference to it
 *
 * Context: workqueue; takes the heap lock.
 */
void refheap_work(struct work_struct *work)
{
	struct refheap *heap = container_of(work, struct refheap, work);
	unsigned int steps = 0;
	bool more;

	refheap_lock(heap);
	while ((more = work_step(heap)) &&
	       (++steps < RUN_STEPS || READ_ONCE(ending)))
		rest(heap);
	refheap_unlock(heap);
	if (more)
		refheap_kick(heap);
	refheap_put(heap);
}

/**
 * refheap_kick - have the worker look at a heap
 * @heap: the heap, to which the caller holds a reference
 *
 * Context: any; allocates nothing.
 */
void refheap_kick(struct refheap *heap)
{
	refheap_get(heap);
	/* Queued already: it has yet to start, and will see what we want. */
	if (!queue_work(queue, &heap->work))
		refheap_put(heap);
}

/* A tick that is to come holds a reference. */
static void expect_tick(struct refheap *heap)
{
	refheap_assert_locked(heap);
	refheap_get(heap);
	/* It was expected already, and has been put off. */
	if (mod_delayed_work(queue, &heap->tick, msecs_to_jiffies(heap->period_ms)))
		refheap_put(heap);
}

/**
 * refheap_tick - collect on a timer
 * @work: the tick of a heap, with a reference to it
 *
 * Whether the collector is enabled does not matter. When a collection is
 * running at that moment, another one need not be.
 *
 * Context: workqueue; takes the heap lock.
 */
void refheap_tick(struct work_struct *work)
{
	struct refheap *heap = container_of(to_delayed_work(work), struct refheap, tick);

	refheap_lock(heap);
	if (!heap->removed && heap->period_ms) {
		rh_collect_start(heap->engine, heap->period_generation);
		refheap_kick(heap);
		expect_tick(heap);
	}
	refheap_unlock(heap);
	refheap_put(heap);
}

/**
 * refheap_set_period - collect every so often from now on
 * @heap: the heap, which has not been removed
 * @period_ms: time between two collections, 0 for none
 *
 * Context: the heap lock is held; the caller holds a reference.
 */
void refheap_set_period(struct refheap *heap, u32 period_ms)
{
	refheap_assert_locked(heap);
	heap->period_ms = period_ms;
	if (period_ms)
		expect_tick(heap);
	else
		refheap_stop_period(heap);
}

/**
 * refheap_stop_period - expect no tick any more
 * @heap: the heap; it has been removed, or its period is 0, so that a tick that
 *	is waiting for the lock will not make another one
 *
 * Context: the heap lock is held; the caller holds a reference.
 */
void refheap_stop_period(struct refheap *heap)
{
	refheap_assert_locked(heap);
	if (cancel_delayed_work(&heap->tick))
		refheap_put(heap);
}

/**
 * refheap_worker_init - make the workqueue
 *
 * Context: module init.
 * Return: 0 or -ENOMEM.
 */
int refheap_worker_init(void)
{
	queue = alloc_workqueue("refheap", WQ_UNBOUND, 0);
	return queue ? 0 : -ENOMEM;
}

/**
 * refheap_worker_exit - when this returns, all work has been done
 *
 * Context: module exit; nobody kicks any more but the work itself.
 */
void refheap_worker_exit(void)
{
	WRITE_ONCE(ending, true);
	destroy_workqueue(queue);
}
