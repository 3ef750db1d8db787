/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap as the kernel shares it: the engine's heap with an owner, a lock, and
 * a life of its own.
 *
 * Lock order, outermost first:
 *
 *   1. events.read_lock (a session's)	taken before user memory is written to,
 *					and before events are taken off under 4
 *   2. session.lock			attaching, once
 *   3. mmap_lock			of whoever calls mmap() or faults
 *   4. refheap.lock, the heap lock	the engine and everything of the heap
 *					that says so
 *   5. registry_lock			which heaps there are; who may open them
 *   6. leaves: users_lock, events.wait.lock (also with 4 held: host wake), the
 *      kernel's i_mmap_rwsem (host unmap), the watchers' chain, multicast
 *      numbering
 *
 * A heap can be held for long, and the registry is everybody's: nobody waits for
 * the former who holds the latter.
 *
 * A fault on a mapped payload takes the heap lock under mmap_lock. So nobody
 * who holds the heap lock or the registry lock may touch user memory; what
 * comes from there is copied in before, what goes there afterwards.
 *
 * Memory is allocated under 2 and 4 to 5 with reclaim allowed. The shrinker
 * therefore only tries 4 and 5, and gives up when they are taken.
 *
 * The heap lock is held for one step of the engine at a time. Whoever has more
 * to do calls refheap_relax() in between.
 */
#ifndef REFHEAP_HEAP_H
#define REFHEAP_HEAP_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/refheap.h>
#include "engine/engine.h"

/* How long whoever lets another go first waits for that one. */
#define REFHEAP_TURN_JIFFIES	1

struct refheap_record;
struct refheap_user;

/**
 * struct refheap_options - what a heap is made with
 * @owner: user who owns it
 * @group: group that the middle permission bits are for
 * @mode: permission bits
 * @max_bytes: limit, 0 for none
 * @max_objects: limit, 0 for none
 * @name: NUL-terminated, checked
 */
struct refheap_options {
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	u64 max_bytes;
	u64 max_objects;
	const char *name;
};

/**
 * struct refheap_holds - how long collections of one generation took
 * @duration_ns: added up
 * @longest_ns: that one held others up in one go
 * @total_ns: the longest such time of each, added up
 * @count: collections by that time: REFHEAP_HOLD_BOUNDS
 */
struct refheap_holds {
	u64 duration_ns;
	u64 longest_ns;
	u64 total_ns;
	u64 count[REFHEAP_HOLD_BUCKETS];
};

/**
 * struct refheap - a heap
 * @ref: the registry, sessions, dumps and queued work hold references
 * @id: random number, fixed
 * @name: fixed
 * @owner: fixed
 * @group: registry_lock
 * @mode: registry_lock
 * @user: account of @owner, fixed
 * @inode: its address space knows all mappings of the heap, fixed
 * @by_name: in the registry; registry_lock
 * @lock: the heap lock
 * @waiting: how many wait for it
 * @turn: how often somebody who had to wait has got it, or given up
 * @turned: for those who let others go first
 * @engine: the heap itself; NULL once it has been destroyed; @lock
 * @removed: nobody may use it any more; @lock
 * @seats: attached sessions by number; @lock
 * @next_seat: where to look for the next free number; @lock
 * @seat_count: attached sessions; @lock
 * @seat_changes: how often that changed; @lock
 * @subscribers: struct refheap_events that want events; @lock
 * @swept: removed: seats below that number are empty; @lock
 * @leaving: seats of closed sessions that the worker empties; @lock
 * @collect: the worker is to start a full collection; @lock
 * @trim: the worker is to give empty arenas back when it is done; @lock
 * @pressed_at: jiffies when memory pressure last asked for that; @lock
 * @watched: the engine tells of objects; @lock
 * @recording: what it tells is kept for watchers; @lock
 * @records: room for that, made when it is needed; @lock
 * @record_count: how many are kept; @lock
 * @records_lost: how many could not be kept after those; @lock
 * @period_ms: between collections on a timer, 0 for none; @lock
 * @period_generation: what they collect; @lock
 * @collection_began: when the collection that runs began; @lock
 * @holds: of generations; @lock
 * @refusals: operations refused for want of memory; @lock
 * @events_lost: of sessions that did not read them in time; @lock
 * @work: what the worker runs
 * @tick: the next collection on a timer; queued and cancelled under @lock
 */
struct refheap {
	struct kref ref;
	u32 id;
	char name[REFHEAP_NAME_MAX];
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	struct refheap_user *user;
	struct inode *inode;
	struct hlist_node by_name;

	struct mutex lock;	/* the heap lock */
	atomic_t waiting;
	atomic_t turn;
	wait_queue_head_t turned;
	struct rh_heap *engine;
	bool removed;
	struct xarray seats;
	u32 next_seat;
	u32 seat_count;
	u32 seat_changes;
	unsigned long swept;
	struct list_head subscribers;
	struct list_head leaving;
	bool collect;
	bool trim;
	unsigned long pressed_at;
	bool watched;
	bool recording;
	struct refheap_record *records;
	u32 record_count;
	u64 records_lost;
	u32 period_ms;
	u32 period_generation;
	u64 collection_began;
	struct refheap_holds holds[RH_GENERATIONS];
	u64 refusals;
	u64 events_lost;

	struct work_struct work;
	struct delayed_work tick;
};

struct refheap *refheap_new(const struct refheap_options *options,
			    const struct rh_host *host, work_func_t work,
			    work_func_t tick);
enum rh_progress refheap_destroy_step(struct refheap *heap);
void refheap_discard(struct refheap *heap);
void refheap_put(struct refheap *heap);

static inline struct refheap *refheap_get(struct refheap *heap)
{
	kref_get(&heap->ref);
	return heap;
}

/* Somebody who had to wait has the lock, or has given up. */
static inline void refheap_turn(struct refheap *heap)
{
	atomic_dec(&heap->waiting);
	atomic_inc(&heap->turn);
	wake_up(&heap->turned);
}

/* Whether somebody has had it since, or nobody wants it. */
static inline bool refheap_turned(struct refheap *heap, int turn)
{
	return !atomic_read(&heap->waiting) || atomic_read(&heap->turn) != turn;
}

/*
 * Gives the lock away, and waits for somebody who waits for it to have had it. A
 * mutex alone would not do: whoever takes it again at once is faster than a
 * waiter that has to wake up, or that spins and so never asks to be handed it.
 * But a waiter who does not get a processor must not keep everybody from working.
 */
static inline void refheap_yield(struct refheap *heap)
{
	int turn = atomic_read(&heap->turn);

	mutex_unlock(&heap->lock);
	if (atomic_read(&heap->waiting))
		wait_event_timeout(heap->turned, refheap_turned(heap, turn),
				   REFHEAP_TURN_JIFFIES);
	cond_resched();
}

static inline void refheap_lock(struct refheap *heap)
{
	if (mutex_trylock(&heap->lock))
		return;
	atomic_inc(&heap->waiting);
	mutex_lock(&heap->lock);
	refheap_turn(heap);
}

/*
 * For whoever can give up: the lock may be held for long by somebody who waits
 * for memory. Return: 0 or -EINTR.
 */
static inline int __must_check refheap_lock_killable(struct refheap *heap)
{
	int ret;

	if (mutex_trylock(&heap->lock))
		return 0;
	atomic_inc(&heap->waiting);
	ret = mutex_lock_killable(&heap->lock);
	refheap_turn(heap);
	return ret;
}

static inline bool refheap_trylock(struct refheap *heap)
{
	return mutex_trylock(&heap->lock);
}

static inline void refheap_unlock(struct refheap *heap)
{
	mutex_unlock(&heap->lock);
}

/* Lets others at the heap between two steps of the engine. */
static inline void refheap_relax(struct refheap *heap)
{
	refheap_yield(heap);
	refheap_lock(heap);
}

/* Likewise. Return: 0, or -EINTR without the lock. */
static inline int __must_check refheap_relax_killable(struct refheap *heap)
{
	refheap_yield(heap);
	return refheap_lock_killable(heap);
}

static inline void refheap_assert_locked(struct refheap *heap)
{
	lockdep_assert_held(&heap->lock);
}

#endif
