// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

/* One fits, two do not: neither may be taken, nor room for them. */
static void expect_no_pair(struct kunit *test, u64 list, u64 item)
{
	static const char * const xyz[] = { "x", "y", "z" };
	u64 values[] = { list, item, item }, empty = new_list(test, 0, NULL);
	u32 type = rig_type(test->priv, "Slotted", 0, 0, xyz, 3);
	struct refheap_info was = rig_info(test->priv, empty), now;
	u64 objects = rig_objects(test->priv);

	KUNIT_EXPECT_EQ(test, rig_ids(test->priv, REFHEAP_OP_TUPLE, values, 3).error, -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, rig_with_ids(test->priv, OP(REFHEAP_OP_INSTANCE, .arg = type), values,
					   3).error, -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, rig_with_ids(test->priv,
					   OP(REFHEAP_OP_INSTANCES, .arg = type, .a = 3), values,
					   3).error, -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, extend(test, empty, 3, values), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), objects);
	now = rig_info(test->priv, empty);
	KUNIT_EXPECT_EQ(test, memcmp(&was, &now, sizeof(was)), 0);
	drop(test, empty);
}

static void counts_do_not_wrap(struct kunit *test)
{
	struct rh_params params;
	u64 list, item;

	rig_params(&params);
	params.max_count = 1000;
	suite_params(test, &params);
	list = new_list(test, 0, NULL);
	item = new_int(test, 5000);
	while (count_of(test, item) < 1000)
		append(test, list, item);
	EXPECT_ERROR(test, EOVERFLOW, REFHEAP_OP_TAKE, .a = item);
	EXPECT_ERROR(test, EOVERFLOW, REFHEAP_OP_APPEND, .a = list, .c = item);
	EXPECT_ERROR(test, EOVERFLOW, REFHEAP_OP_GET_INDEX, .a = list, .b = 0);
	do_op(test, OP(REFHEAP_OP_DEL_INDEX, .a = list, .b = 0));
	expect_no_pair(test, list, item);
	KUNIT_EXPECT_EQ(test, count_of(test, item), 999);
	do_op(test, OP(REFHEAP_OP_TAKE, .a = item));
	KUNIT_EXPECT_EQ(test, count_of(test, item), 1000);
}

static void take_and_drop(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_TAKE, .a = list)), list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	drop(test, list);
	drop(test, list);
	EXPECT_ERROR(test, ESTALE, REFHEAP_OP_DROP, .a = list);
}

static void changes_are_counted(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_heap_stat before, after;
	u64 a = new_list(test, 0, NULL);

	rh_heap_stat(rig->heap, &before);
	append(test, a, a);
	rh_heap_stat(rig->heap, &after);
	KUNIT_EXPECT_GT(test, after.changes, before.changes);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(counts_do_not_wrap),
	KUNIT_CASE(take_and_drop),
	KUNIT_CASE(changes_are_counted),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-barrier",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
