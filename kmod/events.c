// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of events per session. Posting happens with the heap lock held and so
 * neither sleeps nor fails: when the ring is full the event is lost and the
 * sequence numbers say so.
 *
 * The lock of the wait queue protects the ring. Whoever polls takes it, too,
 * AIO even from a softirq, so it is always taken with interrupts off.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "events.h"

#define RING_EVENTS	64	/* a power of two */
#define READ_EVENTS	8	/* copied out in one go, through the stack */

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
 */
void refheap_events_post(struct refheap_events *events,
			 const struct refheap_event *event)
{
	struct refheap_event *slot;

	spin_lock_irq(&events->wait.lock);
	if (!(events->mask & event->type))
		goto unlock;
	events->seq++;
	if (events->head - events->tail == RING_EVENTS)
		goto unlock;
	slot = &events->ring[events->head++ % RING_EVENTS];
	*slot = *event;
	slot->seq = events->seq;
	wake_up_locked_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
unlock:
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

static u32 peek(struct refheap_events *events, struct refheap_event *copies,
		u32 max, bool *ended)
{
	u32 n, i;

	lockdep_assert_held(&events->read_lock);
	spin_lock_irq(&events->wait.lock);
	n = min(events->head - events->tail, max);
	for (i = 0; i < n; i++)
		copies[i] = events->ring[(events->tail + i) % RING_EVENTS];
	*ended = events->ended;
	spin_unlock_irq(&events->wait.lock);
	return n;
}

static void consume(struct refheap_events *events, u32 n)
{
	lockdep_assert_held(&events->read_lock);
	spin_lock_irq(&events->wait.lock);
	events->tail += n;
	spin_unlock_irq(&events->wait.lock);
}

/* Return: bytes copied, 0 when there is no event, or an error. */
static ssize_t read_ready(struct refheap_events *events, char __user *buffer,
			  size_t len)
{
	struct refheap_event copies[READ_EVENTS];
	u32 n = min_t(size_t, len / sizeof(copies[0]), READ_EVENTS);
	bool ended;

	n = peek(events, copies, n, &ended);
	if (!n)
		return ended ? -EIDRM : 0;
	if (copy_to_user(buffer, copies, n * sizeof(copies[0])))
		return -EFAULT;
	consume(events, n);
	return n * sizeof(copies[0]);
}

static bool readable(struct refheap_events *events)
{
	bool ret;

	spin_lock_irq(&events->wait.lock);
	ret = events->head != events->tail || events->ended;
	spin_unlock_irq(&events->wait.lock);
	return ret;
}

/**
 * refheap_events_read - copy waiting events to the reader, whole ones only
 * @events: the ring
 * @buffer: where to
 * @len: its length in bytes
 * @nonblock: do not wait for the first event
 *
 * Context: may sleep and fault; the caller holds no lock.
 * Return: bytes, or -EINVAL (no room for one event), -EAGAIN, -EFAULT, -EIDRM
 * (the heap is gone and everything has been read), -ERESTARTSYS.
 */
ssize_t refheap_events_read(struct refheap_events *events, char __user *buffer,
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
		n = read_ready(events, buffer, len);
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
 * @events: the ring
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
	if (events->head != events->tail)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (events->ended)
		mask |= EPOLLHUP | EPOLLERR;
	spin_unlock_irq(&events->wait.lock);
	return mask;
}
