// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events of a session: waiting, reading, dispatching. What has been read and
 * not been run lies in the session, so that threads, and callbacks that
 * dispatch, go on where others are.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "calls.h"

#define EVENTS_AT_ONCE	16

/* Of events that nobody wants, those that may be lost. */
#define LOSSY_KEPT	64

#define SUBSCRIBABLE \
	(REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP | REFHEAP_EVENT_LIMIT)
#define ALL_EVENTS \
	(SUBSCRIBABLE | REFHEAP_EVENT_WEAKREF | REFHEAP_EVENT_FINALIZE)

static int subscribe_locked(struct refheap *session, uint32_t mask)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe),
		.mask = mask,
	};

	while (ioctl(session->fd, REFHEAP_IOC_SUBSCRIBE, &subscribe))
		if (errno != EINTR)
			return -errno;
	session->callbacks.subscribed = mask;
	return 0;
}

int refheap_subscribe_events(struct refheap *session, uint32_t mask)
{
	int err;

	pthread_mutex_lock(&session->callbacks.lock);
	err = subscribe_locked(session, mask);
	pthread_mutex_unlock(&session->callbacks.lock);
	return err;
}

/* Subscribe to what has a handler then, without touching the rest. */
static int subscribe_for(struct refheap *session, uint32_t mask, bool wanted)
{
	uint32_t before = session->callbacks.subscribed;
	uint32_t after = wanted ? before | mask : before & ~mask;

	return before == after ? 0 : subscribe_locked(session, after);
}

int refheap_on_event(struct refheap *session, uint32_t mask,
		     refheap_event_fn *fn, void *data)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	int err;

	if (!mask || mask & ~ALL_EVENTS)
		return -EINVAL;
	pthread_mutex_lock(&callbacks->lock);
	err = subscribe_for(session, mask & SUBSCRIBABLE, fn);
	for (size_t i = 0; !err && i < RH_EVENT_TYPES; i++)
		if (mask & 1U << i) {
			callbacks->handlers[i].fn = fn;
			callbacks->handlers[i].data = data;
		}
	rh_reconsider_events(callbacks);
	pthread_mutex_unlock(&callbacks->lock);
	return err;
}

/*
 * Whether there is something to read, as poll() has it. -EAGAIN of the read
 * that follows means that another thread was faster.
 */
static int wait_for_events(struct refheap *session, int timeout_ms)
{
	struct pollfd wait = { .fd = session->fd, .events = POLLIN };
	int ready;

	/* For a descriptor that is none poll() would wait, and for ever. */
	if (wait.fd < 0)
		return -EBADF;
	ready = poll(&wait, 1, timeout_ms);
	return ready < 0 ? -errno : ready;
}

/* Events from the kernel; 0 when there are none. */
static int read_some(struct refheap *session, struct refheap_event *events,
		     size_t count)
{
	ssize_t got = read(session->fd, events, count * sizeof(*events));

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	return (int)((size_t)got / sizeof(*events));
}

/* What others have read; 0 when there is nothing. */
static int read_queues(struct rh_callbacks *callbacks,
		       struct refheap_event *events, size_t count)
{
	size_t n = 0;

	pthread_mutex_lock(&callbacks->lock);
	while (n < count && rh_queue_get(&callbacks->aside, &events[n]))
		if (events[n++].type & SUBSCRIBABLE)
			callbacks->aside_lossy--;
	while (n < count && rh_queue_get(&callbacks->ready, &events[n]))
		n++;
	pthread_mutex_unlock(&callbacks->lock);
	return (int)n;
}

int refheap_read_events(struct refheap *session, struct refheap_event *events,
			size_t count, int timeout_ms)
{
	int got;

	if (!count)
		return -EINVAL;
	if (count > INT32_MAX / sizeof(*events))
		count = INT32_MAX / sizeof(*events);
	got = read_queues(&session->callbacks, events, count);
	if (got)
		return got;
	do {
		got = wait_for_events(session, timeout_ms);
		if (got <= 0)
			return got;
		got = read_some(session, events, count);
	} while (!got && timeout_ms < 0);
	return got;
}

/*
 * Read into the session. There is room for each that is read in either queue,
 * so that none is lost for want of memory.
 */
static int fill(struct refheap *session, size_t count)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	struct refheap_event events[EVENTS_AT_ONCE];
	size_t room = callbacks->aside.count + callbacks->running +
		      EVENTS_AT_ONCE;
	int got;

	if (count > EVENTS_AT_ONCE)
		count = EVENTS_AT_ONCE;
	if (rh_queue_reserve(&callbacks->ready, room) ||
	    rh_queue_reserve(&callbacks->aside, room))
		return -ENOMEM;
	got = read_some(session, events, count);
	for (int i = 0; i < got; i++)
		rh_queue_put(&callbacks->ready, &events[i]);
	return got;
}

static int next_event(struct refheap *session, size_t limit,
		      struct refheap_event *event)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	int got = 1;

	pthread_mutex_lock(&callbacks->lock);
	if (!callbacks->ready.count)
		got = fill(session, limit);
	if (got > 0) {
		rh_queue_get(&callbacks->ready, event);
		callbacks->running++;
	}
	pthread_mutex_unlock(&callbacks->lock);
	return got;
}

/* The oldest of those that may be lost goes. */
static void forget_one(struct rh_callbacks *callbacks)
{
	struct rh_queue *aside = &callbacks->aside;
	struct refheap_event event;
	bool forgotten = false;

	for (size_t left = aside->count; left; left--) {
		rh_queue_get(aside, &event);
		if (forgotten || !(event.type & SUBSCRIBABLE))
			rh_queue_put(aside, &event);
		else
			forgotten = true;
	}
	callbacks->aside_lossy--;
}

static void end_event(struct refheap *session,
		      const struct refheap_event *event, bool ran)
{
	struct rh_callbacks *callbacks = &session->callbacks;

	pthread_mutex_lock(&callbacks->lock);
	callbacks->running--;
	if (!ran) {
		if (event->type & SUBSCRIBABLE &&
		    ++callbacks->aside_lossy > LOSSY_KEPT)
			forget_one(callbacks);
		rh_queue_put(&callbacks->aside, event);
	}
	pthread_mutex_unlock(&callbacks->lock);
}

/* Whom an event is for that the library itself knows nothing of. */
static bool run_handler(struct refheap *session,
			const struct refheap_event *event,
			refheap_event_fn *fallback, void *data)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	refheap_event_fn *fn = NULL;

	pthread_mutex_lock(&callbacks->lock);
	for (size_t i = 0; i < RH_EVENT_TYPES; i++)
		if (event->type == 1U << i && callbacks->handlers[i].fn) {
			fn = callbacks->handlers[i].fn;
			data = callbacks->handlers[i].data;
		}
	pthread_mutex_unlock(&callbacks->lock);
	if (!fn)
		fn = fallback;
	if (!fn)
		return false;
	fn(session, event, data);
	return true;
}

/* The library's own reference of refheap_finalize() ends, too. */
static void run_record(struct refheap *session, struct rh_record *record,
		       const struct refheap_event *event)
{
	const refheap_id weakrefs[] = { event->object, event->object };

	if (record->finalize) {
		record->finalize(session, record->arg);
		refheap_drop_many(session, weakrefs, 2);
	} else {
		record->callback(session, event->object, event->referent,
				 record->arg);
		refheap_drop(session, event->object);
	}
	free(record);
}

/*
 * A cookie of the library without a record is of refheap_finalize(): it has
 * been called or detached after the event was sent.
 */
static bool run_weakref(struct refheap *session,
			const struct refheap_event *event,
			refheap_event_fn *fallback, void *data)
{
	bool own = event->value >> 32 == REFHEAP_COOKIE &&
		   !(event->generation & REFHEAP_EVENT_ADOPTED);
	struct rh_record *record;

	record = own ? rh_take_record(session, event->value) : NULL;
	if (record) {
		run_record(session, record, event);
		return true;
	}
	if (!own && !run_handler(session, event, fallback, data))
		return false;
	refheap_drop(session, event->object);
	return true;
}

static bool run_finalizer(struct refheap *session,
			  const struct refheap_event *event,
			  refheap_event_fn *fallback, void *data)
{
	struct rh_finalizer finalizer;

	if (rh_find_finalizer(session, (uint32_t)event->value, &finalizer))
		finalizer.fn(session, event->object, finalizer.arg);
	else if (!run_handler(session, event, fallback, data))
		return false;
	refheap_finalized(session, event->object);
	return true;
}

/*
 * Run what is registered for an event, else @fallback if there is one. Returns
 * whether something was run; then the reference has been given back.
 */
static bool run_event(struct refheap *session,
		      const struct refheap_event *event,
		      refheap_event_fn *fallback, void *data)
{
	switch (event->type) {
	case REFHEAP_EVENT_WEAKREF:
		return run_weakref(session, event, fallback, data);
	case REFHEAP_EVENT_FINALIZE:
		return run_finalizer(session, event, fallback, data);
	default:
		return run_handler(session, event, fallback, data);
	}
}

int refheap_run_event(struct refheap *session,
		      const struct refheap_event *event)
{
	return run_event(session, event, NULL, NULL);
}

/* In milliseconds, rounded up lest the end is early; 0 when it is over. */
static int time_until(uint64_t end_ns)
{
	uint64_t now = rh_monotonic_ns();

	return end_ns > now ? (int)((end_ns - now + 999999) / 1000000) : 0;
}

/*
 * No more are read than will be run, so that the descriptor tells of the rest.
 * Events that nothing is registered for do not make the time begin anew.
 */
static int dispatch(struct refheap *session, refheap_event_fn *fallback,
		    void *data, int timeout_ms, size_t max)
{
	struct refheap_event event;
	const uint64_t end_ns = timeout_ms > 0 ?
			       rh_monotonic_ns() + timeout_ms * UINT64_C(1000000) : 0;
	size_t left = max ? max : SIZE_MAX;
	int ran = 0;
	bool did;
	int got;

	while (left) {
		got = next_event(session, left, &event);
		if (!got && !ran && timeout_ms) {
			got = wait_for_events(session, timeout_ms > 0 ?
						       time_until(end_ns) :
						       timeout_ms);
			if (got > 0)
				got = next_event(session, left, &event);
			if (!got && timeout_ms < 0)
				continue;
		}
		if (got <= 0)
			return ran ? ran : got;
		left--;
		did = run_event(session, &event, fallback, data);
		end_event(session, &event, did);
		ran += did;
	}
	return ran;
}

int refheap_dispatch(struct refheap *session, int timeout_ms, size_t max)
{
	return dispatch(session, NULL, NULL, timeout_ms, max);
}

int refheap_dispatch_events(struct refheap *session, refheap_event_fn *fn,
			    void *data, int timeout_ms)
{
	return dispatch(session, fn, data, timeout_ms, 0);
}
