// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

#include "kmod/engine/heap.h"

/*
 * Each fault is planted, must be found, and is taken back so that the heap can
 * be destroyed.
 */
static void expect_fault(struct kunit *test, const char *what)
{
	struct rig *rig = test->priv;
	long faults = rig_verify(rig);

	KUNIT_EXPECT_EQ_MSG(test, faults > 0, 1, "not seen: %s", what);
	KUNIT_EXPECT_NE(test, rig->fault[0], 0);
}

static void wrong_count(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 slot = REFHEAP_ID_SLOT(new_list(test, 0, NULL));

	KUNIT_EXPECT_EQ(test, rig_verify(rig), 0);
	rh_head(rig->heap, slot)->count++;
	expect_fault(test, "a count that is too high");
	rh_head(rig->heap, slot)->count -= 2;
	expect_fault(test, "a count that is too low");
	rh_head(rig->heap, slot)->count++;
}

static void wrong_generation(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 slot = REFHEAP_ID_SLOT(new_list(test, 0, NULL));

	rh_head(rig->heap, slot)->meta += 1U << RH_META_GEN_SHIFT;
	expect_fault(test, "an object in another generation than the bitmap says");
	rh_head(rig->heap, slot)->meta -= 1U << RH_META_GEN_SHIFT;
	rig->heap->generation[0].objects++;
	expect_fault(test, "a generation that counts wrong");
	rig->heap->generation[0].objects--;
}

static void wrong_totals(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig->heap->table.live++;
	expect_fault(test, "the number of live objects");
	rig->heap->table.live--;
	rig->heap->used_bytes += 16;
	expect_fault(test, "the bytes in use");
	rig->heap->used_bytes -= 16;
	rig->holder[1]->held++;
	expect_fault(test, "what a holder holds");
	rig->holder[1]->held--;
}

static void wrong_obligations(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 list = new_list(test, 0, NULL);
	struct rh_leaf *leaf;

	do_op(test, OP(REFHEAP_OP_WEAKREF, .arg = REFHEAP_WEAKREF_CALLBACK, .a = list));
	leaf = &rig->holder[0]->leaf[REFHEAP_ID_SLOT(list) >> RH_LEAF_SHIFT];
	leaf->pins++;
	expect_fault(test, "a leaf that is kept for nothing");
	leaf->pins--;
	rig->heap->gc.unended++;
	expect_fault(test, "finalizers that have not ended");
	rig->heap->gc.unended--;
	rig->heap->gc.awaited++;
	expect_fault(test, "finalizers that are waited for");
	rig->heap->gc.awaited--;
	rig->heap->gc.garbage++;
	expect_fault(test, "garbage that is none");
	rig->heap->gc.garbage--;
	rig->heap->histories++;
	expect_fault(test, "a history that nobody has");
	rig->heap->histories--;
}

static void wrong_rest(struct kunit *test)
{
	struct rig *rig = test->priv;

	rig->heap->gc.stack = RH_ROOT_SLOT;
	expect_fault(test, "a mark stack between collections");
	rig->heap->gc.stack = 0;
	++*rig->heap->state;
	expect_fault(test, "a word that says something is condemned");
	--*rig->heap->state;
}

static void wrong_flags(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 slot = REFHEAP_ID_SLOT(new_list(test, 0, NULL));

	rh_head(rig->heap, slot)->meta ^= RH_META_TRACKED;
	expect_fault(test, "a list that is not tracked");
	rh_head(rig->heap, slot)->meta ^= RH_META_TRACKED;
	rh_head(rig->heap, slot)->meta ^= RH_META_GARBAGE;
	expect_fault(test, "garbage that is not counted");
	rh_head(rig->heap, slot)->meta ^= RH_META_GARBAGE;
	*rh_gc(rig->heap, slot) = 5;
	expect_fault(test, "a candidate without a collection");
	*rh_gc(rig->heap, slot) = RH_GC_IDLE;
}

static void through_an_operation(struct kunit *test)
{
	struct rig *rig = test->priv;
	u32 slot = REFHEAP_ID_SLOT(new_list(test, 0, NULL));
	struct refheap_result result;

	KUNIT_EXPECT_EQ(test, do_op(test, OP(REFHEAP_OP_VERIFY)), 0);
	rh_head(rig->heap, slot)->count++;
	result = rig_op(rig, OP(REFHEAP_OP_VERIFY));
	KUNIT_EXPECT_EQ(test, result.error, 0);
	KUNIT_EXPECT_GT(test, result.value, 0);
	KUNIT_EXPECT_GT(test, result.out_len, 0);
	rh_head(rig->heap, slot)->count--;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(wrong_count),
	KUNIT_CASE(wrong_generation),
	KUNIT_CASE(wrong_totals),
	KUNIT_CASE(wrong_obligations),
	KUNIT_CASE(wrong_rest),
	KUNIT_CASE(wrong_flags),
	KUNIT_CASE(through_an_operation),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-verify",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
