/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: each case has a rig in test->priv, and when it ends
 * the heap is verified, destroyed, and everything must have been given back.
 */
#ifndef TESTS_ENGINE_SUITE_H
#define TESTS_ENGINE_SUITE_H

#include <kunit/test.h>
#include "rig.h"

int suite_init(struct kunit *test);
void suite_exit(struct kunit *test);

/* Begins again with other parameters. */
void suite_params(struct kunit *test, const struct rh_params *params);

/* Does the same as cases once more, where what can stop does so after each unit. */
typedef void suite_body(struct kunit *test);
void suite_in_steps(struct kunit *test, suite_body *const *bodies, u32 n);

/* The operation must succeed. Return: its value. */
u64 do_op(struct kunit *test, struct refheap_op op);
u64 do_ids(struct kunit *test, u16 code, const u64 *ids, u32 n);
u64 do_string(struct kunit *test, u16 code, u64 a, u64 c, const char *string);

#define OP(...) ((struct refheap_op){ .code = __VA_ARGS__ })

/* The operation must fail, with that error. */
#define EXPECT_ERROR(test, err, ...) \
	KUNIT_EXPECT_EQ(test, rig_op((test)->priv, OP(__VA_ARGS__)).error, -(err))

u64 new_int(struct kunit *test, s64 value);
u64 new_str(struct kunit *test, const char *string);
u64 new_list(struct kunit *test, u32 n, const u64 *items);
u64 new_tuple(struct kunit *test, u32 n, const u64 *items);
u64 new_dict(struct kunit *test);
u64 new_set(struct kunit *test);
u64 new_instance(struct kunit *test, s64 type);
void drop(struct kunit *test, u64 id);
void append(struct kunit *test, u64 list, u64 item);
/* Return: 0 or a negative errno. */
int extend(struct kunit *test, u64 list, u32 n, const u64 *items);
/* Of an object that must be alive. */
u32 count_of(struct kunit *test, u64 id);
bool alive(struct kunit *test, u64 id);
bool tracked(struct kunit *test, u64 id);
s64 collect(struct kunit *test, u32 generation);
/* A list that holds only itself, and that nobody holds. */
u64 garbage_list(struct kunit *test);

#endif
