// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static u64 push(struct kunit *test)
{
	return do_op(test, OP(REFHEAP_OP_FRAME_PUSH));
}

static void pop(struct kunit *test, u64 depth)
{
	do_op(test, OP(REFHEAP_OP_FRAME_POP, .a = depth));
}

static void hand_out(struct kunit *test, u64 object, u32 all)
{
	do_op(test, OP(REFHEAP_OP_HAND_OUT, .a = object, .arg = all));
}

static void dropped_by_pop(struct kunit *test)
{
	u64 outside = new_list(test, 0, NULL), inside, depth = push(test);

	KUNIT_EXPECT_EQ(test, depth, 1);
	inside = new_list(test, 0, NULL);
	do_op(test, OP(REFHEAP_OP_TAKE, .a = outside));
	do_op(test, OP(REFHEAP_OP_TAKE, .a = outside));
	KUNIT_EXPECT_EQ(test, count_of(test, outside), 3);
	pop(test, depth);
	KUNIT_EXPECT_FALSE(test, alive(test, inside));
	KUNIT_EXPECT_EQ(test, count_of(test, outside), 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_FRAME_POP);
}

static void handed_outwards(struct kunit *test)
{
	u64 a, b, c;

	push(test);
	push(test);
	a = new_list(test, 0, NULL);
	b = new_list(test, 0, NULL);
	c = new_list(test, 0, NULL);
	hand_out(test, a, 0);
	hand_out(test, c, 1);
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_HAND_OUT, .a = a);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_FRAME_POP, .a = 1);
	pop(test, 2);
	KUNIT_EXPECT_FALSE(test, alive(test, b));
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	pop(test, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	KUNIT_EXPECT_TRUE(test, alive(test, c));
	drop(test, c);
}

static void drops_go_inside_first(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	push(test);
	do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	drop(test, list);
	drop(test, list);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	pop(test, 1);
}

/* A temporary is no frame's. */
static void temporaries(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	const struct refheap_op ops[] = {
		OP(REFHEAP_OP_FRAME_PUSH),
		OP(REFHEAP_OP_TAKE, .a = list, .flags = REFHEAP_OPF_TEMP),
		OP(REFHEAP_OP_TAKE, .a = list),
		OP(REFHEAP_OP_FRAME_POP),
	};
	struct refheap_result results[ARRAY_SIZE(ops)];

	KUNIT_EXPECT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 4);
	KUNIT_ASSERT_TRUE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void deep(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL);
	struct rh_hold hold;
	u32 i;

	for (i = 1; i <= 1000; i++) {
		KUNIT_ASSERT_EQ(test, push(test), i);
		do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
		new_list(test, 1, &list);
	}
	KUNIT_EXPECT_TRUE(test, rh_holder_hold(rig->heap, rig->holder[0], list, &hold));
	KUNIT_EXPECT_EQ(test, hold.count, 1001);
	KUNIT_EXPECT_EQ(test, hold.frame, 1000);
	for (; i > 500; i--)
		pop(test, i - 1);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1 + 2 * (i - 1));
	/* The rest goes with the holder. */
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
}

static void many_in_one(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 before = rig_objects(rig);
	u32 i;

	push(test);
	for (i = 0; i < 2000; i++)
		new_list(test, 0, NULL);
	/* What was dropped makes room for others. */
	for (i = 0; i < 2000; i++)
		drop(test, new_list(test, 0, NULL));
	pop(test, 1);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), before);
}

static void in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = {
		dropped_by_pop, handed_outwards, drops_go_inside_first, deep, many_in_one,
	};

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

static const struct refheap_change *history(struct kunit *test, u64 object, u32 n)
{
	struct rig *rig = test->priv;
	struct refheap_result result = rig_op(rig, OP(REFHEAP_OP_HISTORY_READ, .a = object));

	KUNIT_EXPECT_EQ(test, result.info, n);
	return (void *)rig->out;
}

static void histories(struct kunit *test)
{
	const struct refheap_change *change;
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL), tuple;

	EXPECT_ERROR(test, ENODATA, REFHEAP_OP_HISTORY_READ, .a = list);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_HISTORY, .a = list, .b = 1000);
	do_op(test, OP(REFHEAP_OP_HISTORY, .a = list, .b = 3));
	rig->current_holder = 1;
	do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	tuple = new_tuple(test, 1, &list);
	drop(test, list);
	change = history(test, list, 3);
	KUNIT_EXPECT_EQ(test, change[0].what, REFHEAP_CHANGE_TAKE);
	KUNIT_EXPECT_EQ(test, change[0].refcount, 2);
	KUNIT_EXPECT_EQ(test, change[0].session, 2);
	KUNIT_EXPECT_EQ(test, change[2].what, REFHEAP_CHANGE_DROP);
	KUNIT_EXPECT_EQ(test, change[2].refcount, 2);
	rig->current_holder = 0;
	do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	change = history(test, list, 3);
	KUNIT_EXPECT_EQ(test, change[2].session, 1);
	KUNIT_EXPECT_EQ(test, change[2].site, 0);
	drop(test, list);
	do_op(test, OP(REFHEAP_OP_HISTORY, .a = list));
	EXPECT_ERROR(test, ENODATA, REFHEAP_OP_HISTORY_READ, .a = list);
	KUNIT_EXPECT_TRUE(test, alive(test, tuple));
}

static void of_a_type(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Seen", REFHEAP_TYPE_FINALIZER, 0, NULL, 0);
	u64 object;

	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_TYPE_HISTORY, .arg = type + 1, .b = 1);
	do_op(test, OP(REFHEAP_OP_TYPE_HISTORY, .arg = type, .b = 10));
	object = new_instance(test, type);
	KUNIT_EXPECT_EQ(test, history(test, object, 1)->what, REFHEAP_CHANGE_TAKE);
	drop(test, object);
	/* Its finalizer has it now. */
	KUNIT_EXPECT_EQ(test, history(test, object, 3)[1].what, REFHEAP_CHANGE_DROP);
}

static void sites(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 site = do_string(test, REFHEAP_OP_SITE, 0, 0, "main.c:12"), list;
	struct refheap_result result = {};
	struct rh_batch batch = {
		.heap = rig->heap, .holder = rig->holder[0], .results = &result, .count = 1,
	};
	struct refheap_op op = { .code = REFHEAP_OP_TAKE };
	u64 id;

	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_SITE, 0, 0, "main.c:12"), site);
	list = new_list(test, 0, NULL);
	do_op(test, OP(REFHEAP_OP_HISTORY, .a = list, .b = 2));
	op.a = list;
	batch.ops = &op;
	batch.site = site;
	KUNIT_EXPECT_EQ(test, rh_batch_step(&batch), RH_DONE);
	KUNIT_EXPECT_EQ(test, result.error, 0);
	id = history(test, list, 1)->site;
	KUNIT_EXPECT_EQ(test, REFHEAP_ID_SLOT(id), site);
	KUNIT_EXPECT_TRUE(test, alive(test, id));
	batch.done = 0;
	batch.site = 1;
	KUNIT_EXPECT_EQ(test, rh_batch_step(&batch), RH_DONE);
	KUNIT_EXPECT_EQ(test, result.error, -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(dropped_by_pop),
	KUNIT_CASE(handed_outwards),
	KUNIT_CASE(drops_go_inside_first),
	KUNIT_CASE(temporaries),
	KUNIT_CASE(deep),
	KUNIT_CASE(many_in_one),
	KUNIT_CASE(in_steps),
	KUNIT_CASE(histories),
	KUNIT_CASE(of_a_type),
	KUNIT_CASE(sites),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-frame",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
