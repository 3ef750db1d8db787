// SPDX-License-Identifier: GPL-2.0
#include "suite.h"

static u32 scan(struct kunit *test, struct rh_scan request, u64 *ids, u32 max)
{
	struct rig *rig = test->priv;
	struct rh_object objects[3];
	enum rh_progress progress;
	u32 n, found = 0, i;

	do {
		progress = rh_scan_step(rig->heap, &request, objects, ARRAY_SIZE(objects), &n);
		KUNIT_ASSERT_TRUE(test, progress == RH_MORE || progress == RH_DONE);
		for (i = 0; i < n && found < max; i++)
			ids[found++] = objects[i].info.id;
	} while (progress == RH_MORE);
	return found;
}

static void referents(struct kunit *test)
{
	u64 a = new_list(test, 0, NULL), b = new_int(test, 1000), found[8];
	u64 items[] = { a, b, a };
	u64 tuple = new_tuple(test, 3, items);

	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_REFERENTS,
							   .subject = tuple }, found, 8), 3);
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
	KUNIT_EXPECT_EQ(test, scan(test, request, found, 8), 2);
	KUNIT_EXPECT_TRUE(test, (found[0] == tuple && found[1] == dict) ||
				(found[0] == dict && found[1] == tuple));
	do {
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		if (n)
			edges += object.edges;
	} while (progress == RH_MORE);
	KUNIT_EXPECT_EQ(test, edges, 3);
}

static void filters(struct kunit *test)
{
	static const char * const x[] = { "x" };
	s64 type = rig_type(test->priv, "T", 0, 0, x, 1);
	u64 found[16], list = new_list(test, 0, NULL), thing = new_instance(test, type);

	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_KIND,
				   .kind = REFHEAP_KIND_LIST }, found, 16), 1);
	KUNIT_EXPECT_EQ(test, found[0], list);
	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_TYPE,
				   .type = type }, found, 16), 1);
	KUNIT_EXPECT_EQ(test, found[0], thing);
	collect(test, 0);
	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_KIND |
				   RH_SCAN_GENERATION, .kind = REFHEAP_KIND_LIST,
				   .generation = 0 }, found, 16), 0);
	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_KIND |
				   RH_SCAN_GENERATION, .kind = REFHEAP_KIND_LIST,
				   .generation = 1 }, found, 16), 1);
	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_KIND |
				   RH_SCAN_TRACKED, .kind = REFHEAP_KIND_INT }, found, 16), 0);
	KUNIT_EXPECT_EQ(test, scan(test, (struct rh_scan){ .filters = RH_SCAN_GARBAGE },
				   found, 16), 0);
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

static void everything_is_met_once(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_scan request = { 0 };
	struct rh_object object;
	enum rh_progress progress;
	u64 last = 0, met = 0;
	u32 n, i;

	for (i = 0; i < 500; i++)
		new_list(test, 0, NULL);
	do {
		progress = rh_scan_step(rig->heap, &request, &object, 1, &n);
		if (!n)
			continue;
		KUNIT_EXPECT_GT(test, REFHEAP_ID_SLOT(object.info.id), last);
		last = REFHEAP_ID_SLOT(object.info.id);
		met++;
	} while (progress == RH_MORE);
	KUNIT_EXPECT_EQ(test, met, rig_objects(rig));
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
	KUNIT_CASE(filters),
	KUNIT_CASE(subject_is_gone),
	KUNIT_CASE(everything_is_met_once),
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
