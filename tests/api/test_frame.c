// SPDX-License-Identifier: GPL-2.0
/* Frames: references that end with a scope. */
#include "fixture.h"

static void what_is_taken_goes_with_the_frame(void **state)
{
	struct fixture *f = *state;
	refheap_id before = new_list(f->session), inside;
	int frame = refheap_frame_push(f->session);

	assert_int_equal(frame, 1);
	inside = new_list(f->session);
	ok(refheap_append(f->session, inside, before));
	ok(refheap_take(f->session, before));
	assert_int_equal(refheap_refcount(f->session, before), 3);
	ok(refheap_frame_pop(f->session, frame));
	assert_int_equal(refheap_alive(f->session, inside), 0);
	assert_int_equal(refheap_refcount(f->session, before), 1);
	fails(refheap_frame_pop(f->session, 0), EINVAL);
	fails(refheap_frame_pop(f->session, 1), EINVAL);
	fails(refheap_frame_pop(f->session, -1), EINVAL);
}

static void handing_out(void **state)
{
	struct fixture *f = *state;
	refheap_id outer, inner, lost;

	fails(refheap_hand_out(f->session, new_list(f->session)), ENOTUNIQ);
	assert_int_equal(refheap_frame_push(f->session), 1);
	assert_int_equal(refheap_frame_push(f->session), 2);
	outer = new_list(f->session);
	inner = new_list(f->session);
	lost = new_list(f->session);
	ok(refheap_hand_out(f->session, outer));
	ok(refheap_hand_out(f->session, inner));
	fails(refheap_hand_out(f->session, inner), ENOTUNIQ);
	ok(refheap_frame_pop(f->session, 2));
	assert_int_equal(refheap_alive(f->session, lost), 0);
	ok(refheap_hand_out(f->session, outer));
	ok(refheap_frame_pop(f->session, 0));
	assert_int_equal(refheap_alive(f->session, inner), 0);
	assert_int_equal(refheap_alive(f->session, outer), 1);
	assert_int_equal(refheap_refcount(f->session, outer), 1);
	ok(refheap_drop(f->session, outer));
}

static void keeping(void **state)
{
	struct fixture *f = *state;
	refheap_id list, before = new_list(f->session);

	ok(refheap_keep(f->session, before));
	for (int depth = 1; depth <= 3; depth++)
		assert_int_equal(refheap_frame_push(f->session), depth);
	list = new_list(f->session);
	ok(refheap_keep(f->session, list));
	fails(refheap_keep(f->session, list), ENOTUNIQ);
	for (int depth = 3; depth >= 1; depth--)
		ok(refheap_frame_pop(f->session, depth));
	assert_int_equal(refheap_refcount(f->session, list), 1);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_refcount(f->session, before), 1);
}

static void the_topmost_is_dropped_first(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);

	assert_int_equal(refheap_frame_push(f->session), 1);
	ok(refheap_take(f->session, list));
	ok(refheap_drop(f->session, list));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_alive(f->session, list), 0);
	ok(refheap_frame_pop(f->session, 1));
}

static void only_in_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(refheap_frame_push(f->session), 1);
	assert_int_equal(refheap_frame_push(f->session), 2);
	fails(refheap_frame_pop(f->session, 1), EINVAL);
	ok(refheap_frame_pop(f->session, 2));
	ok(refheap_frame_pop(f->session, 1));
}

static void nested_deeply(void **state)
{
	struct fixture *f = *state;

	for (int depth = 1; depth <= 3000; depth++) {
		assert_int_equal(refheap_frame_push(f->session), depth);
		if (depth % 3 == 0)
			new_list(f->session);
	}
	assert_int_equal(alive(f), f->births + 1000);
	for (int depth = 3000; depth >= 1; depth--)
		ok(refheap_frame_pop(f->session, depth));
	assert_int_equal(alive(f), f->births);
}

static int leave_early(struct refheap *session, int where)
{
	REFHEAP_FRAME(session);

	new_list(session);
	if (where == 1)
		return 1;
	for (int i = 0; i < 3; i++) {
		refheap_auto_frame struct refheap_frame frame =
			refheap_frame_open(session);

		assert_int_equal(frame.depth, 2);
		new_list(session);
		if (where == 2)
			break;
		if (where == 3)
			goto out;
		if (where == 4)
			continue;
		return 5;
	}
out:
	return where;
}

static void every_way_out_of_a_scope(void **state)
{
	struct fixture *f = *state;

	for (int where = 1; where <= 5; where++) {
		assert_int_equal(leave_early(f->session, where), where);
		assert_int_equal(alive(f), f->births);
		fails(refheap_frame_pop(f->session, 0), EINVAL);
	}
}

static refheap_id make_pair(struct refheap *session)
{
	REFHEAP_FRAME(session);
	refheap_id items[2], pair;

	items[0] = new_list(session);
	items[1] = new_list(session);
	ok(refheap_new_tuple(session, items, 2, &pair));
	ok(refheap_hand_out(session, pair));
	return pair;
}

static void functions_return_objects(void **state)
{
	struct fixture *f = *state;
	refheap_id pair = make_pair(f->session);

	assert_int_equal(refheap_refcount(f->session, pair), 1);
	assert_int_equal(alive(f), f->births + 3);
	ok(refheap_drop(f->session, pair));
	assert_int_equal(alive(f), f->births);
}

static void in_batches(void **state)
{
	struct fixture *f = *state;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	int frame, list, lost;

	ok(refheap_batch_alloc(&batch));
	frame = refheap_batch_frame_push(batch);
	list = refheap_batch_new_list(batch, NULL, 0);
	lost = refheap_batch_new_list(batch, NULL, 0);
	refheap_batch_hand_out(batch, REFHEAP_ID_RESULT(list));
	refheap_batch_frame_pop(batch, REFHEAP_ID_RESULT(frame));
	ok(refheap_batch_submit(batch, f->session, 0));
	assert_int_equal(refheap_batch_value(batch, (size_t)frame), 1);
	assert_int_equal(refheap_alive(f->session,
				       refheap_batch_value(batch, (size_t)list)),
			 1);
	assert_int_equal(refheap_alive(f->session,
				       refheap_batch_value(batch, (size_t)lost)),
			 0);
}

static void sessions_have_their_own(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	struct refheap_session_info info;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	uint32_t deepest = 0;
	refheap_id list;

	assert_int_equal(refheap_frame_push(f->session), 1);
	assert_int_equal(refheap_frame_push(f->session), 2);
	list = new_list(other);
	ok(refheap_iter_sessions(f->ctl, f->heap, &iter));
	while (refheap_next_session(iter, &info) > 0)
		if (info.frames > deepest)
			deepest = info.frames;
	assert_int_equal(deepest, 2);
	ok(refheap_frame_pop(f->session, 0));
	ok(refheap_frame_pop(f->session, 0));
	assert_int_equal(refheap_alive(other, list), 1);
	refheap_close(other);
	eventually(refheap_alive(f->session, list) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(what_is_taken_goes_with_the_frame),
		heap_test(handing_out),
		heap_test(keeping),
		heap_test(the_topmost_is_dropped_first),
		heap_test(only_in_order),
		heap_test(nested_deeply),
		heap_test(every_way_out_of_a_scope),
		heap_test(functions_return_objects),
		heap_test(in_batches),
		heap_test(sessions_have_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
