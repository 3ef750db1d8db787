// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/table.h"
#include "suite.h"

static u32 scan_on(struct kunit *test, struct rh_scan *request, u64 *ids, u32 max)
{
	struct rig *rig = test->priv;
	struct rh_object objects[3];
	enum rh_progress progress;
	u32 n, found = 0, i;

	do {
		progress = rh_scan_step(rig->heap, request, objects, ARRAY_SIZE(objects), &n);
		KUNIT_ASSERT_TRUE(test, progress == RH_MORE || progress == RH_DONE);
		for (i = 0; i < n && found < max; i++)
			ids[found++] = objects[i].info.id;
	} while (progress == RH_MORE);
	return found;
}

/* A walk of objects with all of that; of one filter, @value is what it wants. */
static u32 scan(struct kunit *test, u32 filters, u64 value, u32 generation, u64 *ids, u32 max)
{
	struct rh_scan request = {
		.filters = filters, .generation = generation, .kind = value, .type = value,
		.subject = value,
	};

	return scan_on(test, &request, ids, max);
}

static void referents(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_int(test, 1000), found[8];
	u64 items[] = { a, b, a };
	u64 tuple = new_tuple(test, 3, items);

	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_REFERENTS, tuple, 0, found, 8), 3);
	KUNIT_EXPECT_EQ(test, found[0], a);
	KUNIT_EXPECT_EQ(test, found[1], b);
	KUNIT_EXPECT_EQ(test, found[2], a);
}

static void referrers(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 leaf = new_int(test, 1000), dict = new_dict(test), found[8];
	u64 items[] = { leaf, leaf };
	u64 tuple = new_tuple(test, 2, items);
	struct rh_scan request = { .filters = RH_SCAN_REFERRERS, .subject = leaf };
	struct rh_object object;
	u32 n = 0, edges = 0;
	enum rh_progress progress;

	do_string(test, REFHEAP_OP_SET_KEY, dict, leaf, "k");
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_REFERRERS, leaf, 0, found, 8), 2);
	KUNIT_EXPECT_TRUE(test, (found[0] == tuple && found[1] == dict) ||
				(found[0] == dict && found[1] == tuple));
	do {
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		if (n)
			edges += object.edges;
	} while (progress == RH_MORE);
	KUNIT_EXPECT_EQ(test, edges, 3);
}

/* In a pool, in a run of pages, and in a block that is an arena by itself. */
static void referrers_of_every_size(struct kunit *test)
{
	static const u32 sizes[] = { 1, 2, 3, 100, 126, 127, 1000, 4100, 9000, 20000, 50000 };
	struct rig *rig = test->priv;
	u64 other = new_list(test, 0, NULL), leaf = new_int(test, 1000), list;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		list = new_list(test, 0, NULL);
		for (j = 1; j < sizes[i]; j++)
			append(test, list, other);
		append(test, list, leaf);
	}
	KUNIT_EXPECT_TRUE(test, rig_knows_referrers(rig, leaf));
	KUNIT_EXPECT_TRUE(test, rig_knows_referrers(rig, other));
	KUNIT_EXPECT_TRUE(test, rig_knows_referrers(rig, list));
}

/* Blocks are not cleared when they are freed. */
static void no_referrer_is_dead(struct kunit *test)
{
	u64 leaf = new_int(test, 1000), one[1] = { leaf }, list[300], found[8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = new_list(test, 1, one);
	for (i = 0; i < ARRAY_SIZE(list); i++)
		if (i != 150)
			drop(test, list[i]);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_REFERRERS, leaf, 0, found, 8), 1);
	KUNIT_EXPECT_EQ(test, found[0], list[150]);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list[150]));
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_REFERRERS, leaf, 0, found, 8), 0);
	/* It gets a block again that somebody else had. */
	append(test, list[150], new_int(test, 1001));
	new_list(test, 0, NULL);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_REFERRERS, leaf, 0, found, 8), 0);
}

/*
 * Steps of a walk; before one of them the list grows. Return: how often it was
 * told, and what refers to the leaf as well.
 */
static u32 told_while_growing(struct kunit *test, u64 leaf, u64 list, u32 step, u32 *others)
{
	struct rh_scan request = { .filters = RH_SCAN_REFERRERS, .subject = leaf };
	struct rig *rig = test->priv;
	struct rh_object object;
	enum rh_progress progress;
	u32 told = 0, n, i;

	*others = 0;
	do {
		for (i = 0; !step && i < 40; i++)
			append(test, list, list);
		step--;
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		if (n && object.info.id == list && object.edges == 1)
			told++;
		else
			*others += n;
	} while (progress == RH_MORE);
	return told;
}

/* As many steps as there can be. */
static void slow_walks(struct kunit *test)
{
	struct rh_params params;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
}

/*
 * An edge that is there all the time is told, even if its object moves to where
 * the search has been: into the room that one of the first lists leaves.
 */
static void referrer_moves_meanwhile(struct kunit *test)
{
	u64 leaf, first[20], list;
	u32 others, i, j;

	slow_walks(test);
	leaf = new_int(test, 1000);
	for (i = 0; i < ARRAY_SIZE(first); i++) {
		first[i] = new_list(test, 0, NULL);
		for (j = 0; j < 41; j++)
			append(test, first[i], first[i]);
	}
	for (i = 0; i < 3000; i++)
		new_tuple(test, 1, first);
	for (i = 1; i < ARRAY_SIZE(first); i++) {
		list = new_list(test, 1, &leaf);
		do_op(test, OP(REFHEAP_OP_CLEAR, .a = first[i]));
		KUNIT_EXPECT_EQ(test, told_while_growing(test, leaf, list, i, &others), 1);
		KUNIT_EXPECT_EQ(test, others, 0);
		drop(test, list);
		collect(test, 2);
	}
}

/* How many steps a walk takes, and what it finds. */
static u32 steps_of(struct kunit *test, u64 leaf, u32 *found, enum rh_near_stage *stage)
{
	struct rh_scan request = { .filters = RH_SCAN_REFERRERS, .subject = leaf };
	struct rig *rig = test->priv;
	struct rh_object object;
	enum rh_progress progress;
	u32 steps = 0, n;

	*found = 0;
	do {
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		*found += n;
		steps++;
	} while (progress == RH_MORE);
	*stage = request.near.stage;
	return steps;
}

static void fill(struct kunit *test)
{
	u64 zero = new_int(test, 0);
	u32 i;

	for (i = 0; i < 3000; i++)
		new_tuple(test, 1, &zero);
}

/* What is held by sessions alone is not searched for; what has been found, no further. */
static void search_ends_when_all_is_found(struct kunit *test)
{
	struct rig *rig = test->priv;
	enum rh_near_stage stage;
	u64 leaf, first, last;
	u32 found, steps;

	slow_walks(test);
	fill(test);
	leaf = new_int(test, 1000);
	KUNIT_EXPECT_EQ(test, steps_of(test, leaf, &found, &stage), 1);
	KUNIT_EXPECT_EQ(test, found, 0);
	KUNIT_EXPECT_EQ(test, stage, RH_NEAR_KNOWN);

	first = new_list(test, 1, &leaf);
	rig->current_holder = 1;
	do_op(test, OP(REFHEAP_OP_TAKE, .a = leaf));
	rig->current_holder = 0;
	steps = steps_of(test, leaf, &found, &stage);
	KUNIT_EXPECT_EQ(test, found, 1);
	KUNIT_EXPECT_EQ(test, stage, RH_NEAR_KNOWN);
	for (last = 0; !last || REFHEAP_ID_SLOT(last) < 9000;)
		last = new_tuple(test, 1, &first);
	KUNIT_EXPECT_EQ(test, steps_of(test, leaf, &found, &stage), steps);

	/* So many are likely to be everywhere. */
	steps_of(test, new_int(test, 0), &found, &stage);
	KUNIT_EXPECT_EQ(test, found, 3000);
	KUNIT_EXPECT_EQ(test, stage, RH_NEAR_MARKED);
}

/* What looks like the last reference is how long a list is. */
static void search_goes_on_when_not_all_is_found(struct kunit *test)
{
	enum rh_near_stage stage;
	u64 leaf, other, list;
	u32 found, i;

	slow_walks(test);
	fill(test);
	leaf = new_int(test, 1000);
	other = new_int(test, 1001);
	list = new_list(test, 0, NULL);
	for (i = 0; i < REFHEAP_ID_SLOT(leaf); i++)
		append(test, list, other);
	list = new_list(test, 0, NULL);
	for (i = 0; i < 20000; i++)
		append(test, list, other);
	append(test, list, leaf);
	steps_of(test, leaf, &found, &stage);
	KUNIT_EXPECT_EQ(test, found, 1);
	KUNIT_EXPECT_EQ(test, stage, RH_NEAR_MARKED);
	KUNIT_EXPECT_TRUE(test, rig_knows_referrers(test->priv, leaf));
}

/*
 * Whatever a walk is at when a referrer moves: what has been passed, but was not
 * told, and what is no longer where it was marked, are told once.
 */
static void referrer_moves_at_any_step(struct kunit *test)
{
	enum rh_near_stage stage;
	u32 found, steps, others, i;
	u64 leaf, list;

	slow_walks(test);
	leaf = new_int(test, 1000);
	new_tuple(test, 1, &leaf);
	fill(test);
	list = new_list(test, 1, &leaf);
	steps = steps_of(test, leaf, &found, &stage);
	KUNIT_EXPECT_EQ(test, found, 2);
	KUNIT_EXPECT_EQ(test, stage, RH_NEAR_KNOWN);
	for (i = 0; i < steps; i += 7) {
		KUNIT_EXPECT_EQ(test, told_while_growing(test, leaf, list, i, &others), 1);
		KUNIT_EXPECT_EQ(test, others, 1);
		do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
		drop(test, list);
		list = new_list(test, 1, &leaf);
	}
}

static void filters(struct kunit *test)
{
	static const char * const x[] = { "x" };
	s64 type = rig_type(test->priv, "T", 0, 0, x, 1);
	u64 found[16], list = new_list(test, 0, NULL), thing = new_instance(test, type);

	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_KIND, REFHEAP_KIND_LIST, 0, found, 16), 1);
	KUNIT_EXPECT_EQ(test, found[0], list);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_TYPE, type, 0, found, 16), 1);
	KUNIT_EXPECT_EQ(test, found[0], thing);
	collect(test, 0);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_KIND | RH_SCAN_GENERATION, REFHEAP_KIND_LIST, 0,
				   found, 16), 0);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_KIND | RH_SCAN_GENERATION, REFHEAP_KIND_LIST, 1,
				   found, 16), 1);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_KIND | RH_SCAN_TRACKED, REFHEAP_KIND_INT, 0,
				   found, 16), 0);
	KUNIT_EXPECT_EQ(test, scan(test, RH_SCAN_GARBAGE, 0, 0, found, 16), 0);
}

static void subject_is_gone(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL);
	struct rh_scan request = { .filters = RH_SCAN_REFERENTS, .subject = list };
	struct rh_object object;
	u32 n;

	drop(test, list);
	KUNIT_EXPECT_EQ(test, rh_scan_step(rig->heap, &request, &object, 1, &n), -ESTALE);
	request.subject = 0;
	KUNIT_EXPECT_EQ(test, rh_scan_step(rig->heap, &request, &object, 1, &n), -ENOENT);
}

/* Each object once, in the order of slots. Return: how many. */
static u64 meet_everything(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_scan request = { 0 };
	struct rh_object object;
	enum rh_progress progress;
	u64 last = 0, met = 0;
	u32 n;

	do {
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		if (!n)
			continue;
		KUNIT_EXPECT_GT(test, REFHEAP_ID_SLOT(object.info.id), last);
		last = REFHEAP_ID_SLOT(object.info.id);
		met++;
	} while (progress == RH_MORE);
	return met;
}

static void everything_is_met_once(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 500; i++)
		new_list(test, 0, NULL);
	KUNIT_EXPECT_EQ(test, meet_everything(test), rig_objects(test->priv));
}

/* Also when there is nothing in between for long. */
static void everything_is_met_behind_a_gap(struct kunit *test)
{
	u64 list = new_list(test, 0, NULL), id, last;
	u32 i;

	for (i = 0; i < 3 * RH_SEGMENT_SLOTS; i++) {
		id = new_int(test, 1000 + i);
		append(test, list, id);
		drop(test, id);
	}
	last = new_list(test, 0, NULL);
	do_op(test, OP(REFHEAP_OP_CLEAR, .a = list));
	KUNIT_EXPECT_EQ(test, meet_everything(test), rig_objects(test->priv));
	drop(test, last);
	KUNIT_EXPECT_EQ(test, meet_everything(test), rig_objects(test->priv));
}

#define EMPTY_SEGMENTS	150

static u32 steps_of_scan(struct rig *rig)
{
	struct rh_scan request = { 0 };
	struct rh_object object;
	u32 steps = 0, n;

	while (rh_scan_step(rig->heap, &request, &object, 1, &n) == RH_MORE)
		steps++;
	return steps;
}

static u32 steps_of_batch(struct rig *rig, struct refheap_op op)
{
	struct refheap_result result;
	struct rh_batch batch = {
		.heap = rig->heap, .holder = rig->holder[0], .ops = &op, .results = &result,
		.count = 1, .out = rig->out, .out_len = sizeof(rig->out),
	};
	u32 steps = 0;

	while (rh_batch_step(&batch) == RH_MORE)
		steps++;
	return steps;
}

/* A table stays as large as it has ever been: what is empty of it is passed over in steps. */
static void a_gap_takes_steps(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 scan, freeze, collect;
	struct rh_params params;

	rig_params(&params);
	params.slice_units = 1;
	suite_params(test, &params);
	scan = steps_of_scan(rig);
	freeze = steps_of_batch(rig, OP(REFHEAP_OP_FREEZE));
	garbage_list(test);
	collect = steps_of_batch(rig, OP(REFHEAP_OP_COLLECT, .arg = 1));
	KUNIT_ASSERT_EQ(test, rh_table_reserve(rig->heap, EMPTY_SEGMENTS * RH_SEGMENT_SLOTS), 0);
	KUNIT_EXPECT_GT(test, steps_of_scan(rig), scan + EMPTY_SEGMENTS / 50);
	KUNIT_EXPECT_GT(test, steps_of_batch(rig, OP(REFHEAP_OP_SCAN, .b = RH_SEGMENT_SLOTS)),
			EMPTY_SEGMENTS / 50);
	KUNIT_EXPECT_GT(test, steps_of_batch(rig, OP(REFHEAP_OP_FREEZE)),
			freeze + EMPTY_SEGMENTS / 50);
	garbage_list(test);
	KUNIT_EXPECT_GT(test, steps_of_batch(rig, OP(REFHEAP_OP_COLLECT, .arg = 1)), collect + 5);
}

static void value_is_shown(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_object object;
	u64 text = new_str(test, "some text");

	KUNIT_ASSERT_EQ(test, rh_object_get(rig->heap, text, &object), 0);
	KUNIT_EXPECT_EQ(test, object.value_len, 9);
	KUNIT_EXPECT_EQ(test, memcmp(object.value, "some text", 9), 0);
	KUNIT_EXPECT_EQ(test, object.info.length, 9);
	KUNIT_EXPECT_EQ(test, rh_object_get(rig->heap, REFHEAP_ID(REFHEAP_ID_SLOT(text), 77),
					    &object), -ENOENT);
	drop(test, text);
	KUNIT_EXPECT_EQ(test, rh_object_get(rig->heap, text, &object), -ESTALE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(referents),
	KUNIT_CASE(referrers),
	KUNIT_CASE(referrers_of_every_size),
	KUNIT_CASE(no_referrer_is_dead),
	KUNIT_CASE(referrer_moves_meanwhile),
	KUNIT_CASE(search_ends_when_all_is_found),
	KUNIT_CASE(search_goes_on_when_not_all_is_found),
	KUNIT_CASE(referrer_moves_at_any_step),
	KUNIT_CASE(filters),
	KUNIT_CASE(subject_is_gone),
	KUNIT_CASE(everything_is_met_once),
	KUNIT_CASE(everything_is_met_behind_a_gap),
	KUNIT_CASE(a_gap_takes_steps),
	KUNIT_CASE(value_is_shown),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-inspect",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
