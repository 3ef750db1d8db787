/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The events that a session reads from its file.
 */
#ifndef REFHEAP_EVENTS_H
#define REFHEAP_EVENTS_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include <uapi/linux/refheap.h>

#define REFHEAP_EVENT_ALL \
	(REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP | REFHEAP_EVENT_LIMIT)

/* Copied out in one go. */
#define REFHEAP_EVENTS_STAGED	8

struct refheap;
struct refheap_seat;

/**
 * struct refheap_events - events of one session that wait to be read
 * @subscriber: in the heap's list of those who want events; the heap lock
 * @read_lock: makes readers take turns, so that an event that could not be
 *	copied out stays for the next of them
 * @wait: readers and pollers, who also come before the session is attached;
 *	its lock, taken with interrupts off, protects the fields below
 * @staged: events on their way out, the oldest first, which stay here for the
 *	next reader until they have been copied; @read_lock too
 * @nstaged: how many they are; to change it, @read_lock too
 * @waiting: the holder has events that cannot be lost; to change it, the heap
 *	lock too
 * @ring: room for events that can be lost, made by the first subscription
 * @head: events ever put into the ring
 * @tail: events ever taken from it; @read_lock too
 * @seq: events that there have been, lost ones included
 * @mask: REFHEAP_EVENT_* asked for
 * @ended: the heap has been removed, nothing more comes
 */
struct refheap_events {
	struct list_head subscriber;
	struct mutex read_lock;	/* before user memory is written to */
	struct refheap_event staged[REFHEAP_EVENTS_STAGED];
	wait_queue_head_t wait;
	u32 nstaged;
	bool waiting;
	struct refheap_event *ring;
	u32 head;
	u32 tail;
	u64 seq;
	u32 mask;
	bool ended;
};

void refheap_events_init(struct refheap_events *events);
void refheap_events_free(struct refheap_events *events);
int refheap_events_prepare(struct refheap_events *events);
void refheap_events_select(struct refheap_events *events, u32 mask);
bool refheap_events_post(struct refheap_events *events,
			 const struct refheap_event *event);
void refheap_events_wake(struct refheap_events *events);
void refheap_events_end(struct refheap_events *events);
void refheap_events_return(struct refheap_events *events, struct refheap *heap,
			   struct refheap_seat *seat);
u32 refheap_events_staged(struct refheap_events *events);
ssize_t refheap_events_read(struct refheap_events *events, struct refheap *heap,
			    struct refheap_seat *seat, char __user *buffer,
			    size_t len, bool nonblock);
__poll_t refheap_events_poll(struct refheap_events *events, struct file *file,
			     poll_table *table);

#endif
