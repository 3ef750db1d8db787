// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/heap.h"
#include "suite.h"

static void gc_stat(struct kunit *test, struct rh_gc_stat *stat)
{
	rh_gc_stat(((struct rig *)test->priv)->heap, stat);
}

static void cycle_of_itself(struct kunit *test)
{
	u64 list = garbage_list(test);

	KUNIT_EXPECT_EQ(test, collect(test, 0), 1);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, collect(test, 0), 0);
}

static void cycle_of_every_kind(struct kunit *test)
{
	static const char * const x[] = { "x" };
	s64 slotted = rig_type(test->priv, "Slotted", 0, 0, x, 1);
	s64 open = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	u64 list = new_list(test, 0, NULL), dict = new_dict(test);
	u64 tuple = new_tuple(test, 1, &dict);
	u64 a = new_instance(test, slotted), b = new_instance(test, open);
	u64 set = do_ids(test, REFHEAP_OP_SET, &a, 1);

	do_string(test, REFHEAP_OP_SET_KEY, dict, list, "list");
	append(test, list, set);
	do_string(test, REFHEAP_OP_SET_ATTR, a, b, "x");
	do_string(test, REFHEAP_OP_SET_ATTR, b, tuple, "tuple");
	drop(test, list);
	drop(test, set);
	drop(test, a);
	drop(test, b);
	drop(test, dict);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	drop(test, tuple);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 6);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
	KUNIT_EXPECT_FALSE(test, alive(test, tuple));
}

static void held_is_not_garbage(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_list(test, 1, &a);
	u64 c = new_list(test, 1, &b);

	append(test, a, c);
	drop(test, a);
	drop(test, b);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	drop(test, c);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 3);
}

/* Garbage lets go of what is not garbage, with the right counts. */
static void garbage_releases(struct kunit *test)
{
	u64 keep = new_list(test, 0, NULL), leaf = new_int(test, 1000);
	u64 list = new_list(test, 1, &keep);

	append(test, list, list);
	append(test, list, leaf);
	append(test, list, leaf);
	drop(test, leaf);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, count_of(test, keep), 2);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_EQ(test, count_of(test, keep), 1);
	KUNIT_EXPECT_FALSE(test, alive(test, leaf));
}

static void survivors_get_older(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);
	struct rig *rig = test->priv;

	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 0);
	collect(test, 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 1);
	collect(test, 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 1);
	collect(test, 1);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 2);
	collect(test, 2);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 2);
}

/* Old garbage is not seen by a young collection. */
static void old_garbage_waits(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL);

	append(test, list, list);
	collect(test, 1);
	drop(test, list);
	KUNIT_EXPECT_EQ(test, collect(test, 0), 0);
	KUNIT_EXPECT_EQ(test, collect(test, 1), 0);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
}

static void counts_and_thresholds(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_gc_stat stat, before;
	u64 garbage;
	u32 i;

	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[0].threshold, 700);
	KUNIT_EXPECT_EQ(test, stat.generation[1].threshold, 10);
	KUNIT_EXPECT_EQ(test, stat.generation[2].threshold, 10);
	KUNIT_EXPECT_TRUE(test, stat.enabled);
	rh_gc_set_threshold(rig->heap, 0, 5);
	collect(test, 2);
	gc_stat(test, &before);
	KUNIT_EXPECT_EQ(test, before.generation[0].count, 0);
	garbage = garbage_list(test);
	for (i = 0; i < 4; i++)
		new_list(test, 0, NULL);
	KUNIT_EXPECT_TRUE(test, alive(test, garbage));
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[0].count, 5);
	/* The sixth birth is over the threshold, and is not collected itself. */
	garbage = new_list(test, 0, NULL);
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[0].collections,
			before.generation[0].collections + 1);
	KUNIT_EXPECT_EQ(test, stat.generation[0].collected,
			before.generation[0].collected + 1);
	KUNIT_EXPECT_EQ(test, stat.generation[1].count, before.generation[1].count + 1);
	KUNIT_EXPECT_EQ(test, rig_info(rig, garbage).generation, 0);
	rh_gc_enable(rig->heap, false);
	for (i = 0; i < 50; i++)
		new_list(test, 0, NULL);
	gc_stat(test, &before);
	KUNIT_EXPECT_EQ(test, before.generation[0].collections, stat.generation[0].collections);
	KUNIT_EXPECT_GE(test, before.generation[0].count, 50);
}

static void deaths_lower_the_count(struct kunit *test)
{
	struct rh_gc_stat stat;
	u64 list;

	collect(test, 2);
	list = new_list(test, 0, NULL);
	new_int(test, 1000);
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[0].count, 1);
	drop(test, list);
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[0].count, 0);
}

static void tuples_are_untracked(struct kunit *test)
{
	u64 leaf = new_int(test, 1000), list = new_list(test, 0, NULL);
	u64 plain = new_tuple(test, 1, &leaf), holding = new_tuple(test, 1, &list);

	KUNIT_EXPECT_TRUE(test, tracked(test, plain));
	collect(test, 0);
	KUNIT_EXPECT_FALSE(test, tracked(test, plain));
	KUNIT_EXPECT_TRUE(test, tracked(test, holding));
	collect(test, 2);
	KUNIT_EXPECT_TRUE(test, tracked(test, holding));
}

static void saveall(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = garbage_list(test);
	struct rh_gc_stat stat;

	KUNIT_EXPECT_EQ(test, rh_gc_set_debug(rig->heap, REFHEAP_DEBUG_SAVEALL), 0);
	KUNIT_EXPECT_EQ(test, rh_gc_set_debug(rig->heap, 1U << 30), -EINVAL);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, count_of(test, list), 2);
	KUNIT_EXPECT_TRUE(test, rig_info(rig, list).flags & REFHEAP_INFO_GARBAGE);
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.garbage, 1);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, rig_verify(rig), 0);
	rh_gc_set_debug(rig->heap, 0);
	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_GARBAGE_CLEAR)), 1);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
	KUNIT_EXPECT_FALSE(test, alive(test, list));
}

static void freeze(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = garbage_list(test);
	struct rh_gc_stat stat;

	do_op(test, OP(REFHEAP_OP_FREEZE));
	gc_stat(test, &stat);
	KUNIT_EXPECT_GE(test, stat.frozen, 1);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, RH_PERMANENT);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_TRUE(test, alive(test, list));
	do_op(test, OP(REFHEAP_OP_UNFREEZE));
	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.frozen, 0);
	KUNIT_EXPECT_EQ(test, rig_info(rig, list).generation, 2);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 1);
}

/* Comes and goes of one generation, as differences to what they were. */
static void expect_moves(struct kunit *test, const struct rh_gc_stat *before, u32 generation,
			 u64 entered, u64 left, u64 untracked, u64 died)
{
	struct rig *rig = test->priv;
	struct rh_gc_stat stat;

	gc_stat(test, &stat);
	KUNIT_EXPECT_EQ(test, stat.generation[generation].entered,
			before->generation[generation].entered + entered);
	KUNIT_EXPECT_EQ(test, stat.generation[generation].left,
			before->generation[generation].left + left);
	KUNIT_EXPECT_EQ(test, stat.generation[generation].untracked,
			before->generation[generation].untracked + untracked);
	KUNIT_EXPECT_EQ(test, stat.generation[generation].died,
			before->generation[generation].died + died);
	KUNIT_EXPECT_EQ(test, rig_verify(rig), 0);
}

static void comes_and_goes(struct kunit *test)
{
	struct rh_gc_stat before;
	u64 list, garbage;

	collect(test, 2);
	gc_stat(test, &before);
	list = new_list(test, 0, NULL);
	garbage = new_list(test, 0, NULL);
	append(test, garbage, garbage);
	expect_moves(test, &before, 0, 2, 0, 0, 0);
	drop(test, new_list(test, 0, NULL));
	expect_moves(test, &before, 0, 3, 0, 0, 1);
	drop(test, garbage);
	collect(test, 0);
	expect_moves(test, &before, 0, 3, 1, 0, 2);
	expect_moves(test, &before, 1, 1, 0, 0, 0);
	collect(test, 2);
	expect_moves(test, &before, 1, 1, 1, 0, 0);
	expect_moves(test, &before, 2, 1, 0, 0, 0);
	drop(test, list);
	expect_moves(test, &before, 2, 1, 0, 0, 1);
}

static void comes_and_goes_untracked(struct kunit *test)
{
	u64 item = do_op(test, OP(REFHEAP_OP_INT, .a = 100000));
	struct rh_gc_stat before;

	collect(test, 2);
	gc_stat(test, &before);
	new_tuple(test, 1, &item);
	expect_moves(test, &before, 0, 1, 0, 0, 0);
	collect(test, 0);
	expect_moves(test, &before, 0, 1, 0, 1, 0);
	expect_moves(test, &before, 1, 0, 0, 0, 0);
}

static void comes_and_goes_frozen(struct kunit *test)
{
	struct rh_gc_stat before;
	u64 list;

	collect(test, 2);
	do_op(test, OP(REFHEAP_OP_FREEZE));
	gc_stat(test, &before);
	list = new_list(test, 0, NULL);
	do_op(test, OP(REFHEAP_OP_FREEZE));
	expect_moves(test, &before, 0, 1, 1, 0, 0);
	do_op(test, OP(REFHEAP_OP_UNFREEZE));
	expect_moves(test, &before, 2, before.frozen + 1, 0, 0, 0);
	drop(test, list);
	expect_moves(test, &before, 2, before.frozen + 1, 0, 0, 1);
}

static void wrong_generation(struct kunit *test)
{
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_COLLECT, .arg = 3);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_COLLECT, .arg = (u32)-1);
}

static void watchers_are_told(struct kunit *test)
{
	struct rig *rig = test->priv;
	const struct rh_notice *start, *stop;

	garbage_list(test);
	rig->host.notice_count = 0;
	collect(test, 1);
	KUNIT_ASSERT_EQ(test, rig->host.notice_count, 2);
	start = &rig->host.notices[0];
	stop = &rig->host.notices[1];
	KUNIT_EXPECT_EQ(test, start->event, REFHEAP_EVENT_GC_START);
	KUNIT_EXPECT_EQ(test, start->generation, 1);
	KUNIT_EXPECT_EQ(test, stop->event, REFHEAP_EVENT_GC_STOP);
	KUNIT_EXPECT_EQ(test, stop->generation, 1);
	KUNIT_EXPECT_EQ(test, stop->collected, 1);
	KUNIT_EXPECT_EQ(test, stop->uncollectable, 0);
}

/* More than a slice of everything. */
static void a_large_heap(struct kunit *test)
{
	u64 before = rig_objects(test->priv), ring, first, i;

	first = new_list(test, 0, NULL);
	ring = first;
	for (i = 0; i < 20000; i++) {
		u64 next = new_list(test, 1, &ring);

		if (ring != first)
			drop(test, ring);
		ring = next;
	}
	append(test, first, ring);
	drop(test, ring);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 0);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before + 20001);
	drop(test, first);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 20001);
	KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before);
}

static void stopped_after_every_unit(struct kunit *test)
{
	struct rh_params params;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	a_large_heap(test);
	garbage_releases(test);
	cycle_of_every_kind(test);
}

#define MANY	200

/* Children in a list or a dict, by numbers, each in a cycle with itself. */
static u64 parent_of_many(struct kunit *test, bool dict, u64 *child)
{
	u64 parent = dict ? new_dict(test) : new_list(test, 0, NULL), key;
	u32 i;

	for (i = 0; i < MANY; i++) {
		child[i] = new_list(test, 0, NULL);
		append(test, child[i], child[i]);
		if (dict) {
			key = new_int(test, 1000 + i);
			do_op(test, OP(REFHEAP_OP_SET_KEY, .a = parent, .b = key, .c = child[i]));
			drop(test, key);
		} else {
			append(test, parent, child[i]);
		}
		drop(test, child[i]);
	}
	return parent;
}

/* Takes one child out, from the front or the back, and puts it elsewhere. */
static void move_child(struct kunit *test, bool dict, u64 from, u64 to, u32 i, bool front)
{
	u64 child, key;

	if (dict) {
		key = new_int(test, 1000 + (front ? i : MANY - 1 - i));
		child = do_op(test, OP(REFHEAP_OP_POP_KEY, .a = from, .b = key));
		drop(test, key);
	} else {
		child = do_op(test, OP(REFHEAP_OP_POP, .a = from, .b = front ? 0 : -1));
	}
	do_op(test, OP(REFHEAP_OP_INSERT, .a = to, .b = 0, .c = child));
	drop(test, child);
}

/*
 * The parent is long, so that the collection stops within it, and there it
 * changes: what moves must not be missed, in whatever direction it goes.
 */
static void children_move_meanwhile(struct kunit *test)
{
	static u64 child[MANY];
	struct rig *rig = test->priv;
	struct rh_params params;
	u32 variant, pace, i, moved, step;
	enum rh_phase phase;

	rig_params(&params);
	params.slice_units = 1;
	for (variant = 0; variant < 16; variant++) {
		for (pace = 1; pace < 8; pace += 2) {
			bool dict = variant & 1, front = variant & 2;
			u64 from, to, at;

			phase = variant & 8 ? RH_PHASE_MARK : RH_PHASE_SUBTRACT;

			suite_params(test, &params);
			rh_gc_enable(rig->heap, false);
			to = variant & 4 ? new_list(test, 0, NULL) : 0;
			from = parent_of_many(test, dict, child);
			to = to ?: new_list(test, 0, NULL);
			at = garbage_list(test);
			KUNIT_ASSERT_TRUE(test, rh_collect_start(rig->heap, 2));
			for (moved = 0, step = 0; rh_work_pending(rig->heap); step++) {
				if (rig->heap->gc.phase >= phase && step % pace == 0 &&
				    moved < MANY / 4)
					move_child(test, dict, from, to, moved++, front);
				rh_work_step(rig->heap);
			}
			for (i = 0; i < MANY; i++)
				KUNIT_ASSERT_EQ(test, alive(test, child[i]), true);
			KUNIT_EXPECT_FALSE(test, alive(test, at));
			KUNIT_ASSERT_EQ_MSG(test, rig_verify(rig), 0, "%s", rig->fault);
		}
	}
}

/* Long garbage lets go of what is held, and is freed, in slices. */
static void long_garbage(struct kunit *test)
{
	static u64 child[MANY];
	struct rh_params params;
	u64 parent, keep, before;
	u32 dict, i;

	rig_params(&params);
	params.slice_units = 1;
	for (dict = 0; dict < 2; dict++) {
		suite_params(test, &params);
		keep = new_list(test, 0, NULL);
		before = rig_objects(test->priv);
		parent = parent_of_many(test, dict, child);
		for (i = 0; i < MANY; i++)
			append(test, child[i], keep);
		append(test, child[0], parent);
		KUNIT_EXPECT_EQ(test, count_of(test, keep), MANY + 1);
		drop(test, parent);
		KUNIT_EXPECT_EQ(test, collect(test, 2), MANY + 1);
		KUNIT_EXPECT_EQ(test, count_of(test, keep), 1);
		KUNIT_EXPECT_EQ(test, rig_objects(test->priv), before);
	}
}

/*
 * A walk stops within something long that dies then: the next long one is looked
 * at from its beginning.
 */
static void dies_while_walked(struct kunit *test)
{
	u64 leaf, item[MANY], dies, garbage, tuple;
	struct rig *rig = test->priv;
	struct rh_params params;
	enum rh_phase phase;
	u32 i;

	rig_params(&params);
	params.slice_units = 1;
	for (phase = RH_PHASE_SUBTRACT; phase <= RH_PHASE_TUPLES;
	     phase += RH_PHASE_TUPLES - RH_PHASE_SUBTRACT) {
		suite_params(test, &params);
		leaf = new_int(test, 1000);
		for (i = 0; i < MANY; i++)
			item[i] = leaf;
		dies = new_tuple(test, MANY, item);
		/* The next one. */
		tuple = phase == RH_PHASE_TUPLES ? new_tuple(test, MANY, item) : 0;
		garbage = new_list(test, 0, NULL);
		append(test, garbage, garbage);
		KUNIT_ASSERT_EQ(test, extend(test, garbage, MANY, item), 0);
		drop(test, garbage);
		tuple = tuple ?: new_tuple(test, MANY, item);
		KUNIT_ASSERT_TRUE(test, rh_collect_start(rig->heap, 0));
		while (rig->heap->gc.phase < phase || !rig->heap->gc.cell)
			rh_work_step(rig->heap);
		KUNIT_ASSERT_EQ(test, rig->heap->gc.cursor, REFHEAP_ID_SLOT(dies));
		drop(test, dies);
		rig_work(rig);
		KUNIT_EXPECT_FALSE(test, alive(test, garbage));
		KUNIT_EXPECT_FALSE(test, tracked(test, tuple));
	}
}

/* A collection that nobody finishes is finished when the heap goes. */
static void destroyed_in_the_middle(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_params params;
	u32 steps, i;

	rig_params(&params);
	params.slice_units = 1;
	for (steps = 0; steps < 40; steps++) {
		KUNIT_ASSERT_EQ(test, rig_exit(rig), 0);
		KUNIT_ASSERT_EQ(test, rig_init(rig, &params), 0);
		new_list(test, 0, NULL);
		garbage_list(test);
		KUNIT_EXPECT_TRUE(test, rh_collect_start(rig->heap, 2));
		KUNIT_EXPECT_FALSE(test, rh_collect_start(rig->heap, 0));
		for (i = 0; i < steps; i++)
			rh_work_step(rig->heap);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cycle_of_itself),
	KUNIT_CASE(cycle_of_every_kind),
	KUNIT_CASE(held_is_not_garbage),
	KUNIT_CASE(garbage_releases),
	KUNIT_CASE(survivors_get_older),
	KUNIT_CASE(old_garbage_waits),
	KUNIT_CASE(counts_and_thresholds),
	KUNIT_CASE(deaths_lower_the_count),
	KUNIT_CASE(tuples_are_untracked),
	KUNIT_CASE(saveall),
	KUNIT_CASE(freeze),
	KUNIT_CASE(comes_and_goes),
	KUNIT_CASE(comes_and_goes_untracked),
	KUNIT_CASE(comes_and_goes_frozen),
	KUNIT_CASE(wrong_generation),
	KUNIT_CASE(watchers_are_told),
	KUNIT_CASE(a_large_heap),
	KUNIT_CASE(stopped_after_every_unit),
	KUNIT_CASE(children_move_meanwhile),
	KUNIT_CASE(long_garbage),
	KUNIT_CASE(dies_while_walked),
	KUNIT_CASE(destroyed_in_the_middle),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-collect",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
