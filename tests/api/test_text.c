// SPDX-License-Identifier: GPL-2.0
/* What needs no heap: errors, kinds, ids, paths as text, slices, builders. */
#include "fixture.h"

static void errors_have_sentences(void **state)
{
	static const int errors[] = {
		ENOENT, ESTALE, EOPNOTSUPP, ERANGE, ENOKEY, ENODATA, EINVAL,
		EILSEQ, EROFS, EEXIST, ENOTUNIQ, EFBIG, ENOSPC, EDQUOT, ENOMEM,
		EOVERFLOW, ECANCELED, ENXIO, EACCES, EPERM, EIDRM, E2BIG, EINTR,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const char *text = refheap_strerror(errors[i]);

		assert_string_equal(text, refheap_strerror(-errors[i]));
		assert_string_not_equal(text, strerror(errors[i]));
		assert_true(strlen(text) > 5);
	}
	assert_string_equal(refheap_strerror(ESRCH), strerror(ESRCH));
	assert_non_null(refheap_strerror(99999));
	assert_string_equal(refheap_strerror(0), "there is no error");
	assert_non_null(refheap_version());
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (int kind = 1; kind < __REFHEAP_KIND_MAX; kind++)
		assert_int_equal(refheap_parse_kind(refheap_kind_name(kind)),
				 kind);
	assert_string_equal(refheap_kind_name(REFHEAP_KIND_BYTEARRAY),
			    "bytearray");
	assert_string_equal(refheap_kind_name(0), "?");
	assert_string_equal(refheap_kind_name(1000), "?");
	fails(refheap_parse_kind("lists"), EINVAL);
	fails(refheap_parse_kind(""), EINVAL);
}

static void ids_are_read_as_written(void **state)
{
	static const refheap_id ids[] = {
		0, 1, REFHEAP_ID_ROOT, 0xfffffffeffffffff,
	};
	char text[REFHEAP_ID_TEXT];
	refheap_id id = 7;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		ok(refheap_parse_id(refheap_format_id(ids[i], text), &id));
		assert_true(id == ids[i]);
	}
	id = 7;
	fails(refheap_parse_id("", &id), EINVAL);
	fails(refheap_parse_id("@", &id), EINVAL);
	fails(refheap_parse_id("12", &id), EINVAL);
	fails(refheap_parse_id("@12 ", &id), EINVAL);
	fails(refheap_parse_id("@0x12", &id), EINVAL);
	fails(refheap_parse_id("@10000000000000000", &id), EINVAL);
	fails(refheap_parse_id("@ffffffff00000000", &id), EINVAL);
	assert_true(id == 7);
}

static void paths_are_checked(void **state)
{
	static const char *const good[] = {
		"a", "a.b", "a[0]", "a[-1].b", "a[\"k\"]", "a['k']", "@1f",
		"@1f.x[3]", "[\"odd name\"]", "[12]", "[@100000001].x",
		"a-b_c", "0", "\xc3\xa4.\xc3\xb6", "a[\"\\\"\\\\\\n\\t\\'\"]",
		"a[\"\"]", "a[-9223372036854775808]",
	};
	static const struct {
		const char *path;
		size_t where;
	} bad[] = {
		{ "", 0 }, { ".", 0 }, { ".a", 0 }, { "a.", 2 }, { "a..b", 2 },
		{ "a b", 1 }, { "a[", 2 }, { "a[]", 2 }, { "a[1", 3 },
		{ "a[1x]", 3 }, { "a[--1]", 2 }, { "a[\"k]", 5 },
		{ "a[\"k\"", 5 }, { "a[\"\\q\"]", 4 }, { "@", 0 },
		{ "@xyz", 0 }, { "a]", 1 }, { "a[9223372036854775808]", 2 },
		{ "a/b", 1 }, { "@1f@2f", 3 }, { "a[@]", 2 },
	};
	size_t where;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(refheap_path_check(good[i], &where));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fails(refheap_path_check(bad[i].path, &where), EINVAL);
		assert_int_equal(where, bad[i].where);
		fails(refheap_path_check(bad[i].path, NULL), EINVAL);
	}
}

/* As Python's "hello world"[start:stop]. */
static void slices_are_pythons(void **state)
{
	static char text[] = "hello world";
	const struct refheap_view view = { .data = text, .length = 11 };
	static const struct {
		int64_t start, stop;
		const char *slice;
	} cases[] = {
		{ 0, 5, "hello" }, { 6, INT64_MAX, "world" },
		{ -5, INT64_MAX, "world" }, { -11, -7, "hell" },
		{ 0, 0, "" }, { 8, 3, "" }, { -100, 2, "he" },
		{ INT64_MIN, INT64_MAX, "hello world" }, { 11, 20, "" },
		{ 50, 60, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct refheap_slice slice = refheap_view_slice(
			&view, cases[i].start, cases[i].stop);

		assert_int_equal(slice.length, strlen(cases[i].slice));
		assert_memory_equal(slice.data, cases[i].slice, slice.length);
	}
}

static void builder_remembers_errors(void **state)
{
	refheap_auto_batch struct refheap_batch_builder *b = NULL;
	const char *slots[] = { "x" };
	struct refheap_type_def many = {
		.name = "T", .slots = slots, .slot_count = 70000,
	};
	struct refheap_op nop = { .code = REFHEAP_OP_NOP };

	(void)state;
	ok(refheap_batch_alloc(&b));
	fails(refheap_batch_submit(b, NULL, 0), EINVAL);
	fails(refheap_batch_type_define(b, &many), EINVAL);
	assert_int_equal(refheap_batch_new_int(b, 1), 0);
	fails(refheap_batch_submit(b, NULL, 0), EINVAL);
	assert_int_equal(refheap_batch_failed(b), -1);

	refheap_batch_reset(b);
	fails(refheap_batch_read(b, 1, 0, (size_t)REFHEAP_MAX_DATA + 1), E2BIG);
	fails(refheap_batch_new_tuple(b, NULL, SIZE_MAX / 2), E2BIG);
	fails(refheap_batch_submit(b, NULL, 0), E2BIG);

	refheap_batch_reset(b);
	for (int i = 0; i < REFHEAP_MAX_OPS; i++)
		assert_int_equal(refheap_batch_add(b, &nop, NULL, 0, 0), i);
	fails(refheap_batch_add(b, &nop, NULL, 0, 0), E2BIG);
	assert_int_equal(refheap_batch_count(b), REFHEAP_MAX_OPS);
	fails(refheap_batch_temp(b, -E2BIG), E2BIG);
	fails(refheap_batch_error(b, 0), ECANCELED);
	fails(refheap_batch_error(b, REFHEAP_MAX_OPS), ERANGE);
	assert_null(refheap_batch_output(b, 0, NULL));
}

static void nothing_is_closed_without_harm(void **state)
{
	struct refheap_view view = { 0 };

	(void)state;
	refheap_close(NULL);
	refheap_ctl_close(NULL);
	refheap_iter_close(NULL);
	refheap_monitor_close(NULL);
	refheap_batch_free(NULL);
	refheap_view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_have_sentences),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(ids_are_read_as_written),
		cmocka_unit_test(paths_are_checked),
		cmocka_unit_test(slices_are_pythons),
		cmocka_unit_test(builder_remembers_errors),
		cmocka_unit_test(nothing_is_closed_without_harm),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
