// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void results_are_used(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_INT, .a = 1000),
		OP(REFHEAP_OP_APPEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT,
		   .a = 0, .c = 1),
		OP(REFHEAP_OP_DROP, .flags = REFHEAP_OPF_A_RESULT, .a = 1),
		OP(REFHEAP_OP_TUPLE, .flags = REFHEAP_OPF_IDS_RESULT, .data_len = 16),
	};
	u64 ids[] = { REFHEAP_ID_RESULT(0), REFHEAP_ID_RESULT(0) };
	struct refheap_result results[ARRAY_SIZE(ops)];

	ops[4].data_off = rig_data(test->priv, ids, sizeof(ids));
	KUNIT_ASSERT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 5);
	KUNIT_EXPECT_EQ(test, results[4].error, 0);
	KUNIT_EXPECT_EQ(test, count_of(test, results[0].value), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, results[1].value), 1);
}

static void stops_at_the_first_error(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_TAKE, .a = 0),
		OP(REFHEAP_OP_LIST),
	};
	struct refheap_result results[ARRAY_SIZE(ops)];
	u64 before = rig_objects(test->priv);

	KUNIT_EXPECT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 2);
	KUNIT_EXPECT_EQ(test, results[1].error, -ENOENT);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before + 1);
}

static void goes_on_when_asked(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_TAKE, .a = 0),
		OP(REFHEAP_OP_LEN, .flags = REFHEAP_OPF_A_RESULT, .a = 0),
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_APPEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT,
		   .a = 2, .c = 1),
		OP(REFHEAP_OP_LEN, .flags = REFHEAP_OPF_A_RESULT, .a = 2),
	};
	struct refheap_result results[ARRAY_SIZE(ops)];

	KUNIT_EXPECT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops),
					REFHEAP_BATCH_CONTINUE), 5);
	KUNIT_EXPECT_EQ(test, results[0].error, -ENOENT);
	KUNIT_EXPECT_EQ(test, results[1].error, -ECANCELED);
	KUNIT_EXPECT_EQ(test, results[3].error, -ECANCELED);
	KUNIT_EXPECT_EQ(test, results[4].error, 0);
	KUNIT_EXPECT_EQ(test, results[4].value, 0);
}

static void temporaries(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP),
		OP(REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP),
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_APPEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT,
		   .a = 2, .c = 1),
		OP(REFHEAP_OP_TAKE, .a = 0),
	};
	struct refheap_result results[ARRAY_SIZE(ops)];

	/* Dropped in whatever way the batch ends. */
	KUNIT_EXPECT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 5);
	KUNIT_EXPECT_EQ(test, results[4].error, -ENOENT);
	KUNIT_EXPECT_FALSE(test, alive(test, results[0].value));
	KUNIT_EXPECT_EQ(test, count_of(test, results[1].value), 1);
	KUNIT_EXPECT_EQ(test, rh_holder_held(((struct rig *)test->priv)->holder[0]), 1);
}

static void bad_operations(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), leaf = new_int(test, 1000);
	u64 far = REFHEAP_ID_RESULT(5);

	EXPECT_ERROR(test, EINVAL, __REFHEAP_OP_MAX);
	EXPECT_ERROR(test, EINVAL, 0xffff);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_NOP, .flags = 1U << 15);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TAKE, .flags = REFHEAP_OPF_A_RESULT, .a = 0);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TAKE, .flags = REFHEAP_OPF_A_RESULT, .a = 1ULL << 32);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_STR, .data_off = 0, .data_len = 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_STR, .data_off = 0xffffffff, .data_len = 2);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_BOOL, .a = 2);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_APPEND, .a = leaf, .c = list);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_LEN, .a = do_op(test, OP(REFHEAP_OP_NONE)));
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_SET_KEY, .a = list, .b = leaf, .c = list);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_ADD, .a = list, .b = leaf);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_GET_ATTR, .a = list);
	KUNIT_EXPECT_EQ(test, rig_ids(test->priv, REFHEAP_OP_LIST, &far, 1).error, -ENOENT);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_LIST, 0, 0, "odd").error,
			-EINVAL);
}

/* Most of it is refused; what is not must be right, as verify says at the end. */
static void every_operation_on_every_kind(struct kunit *test)
{
	static const char * const x[] = { "x" };
	s64 slotted = rig_type(test->priv, "Slotted", 0, 0, x, 1);
	s64 open = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	struct refheap_op op;
	u64 id[12];
	u32 code, i, j, variant;

	for (code = 0; code < __REFHEAP_OP_MAX; code++) {
		id[0] = do_op(test, OP(REFHEAP_OP_NONE));
		id[1] = do_op(test, OP(REFHEAP_OP_BOOL));
		id[2] = new_int(test, 1000);
		id[3] = do_op(test, OP(REFHEAP_OP_FLOAT));
		id[4] = new_str(test, "two words");
		id[5] = do_string(test, REFHEAP_OP_BYTES, 0, 0, "");
		id[6] = do_string(test, REFHEAP_OP_BYTEARRAY, 0, 0, "bytes");
		id[7] = new_tuple(test, 1, &id[2]);
		id[8] = new_list(test, 0, NULL);
		id[9] = new_set(test);
		id[10] = new_instance(test, slotted);
		id[11] = new_instance(test, open);
		for (i = 0; i < ARRAY_SIZE(id); i++)
			for (j = 0; j < ARRAY_SIZE(id); j++)
				for (variant = 0; variant < 4; variant++) {
					op = OP(code, .a = id[i], .c = id[j]);
					op.b = variant & 1 ? id[j] : 0;
					if (variant & 2) {
						op.data_len = 1;
						op.data_off = rig_data(test->priv, "x", 1);
					}
					rig_op(test->priv, op);
				}
		KUNIT_ASSERT_EQ_MSG(test, rig_verify(test->priv), 0, "after operation %u: %s",
				    code, ((struct rig *)test->priv)->fault);
		KUNIT_ASSERT_EQ(test, rig_new_holder(test->priv), 0);
	}
}

static void read_only(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL), leaf = new_int(test, 1000);
	u64 bytes = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 10));

	append(test, list, leaf);
	rig->rdonly = true;
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_LIST);
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_APPEND, .a = list, .c = leaf);
	KUNIT_EXPECT_EQ(test, extend(test, list, 1, &leaf), -EROFS);
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_CLEAR, .a = list);
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_RESIZE, .a = bytes, .b = 1);
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_COLLECT);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = list)), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_INDEX, .a = list)), leaf);
	do_op(test, OP(REFHEAP_OP_INFO, .a = list));
	KUNIT_EXPECT_EQ(test, count_of(test, leaf), 3);
	rig->rdonly = false;
}

static void output_runs_out(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 bytes = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = RIG_OUT + 1));
	struct refheap_result result;

	EXPECT_ERROR(test, ENOSPC, REFHEAP_OP_READ, .a = bytes, .c = RIG_OUT + 1);
	result = rig_op(rig, OP(REFHEAP_OP_READ, .a = bytes, .c = RIG_OUT));
	KUNIT_EXPECT_EQ(test, result.error, 0);
	KUNIT_EXPECT_EQ(test, result.out_len, RIG_OUT);
	KUNIT_EXPECT_EQ(test, rig->out_used, RIG_OUT);
}

static void input_that_is_not_there(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct refheap_op op = OP(REFHEAP_OP_TYPE_NEW, .data_len = 3);

	op.data_off = rig_data(rig, "abc", 3);
	KUNIT_EXPECT_EQ(test, rig_op(rig, op).error, -EINVAL);
}

/* A batch that was left after any step and begun again with @done. */
static void stopped_and_begun_again(struct kunit *test)
{
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP),
		OP(REFHEAP_OP_APPEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT,
		   .a = 0, .c = 1),
		OP(REFHEAP_OP_COLLECT, .arg = 2),
		OP(REFHEAP_OP_POP, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_TEMP, .a = 0),
		OP(REFHEAP_OP_LIST),
	};
	struct refheap_result results[ARRAY_SIZE(ops)];
	struct rig *rig = test->priv;
	struct rh_params params;
	u32 stop;

	rig_params(&params);
	params.slice_units = 1;
	for (stop = 0; stop < 60; stop++) {
		struct rh_batch batch = {
			.ops = ops, .results = results, .count = ARRAY_SIZE(ops),
			.in = rig->in, .out = rig->out, .out_len = sizeof(rig->out),
		};
		u32 steps = 0;

		suite_params(test, &params);
		garbage_list(test);
		batch.heap = rig->heap;
		batch.holder = rig->holder[0];
		while (rh_batch_step(&batch) == RH_MORE) {
			if (steps++ != stop)
				continue;
			rig_work(rig);
			memset(&batch.state, 0, sizeof(batch.state));
		}
		KUNIT_ASSERT_EQ(test, batch.done, ARRAY_SIZE(ops));
		KUNIT_EXPECT_EQ(test, results[5].error, 0);
		KUNIT_EXPECT_EQ(test, count_of(test, results[0].value), 1);
		KUNIT_EXPECT_EQ(test, rh_holder_held(rig->holder[0]), 2);
		KUNIT_EXPECT_FALSE(test, alive(test, results[1].value));
	}
}

#define MANY_RESULTS	64

/* Looking for temporaries ends with the slice, also where there are none. */
static void results_are_passed_over_in_steps(struct kunit *test)
{
	struct refheap_op ops[MANY_RESULTS] = { 0 };
	struct refheap_result results[MANY_RESULTS];
	struct rig *rig = test->priv;
	struct rh_batch batch = { .ops = ops, .results = results, .count = MANY_RESULTS };
	struct rh_params params;
	u32 i, steps = 0;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	batch.heap = rig->heap;
	batch.holder = rig->holder[0];
	for (i = 0; i < MANY_RESULTS; i++)
		ops[i].code = REFHEAP_OP_NOP;
	while (rh_batch_step(&batch) == RH_MORE)
		steps += batch.done == MANY_RESULTS;
	KUNIT_EXPECT_GT(test, steps, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(results_are_used),
	KUNIT_CASE(stops_at_the_first_error),
	KUNIT_CASE(goes_on_when_asked),
	KUNIT_CASE(temporaries),
	KUNIT_CASE(bad_operations),
	KUNIT_CASE(every_operation_on_every_kind),
	KUNIT_CASE(read_only),
	KUNIT_CASE(output_runs_out),
	KUNIT_CASE(input_that_is_not_there),
	KUNIT_CASE(stopped_and_begun_again),
	KUNIT_CASE(results_are_passed_over_in_steps),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-execute",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
