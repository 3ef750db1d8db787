// SPDX-License-Identifier: GPL-2.0
/* Tracing: sites, snapshots, comparison, files, other sessions. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

/* The statistic of a line of @file, or NULL. */
static const struct refheap_statistic *
find(const struct refheap_statistic *statistics, ssize_t count,
     const char *file, uint32_t line)
{
	for (ssize_t i = 0; i < count; i++)
		if (!strcmp(statistics[i].filename, file) &&
		    statistics[i].line == line)
			return &statistics[i];
	return NULL;
}

static uint32_t set_site(struct refheap *session, const char *where)
{
	int64_t site = refheap_site(session, where);

	assert_true(site > 0);
	return refheap_set_site(session, (uint32_t)site);
}

static struct refheap_snapshot *take(struct refheap *session)
{
	struct refheap_snapshot *snapshot;

	ok(refheap_snapshot_take(session, &snapshot));
	return snapshot;
}

static void off(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), site;
	struct refheap_snapshot *snapshot;
	struct refheap_traced traced;
	uint64_t current, peak;

	assert_int_equal(refheap_trace_stop(f->session), 0);
	assert_int_equal(refheap_trace_clear(f->session), 0);
	ok(refheap_trace_get(f->session, &traced));
	assert_int_equal(traced.on, 0);
	ok(refheap_get_traced_memory(f->session, &current, &peak));
	assert_int_equal(current + peak, 0);
	assert_int_equal(refheap_trace_of(f->session, list, &site), -ENODATA);
	assert_int_equal(refheap_snapshot_take(f->session, &snapshot), -ENODATA);
}

static void by_line(void **state)
{
	struct fixture *f = *state;
	struct refheap_statistic *statistics;
	const struct refheap_statistic *one;
	struct refheap_snapshot *snapshot;
	refheap_id list, site;
	char *where;
	ssize_t count;

	assert_int_equal(refheap_trace_start(f->session), 0);
	assert_int_equal(refheap_trace_start(f->session), 1);
	set_site(f->session, "a.c:1");
	list = new_list(f->session);
	set_site(f->session, "a.c:2");
	for (int i = 0; i < 100; i++)
		new_list(f->session);
	snapshot = take(f->session);
	count = refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_LINENO,
					    &statistics);
	assert_int_equal(count, 2);
	assert_int_equal(statistics[0].line, 2);
	one = find(statistics, count, "a.c", 1);
	assert_non_null(one);
	assert_int_equal(one->count, 1);
	assert_int_equal(one->births, 1);
	free(statistics);
	count = refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_FILENAME,
					    &statistics);
	assert_int_equal(count, 1);
	assert_int_equal(statistics[0].count, 101);
	assert_int_equal(refheap_snapshot_traced(snapshot)->count, 101);
	free(statistics);
	refheap_snapshot_free(snapshot);
	ok(refheap_trace_of(f->session, list, &site));
	ok(refheap_get_data(f->session, site, &where, NULL));
	assert_string_equal(where, "a.c:1");
	free(where);
	assert_int_equal(refheap_trace_stop(f->session), 1);
}

static void compared(void **state)
{
	struct fixture *f = *state;
	struct refheap_trace_filter filter = { .pattern = "b*" };
	struct refheap_snapshot *before, *after;
	struct refheap_statistic *statistics;
	refheap_id lists[10];
	ssize_t count;

	refheap_trace_start(f->session);
	set_site(f->session, "a.c:1");
	for (int i = 0; i < 10; i++)
		lists[i] = new_list(f->session);
	before = take(f->session);
	for (int i = 0; i < 10; i++)
		ok(refheap_drop(f->session, lists[i]));
	set_site(f->session, "b.c:2");
	new_list(f->session);
	after = take(f->session);
	count = refheap_snapshot_compare(after, before, REFHEAP_TRACE_LINENO,
					 &statistics);
	assert_int_equal(count, 2);
	assert_string_equal(statistics[0].filename, "a.c");
	assert_int_equal(statistics[0].count_diff, -10);
	assert_int_equal(statistics[0].count, 0);
	assert_true(statistics[0].size_diff < 0);
	assert_int_equal(statistics[1].count_diff, 1);
	free(statistics);
	refheap_snapshot_filter(before, &filter, 1);
	refheap_snapshot_filter(after, &filter, 1);
	count = refheap_snapshot_compare(after, before, REFHEAP_TRACE_LINENO,
					 &statistics);
	assert_int_equal(count, 1);
	free(statistics);
	refheap_snapshot_free(before);
	refheap_snapshot_free(after);
	refheap_trace_stop(f->session);
}

static void saved_and_loaded(void **state)
{
	struct fixture *f = *state;
	struct refheap_snapshot *snapshot, *loaded;
	struct refheap_statistic *statistics;
	char path[] = "/tmp/snapshot.XXXXXX";
	int file = mkstemp(path);

	assert_true(file >= 0);
	close(file);
	refheap_trace_start(f->session);
	set_site(f->session, "odd\\name of a:b:7");
	new_list(f->session);
	snapshot = take(f->session);
	ok(refheap_snapshot_save(snapshot, path));
	ok(refheap_snapshot_load(path, &loaded));
	assert_int_equal(refheap_snapshot_compare(loaded, snapshot,
						  REFHEAP_TRACE_LINENO,
						  &statistics), 1);
	assert_string_equal(statistics[0].filename, "odd\\name of a:b");
	assert_int_equal(statistics[0].line, 7);
	assert_int_equal(statistics[0].size_diff, 0);
	assert_int_equal(refheap_snapshot_traced(loaded)->bytes,
			 refheap_snapshot_traced(snapshot)->bytes);
	free(statistics);
	refheap_snapshot_free(loaded);
	refheap_snapshot_free(snapshot);
	ok(truncate(path, 30));
	assert_int_equal(refheap_snapshot_load(path, &loaded), -EUCLEAN);
	unlink(path);
	assert_int_equal(refheap_snapshot_load(path, &loaded), -ENOENT);
	refheap_trace_stop(f->session);
}

/* What a batch or another session makes is booked, too; more than one read. */
static void nothing_alive(void **state)
{
	struct fixture *f = *state;
	struct refheap_statistic *statistics;
	struct refheap_snapshot *snapshot;

	refheap_trace_start(f->session);
	set_site(f->session, "a.c:1");
	new_list(f->session);
	set_site(f->session, "a.c:2");
	ok(refheap_drop(f->session, new_list(f->session)));
	snapshot = take(f->session);
	assert_int_equal(refheap_snapshot_statistics(snapshot,
						     REFHEAP_TRACE_LINENO,
						     &statistics), 1);
	free(statistics);
	assert_int_equal(refheap_snapshot_statistics(
		snapshot, REFHEAP_TRACE_LINENO | REFHEAP_TRACE_BORN,
		&statistics), 2);
	assert_int_equal(statistics[1].line, 2);
	assert_int_equal(statistics[1].births, 1);
	assert_int_equal(statistics[1].count, 0);
	free(statistics);
	assert_int_equal(refheap_snapshot_statistics(
		snapshot, REFHEAP_TRACE_TRACEBACK | REFHEAP_TRACE_BORN |
		REFHEAP_TRACE_CUMULATIVE, &statistics), -EINVAL);
	refheap_snapshot_free(snapshot);
	refheap_trace_stop(f->session);
}

static void many_sites(void **state)
{
	struct fixture *f = *state;
	struct refheap_statistic *statistics;
	struct refheap_snapshot *snapshot;
	uint64_t current, peak;
	char where[32];

	refheap_trace_start(f->session);
	for (int i = 1; i <= 1500; i++) {
		snprintf(where, sizeof(where), "file.c:%d", i);
		set_site(f->session, where);
		ok(refheap_drop(f->session, new_list(f->session)));
		new_list(f->session);
	}
	snapshot = take(f->session);
	assert_int_equal(refheap_snapshot_statistics(snapshot,
						     REFHEAP_TRACE_LINENO,
						     &statistics), 1500);
	assert_int_equal(statistics[0].births, 2);
	free(statistics);
	refheap_snapshot_free(snapshot);
	ok(refheap_get_traced_memory(f->session, &current, &peak));
	assert_true(peak > current);
	assert_int_equal(refheap_trace_reset_peak(f->session), 1);
	ok(refheap_get_traced_memory(f->session, &current, &peak));
	assert_int_equal(current, peak);
	assert_int_equal(refheap_trace_clear(f->session), 1);
	ok(refheap_get_traced_memory(f->session, &current, &peak));
	assert_int_equal(current, 0);
	refheap_trace_stop(f->session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(off),
		heap_test(by_line),
		heap_test(compared),
		heap_test(saved_and_loaded),
		heap_test(nothing_alive),
		heap_test(many_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
