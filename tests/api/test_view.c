// SPDX-License-Identifier: GPL-2.0
/* Views: payload in place, who may write it, what a stale one does. */
#include <signal.h>
#include <sys/mman.h>

#include "fixture.h"

static void constant_payload_is_seen(void **state)
{
	struct fixture *f = *state;
	static char large[100000];
	refheap_auto_view struct refheap_view view = { 0 };
	struct refheap_slice slice;
	refheap_id id;

	ok(refheap_new_str(f->session, "a text to be looked at", &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_int_equal(view.length, 22);
	assert_memory_equal(view.data, "a text to be looked at", 22);
	slice = refheap_view_slice(&view, -6, -3);
	assert_int_equal(slice.length, 3);
	assert_memory_equal(slice.data, "ked", 3);
	assert_ptr_equal(slice.data, (char *)view.data + 16);
	refheap_view_close(&view);

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 13);
	ok(refheap_new_bytes(f->session, large, sizeof(large), &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_memory_equal(view.data, large, sizeof(large));
	refheap_view_close(&view);
	refheap_view_close(&view);

	ok(refheap_new_bytes(f->session, NULL, 0, &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_int_equal(view.length, 0);
	assert_non_null(view.data);
	fails(refheap_view_open(f->session, id, REFHEAP_VIEW_WRITE, &view),
	      EACCES);
}

static void constant_payload_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct refheap_view view;
	refheap_id id = new_str(f->session, "cannot be changed");

	fails(refheap_view_open(f->session, id, REFHEAP_VIEW_WRITE, &view),
	      EACCES);
	fails(refheap_view_open(f->session, id, 1U << 9, &view), EINVAL);
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_int_equal(mprotect(view.map, view.map_length,
				  PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	refheap_view_close(&view);
	fails(refheap_view_open(f->session, new_list(f->session), 0, &view),
	      EOPNOTSUPP);
}

static void bytearrays_are_shared(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	struct refheap_view mine, theirs;
	char buffer[5];
	refheap_id id;

	ok(refheap_new_bytearray(f->session, NULL, 10000, &id));
	ok(refheap_view_open(f->session, id, REFHEAP_VIEW_WRITE, &mine));
	ok(refheap_view_open(other, id, 0, &theirs));
	memcpy((char *)mine.data + 5000, "hello", 5);
	assert_memory_equal((char *)theirs.data + 5000, "hello", 5);
	assert_int_equal(refheap_read(other, id, 5000, buffer, 5), 5);
	assert_memory_equal(buffer, "hello", 5);
	assert_int_equal(refheap_write(other, id, 0, "start", 5), 5);
	assert_memory_equal(mine.data, "start", 5);
	refheap_view_close(&mine);
	refheap_view_close(&theirs);
	refheap_close(other);
}

static void readers_do_not_write(void **state)
{
	struct fixture *f = *state;
	struct refheap *reader = another_session(f, REFHEAP_ATTACH_RDONLY);
	struct refheap_view view;
	refheap_id id;

	ok(refheap_new_bytearray(f->session, "bytes", 5, &id));
	fails(refheap_view_open(reader, id, REFHEAP_VIEW_WRITE, &view), EACCES);
	ok(refheap_view_open(reader, id, 0, &view));
	assert_int_equal(mprotect(view.map, view.map_length,
				  PROT_READ | PROT_WRITE), -1);
	refheap_view_close(&view);
	refheap_close(reader);
}

static void touch_view(void *data)
{
	const struct refheap_view *view = data;

	_exit(*(volatile char *)view->data == 'X' ? 96 : 97);
}

/*
 * A view keeps no reference, not even those of the session that it came from.
 * What somebody else holds stays to be seen.
 */
static void view_keeps_no_reference(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	struct refheap_view view, held_view;
	refheap_id id, held;

	ok(refheap_new_bytes(other, "gone", 4, &id));
	ok(refheap_new_bytes(other, "still here", 10, &held));
	ok(refheap_take(f->session, held));
	ok(refheap_view_open(other, id, 0, &view));
	ok(refheap_view_open(other, held, 0, &held_view));
	assert_memory_equal(view.data, "gone", 4);
	refheap_close(other);
	eventually(refheap_refcount(f->session, id) == -ESTALE);
	assert_int_equal(in_child(touch_view, &view), 128 + SIGBUS);
	assert_memory_equal(held_view.data, "still here", 10);
	refheap_view_close(&view);
	refheap_view_close(&held_view);
}

/* The view of a dead object faults, also when its place is taken again. */
static void dead_objects_fault(void **state)
{
	struct fixture *f = *state;
	struct refheap_view view;
	refheap_id id, other;

	ok(refheap_new_bytes(f->session, "mortal", 6, &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_memory_equal(view.data, "mortal", 6);
	ok(refheap_drop(f->session, id));
	assert_int_equal(in_child(touch_view, &view), 128 + SIGBUS);
	for (int i = 0; i < 100; i++)
		ok(refheap_new_bytes(f->session, "XXXXXX", 6, &other));
	assert_int_equal(in_child(touch_view, &view), 128 + SIGBUS);
	refheap_view_close(&view);
}

struct touch {
	struct fixture *f;
	struct refheap_view view;
};

/* Removing the heap takes the pages away; reading them must fault. */
static void touch_after_removal(void *data)
{
	struct touch *touch = data;
	char seen;

	if (refheap_heap_remove(touch->f->ctl, touch->f->heap))
		_exit(98);
	usleep(100000);
	seen = *(volatile char *)touch->view.data;
	_exit(seen == 'p' ? 97 : 96);
}

static void removed_heap_faults(void **state)
{
	struct touch touch = { .f = *state };
	refheap_id id;

	ok(refheap_new_bytearray(touch.f->session, "payload", 7, &id));
	ok(refheap_view_open(touch.f->session, id, 0, &touch.view));
	assert_int_equal(in_child(touch_after_removal, &touch), 128 + SIGBUS);
	refheap_view_close(&touch.view);
}

static int close_removed(void **state)
{
	struct fixture *f = *state;

	refheap_close(f->session);
	refheap_ctl_close(f->ctl);
	return 0;
}

static void touch_past_resize(void *data)
{
	const struct refheap_view *view = data;

	_exit(((volatile char *)view->data)[90000] ? 96 : 97);
}

/* What was cut off cannot be seen through an old view. */
static void resized_payload_faults(void **state)
{
	struct fixture *f = *state;
	struct refheap_view view;
	refheap_id id, other;
	static char secret[100000];

	ok(refheap_new_bytearray(f->session, NULL, 100000, &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	ok(refheap_resize(f->session, id, 10));
	memset(secret, 'S', sizeof(secret));
	ok(refheap_new_bytearray(f->session, secret, sizeof(secret), &other));
	assert_int_equal(in_child(touch_past_resize, &view), 128 + SIGBUS);
	refheap_view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(constant_payload_is_seen),
		heap_test(constant_payload_is_not_written),
		heap_test(bytearrays_are_shared),
		heap_test(readers_do_not_write),
		heap_test(view_keeps_no_reference),
		heap_test(dead_objects_fault),
		cmocka_unit_test_setup_teardown(removed_heap_faults,
						fixture_setup, close_removed),
		heap_test(resized_payload_faults),
	};

	return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
