// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/heap.h"
#include "suite.h"

static u64 weakref(struct kunit *test, u64 object)
{
	return do_op(test, OP(REFHEAP_OP_WEAKREF, .a = object));
}

static u64 callback(struct kunit *test, u64 object, u64 cookie)
{
	return do_op(test, OP(REFHEAP_OP_WEAKREF, .a = object, .b = cookie,
			      .arg = REFHEAP_WEAKREF_CALLBACK));
}

static u64 deref(struct kunit *test, u64 ref)
{
	return do_op(test, OP(REFHEAP_OP_DEREF, .a = ref));
}

/* The next event of the current holder. Return: its type, 0 when there is none. */
static u32 next_event(struct kunit *test, struct refheap_event *event)
{
	struct rig *rig = test->priv;
	int ret = rh_holder_next_event(rig->heap, rig->holder[rig->current_holder], event);

	KUNIT_EXPECT_GE(test, ret, 0);
	return ret > 0 ? event->type : 0;
}

static void expect_callback(struct kunit *test, u64 ref, u64 cookie, u64 referent)
{
	struct refheap_event event = {};

	KUNIT_ASSERT_EQ(test, next_event(test, &event), REFHEAP_EVENT_WEAKREF);
	KUNIT_EXPECT_EQ(test, event.object, ref);
	KUNIT_EXPECT_EQ(test, event.value, cookie);
	KUNIT_EXPECT_EQ(test, event.referent, referent);
	drop(test, ref);
}

static void expect_silence(struct kunit *test)
{
	struct refheap_event event;

	KUNIT_EXPECT_EQ(test, next_event(test, &event), 0);
}

static void shared_without_callback(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), a = weakref(test, list), b = weakref(test, list);
	u64 other = callback(test, list, 1);

	KUNIT_EXPECT_EQ(test, a, b);
	KUNIT_EXPECT_NE(test, a, other);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 2);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, list).weakrefs, 2);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, a).value, list);
	KUNIT_EXPECT_EQ(test, deref(test, a), list);
	drop(test, list);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, deref(test, a), 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, a).value, 0);
}

static void only_what_can_be(struct kunit *test)
{
	u64 integer = new_int(test, 1000), tuple = new_tuple(test, 1, &integer);

	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_WEAKREF, .a = integer);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_WEAKREF, .a = tuple);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_DEREF, .a = tuple);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_WEAKREF, .a = new_dict(test), .b = 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_WEAKREF, .a = new_dict(test),
		     .arg = REFHEAP_WEAKREF_ATEXIT);
	weakref(test, do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 10)));
}

static void callbacks_newest_first(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), a, b, c;

	a = callback(test, list, 1);
	b = callback(test, list, 2);
	c = callback(test, list, 3);
	drop(test, b);
	expect_silence(test);
	drop(test, list);
	expect_callback(test, c, 3, list);
	expect_callback(test, a, 1, list);
	expect_silence(test);
}

static void callbacks_of_garbage(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), inside = callback(test, list, 1);
	u64 outside = callback(test, list, 2), shared = weakref(test, list);

	append(test, list, list);
	append(test, list, inside);
	drop(test, inside);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, deref(test, shared), list);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 2);
	KUNIT_EXPECT_EQ(test, deref(test, shared), 0);
	expect_callback(test, outside, 2, list);
	expect_silence(test);
}

static void disarmed(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), ref = callback(test, list, 1);

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DISARM, .a = ref)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DISARM, .a = ref)), 0);
	KUNIT_EXPECT_NE(test, weakref(test, list), ref);
	drop(test, list);
	expect_silence(test);
}

static void of_a_session_that_is_gone(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	struct rig *rig = test->priv;

	rig->current_holder = 1;
	callback(test, list, 1);
	do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig->current_holder = 0;
	drop(test, list);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	expect_silence(test);
}

static void adopted_at_exit(struct kunit *test)
{
	struct refheap_event event = {};
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL), ref;

	do_op(test, OP(REFHEAP_OP_ADOPT, .a = 1));
	rig->current_holder = 1;
	ref = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = list, .b = 7,
			     .arg = REFHEAP_WEAKREF_CALLBACK | REFHEAP_WEAKREF_ATEXIT));
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig->current_holder = 0;
	KUNIT_ASSERT_EQ(test, next_event(test, &event), REFHEAP_EVENT_WEAKREF);
	KUNIT_EXPECT_EQ(test, event.object, ref);
	KUNIT_EXPECT_EQ(test, event.generation, REFHEAP_EVENT_ADOPTED);
	KUNIT_EXPECT_EQ(test, event.value, 7);
	KUNIT_EXPECT_EQ(test, event.referent, 0);
	drop(test, ref);
	drop(test, list);
	expect_silence(test);
}

static void listed(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL), first = callback(test, list, 1);
	u64 second = callback(test, list, 2), shared = weakref(test, list);
	u64 *out = (u64 *)rig->out;
	struct refheap_result result;

	result = rig_op(rig, OP(REFHEAP_OP_WEAKREFS, .a = list, .arg = 2));
	KUNIT_EXPECT_EQ(test, result.error, 0);
	KUNIT_EXPECT_EQ(test, result.value, 3);
	KUNIT_ASSERT_EQ(test, result.info, 2);
	KUNIT_EXPECT_EQ(test, out[0], shared);
	KUNIT_EXPECT_EQ(test, out[1], second);
	result = rig_op(rig, OP(REFHEAP_OP_WEAKREFS, .a = list, .b = second, .arg = 2));
	KUNIT_ASSERT_EQ(test, result.info, 1);
	KUNIT_EXPECT_EQ(test, out[0], first);
	KUNIT_EXPECT_EQ(test, count_of(test, first), 2);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_WEAKREFS, .a = list, .b = list);
}

static void liveness_words(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL);
	u32 slot = REFHEAP_ID_SLOT(list);
	u32 *words = rh_liveness_words(rig->heap, slot), *word = words + slot % 1024;

	KUNIT_ASSERT_TRUE(test, words);
	KUNIT_EXPECT_EQ(test, *word, REFHEAP_ID_TAG(list));
	drop(test, list);
	KUNIT_EXPECT_NE(test, *word, REFHEAP_ID_TAG(list));
	KUNIT_EXPECT_FALSE(test, rh_liveness_words(rig->heap, 1 << 20));
	garbage_list(test);
	KUNIT_EXPECT_EQ(test, *(u32 *)rh_liveness_state(rig->heap) % 2, 0);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, *(u32 *)rh_liveness_state(rig->heap), 2);
}

static void in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = {
		shared_without_callback, callbacks_newest_first, callbacks_of_garbage,
		adopted_at_exit, listed, liveness_words,
	};

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

static s64 node_type(struct kunit *test)
{
	static const char *const slots[] = { "next" };

	return rig_type(test->priv, "Node", 0, 0, slots, 1);
}

static u32 len(struct kunit *test, u64 map)
{
	return do_op(test, OP(REFHEAP_OP_LEN, .a = map));
}

static void weak_values(struct kunit *test)
{
	s64 type = node_type(test);
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_VALUE_DICT)), a = new_instance(test, type);
	u64 b = new_instance(test, type), key = new_int(test, 1000);

	do_string(test, REFHEAP_OP_SET_KEY, map, a, "a");
	do_string(test, REFHEAP_OP_SET_KEY, map, b, "b");
	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = a));
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = key);
	KUNIT_EXPECT_EQ(test, len(test, map), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_GET_KEY, map, 0, "b"), b);
	drop(test, b);
	drop(test, a);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	KUNIT_EXPECT_EQ(test, len(test, map), 1);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_GET_KEY, map, 0, "a").error,
			-ENOKEY);
	do_string(test, REFHEAP_OP_SET_ATTR, b, b, "next");
	drop(test, b);
	KUNIT_EXPECT_EQ(test, len(test, map), 1);
	/* The weak reference that the entry was made of counts, too. */
	KUNIT_EXPECT_EQ(test, collect(test, 2), 2);
	KUNIT_EXPECT_EQ(test, len(test, map), 0);
}

static void many_weak_values(struct kunit *test)
{
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_VALUE_DICT)), value[100];
	s64 type = node_type(test);
	u32 i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(value); i++) {
			u64 key = new_int(test, 1000 + i);

			value[i] = new_instance(test, type);
			do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = value[i]));
			drop(test, key);
		}
		for (i = 0; i < ARRAY_SIZE(value); i++) {
			KUNIT_EXPECT_EQ(test, len(test, map), ARRAY_SIZE(value) - i);
			drop(test, value[i]);
		}
	}
}

static void weak_keys(struct kunit *test)
{
	s64 type = node_type(test);
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT)), key = new_instance(test, type);
	u64 value = new_list(test, 0, NULL);

	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = value));
	KUNIT_EXPECT_EQ(test, count_of(test, key), 1);
	KUNIT_EXPECT_EQ(test, count_of(test, value), 2);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_KEY, .a = map, .b = key)), value);
	drop(test, value);
	drop(test, value);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_TRUE(test, alive(test, value));
	drop(test, key);
	KUNIT_EXPECT_FALSE(test, alive(test, value));
	KUNIT_EXPECT_EQ(test, len(test, map), 0);
}

/* A chain of entries, each value of which is or reaches the next key. */
static void ephemerons(struct kunit *test)
{
	s64 type = node_type(test);
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT)), key[8];
	u32 i;

	for (i = 0; i < 8; i++)
		key[i] = new_instance(test, type);
	/* The last one comes first. */
	for (i = 8; i--; ) {
		u64 list = new_list(test, 1, &key[(i + 1) % 8]);

		do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key[i], .c = list));
		drop(test, list);
	}
	for (i = 1; i < 8; i++)
		drop(test, key[i]);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, len(test, map), 8);
	drop(test, key[0]);
	/* Keys, values, and the weak references of the entries. */
	KUNIT_EXPECT_EQ(test, collect(test, 2), 24);
	KUNIT_EXPECT_EQ(test, len(test, map), 0);
	KUNIT_EXPECT_FALSE(test, alive(test, key[7]));
}

static void weak_members(struct kunit *test)
{
	u64 set = do_op(test, OP(REFHEAP_OP_WEAK_SET)), a, b;
	s64 type = node_type(test);

	a = new_instance(test, type);
	b = new_instance(test, type);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = a)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = a)), 0);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = b)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = set, .b = b)), 1);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_ADD, set, 0, "x").error,
			-EOPNOTSUPP);
	drop(test, a);
	KUNIT_EXPECT_EQ(test, len(test, set), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DISCARD, .a = set, .b = b)), 1);
	KUNIT_EXPECT_EQ(test, len(test, set), 0);
}

/*
 * A collection counts the entries that go with what it has found. Others go with
 * what dies of that, and are none of its business, nor are weak references to it.
 */
static void entries_of_the_dead(struct kunit *test)
{
	s64 type = node_type(test);
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT)), key, value, ref;
	u64 set = do_op(test, OP(REFHEAP_OP_WEAK_SET));

	value = new_instance(test, type);
	do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = value));
	ref = callback(test, value, 3);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	key = new_instance(test, type);
	do_string(test, REFHEAP_OP_SET_ATTR, key, key, "next");
	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = value));
	drop(test, value);
	drop(test, key);
	/* The key and its entry. */
	KUNIT_EXPECT_EQ(test, collect(test, 0), 2);
	KUNIT_EXPECT_FALSE(test, alive(test, value));
	KUNIT_EXPECT_EQ(test, len(test, set), 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, ref).generation, 2);
	expect_callback(test, ref, 3, value);
}

/* A list with a weak-keyed dict of one entry and its key in it, and itself. Return: the value. */
static u64 dead_map(struct kunit *test, s64 type)
{
	u64 map = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT)), list = new_list(test, 1, &map);
	u64 value = new_list(test, 0, NULL), key = new_instance(test, type);

	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = value));
	append(test, list, key);
	append(test, list, list);
	drop(test, value);
	drop(test, key);
	drop(test, map);
	drop(test, list);
	return value;
}

/* What is garbage with its container is counted once. */
static void entries_of_garbage(struct kunit *test)
{
	struct rig *rig = test->priv;
	s64 type = node_type(test);
	u64 objects = rig_objects(rig);

	dead_map(test, type);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), objects + 5);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 5);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), objects);
}

/* It is saved like all the rest. */
static void entries_saved(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_gc_stat stat;
	u64 value;

	value = dead_map(test, node_type(test));
	rh_gc_set_debug(rig->heap, REFHEAP_DEBUG_SAVEALL);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 5);
	rh_gc_stat(rig->heap, &stat);
	KUNIT_EXPECT_EQ(test, stat.garbage, 5);
	KUNIT_EXPECT_TRUE(test, alive(test, value));
	rh_gc_set_debug(rig->heap, 0);
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
	collect(test, 2);
	KUNIT_EXPECT_FALSE(test, alive(test, value));
}

static void containers_in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = {
		weak_values, many_weak_values, weak_keys, ephemerons, weak_members,
		entries_of_the_dead, entries_of_garbage, entries_saved,
	};

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

/* Dicts in the order of use. */
static void oldest_first(struct kunit *test)
{
	u64 dict = new_dict(test), value = new_list(test, 0, NULL);
	u32 i;

	for (i = 0; i < 50; i++) {
		u64 key = new_int(test, 1000 + i);

		do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = key, .c = value));
		drop(test, key);
	}
	for (i = 0; i < 200; i++) {
		u64 key = new_int(test, 1000 + i % 5);

		KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_MOVE_TO_END, .a = dict, .b = key)),
				value);
		drop(test, value);
		drop(test, key);
	}
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_POP_OLDEST, .a = dict, .b = 5)), 45);
	for (i = 0; i < 10; i++) {
		u64 key = new_int(test, 1000 + i);

		KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = dict, .b = key)),
				i < 5);
		drop(test, key);
	}
	KUNIT_EXPECT_EQ(test, count_of(test, value), 6);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_POP_OLDEST, .a = dict, .b = 5)), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(shared_without_callback),
	KUNIT_CASE(only_what_can_be),
	KUNIT_CASE(callbacks_newest_first),
	KUNIT_CASE(callbacks_of_garbage),
	KUNIT_CASE(disarmed),
	KUNIT_CASE(of_a_session_that_is_gone),
	KUNIT_CASE(adopted_at_exit),
	KUNIT_CASE(listed),
	KUNIT_CASE(liveness_words),
	KUNIT_CASE(in_steps),
	KUNIT_CASE(weak_values),
	KUNIT_CASE(many_weak_values),
	KUNIT_CASE(weak_keys),
	KUNIT_CASE(ephemerons),
	KUNIT_CASE(weak_members),
	KUNIT_CASE(entries_of_the_dead),
	KUNIT_CASE(entries_of_garbage),
	KUNIT_CASE(entries_saved),
	KUNIT_CASE(containers_in_steps),
	KUNIT_CASE(oldest_first),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-weakref",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
