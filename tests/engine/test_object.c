// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static u64 bytes_of(struct kunit *test, u64 id, u64 offset, u64 len)
{
	struct refheap_result result =
		rig_op(test->priv, OP(REFHEAP_OP_READ, .a = id, .b = offset, .c = len));

	KUNIT_ASSERT_EQ(test, result.error, 0);
	KUNIT_ASSERT_EQ(test, result.value, result.out_len);
	return result.out_len;
}

static void scalars(struct kunit *test)
{
	static const s64 ints[] = { 0, -1, 256, 257, S64_MAX, S64_MIN };
	struct rig *rig = test->priv;
	u64 id;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ints); i++) {
		id = new_int(test, ints[i]);
		KUNIT_EXPECT_EQ(test, rig_info(rig, id).value, ints[i]);
		KUNIT_EXPECT_EQ(test, rig_info(rig, id).kind, REFHEAP_KIND_INT);
		KUNIT_EXPECT_FALSE(test, tracked(test, id));
	}
	id = do_op(test, OP(REFHEAP_OP_FLOAT, .a = 0x3ff8000000000000ULL));
	KUNIT_EXPECT_EQ(test, rig_info(rig, id).value, 0x3ff8000000000000ULL);
	id = do_op(test, OP(REFHEAP_OP_BOOL, .a = 1));
	KUNIT_EXPECT_EQ(test, rig_info(rig, id).value, 1);
}

static void numbers_are_one_family_of_keys(struct kunit *test)
{
	u64 dict = new_dict(test), key;

	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = new_int(test, 1), .c = dict));
	key = do_op(test, OP(REFHEAP_OP_BOOL, .a = 1));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = dict, .b = key)), 1);
	/* 1.0, and 1.5 */
	key = do_op(test, OP(REFHEAP_OP_FLOAT, .a = 0x3ff0000000000000ULL));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = dict, .b = key)), 1);
	key = do_op(test, OP(REFHEAP_OP_FLOAT, .a = 0x3ff8000000000000ULL));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_CONTAINS, .a = dict, .b = key)), 0);
	KUNIT_EXPECT_EQ(test, do_string(test, REFHEAP_OP_CONTAINS, dict, 0, "1"), 0);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = dict));
}

static void tuples_as_keys(struct kunit *test)
{
	u64 dict = new_dict(test), list = new_list(test, 0, NULL);
	u64 a[] = { new_int(test, 1000), new_str(test, "two words") };
	u64 b[] = { new_int(test, 1000), new_str(test, "two words") };
	u64 first = new_tuple(test, 2, a), same = new_tuple(test, 2, b);
	u64 bad = new_tuple(test, 1, &list);

	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = first, .c = list));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GET_KEY, .a = dict, .b = same)), list);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_GET_KEY, .a = dict, .b = bad);
}

static void bytes_are_fixed(struct kunit *test)
{
	u64 bytes = do_string(test, REFHEAP_OP_BYTES, 0, 0, "abcdef");
	struct refheap_op write = OP(REFHEAP_OP_WRITE, .a = bytes, .data_len = 1);

	KUNIT_EXPECT_EQ(test, bytes_of(test, bytes, 0, 100), 6);
	KUNIT_EXPECT_EQ(test, bytes_of(test, bytes, 4, 100), 2);
	KUNIT_EXPECT_EQ(test, bytes_of(test, bytes, 6, 100), 0);
	write.data_off = rig_data(test->priv, "x", 1);
	KUNIT_EXPECT_EQ(test, rig_op(test->priv, write).error, -EOPNOTSUPP);
	EXPECT_ERROR(test, EOPNOTSUPP, REFHEAP_OP_RESIZE, .a = bytes, .b = 1);
}

static void bytearrays_change(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 bytes = do_string(test, REFHEAP_OP_BYTEARRAY, 0, 0, "abcdef");
	struct refheap_result result;

	result = rig_op(rig, OP(REFHEAP_OP_WRITE, .a = bytes, .b = 5, .data_len = 2,
				.data_off = rig_data(rig, "xy", 2)));
	KUNIT_EXPECT_EQ(test, result.error, -ERANGE);
	do_op(test, OP(REFHEAP_OP_RESIZE, .a = bytes, .b = 3));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = bytes)), 3);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = bytes));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_LEN, .a = bytes)), 0);
	EXPECT_ERROR(test, EFBIG, REFHEAP_OP_RESIZE, .a = bytes, .b = 1ULL << 40);
}

static void mapped_payload_goes(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 bytes = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 5000));
	u64 text = new_str(test, "not to be changed");
	u32 slot = REFHEAP_ID_SLOT(bytes), tag, offset;
	u8 *page;

	KUNIT_EXPECT_EQ(test, rh_payload_mapped(rig->heap, slot, 1, true, &tag, &offset), 0);
	KUNIT_EXPECT_EQ(test, tag, REFHEAP_ID_TAG(bytes));
	KUNIT_EXPECT_EQ(test, rh_payload_mapped(rig->heap, slot, 100, true, &tag, &offset), -EINVAL);
	page = rh_payload_page(rig->heap, slot, tag, offset, 0, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, rig_info(rig, bytes).flags & REFHEAP_INFO_MAPPED);
	KUNIT_EXPECT_PTR_EQ(test, rh_payload_page(rig->heap, slot, tag + 1, offset, 0, true), NULL);
	KUNIT_EXPECT_PTR_EQ(test, rh_payload_page(rig->heap, slot, tag, offset, 50, true), NULL);
	KUNIT_EXPECT_EQ(test, rh_payload_mapped(rig->heap, REFHEAP_ID_SLOT(text), 1, true, &tag, &offset),
			-EACCES);
	KUNIT_EXPECT_EQ(test, rh_payload_mapped(rig->heap, REFHEAP_ID_SLOT(text), 1, false, &tag,
						&offset),
			0);
	KUNIT_EXPECT_EQ(test, rig->host.unmap_count, 0);
	drop(test, bytes);
	KUNIT_EXPECT_EQ(test, rig->host.unmap_count, 1);
	KUNIT_EXPECT_EQ(test, rig->host.unmaps[0], slot);
	KUNIT_EXPECT_PTR_EQ(test, rh_payload_page(rig->heap, slot, REFHEAP_ID_TAG(bytes),
						offset, 0, true),
			    NULL);
}

static void too_large(struct kunit *test)
{
	struct rh_params params;
	u64 list, i;

	rig_params(&params);
	params.max_cells = 100;
	params.max_payload = 1000;
	suite_params(test, &params);
	EXPECT_ERROR(test, EFBIG, REFHEAP_OP_BYTEARRAY, .a = 1001);
	do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 1000));
	list = new_list(test, 0, NULL);
	for (i = 0; i < 100; i++)
		append(test, list, list);
	EXPECT_ERROR(test, EFBIG, REFHEAP_OP_APPEND, .a = list, .c = list);
	EXPECT_ERROR(test, EFBIG, REFHEAP_OP_INSERT, .a = list, .c = list);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
}

static void sizes(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_heap_stat before, after;
	u64 list;

	rh_heap_stat(rig->heap, &before);
	list = new_list(test, 0, NULL);
	append(test, list, list);
	rh_heap_stat(rig->heap, &after);
	KUNIT_EXPECT_EQ(test, after.bytes - before.bytes, rig_info(rig, list).sizeof_);
	KUNIT_EXPECT_EQ(test, after.births - before.births, 1);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	drop(test, list);
	rh_heap_stat(rig->heap, &after);
	KUNIT_EXPECT_EQ(test, after.bytes, before.bytes);
	KUNIT_EXPECT_EQ(test, after.deaths - before.deaths, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(scalars),
	KUNIT_CASE(numbers_are_one_family_of_keys),
	KUNIT_CASE(tuples_as_keys),
	KUNIT_CASE(bytes_are_fixed),
	KUNIT_CASE(bytearrays_change),
	KUNIT_CASE(mapped_payload_goes),
	KUNIT_CASE(too_large),
	KUNIT_CASE(sizes),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-object",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
