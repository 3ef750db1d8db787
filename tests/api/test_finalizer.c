// SPDX-License-Identifier: GPL-2.0
/* Finalizers: of types, of orphans, and of single objects. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

static uint32_t make_type(struct refheap *session, const char *name,
			  uint32_t flags, uint32_t base)
{
	const struct refheap_type_def definition = {
		.name = name,
		.base = base,
		.flags = REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER | flags,
	};
	uint32_t type;

	ok(refheap_type_define(session, &definition, &type));
	return type;
}

static refheap_id new_instance(struct refheap *session, uint32_t type)
{
	refheap_id id;

	ok(refheap_new_instance(session, type, &id));
	return id;
}

struct finalized {
	refheap_id object[8];
	int count;
	refheap_id keep_in;	/* a list that brings objects back, or 0 */
};

static void note(struct refheap *session, refheap_id object, void *arg)
{
	struct finalized *finalized = arg;

	assert_true(finalized->count < 8);
	finalized->object[finalized->count++] = object;
	assert_int_equal(refheap_alive(session, object), 1);
	if (finalized->keep_in)
		ok(refheap_append(session, finalized->keep_in, object));
}

static void run_at_zero(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	struct finalized finalized = { .count = 0 };
	refheap_id file = new_instance(f->session, type);

	ok(refheap_on_finalize(f->session, type, note, &finalized));
	ok(refheap_drop(f->session, file));
	assert_int_equal(finalized.count, 0);
	assert_int_equal(refheap_dispatch(f->session, 1000, 0), 1);
	assert_int_equal(finalized.count, 1);
	assert_true(finalized.object[0] == file);
	assert_int_equal(refheap_alive(f->session, file), 0);
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(alive(f), f->births);
}

static void run_once(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	refheap_id kept = new_list(f->session);
	struct finalized finalized = { .count = 0, .keep_in = kept };
	refheap_id file = new_instance(f->session, type);
	struct refheap_info info;

	ok(refheap_on_finalize(f->session, type, note, &finalized));
	ok(refheap_drop(f->session, file));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	ok(refheap_inspect(f->session, file, &info));
	assert_true(info.flags & REFHEAP_INFO_FINALIZED);
	assert_int_equal(info.refcount, 1);
	assert_int_equal(info.held, 0);
	ok(refheap_clear(f->session, kept));
	assert_int_equal(refheap_alive(f->session, file), 0);
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(finalized.count, 1);
}

static refheap_id drop_file_cycle(struct refheap *session, uint32_t type)
{
	refheap_id file = new_instance(session, type);

	ok(refheap_set_attr(session, file, "me", file));
	ok(refheap_drop(session, file));
	return file;
}

static void collect_runs_them(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	struct finalized finalized = { .count = 0 };
	struct refheap_collection result;
	refheap_id file;

	ok(refheap_on_finalize(f->session, type, note, &finalized));
	file = drop_file_cycle(f->session, type);
	drop_cycle(f->session);
	ok(refheap_collect_result(f->session, 2, &result));
	assert_int_equal(finalized.count, 1);
	assert_true(finalized.object[0] == file);
	assert_int_equal(result.collected, 2);
	assert_int_equal(result.uncollectable, 0);
	assert_int_equal(result.pending, 0);
	assert_int_equal(alive(f), f->births);

	drop_file_cycle(f->session, type);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 1);
}

static void what_is_brought_back_is_not_counted(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	refheap_id kept = new_list(f->session);
	struct finalized finalized = { .count = 0, .keep_in = kept };
	refheap_id file;

	ok(refheap_on_finalize(f->session, type, note, &finalized));
	file = drop_file_cycle(f->session, type);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 0);
	assert_int_equal(refheap_alive(f->session, file), 1);
	ok(refheap_clear(f->session, kept));
	assert_int_equal(refheap_collect(f->session, 2, NULL), 1);
	assert_int_equal(finalized.count, 1);
}

static void collect_inside(struct refheap *session, refheap_id object,
			   void *arg)
{
	(void)object;
	*(int64_t *)arg = refheap_collect(session, 2, NULL);
}

static void a_finalizer_may_ask_for_collection(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	int64_t inside = 99;

	ok(refheap_on_finalize(f->session, type, collect_inside, &inside));
	drop_file_cycle(f->session, type);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 1);
	assert_int_equal(inside, 0);
}

static void derived_types(void **state)
{
	struct fixture *f = *state;
	uint32_t base = make_type(f->session, "File", 0, 0);
	uint32_t derived = make_type(f->session, "Socket", 0, base);
	struct finalized of_base = { .count = 0 }, of_any = { .count = 0 };
	uint32_t other;

	ok(refheap_on_finalize(f->session, base, note, &of_base));
	ok(refheap_on_finalize(f->session, 0, note, &of_any));
	ok(refheap_drop(f->session, new_instance(f->session, derived)));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_int_equal(of_base.count, 1);
	other = make_type(f->session, "Other", 0, 0);
	ok(refheap_drop(f->session, new_instance(f->session, other)));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_int_equal(of_any.count, 1);
}

/* Nothing is lost when the finalizer is registered late, or by hand. */
static void late_and_raw(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "File", 0, 0);
	struct finalized finalized = { .count = 0 };
	struct refheap_event event;
	refheap_id file = new_instance(f->session, type);

	ok(refheap_drop(f->session, file));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(refheap_alive(f->session, file), 1);
	ok(refheap_on_finalize(f->session, type, note, &finalized));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_int_equal(finalized.count, 1);
	assert_int_equal(refheap_alive(f->session, file), 0);

	ok(refheap_on_finalize(f->session, type, NULL, NULL));
	file = new_instance(f->session, type);
	ok(refheap_drop(f->session, file));
	assert_int_equal(refheap_read_events(f->session, &event, 1, 1000), 1);
	assert_int_equal(event.type, REFHEAP_EVENT_FINALIZE);
	assert_int_equal(event.value, type);
	assert_true(event.object == file);
	assert_int_equal(refheap_run_event(f->session, &event), 0);
	ok(refheap_finalized(f->session, file));
	assert_int_equal(refheap_alive(f->session, file), 0);
	fails(refheap_finalized(f->session, new_list(f->session)), ENOTUNIQ);
}

static void legacy_ones_keep_their_cycle(void **state)
{
	struct fixture *f = *state;
	uint32_t type = make_type(f->session, "Old", REFHEAP_TYPE_LEGACY, 0);
	struct finalized finalized = { .count = 0 };
	uint64_t uncollectable;
	refheap_id old;

	ok(refheap_on_finalize(f->session, type, note, &finalized));
	old = drop_file_cycle(f->session, type);
	assert_int_equal(refheap_collect(f->session, 2, &uncollectable), 1);
	assert_int_equal(uncollectable, 1);
	assert_int_equal(finalized.count, 0);
	assert_int_equal(refheap_alive(f->session, old), 1);
	ok(refheap_del_attr(f->session, old, "me"));
	assert_int_equal(refheap_clear_garbage(f->session), 1);
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 1);
	assert_int_equal(finalized.count, 1);
	assert_int_equal(refheap_alive(f->session, old), 0);
}

struct orphan {
	const char *heap;
	uint32_t type;
};

/* Ends by being killed, with what it has made. */
static void make_orphan(void *data)
{
	struct orphan *orphan = data;
	struct refheap *session;
	refheap_id id;

	if (refheap_open(orphan->heap, 0, &session) ||
	    refheap_new_instance(session, orphan->type, &id))
		_exit(1);
	raise(SIGKILL);
}

static void orphans_are_adopted(void **state)
{
	struct fixture *f = *state;
	struct finalized finalized = { .count = 0 };
	struct orphan orphan = { .heap = refheap_name(f->session) };
	uint32_t type = make_type(f->session, "File", 0, 0);

	orphan.type = type;
	ok(refheap_adopt(f->session, true));
	ok(refheap_on_finalize(f->session, type, note, &finalized));
	assert_int_equal(in_child(make_orphan, &orphan), 128 + SIGKILL);
	assert_int_equal(refheap_dispatch(f->session, 2000, 0), 1);
	assert_int_equal(finalized.count, 1);
	eventually(alive(f) == f->births);
}

static void orphans_of_nobody_are_skipped(void **state)
{
	struct fixture *f = *state;
	struct orphan orphan = { .heap = refheap_name(f->session) };
	struct refheap_gc_info info;

	orphan.type = make_type(f->session, "File", 0, 0);
	assert_int_equal(in_child(make_orphan, &orphan), 128 + SIGKILL);
	eventually(alive(f) == f->births);
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	assert_int_equal(info.skipped, 1);
	assert_int_equal(info.finalized, 0);
	assert_int_equal(info.pending, 0);
}

/* Pending ones of others do not hold anybody up, and show. */
static void pending_ones_of_others(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	uint32_t type = make_type(f->session, "File", 0, 0);
	struct refheap_collection result;
	struct refheap_event event;

	drop_file_cycle(other, type);
	ok(refheap_collect_result(f->session, 2, &result));
	assert_int_equal(result.collected, 0);
	assert_int_equal(result.pending, 1);
	assert_int_equal(refheap_read_events(other, &event, 1, 1000), 1);
	ok(refheap_finalized(other, event.object));
	ok(refheap_collect_finish(f->session, &result));
	assert_int_equal(result.collected, 1);
	assert_int_equal(result.pending, 0);
	refheap_close(other);
}

/* weakref.finalize */

static void append(struct refheap *session, void *arg)
{
	char **end = arg;

	(void)session;
	*(*end)++ = 'x';
}

static void finalize_is_called_at_death(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), object;
	char calls[8] = "", *end = calls;
	refheap_finalizer finalizer;

	ok(refheap_finalize(f->session, list, append, &end, 0, &finalizer));
	assert_true(refheap_finalize_alive(f->session, finalizer));
	assert_int_equal(refheap_finalize_peek(f->session, finalizer, &object),
			 1);
	assert_true(object == list);
	ok(refheap_drop(f->session, object));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 1000, 0), 1);
	assert_string_equal(calls, "x");
	assert_false(refheap_finalize_alive(f->session, finalizer));
	assert_int_equal(refheap_finalize_peek(f->session, finalizer, &object),
			 0);
	assert_int_equal(refheap_finalize_call(f->session, finalizer), 0);
	assert_int_equal(alive(f), f->births);
	fails(refheap_finalize(f->session, new_int(f->session, 5), append, &end,
			       0, NULL), EOPNOTSUPP);
	fails(refheap_finalize(f->session, list, append, &end, 8, NULL),
	      EINVAL);
}

static void finalize_is_called_once(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	char calls[8] = "", *end = calls;
	refheap_finalizer called, detached;

	ok(refheap_finalize(f->session, list, append, &end, 0, &called));
	ok(refheap_finalize(f->session, list, append, &end, 0, &detached));
	assert_int_equal(refheap_finalize_call(f->session, called), 1);
	assert_int_equal(refheap_finalize_call(f->session, called), 0);
	assert_int_equal(refheap_finalize_detach(f->session, detached), 1);
	assert_int_equal(refheap_finalize_detach(f->session, detached), 0);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_string_equal(calls, "x");
	assert_int_equal(alive(f), f->births);
}

/* The event is on its way when it is called by hand. */
static void finalize_called_late(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	char calls[8] = "", *end = calls;
	refheap_finalizer finalizer;

	ok(refheap_finalize(f->session, list, append, &end, 0, &finalizer));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_finalize_call(f->session, finalizer), 1);
	refheap_dispatch(f->session, 0, 0);
	assert_string_equal(calls, "x");
	assert_int_equal(alive(f), f->births);
}

static void finalize_outlives_frames(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	char calls[8] = "", *end = calls;

	for (int i = 0; i < 2; i++) {
		REFHEAP_FRAME(f->session);
		REFHEAP_FRAME(f->session);
		ok(refheap_finalize(f->session, list, append, &end, 0, NULL));
	}
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 2);
	assert_string_equal(calls, "xx");
}

struct named {
	char **end;
	char name;
};

static void append_name(struct refheap *session, void *arg)
{
	struct named *named = arg;

	/* The session can still be used. */
	assert_int_equal(refheap_alive(session, REFHEAP_ID_ROOT), 1);
	*(*named->end)++ = named->name;
}

static void finalize_at_exit(void **state)
{
	struct fixture *f = *state;
	struct refheap *session = another_session(f, 0);
	refheap_id list = new_list(session), other = new_list(session);
	char calls[8] = "", *end = calls;
	struct named named[] = { { &end, 'a' }, { &end, 'b' }, { &end, 'c' },
				 { &end, 'd' } };

	ok(refheap_finalize(session, list, append_name, &named[0],
			    REFHEAP_FINALIZE_ATEXIT, NULL));
	ok(refheap_finalize(session, list, append_name, &named[1], 0, NULL));
	ok(refheap_finalize(session, list, append_name, &named[2],
			    REFHEAP_FINALIZE_ATEXIT, NULL));
	ok(refheap_finalize(session, other, append_name, &named[3],
			    REFHEAP_FINALIZE_ATEXIT, NULL));
	ok(refheap_drop(session, other));
	assert_int_equal(refheap_dispatch(session, 0, 0), 1);
	refheap_close(session);
	assert_string_equal(calls, "dca");
}

static void close_shared(void *session)
{
	refheap_close(session);
}

/* A child that shares the session runs nothing and takes nothing away. */
static void at_exit_of_a_child(void **state)
{
	struct fixture *f = *state;
	struct refheap *session = another_session(f, 0);
	refheap_id list = new_list(session);
	char calls[8] = "", *end = calls;

	ok(refheap_finalize(session, list, append, &end,
			    REFHEAP_FINALIZE_ATEXIT, NULL));
	assert_int_equal(in_child(close_shared, session), 0);
	assert_string_equal(calls, "");
	refheap_close(session);
	assert_string_equal(calls, "x");
}

static void finalize_and_die(void *data)
{
	struct orphan *orphan = data;
	struct refheap *session;
	refheap_id id;

	if (refheap_open(orphan->heap, 0, &session) ||
	    refheap_get_name(session, "shared", &id) ||
	    refheap_finalize(session, id, append, NULL,
			     REFHEAP_FINALIZE_ATEXIT, NULL))
		_exit(1);
	raise(SIGKILL);
}

static void keep_event(struct refheap *session,
		       const struct refheap_event *event, void *data)
{
	(void)session;
	*(struct refheap_event *)data = *event;
}

/* Who adopts gets the event, which is no callback of its own. */
static void at_exit_of_the_killed(void **state)
{
	struct fixture *f = *state;
	struct orphan orphan = { .heap = refheap_name(f->session) };
	struct refheap_event event = { .type = 0 };
	refheap_id list = new_list(f->session);

	ok(refheap_set_name(f->session, "shared", list));
	ok(refheap_adopt(f->session, true));
	ok(refheap_on_event(f->session, REFHEAP_EVENT_WEAKREF, keep_event,
			    &event));
	assert_int_equal(in_child(finalize_and_die, &orphan), 128 + SIGKILL);
	assert_int_equal(refheap_dispatch(f->session, 2000, 0), 1);
	assert_int_equal(event.type, REFHEAP_EVENT_WEAKREF);
	assert_true(event.generation & REFHEAP_EVENT_ADOPTED);
	assert_true(event.referent == 0);
	/* The list and its name. */
	eventually(alive(f) == f->births + 2);
}

#define ROUNDS	300

struct racer {
	struct refheap *session;
	int calls[ROUNDS];
	int expected[ROUNDS];
};

static void count_call(struct refheap *session, void *arg)
{
	(void)session;
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

/* Death, a call by hand and forgetting, in all orders, while others dispatch. */
static void *race(void *data)
{
	struct racer *racer = data;
	struct refheap *session = racer->session;
	struct refheap_event event;

	for (int i = 0; i < ROUNDS; i++) {
		refheap_id list = new_list(session);
		refheap_finalizer finalizer;

		ok(refheap_finalize(session, list, count_call,
				    &racer->calls[i], i & 1, &finalizer));
		if (i % 5 != 1)
			ok(refheap_drop(session, list));
		racer->expected[i] = 1;
		if (i % 5 == 1)
			assert_int_equal(refheap_finalize_call(session,
							       finalizer), 1);
		else if (i % 5 == 2)
			refheap_finalize_call(session, finalizer);
		else if (i % 5 == 3 &&
			 refheap_finalize_detach(session, finalizer))
			racer->expected[i] = 0;
		if (i % 7 == 0)
			assert_true(refheap_dispatch(session, 0, 3) >= 0);
		if (i % 11 == 0 &&
		    refheap_read_events(session, &event, 1, 0) == 1)
			assert_int_equal(refheap_run_event(session, &event), 1);
		if (i % 5 == 1)
			ok(refheap_drop(session, list));
	}
	return NULL;
}

static void each_is_called_once(void **state)
{
	struct fixture *f = *state;
	static struct racer racers[3];
	pthread_t threads[3];

	for (int i = 0; i < 3; i++) {
		racers[i].session = f->session;
		ok(pthread_create(&threads[i], NULL, race, &racers[i]));
	}
	for (int i = 0; i < 3; i++)
		ok(pthread_join(threads[i], NULL));
	assert_true(refheap_dispatch(f->session, 0, 0) >= 0);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(racers[i].calls, racers[i].expected,
				    sizeof(racers[i].calls));
	assert_int_equal(alive(f), f->births);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(run_at_zero),
		heap_test(run_once),
		heap_test(collect_runs_them),
		heap_test(what_is_brought_back_is_not_counted),
		heap_test(a_finalizer_may_ask_for_collection),
		heap_test(derived_types),
		heap_test(late_and_raw),
		heap_test(legacy_ones_keep_their_cycle),
		heap_test(orphans_are_adopted),
		heap_test(orphans_of_nobody_are_skipped),
		heap_test(pending_ones_of_others),
		heap_test(finalize_is_called_at_death),
		heap_test(finalize_is_called_once),
		heap_test(finalize_called_late),
		heap_test(finalize_outlives_frames),
		heap_test(finalize_at_exit),
		heap_test(at_exit_of_a_child),
		heap_test(at_exit_of_the_killed),
		heap_test(each_is_called_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
