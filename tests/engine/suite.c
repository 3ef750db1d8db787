// SPDX-License-Identifier: GPL-2.0
#include "suite.h"
#include "tests/shim/memory.h"

int suite_init(struct kunit *test)
{
	struct rig *rig = shim_alloc(sizeof(*rig));

	if (!rig)
		return -ENOMEM;
	test->priv = rig;
	return rig_init(rig, NULL);
}

static void end(struct kunit *test)
{
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, rig_verify(rig), 0, "%s", rig->fault);
	KUNIT_EXPECT_EQ(test, rig_exit(rig), 0);
}

void suite_exit(struct kunit *test)
{
	struct rig *rig = test->priv;

	if (rig && !IS_ERR_OR_NULL(rig->heap))
		end(test);
	shim_free(rig);
}

void suite_params(struct kunit *test, const struct rh_params *params)
{
	end(test);
	KUNIT_ASSERT_EQ(test, rig_init(test->priv, params), 0);
}

void suite_in_steps(struct kunit *test, suite_body *const *bodies, u32 n)
{
	struct rh_params params;
	u32 i;

	rig_params(&params);
	params.slice_units = 1;
	for (i = 0; i < n; i++) {
		suite_params(test, &params);
		bodies[i](test);
	}
}

static u64 value_of(struct kunit *test, struct refheap_result result, u16 code)
{
	KUNIT_ASSERT_EQ_MSG(test, result.error, 0, "operation %u", code);
	return result.value;
}

u64 do_op(struct kunit *test, struct refheap_op op)
{
	return value_of(test, rig_op(test->priv, op), op.code);
}

u64 do_ids(struct kunit *test, u16 code, const u64 *ids, u32 n)
{
	return value_of(test, rig_ids(test->priv, code, ids, n), code);
}

u64 do_string(struct kunit *test, u16 code, u64 a, u64 c, const char *string)
{
	return value_of(test, rig_string(test->priv, code, a, c, string), code);
}

u64 new_int(struct kunit *test, s64 value)
{
	return do_op(test, OP(REFHEAP_OP_INT, .a = value));
}

u64 new_str(struct kunit *test, const char *string)
{
	return do_string(test, REFHEAP_OP_STR, 0, 0, string);
}

u64 new_list(struct kunit *test, u32 n, const u64 *items)
{
	return do_ids(test, REFHEAP_OP_LIST, items, n);
}

u64 new_tuple(struct kunit *test, u32 n, const u64 *items)
{
	return do_ids(test, REFHEAP_OP_TUPLE, items, n);
}

u64 new_dict(struct kunit *test)
{
	return do_op(test, OP(REFHEAP_OP_DICT));
}

u64 new_set(struct kunit *test)
{
	return do_op(test, OP(REFHEAP_OP_SET));
}

u64 new_instance(struct kunit *test, s64 type)
{
	KUNIT_ASSERT_TRUE(test, type > 0);
	return do_op(test, OP(REFHEAP_OP_INSTANCE, .arg = type));
}

void drop(struct kunit *test, u64 id)
{
	do_op(test, OP(REFHEAP_OP_DROP, .a = id));
}

void append(struct kunit *test, u64 list, u64 item)
{
	do_op(test, OP(REFHEAP_OP_APPEND, .a = list, .c = item));
}

int extend(struct kunit *test, u64 list, u32 n, const u64 *items)
{
	return rig_with_ids(test->priv, OP(REFHEAP_OP_EXTEND, .a = list), items, n).error;
}

u32 count_of(struct kunit *test, u64 id)
{
	struct refheap_info info = rig_info(test->priv, id);

	KUNIT_EXPECT_EQ(test, info.id, id);
	return info.refcount;
}

bool alive(struct kunit *test, u64 id)
{
	return rig_info(test->priv, id).id == id;
}

bool tracked(struct kunit *test, u64 id)
{
	return rig_info(test->priv, id).flags & REFHEAP_INFO_TRACKED;
}

s64 collect(struct kunit *test, u32 generation)
{
	return rig_collect(test->priv, generation);
}

u64 garbage_list(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	append(test, list, list);
	drop(test, list);
	KUNIT_ASSERT_TRUE(test, alive(test, list));
	return list;
}
