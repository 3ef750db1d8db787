// SPDX-License-Identifier: GPL-2.0
/* The collector: by session, by control handle, and the events it sends. */
#include <poll.h>

#include "fixture.h"

static struct refheap_gc_info gc_info(struct fixture *f)
{
	struct refheap_gc_info info;

	ok(refheap_gc_get(f->ctl, f->heap, &info));
	return info;
}

static void cycles_are_collected(void **state)
{
	struct fixture *f = *state;
	uint64_t uncollectable = 9;

	for (int i = 0; i < 5; i++)
		drop_cycle(f->session);
	assert_int_equal(alive(f), f->births + 5);
	assert_int_equal(refheap_collect(f->session, 2, &uncollectable), 5);
	assert_int_equal(uncollectable, 0);
	assert_int_equal(alive(f), f->births);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 0);
	fails(refheap_collect(f->session, 3, NULL), EINVAL);
}

static void defaults_are_pythons(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info info = gc_info(f);

	assert_true(info.enabled);
	assert_int_equal(info.debug, 0);
	assert_int_equal(info.collecting, 0);
	assert_int_equal(info.generation[0].threshold, 700);
	assert_int_equal(info.generation[1].threshold, 10);
	assert_int_equal(info.generation[2].threshold, 10);
}

static void counts_and_statistics(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info before = gc_info(f), after;

	new_list(f->session);
	new_list(f->session);
	after = gc_info(f);
	assert_int_equal(after.generation[0].count,
			 before.generation[0].count + 2);
	drop_cycle(f->session);
	assert_int_equal(refheap_collect(f->session, 0, NULL), 1);
	after = gc_info(f);
	assert_int_equal(after.generation[0].count, 0);
	assert_int_equal(after.generation[0].collections,
			 before.generation[0].collections + 1);
	assert_int_equal(after.generation[0].collected,
			 before.generation[0].collected + 1);
	assert_int_equal(after.generation[1].count,
			 before.generation[1].count + 1);
	assert_int_equal(after.generation[1].objects,
			 before.generation[1].objects + 2);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 0);
	assert_int_equal(gc_info(f).generation[2].collections, 1);
}

static void collections_run_by_themselves(void **state)
{
	struct fixture *f = *state;
	const uint32_t thresholds[] = { 10, 5, 3 };

	ok(refheap_gc_set_thresholds(f->ctl, f->heap, thresholds, 3));
	assert_int_equal(gc_info(f).generation[2].threshold, 3);
	for (int i = 0; i < 30; i++)
		drop_cycle(f->session);
	assert_true(gc_info(f).generation[0].collections >= 2);
	assert_true(alive(f) < f->births + 20);
	ok(refheap_gc_disable(f->ctl, f->heap));
	assert_false(gc_info(f).enabled);
	refheap_collect(f->session, 2, NULL);
	for (int i = 0; i < 50; i++)
		drop_cycle(f->session);
	assert_int_equal(alive(f), f->births + 50);
	ok(refheap_gc_enable(f->ctl, f->heap));
	assert_true(gc_info(f).enabled);
	drop_cycle(f->session);
	assert_true(alive(f) <= f->births + 1);
}

static void settings_are_checked(void **state)
{
	struct fixture *f = *state;
	const uint32_t thresholds[] = { 1, 2, 3, 4 };

	fails(refheap_gc_set_thresholds(f->ctl, f->heap, thresholds, 0),
	      EINVAL);
	fails(refheap_gc_set_thresholds(f->ctl, f->heap, thresholds, 4),
	      EINVAL);
	fails(refheap_gc_set_debug(f->ctl, f->heap, 1U << 20), EINVAL);
	fails(refheap_gc_enable(f->ctl, 0xfffffff0), ENOENT);
	fails(refheap_gc_set_thresholds(f->ctl, 0xfffffff0, thresholds, 1),
	      ENOENT);
	assert_int_equal(gc_info(f).generation[0].threshold, 700);
	assert_int_equal(gc_info(f).debug, 0);
	ok(refheap_gc_set_thresholds(f->ctl, f->heap, thresholds, 1));
	assert_int_equal(gc_info(f).generation[0].threshold, 1);
	assert_int_equal(gc_info(f).generation[1].threshold, 10);
}

static void saved_garbage(void **state)
{
	struct fixture *f = *state;

	ok(refheap_gc_set_debug(f->ctl, f->heap, REFHEAP_DEBUG_SAVEALL));
	assert_int_equal(gc_info(f).debug, REFHEAP_DEBUG_SAVEALL);
	drop_cycle(f->session);
	drop_cycle(f->session);
	refheap_collect(f->session, 2, NULL);
	assert_int_equal(gc_info(f).garbage, 2);
	assert_int_equal(refheap_clear_garbage(f->session), 2);
	assert_int_equal(gc_info(f).garbage, 0);
	ok(refheap_gc_set_debug(f->ctl, f->heap, 0));
	assert_int_equal(refheap_collect(f->session, 2, NULL), 2);
	assert_int_equal(alive(f), f->births);
}

static void frozen_objects_stay(void **state)
{
	struct fixture *f = *state;

	drop_cycle(f->session);
	ok(refheap_freeze(f->session));
	assert_true(gc_info(f).frozen >= 1);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 0);
	ok(refheap_unfreeze(f->session));
	assert_int_equal(gc_info(f).frozen, 0);
	assert_int_equal(refheap_collect(f->session, 2, NULL), 1);
}

static void nothing_is_broken(void **state)
{
	struct fixture *f = *state;
	char text[100] = "unchanged";

	assert_int_equal(refheap_verify(f->session, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(refheap_verify(f->session, NULL, 0), 0);
}

static void events_tell_of_collections(void **state)
{
	struct fixture *f = *state;
	struct pollfd wait = { .fd = refheap_fd(f->session), .events = POLLIN };
	struct refheap_event events[4];

	fails(refheap_subscribe_events(f->session, 1U << 30), EINVAL);
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(refheap_read_events(f->session, events, 4, 0), 0);
	assert_int_equal(poll(&wait, 1, 0), 0);
	ok(refheap_subscribe_events(f->session, REFHEAP_EVENT_GC_START |
					       REFHEAP_EVENT_GC_STOP));
	drop_cycle(f->session);
	refheap_collect(f->session, 1, NULL);
	assert_int_equal(poll(&wait, 1, 1000), 1);
	fails(refheap_read_events(f->session, events, 0, 0), EINVAL);
	assert_int_equal(refheap_read_events(f->session, events, 4, 1000), 2);
	assert_int_equal(events[0].type, REFHEAP_EVENT_GC_START);
	assert_int_equal(events[0].generation, 1);
	assert_int_equal(events[1].type, REFHEAP_EVENT_GC_STOP);
	assert_int_equal(events[1].generation, 1);
	assert_int_equal(events[1].collected, 1);
	assert_int_equal(events[1].uncollectable, 0);
	assert_int_equal(events[1].seq, events[0].seq + 1);
	assert_true(events[1].time_ns >= events[0].time_ns);
	ok(refheap_subscribe_events(f->session, 0));
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(refheap_read_events(f->session, events, 4, 10), 0);
}

static void count_event(struct refheap *session,
			const struct refheap_event *event, void *data)
{
	uint64_t *sum = data;

	assert_int_equal(refheap_len(session, REFHEAP_ID_ROOT), 0);
	*sum += event->collected + 1000;
}

static void events_are_dispatched(void **state)
{
	struct fixture *f = *state;
	uint64_t sum = 0;

	ok(refheap_subscribe_events(f->session, REFHEAP_EVENT_GC_STOP));
	for (int i = 0; i < 20; i++) {
		drop_cycle(f->session);
		refheap_collect(f->session, 2, NULL);
	}
	assert_int_equal(refheap_dispatch_events(f->session, count_event, &sum,
						 1000), 20);
	assert_int_equal(sum, 20 * 1001);
	assert_int_equal(refheap_dispatch_events(f->session, count_event, &sum,
						 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(cycles_are_collected),
		heap_test(defaults_are_pythons),
		heap_test(counts_and_statistics),
		heap_test(collections_run_by_themselves),
		heap_test(settings_are_checked),
		heap_test(saved_garbage),
		heap_test(frozen_objects_stay),
		heap_test(nothing_is_broken),
		heap_test(events_tell_of_collections),
		heap_test(events_are_dispatched),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
