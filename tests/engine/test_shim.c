// SPDX-License-Identifier: GPL-2.0
/*
 * What the engine takes from the kernel and tests in userspace from tests/shim
 * must be the same. These run in both.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/siphash.h>
#include "suite.h"

/* The vectors of the SipHash paper, and those of the kernel for the short one. */
static void siphash_vectors(struct kunit *test)
{
	static const u64 long_one[] = {
		0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL,
		0x85676696d7fb7e2dULL, 0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL,
		0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL, 0x93f5f5799a932462ULL,
	};
	static const u32 short_one[] = { 0x050fc4dc, 0x7d57ca93, 0x4dc7d44d };
	siphash_key_t key = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };
	hsiphash_key_t short_key = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };
	static const u8 in[16] __aligned(8) = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(long_one); i++)
		KUNIT_EXPECT_EQ(test, siphash(in, i, &key), long_one[i]);
	for (i = 0; i < ARRAY_SIZE(short_one); i++)
		KUNIT_EXPECT_EQ(test, hsiphash(in, i, &short_key), short_one[i]);
	KUNIT_EXPECT_EQ(test, siphash_1u64(0x0706050403020100ULL, &key), long_one[8]);
	KUNIT_EXPECT_EQ(test, siphash_2u64(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, &key),
			siphash(in, 16, &key));
	KUNIT_EXPECT_EQ(test, siphash_1u32(0x03020100, &key), long_one[4]);
}

static void bits_are_found(struct kunit *test)
{
	unsigned long map[3] = { 0, 1UL << 63, 0 };

	KUNIT_EXPECT_EQ(test, __ffs(0x8000000000000000UL), 63);
	KUNIT_EXPECT_EQ(test, __fls(0x10UL), 4);
	KUNIT_EXPECT_EQ(test, ffz(0xffUL), 8);
	KUNIT_EXPECT_EQ(test, fls(0), 0);
	KUNIT_EXPECT_EQ(test, fls64(1ULL << 40), 41);
	KUNIT_EXPECT_EQ(test, hweight64(0xf0f0ULL), 8);
	KUNIT_EXPECT_EQ(test, ilog2(4097UL), 12);
	KUNIT_EXPECT_EQ(test, roundup_pow_of_two(4097UL), 8192);
	KUNIT_EXPECT_EQ(test, find_next_bit(map, 192, 3), 127);
	KUNIT_EXPECT_EQ(test, find_next_bit(map, 192, 128), 192);
	KUNIT_EXPECT_EQ(test, find_next_zero_bit(map, 192, 127), 128);
}

static void texts_are_cut(struct kunit *test)
{
	char text[4];

	KUNIT_EXPECT_EQ(test, scnprintf(text, sizeof(text), "%u", 12345), 3);
	KUNIT_EXPECT_STREQ(test, text, "123");
	KUNIT_EXPECT_EQ(test, strscpy(text, "abc", sizeof(text)), 3);
	KUNIT_EXPECT_EQ(test, strscpy(text, "abcd", sizeof(text)), -E2BIG);
	KUNIT_EXPECT_STREQ(test, text, "abc");
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv("aab", 'a', 2), NULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(siphash_vectors),
	KUNIT_CASE(bits_are_found),
	KUNIT_CASE(texts_are_cut),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-shim",
	.test_cases = cases,
};

kunit_test_suite(suite);
