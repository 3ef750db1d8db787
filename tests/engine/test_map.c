// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void dict_by_string(struct kunit *test)
{
	u64 dict = new_dict(test), a = new_list(test, 0, NULL), b = new_list(test, 0, NULL);

	do_string(test, REFHEAP_OP_SET_KEY, dict, a, "k");
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_GET_KEY, dict, 0, "k"), a);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_CONTAINS, dict, 0, "k"), 1);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_CONTAINS, dict, 0, "l"), 0);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 3);
	do_string(test, REFHEAP_OP_SET_KEY, dict, b, "k");
	KUNIT_EXPECT_EQ(test, count_of(test, a), 2);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = dict)), 1);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_POP_KEY, dict, 0, "k"), b);
	KUNIT_EXPECT_EQ(test, count_of(test, b), 2);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_GET_KEY, dict, 0, "k").error,
			-ENOKEY);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_DEL_KEY, dict, 0, "k").error,
			-ENOKEY);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_POP_KEY, dict, 0, "k").error,
			-ENOKEY);
}

static void dict_by_value(struct kunit *test)
{
	u64 dict = new_dict(test), value = new_list(test, 0, NULL);
	u64 key = new_int(test, 100000), same = new_int(test, 100000);

	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = key, .c = value));
	KUNIT_EXPECT_NE(test, key, same);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_KEY, .a = dict, .b = same)), value);
	KUNIT_EXPECT_EQ(test, count_of(test, key), 2);
	/* The first key stays when the value is replaced. */
	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = same, .c = key));
	KUNIT_EXPECT_EQ(test, count_of(test, key), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, same), 1);
	do_op(test, OP(REFHEAP_OP_DEL_KEY, .a = dict, .b = same));
	KUNIT_EXPECT_EQ(test, count_of(test, key), 1);
}

static void unhashable(struct kunit *test)
{
	u64 dict = new_dict(test), set = new_set(test), list = new_list(test, 0, NULL);

	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_SET_KEY, .a = dict, .b = list, .c = list);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_ADD, .a = set, .b = list);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_ADD, .a = set, .b = dict);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

/* Walks the 50 entries, @step at a time, in the order in which they came. */
static void walk_dict(struct kunit *test, u64 dict, u32 step)
{
	struct rig *rig = test->priv;
	struct refheap_entry entry[4];
	struct refheap_result result;
	u64 cursor = 0;
	u32 i, seen = 0;

	do {
		result = rig_op(rig, OP(REFHEAP_OP_NEXT, .a = dict, .b = cursor, .arg = step));
		KUNIT_ASSERT_EQ(test, result.error, 0);
		KUNIT_ASSERT_TRUE(test, result.info <= (step ?: 1));
		KUNIT_ASSERT_EQ(test, result.out_len, result.info * sizeof(*entry));
		memcpy(entry, rig->out + result.out_off, result.out_len);
		for (i = 0; i < result.info; i++) {
			KUNIT_EXPECT_EQ(test, rig_info(rig, entry[i].key).value, 2 * seen + 1);
			KUNIT_EXPECT_EQ(test, entry[i].value, dict);
			drop(test, entry[i].key);
			drop(test, entry[i].value);
			seen++;
		}
		cursor = result.value;
	} while (cursor);
	KUNIT_EXPECT_EQ(test, seen, 50);
}

static void dict_order(struct kunit *test)
{
	u64 dict = new_dict(test);
	u32 i;

	for (i = 0; i < 100; i++)
		do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = new_int(test, i), .c = dict));
	for (i = 0; i < 100; i += 2)
		do_op(test, OP(REFHEAP_OP_DEL_KEY, .a = dict, .b = new_int(test, i)));
	for (i = 0; i < 5; i++)
		walk_dict(test, dict, i);
}

static void dict_many(struct kunit *test)
{
	u64 dict = new_dict(test), list = new_list(test, 0, NULL);
	u32 i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 1000; i++) {
			u64 key = new_int(test, 1000 + i);

			do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = key, .c = list));
			drop(test, key);
		}
		KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = dict)), 1000);
		KUNIT_EXPECT_EQ(test, count_of(test, list), 1001);
		for (i = 0; i < 1000; i++) {
			u64 key = new_int(test, 1000 + i);

			do_op(test, OP(REFHEAP_OP_DEL_KEY, .a = dict, .b = key));
			drop(test, key);
		}
		KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = dict)), 0);
	}
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void dict_from_ids(struct kunit *test)
{
	u64 one = new_int(test, 1), two = new_int(test, 2), list = new_list(test, 0, NULL);
	u64 ids[] = { one, list, two, list, one, one };
	u64 dict = do_ids(test, REFHEAP_OP_DICT, ids, 6);

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = dict)), 2);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_KEY, .a = dict, .b = one)), one);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	KUNIT_EXPECT_EQ(test, rig_ids(test->priv, REFHEAP_OP_DICT, ids, 3).error, -EINVAL);
}

static void set_members(struct kunit *test)
{
	u64 a = new_int(test, 1000), same = new_int(test, 1000), b = new_str(test, "b b");
	u64 members[] = { a, same };
	u64 set = do_ids(test, REFHEAP_OP_SET, members, 2);

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = set)), 1);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 2);
	KUNIT_EXPECT_EQ(test, count_of(test, same), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = b)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_ADD, .a = set, .b = b)), 0);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_CONTAINS, set, 0, "b b"), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DISCARD, .a = set, .b = same)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DISCARD, .a = set, .b = same)), 0);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = set));
	KUNIT_EXPECT_EQ(test, count_of(test, b), 1);
}

static void dict_is_tracked_by_what_it_holds(struct kunit *test)
{
	u64 dict = new_dict(test), list = new_list(test, 0, NULL), leaf = new_int(test, 1000);

	KUNIT_EXPECT_FALSE(test, tracked(test, dict));
	do_string(test, REFHEAP_OP_SET_KEY, dict, leaf, "a");
	KUNIT_EXPECT_FALSE(test, tracked(test, dict));
	do_string(test, REFHEAP_OP_SET_KEY, dict, list, "b");
	KUNIT_EXPECT_TRUE(test, tracked(test, dict));
	do_string(test, REFHEAP_OP_DEL_KEY, dict, 0, "b");
	collect(test, 1);
	KUNIT_EXPECT_TRUE(test, tracked(test, dict));
	collect(test, 2);
	KUNIT_EXPECT_FALSE(test, tracked(test, dict));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(dict_by_string),
	KUNIT_CASE(dict_by_value),
	KUNIT_CASE(unhashable),
	KUNIT_CASE(dict_order),
	KUNIT_CASE(dict_many),
	KUNIT_CASE(dict_from_ids),
	KUNIT_CASE(set_members),
	KUNIT_CASE(dict_is_tracked_by_what_it_holds),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-map",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
