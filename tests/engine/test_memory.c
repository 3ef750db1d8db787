// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of every operation fails once, alone and with all after it.
 * The operation succeeds, or it says why not and the heap is as before.
 */
#include "suite.h"

static const char * const xy[] = { "x", "y" };

/* What operations are tried on, with @size entries each. */
struct things {
	u64 list, dict, set, slotted, open, bytes, leaf, key;
	s64 types[2];
	s64 with_values[3];	/* types of slots */
};

struct snapshot {
	struct rh_heap_stat stat;
	u64 held;
	struct refheap_info info[8];
};

static void make_things(struct kunit *test, struct things *things, u32 size)
{
	char name[8];
	u32 i;

	things->types[0] = rig_type(test->priv, "Slotted", 0, 0, xy, 2);
	things->types[1] = rig_type(test->priv, "Open", REFHEAP_TYPE_DICT, 0, NULL, 0);
	things->with_values[0] = things->types[0];
	things->with_values[1] = rig_type(test->priv, "Final", REFHEAP_TYPE_FINALIZER, 0, xy, 2);
	things->with_values[2] = rig_type(test->priv, "Recorded", 0, 0, xy, 2);
	do_op(test, OP(REFHEAP_OP_TYPE_HISTORY, .arg = things->with_values[2], .b = 8));
	things->list = new_list(test, 0, NULL);
	things->dict = new_dict(test);
	things->set = new_set(test);
	things->slotted = new_instance(test, things->types[0]);
	things->open = new_instance(test, things->types[1]);
	things->bytes = do_op(test, OP(REFHEAP_OP_BYTEARRAY, .a = size + 1));
	things->leaf = new_int(test, 1000);
	things->key = new_int(test, 100000);
	for (i = 0; i < size; i++) {
		u64 key = new_int(test, 2000 + i);

		scnprintf(name, sizeof(name), "a%u", i);
		append(test, things->list, things->leaf);
		do_op(test, OP(REFHEAP_OP_SET_KEY, .a = things->dict, .b = key, .c = things->leaf));
		do_op(test, OP(REFHEAP_OP_ADD, .a = things->set, .b = key));
		do_string(test, REFHEAP_OP_SET_ATTR, things->open, things->leaf, name);
		drop(test, key);
	}
}

static void take_snapshot(struct rig *rig, const struct things *things, struct snapshot *now)
{
	const u64 *ids = &things->list;
	u32 i;

	memset(now, 0, sizeof(*now));
	rh_heap_stat(rig->heap, &now->stat);
	now->held = rh_holder_held(rig->holder[0]);
	for (i = 0; i < ARRAY_SIZE(now->info); i++) {
		now->info[i] = rig_info(rig, ids[i]);
		/* A refusal comes after a collection, which makes older. */
		now->info[i].generation = 0;
		now->info[i].flags = 0;
	}
}

static void expect_unchanged(struct kunit *test, const struct snapshot *was,
			     const struct snapshot *now, u32 which)
{
	KUNIT_EXPECT_EQ_MSG(test, now->stat.objects, was->stat.objects, "try %u", which);
	KUNIT_EXPECT_EQ_MSG(test, now->stat.bytes, was->stat.bytes, "try %u", which);
	KUNIT_EXPECT_EQ_MSG(test, now->stat.names, was->stat.names, "try %u", which);
	KUNIT_EXPECT_EQ_MSG(test, now->held, was->held, "try %u", which);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(now->info, was->info, sizeof(was->info)), 0,
			    "try %u: an object has changed", which);
}

static struct refheap_op string_op(struct rig *rig, u16 code, u64 a, u64 c, const char *string)
{
	struct refheap_op op = { .code = code, .a = a, .c = c, .data_len = strlen(string) };

	op.data_off = rig_data(rig, string, op.data_len);
	return op;
}

static struct refheap_op type_op(struct rig *rig)
{
	static const u8 slot[] = { 'N', 'e', 'w', 4, 0, 's', 'l', 'o', 't' };
	struct refheap_type_new head = { .name_len = 3, .nslots = 1 };
	struct refheap_op op = { .code = REFHEAP_OP_TYPE_NEW };

	op.data_off = rig_data(rig, &head, sizeof(head));
	memcpy(rig->in + rig->in_len, slot, sizeof(slot));
	rig->in_len += sizeof(slot);
	op.data_len = rig->in_len - op.data_off;
	return op;
}

static bool make_op(struct rig *rig, const struct things *t, u32 which, struct refheap_op *op)
{
	u64 ids[] = { t->leaf, t->list };	/* key and value of a dict, too */
	static u64 many[REFHEAP_MAX_INSTANCES];
	u32 i;

	switch (which) {
	case 0:
		*op = OP(REFHEAP_OP_INT, .a = 5000);
		return true;
	case 1:
		*op = OP(REFHEAP_OP_INT, .a = 5);
		return true;
	case 2:
		*op = string_op(rig, REFHEAP_OP_STR, 0, 0, "two words");
		return true;
	case 3:
		*op = string_op(rig, REFHEAP_OP_STR, 0, 0, "an_identifier");
		return true;
	case 4:
		*op = OP(REFHEAP_OP_BYTEARRAY, .a = 100000);
		return true;
	case 5:
	case 6:
	case 7:
		*op = OP(REFHEAP_OP_TUPLE + which - 5, .data_len = sizeof(ids));
		op->data_off = rig_data(rig, ids, sizeof(ids));
		return true;
	case 8:
		*op = OP(REFHEAP_OP_SET, .data_len = sizeof(*ids));
		op->data_off = rig_data(rig, ids, sizeof(*ids));
		return true;
	case 9:
	case 10:
		*op = OP(REFHEAP_OP_INSTANCE, .arg = t->types[which - 9]);
		return true;
	case 11:
		*op = OP(REFHEAP_OP_TAKE, .a = t->leaf);
		return true;
	case 12:
		*op = OP(REFHEAP_OP_APPEND, .a = t->list, .c = t->leaf);
		return true;
	case 13:
		*op = OP(REFHEAP_OP_INSERT, .a = t->list, .c = t->leaf);
		return true;
	case 14:
		*op = OP(REFHEAP_OP_SET_KEY, .a = t->dict, .b = t->key, .c = t->list);
		return true;
	case 15:
		*op = string_op(rig, REFHEAP_OP_SET_KEY, t->dict, t->list, "some key");
		op->flags = REFHEAP_OPF_KEY_STR;
		return true;
	case 16:
		*op = string_op(rig, REFHEAP_OP_SET_KEY, REFHEAP_ID_ROOT, t->list, "name");
		op->flags = REFHEAP_OPF_KEY_STR;
		return true;
	case 17:
		*op = OP(REFHEAP_OP_ADD, .a = t->set, .b = t->key);
		return true;
	case 18:
		*op = string_op(rig, REFHEAP_OP_ADD, t->set, 0, "some key");
		op->flags = REFHEAP_OPF_KEY_STR;
		return true;
	case 19:
		*op = string_op(rig, REFHEAP_OP_SET_ATTR, t->open, t->list, "fresh");
		return true;
	case 20:
		*op = string_op(rig, REFHEAP_OP_SET_ATTR, t->slotted, t->list, "x");
		return true;
	case 21:
		*op = OP(REFHEAP_OP_RESIZE, .a = t->bytes, .b = 70000);
		return true;
	case 22:
		*op = OP(REFHEAP_OP_CLEAR, .a = t->list);
		return true;
	case 23:
		*op = OP(REFHEAP_OP_CLEAR, .a = t->dict);
		return true;
	case 24:
		*op = OP(REFHEAP_OP_VIEW, .a = t->bytes);
		return true;
	case 25:
		*op = OP(REFHEAP_OP_COLLECT, .arg = 2);
		return true;
	case 26:
		*op = OP(REFHEAP_OP_VERIFY);
		return true;
	case 27:
		*op = type_op(rig);
		return true;
	case 28:
		*op = OP(REFHEAP_OP_FREEZE);
		return true;
	case 29:
		*op = OP(REFHEAP_OP_EXTEND, .a = t->list, .data_len = sizeof(ids));
		op->data_off = rig_data(rig, ids, sizeof(ids));
		return true;
	case 30:
	case 31:
	case 32:
		*op = OP(REFHEAP_OP_INSTANCE, .arg = t->with_values[which - 30],
			 .data_len = sizeof(ids));
		op->data_off = rig_data(rig, ids, sizeof(ids));
		return true;
	case 33:
	case 34:
		ids[0] = REFHEAP_ID_MADE(60);
		*op = OP(REFHEAP_OP_INSTANCES, .arg = t->with_values[2 * (which - 33)],
			 .a = REFHEAP_MAX_INSTANCES, .data_len = sizeof(many));
		for (i = 0; i < ARRAY_SIZE(many); i++)
			many[i] = ids[i % 2];
		op->data_off = rig_data(rig, many, sizeof(many));
		return true;
	}
	return false;
}

/* Return: whether there was such an allocation. */
static bool try_one(struct kunit *test, u32 which, u32 size, u32 n, bool after)
{
	struct rig *rig = test->priv;
	static struct snapshot was, now;
	struct refheap_result result;
	struct things things;
	struct refheap_op op;
	bool failed;

	suite_params(test, NULL);
	make_things(test, &things, size);
	if (!make_op(rig, &things, which, &op))
		return false;
	take_snapshot(rig, &things, &was);
	shim_host_fail(&rig->host, n, after);
	result = rig_op(rig, op);
	failed = rig->host.failed;
	shim_host_fail(&rig->host, 0, false);
	KUNIT_EXPECT_EQ_MSG(test, rig_verify(rig), 0, "try %u: %s", which, rig->fault);
	if (!result.error)
		return failed;
	KUNIT_EXPECT_EQ_MSG(test, failed, true, "try %u: error %d", which, result.error);
	KUNIT_EXPECT_EQ_MSG(test, result.error == -ENOMEM || result.error == -EDQUOT, true,
			    "try %u: error %d", which, result.error);
	take_snapshot(rig, &things, &now);
	expect_unchanged(test, &was, &now, which);
	return failed;
}

static void every_allocation_fails(struct kunit *test)
{
	static const u32 sizes[] = { 0, 4, 8, 100 };
	struct things nothing = { 0 };
	struct refheap_op op;
	u32 which, i, n, tries = 0;

	for (which = 0; make_op(test->priv, &nothing, which, &op); which++) {
		((struct rig *)test->priv)->in_len = 0;
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			for (n = 1; try_one(test, which, sizes[i], n, false); n++)
				tries++;
			for (n = 1; try_one(test, which, sizes[i], n, true); n++)
				tries++;
			if (test->status)
				return;
		}
	}
	/* Otherwise nothing has been tried at all. */
	KUNIT_EXPECT_GT(test, tries, 50);
}

static void heaps_that_cannot_be_made(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rh_params params;
	struct rh_heap *heap;
	struct rh_holder *holder;
	u32 n;

	rig_params(&params);
	KUNIT_ASSERT_EQ(test, rig_exit(rig), 0);
	for (n = 1; n < 100; n++) {
		shim_host_init(&rig->host);
		shim_host_fail(&rig->host, n, false);
		heap = rh_heap_new(&shim_host_ops, &rig->host, &params);
		if (!IS_ERR(heap))
			break;
		KUNIT_EXPECT_EQ(test, PTR_ERR(heap), -ENOMEM);
		KUNIT_EXPECT_EQ(test, rig->host.count, 0);
	}
	KUNIT_EXPECT_GT(test, n, 3);
	KUNIT_ASSERT_TRUE(test, !IS_ERR(heap));
	shim_host_fail(&rig->host, 1, false);
	holder = rh_holder_new(heap, 1, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(holder), -ENOMEM);
	shim_host_fail(&rig->host, 0, false);
	while (rh_heap_destroy_step(heap) == RH_MORE)
		;
	KUNIT_EXPECT_EQ(test, rig->host.count, 0);
	rig->heap = NULL;
}

/* With no memory to be had, garbage can still be collected. */
static void collecting_needs_no_memory(struct kunit *test)
{
	struct rig *rig = test->priv;
	u64 before = rig_objects(rig);
	u32 i;

	rh_gc_enable(rig->heap, false);
	for (i = 0; i < 2000; i++)
		garbage_list(test);
	shim_host_fail(&rig->host, 1, true);
	KUNIT_EXPECT_EQ(test, collect(test, 2), 2000);
	KUNIT_EXPECT_EQ(test, rig->host.failed, 0);
	KUNIT_EXPECT_EQ(test, rig_objects(rig), before);
	shim_host_fail(&rig->host, 0, false);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_allocation_fails),
	KUNIT_CASE(heaps_that_cannot_be_made),
	KUNIT_CASE(collecting_needs_no_memory),
	{ }
};

static struct kunit_suite suite = {
	.name = "refheap-memory",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
