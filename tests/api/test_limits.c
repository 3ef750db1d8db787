// SPDX-License-Identifier: GPL-2.0
/* Limits: what is over them is refused, and nothing else changes. */
#include "fixture.h"

static void objects_are_limited(void **state)
{
	struct fixture *f = *state;
	refheap_id first = new_list(f->session);
	refheap_id id = 3;
	uint64_t now = alive(f);
	int err = 0;

	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, now + 10));
	for (int i = 0; i < 10; i++)
		new_list(f->session);
	fails(refheap_new_list(f->session, NULL, 0, &id), EDQUOT);
	fails(refheap_new_str(f->session, "no room for it", &id), EDQUOT);
	assert_true(id == 3);
	assert_int_equal(alive(f), now + 10);
	/* What makes no object goes on; what dies makes room. */
	ok(refheap_append(f->session, first, first));
	ok(refheap_clear(f->session, first));
	ok(refheap_drop(f->session, first));
	ok(refheap_new_list(f->session, NULL, 0, &id));
	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, 0));
	for (int i = 0; !err && i < 100; i++)
		err = refheap_new_list(f->session, NULL, 0, &id);
	ok(err);
}

/* Garbage does not count: a limit collects before it refuses. */
static void limits_collect_first(void **state)
{
	struct fixture *f = *state;

	ok(refheap_gc_disable(f->ctl, f->heap));
	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, alive(f) + 50));
	for (int i = 0; i < 200; i++)
		drop_cycle(f->session);
	assert_true(alive(f) <= f->births + 50);
}

static void bytes_are_limited(void **state)
{
	struct fixture *f = *state;
	refheap_id array, list = new_list(f->session), id = 3;
	struct refheap_heap_info info;
	int appended = 0, err;

	ok(refheap_new_bytearray(f->session, "x", 1, &array));
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	ok(refheap_heap_set_limits(f->ctl, f->heap, info.bytes + 100000, 0));
	fails(refheap_new_bytearray(f->session, NULL, 200000, &id), EDQUOT);
	fails(refheap_resize(f->session, array, 200000), EDQUOT);
	assert_int_equal(refheap_len(f->session, array), 1);
	assert_true(id == 3);
	while (!(err = refheap_append(f->session, list, array)))
		appended++;
	fails(err, EDQUOT);
	assert_int_equal(refheap_len(f->session, list), appended);
	assert_int_equal(refheap_refcount(f->session, array), appended + 1);
	ok(refheap_clear(f->session, list));
}

/* One event when a limit is hit. */
static void limit_sends_an_event(void **state)
{
	struct fixture *f = *state;
	struct refheap_event event;
	refheap_id id;

	ok(refheap_subscribe_events(f->session, REFHEAP_EVENT_LIMIT));
	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, alive(f)));
	fails(refheap_new_list(f->session, NULL, 0, &id), EDQUOT);
	assert_int_equal(refheap_read_events(f->session, &event, 1, 1000), 1);
	assert_int_equal(event.type, REFHEAP_EVENT_LIMIT);
	assert_true(event.value > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(objects_are_limited),
		heap_test(limits_collect_first),
		heap_test(bytes_are_limited),
		heap_test(limit_sends_an_event),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
