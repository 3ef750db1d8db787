// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void ids_go_stale(struct kunit *test)
{
	u64 first = new_list(test, 0, NULL), again;
	u32 i;

	drop(test, first);
	for (i = 0; i < 100; i++) {
		again = new_list(test, 0, NULL);
		KUNIT_EXPECT_NE(test, again, first);
		EXPECT_ERROR(test, ESTALE, REFHEAP_OP_TAKE, .a = first);
		drop(test, again);
	}
}

static void ids_that_never_were(struct kunit *test)
{
	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_TAKE, .a = 0);
	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_TAKE, .a = REFHEAP_ID(0x7fffffff, 1));
	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_TAKE, .a = REFHEAP_ID(0xffffffff, 0xffffffff));
	KUNIT_EXPECT_FALSE(test, alive(test, REFHEAP_ID(0xfffffff0, 1)));
}

static void root_is_there(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	u32 count = count_of(test, REFHEAP_ID_ROOT);
	struct rh_heap_stat stat;

	do_string(test, REFHEAP_OP_SET_KEY, REFHEAP_ID_ROOT, list, "name");
	drop(test, list);
	rh_heap_stat(((struct rig *)test->priv)->heap, &stat);
	KUNIT_EXPECT_EQ(test, stat.names, 1);
	collect(test, 2);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, count_of(test, REFHEAP_ID_ROOT), count);
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_DROP, .a = REFHEAP_ID_ROOT);
	do_string(test, REFHEAP_OP_DEL_KEY, REFHEAP_ID_ROOT, 0, "name");
	KUNIT_EXPECT_FALSE(test, alive(test, list));
}

/* A slot whose tag has come to its end is never used again. */
static void worn_out_slots(struct kunit *test)
{
	struct rh_params params;
	u64 seen[64];
	u32 i, j;

	rig_params(&params);
	params.max_tag = 5;
	suite_params(test, &params);
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		seen[i] = new_list(test, 0, NULL);
		KUNIT_EXPECT_LE(test, REFHEAP_ID_TAG(seen[i]), 5);
		for (j = 0; j < i; j++)
			KUNIT_ASSERT_NE(test, seen[i], seen[j]);
		drop(test, seen[i]);
	}
}

static void slots_run_out(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_params params;
	u64 before;
	int error;

	rig_params(&params);
	params.max_slots = 10000;
	suite_params(test, &params);
	before = rig_objects(rig);
	do
		error = rig_op(rig, OP(REFHEAP_OP_LIST)).error;
	while (!error);
	KUNIT_EXPECT_TRUE(test, error == -EDQUOT || error == -ENOMEM);
	KUNIT_EXPECT_LE(test, rig_objects(rig), 10000);
	KUNIT_EXPECT_GT(test, rig_objects(rig), 1000);
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), before);
	new_list(test, 0, NULL);
}

static void metadata_is_small(struct kunit *test)
{
	struct rh_table_stat stat;
	u32 i;

	for (i = 0; i < 20000; i++)
		new_list(test, 0, NULL);
	rh_table_stat(((struct rig *)test->priv)->heap, &stat);
	KUNIT_EXPECT_GE(test, stat.slots, 20000);
	KUNIT_EXPECT_LE(test, stat.millibytes, 24000);
}

static void limit_of_objects(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 garbage, before;

	before = rig_objects(rig);
	rh_heap_set_limits(rig->heap, 0, before + 2);
	garbage = garbage_list(test);
	new_list(test, 0, NULL);
	/* The limit is reached, a collection makes room once, and then no more. */
	new_list(test, 0, NULL);
	KUNIT_EXPECT_FALSE(test, alive(test, garbage));
	EXPECT_ERROR(test, EDQUOT, REFHEAP_OP_LIST);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), before + 2);
	rh_heap_set_limits(rig->heap, 0, 0);
	new_list(test, 0, NULL);
}

static void limit_of_bytes(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_heap_stat stat;
	u64 bytes;

	rh_heap_stat(rig->heap, &stat);
	rh_heap_set_limits(rig->heap, stat.bytes + 10000, 0);
	EXPECT_ERROR(test, EDQUOT, REFHEAP_OP_BYTEARRAY, .a = 20000);
	bytes = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 5000));
	EXPECT_ERROR(test, EDQUOT, REFHEAP_OP_RESIZE, .a = bytes, .b = 12000);
	KUNIT_EXPECT_EQ(test, rig_info(rig, bytes).length, 5000);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ids_go_stale),
	KUNIT_CASE(ids_that_never_were),
	KUNIT_CASE(root_is_there),
	KUNIT_CASE(worn_out_slots),
	KUNIT_CASE(slots_run_out),
	KUNIT_CASE(metadata_is_small),
	KUNIT_CASE(limit_of_objects),
	KUNIT_CASE(limit_of_bytes),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-table",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
