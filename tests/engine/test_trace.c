// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/trace.h"
#include "suite.h"

static struct refheap_traced totals(struct kunit *test)
{
	struct rig *rig = test->priv;

	do_op(test, OP(REFHEAP_OP_TRACE_STAT));
	return *(struct refheap_traced *)rig->out;
}

static u64 trace(struct kunit *test, u64 what)
{
	return do_op(test, OP(REFHEAP_OP_TRACE, .a = what));
}

static u32 site(struct kunit *test, const char *where)
{
	return do_string(test, REFHEAP_OP_SITE, 0, 0, where);
}

/* Executes one operation at a site. */
static struct refheap_result do_at(struct kunit *test, u32 site, struct refheap_op op)
{
	struct rig *rig = test->priv;
	struct refheap_result result = {};
	struct rh_batch batch = {
		.heap = rig->heap, .holder = rig->holder[0], .ops = &op, .results = &result,
		.out = rig->out, .out_len = sizeof(rig->out), .count = 1, .site = site,
	};

	while (rh_batch_step(&batch) == RH_MORE)
		;
	return result;
}

static u64 list_at(struct kunit *test, u32 site)
{
	return do_at(test, site, OP(REFHEAP_OP_LIST)).value;
}

/* What a site has, all zero when it has no record. */
static struct refheap_trace_site of_site(struct kunit *test, u32 site)
{
	struct refheap_trace_site found = {};
	const struct refheap_trace_site *record;
	struct rig *rig = test->priv;
	struct refheap_result result = {};
	u32 i;

	do {
		result = rig_op(rig, OP(REFHEAP_OP_TRACE_READ, .b = result.value));
		KUNIT_ASSERT_EQ(test, result.error, 0);
		record = (const void *)rig->out;
		for (i = 0; i < result.info; i++)
			if (REFHEAP_ID_SLOT(record[i].site) == site)
				found = record[i];
	} while (result.value);
	return found;
}

static void off(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	KUNIT_EXPECT_EQ(test, totals(test).on, 0);
	KUNIT_EXPECT_EQ(test, totals(test).overhead, 0);
	KUNIT_EXPECT_EQ(test, rig_op(test->priv, OP(REFHEAP_OP_TRACE_READ)).info, 0);
	KUNIT_EXPECT_EQ(test, rig_op(test->priv, OP(REFHEAP_OP_TRACE_OF, .a = list)).info, 0);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_STOP), 0);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_CLEAR), 0);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_RESET_PEAK), 0);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = 4);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE_READ, .b = 1ULL << 32);
	((struct rig *)test->priv)->rdonly = true;
	EXPECT_ERROR(test, EROFS, REFHEAP_OP_TRACE, .a = 1);
	((struct rig *)test->priv)->rdonly = false;
}

static void by_site(struct kunit *test)
{
	u32 here = site(test, "a.c:1"), there = site(test, "b.c:2");
	u64 before = new_list(test, 0, NULL), first, second;
	struct refheap_result of;

	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_START), 0);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_START), 1);
	first = list_at(test, here);
	second = list_at(test, there);
	list_at(test, there);
	new_list(test, 0, NULL);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
	KUNIT_EXPECT_EQ(test, of_site(test, here).bytes,
			rig_info(test->priv, first).sizeof_);
	KUNIT_EXPECT_EQ(test, of_site(test, there).count, 2);
	KUNIT_EXPECT_EQ(test, of_site(test, 0).count, 1);
	KUNIT_EXPECT_EQ(test, totals(test).count, 4);
	KUNIT_EXPECT_EQ(test, totals(test).sites, 3);
	drop(test, before);
	drop(test, second);
	KUNIT_EXPECT_EQ(test, of_site(test, there).count, 1);
	KUNIT_EXPECT_EQ(test, of_site(test, there).births, 2);
	KUNIT_EXPECT_EQ(test, totals(test).births, 4);
	of = rig_op(test->priv, OP(REFHEAP_OP_TRACE_OF, .a = first));
	KUNIT_EXPECT_EQ(test, of.info, 1);
	KUNIT_EXPECT_EQ(test, REFHEAP_ID_SLOT(of.value), here);
}

/* Growth is booked where the object was born, whoever causes it. */
static void growth(struct kunit *test)
{
	u32 here = site(test, "a.c:1"), there = site(test, "b.c:2"), i;
	u64 list, item = new_int(test, 1000), peak;

	trace(test, REFHEAP_TRACE_START);
	list = list_at(test, here);
	for (i = 0; i < 100; i++)
		do_at(test, there, OP(REFHEAP_OP_APPEND, .a = list, .c = item));
	peak = rig_info(test->priv, list).sizeof_;
	KUNIT_EXPECT_EQ(test, of_site(test, here).bytes, peak);
	KUNIT_EXPECT_EQ(test, of_site(test, there).bytes, 0);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	KUNIT_EXPECT_EQ(test, of_site(test, here).bytes, rig_info(test->priv, list).sizeof_);
	KUNIT_EXPECT_GE(test, totals(test).peak, peak);
	trace(test, REFHEAP_TRACE_RESET_PEAK);
	KUNIT_EXPECT_EQ(test, totals(test).peak, totals(test).bytes);
}

/* What a collection frees is booked, too. */
static void collected(struct kunit *test)
{
	u32 here = site(test, "a.c:1"), i;
	u64 list;

	trace(test, REFHEAP_TRACE_START);
	for (i = 0; i < 200; i++) {
		list = list_at(test, here);
		append(test, list, list);
		drop(test, list);
	}
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 200);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 200);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 0);
	KUNIT_EXPECT_EQ(test, of_site(test, here).bytes, 0);
	KUNIT_EXPECT_EQ(test, totals(test).bytes, 0);
	KUNIT_EXPECT_EQ(test, of_site(test, here).births, 200);
}

static void clear(struct kunit *test)
{
	u32 here = site(test, "a.c:1");
	u64 old, list;

	trace(test, REFHEAP_TRACE_START);
	old = list_at(test, here);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_CLEAR), 1);
	KUNIT_EXPECT_EQ(test, totals(test).bytes, 0);
	KUNIT_EXPECT_EQ(test, totals(test).sites, 0);
	KUNIT_EXPECT_EQ(test, rig_op(test->priv, OP(REFHEAP_OP_TRACE_OF, .a = old)).info, 0);
	list = list_at(test, here);
	append(test, old, list);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
	drop(test, old);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 0);
}

/* However often it is cleared, it goes on, and is what it was. */
static void clear_often(struct kunit *test)
{
	struct rh_heap *heap = ((struct rig *)test->priv)->heap;
	u32 here = site(test, "a.c:1"), i;
	u64 list = 0;

	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .b = 7));
	for (i = 0; i < RH_TRACE_WORN / RH_TRACE_CHUNK + 10; i++) {
		if (list)
			drop(test, list);
		list = list_at(test, here);
		KUNIT_ASSERT_EQ(test, trace(test, REFHEAP_TRACE_CLEAR), 1);
	}
	KUNIT_EXPECT_LT(test, heap->trace->n, RH_TRACE_WORN);
	KUNIT_EXPECT_EQ(test, totals(test).frames, 7);
	KUNIT_EXPECT_EQ(test, totals(test).count, 0);
	list_at(test, here);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
	KUNIT_EXPECT_EQ(test, rig_verify(test->priv), 0);
}

static void stop_and_again(struct kunit *test)
{
	u32 here = site(test, "a.c:1");
	u64 list, reserved;

	drop(test, list_at(test, here));
	reserved = ((struct rig *)test->priv)->heap->reserved;
	trace(test, REFHEAP_TRACE_START);
	list = list_at(test, here);
	KUNIT_EXPECT_GT(test, totals(test).overhead, 0);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_STOP), 1);
	KUNIT_EXPECT_EQ(test, totals(test).on, 0);
	trace(test, REFHEAP_TRACE_START);
	KUNIT_EXPECT_EQ(test, totals(test).count, 0);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, totals(test).bytes, 0);
	trace(test, REFHEAP_TRACE_STOP);
	KUNIT_EXPECT_EQ(test, ((struct rig *)test->priv)->heap->reserved, reserved);
}

/* Sites are not booked, and there may be more than one chunk of records. */
static void many_sites(struct kunit *test)
{
	u32 first = 0, last = 0, i;
	char where[16];

	trace(test, REFHEAP_TRACE_START);
	for (i = 0; i < 600; i++) {
		scnprintf(where, sizeof(where), "a.c:%u", i);
		last = site(test, where);
		first = first ?: last;
		KUNIT_EXPECT_EQ(test, totals(test).births, i);
		list_at(test, last);
	}
	KUNIT_EXPECT_EQ(test, of_site(test, first).count, 1);
	KUNIT_EXPECT_EQ(test, of_site(test, last).count, 1);
	KUNIT_EXPECT_EQ(test, totals(test).count, 600);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_CLEAR), 1);
	list_at(test, first);
	KUNIT_EXPECT_EQ(test, of_site(test, first).count, 1);
}

/* The table grows while it is traced. */
static void many_objects(struct kunit *test)
{
	u32 here = site(test, "a.c:1"), i;
	u64 list = 0;

	trace(test, REFHEAP_TRACE_START);
	for (i = 0; i < 2 * RH_SEGMENT_SLOTS; i++)
		list = list_at(test, here);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 2 * RH_SEGMENT_SLOTS);
	KUNIT_EXPECT_EQ(test, rig_op(test->priv, OP(REFHEAP_OP_TRACE_OF, .a = list)).info, 1);
	trace(test, REFHEAP_TRACE_STOP);
	KUNIT_EXPECT_EQ(test, trace(test, REFHEAP_TRACE_START), 0);
	KUNIT_EXPECT_EQ(test, totals(test).count, 0);
}

static void frames(struct kunit *test)
{
	struct rig *rig = test->priv;
	const struct refheap_state *state = rh_liveness_state(rig->heap);

	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .b = 65);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_STOP, .b = 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_CLEAR, .c = 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .arg = 2);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .arg = 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START,
		     .c = REFHEAP_TRACE_SAMPLE_MAX + 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .arg = 1,
		     .c = REFHEAP_TRACE_SAMPLE_BIRTHS_MAX + 1);
	KUNIT_EXPECT_EQ(test, state->frames, 0);
	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .b = 25));
	KUNIT_EXPECT_EQ(test, state->frames, 25);
	KUNIT_EXPECT_EQ(test, state->quiet, 0);
	KUNIT_EXPECT_EQ(test, totals(test).frames, 25);
	trace(test, REFHEAP_TRACE_START);
	KUNIT_EXPECT_EQ(test, state->frames, 25);
	trace(test, REFHEAP_TRACE_STOP);
	KUNIT_EXPECT_EQ(test, state->frames, 0);
	trace(test, REFHEAP_TRACE_START);
	KUNIT_EXPECT_EQ(test, totals(test).frames, 1);
	/* One of one is everything. */
	trace(test, REFHEAP_TRACE_STOP);
	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .c = 1, .arg = 1));
	list_at(test, site(test, "a.c:1"));
	KUNIT_EXPECT_EQ(test, totals(test).count, 1);
	KUNIT_EXPECT_EQ(test, totals(test).sample, 0);
}

/* That @estimate is right, but for five standard deviations. */
static void expect_near(struct kunit *test, u64 estimate, u64 is, u64 variance)
{
	u64 off = estimate > is ? estimate - is : is - estimate;

	KUNIT_EXPECT_LE(test, off * off, 25 * variance);
}

static void sampled(struct kunit *test, u32 mean, u32 flags, u32 most)
{
	u32 here = site(test, "a.c:1"), there = site(test, "b.c:2"), i;
	struct refheap_trace_site found;
	struct rig *rig = test->priv;
	static u64 list[2000];
	u64 bytes;

	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .c = mean, .arg = flags));
	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = list_at(test, i % 4 ? here : there);
	bytes = rig_info(rig, list[0]).sizeof_ * ARRAY_SIZE(list);
	KUNIT_EXPECT_LT(test, totals(test).samples, most);
	expect_near(test, totals(test).count, ARRAY_SIZE(list),
		    totals(test).count_squares / 64);
	expect_near(test, totals(test).bytes, bytes,
		    totals(test).byte_squares * totals(test).byte_unit * totals(test).byte_unit);
	found = of_site(test, there);
	expect_near(test, found.count, ARRAY_SIZE(list) / 4, found.count_squares / 64);
	KUNIT_EXPECT_EQ(test, found.births, found.count);
	KUNIT_EXPECT_EQ(test, rig_verify(rig), 0);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		append(test, list[i], list[0]);
	KUNIT_EXPECT_EQ(test, rig_verify(rig), 0);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		do_op(test, OP(REFHEAP_OP_CLEAR, .a = list[i]));
	for (i = 0; i < ARRAY_SIZE(list); i++)
		drop(test, list[i]);
	KUNIT_EXPECT_EQ(test, totals(test).bytes, 0);
	KUNIT_EXPECT_EQ(test, totals(test).count, 0);
	KUNIT_EXPECT_EQ(test, totals(test).samples, 0);
	KUNIT_EXPECT_EQ(test, totals(test).byte_squares, 0);
	KUNIT_EXPECT_EQ(test, totals(test).count_squares, 0);
	trace(test, REFHEAP_TRACE_STOP);
}

static void sampled_bytes(struct kunit *test)
{
	sampled(test, 1000, 0, 400);
}

static void sampled_births(struct kunit *test)
{
	sampled(test, 10, REFHEAP_TRACE_BIRTHS, 400);
}

/* Points are between births, not only at them: else these are a third too many. */
static void sampled_often(struct kunit *test)
{
	sampled(test, 2, REFHEAP_TRACE_BIRTHS, 1000);
}

/* What is as long as the mean distance, or longer, stands for itself. */
static void sampled_large(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 large;

	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .c = 4096));
	large = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = 10000));
	KUNIT_EXPECT_EQ(test, totals(test).bytes, rig_info(rig, large).sizeof_);
	KUNIT_EXPECT_EQ(test, totals(test).count, 1);
	KUNIT_EXPECT_EQ(test, totals(test).samples, 0);
	KUNIT_EXPECT_EQ(test, totals(test).byte_squares, 0);
	drop(test, large);
	KUNIT_EXPECT_EQ(test, totals(test).bytes, 0);
}

/* Births that are said not to be booked are not. */
static void quiet(struct kunit *test)
{
	struct rig *rig = test->priv;
	const struct refheap_state *state = rh_liveness_state(rig->heap);
	u64 before, births;
	u32 i;

	do_op(test, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START, .c = 20,
		       .arg = REFHEAP_TRACE_BIRTHS));
	KUNIT_EXPECT_EQ(test, state->flags, REFHEAP_TRACE_BIRTHS);
	for (i = 0; i < 500; i++) {
		before = state->quiet;
		births = totals(test).births;
		new_list(test, 0, NULL);
		KUNIT_EXPECT_LT(test, state->quiet, 20);
		if (before)
			KUNIT_EXPECT_EQ(test, totals(test).births, births);
	}
	KUNIT_EXPECT_GT(test, totals(test).births, 0);
}

/* What cannot be booked is not born, and what cannot be started is off. */
static void no_memory(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 here = site(test, "a.c:1"), i;
	struct refheap_result result;
	bool begun = false;
	u64 objects;

	for (i = 1; !begun; i++) {
		shim_host_fail(&rig->host, i, true);
		result = rig_op(rig, OP(REFHEAP_OP_TRACE, .a = REFHEAP_TRACE_START));
		shim_host_fail(&rig->host, 0, false);
		begun = !result.error;
		KUNIT_EXPECT_EQ(test, totals(test).on, begun);
		if (!begun)
			KUNIT_EXPECT_EQ(test, result.error, -ENOMEM);
	}
	KUNIT_EXPECT_GT(test, i, 2);
	objects = rig_objects(rig);
	shim_host_fail(&rig->host, 1, true);
	KUNIT_EXPECT_EQ(test, do_at(test, here, OP(REFHEAP_OP_LIST)).error, -ENOMEM);
	shim_host_fail(&rig->host, 0, false);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), objects);
	KUNIT_EXPECT_EQ(test, totals(test).births, 0);
	list_at(test, here);
	KUNIT_EXPECT_EQ(test, of_site(test, here).count, 1);
}

static void in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = {
		by_site, growth, collected, clear, clear_often, stop_and_again, many_sites, sampled_bytes,
	};

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(off),
	KUNIT_CASE(by_site),
	KUNIT_CASE(growth),
	KUNIT_CASE(collected),
	KUNIT_CASE(clear),
	KUNIT_CASE(clear_often),
	KUNIT_CASE(stop_and_again),
	KUNIT_CASE(many_sites),
	KUNIT_CASE(many_objects),
	KUNIT_CASE(frames),
	KUNIT_CASE(sampled_bytes),
	KUNIT_CASE(sampled_births),
	KUNIT_CASE(sampled_often),
	KUNIT_CASE(sampled_large),
	KUNIT_CASE(quiet),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(in_steps),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-trace",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
