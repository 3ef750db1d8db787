// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/holder.h"
#include "suite.h"

static void not_ones_own(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL);

	rig->current_holder = 1;
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_DROP, .a = list);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_TAKE, .a = list)), list);
	KUNIT_EXPECT_EQ(test, rh_holder_slot_count(rig->holder[0], REFHEAP_ID_SLOT(list)), 1);
	KUNIT_EXPECT_EQ(test, rh_holder_slot_count(rig->holder[1], REFHEAP_ID_SLOT(list)), 1);
	KUNIT_EXPECT_EQ(test, rh_holder_held(rig->holder[1]), 1);
	drop(test, list);
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_DROP, .a = list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void release_drops_all(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 before = rig_objects(rig), shared = new_list(test, 0, NULL);
	u32 i;

	rig->current_holder = 1;
	for (i = 0; i < 3000; i++) {
		u64 list = new_list(test, 1, &shared);

		do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	}
	KUNIT_EXPECT_EQ(test, rh_holder_held(rig->holder[1]), 6000);
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), before + 1);
	KUNIT_EXPECT_EQ(test, count_of(test, shared), 1);
}

static void release_in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = { release_drops_all };

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(not_ones_own),
	KUNIT_CASE(release_drops_all),
	KUNIT_CASE(release_in_steps),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-holder",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
