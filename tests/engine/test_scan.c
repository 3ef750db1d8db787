// SPDX-License-Identifier: GPL-2.0
#include "kmod/engine/heap.h"
#include "suite.h"

struct seen {
	u32 records;
	u64 edges;	/* all slots added up */
	u64 changes;
	bool disturbed;
	u32 calls;
};

static void look_at(struct seen *seen, const struct refheap_scan *record, u64 wanted,
		    const struct refheap_scan **found)
{
	const u32 *edge = (const u32 *)(record + 1);
	bool leaf = record->kind <= REFHEAP_KIND_BYTEARRAY;
	u32 i;

	seen->records++;
	seen->disturbed |= seen->changes && seen->changes != record->changes;
	seen->changes = record->changes;
	for (i = 0; !leaf && i < record->n; i++)
		seen->edges += edge[i];
	if (record->id == wanted)
		*found = record;
}

/* Scans the heap. Return: the last record of @wanted, which is in the rig's output. */
static const struct refheap_scan *scan(struct kunit *test, u32 flags, u64 wanted,
				       struct seen *seen)
{
	const struct refheap_scan *found = NULL;
	struct rig *rig = test->priv;
	struct refheap_result result;
	u64 cursor = 0;

	memset(seen, 0, sizeof(*seen));
	do {
		const u8 *at = rig->out;
		u32 i;

		result = rig_op(rig, OP(REFHEAP_OP_SCAN, .b = cursor, .arg = flags));
		KUNIT_ASSERT_EQ(test, result.error, 0);
		for (i = 0; i < result.info; i++) {
			const struct refheap_scan *record = (const void *)at;
			bool leaf = record->kind <= REFHEAP_KIND_BYTEARRAY;

			look_at(seen, record, wanted, &found);
			at += sizeof(*record) + ALIGN(leaf ? record->n : record->n * 4, 8);
		}
		KUNIT_EXPECT_EQ(test, at - rig->out, result.out_len);
		if (found)
			return found;
		cursor = result.value;
		seen->calls++;
	} while (cursor);
	return found;
}

static void everything_once(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct seen seen;
	u32 i;

	for (i = 0; i < 300; i++)
		new_list(test, 0, NULL);
	KUNIT_EXPECT_FALSE(test, scan(test, 0, 1, &seen));
	KUNIT_EXPECT_EQ(test, seen.records, rig_objects(rig));
	KUNIT_EXPECT_FALSE(test, seen.disturbed);
	KUNIT_EXPECT_GT(test, seen.calls, 1);
	EXPECT_ERROR(test, EINVAL, REFHEAP_OP_SCAN, .arg = 4);
}

static void edges(struct kunit *test)
{
	u64 item = new_int(test, 1000), list = new_list(test, 1, &item), dict = new_dict(test);
	const struct refheap_scan *record;
	struct seen seen;
	const u32 *edge;

	do_string(test, REFHEAP_OP_SET_KEY, dict, list, "key");
	record = scan(test, REFHEAP_SCAN_EDGES, list, &seen);
	KUNIT_ASSERT_TRUE(test, record);
	KUNIT_EXPECT_EQ(test, record->n, 1);
	KUNIT_EXPECT_EQ(test, *(const u32 *)(record + 1), REFHEAP_ID_SLOT(item));
	KUNIT_EXPECT_EQ(test, record->refcount, 2);
	record = scan(test, REFHEAP_SCAN_EDGES, dict, &seen);
	KUNIT_ASSERT_TRUE(test, record);
	KUNIT_EXPECT_EQ(test, record->n, 2);
	edge = (const u32 *)(record + 1);
	KUNIT_EXPECT_EQ(test, edge[1], REFHEAP_ID_SLOT(list));
}

static void payload(struct kunit *test)
{
	u64 text = new_str(test, "hello"), list = new_list(test, 0, NULL), ref;
	const struct refheap_scan *record;
	struct seen seen;

	record = scan(test, REFHEAP_SCAN_PAYLOAD, text, &seen);
	KUNIT_ASSERT_TRUE(test, record);
	KUNIT_EXPECT_EQ(test, record->n, 5);
	KUNIT_EXPECT_EQ(test, memcmp(record + 1, "hello\0\0", 8), 0);
	ref = do_op(test, OP(REFHEAP_OP_WEAKREF, .a = list));
	record = scan(test, REFHEAP_SCAN_EDGES, ref, &seen);
	KUNIT_ASSERT_TRUE(test, record);
	KUNIT_EXPECT_EQ(test, *(const u32 *)(record + 1), REFHEAP_ID_SLOT(list));
}

static void in_steps(struct kunit *test)
{
	static suite_body *const bodies[] = { everything_once, edges, payload };

	suite_in_steps(test, bodies, ARRAY_SIZE(bodies));
}

#define WIDE_SLOTS	512
#define WIDE		40

/* Counting attributes is more than one unit of work. */
static void counting_is_booked(struct kunit *test)
{
	static char text[WIDE_SLOTS][4];
	static const char *names[WIDE_SLOTS];
	struct rig *rig = test->priv;
	struct refheap_result result;
	struct rh_params params;
	s64 type;
	u32 i;

	for (i = 0; i < WIDE_SLOTS; i++) {
		scnprintf(text[i], sizeof(text[i]), "%u", i);
		names[i] = text[i];
	}
	type = rig_type(rig, "Wide", 0, 0, names, WIDE_SLOTS);
	KUNIT_ASSERT_TRUE(test, type > 0);
	for (i = 0; i < WIDE; i++)
		new_instance(test, type);
	/* The clock of the rig moves by a slice with each look at it. */
	rig_params(&params);
	rig->host.tick = params.slice_ns;
	result = rig_op(rig, OP(REFHEAP_OP_SCAN, .b = WIDE_SLOTS));
	rig->host.tick = 0;
	KUNIT_EXPECT_EQ(test, result.error, 0);
	KUNIT_EXPECT_GT(test, result.info, 0U);
	KUNIT_EXPECT_LT(test, result.info, WIDE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(everything_once),
	KUNIT_CASE(edges),
	KUNIT_CASE(payload),
	KUNIT_CASE(in_steps),
	KUNIT_CASE(counting_is_booked),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-scan",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
