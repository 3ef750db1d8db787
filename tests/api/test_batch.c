// SPDX-License-Identifier: GPL-2.0
/* Batches: results used by later operations, errors, undoing, signals. */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "fixture.h"

static void whole_graph_in_one_call(void **state)
{
	static const char *const slots[] = { "children", "parent" };
	struct refheap_type_def type = {
		.name = "Node", .slots = slots, .slot_count = 2,
	};
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	int node, list, child, kind;
	uint64_t before;
	refheap_id got;
	uint32_t number;

	/* The names of slots are objects that stay. */
	ok(refheap_type_define(s, &type, &number));
	before = alive(f);
	ok(refheap_batch_alloc(&b));
	kind = refheap_batch_type_define(b, &type);
	node = refheap_batch_new_instance(b, REFHEAP_ID_RESULT(kind));
	list = refheap_batch_temp(b, refheap_batch_new_list(b, NULL, 0));
	refheap_batch_set_attr(b, REFHEAP_ID_RESULT(node), "children",
			       REFHEAP_ID_RESULT(list));
	for (int i = 0; i < 100; i++) {
		child = refheap_batch_temp(b, refheap_batch_new_instance(
			b, REFHEAP_ID_RESULT(kind)));
		refheap_batch_set_attr(b, REFHEAP_ID_RESULT(child), "parent",
				       REFHEAP_ID_RESULT(node));
		refheap_batch_append(b, REFHEAP_ID_RESULT(list),
				     REFHEAP_ID_RESULT(child));
	}
	ok(refheap_batch_submit(b, s, 0));
	assert_int_equal(refheap_batch_done(b), refheap_batch_count(b));
	assert_int_equal(refheap_batch_failed(b), -1);
	got = refheap_batch_value(b, (size_t)node);
	assert_int_equal(refheap_refcount(s, got), 101);
	assert_int_equal(refheap_refcount(s, refheap_batch_value(b, (size_t)list)), 1);
	assert_int_equal(alive(f), before + 102);
	ok(refheap_drop(s, got));
	assert_int_equal(refheap_collect(s, 2, NULL), 102);
	assert_int_equal(alive(f), before);
}

static void every_operation(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id items[2];
	struct refheap_pair pair;
	struct refheap_info info;
	int list, dict, set, bytes, str, one, tuple, check[14];
	size_t length;

	ok(refheap_batch_alloc(&b));
	refheap_batch_new_none(b);
	refheap_batch_new_bool(b, true);
	refheap_batch_new_float(b, 2.5);
	one = refheap_batch_new_int(b, 4000);
	str = refheap_batch_new_str(b, "some text");
	refheap_batch_intern(b, "some text", 9);
	refheap_batch_new_str_len(b, "a\0b", 3);
	refheap_batch_new_bytes(b, "data", 4);
	bytes = refheap_batch_new_bytearray(b, "0123456789", 10);
	items[0] = REFHEAP_ID_RESULT(one);
	items[1] = REFHEAP_ID_RESULT(str);
	tuple = refheap_batch_new_tuple(b, items, 2);
	list = refheap_batch_new_list(b, items, 2);
	set = refheap_batch_new_set(b, items, 2);
	pair = (struct refheap_pair){ items[0], items[1] };
	dict = refheap_batch_new_dict(b, &pair, 1);

	refheap_batch_insert(b, REFHEAP_ID_RESULT(list), 0, items[0]);
	refheap_batch_set_index(b, REFHEAP_ID_RESULT(list), 1, items[1]);
	check[0] = refheap_batch_get_index(b, REFHEAP_ID_RESULT(list), 1);
	check[1] = refheap_batch_pop(b, REFHEAP_ID_RESULT(list), -1);
	refheap_batch_del_index(b, REFHEAP_ID_RESULT(list), 0);
	check[2] = refheap_batch_len(b, REFHEAP_ID_RESULT(list));
	check[3] = refheap_batch_get_key(b, REFHEAP_ID_RESULT(dict), items[0]);
	refheap_batch_set_key_str(b, REFHEAP_ID_RESULT(dict), "k", items[0]);
	check[4] = refheap_batch_get_key_str(b, REFHEAP_ID_RESULT(dict), "k");
	check[5] = refheap_batch_contains_str(b, REFHEAP_ID_RESULT(dict), "k");
	check[6] = refheap_batch_pop_key_str(b, REFHEAP_ID_RESULT(dict), "k");
	refheap_batch_set_key(b, REFHEAP_ID_RESULT(dict), items[1], items[1]);
	refheap_batch_del_key(b, REFHEAP_ID_RESULT(dict), items[1]);
	refheap_batch_set_key_str(b, REFHEAP_ID_RESULT(dict), "k", items[0]);
	refheap_batch_del_key_str(b, REFHEAP_ID_RESULT(dict), "k");
	check[7] = refheap_batch_pop_key(b, REFHEAP_ID_RESULT(dict), items[0]);
	check[8] = refheap_batch_contains(b, REFHEAP_ID_RESULT(set), items[0]);
	check[9] = refheap_batch_discard(b, REFHEAP_ID_RESULT(set), items[0]);
	check[10] = refheap_batch_add_member(b, REFHEAP_ID_RESULT(set), items[0]);
	refheap_batch_add_member_str(b, REFHEAP_ID_RESULT(set), "m");
	refheap_batch_discard_str(b, REFHEAP_ID_RESULT(set), "m");
	refheap_batch_clear(b, REFHEAP_ID_RESULT(set));
	refheap_batch_write(b, REFHEAP_ID_RESULT(bytes), 2, "ab", 2);
	refheap_batch_resize(b, REFHEAP_ID_RESULT(bytes), 5);
	check[11] = refheap_batch_read(b, REFHEAP_ID_RESULT(bytes), 1, 10);
	check[12] = refheap_batch_inspect(b, REFHEAP_ID_RESULT(tuple));
	refheap_batch_take(b, REFHEAP_ID_RESULT(tuple));
	refheap_batch_drop(b, REFHEAP_ID_RESULT(tuple));
	check[13] = refheap_batch_collect(b, 2);
	ok(refheap_batch_submit(b, s, 0));

	for (int i = 0; i < 14; i++)
		ok(refheap_batch_error(b, (size_t)check[i]));
#define VALUE(n) refheap_batch_value(b, (size_t)(n))
	assert_true(VALUE(check[0]) == VALUE(str));
	assert_true(VALUE(check[1]) == VALUE(str));
	assert_int_equal(VALUE(check[2]), 1);
	assert_true(VALUE(check[3]) == VALUE(str));
	assert_true(VALUE(check[4]) == VALUE(one));
	assert_int_equal(VALUE(check[5]), 1);
	assert_true(VALUE(check[6]) == VALUE(one));
	assert_true(VALUE(check[7]) == VALUE(str));
	assert_int_equal(VALUE(check[8]), 1);
	assert_int_equal(VALUE(check[9]), 1);
	assert_int_equal(VALUE(check[10]), 1);
	assert_memory_equal(refheap_batch_output(b, (size_t)check[11], &length),
			    "1ab4", 4);
	assert_int_equal(length, 4);
	memcpy(&info, refheap_batch_output(b, (size_t)check[12], &length),
	       sizeof(info));
	assert_int_equal(length, sizeof(info));
	assert_int_equal(info.kind, REFHEAP_KIND_TUPLE);
	assert_int_equal(VALUE(check[13]), 0);
	assert_int_equal(refheap_batch_info(b, (size_t)check[13]), 0);
}

static void first_error_ends_it(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	int list, bad, after;

	ok(refheap_batch_alloc(&b));
	list = refheap_batch_new_list(b, NULL, 0);
	bad = refheap_batch_pop(b, REFHEAP_ID_RESULT(list), 0);
	after = refheap_batch_new_list(b, NULL, 0);
	fails(refheap_batch_submit(b, s, 0), ERANGE);
	assert_int_equal(refheap_batch_failed(b), bad);
	assert_int_equal(refheap_batch_done(b), 2);
	ok(refheap_batch_error(b, (size_t)list));
	fails(refheap_batch_error(b, (size_t)bad), ERANGE);
	fails(refheap_batch_error(b, (size_t)after), ECANCELED);
	assert_int_equal(refheap_batch_value(b, (size_t)bad), 0);
	assert_int_equal(alive(f), f->births + 1);
	ok(refheap_batch_undo(b, s));
	ok(refheap_batch_undo(b, s));
	assert_int_equal(alive(f), f->births);
}

static void going_on_after_errors(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	int list, bad, uses, after;

	ok(refheap_batch_alloc(&b));
	list = refheap_batch_new_list(b, NULL, 0);
	bad = refheap_batch_get_index(b, REFHEAP_ID_RESULT(list), 3);
	uses = refheap_batch_append(b, REFHEAP_ID_RESULT(list),
				    REFHEAP_ID_RESULT(bad));
	after = refheap_batch_append(b, REFHEAP_ID_RESULT(list),
				     REFHEAP_ID_RESULT(list));
	fails(refheap_batch_submit(b, s, REFHEAP_BATCH_CONTINUE), ERANGE);
	assert_int_equal(refheap_batch_failed(b), bad);
	assert_int_equal(refheap_batch_done(b), 4);
	fails(refheap_batch_error(b, (size_t)uses), ECANCELED);
	ok(refheap_batch_error(b, (size_t)after));
	assert_int_equal(refheap_len(s, refheap_batch_value(b, (size_t)list)),
			 1);
	ok(refheap_batch_undo(b, s));
	assert_int_equal(refheap_collect(s, 2, NULL), 1);
}

/* An operation can use earlier results only. */
static void forward_and_wild_results(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id ids[] = { REFHEAP_ID_RESULT(5) };

	ok(refheap_batch_alloc(&b));
	refheap_batch_take(b, REFHEAP_ID_RESULT(1));
	refheap_batch_new_list(b, NULL, 0);
	fails(refheap_batch_submit(b, s, 0), EINVAL);
	assert_int_equal(refheap_batch_failed(b), 0);

	refheap_batch_reset(b);
	refheap_batch_take(b, REFHEAP_ID_RESULT(0));
	fails(refheap_batch_submit(b, s, 0), EINVAL);
	refheap_batch_reset(b);
	refheap_batch_new_list(b, ids, 1);
	fails(refheap_batch_submit(b, s, 0), EINVAL);
	refheap_batch_reset(b);
	refheap_batch_new_instance(b, REFHEAP_ID_RESULT(70000));
	fails(refheap_batch_submit(b, s, 0), EINVAL);
	assert_int_equal(alive(f), f->births);
}

static void submitted_twice(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	refheap_id first;

	ok(refheap_batch_alloc(&b));
	refheap_batch_new_list(b, NULL, 0);
	ok(refheap_batch_submit(b, f->session, 0));
	first = refheap_batch_value(b, 0);
	ok(refheap_batch_submit(b, f->session, 0));
	assert_true(refheap_batch_value(b, 0) != first);
	assert_int_equal(alive(f), f->births + 2);
}

static void temporaries_die(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap_info info;

	ok(refheap_batch_alloc(&b));
	refheap_batch_temp(b, refheap_batch_new_list(b, NULL, 0));
	refheap_batch_inspect(b, REFHEAP_ID_RESULT(0));
	ok(refheap_batch_submit(b, f->session, 0));
	memcpy(&info, refheap_batch_output(b, 1, NULL), sizeof(info));
	assert_int_equal(info.refcount, 1);
	assert_int_equal(alive(f), f->births);
	fails(refheap_take(f->session, refheap_batch_value(b, 0)), ESTALE);
	/* Also when the batch fails. */
	refheap_batch_pop(b, REFHEAP_ID_RESULT(0), 0);
	fails(refheap_batch_submit(b, f->session, 0), ERANGE);
	assert_int_equal(alive(f), f->births);
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

static void start_ticking(long microseconds)
{
	struct sigaction action = { .sa_handler = tick };
	struct itimerval timer = {
		.it_interval.tv_usec = microseconds,
		.it_value.tv_usec = microseconds,
	};

	ok(sigaction(SIGALRM, &action, NULL));
	ok(setitimer(ITIMER_REAL, &timer, NULL));
}

static void stop_ticking(void)
{
	struct itimerval off = { 0 };

	ok(setitimer(ITIMER_REAL, &off, NULL));
}

/* Every operation is executed once, however often a signal comes. */
static void signals_restart(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s);
	refheap_id item = new_int(s, 123456);

	ok(refheap_batch_alloc(&b));
	for (int i = 0; i < 60000; i++)
		refheap_batch_append(b, list, item);
	ticks = 0;
	start_ticking(300);
	for (int i = 0; i < 10; i++)
		ok(refheap_batch_submit(b, s, 0));
	stop_ticking();
	assert_true(ticks > 0);
	assert_int_equal(refheap_len(s, list), 600000);
	assert_int_equal(refheap_refcount(s, item), 600001);
}

static void signals_interrupt_who_wants_it(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s);
	size_t done = 0, interrupts = 0;
	int err;

	ok(refheap_batch_alloc(&b));
	for (int i = 0; i < 60000; i++)
		refheap_batch_append(b, list, list);
	start_ticking(200);
	while ((err = refheap_batch_submit(b, s, REFHEAP_SUBMIT_INTERRUPTIBLE))
	       == -EINTR) {
		assert_true(refheap_batch_done(b) >= done);
		done = refheap_batch_done(b);
		interrupts++;
	}
	stop_ticking();
	ok(err);
	print_message("%zu interrupts\n", interrupts);
	assert_int_equal(refheap_len(s, list), 60000);
	ok(refheap_clear(s, list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(whole_graph_in_one_call),
		heap_test(every_operation),
		heap_test(first_error_ends_it),
		heap_test(going_on_after_errors),
		heap_test(forward_and_wild_results),
		heap_test(submitted_twice),
		heap_test(temporaries_die),
		heap_test(signals_restart),
		heap_test(signals_interrupt_who_wants_it),
	};

	return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
