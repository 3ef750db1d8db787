/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session calls when something happens, and events that wait for it. */
#ifndef LIBREFHEAP_CALLBACKS_H
#define LIBREFHEAP_CALLBACKS_H

#include <pthread.h>
#include <sys/queue.h>

#include <refheap.h>

#define RH_EVENT_TYPES	5

/*
 * A weak reference with a callback, known by its cookie; or a finalizer of
 * refheap_finalize(), which then has the library's reference to it.
 */
struct rh_record {
	uint64_t cookie;
	refheap_id weakref;	/* 0 while it is being made */
	refheap_weakref_fn *callback; /* or: */
	refheap_finalize_fn *finalize;
	void *arg;
	bool atexit;
	pid_t pid;		/* that registered it */
	struct rh_record *next;	/* of the same bucket */
	TAILQ_ENTRY(rh_record) made; /* those with @atexit, in their order */
};

/* A ring of events. */
struct rh_queue {
	struct refheap_event *events;
	size_t first;
	size_t count;
	size_t room;		/* a power of two */
};

struct rh_finalizer {
	uint32_t type;
	refheap_finalizer_fn *fn;
	void *arg;
};

struct rh_base {
	uint32_t type;
	uint32_t base;
};

struct rh_callbacks {
	pthread_mutex_t lock;	/* of all that follows */

	struct rh_record **buckets;
	size_t bucket_count;	/* a power of two */
	size_t records;
	size_t sweep_at;	/* look for dead ones when there are so many */
	uint32_t last_cookie;
	TAILQ_HEAD(rh_at_exit, rh_record) at_exit;

	struct rh_finalizer *finalizers;
	size_t finalizer_count;
	struct rh_base *bases;	/* of types, as far as they were needed */
	size_t base_count;

	struct {
		refheap_event_fn *fn;
		void *data;
	} handlers[RH_EVENT_TYPES];
	uint32_t subscribed;

	struct rh_queue ready;	/* read, to be dispatched */
	struct rh_queue aside;	/* nothing was registered for these */
	size_t aside_lossy;	/* how many of them were subscribed to */
	size_t running;		/* taken from @ready; may be set aside */
};

void rh_callbacks_init(struct rh_callbacks *callbacks);
void rh_callbacks_end(struct rh_callbacks *callbacks);

/* Call what is due when a session is closed, the last registered first. */
void rh_run_at_exit(struct refheap *session);

/* Whether there is anything that an event could be for. */
bool rh_has_callbacks(struct refheap *session);

/*
 * Add a record with all but its cookie, which is returned, before its weak
 * reference is made; 0 without memory. Then either complete or forget it.
 */
uint64_t rh_add_record(struct refheap *session, const struct rh_record *record);
void rh_complete_record(struct refheap *session, uint64_t cookie,
			refheap_id weakref);

/* Take a record out; to be freed with free(). NULL when there is none. */
struct rh_record *rh_take_record(struct refheap *session, uint64_t cookie);

/* The weak reference of a record, or 0. */
refheap_id rh_record_weakref(struct refheap *session, uint64_t cookie);

/* The finalizer of a type: its own, that of the nearest base, or any. */
bool rh_find_finalizer(struct refheap *session, uint32_t type,
		       struct rh_finalizer *finalizer);

/* Rings of events. What was reserved can be put in; -ENOMEM. */
int rh_queue_reserve(struct rh_queue *queue, size_t count);
void rh_queue_put(struct rh_queue *queue, const struct refheap_event *event);
void rh_queue_put_first(struct rh_queue *queue,
			const struct refheap_event *event);
bool rh_queue_get(struct rh_queue *queue, struct refheap_event *event);

/* Events that were set aside get another chance. The lock is held. */
void rh_reconsider_events(struct rh_callbacks *callbacks);

#endif
