// SPDX-License-Identifier: GPL-2.0
/* Scans of the whole heap, quiet and disturbed. */
#include <stdlib.h>

#include "fixture.h"

#define EDGES	REFHEAP_SCAN_EDGES
#define PAYLOAD	REFHEAP_SCAN_PAYLOAD

/* What a scan told of one object, its pieces joined. */
struct told {
	uint64_t objects;	/* of the heap */
	uint32_t records;	/* of the object */
	uint32_t refcount;
	uint32_t count;		/* of edges, or bytes */
	uint32_t edge[3 * REFHEAP_SCAN_EDGES_MAX];
	char payload[64];
	bool disturbed;
};

static void take_record(const struct refheap_scan *record, struct told *told)
{
	told->records++;
	told->refcount = record->refcount;
	assert_int_equal(record->first, told->count);
	told->count += record->n;
	if (!refheap_scan_has_edges(record))
		memcpy(told->payload, refheap_scan_payload(record), record->n);
	else
		memcpy(told->edge + record->first, refheap_scan_edges(record),
		       record->n * sizeof(uint32_t));
}

static void scan(struct refheap *session, uint32_t flags, refheap_id id,
		 struct told *told)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	int got;

	memset(told, 0, sizeof(*told));
	ok(refheap_scan_open(session, flags, &scanner));
	while ((got = refheap_scan_next(scanner, &record)) == 1) {
		if (!record->first)
			told->objects++;
		if (record->id == id)
			take_record(record, told);
	}
	assert_int_equal(got, 0);
	assert_int_equal(refheap_scan_next(scanner, &record), 0);
	told->disturbed = refheap_scan_disturbed(scanner);
}

static void every_object_once(void **state)
{
	struct fixture *f = *state;
	static struct told told;

	for (int i = 0; i < 5000; i++)
		new_list(f->session);
	scan(f->session, EDGES, REFHEAP_ID_ROOT, &told);
	assert_int_equal(told.objects, alive(f));
	assert_int_equal(told.records, 1);
	assert_false(told.disturbed);
}

static void edges_and_payload(void **state)
{
	struct fixture *f = *state;
	refheap_id key = new_str(f->session, "key of a dict");
	refheap_id value = new_list(f->session), dict = new_dict(f->session);
	static struct told told;

	ok(refheap_set_key(f->session, dict, key, value));
	scan(f->session, EDGES, dict, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.edge[0], REFHEAP_ID_SLOT(key));
	assert_int_equal(told.edge[1], REFHEAP_ID_SLOT(value));
	scan(f->session, 0, dict, &told);
	assert_int_equal(told.records, 1);
	assert_int_equal(told.count, 0);
	scan(f->session, EDGES, value, &told);
	assert_int_equal(told.refcount, 2);
	scan(f->session, PAYLOAD, key, &told);
	assert_string_equal(told.payload, "key of a dict");
	scan(f->session, EDGES, key, &told);
	assert_int_equal(told.count, 0);
}

static void a_long_list_in_pieces(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), item = new_list(f->session);
	static struct told told;
	const uint32_t length = 2 * REFHEAP_SCAN_EDGES_MAX + 7;

	for (uint32_t i = 0; i < length; i++)
		ok(refheap_append(f->session, list, i % 2 ? item : list));
	scan(f->session, EDGES | PAYLOAD, list, &told);
	assert_int_equal(told.records, 3);
	assert_int_equal(told.count, length);
	for (uint32_t i = 0; i < length; i++)
		assert_int_equal(told.edge[i],
				 REFHEAP_ID_SLOT(i % 2 ? item : list));
	ok(refheap_clear(f->session, list));
}

/* Births in front of the cursor, and deaths of all that is behind it. */
static void disturbed_scans_say_so(void **state)
{
	struct fixture *f = *state;
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	refheap_id lists[20000], big;

	for (size_t i = 0; i < 20000; i++)
		lists[i] = new_list(f->session);
	ok(refheap_scan_open(f->session, EDGES, &scanner));
	assert_int_equal(refheap_scan_next(scanner, &record), 1);
	big = new_list(f->session);
	assert_false(refheap_scan_disturbed(scanner));
	while (refheap_scan_next(scanner, &record) == 1)
		;
	assert_true(refheap_scan_disturbed(scanner));
	refheap_scan_close(scanner);

	ok(refheap_scan_open(f->session, EDGES, &scanner));
	assert_int_equal(refheap_scan_next(scanner, &record), 1);
	ok(refheap_drop(f->session, big));
	for (size_t i = 0; i < 20000; i++)
		ok(refheap_drop(f->session, lists[i]));
	while (refheap_scan_next(scanner, &record) == 1)
		;
	assert_true(refheap_scan_disturbed(scanner));
}

static void who_may_only_read(void **state)
{
	struct fixture *f = *state;
	struct refheap *reader = another_session(f, REFHEAP_ATTACH_RDONLY);
	struct refheap_scanner *scanner = NULL;
	static struct told told;

	scan(reader, EDGES | PAYLOAD, REFHEAP_ID_ROOT, &told);
	assert_int_equal(told.records, 1);
	fails(refheap_scan_open(reader, 1U << 2, &scanner), EINVAL);
	assert_null(scanner);
	refheap_close(reader);
	refheap_scan_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(every_object_once),
		heap_test(edges_and_payload),
		heap_test(a_long_list_in_pieces),
		heap_test(disturbed_scans_say_so),
		heap_test(who_may_only_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
