// SPDX-License-Identifier: GPL-2.0
/* Containers, instances, names: Python's results, and Python's refusals. */
#include <stdio.h>

#include "fixture.h"

/* Whether a list holds these ints. */
static void assert_items(struct refheap *session, refheap_id list,
			 const int64_t *values, size_t count)
{
	refheap_id item;
	int64_t value;

	assert_int_equal(refheap_len(session, list), count);
	for (size_t i = 0; i < count; i++) {
		ok(refheap_get_index(session, list, (int64_t)i, &item));
		ok(refheap_get_int(session, item, &value));
		assert_int_equal(value, values[i]);
		ok(refheap_drop(session, item));
	}
}

static void lists(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s);
	refheap_id item, got;

	for (int64_t i = 0; i < 4; i++)
		ok(refheap_append(s, list, new_int(s, i)));
	assert_items(s, list, (int64_t[]){ 0, 1, 2, 3 }, 4);
	ok(refheap_insert(s, list, 1, new_int(s, 10)));
	ok(refheap_insert(s, list, -1, new_int(s, 11)));
	ok(refheap_insert(s, list, 100, new_int(s, 12)));
	ok(refheap_insert(s, list, -100, new_int(s, 13)));
	assert_items(s, list, (int64_t[]){ 13, 0, 10, 1, 2, 11, 3, 12 }, 8);
	ok(refheap_set_index(s, list, -8, new_int(s, 14)));
	ok(refheap_del_index(s, list, 1));
	ok(refheap_pop(s, list, -1, &got));
	assert_true(got == new_int(s, 12));
	ok(refheap_pop(s, list, 0, &got));
	assert_true(got == new_int(s, 14));
	assert_items(s, list, (int64_t[]){ 10, 1, 2, 11, 3 }, 5);
	ok(refheap_extend(s, list, (refheap_id[]){ new_int(s, 7), new_int(s, 8) }, 2));
	ok(refheap_extend(s, list, NULL, 0));
	assert_items(s, list, (int64_t[]){ 10, 1, 2, 11, 3, 7, 8 }, 7);
	ok(refheap_pop(s, list, -1, &got));
	ok(refheap_pop(s, list, -1, &got));

	item = new_int(s, 5000);
	fails(refheap_extend(s, item, &list, 1), EOPNOTSUPP);
	fails(refheap_extend(s, list, (refheap_id[]){ item, 0 }, 2), ENOENT);
	fails(refheap_get_index(s, list, 5, &got), ERANGE);
	fails(refheap_get_index(s, list, -6, &got), ERANGE);
	fails(refheap_set_index(s, list, 5, item), ERANGE);
	fails(refheap_del_index(s, list, INT64_MIN), ERANGE);
	fails(refheap_pop(s, list, 5, &got), ERANGE);
	fails(refheap_append(s, item, list), EOPNOTSUPP);
	fails(refheap_get_key_str(s, list, "x", &got), EOPNOTSUPP);
	assert_items(s, list, (int64_t[]){ 10, 1, 2, 11, 3 }, 5);
	assert_int_equal(refheap_refcount(s, item), 1);

	assert_int_equal(refheap_contains(s, list, new_int(s, 11)), 1);
	assert_int_equal(refheap_contains(s, list, item), 0);
	ok(refheap_clear(s, list));
	assert_int_equal(refheap_len(s, list), 0);
	fails(refheap_pop(s, list, -1, &got), ERANGE);
}

static void tuples(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id items[] = { new_int(s, 1), new_list(s) };
	refheap_id tuple, got;

	ok(refheap_new_tuple(s, items, 2, &tuple));
	assert_int_equal(refheap_len(s, tuple), 2);
	ok(refheap_get_index(s, tuple, -1, &got));
	assert_true(got == items[1]);
	assert_int_equal(refheap_refcount(s, got), 3);
	fails(refheap_get_index(s, tuple, 2, &got), ERANGE);
	fails(refheap_set_index(s, tuple, 0, items[0]), EOPNOTSUPP);
	fails(refheap_del_index(s, tuple, 0), EOPNOTSUPP);
	fails(refheap_append(s, tuple, items[0]), EOPNOTSUPP);
	fails(refheap_clear(s, tuple), EOPNOTSUPP);
	assert_int_equal(refheap_contains(s, tuple, items[1]), 1);
}

static void dicts(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id dict = new_dict(s);
	refheap_id one = new_int(s, 1000), two = new_int(s, 2000);
	refheap_id list = new_list(s);
	refheap_id got;

	ok(refheap_set_key_str(s, dict, "a key", one));
	ok(refheap_set_key(s, dict, new_str(s, "a key"), two));
	assert_int_equal(refheap_len(s, dict), 1);
	ok(refheap_get_key_str(s, dict, "a key", &got));
	assert_true(got == two);
	assert_int_equal(refheap_refcount(s, one), 1);
	ok(refheap_set_key(s, dict, one, list));
	/* Equal keys need not be one object. */
	ok(refheap_get_key(s, dict, new_int(s, 1000), &got));
	assert_true(got == list);
	assert_int_equal(refheap_contains(s, dict, one), 1);
	assert_int_equal(refheap_contains_str(s, dict, "a key"), 1);
	assert_int_equal(refheap_contains_str(s, dict, "none"), 0);

	got = 3;
	fails(refheap_get_key_str(s, dict, "none", &got), ENOKEY);
	fails(refheap_del_key_str(s, dict, "none"), ENOKEY);
	fails(refheap_pop_key_str(s, dict, "none", &got), ENOKEY);
	fails(refheap_del_key(s, dict, two), ENOKEY);
	fails(refheap_pop_key(s, dict, two, &got), ENOKEY);
	fails(refheap_set_key(s, dict, list, one), EOPNOTSUPP);
	fails(refheap_get_key(s, dict, dict, &got), EOPNOTSUPP);
	fails(refheap_set_key_str(s, dict, "\xff", one), EILSEQ);
	fails(refheap_set_key_str(s, dict, "k", 0), ENOENT);
	fails(refheap_set_key_str(s, list, "k", one), EOPNOTSUPP);
	assert_true(got == 3);
	assert_int_equal(refheap_len(s, dict), 2);

	ok(refheap_pop_key_str(s, dict, "a key", &got));
	assert_true(got == two);
	ok(refheap_pop_key(s, dict, one, &got));
	assert_true(got == list);
	ok(refheap_set_key_str(s, dict, "x", one));
	ok(refheap_del_key_str(s, dict, "x"));
	ok(refheap_set_key(s, dict, two, one));
	ok(refheap_del_key(s, dict, two));
	assert_int_equal(refheap_len(s, dict), 0);
	ok(refheap_set_key_str(s, dict, "x", one));
	ok(refheap_clear(s, dict));
	assert_int_equal(refheap_len(s, dict), 0);
}

static void dict_from_pairs(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_pair pairs[] = {
		{ new_str(s, "k"), new_int(s, 1) },
		{ new_str(s, "l"), new_int(s, 2) },
		{ new_str(s, "k"), new_int(s, 3) },
	};
	refheap_id dict, got;

	ok(refheap_new_dict(s, pairs, 3, &dict));
	assert_int_equal(refheap_len(s, dict), 2);
	ok(refheap_get_key_str(s, dict, "k", &got));
	assert_true(got == pairs[2].value);
	pairs[1].key = new_list(s);
	fails(refheap_new_dict(s, pairs, 3, &dict), EOPNOTSUPP);
}

/* Python: hash(1) == hash(1.0) == hash(True). */
static void equal_numbers_are_one_key(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id dict = new_dict(s);
	refheap_id real, truth, got;

	ok(refheap_new_float(s, 1.0, &real));
	ok(refheap_new_bool(s, true, &truth));
	ok(refheap_set_key(s, dict, new_int(s, 1), new_str(s, "int")));
	ok(refheap_set_key(s, dict, real, new_str(s, "float")));
	ok(refheap_set_key(s, dict, truth, new_str(s, "bool")));
	assert_int_equal(refheap_len(s, dict), 1);
	ok(refheap_get_key(s, dict, real, &got));
	assert_true(got == new_str(s, "bool"));
}

static void sets(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id items[] = { new_int(s, 1), new_int(s, 2), new_int(s, 1) };
	refheap_id set;

	ok(refheap_new_set(s, items, 3, &set));
	assert_int_equal(refheap_len(s, set), 2);
	assert_int_equal(refheap_add(s, set, new_int(s, 3)), 1);
	assert_int_equal(refheap_add(s, set, new_int(s, 3)), 0);
	assert_int_equal(refheap_add_str(s, set, "member"), 1);
	assert_int_equal(refheap_add_str(s, set, "member"), 0);
	assert_int_equal(refheap_contains(s, set, items[1]), 1);
	assert_int_equal(refheap_contains_str(s, set, "member"), 1);
	assert_int_equal(refheap_discard(s, set, items[0]), 1);
	assert_int_equal(refheap_discard(s, set, items[0]), 0);
	assert_int_equal(refheap_discard_str(s, set, "member"), 1);
	assert_int_equal(refheap_discard_str(s, set, "member"), 0);
	assert_int_equal(refheap_len(s, set), 2);
	fails(refheap_add(s, set, new_list(s)), EOPNOTSUPP);
	fails(refheap_add(s, new_dict(s), items[0]), EOPNOTSUPP);
	fails(refheap_new_set(s, &set, 1, &set), EOPNOTSUPP);
	ok(refheap_clear(s, set));
	assert_int_equal(refheap_len(s, set), 0);
}

static void instances(void **state)
{
	static const char *const base_slots[] = { "parent", "name" };
	static const char *const more[] = { "extra" };
	struct refheap_type_def base = {
		.name = "Node", .slots = base_slots, .slot_count = 2,
	};
	struct refheap_type_def derived = {
		.name = "Leaf", .slots = more, .slot_count = 1,
	};
	struct refheap_type_def open = {
		.name = "Open", .flags = REFHEAP_TYPE_DICT,
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id node, leaf, any, got;
	struct refheap_info info;
	uint32_t type, again;

	ok(refheap_type_define(s, &base, &type));
	ok(refheap_type_define(s, &base, &again));
	assert_int_equal(type, again);
	ok(refheap_type_find(s, "Node", &again));
	assert_int_equal(type, again);
	fails(refheap_type_find(s, "None", &again), ENOENT);
	base.slot_count = 1;
	fails(refheap_type_define(s, &base, &again), EEXIST);
	derived.base = type;
	ok(refheap_new_instance(s, type, &node));
	ok(refheap_type_define(s, &derived, &type));
	ok(refheap_new_instance(s, type, &leaf));
	ok(refheap_type_define(s, &open, &type));
	ok(refheap_new_instance(s, type, &any));

	fails(refheap_get_attr(s, node, "parent", &got), ENODATA);
	fails(refheap_del_attr(s, node, "parent"), ENODATA);
	fails(refheap_set_attr(s, node, "extra", leaf), ENODATA);
	ok(refheap_set_attr(s, leaf, "extra", node));
	ok(refheap_set_attr(s, leaf, "parent", node));
	assert_int_equal(refheap_refcount(s, node), 3);
	ok(refheap_get_attr(s, leaf, "parent", &got));
	assert_true(got == node);
	ok(refheap_drop(s, got));
	ok(refheap_del_attr(s, leaf, "extra"));
	assert_int_equal(refheap_refcount(s, node), 2);
	ok(refheap_set_attr(s, any, "whatever", node));
	ok(refheap_inspect(s, any, &info));
	assert_int_equal(info.length, 1);
	assert_int_equal(info.type, type);
	fails(refheap_len(s, any), EOPNOTSUPP);
	ok(refheap_clear(s, any));
	fails(refheap_get_attr(s, any, "whatever", &got), ENODATA);
	fails(refheap_clear(s, leaf), EOPNOTSUPP);
	fails(refheap_get_attr(s, new_list(s), "x", &got), EOPNOTSUPP);
	fails(refheap_new_instance(s, 9999, &got), ENOENT);
}

static void instances_with_values(void **state)
{
	static const char *const slots[] = { "a", "b", "c" };
	struct refheap_type_def slotted = {
		.name = "Triple", .slots = slots, .slot_count = 3,
	};
	struct refheap_type_def open = {
		.name = "Open", .flags = REFHEAP_TYPE_DICT,
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s), object, got;
	refheap_id values[4] = { list, 0, list, list };
	uint32_t type;

	ok(refheap_type_define(s, &slotted, &type));
	ok(refheap_new_instance_with(s, type, values, 3, &object));
	assert_int_equal(refheap_refcount(s, list), 3);
	ok(refheap_get_attr(s, object, "c", &got));
	assert_true(got == list);
	ok(refheap_drop(s, got));
	fails(refheap_get_attr(s, object, "b", &got), ENODATA);
	ok(refheap_drop(s, object));
	assert_int_equal(refheap_refcount(s, list), 1);
	fails(refheap_new_instance_with(s, type, values, 4, &got), EINVAL);
	fails(refheap_new_instance_with(s, 9999, values, 1, &got), ENOENT);
	ok(refheap_type_define(s, &open, &type));
	fails(refheap_new_instance_with(s, type, values, 1, &got), EINVAL);
	ok(refheap_new_instance_with(s, type, NULL, 0, &object));
	assert_int_equal(refheap_refcount(s, list), 1);
}

static void instances_together(void **state)
{
	static const char *const slots[] = { "a", "b" };
	struct refheap_type_def pair = { .name = "Pair", .slots = slots, .slot_count = 2 };
	struct refheap_type_def final = {
		.name = "Final", .flags = REFHEAP_TYPE_FINALIZER,
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s), ids[3], got;
	refheap_id values[] = { REFHEAP_ID_MADE(2), list, 0, list, REFHEAP_ID_MADE(0), list };
	uint64_t before;
	uint32_t type, with_finalizer;

	ok(refheap_type_define(s, &pair, &type));
	ok(refheap_type_define(s, &final, &with_finalizer));
	before = alive(f);
	ok(refheap_new_instances(s, type, values, 2, 3, ids));
	assert_int_equal(alive(f), before + 3);
	assert_int_equal(refheap_refcount(s, list), 4);
	ok(refheap_get_attr(s, ids[0], "a", &got));
	assert_true(got == ids[2]);
	ok(refheap_drop(s, got));
	fails(refheap_get_attr(s, ids[1], "a", &got), ENODATA);
	assert_int_equal(refheap_refcount(s, ids[0]), 2);
	for (int i = 0; i < 3; i++)
		ok(refheap_drop(s, ids[i]));
	assert_int_equal(refheap_collect(s, 2, NULL), 2);
	assert_int_equal(alive(f), before);
	fails(refheap_new_instances(s, type, values, 2, 2, ids), ENOENT);
	fails(refheap_new_instances(s, type, values + 1, 3, 1, ids), EINVAL);
	fails(refheap_new_instances(s, type, NULL, 0, 0, ids), EINVAL);
	fails(refheap_new_instances(s, type, NULL, 0, REFHEAP_MAX_INSTANCES + 1, ids), E2BIG);
	fails(refheap_new_instances(s, type, values, SIZE_MAX / 4, 8, ids), E2BIG);
	fails(refheap_new_instances(s, with_finalizer, NULL, 0, 2, ids), EOPNOTSUPP);
	assert_int_equal(alive(f), before);
	assert_int_equal(refheap_refcount(s, list), 1);
}

static void bad_types(void **state)
{
	static const char *const twice[] = { "x", "x" };
	static const char *const empty[] = { "" };
	static const char *const one[] = { "y" };
	static const char long_name[REFHEAP_NAME_MAX + 1] =
		"0123456789012345678901234567890123456789"
		"012345678901234567890123";
	const struct refheap_type_def bad[] = {
		{ .name = "" },
		{ .name = long_name },
		{ .name = "Twice", .slots = twice, .slot_count = 2 },
		{ .name = "Empty", .slots = empty, .slot_count = 1 },
		{ .name = "Flags", .flags = 1U << 20 },
	};
	struct refheap_type_def open = {
		.name = "Open", .flags = REFHEAP_TYPE_DICT,
	};
	struct refheap_type_def slotted = {
		.name = "Slotted", .slots = one, .slot_count = 1,
	};
	struct refheap_type_def orphan = { .name = "Orphan", .base = 4711 };
	struct fixture *f = *state;
	uint32_t type = 42;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(refheap_type_define(f->session, &bad[i], &type), EINVAL);
	fails(refheap_type_define(f->session, &orphan, &type), ENOENT);
	assert_int_equal(type, 42);
	ok(refheap_type_define(f->session, &open, &slotted.base));
	fails(refheap_type_define(f->session, &slotted, &type), EINVAL);
}

static void walking(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s), dict = new_dict(s);
	struct refheap_entry entry;
	uint64_t cursor = 0, sum = 0;
	int64_t key, value;
	refheap_id set;
	char text[16];

	for (int64_t i = 0; i < 100; i++) {
		ok(refheap_append(s, list, new_int(s, i * 1000)));
		ok(refheap_set_key(s, dict, new_int(s, i), new_int(s, -i)));
	}
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(refheap_next(s, list, &cursor, &entry), 1);
		assert_int_equal(entry.index, i);
		assert_int_equal(entry.key, 0);
		ok(refheap_get_int(s, entry.value, &value));
		assert_int_equal(value, i * 1000);
		ok(refheap_drop_entry(s, &entry));
	}
	assert_int_equal(refheap_next(s, list, &cursor, &entry), 0);

	cursor = 0;
	while (refheap_next(s, dict, &cursor, &entry) == 1) {
		ok(refheap_get_int(s, entry.key, &key));
		ok(refheap_get_int(s, entry.value, &value));
		assert_int_equal(value, -key);
		sum += (uint64_t)key;
		ok(refheap_drop_entry(s, &entry));
	}
	assert_int_equal(sum, 99 * 100 / 2);

	ok(refheap_new_set(s, NULL, 0, &set));
	cursor = 0;
	assert_int_equal(refheap_next(s, set, &cursor, &entry), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "member %d", i);
		assert_int_equal(refheap_add_str(s, set, text), 1);
	}
	cursor = 0;
	for (sum = 0; refheap_next(s, set, &cursor, &entry) == 1; sum++) {
		assert_int_equal(entry.value, 0);
		assert_int_equal(refheap_kind_of(s, entry.key),
				 REFHEAP_KIND_STR);
		assert_int_equal(refheap_refcount(s, entry.key), 2);
		ok(refheap_drop_entry(s, &entry));
	}
	assert_int_equal(sum, 10);
	cursor = 0;
	fails(refheap_next(s, new_int(s, 1), &cursor, &entry), EOPNOTSUPP);
}

static void walking_in_strides(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id list = new_list(s), item = new_int(s, 1000);
	struct refheap_entry entries[30];
	uint64_t cursor = 0, seen = 0;
	int got;

	for (int i = 0; i < 100; i++)
		ok(refheap_append(s, list, item));
	while ((got = refheap_next_many(s, list, &cursor, entries, 30)) > 0) {
		for (int i = 0; i < got; i++)
			assert_int_equal(entries[i].index, seen++);
		assert_int_equal(refheap_refcount(s, item), 101 + got);
		ok(refheap_drop_entries(s, entries, (size_t)got));
	}
	assert_int_equal(got, 0);
	assert_int_equal(seen, 100);
	assert_int_equal(refheap_next_many(s, list, &cursor, entries, 30), 0);
	assert_int_equal(refheap_refcount(s, item), 101);
	cursor = 0;
	fails(refheap_next_many(s, list, &cursor, entries, 0), EINVAL);
	fails(refheap_next_many(s, list, &cursor, entries,
				REFHEAP_MAX_IDS + 1), EINVAL);
}

static void too_many_items(void **state)
{
	struct fixture *f = *state;
	static refheap_id items[REFHEAP_MAX_IDS + 1];
	refheap_id one = new_int(f->session, 1000), id = 4;

	for (size_t i = 0; i < REFHEAP_MAX_IDS + 1; i++)
		items[i] = one;
	fails(refheap_new_list(f->session, items, REFHEAP_MAX_IDS + 1, &id),
	      E2BIG);
	assert_true(id == 4);
	ok(refheap_new_list(f->session, items, REFHEAP_MAX_IDS, &id));
	assert_int_equal(refheap_refcount(f->session, one),
			 REFHEAP_MAX_IDS + 1);
}

static void names_keep_alive(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap *other = another_session(f, 0);
	refheap_id list = new_list(other);
	refheap_id got;

	ok(refheap_set_name(other, "kept", list));
	refheap_close(other);
	eventually(refheap_refcount(s, list) == 1);
	ok(refheap_get_name(s, "kept", &got));
	assert_true(got == list);
	ok(refheap_del_name(s, "kept"));
	fails(refheap_del_name(s, "kept"), ENOKEY);
	fails(refheap_get_name(s, "kept", &got), ENOKEY);
	ok(refheap_drop(s, list));
	fails(refheap_take(s, list), ESTALE);
}

/* Immediate, at any depth, without recursion. */
static void deep_structures_die(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	uint64_t before = alive(f);
	refheap_id outer, inner = new_list(s);

	for (int depth = 0; depth < 20000; depth++) {
		ok(refheap_new_list(s, &inner, 1, &outer));
		ok(refheap_drop(s, inner));
		inner = outer;
	}
	assert_int_equal(alive(f), before + 20001);
	ok(refheap_drop(s, inner));
	assert_int_equal(alive(f), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(lists),
		heap_test(tuples),
		heap_test(dicts),
		heap_test(dict_from_pairs),
		heap_test(equal_numbers_are_one_key),
		heap_test(sets),
		heap_test(instances),
		heap_test(instances_with_values),
		heap_test(instances_together),
		heap_test(bad_types),
		heap_test(walking),
		heap_test(walking_in_strides),
		heap_test(too_many_items),
		heap_test(names_keep_alive),
		heap_test(deep_structures_die),
	};

	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
