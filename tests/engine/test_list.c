// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void list_order(struct kunit *test)
{
	u64 a = new_int(test, 1000), b = new_int(test, 1001), c = new_int(test, 1002);
	u64 items[] = { a, c };
	u64 list = new_list(test, 2, items);

	do_op(test, OP(REFHEAP_OP_INSERT, .a = list, .b = 1, .c = b));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = list)), 3);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = 0)), a);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = 1)), b);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = -1)), c);
	KUNIT_EXPECT_EQ(test, count_of(test, b), 3);
	do_op(test, OP(REFHEAP_OP_DEL_INDEX, .a = list, .b = -3));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_POP, .a = list, .b = 0)), b);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_POP, .a = list, .b = -1)), c);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = list)), 0);
}

static void list_insert_clamps(struct kunit *test)
{
	u64 a = new_int(test, 1000), b = new_int(test, 1001), c = new_int(test, 1002);
	u64 list = new_list(test, 1, &a);

	do_op(test, OP(REFHEAP_OP_INSERT, .a = list, .b = 99, .c = b));
	do_op(test, OP(REFHEAP_OP_INSERT, .a = list, .b = (u64)-99, .c = c));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = 0)), c);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = 2)), b);
}

static void list_range(struct kunit *test)
{
	u64 a = new_int(test, 1000);
	u64 list = new_list(test, 1, &a);

	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_GET_INDEX, .a = list, .b = 1);
	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_GET_INDEX, .a = list, .b = (u64)-2);
	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_SET_INDEX, .a = list, .b = 1, .c = a);
	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_DEL_INDEX, .a = list, .b = S64_MAX);
	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_POP, .a = list, .b = (u64)S64_MIN);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	EXPECT_ERROR(test, ERANGE, REFHEAP_OP_POP, .a = list, .b = (u64)-1);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
}

static void list_set_frees_the_old(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_list(test, 0, NULL);
	u64 list = new_list(test, 1, &a);

	drop(test, a);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	do_op(test, OP(REFHEAP_OP_SET_INDEX, .a = list, .b = 0, .c = b));
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	KUNIT_EXPECT_EQ(test, count_of(test, b), 2);
	/* Storing what is there already changes nothing, and must not free it first. */
	drop(test, b);
	do_op(test, OP(REFHEAP_OP_SET_INDEX, .a = list, .b = 0, .c = b));
	KUNIT_EXPECT_EQ(test, count_of(test, b), 1);
}

static void list_itself(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	append(test, list, list);
	append(test, list, list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3);
	do_op(test, OP(REFHEAP_OP_SET_INDEX, .a = list, .b = 1, .c = list));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void list_grows_and_shrinks(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	struct rh_heap_stat before, after;
	u32 i;

	rh_heap_stat(((struct rig *)test->priv)->heap, &before);
	for (i = 0; i < 3000; i++)
		do_op(test, OP(REFHEAP_OP_APPEND, .a = list, .c = list));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3001);
	for (i = 0; i < 3000; i++)
		do_op(test, OP(REFHEAP_OP_DEL_INDEX, .a = list, .b = i % 2 ? 0 : -1));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
	rh_heap_stat(((struct rig *)test->priv)->heap, &after);
	KUNIT_EXPECT_LE(test, after.bytes, before.bytes + 512);
}

static u64 item_of(struct kunit *test, u64 list, s64 index)
{
	u64 item = do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list, .b = index));

	drop(test, item);
	return item;
}

static void list_extends(struct kunit *test)
{
	u64 a = new_int(test, 1000), list = new_list(test, 1, &a);
	u64 items[] = { new_int(test, 1001), list, a, list };
	u32 i;

	KUNIT_EXPECT_EQ(test, extend(test, list, 0, NULL), 0);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = list)), 1);
	KUNIT_EXPECT_EQ(test, extend(test, list, ARRAY_SIZE(items), items), 0);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = list)), 5);
	KUNIT_EXPECT_EQ(test, item_of(test, list, 0), a);
	for (i = 0; i < ARRAY_SIZE(items); i++)
		KUNIT_EXPECT_EQ(test, item_of(test, list, i + 1), items[i]);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, items[0]), 2);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
}

/* One of them is none, so that none of them is taken. */
static void list_extends_by_all_or_none(struct kunit *test)
{
	u64 a = new_int(test, 1000), b = new_int(test, 1001);
	u64 list = new_list(test, 1, &a), tuple = new_tuple(test, 1, &a);
	u64 items[] = { a, b, 0 };
	struct refheap_info was = rig_info(test->priv, list), now;

	KUNIT_EXPECT_EQ(test, extend(test, list, 3, items), -ENOENT);
	drop(test, b);
	KUNIT_EXPECT_EQ(test, extend(test, list, 2, items), -ESTALE);
	KUNIT_EXPECT_EQ(test, extend(test, b, 1, items), -ESTALE);
	KUNIT_EXPECT_EQ(test, extend(test, tuple, 1, items), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, extend(test, a, 1, items), -EOPNOTSUPP);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_EXTEND, .a = list, .c = a);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_EXTEND, .a = list, .flags = REFHEAP_OPF_TEMP);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_EXTEND, list, 0, "odd").error,
			-EINVAL);
	now = rig_info(test->priv, list);
	KUNIT_EXPECT_EQ(test, memcmp(&was, &now, sizeof(was)), 0);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 3);
}

static void list_extends_to_the_limit(struct kunit *test)
{
	struct refheap_info was, now;
	struct rh_params params;
	u64 list, items[5];
	u32 i;

	rig_params(&params);
	params.max_cells = 9;
	suite_params(test, &params);
	list = new_list(test, 0, NULL);
	for (i = 0; i < ARRAY_SIZE(items); i++)
		items[i] = list;
	KUNIT_EXPECT_EQ(test, extend(test, list, 5, items), 0);
	was = rig_info(test->priv, list);
	KUNIT_EXPECT_EQ(test, extend(test, list, 5, items), -EFBIG);
	now = rig_info(test->priv, list);
	KUNIT_EXPECT_EQ(test, memcmp(&was, &now, sizeof(was)), 0);
	KUNIT_EXPECT_EQ(test, extend(test, list, 4, items), 0);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 10);
	KUNIT_EXPECT_EQ(test, extend(test, list, 1, items), -EFBIG);
	KUNIT_EXPECT_EQ(test, extend(test, list, 0, NULL), 0);
}

/* One at a time, in either way, makes the same of it. */
static void list_extends_as_it_grows(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_list(test, 0, NULL);
	u32 i;

	for (i = 0; i < 300; i++) {
		append(test, a, a);
		KUNIT_ASSERT_EQ(test, extend(test, b, 1, &b), 0);
		KUNIT_EXPECT_EQ(test, rig_info(test->priv, a).sizeof_,
				rig_info(test->priv, b).sizeof_);
	}
}

static void list_extends_by_results(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP),
		OP(REFHEAP_OP_EXTEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_IDS_RESULT,
		   .a = 0, .data_len = 24),
	};
	u64 ids[] = { REFHEAP_ID_RESULT(1), REFHEAP_ID_RESULT(0), REFHEAP_ID_RESULT(1) };
	struct refheap_result results[ARRAY_SIZE(ops)];

	ops[2].data_off = rig_data(test->priv, ids, sizeof(ids));
	KUNIT_ASSERT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 3);
	KUNIT_EXPECT_EQ(test, results[2].error, 0);
	KUNIT_EXPECT_EQ(test, count_of(test, results[0].value), 2);
	KUNIT_EXPECT_EQ(test, count_of(test, results[1].value), 2);
}

static void list_contains(struct kunit *test)
{
	u64 a = new_int(test, 1000), b = new_int(test, 1000);
	u64 list = new_list(test, 1, &a);

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = list, .b = a)), 1);
	/* By identity, so an equal one is not in it. */
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = list, .b = b)), 0);
}

static void tuple_is_fixed(struct kunit *test)
{
	u64 a = new_int(test, 1000);
	u64 items[] = { a, a };
	u64 tuple = new_tuple(test, 2, items);

	KUNIT_EXPECT_EQ(test, count_of(test, a), 3);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = tuple)), 2);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_SET_INDEX, .a = tuple, .b = 0, .c = a);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_APPEND, .a = tuple, .c = a);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_CLEAR, .a = tuple);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_POP, .a = tuple, .b = 0);
	drop(test, tuple);
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
}

static void empty_tuple_is_one(struct kunit *test)
{
	u64 a = new_tuple(test, 0, NULL), b = new_tuple(test, 0, NULL);

	KUNIT_EXPECT_EQ(test, a, b);
	KUNIT_EXPECT_FALSE(test, tracked(test, a));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(list_order),
	KUNIT_CASE(list_insert_clamps),
	KUNIT_CASE(list_range),
	KUNIT_CASE(list_set_frees_the_old),
	KUNIT_CASE(list_itself),
	KUNIT_CASE(list_grows_and_shrinks),
	KUNIT_CASE(list_extends),
	KUNIT_CASE(list_extends_by_all_or_none),
	KUNIT_CASE(list_extends_to_the_limit),
	KUNIT_CASE(list_extends_as_it_grows),
	KUNIT_CASE(list_extends_by_results),
	KUNIT_CASE(list_contains),
	KUNIT_CASE(tuple_is_fixed),
	KUNIT_CASE(empty_tuple_is_one),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-list",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
