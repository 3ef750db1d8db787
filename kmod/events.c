// SPDX-License-Identifier: GPL-2.0
/*
 * What a session has to read comes from two places. Events that cannot be lost
 * wait at the session's holder, in memory of the engine, until somebody comes
 * to read them. The others are in a ring per session. Posting happens with the
 * heap lock held and so neither sleeps nor fails: when the ring is full the
 * event is lost and the sequence numbers say so.
 *
 * A reader takes events off either into a staging area and copies them out
 * from there, so that what it could not copy, or what it took before it was
 * killed, is there for the next one. The reference that came with an event is
 * the session's from then on.
 *
 * The lock of the wait queue protects the ring. Whoever polls takes it, too,
 * AIO even from a softirq, so it is always taken with interrupts off.
 */
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "events.h"
#include "seat.h"

#define RING_EVENTS	64	/* a power of two */

/**
 * refheap_events_init - make an empty ring without memory
 * @events: the ring
 *
 * Context: any.
 */
void refheap_events_init(struct refheap_events *events)
{
	INIT_LIST_HEAD(&events->subscriber);
	mutex_init(&events->read_lock);
	init_waitqueue_head(&events->wait);
}

/**
 * refheap_events_free - give the memory of a ring back
 * @events: the ring, which nobody posts to or reads any more
 *
 * Context: any.
 */
void refheap_events_free(struct refheap_events *events)
{
	kfree(events->ring);
}

/**
 * refheap_events_prepare - get memory for the ring, once
 * @events: the ring
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int refheap_events_prepare(struct refheap_events *events)
{
	struct refheap_event *ring;

	ring = kcalloc(RING_EVENTS, sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return -ENOMEM;
	spin_lock_irq(&events->wait.lock);
	if (!events->ring)
		swap(events->ring, ring);
	spin_unlock_irq(&events->wait.lock);
	kfree(ring);
	return 0;
}

/**
 * refheap_events_select - choose which events are kept from now on
 * @events: the ring, prepared when @mask is not 0
 * @mask: REFHEAP_EVENT_*
 *
 * Context: any.
 */
void refheap_events_select(struct refheap_events *events, u32 mask)
{
	spin_lock_irq(&events->wait.lock);
	events->mask = mask;
	spin_unlock_irq(&events->wait.lock);
}

/**
 * refheap_events_post - put an event into the ring if it was asked for
 * @events: the ring
 * @event: the event; its number is filled in
 *
 * Context: process; does not sleep.
 * Return: whether it was asked for and is lost.
 */
bool refheap_events_post(struct refheap_events *events,
			 const struct refheap_event *event)
{
	struct refheap_event *slot;
	bool lost = false;

	spin_lock_irq(&events->wait.lock);
	if (!(events->mask & event->type))
		goto unlock;
	events->seq++;
	lost = events->head - events->tail == RING_EVENTS;
	if (lost)
		goto unlock;
	slot = &events->ring[events->head++ % RING_EVENTS];
	*slot = *event;
	slot->seq = events->seq;
	wake_up_locked_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
unlock:
	spin_unlock_irq(&events->wait.lock);
	return lost;
}

/**
 * refheap_events_wake - tell readers of events at the holder
 * @events: the session's
 *
 * Context: does not sleep; the heap lock is held.
 */
void refheap_events_wake(struct refheap_events *events)
{
	spin_lock_irq(&events->wait.lock);
	events->waiting = true;
	wake_up_locked_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
	spin_unlock_irq(&events->wait.lock);
}

/**
 * refheap_events_end - tell readers that nothing more will come
 * @events: the ring
 *
 * Context: process; does not sleep.
 */
void refheap_events_end(struct refheap_events *events)
{
	spin_lock_irq(&events->wait.lock);
	events->ended = true;
	spin_unlock_irq(&events->wait.lock);
	wake_up_poll(&events->wait, EPOLLHUP | EPOLLERR);
}

/**
 * refheap_events_staged - how many are on their way to a reader
 * @events: the session's
 *
 * Context: process; does not sleep.
 * Return: a number of events that cannot be lost, which the holder has no more.
 */
u32 refheap_events_staged(struct refheap_events *events)
{
	u32 n = 0, i;

	spin_lock_irq(&events->wait.lock);
	for (i = 0; i < events->nstaged; i++)
		n += !(events->staged[i].type & REFHEAP_EVENT_ALL);
	spin_unlock_irq(&events->wait.lock);
	return n;
}

/**
 * refheap_events_return - give back what was on its way to a reader
 * @events: the session's, which nobody reads any more
 * @heap: its heap
 * @seat: its seat, which has a holder
 *
 * Context: may sleep; the heap lock is held.
 */
void refheap_events_return(struct refheap_events *events, struct refheap *heap,
			   struct refheap_seat *seat)
{
	u32 i;

	refheap_assert_locked(heap);
	for (i = 0; i < events->nstaged; i++)
		if (!(events->staged[i].type & REFHEAP_EVENT_ALL))
			rh_holder_return_event(heap->engine, seat->holder,
					       &events->staged[i]);
	events->nstaged = 0;
}

static bool holder_has_events(struct refheap_events *events)
{
	bool ret;

	spin_lock_irq(&events->wait.lock);
	ret = events->waiting;
	spin_unlock_irq(&events->wait.lock);
	return ret;
}

/*
 * Takes at most @max events off the holder into the staging area, which is
 * empty. Return: 0, or why there is none: -EINTR (killed), -EIDRM, and what
 * rh_holder_next_event() says.
 */
static int take_from_holder(struct refheap_events *events, struct refheap *heap,
			    struct refheap_seat *seat, u32 max)
{
	u32 n = 0;
	int ret;

	lockdep_assert_held(&events->read_lock);
	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	if (heap->removed) {
		ret = -EIDRM;
		goto unlock;
	}
	for (; n < max; n++) {
		ret = rh_holder_next_event(heap->engine, seat->holder,
					   &events->staged[n]);
		if (ret <= 0)
			break;
		events->staged[n].time_ns = ktime_get_ns();
	}
	/* At once: nobody may go to sleep because they are in neither place. */
	spin_lock_irq(&events->wait.lock);
	events->nstaged = n;
	events->waiting = rh_holder_events(seat->holder);
	spin_unlock_irq(&events->wait.lock);
unlock:
	refheap_unlock(heap);
	return min(ret, 0);
}

/* Likewise off the ring, until there are @max. */
static void take_from_ring(struct refheap_events *events, u32 max)
{
	lockdep_assert_held(&events->read_lock);
	lockdep_assert_held(&events->wait.lock);
	while (events->nstaged < max && events->tail != events->head)
		events->staged[events->nstaged++] =
			events->ring[events->tail++ % RING_EVENTS];
}

/*
 * Fills the staging area, which is empty, with at most @max events. Return: 0,
 * or why there is none and waiting is of no use.
 */
static int stage(struct refheap_events *events, struct refheap *heap,
		 struct refheap_seat *seat, u32 max)
{
	int ret = 0;

	lockdep_assert_held(&events->read_lock);
	if (holder_has_events(events))
		ret = take_from_holder(events, heap, seat, max);
	spin_lock_irq(&events->wait.lock);
	take_from_ring(events, max);
	if (events->nstaged)
		ret = 0;
	else if (events->ended)
		ret = -EIDRM;
	spin_unlock_irq(&events->wait.lock);
	return ret;
}

static void unstage(struct refheap_events *events, u32 n)
{
	lockdep_assert_held(&events->read_lock);
	spin_lock_irq(&events->wait.lock);
	events->nstaged -= n;
	memmove(events->staged, &events->staged[n],
		events->nstaged * sizeof(events->staged[0]));
	spin_unlock_irq(&events->wait.lock);
}

/* Return: bytes copied, 0 when there is no event, or an error. */
static ssize_t read_staged(struct refheap_events *events, struct refheap *heap,
			   struct refheap_seat *seat, char __user *buffer,
			   size_t len)
{
	u32 n = min_t(size_t, len / sizeof(events->staged[0]), REFHEAP_EVENTS_STAGED);
	int ret;

	lockdep_assert_held(&events->read_lock);
	if (!events->nstaged) {
		ret = stage(events, heap, seat, n);
		if (ret)
			return ret;
	}
	n = min(n, events->nstaged);
	if (copy_to_user(buffer, events->staged, n * sizeof(events->staged[0])))
		return -EFAULT;
	unstage(events, n);
	return n * sizeof(events->staged[0]);
}

/* Likewise, of all that there is room for. */
static ssize_t read_ready(struct refheap_events *events, struct refheap *heap,
			  struct refheap_seat *seat, char __user *buffer,
			  size_t len)
{
	size_t done = 0;
	ssize_t n;

	do {
		n = read_staged(events, heap, seat, buffer + done, len - done);
		if (n <= 0)
			return done ? done : n;
		done += n;
		cond_resched();
	} while (len - done >= sizeof(struct refheap_event) &&
		 !signal_pending(current));
	return done;
}

static bool has_events(const struct refheap_events *events)
{
	lockdep_assert_held(&events->wait.lock);
	return events->waiting || events->nstaged || events->head != events->tail;
}

static bool readable(struct refheap_events *events)
{
	bool ret;

	spin_lock_irq(&events->wait.lock);
	ret = has_events(events) || events->ended;
	spin_unlock_irq(&events->wait.lock);
	return ret;
}

/**
 * refheap_events_read - copy waiting events to the reader, whole ones only
 * @events: the session's
 * @heap: that it is attached to
 * @seat: there
 * @buffer: where to
 * @len: its length in bytes
 * @nonblock: do not wait for the first event
 *
 * Context: may sleep and fault; takes the heap lock; the caller holds no lock.
 * Return: bytes, or -EINVAL (no room for one event), -EAGAIN, -EFAULT, -EIDRM
 * (the heap is gone and everything has been read), -ERESTARTSYS, -EINTR
 * (killed); -ENOMEM, -EDQUOT, -EOVERFLOW (the event of an orphan cannot be
 * given to this session now).
 */
ssize_t refheap_events_read(struct refheap_events *events, struct refheap *heap,
			    struct refheap_seat *seat, char __user *buffer,
			    size_t len, bool nonblock)
{
	ssize_t n;
	int ret;

	if (len < sizeof(struct refheap_event))
		return -EINVAL;
	for (;;) {
		/* Another reader may be at a fault that takes for ever. */
		if (nonblock ? !mutex_trylock(&events->read_lock) :
			       mutex_lock_interruptible(&events->read_lock))
			return nonblock ? -EAGAIN : -ERESTARTSYS;
		n = read_ready(events, heap, seat, buffer, len);
		mutex_unlock(&events->read_lock);
		if (n)
			return n;
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible(events->wait, readable(events));
		if (ret)
			return ret;
	}
}

/**
 * refheap_events_poll - poll() of a session
 * @events: the session's
 * @file: the session's file
 * @table: of the caller
 *
 * Context: may sleep.
 * Return: EPOLL* that hold now.
 */
__poll_t refheap_events_poll(struct refheap_events *events, struct file *file,
			     poll_table *table)
{
	__poll_t mask = 0;

	poll_wait(file, &events->wait, table);
	spin_lock_irq(&events->wait.lock);
	if (has_events(events))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (events->ended)
		mask |= EPOLLHUP | EPOLLERR;
	spin_unlock_irq(&events->wait.lock);
	return mask;
}
