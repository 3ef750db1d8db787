// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void singletons(struct kunit *test)
{
	s64 value;

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_NONE)), do_op(test, OP(REFHEAP_OP_NONE)));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_BOOL, .a = 1)),
			do_op(test, OP(REFHEAP_OP_BOOL, .a = 1)));
	KUNIT_EXPECT_NE(test, do_op(test, OP(REFHEAP_OP_BOOL, .a = 0)),
			do_op(test, OP(REFHEAP_OP_BOOL, .a = 1)));
	for (value = -5; value <= 256; value++)
		KUNIT_EXPECT_EQ(test, new_int(test, value), new_int(test, value));
	KUNIT_EXPECT_NE(test, new_int(test, -6), new_int(test, -6));
	KUNIT_EXPECT_NE(test, new_int(test, 257), new_int(test, 257));
}

static void small_strings(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, new_str(test, ""), new_str(test, ""));
	KUNIT_EXPECT_EQ(test, new_str(test, " "), new_str(test, " "));
	KUNIT_EXPECT_EQ(test, new_str(test, "\xc3\xa9"), new_str(test, "\xc3\xa9"));
	KUNIT_EXPECT_EQ(test, new_str(test, "name_1"), new_str(test, "name_1"));
	KUNIT_EXPECT_NE(test, new_str(test, "two words"), new_str(test, "two words"));
}

static void singletons_outlive_references(struct kunit *test)
{
	u64 one = new_int(test, 1);
	u32 count = count_of(test, one);

	drop(test, one);
	KUNIT_EXPECT_TRUE(test, alive(test, one));
	KUNIT_EXPECT_EQ(test, count_of(test, one), count - 1);
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_DROP, .a = one);
}

static void interned_on_demand(struct kunit *test)
{
	struct refheap_op op = OP(REFHEAP_OP_STR, .arg = 1, .data_len = 9);
	u64 a, b;

	op.data_off = rig_data(test->priv, "two words", 9);
	a = do_op(test, op);
	op.data_off = rig_data(test->priv, "two words", 9);
	b = do_op(test, op);
	KUNIT_EXPECT_EQ(test, a, b);
	KUNIT_EXPECT_TRUE(test, rig_info(test->priv, a).flags & REFHEAP_INFO_INTERNED);
	drop(test, a);
	drop(test, b);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	/* And once more: the table must have forgotten the dead one. */
	op.data_off = rig_data(test->priv, "two words", 9);
	a = do_op(test, op);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
}

static void many_names(struct kunit *test)
{
	static u64 ids[300];
	char name[16];
	u32 round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(ids); i++) {
			scnprintf(name, sizeof(name), "name_%u", i);
			ids[i] = new_str(test, name);
		}
		for (i = 0; i < ARRAY_SIZE(ids); i++) {
			scnprintf(name, sizeof(name), "name_%u", i);
			KUNIT_ASSERT_EQ(test, new_str(test, name), ids[i]);
			drop(test, ids[i]);
			drop(test, ids[i]);
			KUNIT_ASSERT_EQ(test, alive(test, ids[i]), 0);
		}
	}
}

static void bad_utf8(struct kunit *test)
{
	static const char * const bad[] = {
		"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "ok\xff", "\xe2\x82", "\xf0\x80\x80\x80",
	};
	static const char * const good[] = {
		"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "caf\xc3\xa9",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, rig_string(test->priv, REFHEAP_OP_STR, 0, 0,
						     bad[i]).error, -EILSEQ, "string %u", i);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		new_str(test, good[i]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(singletons),
	KUNIT_CASE(small_strings),
	KUNIT_CASE(singletons_outlive_references),
	KUNIT_CASE(interned_on_demand),
	KUNIT_CASE(many_names),
	KUNIT_CASE(bad_utf8),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-intern",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
