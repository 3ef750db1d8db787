// SPDX-License-Identifier: GPL-2.0
/* The monitor: what others do, in order, numbered. */
#include <poll.h>
#include <stdlib.h>

#include "fixture.h"

struct seen {
	uint64_t count[REFHEAP_NTF_SKIPPED + 1];
	uint64_t lost;
	struct refheap_notice last[REFHEAP_NTF_SKIPPED + 1];
};

/* All notices about a heap until nothing comes any more. */
static void watch(struct refheap_monitor *monitor, uint32_t heap,
		  struct seen *seen)
{
	struct refheap_notice notice;
	int got;

	while ((got = refheap_monitor_next(monitor, 300, &notice)) > 0) {
		seen->lost += notice.lost;
		if (notice.heap != heap)
			continue;
		assert_in_range(notice.event, 1, REFHEAP_NTF_SKIPPED);
		seen->count[notice.event]++;
		seen->last[notice.event] = notice;
	}
	assert_int_equal(got, 0);
}

static void groups_are_checked(void **state)
{
	struct refheap_monitor *monitor;

	(void)state;
	fails(refheap_monitor_open(0, &monitor), EINVAL);
	fails(refheap_monitor_open(8, &monitor), EINVAL);
}

static void births_and_deaths(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	struct seen seen = { .lost = 0 };
	refheap_id list;

	ok(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
	list = new_list(f->session);
	for (int i = 0; i < 99; i++)
		new_list(f->session);
	ok(refheap_drop(f->session, list));
	watch(monitor, f->heap, &seen);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(seen.count[REFHEAP_NTF_BIRTH], 100);
	assert_int_equal(seen.count[REFHEAP_NTF_DEATH], 1);
	assert_true(seen.last[REFHEAP_NTF_DEATH].object == list);
	assert_int_equal(seen.last[REFHEAP_NTF_DEATH].kind, REFHEAP_KIND_LIST);
	assert_string_equal(seen.last[REFHEAP_NTF_DEATH].name,
			    refheap_name(f->session));
	assert_int_equal(seen.last[REFHEAP_NTF_DEATH].group,
			 REFHEAP_MONITOR_OBJECTS);
}

static void numbers_follow_each_other(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	struct refheap_notice notice;
	uint64_t expected = 0;

	ok(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
	for (int i = 0; i < 200; i++)
		new_list(f->session);
	while (refheap_monitor_next(monitor, 300, &notice) > 0) {
		if (expected)
			assert_int_equal(notice.seq, expected);
		expected = notice.seq + 1;
	}
	assert_true(expected > 200);
}

static void callbacks_and_finalizers(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	const struct refheap_type_def file = {
		.name = "File", .flags = REFHEAP_TYPE_FINALIZER,
	};
	struct seen seen = { .lost = 0 };
	struct refheap_event events[2];
	refheap_id object, weakref;
	uint32_t type;

	ok(refheap_type_define(f->session, &file, &type));
	ok(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
	ok(refheap_new_instance(f->session, type, &object));
	ok(refheap_new_weakref_cookie(f->session, object, 1, 0, &weakref));
	ok(refheap_drop(f->session, object));
	assert_int_equal(refheap_read_events(f->session, events, 1, 1000), 1);
	ok(refheap_finalized(f->session, object));
	watch(monitor, f->heap, &seen);
	assert_int_equal(seen.count[REFHEAP_NTF_FINALIZE], 1);
	assert_true(seen.last[REFHEAP_NTF_FINALIZE].object == object);
	assert_int_equal(seen.last[REFHEAP_NTF_FINALIZE].type, type);
	assert_int_equal(seen.count[REFHEAP_NTF_CALLBACK], 1);
	assert_true(seen.last[REFHEAP_NTF_CALLBACK].object == weakref);
}

static void sessions_come_and_go(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	struct seen seen = { .lost = 0 };

	ok(refheap_monitor_open(REFHEAP_MONITOR_HEAPS, &monitor));
	refheap_close(another_session(f, 0));
	watch(monitor, f->heap, &seen);
	assert_int_equal(seen.count[REFHEAP_NTF_SESSION_NEW], 1);
	assert_int_equal(seen.count[REFHEAP_NTF_SESSION_END], 1);
	assert_int_equal(seen.last[REFHEAP_NTF_SESSION_NEW].pid, getpid());
	assert_int_equal(seen.last[REFHEAP_NTF_SESSION_NEW].uid, geteuid());
	assert_true(seen.last[REFHEAP_NTF_SESSION_NEW].session > 0);
	assert_true(seen.last[REFHEAP_NTF_SESSION_NEW].session ==
		    seen.last[REFHEAP_NTF_SESSION_END].session);
	assert_true(strlen(seen.last[REFHEAP_NTF_SESSION_NEW].comm) > 0);
}

static void limits(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	struct seen seen = { .lost = 0 };
	refheap_id id;
	int err;

	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP,
				   alive(f) + 3));
	ok(refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC,
				&monitor));
	do
		err = refheap_new_list(f->session, NULL, 0, &id);
	while (!err);
	assert_int_equal(err, -EDQUOT);
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, 0));
	watch(monitor, f->heap, &seen);
	assert_true(seen.count[REFHEAP_NTF_LIMIT] >= 1);
	assert_true(seen.last[REFHEAP_NTF_LIMIT].bytes > 0);
	assert_true(seen.count[REFHEAP_NTF_HEAP_CHANGED] >= 1);
	assert_true(seen.count[REFHEAP_NTF_GC_STOP] >= 1);
	assert_int_equal(seen.lost, 0);
}

/* What does not fit into the socket's buffer is counted, to the last one. */
static void what_is_missed_is_counted(void **state)
{
	struct fixture *f = *state;
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	const uint64_t rounds = 20;
	const uint64_t each = 20000;
	struct seen seen = { .lost = 0 };

	ok(refheap_gc_disable(f->ctl, f->heap));
	ok(refheap_batch_alloc(&batch));
	for (uint64_t i = 0; i < each; i++)
		refheap_batch_new_list(batch, NULL, 0);
	ok(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
	/* The first number must have been seen. */
	new_list(f->session);
	assert_int_equal(refheap_monitor_next(monitor, 1000, &seen.last[0]), 1);
	for (uint64_t i = 0; i < rounds; i++) {
		ok(refheap_batch_submit(batch, f->session, 0));
		ok(refheap_batch_undo(batch, f->session));
	}
	watch(monitor, f->heap, &seen);
	/* And a last one, since a gap is told by what follows. */
	new_list(f->session);
	watch(monitor, f->heap, &seen);
	assert_int_equal(seen.lost + seen.count[REFHEAP_NTF_BIRTH] +
			 seen.count[REFHEAP_NTF_DEATH], rounds * each * 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(groups_are_checked),
		heap_test(births_and_deaths),
		heap_test(numbers_follow_each_other),
		heap_test(callbacks_and_finalizers),
		heap_test(sessions_come_and_go),
		heap_test(limits),
		heap_test(what_is_missed_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
