// SPDX-License-Identifier: GPL-2.0
/* Weak references, their callbacks, and containers of them. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fixture.h"

/* What callbacks were called with, in their order. */
struct calls {
	refheap_id weakref[64];
	refheap_id referent[64];
	int count;
};

static void note(struct refheap *session, refheap_id weakref,
		 refheap_id referent, void *arg)
{
	struct calls *calls = arg;

	(void)session;
	assert_true(calls->count < 64);
	calls->weakref[calls->count] = weakref;
	calls->referent[calls->count++] = referent;
}

static refheap_id watch(struct refheap *session, refheap_id object,
			struct calls *calls)
{
	refheap_id weakref;

	ok(refheap_new_weakref_callback(session, object, note, calls,
					&weakref));
	return weakref;
}

static void one_without_callback_is_shared(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	refheap_id first, second, object;

	ok(refheap_new_weakref(f->session, list, &first));
	ok(refheap_new_weakref(f->session, list, &second));
	assert_true(first == second);
	assert_int_equal(refheap_kind_of(f->session, first),
			 REFHEAP_KIND_WEAKREF);
	assert_int_equal(refheap_weakref_count(f->session, list), 1);
	assert_int_equal(refheap_refcount(f->session, list), 1);

	assert_int_equal(refheap_deref(f->session, first, &object), 1);
	assert_true(object == list);
	assert_int_equal(refheap_refcount(f->session, list), 2);
	ok(refheap_drop(f->session, object));
	ok(refheap_drop(f->session, list));
	object = 99;
	assert_int_equal(refheap_deref(f->session, first, &object), 0);
	assert_true(object == 99);
	fails(refheap_deref(f->session, new_list(f->session), &object),
	      EOPNOTSUPP);
}

static void what_cannot_have_one(void **state)
{
	struct fixture *f = *state;
	refheap_id tuple, set, weakref;

	fails(refheap_new_weakref(f->session, new_int(f->session, 5),
				  &weakref), EOPNOTSUPP);
	fails(refheap_new_weakref(f->session, new_str(f->session, "text"),
				  &weakref), EOPNOTSUPP);
	ok(refheap_new_tuple(f->session, NULL, 0, &tuple));
	fails(refheap_new_weakref(f->session, tuple, &weakref), EOPNOTSUPP);
	fails(refheap_new_weakref_callback(f->session, tuple, note, NULL,
					   &weakref), EOPNOTSUPP);
	ok(refheap_new_set(f->session, NULL, 0, &set));
	ok(refheap_new_weakref(f->session, set, &weakref));
	fails(refheap_new_weakref(f->session, REFHEAP_ID(77777, 3), &weakref),
	      ENOENT);
}

static void callbacks_come_newest_first(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };
	refheap_id weakref[3];

	for (int i = 0; i < 3; i++)
		weakref[i] = watch(f->session, list, &calls);
	assert_int_equal(refheap_weakref_count(f->session, list), 3);
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	ok(refheap_drop(f->session, list));
	assert_int_equal(calls.count, 0);
	assert_int_equal(refheap_dispatch(f->session, 1000, 0), 3);
	for (int i = 0; i < 3; i++) {
		assert_true(calls.weakref[i] == weakref[2 - i]);
		assert_true(calls.referent[i] == list);
	}
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);

	/* The references that came with the events have been given back. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(refheap_refcount(f->session, weakref[i]), 1);
		ok(refheap_drop(f->session, weakref[i]));
	}
	assert_int_equal(alive(f), f->births);
}

static void no_callback_of_a_dead_weakref(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };

	ok(refheap_drop(f->session, watch(f->session, list, &calls)));
	assert_int_equal(refheap_weakref_count(f->session, list), 0);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(calls.count, 0);
}

static void disarming(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };
	refheap_id weakref = watch(f->session, list, &calls);
	refheap_id object;

	assert_int_equal(refheap_disarm(f->session, weakref), 1);
	assert_int_equal(refheap_disarm(f->session, weakref), 0);
	assert_int_equal(refheap_deref(f->session, weakref, &object), 1);
	ok(refheap_drop(f->session, object));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	fails(refheap_disarm(f->session, new_list(f->session)), EOPNOTSUPP);
}

/* Records of weak references that died first go, too. */
static void many_that_die_first(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };
	refheap_id kept = watch(f->session, list, &calls);

	for (int i = 0; i < 1000; i++)
		ok(refheap_drop(f->session, watch(f->session, list, &calls)));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_true(calls.weakref[0] == kept);
}

static void the_descriptor_tells(void **state)
{
	struct fixture *f = *state;
	struct pollfd poll_fd = {
		.fd = refheap_fd(f->session), .events = POLLIN,
	};
	struct calls calls = { .count = 0 };
	refheap_id lists[3];

	for (int i = 0; i < 3; i++) {
		lists[i] = new_list(f->session);
		watch(f->session, lists[i], &calls);
	}
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	ok(refheap_drop_many(f->session, lists, 3));
	assert_int_equal(poll(&poll_fd, 1, 1000), 1);
	assert_int_equal(poll_fd.revents, POLLIN);
	/* What is not dispatched can still be polled for. */
	assert_int_equal(refheap_dispatch(f->session, 0, 2), 2);
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_int_equal(refheap_dispatch(f->session, 0, 2), 1);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	assert_int_equal(calls.count, 3);
}

static void dispatch_again(struct refheap *session, refheap_id weakref,
			   refheap_id referent, void *arg)
{
	note(session, weakref, referent, arg);
	refheap_dispatch(session, 0, 0);
	ok(refheap_drop(session, weakref));
}

static void callbacks_may_dispatch(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };
	refheap_id weakref;

	for (int i = 0; i < 40; i++) {
		refheap_id list = new_list(f->session);

		ok(refheap_new_weakref_callback(f->session, list,
						dispatch_again, &calls,
						&weakref));
		ok(refheap_drop(f->session, list));
	}
	assert_true(refheap_dispatch(f->session, 0, 0) >= 1);
	assert_int_equal(calls.count, 40);
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(alive(f), f->births);
}

static void close_other(struct refheap *session, refheap_id weakref,
			refheap_id referent, void *arg)
{
	struct refheap **other = arg;

	(void)weakref;
	(void)referent;
	(void)session;
	refheap_close(*other);
	*other = NULL;
}

static void callbacks_may_close_others(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	refheap_id list = new_list(other);
	refheap_id weakref;

	ok(refheap_new_weakref_callback(f->session, list, close_other, &other,
					&weakref));
	ok(refheap_drop(other, list));
	assert_int_equal(refheap_dispatch(f->session, 1000, 0), 1);
	assert_null(other);
}

static void *dispatch_thread(void *session)
{
	int sum = 0;
	int ran;

	while ((ran = refheap_dispatch(session, 200, 7)) > 0)
		sum += ran;
	assert_int_equal(ran, 0);
	return (void *)(intptr_t)sum;
}

static void count_atomically(struct refheap *session, refheap_id weakref,
			     refheap_id referent, void *arg)
{
	(void)session;
	(void)weakref;
	(void)referent;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static void threads_share_events(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[3];
	refheap_id weakref;
	int called = 0;
	int ran = 0;

	for (int i = 0; i < 3; i++)
		ok(pthread_create(&threads[i], NULL, dispatch_thread,
				  f->session));
	for (int i = 0; i < 500; i++) {
		refheap_id list = new_list(f->session);

		ok(refheap_new_weakref_callback(f->session, list,
						count_atomically, &called,
						&weakref));
		ok(refheap_drop(f->session, list));
	}
	for (int i = 0; i < 3; i++) {
		void *sum;

		ok(pthread_join(threads[i], &sum));
		ran += (int)(intptr_t)sum;
	}
	assert_int_equal(ran, 500);
	assert_int_equal(called, 500);
}

/* In a cycle only those that can be reached from outside are called. */
static void callbacks_in_collections(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };
	refheap_id outside = watch(f->session, list, &calls);
	refheap_id inside = watch(f->session, list, &calls);

	ok(refheap_append(f->session, list, list));
	ok(refheap_append(f->session, list, inside));
	ok(refheap_drop(f->session, inside));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 2);
	assert_int_equal(calls.count, 1);
	assert_true(calls.weakref[0] == outside);
	assert_int_equal(refheap_weakref_count(f->session, outside), 0);
}

static void listing_in_pieces(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct calls calls = { .count = 0 };
	refheap_id made[5], shared, got[2], seen[6];
	refheap_id after = 0;
	int n = 0;
	int some;

	for (int i = 0; i < 5; i++)
		made[i] = watch(f->session, list, &calls);
	ok(refheap_new_weakref(f->session, list, &shared));
	while ((some = refheap_weakrefs(f->session, list, after, got, 2)) > 0) {
		for (int i = 0; i < some; i++)
			seen[n++] = got[i];
		after = got[some - 1];
	}
	assert_int_equal(some, 0);
	assert_int_equal(n, 6);
	assert_true(seen[0] == shared);
	for (int i = 0; i < 5; i++)
		assert_true(seen[i + 1] == made[4 - i]);
	ok(refheap_drop_many(f->session, seen, 6));
	fails(refheap_weakrefs(f->session, list, 0, got, 0), EINVAL);
	fails(refheap_weakrefs(f->session, list, 0, got, 100000), EINVAL);
}

static void alive_without_asking(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, REFHEAP_ATTACH_RDONLY);
	refheap_id list = new_list(f->session);
	struct refheap_weak weak;
	refheap_id weakref;

	ok(refheap_new_weakref(f->session, list, &weakref));
	ok(refheap_weakref_get(f->session, weakref, &weak));
	assert_true(weak.referent == list);
	fails(refheap_weakref_get(f->session, list, &weak), EOPNOTSUPP);
	assert_int_equal(refheap_alive(f->session, list), 1);
	assert_int_equal(refheap_alive(other, list), 1);
	assert_int_equal(refheap_weakref_alive(f->session, &weak), 1);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_alive(f->session, list), 0);
	assert_int_equal(refheap_alive(other, list), 0);
	assert_int_equal(refheap_weakref_alive(f->session, &weak), 0);
	ok(refheap_weakref_get(f->session, weakref, &weak));
	assert_true(weak.referent == 0);
	assert_int_equal(refheap_weakref_alive(f->session, &weak), 0);
	assert_int_equal(refheap_alive(f->session, REFHEAP_ID_ROOT), 1);
	assert_int_equal(refheap_alive(f->session, 0), 0);
	assert_int_equal(refheap_alive(f->session, REFHEAP_ID(50000000, 1)), 0);
	refheap_close(other);
}

static void dead_when_the_heap_is_removed(void **state)
{
	struct fixture *f = *state;
	refheap_auto_close struct refheap *session = NULL;
	refheap_id list;

	ok(refheap_open("test.weakref.removed", REFHEAP_ATTACH_CREATE,
			&session));
	list = new_list(session);
	assert_int_equal(refheap_alive(session, list), 1);
	ok(refheap_heap_remove(f->ctl, refheap_heap(session)));
	assert_int_equal(refheap_alive(session, list), 0);
	assert_int_equal(refheap_alive(session, REFHEAP_ID_ROOT), 0);
}

static void *make_and_kill(void *data)
{
	struct fixture *f = data;

	for (int i = 0; i < 2000; i++) {
		refheap_id lists[3];

		for (int j = 0; j < 3; j++) {
			lists[j] = new_list(f->session);
			assert_int_equal(refheap_alive(f->session, lists[j]),
					 1);
		}
		ok(refheap_drop_many(f->session, lists, 3));
		for (int j = 0; j < 3; j++)
			assert_int_equal(refheap_alive(f->session, lists[j]),
					 0);
	}
	return NULL;
}

static void alive_in_threads(void **state)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ok(pthread_create(&threads[i], NULL, make_and_kill, *state));
	for (int i = 0; i < 3; i++)
		ok(pthread_join(threads[i], NULL));
}

static void entries_go_with_values(void **state)
{
	struct fixture *f = *state;
	refheap_id dict, list = new_list(f->session), value;

	ok(refheap_new_weak_value_dict(f->session, &dict));
	assert_int_equal(refheap_kind_of(f->session, dict),
			 REFHEAP_KIND_WEAK_VALUE_DICT);
	ok(refheap_set_key_str(f->session, dict, "key", list));
	assert_int_equal(refheap_refcount(f->session, list), 1);
	ok(refheap_get_key_str(f->session, dict, "key", &value));
	assert_true(value == list);
	ok(refheap_drop(f->session, value));
	fails(refheap_set_key_str(f->session, dict, "int",
				  new_int(f->session, 7)), EOPNOTSUPP);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_len(f->session, dict), 0);
	fails(refheap_get_key_str(f->session, dict, "key", &value), ENOKEY);
}

/* A value that refers to its key does not keep it alive. */
static void ephemerons(void **state)
{
	struct fixture *f = *state;
	refheap_id dict, key = 0, value = new_list(f->session);
	uint32_t type;
	const struct refheap_type_def node = {
		.name = "Node", .flags = REFHEAP_TYPE_DICT,
	};

	ok(refheap_type_define(f->session, &node, &type));
	ok(refheap_new_instance(f->session, type, &key));
	ok(refheap_new_weak_key_dict(f->session, &dict));
	ok(refheap_set_key(f->session, dict, key, value));
	ok(refheap_append(f->session, value, key));
	ok(refheap_drop(f->session, value));
	assert_int_equal(refheap_len(f->session, dict), 1);
	ok(refheap_drop(f->session, key));
	refheap_collect(f->session, 2, NULL);
	assert_int_equal(refheap_len(f->session, dict), 0);
	assert_int_equal(refheap_alive(f->session, key), 0);
	assert_int_equal(refheap_alive(f->session, value), 0);
}

static void members_go(void **state)
{
	struct fixture *f = *state;
	refheap_id set, member;
	uint32_t type;
	const struct refheap_type_def node = { .name = "Node" };

	ok(refheap_type_define(f->session, &node, &type));
	ok(refheap_new_instance(f->session, type, &member));
	ok(refheap_new_weak_set(f->session, &set));
	assert_int_equal(refheap_add(f->session, set, member), 1);
	assert_int_equal(refheap_contains(f->session, set, member), 1);
	assert_int_equal(refheap_len(f->session, set), 1);
	ok(refheap_drop(f->session, member));
	assert_int_equal(refheap_len(f->session, set), 0);
}

static void in_batches(void **state)
{
	struct fixture *f = *state;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	struct refheap_event event;
	int list, weakref, object, weak, count;
	size_t length;
	refheap_id made;

	ok(refheap_batch_alloc(&batch));
	list = refheap_batch_new_list(batch, NULL, 0);
	weakref = refheap_batch_new_weakref(batch, REFHEAP_ID_RESULT(list));
	object = refheap_batch_deref(batch, REFHEAP_ID_RESULT(weakref));
	weak = refheap_batch_new_weakref_cookie(batch, REFHEAP_ID_RESULT(list),
						4711, 0);
	count = refheap_batch_weakrefs(batch, REFHEAP_ID_RESULT(list), 0, 8);
	refheap_batch_new_weak_set(batch);
	refheap_batch_new_weak_key_dict(batch);
	refheap_batch_new_weak_value_dict(batch);
	ok(refheap_batch_submit(batch, f->session, 0));
	made = refheap_batch_value(batch, (size_t)list);
	assert_true(refheap_batch_value(batch, (size_t)object) == made);
	assert_int_equal(refheap_batch_info(batch, (size_t)count), 2);
	assert_non_null(refheap_batch_output(batch, (size_t)count, &length));
	assert_int_equal(length, 2 * sizeof(refheap_id));

	/* The event is nobody's but who reads it. */
	ok(refheap_take(f->session, refheap_batch_value(batch, (size_t)weak)));
	ok(refheap_batch_undo(batch, f->session));
	assert_int_equal(refheap_alive(f->session, made), 0);
	assert_int_equal(refheap_read_events(f->session, &event, 1, 1000), 1);
	assert_int_equal(event.type, REFHEAP_EVENT_WEAKREF);
	assert_int_equal(event.value, 4711);
	assert_true(event.referent == made);
	assert_int_equal(refheap_run_event(f->session, &event), 0);
	ok(refheap_drop(f->session, event.object));
	ok(refheap_drop(f->session, event.object));
	assert_int_equal(alive(f), f->births);
}

/* What nothing is registered for waits, in its order. */
static void events_are_set_aside(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };
	struct refheap_event events[4];
	refheap_id list = new_list(f->session), ours, raw;

	ok(refheap_new_weakref_cookie(f->session, list, 1, 0, &raw));
	ours = watch(f->session, list, &calls);
	ok(refheap_new_weakref_cookie(f->session, list, 2, 0, &raw));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_true(calls.weakref[0] == ours);
	assert_int_equal(refheap_read_events(f->session, events, 4, 0), 2);
	assert_int_equal(events[0].value, 2);
	assert_int_equal(events[1].value, 1);
}

static void count_events(struct refheap *session,
			 const struct refheap_event *event, void *data)
{
	(void)session;
	(void)event;
	++*(int *)data;
}

static void handlers_of_events(void **state)
{
	struct fixture *f = *state;
	struct refheap_event event;
	refheap_id list = new_list(f->session), raw;
	int seen = 0;

	fails(refheap_on_event(f->session, 0, count_events, &seen), EINVAL);
	fails(refheap_on_event(f->session, 1U << 9, count_events, &seen),
	      EINVAL);
	ok(refheap_new_weakref_cookie(f->session, list, 5, 0, &raw));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	ok(refheap_on_event(f->session, REFHEAP_EVENT_WEAKREF |
			    REFHEAP_EVENT_GC_STOP, count_events, &seen));
	/* Those that waited, and those to come. */
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_int_equal(refheap_refcount(f->session, raw), 1);
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(seen, 2);
	ok(refheap_on_event(f->session, REFHEAP_EVENT_GC_STOP, NULL, NULL));
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(refheap_read_events(f->session, &event, 1, 0), 0);
}

#define COLLECTIONS	200	/* in four seconds */

/* Somebody who collects again and again. */
struct collecting {
	struct refheap *session;
	_Atomic int count;
	_Atomic bool over;
};

static void *collect_often(void *data)
{
	struct collecting *collecting = data;

	while (collecting->count < COLLECTIONS && !collecting->over) {
		usleep(20000);
		refheap_collect(collecting->session, 0, NULL);
		collecting->count++;
	}
	return NULL;
}

/* Each of them comes before the time is up. */
static void unwanted_events_prolong_nothing(void **state)
{
	struct fixture *f = *state;
	struct collecting collecting = { .session = another_session(f, 0) };
	pthread_t thread;

	ok(refheap_subscribe_events(f->session, REFHEAP_EVENT_GC_STOP));
	ok(pthread_create(&thread, NULL, collect_often, &collecting));
	assert_int_equal(refheap_dispatch(f->session, 200, 0), 0);
	assert_in_range(collecting.count, 1, COLLECTIONS - 1);
	collecting.over = true;
	ok(pthread_join(thread, NULL));
	refheap_close(collecting.session);
}

/* Without anything registered a collection leaves events where they are. */
static void collecting_reads_nothing(void **state)
{
	struct fixture *f = *state;
	struct pollfd poll_fd = {
		.fd = refheap_fd(f->session), .events = POLLIN,
	};

	ok(refheap_subscribe_events(f->session, REFHEAP_EVENT_GC_STOP));
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(one_without_callback_is_shared),
		heap_test(what_cannot_have_one),
		heap_test(callbacks_come_newest_first),
		heap_test(no_callback_of_a_dead_weakref),
		heap_test(disarming),
		heap_test(many_that_die_first),
		heap_test(the_descriptor_tells),
		heap_test(callbacks_may_dispatch),
		heap_test(callbacks_may_close_others),
		heap_test(threads_share_events),
		heap_test(callbacks_in_collections),
		heap_test(listing_in_pieces),
		heap_test(alive_without_asking),
		heap_test(dead_when_the_heap_is_removed),
		heap_test(alive_in_threads),
		heap_test(entries_go_with_values),
		heap_test(ephemerons),
		heap_test(members_go),
		heap_test(in_batches),
		heap_test(events_are_set_aside),
		heap_test(handlers_of_events),
		heap_test(unwanted_events_prolong_nothing),
		heap_test(collecting_reads_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
