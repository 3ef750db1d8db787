// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is to be called when something happens. A record of a weak reference
 * ends with its event. Weak references that died before their referents have
 * none, so that now and then the table is swept for those: it is never more
 * than twice as large as what is alive, and a little.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "calls.h"

#define FIRST_BUCKETS	16
#define FIRST_SWEEP	64
#define LIST_TRIES	8	/* when the list may have missed something */

/* Queues. */

int rh_queue_reserve(struct rh_queue *queue, size_t count)
{
	size_t room = queue->room ? queue->room : 16;
	struct refheap_event *events;

	if (count <= queue->room)
		return 0;
	while (room < count)
		room *= 2;
	events = malloc(room * sizeof(*events));
	if (!events)
		return -ENOMEM;
	for (size_t i = 0; i < queue->count; i++)
		events[i] = queue->events[(queue->first + i) &
					  (queue->room - 1)];
	free(queue->events);
	queue->events = events;
	queue->first = 0;
	queue->room = room;
	return 0;
}

void rh_queue_put(struct rh_queue *queue, const struct refheap_event *event)
{
	queue->events[(queue->first + queue->count++) & (queue->room - 1)] =
		*event;
}

void rh_queue_put_first(struct rh_queue *queue,
			const struct refheap_event *event)
{
	queue->first = (queue->first - 1) & (queue->room - 1);
	queue->events[queue->first] = *event;
	queue->count++;
}

bool rh_queue_get(struct rh_queue *queue, struct refheap_event *event)
{
	if (!queue->count)
		return false;
	*event = queue->events[queue->first];
	queue->first = (queue->first + 1) & (queue->room - 1);
	queue->count--;
	return true;
}

/* Those that were set aside are older than those that were not looked at. */
void rh_reconsider_events(struct rh_callbacks *callbacks)
{
	struct rh_queue *aside = &callbacks->aside;

	while (aside->count) {
		size_t last = aside->first + --aside->count;

		rh_queue_put_first(&callbacks->ready,
				   &aside->events[last & (aside->room - 1)]);
	}
	callbacks->aside_lossy = 0;
}

void rh_callbacks_init(struct rh_callbacks *callbacks)
{
	pthread_mutex_init(&callbacks->lock, NULL);
	TAILQ_INIT(&callbacks->at_exit);
	callbacks->sweep_at = FIRST_SWEEP;
}

void rh_callbacks_end(struct rh_callbacks *callbacks)
{
	for (size_t i = 0; i < callbacks->bucket_count; i++) {
		struct rh_record *record;

		while ((record = callbacks->buckets[i])) {
			callbacks->buckets[i] = record->next;
			free(record);
		}
	}
	free(callbacks->buckets);
	free(callbacks->finalizers);
	free(callbacks->bases);
	free(callbacks->ready.events);
	free(callbacks->aside.events);
	pthread_mutex_destroy(&callbacks->lock);
}

bool rh_has_callbacks(struct refheap *session)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	bool any;

	pthread_mutex_lock(&callbacks->lock);
	any = callbacks->records || callbacks->finalizer_count;
	for (size_t i = 0; !any && i < RH_EVENT_TYPES; i++)
		any = callbacks->handlers[i].fn;
	pthread_mutex_unlock(&callbacks->lock);
	return any;
}

/* Records. Cookies are counted, so that their low bits spread well. */

static struct rh_record **bucket(struct rh_callbacks *callbacks,
				 uint64_t cookie)
{
	return &callbacks->buckets[cookie & (callbacks->bucket_count - 1)];
}

static void insert(struct rh_callbacks *callbacks, struct rh_record *record)
{
	struct rh_record **head = bucket(callbacks, record->cookie);

	record->next = *head;
	*head = record;
}

static struct rh_record **find(struct rh_callbacks *callbacks, uint64_t cookie)
{
	struct rh_record **at;

	if (!callbacks->bucket_count)
		return NULL;
	for (at = bucket(callbacks, cookie); *at; at = &(*at)->next)
		if ((*at)->cookie == cookie)
			return at;
	return NULL;
}

static struct rh_record *take_out(struct rh_callbacks *callbacks,
				  struct rh_record **at)
{
	struct rh_record *record = *at;

	*at = record->next;
	callbacks->records--;
	if (record->atexit)
		TAILQ_REMOVE(&callbacks->at_exit, record, made);
	return record;
}

/*
 * The event of a weak reference that is dead has been read, or never comes.
 * Those of refheap_finalize() live as long as their records.
 */
static bool never_called(struct refheap *session,
			 const struct rh_record *record)
{
	return record->callback && record->weakref &&
	       refheap_alive(session, record->weakref) == 0;
}

static void sweep(struct refheap *session)
{
	struct rh_callbacks *callbacks = &session->callbacks;

	for (size_t i = 0; i < callbacks->bucket_count; i++) {
		struct rh_record **at = &callbacks->buckets[i];

		while (*at) {
			if (never_called(session, *at))
				free(take_out(callbacks, at));
			else
				at = &(*at)->next;
		}
	}
	callbacks->sweep_at = callbacks->records * 2;
	if (callbacks->sweep_at < FIRST_SWEEP)
		callbacks->sweep_at = FIRST_SWEEP;
}

static int grow(struct rh_callbacks *callbacks)
{
	size_t old_count = callbacks->bucket_count;
	struct rh_record **old = callbacks->buckets;
	size_t count = old_count ? old_count * 2 : FIRST_BUCKETS;
	struct rh_record **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	callbacks->buckets = buckets;
	callbacks->bucket_count = count;
	for (size_t i = 0; i < old_count; i++) {
		struct rh_record *record;

		while ((record = old[i])) {
			old[i] = record->next;
			insert(callbacks, record);
		}
	}
	free(old);
	return 0;
}

/* Counting takes years to come around; the cookies of those years are taken. */
static uint64_t new_cookie(struct rh_callbacks *callbacks)
{
	uint64_t cookie;

	do
		cookie = REFHEAP_COOKIE << 32 | ++callbacks->last_cookie;
	while (find(callbacks, cookie));
	return cookie;
}

static uint64_t add_locked(struct refheap *session, struct rh_record *record)
{
	struct rh_callbacks *callbacks = &session->callbacks;

	if (callbacks->records >= callbacks->sweep_at)
		sweep(session);
	if (callbacks->records >= callbacks->bucket_count && grow(callbacks))
		return 0;
	record->cookie = new_cookie(callbacks);
	record->pid = getpid();
	insert(callbacks, record);
	callbacks->records++;
	if (record->atexit)
		TAILQ_INSERT_TAIL(&callbacks->at_exit, record, made);
	return record->cookie;
}

uint64_t rh_add_record(struct refheap *session, const struct rh_record *record)
{
	struct rh_record *made = malloc(sizeof(*made));
	uint64_t cookie;

	if (!made)
		return 0;
	*made = *record;
	pthread_mutex_lock(&session->callbacks.lock);
	cookie = add_locked(session, made);
	pthread_mutex_unlock(&session->callbacks.lock);
	if (!cookie)
		free(made);
	return cookie;
}

/* Another thread may have dispatched its event already. */
void rh_complete_record(struct refheap *session, uint64_t cookie,
			refheap_id weakref)
{
	struct rh_record **at;

	pthread_mutex_lock(&session->callbacks.lock);
	at = find(&session->callbacks, cookie);
	if (at)
		(*at)->weakref = weakref;
	pthread_mutex_unlock(&session->callbacks.lock);
}

struct rh_record *rh_take_record(struct refheap *session, uint64_t cookie)
{
	struct rh_record *record = NULL;
	struct rh_record **at;

	pthread_mutex_lock(&session->callbacks.lock);
	at = find(&session->callbacks, cookie);
	if (at)
		record = take_out(&session->callbacks, at);
	pthread_mutex_unlock(&session->callbacks.lock);
	return record;
}

refheap_id rh_record_weakref(struct refheap *session, uint64_t cookie)
{
	refheap_id weakref = 0;
	struct rh_record **at;

	pthread_mutex_lock(&session->callbacks.lock);
	at = find(&session->callbacks, cookie);
	if (at)
		weakref = (*at)->weakref;
	pthread_mutex_unlock(&session->callbacks.lock);
	return weakref;
}

static struct rh_record *last_at_exit(struct refheap *session)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	struct rh_record *record;

	pthread_mutex_lock(&callbacks->lock);
	record = TAILQ_LAST(&callbacks->at_exit, rh_at_exit);
	if (record)
		take_out(callbacks, find(callbacks, record->cookie));
	pthread_mutex_unlock(&callbacks->lock);
	return record;
}

/* A child that shares the session ends nothing of its parent's. */
void rh_run_at_exit(struct refheap *session)
{
	struct rh_record *record;

	while ((record = last_at_exit(session))) {
		if (record->pid == getpid()) {
			refheap_disarm(session, record->weakref);
			record->finalize(session, record->arg);
		}
		free(record);
	}
}

/* Types. */

/* Whether it is known, and if so the base. The lock is held. */
static bool known_base(struct rh_callbacks *callbacks, uint32_t type,
		       uint32_t *base)
{
	for (size_t i = 0; i < callbacks->base_count; i++)
		if (callbacks->bases[i].type == type) {
			*base = callbacks->bases[i].base;
			return true;
		}
	return false;
}

static void learn_base(struct rh_callbacks *callbacks, uint32_t type,
		       uint32_t base)
{
	struct rh_base *bases;
	uint32_t known;

	if (known_base(callbacks, type, &known))
		return;
	bases = realloc(callbacks->bases,
			(callbacks->base_count + 1) * sizeof(*bases));
	if (!bases)
		return;
	bases[callbacks->base_count++] =
		(struct rh_base){ .type = type, .base = base };
	callbacks->bases = bases;
}

/* Return: what the end of the list gave. */
static int list_bases(struct refheap *session)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_type_info info;
	int got;

	got = refheap_iter_types(NULL, session->heap, &iter);
	if (got)
		return got;
	while ((got = refheap_next_type(iter, &info)) > 0) {
		pthread_mutex_lock(&callbacks->lock);
		if (info.type)
			learn_base(callbacks, info.type, info.base);
		pthread_mutex_unlock(&callbacks->lock);
	}
	return got;
}

/*
 * Types never change, but there may be more. One that cannot be found, for
 * want of the right to list them, has no base as far as is known here.
 */
static void learn_bases(struct refheap *session, uint32_t type)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	int tries = LIST_TRIES;

	while (list_bases(session) == -EINTR && --tries)
		;
	pthread_mutex_lock(&callbacks->lock);
	learn_base(callbacks, type, 0);
	pthread_mutex_unlock(&callbacks->lock);
}

static bool registered(struct rh_callbacks *callbacks, uint32_t type,
		       struct rh_finalizer *finalizer)
{
	for (size_t i = 0; i < callbacks->finalizer_count; i++)
		if (callbacks->finalizers[i].type == type) {
			*finalizer = callbacks->finalizers[i];
			return true;
		}
	return false;
}

/* The next type to look for: the base, or 0, which stands for any. */
static uint32_t base_of(struct refheap *session, uint32_t type)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	uint32_t base = 0;
	bool known;

	pthread_mutex_lock(&callbacks->lock);
	known = known_base(callbacks, type, &base);
	pthread_mutex_unlock(&callbacks->lock);
	if (known)
		return base;
	learn_bases(session, type);
	pthread_mutex_lock(&callbacks->lock);
	known_base(callbacks, type, &base);
	pthread_mutex_unlock(&callbacks->lock);
	return base;
}

bool rh_find_finalizer(struct refheap *session, uint32_t type,
		       struct rh_finalizer *finalizer)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	bool found;

	for (;;) {
		pthread_mutex_lock(&callbacks->lock);
		found = callbacks->finalizer_count &&
			registered(callbacks, type, finalizer);
		pthread_mutex_unlock(&callbacks->lock);
		if (found || !type || !callbacks->finalizer_count)
			return found;
		type = base_of(session, type);
	}
}
