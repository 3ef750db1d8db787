// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static const char * const xy[] = { "x", "y" };

static void slotted(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	u64 point = new_instance(test, type), list = new_list(test, 0, NULL);

	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_GET_ATTR, point, 0, "x").error,
			-ENODATA);
	do_string(test, REFHEAP_OP_SET_ATTR, point, list, "x");
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_GET_ATTR, point, 0, "x"), list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_SET_ATTR, point, list, "z").error,
			-ENODATA);
	do_string(test, REFHEAP_OP_DEL_ATTR, point, 0, "x");
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_DEL_ATTR, point, 0, "x").error,
			-ENODATA);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, point).type, type);
}

static struct refheap_result instance_with(struct kunit *test, s64 type, const u64 *values, u32 n)
{
	return rig_with_ids(test->priv, OP(REFHEAP_OP_INSTANCE, .arg = type), values, n);
}

static void expect_attr(struct kunit *test, u64 object, const char *name, u64 value)
{
	struct refheap_result result = rig_string(test->priv, REFHEAP_OP_GET_ATTR, object, 0, name);

	KUNIT_EXPECT_EQ(test, result.error, value ? 0 : -ENODATA);
	KUNIT_EXPECT_EQ(test, result.value, value);
	if (!result.error)
		drop(test, value);
}

static void with_values(struct kunit *test)
{
	static const char * const z[] = { "z" };
	s64 base = rig_type(test->priv, "Point", 0, 0, xy, 2);
	s64 type = rig_type(test->priv, "Point3", 0, base, z, 1);
	u64 list = new_list(test, 0, NULL), leaf = new_int(test, 1000), point;
	u64 values[] = { list, 0, leaf, leaf };

	point = instance_with(test, type, values, 3).value;
	expect_attr(test, point, "x", list);
	expect_attr(test, point, "y", 0);
	expect_attr(test, point, "z", leaf);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	KUNIT_EXPECT_EQ(test, count_of(test, leaf), 2);
	KUNIT_EXPECT_TRUE(test, tracked(test, point));
	/* Others than the first stay unset, and can be set. */
	point = instance_with(test, type, values, 1).value;
	expect_attr(test, point, "x", list);
	expect_attr(test, point, "z", 0);
	do_string(test, REFHEAP_OP_SET_ATTR, point, point, "z");
	do_string(test, REFHEAP_OP_SET_ATTR, point, leaf, "x");
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	drop(test, point);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, count_of(test, leaf), 2);
	KUNIT_EXPECT_EQ(test, instance_with(test, type, values + 1, 1).error, 0);
}

static void with_values_refused(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	s64 empty = rig_type(test->priv, "Empty", 0, 0, NULL, 0);
	s64 open = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, type, NULL, 0);
	u64 list = new_list(test, 0, NULL), stale = new_list(test, 0, NULL);
	u64 values[] = { list, stale, 0 };
	u64 objects;

	drop(test, stale);
	objects = rig_objects(test->priv);
	KUNIT_EXPECT_EQ(test, instance_with(test, type, values, 2).error, -ESTALE);
	values[1] = 0;
	KUNIT_EXPECT_EQ(test, instance_with(test, type, values, 3).error, -EINVAL);
	KUNIT_EXPECT_EQ(test, instance_with(test, empty, values, 1).error, -EINVAL);
	KUNIT_EXPECT_EQ(test, instance_with(test, open, values, 1).error, -EINVAL);
	KUNIT_EXPECT_EQ(test, instance_with(test, open + 1, values, 1).error, -ENOENT);
	KUNIT_EXPECT_EQ(test, instance_with(test, 0, values, 1).error, -ENOENT);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), objects);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
	KUNIT_EXPECT_EQ(test, instance_with(test, empty, values, 0).error, 0);
	KUNIT_EXPECT_EQ(test, instance_with(test, open, values, 0).error, 0);
}

static void with_values_within_a_batch(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	struct refheap_op ops[] = {
		OP(REFHEAP_OP_LIST),
		OP(REFHEAP_OP_NOP),
		OP(REFHEAP_OP_INSTANCE, .arg = type, .data_len = 16,
		   .flags = REFHEAP_OPF_TEMP | REFHEAP_OPF_IDS_RESULT),
		OP(REFHEAP_OP_INSTANCE, .arg = type, .data_len = 8, .data_off = 16,
		   .flags = REFHEAP_OPF_IDS_RESULT),
	};
	u64 ids[] = { 0, REFHEAP_ID_RESULT(0), REFHEAP_ID_RESULT(1) };
	struct refheap_result results[ARRAY_SIZE(ops)];

	rig_data(test->priv, ids, sizeof(ids));
	KUNIT_ASSERT_EQ(test, rig_batch(test->priv, ops, results, ARRAY_SIZE(ops), 0), 4);
	KUNIT_EXPECT_EQ(test, results[2].error, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, results[2].value));
	/* Nothing that came about is not the same as nothing. */
	KUNIT_EXPECT_EQ(test, results[3].error, -ENOENT);
	KUNIT_EXPECT_EQ(test, count_of(test, results[0].value), 1);
}

static struct refheap_result many(struct kunit *test, s64 type, u32 count, const u64 *values,
				  u32 n)
{
	return rig_with_ids(test->priv, OP(REFHEAP_OP_INSTANCES, .arg = type, .a = count), values,
			    n);
}

/* Of the last operation, each of which the holder has one reference to. */
static void made(struct kunit *test, u64 *ids, u32 n)
{
	struct rig *rig = test->priv;
	u32 i;

	KUNIT_ASSERT_EQ(test, rig->out_used, n * sizeof(*ids));
	memcpy(ids, rig->out, rig->out_used);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_TRUE(test, tracked(test, ids[i]));
}

static void many_at_once(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	u64 list = new_list(test, 0, NULL), ids[3];
	u64 values[] = {
		REFHEAP_ID_MADE(1), list, REFHEAP_ID_MADE(0), REFHEAP_ID_MADE(1), 0, list,
	};
	struct refheap_result result = many(test, type, 3, values, 6);
	u64 objects;

	KUNIT_ASSERT_EQ(test, result.error, 0);
	KUNIT_EXPECT_EQ(test, result.value, 3);
	made(test, ids, 3);
	expect_attr(test, ids[0], "x", ids[1]);
	expect_attr(test, ids[0], "y", list);
	expect_attr(test, ids[1], "x", ids[0]);
	expect_attr(test, ids[1], "y", ids[1]);
	expect_attr(test, ids[2], "x", 0);
	expect_attr(test, ids[2], "y", list);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, ids[1]), 3);
	KUNIT_EXPECT_EQ(test, count_of(test, ids[2]), 1);
	objects = rig_objects(test->priv);
	drop(test, ids[2]);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), objects - 1);
	drop(test, ids[0]);
	drop(test, ids[1]);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 2);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void as_many_as_can_be(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2), open;
	u64 objects = rig_objects(test->priv);

	open = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	KUNIT_EXPECT_EQ(test, many(test, type, REFHEAP_MAX_INSTANCES, NULL, 0).error, 0);
	KUNIT_EXPECT_EQ(test, many(test, open, 2, NULL, 0).error, 0);
	KUNIT_EXPECT_GE(test, rig_objects(test->priv), objects + REFHEAP_MAX_INSTANCES + 2);
	KUNIT_EXPECT_EQ(test, many(test, type, REFHEAP_MAX_INSTANCES + 1, NULL, 0).error, -E2BIG);
	KUNIT_EXPECT_EQ(test, many(test, type, 0, NULL, 0).error, -EINVAL);
}

/* What one operation makes is bounded, whatever the type. */
static void many_with_many_slots(struct kunit *test)
{
	static char text[128][4];
	static const char *names[128];
	s64 type;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		scnprintf(text[i], sizeof(text[i]), "%u", i);
		names[i] = text[i];
	}
	type = rig_type(test->priv, "Wide", 0, 0, names, ARRAY_SIZE(names));
	KUNIT_EXPECT_EQ(test, many(test, type, REFHEAP_MAX_IDS / 128, NULL, 0).error, 0);
	KUNIT_EXPECT_EQ(test, many(test, type, REFHEAP_MAX_IDS / 128 + 1, NULL, 0).error, -E2BIG);
}

static void many_refused(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	s64 final = rig_type(test->priv, "Final", REFHEAP_TYPE_FINALIZER, 0, xy, 2);
	u64 list = new_list(test, 0, NULL), stale = new_list(test, 0, NULL);
	u64 values[] = { list, REFHEAP_ID_MADE(1), list, stale, list, list };
	struct rig *rig = test->priv;
	u64 objects;

	drop(test, stale);
	objects = rig_objects(rig);
	KUNIT_EXPECT_EQ(test, many(test, type, 2, values, 4).error, -ESTALE);
	/* There is none of that number. */
	KUNIT_EXPECT_EQ(test, many(test, type, 1, values, 2).error, -ENOENT);
	values[3] = list;
	KUNIT_EXPECT_EQ(test, many(test, type, 2, values, 3).error, -EINVAL);
	KUNIT_EXPECT_EQ(test, many(test, type, 2, values, 6).error, -EINVAL);
	KUNIT_EXPECT_EQ(test, many(test, final, 2, values, 4).error, -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, many(test, final + 1, 2, values, 4).error, -ENOENT);
	/* Only some of them would fit. */
	rh_heap_set_limits(rig->heap, 0, objects + 1);
	KUNIT_EXPECT_EQ(test, many(test, type, 2, values, 4).error, -EDQUOT);
	rh_heap_set_limits(rig->heap, 0, 0);
	KUNIT_EXPECT_EQ(test, rig->out_used, 0);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), objects);
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static u32 births(struct rig *rig)
{
	struct rh_gc_stat stat;

	rh_gc_stat(rig->heap, &stat);
	return stat.generation[0].count;
}

/* Births are counted when they are, and by those that have happened only. */
static void many_are_many_births(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);
	struct rig *rig = test->priv;
	u32 before;

	collect(test, 2);
	before = births(rig);
	KUNIT_EXPECT_EQ(test, many(test, type, 5, NULL, 0).error, 0);
	KUNIT_EXPECT_EQ(test, births(rig), before + 5);
	rh_heap_set_limits(rig->heap, 0, rig_objects(rig) + 3);
	KUNIT_EXPECT_EQ(test, many(test, type, 5, NULL, 0).error, -EDQUOT);
	rh_heap_set_limits(rig->heap, 0, 0);
	/* It was refused after a collection. */
	KUNIT_EXPECT_EQ(test, births(rig), 0);
}

static void dict_backed(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	u64 object = new_instance(test, type), list = new_list(test, 0, NULL);
	char name[8];
	u32 i;

	for (i = 0; i < 50; i++) {
		scnprintf(name, sizeof(name), "a%u", i);
		do_string(test, REFHEAP_OP_SET_ATTR, object, list, name);
	}
	KUNIT_EXPECT_EQ(test, count_of(test, list), 51);
	do_string(test, REFHEAP_OP_DEL_ATTR, object, 0, "a7");
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_GET_ATTR, object, 0, "a7").error,
			-ENODATA);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = object));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 1);
}

static void the_same_again(struct kunit *test)
{
	s64 type = rig_type(test->priv, "Point", 0, 0, xy, 2);

	KUNIT_ASSERT_TRUE(test, type > 0);
	KUNIT_EXPECT_EQ(test, rig_type(test->priv, "Point", 0, 0, xy, 2), type);
	KUNIT_EXPECT_EQ(test, rig_type(test->priv, "Point", 0, 0, xy, 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_TYPE_FIND, 0, 0, "Point"), type);
	KUNIT_EXPECT_EQ(test, rig_string(test->priv, REFHEAP_OP_TYPE_FIND, 0, 0, "Pint").error,
			-ENOENT);
	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_INSTANCE, .arg = type + 1);
	EXPECT_ERROR(test, ENOENT, REFHEAP_OP_INSTANCE, .arg = 0);
}

static void derived(struct kunit *test)
{
	static const char * const z[] = { "z" };
	s64 base = rig_type(test->priv, "Point", 0, 0, xy, 2);
	s64 type = rig_type(test->priv, "Point3", 0, base, z, 1);
	u64 point = new_instance(test, type);

	do_string(test, REFHEAP_OP_SET_ATTR, point, point, "x");
	do_string(test, REFHEAP_OP_SET_ATTR, point, point, "z");
	KUNIT_EXPECT_EQ(test, count_of(test, point), 3);
	KUNIT_EXPECT_EQ(test, rig_type(test->priv, "Bad", 0, type + 7, NULL, 0), -ENOENT);
}

static void long_names(struct kunit *test)
{
	char name[REFHEAP_NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[REFHEAP_NAME_MAX] = 0;
	KUNIT_EXPECT_EQ(test, rig_type(test->priv, name, 0, 0, NULL, 0), -EINVAL);
	name[REFHEAP_NAME_MAX - 1] = 0;
	KUNIT_EXPECT_GT(test, rig_type(test->priv, name, 0, 0, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_type(test->priv, "", 0, 0, NULL, 0), -EINVAL);
}

static void types_are_counted(struct kunit *test)
{
	struct rig *rig = test->priv;
	s64 type = rig_type(rig, "Point", 0, 0, xy, 2);
	struct rh_type_stat stat;
	u64 a = new_instance(test, type);
	bool found = false;
	u32 i;

	new_instance(test, type);
	drop(test, a);
	for (i = 0; !rh_type_stat(rig->heap, i, &stat); i++) {
		if (stat.id != type)
			continue;
		found = true;
		KUNIT_EXPECT_STREQ(test, stat.name, "Point");
		KUNIT_EXPECT_EQ(test, stat.nslots, 2);
		KUNIT_EXPECT_EQ(test, stat.objects, 1);
	}
	KUNIT_EXPECT_TRUE(test, found);
}

#define MANY_TYPES	2048
#define FINDS		16

/* Finding a type among many is more than one unit of work. */
static void finding_is_booked(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct refheap_op ops[FINDS];
	struct refheap_result results[FINDS];
	struct rh_params params;
	struct rh_batch batch = {
		.heap = rig->heap, .holder = rig->holder[0], .ops = ops, .results = results,
		.in = (const u8 *)"none", .in_len = 4, .count = FINDS,
		.flags = REFHEAP_BATCH_CONTINUE,
	};
	char name[16];
	u32 i;

	for (i = 0; i < MANY_TYPES; i++) {
		snprintf(name, sizeof(name), "Type%u", i);
		KUNIT_EXPECT_GT(test, rig_type(rig, name, 0, 0, NULL, 0), 0);
	}
	for (i = 0; i < FINDS; i++)
		ops[i] = (struct refheap_op){ .code = REFHEAP_OP_TYPE_FIND, .data_len = 4 };
	/* The clock of the rig moves by a slice with each look at it. */
	rig_params(&params);
	rig->host.tick = params.slice_ns;
	KUNIT_EXPECT_EQ(test, rh_batch_step(&batch), RH_MORE);
	KUNIT_EXPECT_LE(test, batch.done, 3U);
	rig->host.tick = 0;
	while (rh_batch_step(&batch) == RH_MORE)
		;
	KUNIT_EXPECT_EQ(test, results[FINDS - 1].error, -ENOENT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(slotted),
	KUNIT_CASE(with_values),
	KUNIT_CASE(with_values_refused),
	KUNIT_CASE(with_values_within_a_batch),
	KUNIT_CASE(many_at_once),
	KUNIT_CASE(as_many_as_can_be),
	KUNIT_CASE(many_with_many_slots),
	KUNIT_CASE(many_refused),
	KUNIT_CASE(many_are_many_births),
	KUNIT_CASE(dict_backed),
	KUNIT_CASE(the_same_again),
	KUNIT_CASE(derived),
	KUNIT_CASE(long_names),
	KUNIT_CASE(types_are_counted),
	KUNIT_CASE(finding_is_booked),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-type",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
