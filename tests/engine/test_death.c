// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void at_zero(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	u64 outer = new_list(test, 1, &list);

	drop(test, list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
	drop(test, outer);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	EXPECT_ERROR(test, ESTALE, REFHEAP_OP_TAKE, .a = list);
}

/* No stack is deep enough for this if a death calls the next one. */
static void long_chain(struct kunit *test)
{
	u64 before = rig_objects(test->priv), head = new_list(test, 0, NULL);
	u32 i;

	for (i = 0; i < 20000; i++) {
		u64 next = new_list(test, 1, &head);

		drop(test, head);
		head = next;
	}
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before + 20001);
	drop(test, head);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before);
}

static void wide(struct kunit *test)
{
	u64 before = rig_objects(test->priv), list = new_list(test, 0, NULL);
	u32 i;

	for (i = 0; i < 5000; i++) {
		u64 item = new_list(test, 0, NULL);

		append(test, list, item);
		append(test, list, item);
		drop(test, item);
	}
	drop(test, list);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before);
}

static void one_unit_at_a_time(struct kunit *test)
{
	struct rh_params params;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	long_chain(test);
	wide(test);
}

/* Both lists die together; each releases the other one's last but one. */
static void shared_children(struct kunit *test)
{
	u64 leaf = new_list(test, 0, NULL);
	u64 both[] = { leaf, leaf };
	u64 a = new_list(test, 2, both), b = new_tuple(test, 2, both);
	u64 pair[] = { a, b };
	u64 top = new_tuple(test, 2, pair);

	drop(test, leaf);
	drop(test, a);
	drop(test, b);
	KUNIT_EXPECT_EQ(test, count_of(test, leaf), 4);
	drop(test, top);
	KUNIT_EXPECT_FALSE(test, alive(test, leaf));
	KUNIT_EXPECT_FALSE(test, alive(test, a));
}

static void clear_of_what_dies(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_list(test, 1, &a);

	append(test, a, b);
	drop(test, b);
	/* b dies, and with it an edge to a, while a is being cleared. */
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = a));
	KUNIT_EXPECT_FALSE(test, alive(test, b));
	KUNIT_EXPECT_EQ(test, count_of(test, a), 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(at_zero),
	KUNIT_CASE(long_chain),
	KUNIT_CASE(wide),
	KUNIT_CASE(one_unit_at_a_time),
	KUNIT_CASE(shared_children),
	KUNIT_CASE(clear_of_what_dies),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-death",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
