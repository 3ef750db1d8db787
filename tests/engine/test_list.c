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
