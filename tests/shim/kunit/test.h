/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of KUnit that the engine's tests use, in userspace. The tests are
 * ordinary KUnit suites; tests/kunit builds them into a module.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <linux/kernel.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/types.h>

struct kunit {
	void *priv;
	const char *name;
	int status;	/* not 0: it has failed */
	jmp_buf abort;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char name[256];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(function) { .run_case = function, .name = #function }
#define KUNIT_CASE_SLOW(function) KUNIT_CASE(function)

#define kunit_test_suites(...)							\
	static struct kunit_suite *suites[]					\
	__attribute__((__used__, __section__("kunit_suites"))) = { __VA_ARGS__ }
#define kunit_test_suite(suite) kunit_test_suites(&suite)

void shim_kunit_fail(struct kunit *test, const char *file, int line, const char *what,
		     const char *format, ...) __printf(5, 6);
#define shim_kunit_abort(test) longjmp((test)->abort, 1)
#define shim_kunit_go_on(test) do { } while (0)

#define SHIM_KUNIT_CHECK(test, then, left, op, right, type, shown, format, ...)	\
do {										\
	__typeof__(type) __left = (type)(left), __right = (type)(right);	\
										\
	if (!(__left op __right)) {						\
		shim_kunit_fail(test, __FILE__, __LINE__,			\
				#left " " #op " " #right,			\
				shown " and " shown format, __left, __right,	\
				##__VA_ARGS__);					\
		then(test);							\
	}									\
} while (0)
#define SHIM_KUNIT_INT(test, then, left, op, right, format, ...)		\
	SHIM_KUNIT_CHECK(test, then, left, op, right, long long, "%lld", format, ##__VA_ARGS__)
#define SHIM_KUNIT_PTR(test, then, left, op, right)				\
	SHIM_KUNIT_CHECK(test, then, left, op, right, const void *, "%p", "")

#define KUNIT_FAIL(test, format, ...) \
	shim_kunit_fail(test, __FILE__, __LINE__, "failed", format, ##__VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, ==, b, "")
#define KUNIT_EXPECT_NE(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, !=, b, "")
#define KUNIT_EXPECT_LT(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, <, b, "")
#define KUNIT_EXPECT_LE(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, <=, b, "")
#define KUNIT_EXPECT_GT(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, >, b, "")
#define KUNIT_EXPECT_GE(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, >=, b, "")
#define KUNIT_EXPECT_EQ_MSG(test, a, b, format, ...) \
	SHIM_KUNIT_INT(test, shim_kunit_go_on, a, ==, b, ": " format, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE(test, a)	SHIM_KUNIT_INT(test, shim_kunit_go_on, !!(a), ==, 1, "")
#define KUNIT_EXPECT_FALSE(test, a)	SHIM_KUNIT_INT(test, shim_kunit_go_on, !!(a), ==, 0, "")
#define KUNIT_EXPECT_PTR_EQ(test, a, b)	SHIM_KUNIT_PTR(test, shim_kunit_go_on, a, ==, b)
#define KUNIT_EXPECT_PTR_NE(test, a, b)	SHIM_KUNIT_PTR(test, shim_kunit_go_on, a, !=, b)
#define KUNIT_EXPECT_STREQ(test, a, b)	KUNIT_EXPECT_EQ(test, strcmp(a, b), 0)
#define KUNIT_ASSERT_EQ(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_abort, a, ==, b, "")
#define KUNIT_ASSERT_NE(test, a, b)	SHIM_KUNIT_INT(test, shim_kunit_abort, a, !=, b, "")
#define KUNIT_ASSERT_TRUE(test, a)	SHIM_KUNIT_INT(test, shim_kunit_abort, !!(a), ==, 1, "")
#define KUNIT_ASSERT_EQ_MSG(test, a, b, format, ...) \
	SHIM_KUNIT_INT(test, shim_kunit_abort, a, ==, b, ": " format, ##__VA_ARGS__)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a) \
	SHIM_KUNIT_INT(test, shim_kunit_abort, !IS_ERR_OR_NULL(a), ==, 1, "")

#endif
