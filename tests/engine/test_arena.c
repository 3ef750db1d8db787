// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static void payload_of_every_size(struct kunit *test)
{
	static const u32 sizes[] = {
		1, 15, 16, 17, 511, 512, 513, 4095, 4096, 4097, 16384, 65535, 65536, 65537, 300000,
	};
	struct rig *rig = test->priv;
	u64 id[ARRAY_SIZE(sizes)];
	struct refheap_result result;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		id[i] = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = sizes[i]));
		result = rig_op(rig, OP(REFHEAP_OP_WRITE, .a = id[i], .b = sizes[i] - 1,
					.data_off = rig_data(rig, "z", 1), .data_len = 1));
		KUNIT_EXPECT_EQ(test, result.error, 0);
		KUNIT_EXPECT_GE(test, rig_info(rig, id[i]).sizeof_, sizes[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		result = rig_op(rig, OP(REFHEAP_OP_READ, .a = id[i], .b = sizes[i] - 1, .c = 10));
		KUNIT_EXPECT_EQ(test, result.error, 0);
		KUNIT_EXPECT_EQ(test, result.value, 1);
		KUNIT_EXPECT_EQ(test, rig->out[result.out_off], 'z');
	}
}

/* What was freed is never seen again, not even by who grows into it. */
static void payload_is_zeroed(struct kunit *test)
{
	struct rig *rig = test->priv;
	u8 secret[400];
	struct refheap_result result;
	u32 i, round;

	memset(secret, 0xa5, sizeof(secret));
	for (round = 0; round < 50; round++) {
		u64 id = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = sizeof(secret)));

		result = rig_op(rig, OP(REFHEAP_OP_READ, .a = id, .c = sizeof(secret)));
		KUNIT_ASSERT_EQ(test, result.value, sizeof(secret));
		KUNIT_ASSERT_EQ(test, memchr_inv(rig->out + result.out_off, 0,
						 sizeof(secret)) == NULL, true);
		do_op(test, OP(REFHEAP_OP_WRITE, .a = id, .data_len = sizeof(secret),
			       .data_off = rig_data(rig, secret, sizeof(secret))));
		do_op(test, OP(REFHEAP_OP_RESIZE, .a = id, .b = 10));
		do_op(test, OP(REFHEAP_OP_RESIZE, .a = id, .b = 300));
		result = rig_op(rig, OP(REFHEAP_OP_READ, .a = id, .c = 300));
		for (i = 0; i < 300; i++)
			KUNIT_ASSERT_EQ(test, rig->out[result.out_off + i], i < 10 ? 0xa5 : 0);
		drop(test, id);
	}
}

static void empty_arenas_go_back(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 before = rig->host.bytes, full;
	u32 i;

	rig->current_holder = 1;
	for (i = 0; i < 2000; i++)
		do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 480));
	full = rig->host.bytes;
	KUNIT_EXPECT_GT(test, full, before + 2000 * 480);
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rh_trim(rig->heap);
	KUNIT_EXPECT_LT(test, rig->host.bytes, full - 1900 * 480);
}

static void reserved_is_what_the_host_gave(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_heap_stat stat;
	u32 i;

	for (i = 0; i < 1000; i++)
		do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = i));
	rh_heap_stat(rig->heap, &stat);
	/* Beside it there are only the heap itself and its holders. */
	KUNIT_EXPECT_LE(test, stat.reserved, rig->host.bytes);
	KUNIT_EXPECT_GE(test, stat.reserved + 65536, rig->host.bytes);
	KUNIT_EXPECT_LE(test, stat.bytes, stat.reserved);
}

static void classes_add_up(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_class_stat stat, after;
	u32 i, index;

	for (index = 0; !rh_class_stat(rig->heap, REFHEAP_SPACE_MUTABLE, index, &stat); index++) {
		KUNIT_EXPECT_EQ(test, stat.bytes, 16 * (index + 1));
		KUNIT_EXPECT_EQ(test, stat.used, 0);
	}
	KUNIT_EXPECT_EQ(test, index, 32);
	for (i = 0; i < 100; i++)
		do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 33));
	KUNIT_EXPECT_EQ(test, rh_class_stat(rig->heap, REFHEAP_SPACE_MUTABLE, 2, &after), 0);
	KUNIT_EXPECT_EQ(test, after.used, 100);
	KUNIT_EXPECT_EQ(test, rh_class_stat(rig->heap, REFHEAP_SPACE_CONST, 2, &after), 0);
	KUNIT_EXPECT_EQ(test, after.used, 0);
}

/* Adds up what the pools of all arenas of one use have in use. */
static u64 used_of(struct rig *rig, u32 use, u32 block_bytes)
{
	struct refheap_pool pool[REFHEAP_ARENA_POOLS_MAX];
	struct rh_arena_stat stat;
	u32 index, n, i;
	u64 used = 0;

	for (index = 0; !rh_arena_stat(rig->heap, REFHEAP_SPACE_MUTABLE, index, &stat);
	     index = stat.index + 1) {
		n = rh_arena_pools(rig->heap, REFHEAP_SPACE_MUTABLE, stat.index, pool);
		for (i = 0; i < n && stat.use == use; i++)
			used += pool[i].block_bytes == block_bytes ? pool[i].used : 0;
	}
	return used;
}

static void pools_add_up(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 blocks = used_of(rig, REFHEAP_ARENA_USE_POOLS, 48);
	u64 pages = used_of(rig, REFHEAP_ARENA_USE_RUNS, 4096);
	u64 id[1000];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(id); i++)
		id[i] = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 40));
	do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 5 * 4096));
	KUNIT_EXPECT_EQ(test, used_of(rig, REFHEAP_ARENA_USE_POOLS, 48), blocks + 1000);
	KUNIT_EXPECT_EQ(test, used_of(rig, REFHEAP_ARENA_USE_RUNS, 4096), pages + 5);
	for (i = 0; i < ARRAY_SIZE(id); i++)
		drop(test, id[i]);
	rh_trim(rig->heap);
	KUNIT_EXPECT_EQ(test, used_of(rig, REFHEAP_ARENA_USE_POOLS, 48), blocks);
}

static void one_block_has_no_pools(struct kunit *test)
{
	struct refheap_pool pool[REFHEAP_ARENA_POOLS_MAX];
	struct rig *rig = test->priv;
	struct rh_arena_stat stat;
	u32 index, found = 0;

	do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 3 << 20));
	for (index = 0; !rh_arena_stat(rig->heap, REFHEAP_SPACE_MUTABLE, index, &stat);
	     index = stat.index + 1) {
		if (stat.use != REFHEAP_ARENA_USE_ONE)
			continue;
		KUNIT_EXPECT_EQ(test, rh_arena_pools(rig->heap, REFHEAP_SPACE_MUTABLE,
						     stat.index, pool), 0);
		found++;
	}
	KUNIT_EXPECT_EQ(test, found, 1);
}

static void churn(struct kunit *test)
{
	static u64 id[128];
	u32 i, seed = 1;

	for (i = 0; i < 20000; i++) {
		u32 at;

		seed = seed * 1103515245 + 12345;
		at = seed >> 8 & 127;
		if (id[at])
			drop(test, id[at]);
		id[at] = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = seed >> 16 & 0x7ff));
		if (!(i % 2000))
			KUNIT_ASSERT_EQ(test, rig_verify(test->priv), 0);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(payload_of_every_size),
	KUNIT_CASE(payload_is_zeroed),
	KUNIT_CASE(empty_arenas_go_back),
	KUNIT_CASE(reserved_is_what_the_host_gave),
	KUNIT_CASE(classes_add_up),
	KUNIT_CASE(pools_add_up),
	KUNIT_CASE(one_block_has_no_pools),
	KUNIT_CASE(churn),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-arena",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
