// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/collect.h"
#include "suite.h"

static const char *const slots[] = { "next" };

static s64 final_type(struct kunit *test, u32 flags)
{
	return rig_type(test->priv, "Final", flags, 0, slots, 1);
}

/* For those who have both. */
static s64 legacy_type(struct kunit *test)
{
	return rig_type(test->priv, "Legacy", REFHEAP_TYPE_LEGACY, 0, slots, 1);
}

static void set_next(struct kunit *test, u64 object, u64 next)
{
	do_string(test, REFHEAP_OP_SET_ATTR, object, next, "next");
}

/* An instance that holds only itself, and that nobody else holds. */
static u64 dead_cycle(struct kunit *test, s64 type)
{
	u64 object = new_instance(test, type);

	set_next(test, object, object);
	drop(test, object);
	return object;
}

static int next_event(struct kunit *test, struct refheap_event *event)
{
	struct rig *rig = test->priv;

	return rh_holder_next_event(rig->heap, rig->holder[rig->current_holder], event);
}

static void expect_finalize(struct kunit *test, u64 object, u32 flags)
{
	struct refheap_event event = {};

	KUNIT_ASSERT_EQ(test, next_event(test, &event), 1);
	KUNIT_EXPECT_EQ(test, event.type, REFHEAP_EVENT_FINALIZE);
	KUNIT_EXPECT_EQ(test, event.object, object);
	KUNIT_EXPECT_EQ(test, event.generation, flags);
}

static void expect_silence(struct kunit *test)
{
	struct refheap_event event;

	KUNIT_EXPECT_EQ(test, next_event(test, &event), 0);
}

static void finalized(struct kunit *test, u64 object)
{
	do_op(test, OP(REFHEAP_OP_FINALIZED, .a = object));
}

static struct refheap_result finish(struct kunit *test)
{
	return rig_op(test->priv, OP(REFHEAP_OP_COLLECT_FINISH));
}

static struct rh_gc_stat stat_of(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_gc_stat stat;

	rh_gc_stat(rig->heap, &stat);
	return stat;
}

static void at_zero(struct kunit *test)
{
	u64 object = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	u64 ref = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = object));

	drop(test, object);
	KUNIT_EXPECT_TRUE(test, alive(test, object));
	KUNIT_EXPECT_EQ(test, stat_of(test).pending, 1);
	expect_finalize(test, object, 0);
	KUNIT_EXPECT_EQ(test, count_of(test, object), 1);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DEREF, .a = ref)), object);
	drop(test, object);
	finalized(test, object);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	KUNIT_EXPECT_EQ(test, stat_of(test).pending, 0);
	KUNIT_EXPECT_EQ(test, stat_of(test).finalized, 1);
	expect_silence(test);
}

static void once(struct kunit *test)
{
	u64 object = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	u64 list = new_list(test, 0, NULL);

	drop(test, object);
	expect_finalize(test, object, 0);
	append(test, list, object);
	/* To give up all that one has of it ends the finalizer, too. */
	drop(test, object);
	KUNIT_EXPECT_EQ(test, stat_of(test).pending, 0);
	EXPECT_ERROR(test, ENOTUNIQ, REFHEAP_OP_FINALIZED, .a = object);
	KUNIT_EXPECT_TRUE(test, alive(test, object));
	KUNIT_EXPECT_TRUE(test, rig_info(test->priv, object).flags & REFHEAP_INFO_FINALIZED);
	drop(test, list);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	expect_silence(test);
}

static void in_cycles(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 a = new_instance(test, type), b = new_instance(test, type);
	u64 list = new_list(test, 1, &a), ref;
	struct refheap_result result;

	set_next(test, a, b);
	set_next(test, b, list);
	ref = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = b));
	drop(test, a);
	drop(test, b);
	drop(test, list);
	garbage_list(test);
	/* Nothing is cleared before the finalizers have ended. */
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DEREF, .a = ref)), 0);
	result = finish(test);
	KUNIT_EXPECT_EQ(test, result.value, 1);
	KUNIT_EXPECT_EQ(test, result.info, 2);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	expect_finalize(test, a, 0);
	expect_finalize(test, b, 0);
	finalized(test, a);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	finalized(test, b);
	result = finish(test);
	KUNIT_EXPECT_EQ(test, result.value, 4);
	KUNIT_EXPECT_EQ(test, result.info, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].collected, 4);
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].collections, 1);
}

static void resurrected(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 a = dead_cycle(test, type), b = dead_cycle(test, type);
	u64 list = new_list(test, 0, NULL);

	KUNIT_EXPECT_EQ(test, collect(test, 0), 0);
	expect_finalize(test, a, 0);
	expect_finalize(test, b, 0);
	append(test, list, a);
	finalized(test, a);
	finalized(test, b);
	rig_work(test->priv);
	KUNIT_EXPECT_EQ(test, finish(test).value, 1);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	KUNIT_EXPECT_FALSE(test, alive(test, b));
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	expect_silence(test);
}

static void never_answered(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 stuck = dead_cycle(test, type), other;
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, stuck, 0);
	other = dead_cycle(test, type);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, other, 0);
	finalized(test, other);
	/* It need not wait for the other one. */
	KUNIT_EXPECT_EQ(test, finish(test).value, 1);
	KUNIT_EXPECT_FALSE(test, alive(test, other));
	KUNIT_EXPECT_TRUE(test, alive(test, stuck));
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig_work(rig);
	KUNIT_EXPECT_FALSE(test, alive(test, stuck));
}

static void orphans(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	struct rig *rig = test->priv;
	u64 skipped, kept, cycle, queued;

	rig->current_holder = 1;
	skipped = new_instance(test, type);
	kept = new_instance(test, type);
	cycle = dead_cycle(test, type);
	queued = new_instance(test, type);
	drop(test, queued);
	rig->current_holder = 0;
	do_op(test, OP(REFHEAP_OP_TAKE, .a = kept));
	rig->current_holder = 1;
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig->current_holder = 0;
	KUNIT_EXPECT_FALSE(test, alive(test, skipped));
	KUNIT_EXPECT_FALSE(test, alive(test, queued));
	KUNIT_EXPECT_EQ(test, stat_of(test).skipped, 2);
	do_op(test, OP(REFHEAP_OP_ADOPT, .a = 1));
	drop(test, kept);
	expect_finalize(test, kept, REFHEAP_EVENT_ADOPTED);
	finalized(test, kept);
	KUNIT_EXPECT_FALSE(test, alive(test, kept));
	do_op(test, OP(REFHEAP_OP_ADOPT, .a = 0));
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	rig_work(rig);
	KUNIT_EXPECT_FALSE(test, alive(test, cycle));
	KUNIT_EXPECT_EQ(test, stat_of(test).skipped, 3);
}

/* What was read and not dealt with is an orphan's like what was not read. */
static void returned(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	struct refheap_event event = {};
	struct rig *rig = test->priv;
	u64 object;

	rig->current_holder = 1;
	object = new_instance(test, type);
	drop(test, object);
	KUNIT_ASSERT_EQ(test, next_event(test, &event), 1);
	rh_holder_return_event(rig->heap, rig->holder[1], &event);
	KUNIT_EXPECT_EQ(test, rh_holder_held(rig->holder[1]), 0);
	KUNIT_EXPECT_EQ(test, rh_holder_events(rig->holder[1]), 1);
	rig->current_holder = 0;
	do_op(test, OP(REFHEAP_OP_ADOPT, .a = 1));
	rig->current_holder = 1;
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig->current_holder = 0;
	expect_finalize(test, object, REFHEAP_EVENT_ADOPTED);
	rh_holder_return_event(rig->heap, rig->holder[0], &event);
	expect_finalize(test, object, REFHEAP_EVENT_ADOPTED);
	finalized(test, object);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
}

/*
 * When a finalizer lets go of something dead whose own has yet to run, that dies
 * there and then: if it comes back it is a newborn, and none of the collection's.
 */
static void let_go_by_another(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 a = new_instance(test, type), b = new_instance(test, type);

	set_next(test, a, b);
	set_next(test, b, a);
	drop(test, a);
	drop(test, b);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, b).generation, 2);
	expect_finalize(test, a, 0);
	set_next(test, a, a);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, b).generation, 0);
	finalized(test, a);
	expect_finalize(test, b, 0);
	set_next(test, b, b);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, b).generation, 0);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	finalized(test, b);
	KUNIT_EXPECT_EQ(test, finish(test).value, 1);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	KUNIT_EXPECT_TRUE(test, alive(test, b));
	KUNIT_EXPECT_EQ(test, collect(test, 0), 1);
	expect_silence(test);
}

static void set_key(struct kunit *test, u64 dict, u64 key, u64 value)
{
	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = dict, .b = key, .c = value));
}

/*
 * A dead dict that loses its last entry of itself dies before the finalizer of
 * its value was begun, and begins it. What that leads to waits for it, too.
 */
static void begun_by_a_death(struct kunit *test)
{
	struct rh_params params;
	u64 dict, key, a, b;
	s64 type;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	type = final_type(test, REFHEAP_TYPE_FINALIZER);
	dict = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT));
	key = new_instance(test, type);
	a = new_instance(test, type);
	b = new_instance(test, type);
	set_key(test, dict, key, b);
	set_key(test, dict, a, dict);
	set_next(test, a, a);
	set_next(test, b, a);
	drop(test, dict);
	drop(test, a);
	drop(test, b);
	collect(test, 2);
	KUNIT_EXPECT_FALSE(test, alive(test, dict));
	expect_finalize(test, b, 0);
	expect_finalize(test, a, 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, b).generation, 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, a).generation, 2);
	finalized(test, a);
	rig_work(test->priv);
	KUNIT_EXPECT_TRUE(test, alive(test, a));
	finalized(test, b);
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, b));
	KUNIT_EXPECT_FALSE(test, alive(test, a));
	expect_silence(test);
}

/* What only a pending object keeps dies with it, and is not uncollectable. */
static void legacy_kept_by_pending(struct kunit *test)
{
	s64 final = final_type(test, REFHEAP_TYPE_FINALIZER), type = legacy_type(test);
	u64 first = new_instance(test, final), second = dead_cycle(test, final);
	u64 kept = new_instance(test, type), list = new_list(test, 0, NULL);

	append(test, list, list);
	append(test, list, first);
	append(test, list, kept);
	drop(test, list);
	drop(test, first);
	drop(test, kept);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, first, 0);
	expect_finalize(test, second, 0);
	finalized(test, first);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 0);
	finalized(test, second);
	rig_work(test->priv);
	expect_finalize(test, kept, 0);
	finalized(test, kept);
	KUNIT_EXPECT_EQ(test, finish(test).value, 3);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, kept));
}

/*
 * What garbage lets go of dies before it is asked what is uncollectable: of that
 * may be what only the dying have held.
 */
static void legacy_kept_by_the_dying(struct kunit *test)
{
	s64 type = legacy_type(test);
	u64 final = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	u64 first = new_instance(test, type), last = new_instance(test, type);
	u64 between = new_list(test, 1, &last);
	const u64 dead[] = { final, between };
	u64 list = new_list(test, 2, dead);

	append(test, list, list);
	set_next(test, final, first);
	set_next(test, first, between);
	drop(test, first);
	drop(test, last);
	drop(test, between);
	drop(test, final);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, final, 0);
	do_string(test, REFHEAP_OP_DEL_ATTR, final, 0, "next");
	expect_finalize(test, first, 0);
	finalized(test, first);
	KUNIT_EXPECT_FALSE(test, alive(test, first));
	KUNIT_EXPECT_EQ(test, count_of(test, between), 1);
	finalized(test, final);
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, between));
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 0);
	expect_finalize(test, last, 0);
	finalized(test, last);
	KUNIT_EXPECT_FALSE(test, alive(test, last));
	KUNIT_EXPECT_EQ(test, finish(test).value, 2);
	expect_silence(test);
}

static void legacy(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_LEGACY);
	struct refheap_result result;
	u64 a = new_instance(test, type), list = new_list(test, 1, &a);
	u64 reached = new_list(test, 0, NULL);

	set_next(test, a, list);
	append(test, list, reached);
	drop(test, a);
	drop(test, list);
	drop(test, reached);
	garbage_list(test);
	result = rig_op(test->priv, OP(REFHEAP_OP_COLLECT, .arg = 2));
	KUNIT_EXPECT_EQ(test, result.value, 4);
	KUNIT_EXPECT_EQ(test, result.info, 3);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 1);
	KUNIT_EXPECT_TRUE(test, rig_info(test->priv, a).flags & REFHEAP_INFO_GARBAGE);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	do_string(test, REFHEAP_OP_DEL_ATTR, a, 0, "next");
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
	expect_finalize(test, a, 0);
	finalized(test, a);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
}

/* As CPython does before tp_del: weak references are dead, and callbacks run. */
static void legacy_weakrefs(struct kunit *test)
{
	u64 object = new_instance(test, final_type(test, REFHEAP_TYPE_LEGACY));
	u64 shared = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = object));
	u64 armed = do_op(test, OP(REFHEAP_OP_WEAKREF, .arg = REFHEAP_WEAKREF_CALLBACK,
				   .a = object, .b = 5));
	const u64 both[] = { object, armed };
	u64 list = new_list(test, 2, both);
	struct refheap_event event = {};

	drop(test, object);
	drop(test, armed);
	drop(test, list);
	KUNIT_ASSERT_EQ(test, next_event(test, &event), 1);
	KUNIT_EXPECT_EQ(test, event.type, REFHEAP_EVENT_WEAKREF);
	KUNIT_EXPECT_EQ(test, event.object, armed);
	KUNIT_EXPECT_EQ(test, event.value, 5);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DEREF, .a = shared)), 0);
	KUNIT_EXPECT_TRUE(test, alive(test, object));
	expect_finalize(test, object, 0);
	KUNIT_EXPECT_EQ(test, rig_info(test->priv, object).weakrefs, 0);
	finalized(test, object);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	drop(test, armed);
	KUNIT_EXPECT_FALSE(test, alive(test, armed));
	expect_silence(test);
}

/* Nobody is there to run it: the object dies, and nothing is waited for. */
static void legacy_skipped(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_LEGACY);
	struct rig *rig = test->priv;
	u64 object, list, ref;

	rig->current_holder = 1;
	object = new_instance(test, type);
	list = new_list(test, 1, &object);
	rig->current_holder = 0;
	do_op(test, OP(REFHEAP_OP_TAKE, .a = list));
	ref = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = object));
	append(test, list, list);
	rig->current_holder = 1;
	KUNIT_ASSERT_EQ(test, rig_new_holder(rig), 0);
	rig->current_holder = 0;
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, stat_of(test).skipped, 1);
	KUNIT_EXPECT_EQ(test, stat_of(test).pending, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_DEREF, .a = ref)), 0);
	/* A later find is counted at once. */
	dead_cycle(test, type);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 1);
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
}

static void inherited(struct kunit *test)
{
	s64 base = final_type(test, REFHEAP_TYPE_FINALIZER);
	s64 type = rig_type(test->priv, "Derived", 0, base, NULL, 0);
	u64 object = new_instance(test, type);

	drop(test, object);
	expect_finalize(test, object, 0);
	finalized(test, object);
}

/* Who asks for what finalizers left while somebody looks is told what is found. */
static void looked_at_meanwhile(struct kunit *test)
{
	struct rh_params params;
	struct rig *rig;
	s64 type;
	u64 a, b;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	rig = test->priv;
	type = final_type(test, REFHEAP_TYPE_FINALIZER);
	a = new_instance(test, type);
	b = new_instance(test, type);
	set_next(test, a, b);
	set_next(test, b, a);
	drop(test, a);
	drop(test, b);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, a, 0);
	expect_finalize(test, b, 0);
	finalized(test, a);
	finalized(test, b);
	/* It does not wait any more, and is not yet free. */
	while (rig->heap->gc.pending)
		rh_work_step(rig->heap);
	KUNIT_EXPECT_TRUE(test, rh_work_pending(rig->heap));
	KUNIT_EXPECT_EQ(test, finish(test).value, 2);
	KUNIT_EXPECT_FALSE(test, alive(test, a));
}

static void slices_of_one_unit(struct kunit *test)
{
	struct rh_params params;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
}

/* Begins COLLECT_FINISH in another session and stops when that phase has begun. */
static void finish_until(struct kunit *test, struct rh_batch *batch, struct refheap_result *result,
			 enum rh_phase phase)
{
	static const struct refheap_op op = { .code = REFHEAP_OP_COLLECT_FINISH };
	struct rig *rig = test->priv;

	*batch = (struct rh_batch){
		.heap = rig->heap, .holder = rig->holder[1], .ops = &op, .results = result,
		.in = rig->in, .out = rig->out, .count = 1, .out_len = sizeof(rig->out),
	};
	do {
		KUNIT_ASSERT_EQ(test, rh_batch_step(batch), RH_MORE);
	} while (rig->heap->gc.phase < phase);
}

/* A finalizer that ends while somebody looks: what it leaves is looked at once more. */
static void ended_while_looked_at(struct kunit *test)
{
	struct refheap_result result;
	struct rh_batch batch;
	u64 object;

	slices_of_one_unit(test);
	object = dead_cycle(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, object, 0);
	finish_until(test, &batch, &result, RH_PHASE_UNCOLLECTABLE);
	finalized(test, object);
	while (rh_batch_step(&batch) == RH_MORE)
		;
	/* Nothing is left to be done when it says that no finalizer is. */
	KUNIT_EXPECT_EQ(test, result.info, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
	KUNIT_EXPECT_EQ(test, finish(test).value, 1);
}

/* Likewise, and what is only led to by what it leaves is not uncollectable. */
static void legacy_while_looked_at(struct kunit *test)
{
	struct refheap_result result;
	struct rh_batch batch;
	u64 both[2], list;

	slices_of_one_unit(test);
	both[0] = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	both[1] = new_instance(test, legacy_type(test));
	list = new_list(test, 2, both);
	set_next(test, both[0], list);
	drop(test, both[0]);
	drop(test, both[1]);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, both[0], 0);
	finish_until(test, &batch, &result, RH_PHASE_UNCOLLECTABLE);
	finalized(test, both[0]);
	while (rh_batch_step(&batch) == RH_MORE)
		;
	rig_work(test->priv);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 0);
	KUNIT_EXPECT_FALSE(test, alive(test, both[0]));
	expect_finalize(test, both[1], 0);
	finalized(test, both[1]);
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, both[1]));
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].uncollectable, 0);
	if (stat_of(test).garbage)
		do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
}

/* What is uncollectable is counted once, though two collections find it. */
static void legacy_found_twice(struct kunit *test)
{
	s64 type = legacy_type(test);
	u64 final = dead_cycle(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	u64 legacy = dead_cycle(test, type);

	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 1);
	expect_finalize(test, final, 0);
	finalized(test, final);
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, final));
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].collected, 1);
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].uncollectable, 1);
	KUNIT_EXPECT_EQ(test, finish(test).value, 2);
	do_string(test, REFHEAP_OP_DEL_ATTR, legacy, 0, "next");
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
}

/* FREEZE is of what lives: finalizers that have ended leave dead things behind. */
static void frozen_before_looked_at(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 object = dead_cycle(test, type);

	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, object, 0);
	finalized(test, object);
	do_op(test, OP(REFHEAP_OP_FREEZE));
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
}

/* Likewise, in a finalizer: CPython's generations do not have what it has found. */
static void frozen_meanwhile(struct kunit *test)
{
	s64 type = final_type(test, REFHEAP_TYPE_FINALIZER);
	u64 object = dead_cycle(test, type);

	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, object, 0);
	do_op(test, OP(REFHEAP_OP_FREEZE));
	finalized(test, object);
	rig_work(test->priv);
	KUNIT_EXPECT_FALSE(test, alive(test, object));
}

/* The last references to what LEGACY has reached go while it still reaches. */
static void lost_while_reached(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 legacy, key, map, value, list, items[2];
	s64 type, node;

	slices_of_one_unit(test);
	type = final_type(test, REFHEAP_TYPE_LEGACY);
	node = rig_type(rig, "Node", 0, 0, (const char *const[]){ "next" }, 1);
	key = new_instance(test, node);
	map = do_op(test, OP(REFHEAP_OP_WEAK_KEY_DICT));
	value = new_instance(test, type);
	legacy = new_instance(test, type);
	items[0] = legacy;
	items[1] = map;
	list = new_list(test, 2, items);
	/* The value has a legacy finalizer, and nothing else leads to it. */
	do_op(test, OP(REFHEAP_OP_SET_KEY, .a = map, .b = key, .c = value));
	set_next(test, legacy, list);
	drop(test, legacy);
	drop(test, map);
	drop(test, value);
	drop(test, list);
	KUNIT_ASSERT_TRUE(test, rh_collect_start(rig->heap, 2));
	while (rig->heap->gc.phase < RH_PHASE_LEGACY ||
	       *rh_gc(rig->heap, REFHEAP_ID_SLOT(value)) != RH_GC_LEGACY)
		rh_work_step(rig->heap);
	KUNIT_ASSERT_EQ(test, rig->heap->gc.phase, RH_PHASE_LEGACY);
	drop(test, key);
	KUNIT_EXPECT_EQ(test, rig->heap->gc.phase, RH_PHASE_LEGACY);
	rig_work(rig);
	expect_finalize(test, value, 0);
	finalized(test, value);
	rig_work(rig);
	KUNIT_EXPECT_FALSE(test, alive(test, value));
	/* The other one, the list and the dict. */
	KUNIT_EXPECT_EQ(test, stat_of(test).generation[2].uncollectable, 3);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 1);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
}

/* What is pending may die while a collection has it on its stack. */
static void pending_dies_marked(struct kunit *test)
{
	struct refheap_result result;
	struct rig *rig = test->priv;
	struct rh_batch batch;
	u64 list, object;

	slices_of_one_unit(test);
	list = new_list(test, 0, NULL);
	object = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	append(test, list, object);
	set_next(test, object, list);
	drop(test, list);
	drop(test, object);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	expect_finalize(test, object, 0);
	finish_until(test, &batch, &result, RH_PHASE_MARK);
	while (!rh_gc_is_queued(*rh_gc(rig->heap, REFHEAP_ID_SLOT(list))) &&
	       rig->heap->gc.phase == RH_PHASE_MARK)
		rh_batch_step(&batch);
	KUNIT_ASSERT_EQ(test, rig->heap->gc.phase, RH_PHASE_MARK);
	do_string(test, REFHEAP_OP_DEL_ATTR, object, 0, "next");
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	KUNIT_EXPECT_EQ_MSG(test, rig_verify(rig), 0, "%s", rig->fault);
	while (rh_batch_step(&batch) == RH_MORE)
		;
	finalized(test, object);
	rig_work(rig);
}

/* The last one that is waited for ends while the others are being counted. */
static void ended_while_counted(struct kunit *test)
{
	static const struct refheap_op op = { .code = REFHEAP_OP_COLLECT, .arg = 2 };
	struct rig *rig = test->priv;
	struct refheap_result result;
	struct rh_batch batch;
	u64 dies, list;
	s64 type;

	slices_of_one_unit(test);
	type = final_type(test, REFHEAP_TYPE_LEGACY);
	dies = new_instance(test, type);
	list = new_list(test, 1, &dies);
	append(test, list, list);
	drop(test, dies);
	drop(test, list);
	list = dead_cycle(test, type);
	dead_cycle(test, type);
	batch = (struct rh_batch){
		.heap = rig->heap, .holder = rig->holder[1], .ops = &op, .results = &result,
		.in = rig->in, .out = rig->out, .count = 1, .out_len = sizeof(rig->out),
	};
	do {
		KUNIT_ASSERT_EQ(test, rh_batch_step(&batch), RH_MORE);
	} while (rig->heap->gc.phase != RH_PHASE_UNCOLLECTABLE ||
		 rig->heap->gc.cursor <= REFHEAP_ID_SLOT(list));
	expect_finalize(test, dies, 0);
	finalized(test, dies);
	while (rh_batch_step(&batch) == RH_MORE)
		;
	rig_work(rig);
	KUNIT_EXPECT_EQ(test, stat_of(test).garbage, 2);
	rig->current_holder = 1;
	/* The list and two that are uncollectable. */
	KUNIT_EXPECT_EQ(test, finish(test).value, 3);
	rig->current_holder = 0;
	do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR));
}

/* What finalizers that have ended left is gone before anybody collects anew. */
static void collected_before_looked_at(struct kunit *test)
{
	u64 object = new_instance(test, final_type(test, REFHEAP_TYPE_FINALIZER));
	u64 list = new_list(test, 1, &object), young;

	set_next(test, object, list);
	drop(test, object);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 0), 0);
	expect_finalize(test, object, 0);
	young = new_list(test, 0, NULL);
	append(test, young, young);
	do_op(test, OP(REFHEAP_OP_GET_ATTR, .a = object, .data_off = rig_data(test->priv, "next", 4),
		       .data_len = 4));
	append(test, list, young);
	drop(test, list);
	drop(test, young);
	finalized(test, object);
	KUNIT_EXPECT_EQ(test, collect(test, 0), 1);
	KUNIT_EXPECT_FALSE(test, alive(test, young));
	KUNIT_EXPECT_FALSE(test, alive(test, object));
}

static void in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = {
		at_zero, once, in_cycles, resurrected, never_answered, orphans,
		let_go_by_another, legacy, legacy_weakrefs, legacy_skipped,
		legacy_kept_by_the_dying,
	};

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(at_zero),
	KUNIT_CASE(once),
	KUNIT_CASE(in_cycles),
	KUNIT_CASE(looked_at_meanwhile),
	KUNIT_CASE(resurrected),
	KUNIT_CASE(never_answered),
	KUNIT_CASE(orphans),
	KUNIT_CASE(returned),
	KUNIT_CASE(let_go_by_another),
	KUNIT_CASE(begun_by_a_death),
	KUNIT_CASE(legacy_kept_by_pending),
	KUNIT_CASE(legacy_kept_by_the_dying),
	KUNIT_CASE(legacy),
	KUNIT_CASE(legacy_weakrefs),
	KUNIT_CASE(legacy_skipped),
	KUNIT_CASE(inherited),
	KUNIT_CASE(ended_while_looked_at),
	KUNIT_CASE(legacy_while_looked_at),
	KUNIT_CASE(legacy_found_twice),
	KUNIT_CASE(frozen_before_looked_at),
	KUNIT_CASE(frozen_meanwhile),
	KUNIT_CASE(lost_while_reached),
	KUNIT_CASE(pending_dies_marked),
	KUNIT_CASE(ended_while_counted),
	KUNIT_CASE(collected_before_looked_at),
	KUNIT_CASE(in_steps),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-finalizer",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
