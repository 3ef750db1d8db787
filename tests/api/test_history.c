// SPDX-License-Identifier: GPL-2.0
/* Histories of objects, sites, dicts in the order of use, and timers. */
#include <stdlib.h>

#include "fixture.h"

static void the_last_changes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct refheap_change changes[REFHEAP_HISTORY_MAX];
	refheap_id list = new_list(f->session);
	uint64_t total;

	fails(refheap_history(f->session, list, changes, 4, NULL), ENODATA);
	ok(refheap_set_history(f->session, list, 4));
	for (int i = 0; i < 3; i++)
		ok(refheap_take(f->session, list));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_history(f->session, list, changes,
					 REFHEAP_HISTORY_MAX, &total), 4);
	assert_int_equal(total, 4);
	for (int i = 0; i < 4; i++) {
		bool take = i < 3;

		assert_int_equal(changes[i].what, take ? REFHEAP_CHANGE_TAKE :
							 REFHEAP_CHANGE_DROP);
		assert_int_equal(changes[i].refcount, take ? i + 2 : 3);
		assert_true(changes[i].session > 0);
		assert_true(changes[i].site == 0);
		assert_true(changes[i].time_ns >= changes[i ? i - 1 : 0].time_ns);
	}
	for (int i = 0; i < 3; i++)
		ok(refheap_take(f->session, list));
	assert_int_equal(refheap_history(f->session, list, changes, 2, &total),
			 2);
	assert_int_equal(total, 7);
	assert_int_equal(changes[1].refcount, 6);
	assert_int_equal(changes[0].refcount, 5);
	ok(refheap_set_history(f->session, list, 0));
	fails(refheap_history(f->session, list, changes, 4, NULL), ENODATA);
	fails(refheap_set_history(f->session, list, REFHEAP_HISTORY_MAX + 1),
	      EINVAL);
}

static void histories_of_a_type(void **state)
{
	struct fixture *f = *state;
	const struct refheap_type_def node = { .name = "Node" };
	struct refheap_change changes[8];
	refheap_id before, after;
	uint32_t type;

	ok(refheap_type_define(f->session, &node, &type));
	ok(refheap_new_instance(f->session, type, &before));
	ok(refheap_type_history(f->session, type, 8));
	ok(refheap_new_instance(f->session, type, &after));
	ok(refheap_take(f->session, after));
	fails(refheap_history(f->session, before, changes, 8, NULL), ENODATA);
	assert_true(refheap_history(f->session, after, changes, 8, NULL) >= 1);
	fails(refheap_type_history(f->session, 999, 8), ENOENT);
}

/* The text of the site of the last change. */
static char *last_site(struct refheap *session, refheap_id id)
{
	struct refheap_change change;
	char *text;

	assert_int_equal(refheap_history(session, id, &change, 1, NULL), 1);
	assert_true(change.site != 0);
	ok(refheap_get_data(session, change.site, &text, NULL));
	return text;
}

static void sites(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	int64_t site = refheap_site(f->session, "program.c:12");
	char *text;

	assert_true(site > 0);
	assert_int_equal(refheap_site(f->session, "program.c:12"), site);
	assert_true(refheap_site(f->session, "program.c:13") != site);
	ok(refheap_set_history(f->session, list, 8));
	assert_int_equal(refheap_set_site(f->session, (uint32_t)site), 0);
	ok(refheap_take(f->session, list));
	text = last_site(f->session, list);
	assert_string_equal(text, "program.c:12");
	free(text);
	assert_int_equal(refheap_set_site(f->session, 0), site);
}

static void lines_of_the_program(void **state)
{
	struct fixture *f = *state;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	refheap_id list = new_list(f->session);
	char *text;

	ok(refheap_set_history(f->session, list, 8));
	for (int i = 0; i < 3; i++) {
		ok(REFHEAP_HERE(f->session));
		ok(refheap_take(f->session, list));
	}
	text = last_site(f->session, list);
	assert_non_null(strstr(text, "test_history.c:"));
	free(text);

	ok(refheap_batch_alloc(&batch));
	refheap_batch_take(batch, list);
	refheap_batch_set_site(batch,
			       (uint32_t)refheap_site(f->session, "batch"));
	ok(refheap_batch_submit(batch, f->session, 0));
	text = last_site(f->session, list);
	assert_string_equal(text, "batch");
	free(text);
}

static refheap_id dict_of_three(struct refheap *session)
{
	refheap_id dict = new_dict(session);

	ok(refheap_set_key_str(session, dict, "a", new_list(session)));
	ok(refheap_set_key_str(session, dict, "b", new_list(session)));
	ok(refheap_set_key_str(session, dict, "c", new_list(session)));
	return dict;
}

static void the_order_of_use(void **state)
{
	struct fixture *f = *state;
	refheap_id dict = dict_of_three(f->session), value, key;

	ok(refheap_move_to_end_str(f->session, dict, "a", &value));
	assert_int_equal(refheap_kind_of(f->session, value),
			 REFHEAP_KIND_LIST);
	fails(refheap_move_to_end_str(f->session, dict, "z", &value), ENOKEY);
	key = new_str(f->session, "b");
	ok(refheap_move_to_end(f->session, dict, key, NULL));
	/* c a b */
	assert_int_equal(refheap_pop_oldest(f->session, dict, 5), 0);
	assert_int_equal(refheap_pop_oldest(f->session, dict, 2), 1);
	assert_int_equal(refheap_contains_str(f->session, dict, "c"), 0);
	assert_int_equal(refheap_pop_oldest(f->session, dict, 1), 1);
	assert_int_equal(refheap_contains_str(f->session, dict, "b"), 1);
	assert_int_equal(refheap_pop_oldest(f->session, dict, 0), 1);
	assert_int_equal(refheap_len(f->session, dict), 0);
	fails(refheap_pop_oldest(f->session, new_list(f->session), 0),
	      EOPNOTSUPP);
}

static void a_value_not_asked_for_is_not_held(void **state)
{
	struct fixture *f = *state;
	refheap_id dict = dict_of_three(f->session), value;
	int64_t count;

	ok(refheap_get_key_str(f->session, dict, "a", &value));
	count = refheap_refcount(f->session, value);
	ok(refheap_move_to_end_str(f->session, dict, "a", NULL));
	assert_int_equal(refheap_refcount(f->session, value), count);
}

static void defaults(void **state)
{
	struct fixture *f = *state;
	refheap_id dict = new_dict(f->session), now;
	refheap_id first = new_list(f->session), second = new_list(f->session);
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	int n;

	assert_int_equal(refheap_set_default_str(f->session, dict, "key", first,
						 &now), 1);
	assert_true(now == first);
	assert_int_equal(refheap_refcount(f->session, first), 3);
	assert_int_equal(refheap_set_default(f->session, dict,
					     new_str(f->session, "key"), second,
					     &now), 0);
	assert_true(now == first);
	assert_int_equal(refheap_refcount(f->session, second), 1);
	fails(refheap_set_default_str(f->session, first, "key", second, &now),
	      EOPNOTSUPP);

	ok(refheap_batch_alloc(&batch));
	n = refheap_batch_set_default_str(batch, dict, "other", second);
	refheap_batch_set_default(batch, dict, new_str(f->session, "key"),
				  second);
	ok(refheap_batch_submit(batch, f->session, 0));
	assert_int_equal(refheap_batch_info(batch, (size_t)n), 1);
	assert_int_equal(refheap_batch_info(batch, (size_t)n + 1), 0);
	assert_true(refheap_batch_value(batch, (size_t)n + 1) == first);
	ok(refheap_batch_undo(batch, f->session));
	assert_int_equal(refheap_refcount(f->session, second), 2);
}

static void order_in_batches(void **state)
{
	struct fixture *f = *state;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	refheap_id dict = dict_of_three(f->session);
	int value, gone;

	ok(refheap_batch_alloc(&batch));
	value = refheap_batch_move_to_end_str(batch, dict, "a");
	refheap_batch_temp(batch, refheap_batch_move_to_end(
				batch, dict, new_str(f->session, "b")));
	gone = refheap_batch_pop_oldest(batch, dict, 2);
	ok(refheap_batch_submit(batch, f->session, 0));
	assert_int_equal(refheap_batch_value(batch, (size_t)gone), 1);
	assert_int_equal(refheap_contains_str(f->session, dict, "c"), 0);
	assert_true(refheap_batch_value(batch, (size_t)value) != 0);
	ok(refheap_batch_undo(batch, f->session));
}

static void collections_on_a_timer(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info info;

	ok(refheap_gc_disable(f->ctl, f->heap));
	ok(refheap_gc_set_period(f->ctl, f->heap, 20, 1));
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	assert_int_equal(info.period_ms, 20);
	assert_int_equal(info.period_generation, 1);
	drop_cycle(f->session);
	eventually(alive(f) == f->births);
	fails(refheap_gc_set_period(f->ctl, f->heap, 20, 3), ERANGE);
	fails(refheap_gc_set_period(f->ctl, f->heap, 1, 2), ERANGE);
	ok(refheap_gc_set_period(f->ctl, f->heap, 0, 0));
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	assert_int_equal(info.period_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(the_last_changes_are_kept),
		heap_test(histories_of_a_type),
		heap_test(sites),
		heap_test(lines_of_the_program),
		heap_test(the_order_of_use),
		heap_test(a_value_not_asked_for_is_not_held),
		heap_test(defaults),
		heap_test(order_in_batches),
		heap_test(collections_on_a_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
