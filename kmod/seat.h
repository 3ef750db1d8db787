/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A seat is what a heap knows of an attached session, or of a descriptor that
 * holds a reference. It outlives either while the references are dropped that
 * were held there.
 */
#ifndef REFHEAP_SEAT_H
#define REFHEAP_SEAT_H

#include <linux/pid.h>
#include "events.h"
#include "heap.h"

/**
 * struct refheap_seat - a session at a heap
 * @id: number within the heap, fixed
 * @pid: process that attached it, fixed
 * @comm: its name then, fixed
 * @uid: its user, fixed
 * @user: that one's account, to which what is held here is charged, and the
 *	buffers of large batches, fixed
 * @since_ns: when that was, CLOCK_MONOTONIC, fixed
 * @holder: owner of its references; NULL once they are dropped; the heap lock
 * @leaving: in the heap's list of those that the worker empties; the heap lock
 * @export: it is not a session's but an exported descriptor's, fixed
 * @events: the session's, NULL once it is closed, and without a session; the
 *	heap lock
 */
struct refheap_seat {
	u32 id;
	struct pid *pid;
	char comm[TASK_COMM_LEN];
	kuid_t uid;
	struct refheap_user *user;
	u64 since_ns;
	struct rh_holder *holder;
	struct list_head leaving;
	bool export;
	struct refheap_events *events;
};

struct refheap_seat *refheap_seat_take(struct refheap *heap,
				       struct refheap_events *events);
bool refheap_seat_leave(struct refheap *heap, struct refheap_seat *seat);
u64 refheap_seat_events(const struct refheap_seat *seat);
enum rh_progress refheap_seat_empty_step(struct refheap *heap,
					 struct refheap_seat *seat);
void refheap_seat_free(struct refheap_seat *seat);

#endif
