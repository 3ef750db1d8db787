/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is told of what happens to any heap. This is how news gets from the
 * heaps up to the netlink door.
 */
#ifndef REFHEAP_WATCH_H
#define REFHEAP_WATCH_H

#include <linux/notifier.h>
#include "heap.h"

struct refheap_seat;

/* Records that are told together. */
#define REFHEAP_RECORDS	48

/**
 * struct refheap_record - a birth, death, callback or finalizer
 * @time_ns: CLOCK_MONOTONIC
 * @object: id
 * @event: enum refheap_ntf
 * @kind: of the object
 * @type: of the object
 */
struct refheap_record {
	u64 time_ns;
	u64 object;
	u32 event;
	u32 kind;
	u32 type;
};

/**
 * struct refheap_news - what happened to a heap
 * @heap: which
 * @notice: of the engine, for GC_START, GC_STOP and LIMIT; else NULL
 * @seat: for SESSION_NEW and SESSION_END; else NULL
 * @records: of objects, @count of them; else NULL
 * @count: at most REFHEAP_RECORDS
 * @lost: records before these that there was no memory for
 * @time_ns: CLOCK_MONOTONIC
 */
struct refheap_news {
	struct refheap *heap;
	const struct rh_notice *notice;
	const struct refheap_seat *seat;
	const struct refheap_record *records;
	u32 count;
	u64 lost;
	u64 time_ns;
};

/**
 * struct refheap_watcher - who wants to hear of heaps
 * @block: called with enum refheap_ntf and struct refheap_news; for news of
 *	objects with REFHEAP_NTF_OBJECTS. Then, and when there is a notice, the
 *	heap lock is held: it must not sleep. It must never take that lock,
 *	since others wait for the chain holding it.
 * @wants_objects: whether anybody would listen to news of objects; called
 *	often, and must not sleep
 */
struct refheap_watcher {
	struct notifier_block block;
	bool (*wants_objects)(void);
};

/* In place of an enum refheap_ntf: there are records, each with its own. */
#define REFHEAP_NTF_OBJECTS	0

int refheap_watch(struct refheap_watcher *watcher);
void refheap_unwatch(struct refheap_watcher *watcher);
void refheap_tell(struct refheap *heap, enum refheap_ntf event,
		  const struct rh_notice *notice);
void refheap_tell_of_seat(struct refheap *heap, enum refheap_ntf event,
			  const struct refheap_seat *seat);

void refheap_look_for_watchers(struct refheap *heap);
void refheap_record(struct refheap *heap, enum refheap_ntf event,
		    const struct rh_notice *notice);
void refheap_tell_records_now(struct refheap *heap);

/* After a step of the engine. Context: the heap lock is held. */
static inline void refheap_tell_records(struct refheap *heap)
{
	if (unlikely(heap->record_count || heap->records_lost))
		refheap_tell_records_now(heap);
}

#endif
