// SPDX-License-Identifier: GPL-2.0
/* Objects of every kind: making, reading, counting, dying. */
#include <stdlib.h>

#include "fixture.h"

static void leaves_keep_their_values(void **state)
{
	struct fixture *f = *state;
	static const int64_t ints[] = {
		0, 1, -1, 1000, INT64_MAX, INT64_MIN,
		/* Looks like the result of an operation of a batch. */
		(int64_t)REFHEAP_ID_RESULT(0),
	};
	static const double floats[] = { 0.0, -1.5, 1e308, 5e-324 };
	refheap_id id;
	int64_t number;
	double real;
	bool truth;

	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		ok(refheap_new_int(f->session, ints[i], &id));
		ok(refheap_get_int(f->session, id, &number));
		assert_true(number == ints[i]);
		assert_int_equal(refheap_kind_of(f->session, id),
				 REFHEAP_KIND_INT);
	}
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		ok(refheap_new_float(f->session, floats[i], &id));
		ok(refheap_get_float(f->session, id, &real));
		assert_memory_equal(&real, &floats[i], sizeof(real));
		fails(refheap_get_int(f->session, id, &number), EOPNOTSUPP);
	}
	ok(refheap_new_bool(f->session, true, &id));
	ok(refheap_get_bool(f->session, id, &truth));
	assert_true(truth);
	ok(refheap_get_int(f->session, id, &number));
	assert_int_equal(number, 1);
	ok(refheap_get_float(f->session, id, &real));
	assert_true(real == 1.0);
	ok(refheap_new_none(f->session, &id));
	assert_int_equal(refheap_kind_of(f->session, id), REFHEAP_KIND_NONE);
	fails(refheap_get_bool(f->session, id, &truth), EOPNOTSUPP);
	fails(refheap_get_float(f->session, id, &real), EOPNOTSUPP);
}

static void payload_is_copied(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "gr\xc3\xbc\xc3\x9f" "e\0und mehr";
	static char large[300000];
	refheap_id id;
	size_t length;
	char *data;

	ok(refheap_new_str_len(f->session, text, sizeof(text), &id));
	assert_int_equal(refheap_len(f->session, id), sizeof(text));
	ok(refheap_get_data(f->session, id, &data, &length));
	assert_int_equal(length, sizeof(text));
	assert_memory_equal(data, text, sizeof(text));
	assert_int_equal(data[length], 0);
	free(data);

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 7);
	ok(refheap_new_bytes(f->session, large, sizeof(large), &id));
	ok(refheap_get_data(f->session, id, &data, NULL));
	assert_memory_equal(data, large, sizeof(large));
	free(data);
	ok(refheap_new_bytes(f->session, NULL, 0, &id));
	ok(refheap_get_data(f->session, id, &data, &length));
	assert_int_equal(length, 0);
	free(data);

	fails(refheap_get_data(f->session, new_int(f->session, 9999), &data,
			       NULL), EOPNOTSUPP);
	fails(refheap_get_data(f->session, new_list(f->session), &data, NULL),
	      EOPNOTSUPP);
}

static void text_must_be_utf8(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80",
	};
	struct fixture *f = *state;
	uint64_t before = alive(f);
	refheap_id id = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(refheap_new_str(f->session, bad[i], &id), EILSEQ);
	assert_true(id == 77);
	assert_int_equal(alive(f), before);
	fails(refheap_new_str_len(f->session, "", (size_t)REFHEAP_MAX_DATA + 1,
				  &id), E2BIG);
}

static void parts_of_payload(void **state)
{
	struct fixture *f = *state;
	char buffer[16];
	refheap_id id;

	ok(refheap_new_bytearray(f->session, "0123456789", 10, &id));
	assert_int_equal(refheap_read(f->session, id, 3, buffer, 4), 4);
	assert_memory_equal(buffer, "3456", 4);
	assert_int_equal(refheap_read(f->session, id, 8, buffer, 16), 2);
	assert_int_equal(refheap_read(f->session, id, 10, buffer, 16), 0);
	assert_int_equal(refheap_write(f->session, id, 2, "ab", 2), 2);
	fails(refheap_write(f->session, id, 9, "xy", 2), ERANGE);
	fails(refheap_write(f->session, id, UINT64_MAX, "xy", 2), ERANGE);
	assert_int_equal(refheap_read(f->session, id, 0, buffer, 16), 10);
	assert_memory_equal(buffer, "01ab456789", 10);

	ok(refheap_resize(f->session, id, 12));
	assert_int_equal(refheap_read(f->session, id, 8, buffer, 16), 4);
	assert_memory_equal(buffer, "89\0\0", 4);
	ok(refheap_resize(f->session, id, 1));
	ok(refheap_resize(f->session, id, 3));
	assert_int_equal(refheap_read(f->session, id, 0, buffer, 16), 3);
	assert_memory_equal(buffer, "0\0\0", 3);
	fails(refheap_resize(f->session, id, UINT64_MAX), EFBIG);
	assert_int_equal(refheap_len(f->session, id), 3);

	ok(refheap_new_bytes(f->session, "abc", 3, &id));
	fails(refheap_write(f->session, id, 0, "x", 1), EOPNOTSUPP);
	fails(refheap_resize(f->session, id, 1), EOPNOTSUPP);
	ok(refheap_new_bytearray(f->session, NULL, 100, &id));
	assert_int_equal(refheap_len(f->session, id), 100);
}

static void counts_are_exact(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	refheap_id item = new_str(f->session, "an item");
	uint64_t before = alive(f);
	struct refheap_info info;

	assert_int_equal(refheap_refcount(f->session, item), 1);
	ok(refheap_take(f->session, item));
	ok(refheap_append(f->session, list, item));
	ok(refheap_append(f->session, list, item));
	assert_int_equal(refheap_refcount(f->session, item), 4);
	ok(refheap_inspect(f->session, item, &info));
	assert_int_equal(info.held, 2);
	assert_int_equal(info.kind, REFHEAP_KIND_STR);
	assert_true(info.id == item);
	assert_int_equal(info.length, 7);
	assert_true(info.sizeof_ > 0);

	ok(refheap_drop(f->session, item));
	ok(refheap_drop(f->session, item));
	fails(refheap_drop(f->session, item), ENOTUNIQ);
	assert_int_equal(refheap_refcount(f->session, item), 2);
	ok(refheap_drop(f->session, list));
	fails(refheap_refcount(f->session, item), ESTALE);
	fails(refheap_refcount(f->session, list), ESTALE);
	assert_int_equal(alive(f), before - 2);
}

static void stale_and_invented_ids(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	refheap_id next;
	refheap_id out = 5;

	ok(refheap_drop(f->session, list));
	next = new_list(f->session);
	assert_true(next != list);
	fails(refheap_take(f->session, list), ESTALE);
	fails(refheap_append(f->session, next, list), ESTALE);
	fails(refheap_append(f->session, list, next), ESTALE);
	fails(refheap_get_index(f->session, list, 0, &out), ESTALE);
	fails(refheap_take(f->session, REFHEAP_ID(4000000, 1)), ENOENT);
	fails(refheap_take(f->session, 0), ENOENT);
	fails(refheap_new_list(f->session, &list, 1, &out), ESTALE);
	assert_true(out == 5);
	assert_int_equal(refheap_len(f->session, next), 0);
}

static void small_things_are_one(void **state)
{
	struct fixture *f = *state;
	refheap_id a, b;

	for (int64_t value = -5; value <= 256; value++)
		assert_true(new_int(f->session, value) ==
			    new_int(f->session, value));
	assert_true(new_int(f->session, 257) != new_int(f->session, 257));
	assert_true(new_str(f->session, "identifier_1") ==
		    new_str(f->session, "identifier_1"));
	assert_true(new_str(f->session, "") == new_str(f->session, ""));
	assert_true(new_str(f->session, "!") == new_str(f->session, "!"));
	assert_true(new_str(f->session, "not one") !=
		    new_str(f->session, "not one"));
	ok(refheap_intern(f->session, "now one", 7, &a));
	ok(refheap_intern(f->session, "now one", 7, &b));
	assert_true(a == b);
	ok(refheap_new_tuple(f->session, NULL, 0, &a));
	ok(refheap_new_tuple(f->session, NULL, 0, &b));
	assert_true(a == b);
	assert_int_equal(refheap_is_tracked(f->session, a), 0);
}

static void tracking(void **state)
{
	struct fixture *f = *state;
	refheap_id one = new_int(f->session, 100000);
	refheap_id list = new_list(f->session);
	refheap_id dict = new_dict(f->session);
	refheap_id tuple;

	assert_int_equal(refheap_is_tracked(f->session, one), 0);
	assert_int_equal(refheap_is_tracked(f->session, list), 1);
	assert_int_equal(refheap_is_tracked(f->session, dict), 0);
	ok(refheap_set_key(f->session, dict, one, one));
	assert_int_equal(refheap_is_tracked(f->session, dict), 0);
	ok(refheap_set_key(f->session, dict, one, list));
	assert_int_equal(refheap_is_tracked(f->session, dict), 1);
	ok(refheap_new_tuple(f->session, &one, 1, &tuple));
	assert_int_equal(refheap_is_tracked(f->session, tuple), 1);
	assert_true(refheap_collect(f->session, 0, NULL) >= 0);
	assert_int_equal(refheap_is_tracked(f->session, tuple), 0);
}

static void scopes_drop(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive(f);
	refheap_id kept;

	{
		refheap_auto_drop struct refheap_ref a = REFHEAP_REF(f->session);
		refheap_auto_drop struct refheap_ref b = REFHEAP_REF(f->session);
		refheap_auto_drop struct refheap_ref unused =
			REFHEAP_REF(f->session);

		a.id = new_list(f->session);
		b.id = new_list(f->session);
		kept = refheap_steal(&b);
		(void)unused;
	}
	assert_int_equal(alive(f), before + 1);
	ok(refheap_drop(f->session, kept));
	assert_int_equal(alive(f), before);
}

static void many_are_dropped_together(void **state)
{
	struct fixture *f = *state;
	refheap_id ids[200] = { 0 };
	uint64_t before = alive(f);

	for (size_t i = 0; i < 200; i++)
		if (i % 3)
			ids[i] = new_list(f->session);
	ok(refheap_drop_many(f->session, ids, 200));
	assert_int_equal(alive(f), before);
	fails(refheap_drop_many(f->session, ids, 200), ESTALE);
	ok(refheap_drop_many(f->session, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(leaves_keep_their_values),
		heap_test(payload_is_copied),
		heap_test(text_must_be_utf8),
		heap_test(parts_of_payload),
		heap_test(counts_are_exact),
		heap_test(stale_and_invented_ids),
		heap_test(small_things_are_one),
		heap_test(tracking),
		heap_test(scopes_drop),
		heap_test(many_are_dropped_together),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
